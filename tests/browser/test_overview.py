"""The list of runs in a real browser: opening by name, and acting on many at once."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from aecore import jobs
from aecore.presets import preset
from aecore.runs.notes import rename
from aecore.runs.process import this_process
from aecore.runs.run import Run
from tests.helpers.browser import wait_until
from tests.helpers.paths import GALLERY_RUN
from tools.browser import settle

HEAD, ROW, BOX, NAME = 18, 35, 16, 90
"""Heights of the table's heading and rows, and where in a row the box and the name are, in pixels."""


@pytest.fixture
def stopped(app_store):
    """Ten stopped runs and a finished one of one's own, the finished one the newest."""
    runs = []
    for number in range(11):
        run = Run(app_store.root / "runs" / f"mine-202601{number + 10}-120000")
        shutil.copytree(GALLERY_RUN, run.path)
        run.write_status(state="finished" if number == 10 else "stopped", title=f"Number {number}")
        runs.append(run)
    yield runs[:10]
    for run in runs:
        shutil.rmtree(run.path, ignore_errors=True)
    shutil.rmtree(app_store.root / "trash", ignore_errors=True)


def arrive(tab: Page, address: str) -> Locator:
    tab.goto(address)
    settle(tab)
    expect(tab.get_by_text("12 runs.").first).to_be_visible()
    return table(tab)


def table(tab: Page) -> Locator:
    settle(tab)
    found = tab.locator(".st-key-run-list").get_by_test_id("stDataFrame")
    expect(found).to_have_count(1)  # another list is another table, and for a moment both are there
    expect(found.locator("canvas").first).to_be_visible()
    return found


def names(tab: Page) -> list[str]:
    """The names in the order in which they are shown, from the table that screen readers get."""
    return table(tab).locator("td[aria-colindex='1']").all_inner_texts()


def at(row: int) -> int:
    """The height of a row in the table."""
    return HEAD + ROW + ROW * row


def test_ten_stopped_runs_are_deleted_with_three_clicks_and_undone_with_one(tab, address, app_store, stopped):
    arrive(tab, address)
    tab.get_by_role("button", name="stopped", exact=True).click()
    expect(tab.get_by_text("10 of 12 runs.").first).to_be_visible()
    table(tab).click(position={"x": BOX, "y": HEAD})
    expect(tab.get_by_text("10 selected").first).to_be_visible()
    tab.get_by_role("button", name="Delete", exact=True).filter(visible=True).first.click()
    expect(tab.get_by_text("10 runs were deleted.").first).to_be_visible()
    assert not any(app_store.listed(run.id) for run in stopped)
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_text("10 selected").first).to_be_visible()
    assert all(app_store.listed(run.id) for run in stopped)


def test_a_name_far_down_opens_its_run_in_view_and_back_closes_it(tab, address, stopped):
    tab.set_viewport_size({"width": 1024, "height": 500})
    arrive(tab, address)
    expect(tab.get_by_test_id("stMain").first).to_be_visible()
    table(tab).click(position={"x": NAME, "y": at(9)})
    expect(tab).to_have_url(re.compile(f"run={stopped[1].id}"))
    heading = tab.get_by_role("heading", name="Number 1", exact=True)
    expect(heading).to_be_in_viewport()
    expect(tab.get_by_text("selected", exact=False)).to_have_count(0)
    tab.go_back()
    expect(heading).to_have_count(0)
    assert "run=" not in tab.url


def test_a_live_list_does_not_scroll_back(tab, address, stopped):
    stopped[0].write_status(state="running", process=this_process())  # the list refreshes itself
    tab.set_viewport_size({"width": 1024, "height": 500})
    arrive(tab, address)
    table(tab).click(position={"x": NAME, "y": at(9)})
    expect(tab.get_by_role("heading", name="Number 1", exact=True)).to_be_in_viewport()
    settle(tab)  # the opened run is brought into sight once, and not after the hand has scrolled
    main = tab.get_by_test_id("stMain")
    main.evaluate("node => node.scrollTo(0, 700)")
    before = main.evaluate("node => node.scrollTop")
    assert before > 300
    for title in ("refreshed", "and again"):
        rename(stopped[5], title)
        wait_until(tab, lambda title=title: title in names(tab))
    assert main.evaluate("node => node.scrollTop") == pytest.approx(before, abs=50)


def test_a_name_in_a_sorted_table_opens_its_own_run(tab, address, stopped):
    tab.set_viewport_size({"width": 1280, "height": 1000})
    listed = arrive(tab, address)
    listed.click(position={"x": NAME, "y": HEAD})
    wait_until(tab, lambda: names(tab)[:2] not in ([], ["Number 10", "Number 9"]))
    second = names(tab)[1]
    listed.click(position={"x": NAME, "y": at(1)})
    expect(tab.get_by_role("heading", name=second, exact=True)).to_be_in_viewport()


