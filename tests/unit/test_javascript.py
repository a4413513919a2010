"""The tests of the browser's scripts that need no browser: `node --test tests/javascript/`."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.helpers.paths import ROOT

OLDEST_NODE = 20


def missing() -> str | None:
    """Why the scripts cannot be tested here, None where they can."""
    node = shutil.which("node")
    if node is None:
        return "node is not installed"
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    found = re.match(r"v(\d+)", version)
    if found is None or int(found[1]) < OLDEST_NODE:
        return f"node {OLDEST_NODE} or newer is needed, this is {version or 'broken'}"
    return None


def test_scripts():
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    done = subprocess.run(["node", "--test", "tests/javascript/"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
