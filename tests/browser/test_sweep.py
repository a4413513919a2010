"""The Sweep page in a browser: reading its charts, comparing what is ticked, and a sweep from start to end."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from aecore.sweeps import store as sweep_store
from aecore.sweeps.panels import read_panels
from tests.helpers.sweeps import carried_out
from tools.browser import settle

CHART = ".pc[data-drawn]"


@pytest.fixture(scope="module")
def swept(app_store):
    return carried_out(app_store, vary={"model.bottleneck.size": [2, 4, 8], "corruption": ["none", "gaussian:0.3"]})


def open_sweep(tab, address, sweep, **query):
    more = "".join(f"&{name}={value}" for name, value in query.items())
    tab.goto(f"{address}/sweep?sweep={sweep.id}{more}")
    settle(tab)
    chart = tab.locator(CHART).first
    expect(chart).to_be_visible()
    return chart


def test_hovering_keys_another_figure_and_another_chart_and_back_brings_them_again(tab, address, swept):
    chart = open_sweep(tab, address, swept)
    plot, spoken = chart.locator(".pc-plot"), chart.locator(".pc-spoken")

    # Hovering tells mean, spread and seeds.
    expect(chart.locator(".series")).to_have_count(2)
    expect(chart.locator(".series", has_text="0.3")).to_be_visible()
    told = chart.locator(".hoverlayer")
    box = chart.locator(".scatterlayer .trace").last.locator(".point").first.bounding_box()
    assert box
    tab.mouse.move(box["x"] + box["width"] / 2 + 20, box["y"] + box["height"] / 2)
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=5)
    expect(told).to_contain_text(re.compile(r"0\.\d+ ± 0\.\d+"))
    expect(told).to_contain_text("2 seeds")

    # The arrow keys walk through the combinations.
    plot.focus()
    heard = set()
    for _ in range(3):
        before = spoken.inner_text()
        plot.press("ArrowLeft")
        expect(spoken).not_to_have_text(before)
        heard.add(spoken.inner_text())
    assert len(heard) == 3
    assert all(re.search(r"0\.\d+", text) for text in heard)

    plot.evaluate("node => { node.mark = 'the same node'; }")
    expect(plot).to_have_attribute("aria-label", re.compile("MSE on clean test images"))
    tab.get_by_role("combobox", name="Metric").click()
    tab.get_by_role("option", name="PSNR").click()
    expect(plot).to_have_attribute("aria-label", re.compile("PSNR on clean test images"))
    assert plot.evaluate("node => node.mark") == "the same node", "the chart is not mounted anew"
    expect(tab).to_have_url(re.compile("figure=psnr_db"))
    tab.get_by_role("radio", name="Heat map").click()
    heat = tab.locator(f"{CHART} .heatmaplayer > *").first
    expect(heat).to_be_attached()
    expect(tab).to_have_url(re.compile("view=heat"))
    tab.reload()
    settle(tab)
    expect(plot).to_have_attribute("aria-label", re.compile("PSNR"))
    expect(heat).to_be_attached()
    tab.go_back()
    expect(tab).not_to_have_url(re.compile("view=heat"))
    expect(chart.locator(".series")).to_have_count(2)


def test_two_ticked_combinations_open_in_compare(tab, address, swept, app_store):
    open_sweep(tab, address, swept)
    table = tab.get_by_test_id("stDataFrame").first
    table.click(position={"x": 16, "y": 53})
    expect(tab.get_by_text("Select another one to compare").first).to_be_visible()
    expect(tab.get_by_role("link", name="seed 0")).to_have_count(1)
    table.click(position={"x": 16, "y": 88})
    tab.get_by_role("button", name="Open these 2 in Compare").click()
    expect(tab.get_by_role("heading", level=1, name="Compare").first).to_be_visible()
    chosen = re.search(r"runs=([^&]+)", tab.url)
    assert chosen
    found = [app_store.listed(name) for name in re.split(",|%2C", chosen[1])]
    assert [run.experiment().sweep for run in found if run] == [swept.id] * 2
    tab.go_back()
    expect(tab.get_by_role("heading", name="Sizes and noise").first).to_be_visible()


@pytest.mark.proof  # in short: tests/app/test_sweep.py
def test_a_sweep_is_started_watched_and_stopped_from_the_page(tab, address, swept, app_store):
    tab.goto(f"{address}/sweep?new=1")
    settle(tab)
    values = tab.get_by_role("textbox", name="Code size (model.bottleneck.size)")
    values.fill("2, 3, x")
    values.press("Control+Enter")
    expect(tab.get_by_role("alert").get_by_text("model.bottleneck.size").first).to_be_visible()
    expect(tab.get_by_role("button", name="Start")).to_be_disabled()
    values.fill("2\n3\n4")
    values.press("Control+Enter")
    expect(tab.get_by_text(re.compile(r"3 × 3 seeds = 9 runs")).first).to_be_visible()
    tab.get_by_label("Epochs", exact=True).fill("20")  # enough to be seen while it runs
    tab.get_by_label("Epochs", exact=True).press("Enter")
    settle(tab)
    start = tab.get_by_role("button", name="Start")
    start.click(trial=True)
    box = start.bounding_box()
    assert box
    tab.get_by_label("Seeds", exact=True).fill("2")  # without Enter, and at once:
    tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    badge = tab.locator(".stMarkdownBadge")
    expect(badge.filter(has_text="running")).to_be_visible(timeout=60_000)
    expect(tab.get_by_text(re.compile(r"[1-5] of 6 runs finished")).first).to_be_visible(timeout=120_000)
    expect(tab.locator(f"{CHART} .point").first).to_be_attached()
    tab.get_by_role("button", name="Stop").click()
    expect(badge.filter(has_text="stopped")).to_be_visible(timeout=60_000)
    expect(tab.get_by_role("button", name="Resume").first).to_be_visible()
    made = sweep_store.sweeps(app_store)[0]
    assert made.id != swept.id
    assert made.state() == "stopped"
    assert f"sweep={made.id}" in tab.url


def test_nothing_is_wider_than_a_phone(tab, address, swept):
    tab.set_viewport_size({"width": 390, "height": 844})
    for query in ({}, {"view": "heat"}, {"new": "1"}):
        more = "".join(f"&{name}={value}" for name, value in query.items())
        tab.goto(f"{address}/sweep?sweep={swept.id}{more}")
        settle(tab)
        expect(tab.locator(CHART).first if "new" not in query else tab.get_by_role("textbox").first).to_be_visible()
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390, query
        assert tab.get_by_test_id("stMain").evaluate("node => node.scrollWidth") <= 390, query


def test_sliders_over_the_settings_change_the_images_and_ask_nothing(tab, address, app_store, swept):
    sent: list[object] = []
    tab.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    open_sweep(tab, address, swept)
    images = tab.locator(".sw[data-ready='0,0,0']")
    images.wait_for()
    kept = read_panels(swept)
    assert kept is not None
    rows = {row.run: row for row in swept.results()}
    sent.clear()
    wanted = {"2,0,0": (8, "none", 0), "2,1,0": (8, "gaussian:0.3", 0), "1,1,1": (4, "gaussian:0.3", 1)}
    for at, (size, corruption, seed) in wanted.items():
        for number, value in enumerate(at.split(",")):
            tab.locator(f"#sw-{number}").fill(value)
        tab.locator(f".sw[data-ready='{at}']").wait_for()
        (run,) = (
            name
            for name in kept.runs
            if rows[name].values == {"model.bottleneck.size": size, "corruption": corruption}
            and rows[name].seed == seed
        )
        row = kept.runs.index(run)
        for lane, expected in ((0, kept.clean), (1, kept.inputs[row]), (2, kept.outputs[row])):
            drawn = tab.locator(".sw-lane").nth(lane).locator("canvas").nth(3).evaluate(
                "node => Array.from(node.getContext('2d').getImageData(0, 0, node.width, node.height).data)"
            )  # fmt: skip
            assert drawn[::4] == expected[3, 0].reshape(-1).tolist()
        score = rows[run].score("mse")
        assert score is not None
        expect(tab.locator(".sw-words")).to_contain_text(f"MSE {score:.4g}")
    assert not sent, "the server is not asked"
    expect(tab).to_have_url(re.compile("at=1(%2C|,)1(%2C|,)1"))
    tab.reload()
    tab.locator(".sw[data-ready='1,1,1']").wait_for(timeout=60_000)