def test_ticked_runs_leave_in_one_zip_and_are_grouped(tab, address, stopped, tmp_path):
    tab.set_viewport_size({"width": 1280, "height": 1000})
    listed = arrive(tab, address)
    height = listed.bounding_box()["y"]  # type: ignore[index]
    for row in (1, 2):
        listed.click(position={"x": BOX, "y": at(row)})
    expect(tab.get_by_text("2 selected").first).to_be_visible()
    assert table(tab).bounding_box()["y"] == pytest.approx(height, abs=1), "the list stays in its place"  # type: ignore[index]
    with tab.expect_download() as waiting:
        tab.get_by_role("button", name="Export").filter(visible=True).first.click()
    packed = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(packed)
    with zipfile.ZipFile(packed) as archive:
        assert {Path(name).parts[0] for name in archive.namelist()} == {run.id for run in stopped[8:]}
    tab.get_by_role("button", name="Group").filter(visible=True).first.click()
    tab.get_by_role("textbox", name="Group", exact=True).fill("thesis")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("2 runs in group “thesis”.").first).to_be_visible()
    assert json.loads(stopped[9].file("notes.json").read_text())["group"] == "thesis"
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_text("in group")).to_have_count(0)
    assert [run.notes()["group"] for run in stopped] == [""] * 10
    tab.get_by_role("button", name="Compare").filter(visible=True).first.click()
    expect(tab).to_have_url(re.compile(f"/compare\\?runs={stopped[9].id}(,|%2C){stopped[8].id}"))


def test_the_actions_fit_a_phone(tab, address, stopped):
    tab.set_viewport_size({"width": 390, "height": 844})
    listed = arrive(tab, address)
    for row in (1, 2):
        listed.click(position={"x": BOX, "y": at(row)})
    expect(tab.get_by_text("2 selected").first).to_be_visible()
    for name in ("Compare", "Export", "Group", "Note", "Delete", "Untick all"):
        expect(
            tab.locator(".st-key-many-line").get_by_role("button", name=name).filter(visible=True)
        ).to_be_in_viewport()
    assert tab.locator(".st-key-many-line").bounding_box()["height"] < 60, "in one line"  # type: ignore[index]
    assert tab.get_by_test_id("stMain").evaluate("node => node.scrollWidth") <= 390


@pytest.fixture
def alike(app_store):
    """Two runs of a preset with the same changes, one with none, in the order in which they were made."""
    base = preset("digits-quick").experiment
    changed = base.changed({"model.bottleneck.size": 4, "corruption": "gaussian:0.3"})
    runs = [jobs.submit(experiment, "cpu", app_store) for experiment in (changed, changed, base)]
    shipped = app_store.root / "gallery" / "mnist-selu-2-clean"
    shutil.copytree(GALLERY_RUN.with_name(shipped.name), shipped)
    yield
    for path in (shipped, *(run.path for run in runs)):
        shutil.rmtree(path)


@pytest.mark.usefixtures("alike")
def test_runs_are_told_apart_by_order_name_and_column(tab, address):
    tab.goto(address)
    settle(tab)
    expect(tab.get_by_text("5 runs.").first).to_be_visible()
    first, second = "digits-quick · code 4 · σ 0.3", "digits-quick · code 4 · σ 0.3 (2)"
    wait_until(tab, lambda: names(tab)[:3] == ["digits-quick", second, first])
    shipped = names(tab)[3:]
    assert sorted(shipped) == ["mnist-mlp8", "mnist-selu-2-clean"]
    heads = [head.strip() for head in table(tab).locator("th").all_inner_texts()]
    assert {"MSE, clean", "PSNR, clean", "SSIM, clean", "Date"} <= set(heads)

    tab.get_by_role("button", name="Columns", exact=True).click()
    tab.get_by_role("button", name="Seed", exact=True).click()
    expect(table(tab).locator("th").filter(has_text="Seed")).to_be_attached()
    expect(tab).to_have_url(re.compile("columns=[^&]*seed"))
    tab.keyboard.press("Escape")
    tab.get_by_role("radio", name="Shipped").click()
    expect(tab.get_by_text("2 of 5 runs.").first).to_be_visible()
    wait_until(tab, lambda: names(tab) == shipped)
    tab.get_by_role("radio", name="Own").click()
    expect(tab.get_by_text("3 of 5 runs.").first).to_be_visible()
