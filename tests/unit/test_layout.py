"""The house rules that a machine can check: who may import whom, what stays light, what every page must not do."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import aecore
from tests.helpers.paths import ROOT

# Inside aecore, from the ground up; a module may import from the levels below its own.
LEVELS = [
    {"errors", "format", "temporary", "memory"},
    {"files"},
    {"config", "devices", "drawing", "access"},
    {"data", "presets"},
    {"runs", "models"},
    {"metrics", "remote"},
    {"latent"},
    {"inference", "training", "viewer"},
    {"measures"},
    {"jobs", "interop", "recording", "imports"},
    {"sweeps", "compute", "loading"},
    {"plots"},
    {"reports", "lessons", "site"},
    {"cli"},
    {"notebook"},
]


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if parts[0] == "aecore" and len(parts) > 1 else None


def test_imports_inside_aecore_go_down():
    level = {module: i for i, modules in enumerate(LEVELS) for module in modules}
    rooms = {
        path.stem for path in (ROOT / "aecore").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert rooms - {"__init__", "__main__"} == set(level), "every module has its level"
    for path in (ROOT / "aecore").rglob("*.py"):
        own = path.relative_to(ROOT / "aecore").parts[0].removesuffix(".py")
        if own in ("__init__", "__main__"):
            continue
        for name in imports_of(path):
            other = room(name)
            if other in level and other != own:
                # jobs starts the worker: its import of training is inside a function, once the device is held.
                assert level[other] < level[own], f"{path} imports {name}"


@pytest.mark.parametrize("folder", ["aecore", "dashboard"])
def test_nothing_below_imports_what_stands_above(folder):
    forbidden = {"aecore": {"streamlit", "pandas", "dashboard", "pages"}, "dashboard": {"pages"}}[folder]
    for path in (ROOT / folder).rglob("*.py"):
        tops = {name.partition(".")[0] for name in imports_of(path)}
        assert not tops & forbidden, path


def test_the_server_leaves_pytorch_to_its_workers():
    """Not even inside functions: it would take half a gigabyte for as long as the server runs."""
    heavy = ("torch", "torchvision", "aecore.inference", "aecore.interop", "aecore.training", "aecore.data.corruption")
    for folder in ("dashboard", "pages"):
        for path in (ROOT / folder).rglob("*.py"):
            names = imports_of(path)
            assert not any(name == one or name.startswith(f"{one}.") for name in names for one in heavy), path


def test_pages_do_no_tensor_arithmetic():
    for path in (ROOT / "pages").glob("*.py"):
        tops = {name.partition(".")[0] for name in imports_of(path)}
        assert not tops & {"torch", "safetensors", "skimage", "sklearn"}, path


LIGHT = (
    *("aecore.jobs", "aecore.runs.summary", "aecore.cli", "aecore.models", "aecore.reports.claims", "aecore.reports"),
    *("aecore.latent.projection", "aecore.reports.gallery", "aecore.models.digit_classifier"),
    *("aecore.runs.trash", "aecore.runs.archive", "dashboard.widgets.run_actions", "dashboard.widgets.add_run"),
    *(
        "aecore.drawing",
        "aecore.jobs.projection",
        "aecore.viewer.point_cloud",
        "aecore.viewer.html_export",
        "aecore.viewer.views",
        "aecore.site",
        "dashboard.components.point_cloud",
        "dashboard.latent.new_projection",
    ),
    *(
        "dashboard.widgets.run_monitor",
        "dashboard.cache.models",
        "dashboard.replay",
        "aecore.jobs.measuring",
        "aecore.plots.measures",
        "dashboard.measure.one",
        "dashboard.measure.several",
        "dashboard.sweep.form",
        "dashboard.sweep.results",
    ),
)


def test_jobs_store_and_pages_modules_load_without_torch():
    """Nor without anything else that takes its time."""
    code = f"""
import sys
for module in {LIGHT}:
    __import__(module)
    heavy = {{"torch", "sklearn", "skimage"}} & set(sys.modules)
    if heavy:
        sys.exit(f"{{module}} imports {{', '.join(sorted(heavy))}}")
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("aecore", ("numpy", "pydantic", "rich", "typer")),
        ("aecore.cli.lists", ("numpy", "pydantic", "typer", "rich", "aecore.jobs")),
        ("aecore.runs.listing", ("numpy", "PIL", "pydantic", "psutil", "filelock", "aecore.presets.definition")),
    ],
)
def test_what_is_asked_often_starts_without(module, without):
    code = f"import sys, {module}; print(*({{*{without}}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_every_public_name_is_there():
    for name in aecore.__all__:
        assert getattr(aecore, name) is not None
    assert set(aecore._HOME) == set(aecore.__all__)
    with pytest.raises(AttributeError, match="no attribute"):
        _ = aecore.nonsense
