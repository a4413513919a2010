"""The Sweep page in a browser: reading its charts, comparing what is ticked, and a sweep from start to end."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from aecore.sweeps import store as sweep_store
from tests.helpers.sweeps import carried_out
from tools.browser import settle

PLOT, TIP = ".sw-plot", ".sw-tip"


@pytest.fixture(scope="module")
def swept(app_store):
    return carried_out(app_store, vary={"model.bottleneck.size": [2, 4, 8], "corruption": ["none", "gaussian:0.3"]})


def open_sweep(tab, address, sweep, **query):
    more = "".join(f"&{name}={value}" for name, value in query.items())
    tab.goto(f"{address}/sweep?sweep={sweep.id}{more}")
    settle(tab)
    expect(tab.locator(f"{PLOT} > *").first).to_be_attached()


def test_hovering_tells_mean_spread_and_seeds(tab, address, swept):
    open_sweep(tab, address, swept)
    plot = tab.locator(PLOT)
    expect(plot.locator("path.line")).to_have_count(2)
    expect(plot.locator("path.band")).to_have_count(2)
    expect(plot.get_by_text("Gaussian 0.3")).to_be_visible()
    box = plot.bounding_box()
    assert box
    tab.mouse.move(box["x"] + box["width"] * 0.06, box["y"] + box["height"] * 0.3)
    tip = tab.locator(TIP)
    expect(tip).to_be_visible()
    expect(tip.locator("b")).to_have_text(re.compile(r"^0\.\d+ ± 0\.\d+$"))
    expect(tip).to_contain_text("code size 2")
    expect(tip).to_contain_text("mean of 2 seeds")
    inside = tip.bounding_box()
    assert inside
    assert inside["x"] >= box["x"]
    tab.mouse.move(5, 5)
    expect(tip).to_be_hidden()


def test_the_arrow_keys_walk_through_the_combinations(tab, address, swept):
    open_sweep(tab, address, swept)
    plot, tip = tab.locator(PLOT), tab.locator(TIP)
    plot.focus()
    told = set()
    for _ in range(6):
        plot.press("ArrowRight")
        told.add(tip.inner_text())
    assert len(told) == 6
    plot.press("Escape")
    expect(tip).to_be_hidden()


def test_figure_and_chart_change_and_back_brings_them_again(tab, address, swept):
    open_sweep(tab, address, swept)
    plot = tab.locator(PLOT)
    plot.evaluate("node => { node.mark = 'the same node'; }")
    title = tab.locator(".sw-title")
    expect(title).to_contain_text("MSE on clean test images")
    tab.get_by_role("combobox", name="Figure").click()
    tab.get_by_role("option", name="PSNR").click()
    expect(title).to_contain_text("PSNR on clean test images, dB")
    assert plot.evaluate("node => node.mark") == "the same node", "the chart is not mounted anew"
    expect(tab).to_have_url(re.compile("figure=psnr_db"))
    tab.get_by_role("radio", name="Heat map").click()
    expect(plot.locator("rect.ring")).to_have_count(1)
    expect(tab).to_have_url(re.compile("view=heat"))
    tab.reload()
    settle(tab)
    expect(title).to_contain_text("PSNR")
    expect(plot.locator("rect.ring")).to_have_count(1)
    tab.go_back()
    expect(plot.locator("path.line")).to_have_count(2)


def test_two_ticked_combinations_open_in_compare(tab, address, swept, app_store):
    open_sweep(tab, address, swept)
    table = tab.get_by_test_id("stDataFrame").first
    table.click(position={"x": 16, "y": 53})
    expect(tab.get_by_text("Tick another one to compare")).to_be_visible()
    expect(tab.get_by_role("link", name="seed 0")).to_have_count(1)
    table.click(position={"x": 16, "y": 88})
    tab.get_by_role("button", name="Open these 2 in Compare").click()
    expect(tab.get_by_role("heading", level=1, name="Compare")).to_be_visible()
    chosen = re.search(r"runs=([^&]+)", tab.url)
    assert chosen
    found = [app_store.listed(name) for name in re.split(",|%2C", chosen[1])]
    assert [run.experiment().sweep for run in found if run] == [swept.id] * 2
    tab.go_back()
    expect(tab.get_by_role("heading", name="Sizes and noise")).to_be_visible()


def test_a_sweep_is_started_watched_and_stopped_from_the_page(tab, address, swept, app_store):
    tab.goto(f"{address}/sweep?new=1")
    settle(tab)
    values = tab.get_by_role("textbox", name="Code size (model.bottleneck.size)")
    values.fill("2, 3, x")
    values.press("Control+Enter")
    expect(tab.get_by_role("alert").get_by_text("model.bottleneck.size")).to_be_visible()
    expect(tab.get_by_role("button", name="Start")).to_be_disabled()
    values.fill("2\n3\n4")
    values.press("Control+Enter")
    expect(tab.get_by_text(re.compile(r"3 × 3 seeds = 9 runs"))).to_be_visible()
    tab.get_by_role("button", name="Start").click()
    badge = tab.locator(".stMarkdownBadge")
    expect(badge.filter(has_text="running")).to_be_visible(timeout=60_000)
    expect(tab.get_by_text(re.compile(r"[1-8] of 9 runs finished"))).to_be_visible(timeout=120_000)
    expect(tab.locator(f"{PLOT} circle").first).to_be_attached()
    tab.get_by_role("button", name="Stop").click()
    expect(badge.filter(has_text="stopped")).to_be_visible(timeout=60_000)
    expect(tab.get_by_role("button", name="Go on")).to_be_visible()
    made = sweep_store.sweeps(app_store)[0]
    assert made.id != swept.id
    assert made.state() == "stopped"
    assert f"sweep={made.id}" in tab.url


def test_nothing_is_wider_than_a_phone(browser, address, swept):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    for query in ({}, {"view": "heat"}, {"new": "1"}):
        more = "".join(f"&{name}={value}" for name, value in query.items())
        page.goto(f"{address}/sweep?sweep={swept.id}{more}")
        settle(page)
        page.wait_for_timeout(800)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, query
        assert page.get_by_test_id("stMain").evaluate("node => node.scrollWidth") <= 390, query
    context.close()
