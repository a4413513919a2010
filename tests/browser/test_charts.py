"""Charts under the hand: zoom, hidden series, keys, the values as a table, files, and new points while one looks."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from aecore.runs.run import METRICS, Run
from tests.helpers.runs import forget_sums
from tests.helpers.server import forked_server
from tests.helpers.sweeps import carried_out
from tools.browser import settle

WATCH = "/train?run=mnist-mlp8"


def opened(tab: Page, address: str, path: str = WATCH) -> Locator:
    """The page's first chart, drawn."""
    tab.goto(address + path)
    settle(tab)
    chart = tab.locator(".pc").first
    expect(chart).to_have_attribute("data-drawn", re.compile(r"\d+"), timeout=60_000)
    return chart


def x_range(chart: Locator) -> list[float]:
    return chart.locator(".pc-plot").evaluate("plot => plot._fullLayout.xaxis.range.map(Number)")


def drag(tab: Page, chart: Locator, start: float, end: float) -> None:
    """Across the first plot, from one share of its width to another."""
    box = chart.locator(".nsewdrag").first.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + start * box["width"], y)
    tab.mouse.down()
    tab.mouse.move(box["x"] + end * box["width"], y, steps=4)
    tab.mouse.up()


def test_a_chart_says_what_it_shows_is_pointed_at_and_its_values_are_a_table(tab, address):
    chart = opened(tab, address)
    plot = chart.locator(".pc-plot")
    assert "training loss 0.02068" in (plot.get_attribute("aria-label") or "")
    expect(chart.locator(".series", has_text="test loss")).to_contain_text("0.02059")

    # Hovering tells all values at that epoch.
    box = chart.locator(".nsewdrag").first.bounding_box()
    assert box
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    told = chart.locator(".hoverlayer")
    expect(told).to_contain_text(re.compile(r"epoch 2\d"))
    for name in ("training loss", "test loss", "learning rate", "dead units"):
        expect(told).to_contain_text(name)

    chart.get_by_role("button", name="Table").click()
    rows = chart.locator(".pc-table tbody tr")
    expect(rows).to_have_count(50)
    expect(rows.last.locator("td").first).to_have_text("50")
    expect(chart.locator(".pc-table th").first).to_have_text("Epoch")


def test_zoom_by_box_and_keys_series_and_the_log_switch(tab, address):
    """One after the other on one page; each ends with the whole chart as it was."""
    chart = opened(tab, address)
    plot = chart.locator(".pc-plot")
    whole = "document.querySelector('.pc-plot')._fullLayout.xaxis.range[1] == 50"

    assert x_range(chart) == [1, 50]
    drag(tab, chart, 0.25, 0.5)
    tab.wait_for_function("document.querySelector('.pc-plot')._fullLayout.xaxis.range[1] < 40")
    low, high = x_range(chart)
    assert 10 < low < 16 < 22 < high < 29
    chart.get_by_role("button", name="Reset").click()
    tab.wait_for_function(whole)

    plot.focus()
    for _ in range(4):
        plot.press("ArrowLeft")
    expect(chart.locator(".pc-spoken")).to_contain_text(re.compile(r"^47: training loss 0\.02\d+, test loss"))
    plot.press("+")
    assert x_range(chart) != [1, 50]
    plot.press("Escape")
    tab.wait_for_function(whole)

    lines = chart.locator("path.js-line")
    expect(lines).to_have_count(4)
    chart.locator(".series", has_text="test loss").click()
    expect(lines).to_have_count(3)
    expect(chart.locator(".series", has_text="test loss")).to_have_attribute("aria-pressed", "false")
    chart.locator(".series", has_text="training loss").dblclick()
    expect(lines).to_have_count(1)
    chart.locator(".series", has_text="training loss").dblclick()
    expect(lines).to_have_count(4)

    switch = chart.get_by_role("button", name="Log")
    expect(switch).to_have_attribute("aria-pressed", "true")
    switch.click()
    tab.wait_for_function("document.querySelector('.pc-plot')._fullLayout.yaxis.type == 'linear'")
    switch.click()
    tab.wait_for_function("document.querySelector('.pc-plot')._fullLayout.yaxis.type == 'log'")


def test_a_chart_is_saved_in_four_formats(tab, address, app_store, tmp_path):
    chart = opened(tab, address)
    checks = {"png": is_png_at_2x, "svg": is_svg_with_legend, "csv": is_csv_of_the_run, "html": opens_without_a_server}
    for extension, check in checks.items():
        chart.get_by_role("button", name="Save").click()
        with tab.expect_download() as started:
            chart.locator(f'[data-format="{extension}"]').click()
        assert started.value.suggested_filename == f"mnist-mlp8-loss.{extension}"
        file = tmp_path / f"chart.{extension}"
        started.value.save_as(file)
        check(tab, file, app_store.listed("mnist-mlp8"))


def is_png_at_2x(tab: Page, file: Path, _run: Run) -> None:
    from PIL import Image

    with Image.open(file) as image:
        width = tab.locator(".pc-plot").first.evaluate("plot => plot.clientWidth")
        assert abs(image.width - 2 * width) <= 2


def is_svg_with_legend(_tab: Page, file: Path, _run: Run) -> None:
    text = file.read_text()
    assert text.startswith("<svg")
    assert "test loss" in text
    assert "Training of mnist-mlp8" in text


