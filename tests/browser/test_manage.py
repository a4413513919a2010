"""What a person does with whole runs, in a real browser: name, delete, undo, download, delete for good, bring back."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, Route, expect
from torch import nn

from aecore.runs import trash
from aecore.runs.run import Run
from aecore.runs.summary import summarise
from tests.helpers.paths import GALLERY_RUN
from tools.browser import settle


@pytest.fixture
def mine(app_store):
    """A run of one's own: the shipped one, copied."""
    run = Run(app_store.root / "runs" / "mine-20260101-120000")
    shutil.copytree(GALLERY_RUN, run.path)
    yield run
    shutil.rmtree(run.path, ignore_errors=True)


def open_run(tab: Page, address: str, run: Run) -> None:
    tab.goto(f"{address}/?run={run.id}")
    settle(tab)
    expect(tab.get_by_role("button", name="Download", exact=True).first).to_be_visible()


def upload(tab: Page, file: Path) -> None:
    tab.get_by_role("button", name="Add a run").click()
    tab.locator('input[type="file"]').set_input_files(file)


def test_a_run_is_named_downloaded_deleted_and_brought_back(tab, address, app_store, mine, tmp_path):
    open_run(tab, address, mine)
    files = {path.name: path.read_bytes() for path in mine.path.iterdir() if path.is_file()}

    tab.get_by_role("button", name="Edit").click()
    tab.get_by_label("Title").fill("Sevens *in* the rain")
    tab.get_by_label("Note").fill("Looks at sevens.")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_role("heading", name="Sevens *in* the rain").first).to_be_visible()
    expect(tab.get_by_text("Looks at sevens.", exact=True).first).to_be_visible()
    expect(tab.get_by_label("Note")).to_have_count(0)
    files["notes.json"] = mine.file("notes.json").read_bytes()

    tab.get_by_role("button", name="Download", exact=True).click()
    with tab.expect_download() as waiting:
        tab.get_by_role("button", name="Whole run").click()
    packed = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(packed)
    assert packed.name == f"{mine.id}.zip"
    with zipfile.ZipFile(packed) as archive:
        assert f"{mine.id}/weights.safetensors" in archive.namelist()
    for label, start in (("for PyTorch", b"PK"), ("Curves (.csv)", b"epoch,train_loss")):
        with tab.expect_download() as waiting:
            tab.get_by_role("button", name=label).click()
        assert Path(waiting.value.path()).read_bytes().startswith(start)
    tab.keyboard.press("Escape")

    tab.get_by_role("button", name="Delete", exact=True).click()
    expect(tab.get_by_text("“Sevens *in* the rain” was deleted.").first).to_be_visible()
    assert app_store.listed(mine.id) is None
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_role("heading", name="Sevens *in* the rain").first).to_be_visible()
    assert app_store.listed(mine.id)

    tab.get_by_role("button", name="Delete", exact=True).click()
    expect(tab.get_by_role("button", name="Undo").first).to_be_visible()
    tab.get_by_role("button", name="1 deleted run").click()
    tab.get_by_role("button", name="Delete forever").click()
    expect(tab.get_by_role("button", name="Undo")).to_have_count(0)
    assert trash.deleted_runs(app_store) == []

    upload(tab, packed)
    tab.get_by_role("button", name="Add", exact=True).click()
    expect(tab.get_by_role("heading", name="Sevens *in* the rain").first).to_be_visible()
    assert f"run={mine.id}" in tab.url
    back = {path.name: path.read_bytes() for path in mine.path.iterdir() if path.is_file()}
    assert back == files


