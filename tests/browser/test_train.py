"""The form of a new experiment under a fast hand."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from aecore import jobs
from aecore.devices import devices
from aecore.jobs import device_queue
from aecore.runs.state import ACTIVE, run_state
from tests.helpers.browser import wait_until
from tools.browser import settle

TIMES = 3


@pytest.fixture
def nothing_trains(app_store):
    """The CPU is taken, so that what is started waits, and is stopped in the end."""
    with device_queue.hold(app_store.root, devices()[-1:], "the-test", lambda: False):
        yield
        for run in app_store.runs():
            if run_state(run) in ACTIVE:
                jobs.stop(run)


def opened(tab: Page, address: str, path: str = "/train?preset=digits-quick") -> None:
    tab.goto(address + path)
    settle(tab)
    expect(tab.get_by_role("button", name="Start", exact=True)).to_be_enabled()


def click_at_once(tab: Page, field: str, text: str) -> None:
    """Type into a field, without Enter, and click Start within a few milliseconds."""
    settle(tab)
    start = tab.get_by_role("button", name="Start", exact=True)
    start.click(trial=True)  # it is there, and does not move any more
    box = start.bounding_box()
    assert box
    tab.get_by_label(field, exact=True).fill(text)
    tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_start_trains_what_was_typed_just_before(tab, address, app_store, nothing_trains):
    known = {run.id for run in app_store.runs()}
    opened(tab, address)
    for epochs in range(101, 101 + TIMES):
        click_at_once(tab, "Epochs", str(epochs))
        expect(tab.get_by_role("button", name="New experiment").first).to_be_visible()
        (run,) = [run for run in app_store.runs() if run.id not in known]
        known.add(run.id)
        assert run.experiment().training.epochs == epochs
        tab.get_by_role("button", name="New experiment").click()
        expect(tab.get_by_role("button", name="Start", exact=True)).to_be_enabled()


def test_nothing_starts_with_a_number_that_cannot_be(tab, address, app_store, nothing_trains):
    opened(tab, address)
    known = {run.id for run in app_store.runs()}
    for field, value in (("Code size", "1000000"), ("Epochs", "0"), ("Epochs", "99999999999999999999")):
        click_at_once(tab, field, value)
        expect(tab.get_by_text(re.compile(rf"^error {field}: should be|{field}: should be")).first).to_be_visible()
        expect(tab.get_by_role("button", name="Start", exact=True)).to_be_disabled()
        assert {run.id for run in app_store.runs()} == known
        tab.get_by_label(field, exact=True).fill("5")
        tab.keyboard.press("Tab")
        expect(tab.get_by_role("button", name="Start", exact=True)).to_be_enabled()


def test_start_stays_in_sight(tab, address):
    tab.set_viewport_size({"width": 1280, "height": 700})
    opened(tab, address)
    tab.get_by_text("More: Title").click()
    field = tab.get_by_label("Weight decay", exact=True)
    expect(field).to_be_visible()
    tab.get_by_role("heading", name="Train", exact=True).scroll_into_view_if_needed()
    expect(tab.get_by_role("button", name="Start", exact=True)).to_be_in_viewport()
    field.scroll_into_view_if_needed()
    expect(tab.get_by_role("button", name="Start", exact=True)).to_be_in_viewport()


def test_pictures_are_uploaded(tab, address, app_store, tmp_path):
    import numpy as np

    file = tmp_path / "mine.npz"
    rng = np.random.default_rng(0)
    np.savez(
        file, x_train=rng.integers(0, 256, (40, 12, 12), np.uint8), x_test=rng.integers(0, 256, (10, 12, 12), np.uint8)
    )
    opened(tab, address)
    tab.get_by_role("combobox", name="Image set").click()
    tab.get_by_role("option", name="Your own images…").click()
    expect(tab.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    expect(tab.get_by_test_id("stAlert")).to_have_count(0)
    tab.locator('input[type="file"]').set_input_files(file)
    expect(tab.get_by_text("40 training images").first).to_be_visible()
    expect(tab.get_by_role("button", name="Start", exact=True)).to_be_enabled()
    wait_until(tab, lambda: str(tab.get_by_role("textbox", name="or their path").input_value()).endswith("/mine.npz"))
