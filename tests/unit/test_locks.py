"""The locks: they satisfy the requirements, every file has a hash, no index is named, and what installs uses them."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.helpers.paths import ROOT
from tools.audit import verdict

LOCKS = {"requirements.lock": "requirements.txt", "requirements-dev.lock": "requirements-dev.txt"}
PYTHONS = ("3.11", "3.12", "3.13")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


class Locked(NamedTuple):
    """A package of a lock: its requirement, `name==version; marker`, and the number of hashes."""

    requirement: Requirement
    hashes: int

    @property
    def version(self) -> str:
        (only,) = self.requirement.specifier
        assert only.operator == "=="
        return only.version


def locked(lock: str) -> list[Locked]:
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [Locked(Requirement(HASH.sub("", line)), len(HASH.findall(line))) for line in lines]


def required(path: Path) -> list[Requirement]:
    """The requirements of a file, and of those that it includes."""
    found: list[Requirement] = []
    for line in path.read_text().splitlines():
        words = line.partition("#")[0].strip()
        if words.startswith("-r "):
            found += required(path.with_name(words[3:]))
        elif words:
            found.append(Requirement(words))
    return found


def installed(lock: str, python: str) -> dict[str, str]:
    """The version of each package that this Python on Linux installs."""
    machine = {"python_version": python, "python_full_version": f"{python}.0"}
    machine |= {"sys_platform": "linux", "platform_machine": "x86_64", "platform_system": "Linux"}
    found: dict[str, str] = {}
    for one in locked(lock):
        if one.requirement.marker is None or one.requirement.marker.evaluate(machine):
            name = canonicalize_name(one.requirement.name)
            assert name not in found, f"{name} is there twice"
            found[name] = one.version
    return found


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_satisfies_its_requirements(lock, python):
    found = installed(lock, python)
    for requirement in required(ROOT / LOCKS[lock]):
        version = found.get(canonicalize_name(requirement.name), "")
        assert version, f"{requirement.name} is not locked"
        assert requirement.specifier.contains(version), f"{requirement} is locked as {version}"


@pytest.mark.parametrize("python", PYTHONS)
def test_developers_have_what_users_have(python):
    assert installed("requirements.lock", python).items() <= installed("requirements-dev.lock", python).items()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_its_hashes_and_no_address_is_named(lock):
    found = locked(lock)
    assert len(found) > 50
    assert [one.requirement.name for one in found if not one.hashes] == []
    text = (ROOT / lock).read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links|\bfile:| @ ", text)


def test_the_packages_own_requirements_are_not_looser():
    """What pip asks for when `aecore` is installed from elsewhere; torch there may be any build that works."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    stated = {one.name: one.specifier for one in required(ROOT / "requirements-dev.txt")}
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    for requirement in map(Requirement, [*project["dependencies"], *extras]):
        if requirement.name not in ("torch", "torchvision"):
            assert requirement.specifier == stated[requirement.name], requirement.name


def test_what_installs_uses_the_locks_and_one_index():
    docker, make, ci = ((ROOT / name).read_text() for name in ("Dockerfile", "Makefile", ".ci/run"))
    assert re.search(r"^FROM python:[\w.-]+@sha256:[0-9a-f]{64}$", docker, re.M)
    assert "--require-hashes -r locked.txt" in docker
    assert "requirements.txt" not in docker
    for text in (docker, make, ci):
        assert "extra-index-url" not in text
    assert re.search(r"^INSTALL := .*--require-hashes$", make, re.M)
    for lock in LOCKS:
        assert f"$(INSTALL) -r {lock}" in make
    assert "pip install" not in ci
    assert {"make check", "make test"} <= set(ci.splitlines())


def test_without_cuda_the_image_lacks_nothing_else():
    """The Dockerfile's pattern takes out of the lock what only torch for CUDA asks for."""
    (pattern,) = re.findall(r"keep = !/\^\(([^)]+)\)/", (ROOT / "Dockerfile").read_text())
    dropped = {one.requirement.name for one in locked("requirements.lock") if re.match(pattern, one.requirement.name)}
    assert {"torch", "torchvision"} < dropped
    assert dropped & {one.name for one in required(ROOT / "requirements.txt")} == {"torch", "torchvision"}


def package(name: str, *vulns: dict[str, object]) -> dict[str, object]:
    return {"name": name, "version": "1.0", "vulns": list(vulns)}


def test_an_audit_counts_only_what_was_answered():
    bad = package("bad", {"id": "PYSEC-1", "fix_versions": ["1.1"]})
    unknown = {"name": "unknown", "skip_reason": "Dependency not found"}

    def audited(*packages: object) -> tuple[list[str], int]:
        return verdict(json.dumps({"dependencies": packages}))

    assert audited(package("good")) == (["no known vulnerabilities (audited: 1)"], 0)
    assert audited(package("good"), bad) == (["bad 1.0: PYSEC-1, fixed in 1.1"], 1)
    lines, status = audited(package("good"), unknown)
    assert status == 0
    assert lines[0].endswith("unknown")
    lines, status = audited(unknown)
    assert (len(lines), status) == (1, 0)
    assert "not audited" in lines[0]


def test_an_audit_without_a_network_passes_and_one_that_fails_does_not():
    trouble = "Traceback\nrequests.exceptions.ProxyError: HTTPSConnectionPool: no answer"
    assert verdict("", trouble) == (
        ["not audited: the package index does not answer (requests.exceptions.ProxyError)"],
        0,
    )
    lines, status = verdict("", "ERROR: requirements.lock is invalid")
    assert (len(lines), status) == (1, 1)


def imported(source: str) -> dict[str, int]:
    """The names at the top of the modules that Python code imports by statements, each with its first line."""
    found: dict[str, int] = {}
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module]
        for name in names:
            found.setdefault(name.partition(".")[0], node.lineno)  # pyright: ignore[reportAttributeAccessIssue]
    return found


def test_a_module_that_is_imported_by_a_statement_is_in_the_lock_or_marked_as_optional():
    """A type check with the locked packages alone finds every import; where more is installed it would not say."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [Path(line) for line in listed.stdout.splitlines() if (ROOT / line).exists()]
    own = {path.parts[0].removesuffix(".py") for path in files} | {path.stem for path in files}
    distributions = packages_distributions()
    in_lock = {canonicalize_name(one.requirement.name) for one in locked("requirements-dev.lock")}
    missing = []
    for path in files:
        source = (ROOT / path).read_text()
        lines = source.splitlines()
        for name, number in imported(source).items():
            if name in own or name in sys.stdlib_module_names or "reportMissingImports=false" in source:
                continue
            marked = re.search(r"#.*(import-not-found|reportMissingImports)", lines[number - 1])
            packages = {canonicalize_name(one) for one in distributions.get(name, [name])}
            if not marked and not packages & in_lock:
                missing.append(f"{path}:{number}: {name}")
    assert not missing, "pytest.importorskip, or a line of requirements-dev.txt"