def test_a_checkpoint_of_ones_own_is_added(tab, address, app_store, tmp_path):
    wrong, right = tmp_path / "wrong.pth", tmp_path / "my digits.pth"
    wrong.write_text("no weights")
    model = nn.Sequential(
        nn.Linear(64, 20), nn.ReLU(), nn.Linear(20, 5), nn.Linear(5, 20), nn.ReLU(), nn.Linear(20, 64)
    )
    torch.save({"state_dict": model.state_dict()}, right)
    tab.goto(address)
    settle(tab)
    upload(tab, wrong)
    expect(tab.get_by_role("combobox", name="Model").first).to_be_visible()
    tab.get_by_role("button", name="Add", exact=True).click()
    expect(tab.get_by_text("neither a PyTorch checkpoint nor safetensors").first).to_be_visible(timeout=60_000)
    tab.locator('input[type="file"]').set_input_files(right)
    expect(tab.get_by_text("my digits.pth").first).to_be_visible()
    tab.get_by_role("button", name="Add", exact=True).click()
    expect(tab.get_by_text("no network with these layers reconstructs the images of digits").first).to_be_visible(
        timeout=60_000
    )
    tab.get_by_text("Even if it is not understood").click()
    tab.get_by_role("button", name="Add", exact=True).click()
    expect(tab.get_by_role("heading", name="my digits").first).to_be_visible(timeout=60_000)
    expect(tab.get_by_text("Not understood: no network").filter(visible=True).first).to_be_visible()
    expect(tab.get_by_text("Assumed, as they do not follow from the shapes").first).to_be_visible()
    run = app_store.listed(re.search(r"run=([\w-]+)", tab.url)[1])  # type: ignore[index]
    assert run is not None
    assert summarise(run).imported == "my digits.pth"
    shutil.rmtree(run.path)


def test_a_click_is_for_the_file_that_is_shown(tab, address, tmp_path):
    """Also while that file is still being sent, and the one before it is the only one the server has."""
    first, second = tmp_path / "first.pth", tmp_path / "second.pth"
    first.write_text("no weights")
    second.write_text("no weights either")
    tab.goto(address)
    settle(tab)
    upload(tab, first)
    add = tab.get_by_role("button", name="Add", exact=True)
    expect(add).to_be_enabled()
    held: list[Route] = []
    tab.route(
        "**/_stcore/upload_file/**",
        lambda route: held.append(route) if route.request.method == "PUT" else route.continue_(),
    )
    with tab.expect_request(lambda request: request.method == "PUT"):
        tab.locator('input[type="file"]').set_input_files(second)
    expect(tab.get_by_text("second.pth").first).to_be_visible()
    settle(tab)
    add.click()  # the button is not off: the browser would show that late, and the click before it would be lost
    expect(tab.get_by_text("Waiting for the file")).to_be_visible()
    for route in held:
        route.continue_()
    expect(tab.get_by_text("neither a PyTorch checkpoint").first).to_be_visible()


def test_boxes_leave_the_open_run_alone(tab, address, mine):
    open_run(tab, address, mine)
    table = tab.locator(".st-key-run-list").get_by_test_id("stDataFrame")
    table.click(position={"x": 16, "y": 53})
    expect(tab.get_by_text("1 selected").first).to_be_visible()
    table.click(position={"x": 16, "y": 88})
    expect(tab.get_by_role("button", name="Compare", exact=True).filter(visible=True)).to_be_visible()
    expect(tab.get_by_role("button", name="Download", exact=True).first).to_be_visible()
    assert f"run={mine.id}" in tab.url
    tab.locator(".st-key-close").get_by_role("button").click()
    expect(tab.get_by_role("button", name="Download", exact=True)).to_have_count(0)
    assert "run=" not in tab.url
    expect(tab.get_by_text("2 selected").first).to_be_visible()


def test_the_overview_with_a_run_of_ones_own_fits_a_phone(tab, address, mine):
    tab.set_viewport_size({"width": 390, "height": 844})
    open_run(tab, address, mine)
    for name in ("Edit", "Download", "Add a run"):
        tab.get_by_role("button", name=name, exact=True).click()
        tab.wait_for_timeout(600)
        box = tab.get_by_test_id("stPopoverBody").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        tab.keyboard.press("Escape")
        tab.wait_for_timeout(300)
    assert tab.get_by_test_id("stMain").evaluate("node => node.scrollWidth") <= 390