def is_csv_of_the_run(_tab: Page, file: Path, run: Run) -> None:
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert [float(row["test loss"]) for row in rows] == [line["test_loss"] for line in run.metrics()]


def opens_without_a_server(tab: Page, file: Path, _run: Run) -> None:
    page = tab.context.new_page()
    page.route(re.compile("^https?:"), lambda route: route.abort())
    page.goto(file.as_uri())
    expect(page.locator(".scatterlayer path.js-line")).to_have_count(4)
    page.close()


def test_new_points_keep_zoom_hidden_series_and_the_node(tab, address, app_store):
    """A run that trains while one looks at it: the lines grow, and nothing else changes."""
    run = app_store.listed("mnist-mlp8")
    copy = app_store.root / "runs" / "growing-20260101-000000"
    (copy.parent).mkdir(exist_ok=True)
    import shutil

    shutil.copytree(run.path, copy)
    forget_sums(Run(copy))
    growing, lines = Run(copy), (copy / METRICS).read_text().splitlines(keepends=True)
    (copy / METRICS).write_text("".join(lines[:20]))
    try:
        with growing_worker(growing):
            chart = opened(tab, address, f"/train?run={growing.id}")
            drag(tab, chart, 0.1, 0.3)
            tab.wait_for_function("document.querySelector('.pc-plot')._fullLayout.xaxis.range[1] < 40")
            chart.locator(".series", has_text="test loss").click()
            expect(chart.locator(".series", has_text="test loss")).to_have_attribute("aria-pressed", "false")
            zoomed = x_range(chart)
            chart.locator(".pc-plot").evaluate("plot => { plot.stays = true }")
            with (copy / METRICS).open("a") as file:
                file.writelines(lines[20:30])
            tab.wait_for_function("document.querySelector('.pc-plot').data[0].x.length == 30", timeout=30_000)
            assert x_range(chart) == zoomed
            expect(chart.locator(".series", has_text="test loss")).to_have_attribute("aria-pressed", "false")
            assert chart.locator(".pc-plot").evaluate("plot => plot.stays")
    finally:
        shutil.rmtree(copy)


class growing_worker:  # noqa: N801, reads as a phrase
    """Makes a run look as if a process of this machine trained it."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def __enter__(self) -> None:
        from aecore.runs.process import this_process

        self.run.write_status(state="running", process=this_process())

    def __exit__(self, *_: object) -> None:
        self.run.write_status(state="finished", process=None)


@pytest.mark.proof  # in short: tests/browser/test_latent.py
def test_the_3d_plot_turns_by_keys_and_keeps_its_camera_when_a_class_is_hidden(tab, nursery, tmp_path):
    """Report 004's plot, as the component gets it: the shipped run, on its report."""
    environment = {"AECORE_STORE": "checkpoints", "AECORE_DATA": os.environ["AECORE_DATA"], "OMP_NUM_THREADS": "1"}
    tab.set_viewport_size({"width": 640, "height": 480})  # WebGL is drawn by the processor here
    with forked_server(nursery, environment, tmp_path / "log") as address:
        tab.goto(f"{address}/reports?report=004")
        settle(tab)
        tab.wait_for_selector(".pc .gl-container canvas", state="attached")
        chart = tab.locator(".pc", has=tab.locator(".gl-container canvas")).first
        chart.scroll_into_view_if_needed()
        plot = chart.locator(".pc-plot")
        eye = "plot => Object.values(plot._fullLayout.scene.camera.eye).map((value) => Number(value.toFixed(3)))"
        before = plot.evaluate(eye)
        plot.focus()
        plot.press("ArrowRight")
        tab.wait_for_timeout(300)
        turned = plot.evaluate(eye)
        assert turned != before
        chart.locator(".series").first.click()
        expect(chart.locator(".series").first).to_have_attribute("aria-pressed", "false")
        tab.wait_for_timeout(300)
        assert plot.evaluate(eye) == turned
        hovers = plot.evaluate("plot => plot.data.map((trace) => trace.hovertemplate.split('<br>')[0])")
        assert hovers == [f"Digit: {digit}" for digit in range(10)]


@pytest.mark.proof  # in short: tests/app/test_sweep.py
def test_a_sweep_can_be_read_as_a_heat_map(tab, address, app_store):
    made = carried_out(app_store)
    chart = opened(tab, address, f"/sweep?sweep={made.id}&view=heat")
    expect(chart.locator(".heatmaplayer image, .heatmaplayer path").first).to_be_attached()
    texts = chart.locator(".heatmap-label text")
    expect(texts.first).to_be_visible()
    tab.set_viewport_size({"width": 320, "height": 800})
    expect(texts.first).to_be_hidden()  # they would lie over one another
    tab.set_viewport_size({"width": 1280, "height": 1000})
    expect(texts.first).to_be_visible()
    chart.get_by_role("button", name="Table").click()
    expect(chart.locator(".pc-table tbody tr")).to_have_count(4)
    assert "best" in (chart.locator(".pc-plot").get_attribute("aria-label") or "")


def test_an_image_page_does_not_run_the_chart_library(tab, address):
    tab.goto(f"{address}/restore?run=mnist-mlp8")
    settle(tab)
    tab.locator(".rs[data-ready]").first.wait_for()
    assert tab.evaluate("typeof globalThis.Plotly") == "undefined"
    link = tab.locator('link[rel="prefetch"][href*="plotly"]')
    expect(link).to_be_attached(timeout=30_000)
    assert tab.evaluate("typeof globalThis.Plotly") == "undefined"
