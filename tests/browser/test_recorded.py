"""A run that somebody's own loop records, watched while it trains, stopped from the page, and opened on every page."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
import time

import pytest
from playwright.sync_api import Page, expect

import aecore
from aecore.runs.run import Run
from tests.helpers.loops import Net, train
from tests.helpers.paths import ROOT
from tests.helpers.processes import wait_for
from tools.browser import settle

PAGES = {
    "train": ".pc[data-drawn]",
    "restore": ".rs[data-ready]",
    "replay": ".rp[data-ready]",
    "interpolate": ".ip[data-ready]",
    "latent": ".cl canvas",
    "measure": "h1",
    "generate": ".ge[data-ready]",
}


EXAMPLES = {
    "own_loop": (),
    "report_001_loop": ("--data", "digits-28", "--images", "450", "--epochs", "1"),
    "lightning_loop": (),
    "keras_loop": (),
}
"""The scripts in examples/, and what makes them short."""


class Loop(threading.Thread):
    """Trains an epoch now and then until it is stopped."""

    def __init__(self, store) -> None:
        super().__init__(daemon=True)
        self.network, self.begun = Net(), threading.Event()
        self.store, self.error = store, ""

    def run(self) -> None:
        try:
            with aecore.record("my own loop", "digits-28", self.network, store=self.store) as recording:
                self.run_: Run = recording.run
                while not recording.should_stop:
                    train(self.network, 1, recording)
                    self.begun.set()
                    time.sleep(0.3)
        except Exception as error:  # shown by the test
            self.error = repr(error)
            self.begun.set()


@pytest.fixture(scope="module")
def loop(app_store):
    pytest.importorskip("onnxscript", reason="requirements-onnx.txt")
    found = Loop(app_store)
    found.start()
    assert found.begun.wait(60)
    assert not found.error
    yield found
    (found.run_.path / ".stop-asked").touch()
    found.join(60)


@pytest.mark.proof  # in short: tests/app/test_recorded.py, and tests/integration/test_recording.py stops a loop
def test_it_is_watched_and_stopped_and_then_every_page_opens_it(tab, address, loop):
    run = loop.run_
    tab.goto(f"{address}/train?run={run.id}")
    settle(tab)
    expect(tab.get_by_text("its loop does not say how many").first).to_be_visible()
    expect(tab.locator(".pc[data-drawn]").first).to_be_visible()
    expect(tab.get_by_text("accuracy").first).to_be_attached()
    seen = len(run.metrics())
    wait_for(lambda: len(run.metrics()) > seen + 2, 60)
    expect(tab.get_by_text(f"{seen + 2:,} epochs so far").or_(tab.get_by_text("epochs so far")).first).to_be_visible()
    tab.get_by_role("button", name="Stop").click()
    loop.join(120)
    assert not loop.is_alive(), "the loop was told"
    assert not loop.error
    expect(tab.get_by_text("stopped").first).to_be_visible()
    expect(tab.get_by_role("button", name="Resume")).to_have_count(0)
    every_page_opens(tab, address, run)


def every_page_opens(tab: Page, address: str, run: Run, pages: dict[str, str] = PAGES) -> None:
    for page, drawn in pages.items():
        tab.goto(f"{address}/{page}?run={run.id}")
        settle(tab)
        expect(tab.locator(drawn).first).to_be_attached(timeout=60_000)
        expect(tab.get_by_test_id("stException")).to_have_count(0)
        expect(tab.get_by_test_id("stAlertContentError")).to_have_count(0)


@pytest.mark.proof  # in short: tests/integration/test_frameworks.py and tests/app/test_recorded.py
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_page_opens_what_an_example_recorded(tab, address, app_store, name):
    framework = name.removesuffix("_loop")
    if framework in ("lightning", "keras") and importlib.util.find_spec(framework) is None:
        pytest.skip("requirements-frameworks.txt")
    pytest.importorskip("onnxscript", reason="requirements-onnx.txt")
    before = {run.id for run in app_store.runs()}
    environment = os.environ | {"PYTHONPATH": str(ROOT), "AECORE_STORE": str(app_store.root)}
    command = [sys.executable, str(ROOT / "examples" / f"{name}.py"), *EXAMPLES[name]]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (run,) = (run for run in app_store.runs() if run.id not in before)
    assert run.status()["recorded"]["network"] == "onnx"
    # The code of report 001 has twice as many numbers as its images: it is not kept, so nothing is projected at once.
    wide = {"latent": ".stAlert"} if name == "report_001_loop" else {}
    every_page_opens(tab, address, run, PAGES | wide)
