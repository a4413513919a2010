"""Many runs side by side."""

from __future__ import annotations

import json
import shutil

import pytest
from playwright.sync_api import Page, expect

from aecore.runs.run import Run
from tests.helpers.browser import wait_until
from tests.helpers.paths import GALLERY_RUN
from tests.helpers.runs import forget_sums
from tools.browser import settle

MANY = 12


@pytest.fixture(scope="module")
def many(app_store) -> list[Run]:
    """Runs of which each later one trained an epoch less, and is worse."""
    runs = []
    for number in range(MANY):
        run = Run(app_store.root / "runs" / f"mine-20260101-0000{number:02}")
        shutil.copytree(GALLERY_RUN, run.path)
        forget_sums(run)
        run.write_status(title=f"Number {number}")
        lines = run.file("metrics.jsonl").read_text().splitlines()[: 50 - number]
        changed = [json.loads(line) for line in lines]
        for line in changed:
            line["test_loss"] *= 1 + number / 10
        run.file("metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in changed))
        runs.append(run)
    return runs


def opened(tab: Page, address: str, runs: list[Run], more: str = "") -> None:
    tab.goto(f"{address}/compare?runs={','.join(run.id for run in runs)}{more}")
    settle(tab)


def test_the_last_of_six_columns_is_reached_and_the_first_stays(tab, address, many):
    tab.set_viewport_size({"width": 1024, "height": 900})
    opened(tab, address, many[:6])
    tab.locator(".pc[data-drawn]").first.wait_for()  # what is drawn above moves the table down
    box = tab.locator(".ae-wide").first
    expect(box.locator("thead th").last).to_contain_text("F")
    line = box.locator("tbody tr").first
    last, first = line.locator("td").last, line.locator("th")
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport(ratio=0.9)
    expect(first).to_be_in_viewport(ratio=0.9)


def test_more_runs_have_a_row_each_and_stay_named_by_their_letter(tab, address, many):
    opened(tab, address, many, "&order=Test MSE")
    table = tab.locator(".ae-turned").first
    expect(table.locator("tbody tr")).to_have_count(MANY)
    expect(table.locator("tbody th").last).to_contain_text("Number 11")
    tab.get_by_role("combobox", name="Order").click()
    tab.get_by_role("option", name="By Epochs").click()
    expect(table.locator("tbody tr")).to_have_count(MANY)
    wait_until(tab, lambda: "order=Epochs" in tab.url)
    opened(tab, address, many, "&view=images&sheet=2")
    names = tab.locator(".cb-name .ae-chip")
    expect(names).to_have_text(["K", "L"])


def test_the_legend_has_a_value_of_a_run_that_ended_before_the_pointer(tab, address, many):
    opened(tab, address, [many[0], many[11]])
    plot = tab.locator(".js-plotly-plot").first
    expect(plot.locator("path.js-line").first).to_be_visible()
    values = tab.locator(".pc-legend .value")
    area = plot.locator(".nsewdrag").first.bounding_box()
    assert area
    tab.mouse.move(area["x"] + 0.97 * area["width"], area["y"] + area["height"] / 2)
    ended = json.loads(many[11].file("metrics.jsonl").read_text().splitlines()[-1])["test_loss"]
    said = f"{ended:.4g} at 39"
    wait_until(tab, lambda: values.last.inner_text() == said)
    assert values.first.inner_text().replace(".", "").isdigit()
