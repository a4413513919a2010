"""A component of the app in JupyterLab, run by a hand there, and by nbclient without one."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.helpers.paths import ROOT
from tests.helpers.processes import wait_for
from tests.helpers.server import free_port

LACKING = [name for name in ("jupyterlab", "nbclient", "ipykernel") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.proof,  # in short: tests/browser/test_site.py shows the same frame in a page of its own
    pytest.mark.skipif(bool(LACKING), reason="tests/requirements-tools.txt"),
]

CODE = 'import aecore\naecore.show("mnist-mlp8", "interpolate")'
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "AECORE_STORE": str(ROOT / "checkpoints")}


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    cell = {"cell_type": "code", "id": "show", "metadata": {}, "source": CODE, "outputs": [], "execution_count": None}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = tmp_path / "notebooks" / "lab.ipynb"
    path.parent.mkdir()
    path.write_text(json.dumps({"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    return path


@pytest.fixture
def lab(notebook: Path, tmp_path: Path) -> Iterator[str]:
    port, settings = free_port(), tmp_path / "jupyter"
    places = {f"JUPYTER_{name}_DIR": str(settings / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--IdentityProvider.token=", "--ServerApp.password=", f"--ServerApp.root_dir={notebook.parent}"],
        env=os.environ | ENVIRONMENT | places | {"HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return urllib.request.urlopen(f"{address}/api/status", timeout=5).status == 200
        except OSError:
            return False

    try:
        wait_for(answers, 90)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def test_it_works_in_a_cell_of_jupyterlab(tab: Page, lab: str):
    tab.goto(f"{lab}/lab/tree/lab.ipynb?reset")
    editor = tab.locator(".jp-Notebook .jp-Cell .cm-content").first
    editor.click(timeout=120_000)
    expect(tab.get_by_text("Python 3").first).to_be_visible(timeout=60_000)
    tab.keyboard.press("Shift+Enter")
    frame = tab.frame_locator(".jp-OutputArea-output iframe")
    walk = frame.locator(".ip[data-ready]")
    walk.wait_for(timeout=120_000)
    before = walk.get_attribute("data-at")
    walk.locator(".ip-slider").press("ArrowRight")
    expect(walk).not_to_have_attribute("data-at", str(before))


def test_it_stays_in_a_notebook_that_is_run_without_a_browser(notebook: Path, monkeypatch: pytest.MonkeyPatch):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    done = nbclient.execute(nbformat.read(notebook, as_version=4), cwd=str(notebook.parent), timeout=120)
    (output,) = done.cells[0].outputs
    assert output.data["text/html"].startswith('<iframe title="')
    assert "srcdoc=" in output.data["text/html"]
