"""The documents agree with the repository: paths exist, the README stays short, numbers in it are those of docs/."""

import re

import pytest

from tests.helpers.paths import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TOPS = ("aecore", "benchmarks", "checkpoints", "dashboard", "docs", "examples", "pages", "tests", "tools", ".ci")
PLACEHOLDERS = re.compile(r"[A-Z]{2,}|[*…]")
"""`aecore/presets/NAME.toml` stands for many files."""
MADE_LATER = {"checkpoints/runs/", "checkpoints/gallery", "checkpoints/gallery/"}


def named_paths(text: str) -> set[str]:
    """What stands in backticks or is linked and looks like a path of the repository."""
    quoted = re.findall(r"`([^`\s]+)`", text) + re.findall(r"\]\(([^)#\s]+)\)", text)
    return {path for path in quoted if path.partition("/")[0] in TOPS and "/" in path}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_exists(document):
    found = named_paths(document.read_text())
    missing = [
        path
        for path in sorted(found)
        if not PLACEHOLDERS.search(path) and path not in MADE_LATER and not (ROOT / path).exists()
    ]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_within_the_repository_exists(document):
    for target in re.findall(r"\]\(([^)#\s]+)\)", document.read_text()):
        assert target.startswith("https://") or (document.parent / target).exists(), target


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_commands_are_those_of_the_repository():
    """Every `python -m benchmarks.NAME` and `python -m tools.NAME` in the documents is a module."""
    for document in DOCUMENTS:
        for module in re.findall(r"python -m ((?:benchmarks|tools)(?:\.\w+)?)", document.read_text()):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), (document.name, module)


def test_speeds_in_the_readme_are_in_the_docs():
    """The speed paragraph of the README quotes docs/speed.md."""
    readme = (ROOT / "README.md").read_text()
    paragraph = readme.partition("**Speed**")[2].partition("\n\n")[0]
    numbers = re.findall(r"\d+\.\d+", paragraph)
    speed = (ROOT / "docs" / "speed.md").read_text()
    assert numbers
    assert not [number for number in numbers if number not in speed]
