"""A link brings back the view: positions, chart views, filter and form as a fresh browser opens them."""

from __future__ import annotations

import re
import shutil
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_charts import drag, x_range
from tests.helpers.paths import ROOT
from tools.browser import settle

SECOND = "mnist-selu-2-clean"


@pytest.fixture(scope="module", autouse=True)
def second_run(app_store):
    shutil.copytree(ROOT / "checkpoints/gallery" / SECOND, app_store.root / "gallery" / SECOND)


@pytest.fixture
def elsewhere(tab):
    """Another tab, in which nothing was chosen yet."""
    return tab.context.new_page()


def chart_on(tab: Page, url: str) -> Locator:
    tab.goto(url)
    settle(tab)
    chart = tab.locator(".pc").first
    expect(chart).to_have_attribute("data-drawn", re.compile(r"\d+"), timeout=60_000)
    return chart


def parameters(tab: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(tab.url).query).items()}


def test_a_charts_zoom_hidden_series_and_log_switch(tab, address, elsewhere):
    chart = chart_on(tab, f"{address}/train?run=mnist-mlp8")
    chart.get_by_role("button", name="Log").click()
    tab.wait_for_function("document.querySelector('.pc-plot')._fullLayout.yaxis.type == 'linear'")
    drag(tab, chart, 0.25, 0.5)
    tab.wait_for_function("document.querySelector('.pc-plot')._fullLayout.xaxis.range[1] < 40")
    chart.locator(".series", has_text="test loss").click()
    expect(tab).to_have_url(re.compile(r"curves\.hide=test"))
    expect(tab).to_have_url(re.compile(r"curves\.log=0"))
    low, high = map(float, parameters(tab)["curves.x"].split("_"))
    assert 10 < low < 16 < 22 < high < 29
    again = chart_on(elsewhere, tab.url)
    assert x_range(again) == pytest.approx([low, high])
    expect(again.locator(".series", has_text="test loss")).to_have_attribute("aria-pressed", "false")
    assert again.locator(".pc-plot").evaluate("plot => plot._fullLayout.yaxis.type") == "linear"


def test_what_streamlit_writes_keeps_the_zoom_and_another_curve_begins_whole(tab, address):
    chart = chart_on(tab, f"{address}/compare?runs=mnist-mlp8,{SECOND}")
    drag(tab, chart, 0.25, 0.5)
    expect(tab).to_have_url(re.compile(r"chart\.x="))
    zoomed = parameters(tab)["chart.x"]
    tab.get_by_role("slider", name="Smoothing").press("ArrowRight")
    expect(tab).to_have_url(re.compile(r"smooth=0\.05"))
    assert parameters(tab)["chart.x"] == zoomed
    tab.get_by_role("combobox", name=re.compile("Curve")).click()
    tab.get_by_role("option", name="Training loss").click()
    expect(tab).to_have_url(re.compile("curve=train_loss"))
    expect(tab).not_to_have_url(re.compile(r"chart\.x="))
    tab.go_back()
    expect(tab).to_have_url(re.compile(r"chart\.x="))
    wanted = [float(value) for value in zoomed.split("_")]
    tab.wait_for_function(
        "([low, high]) => { const [a, b] = document.querySelector('.pc-plot')._fullLayout.xaxis.range;"
        " return Math.abs(a - low) < 0.01 && Math.abs(b - high) < 0.01; }",
        arg=wanted,
    )


def test_scrubbing_asks_nothing_of_the_server_and_the_position_survives_the_menu(tab, address, elsewhere):
    sent: list[object] = []
    tab.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(data)))
    tab.goto(f"{address}/replay?run=mnist-mlp8")
    player = tab.locator(".rp[data-ready]")
    player.wait_for()
    settle(tab)
    tab.wait_for_load_state("networkidle")
    before = len(sent)
    tab.get_by_role("slider", name="Epoch").press("Home")
    tab.get_by_role("checkbox", name="Difference").check()
    expect(tab).to_have_url(re.compile(r"epoch=[\d.]+&difference=1"))
    assert len(sent) == before
    epoch = player.get_attribute("data-epoch") or ""
    elsewhere.goto(tab.url)
    expect(elsewhere.locator(".rp[data-ready]")).to_have_attribute("data-epoch", epoch)
    expect(elsewhere.get_by_role("checkbox", name="Difference")).to_be_checked()
    expect(elsewhere.locator("canvas[data-kind=difference]").first).to_be_visible()
    menu = tab.get_by_test_id("stTopNav")
    menu.get_by_role("link", name="Reports", exact=True).click()
    expect(tab.get_by_role("heading", level=1, name="Reports").first).to_be_visible()
    settle(tab)
    menu.get_by_role("link", name="Replay", exact=True).click()
    expect(tab.locator(".rp[data-ready]")).to_have_attribute("data-epoch", epoch)
    expect(tab).to_have_url(re.compile(r"difference=1"))


def test_the_overviews_filter_and_columns(tab, address, elsewhere):
    tab.goto(address)
    settle(tab)
    tab.get_by_role("textbox", name="Filter").fill("selu")
    expect(tab.get_by_text("1 of 2 runs").first).to_be_visible()
    tab.get_by_role("button", name="Columns", exact=True).click()
    tab.get_by_role("button", name="Seed").click()
    expect(tab).to_have_url(re.compile("filter=selu.*columns=.*seed"))
    elsewhere.goto(tab.url)
    settle(elsewhere)
    expect(elsewhere.get_by_role("textbox", name="Filter")).to_have_value("selu")
    expect(elsewhere.get_by_text("1 of 2 runs").first).to_be_visible()
    elsewhere.get_by_role("button", name="Columns", exact=True).click()
    expect(elsewhere.get_by_role("button", name="Seed")).to_have_attribute("aria-pressed", "true")


def test_the_form_with_its_edits_and_what_is_wrong_in_a_link(tab, address, elsewhere):
    tab.goto(f"{address}/train?preset=mnist-mlp8&training.epochs=many&training.lr=0.01")
    settle(tab)
    expect(tab.get_by_text("Epochs: should be a valid integer").first).to_be_visible()
    expect(tab.get_by_role("button", name="Start")).to_be_disabled()
    expect(tab.get_by_label("Learning rate", exact=True)).to_have_value("0.01")
    dense = tab.get_by_label("Dense layers", exact=True)
    dense.fill("300, 40")
    dense.press("Enter")
    expect(tab).to_have_url(re.compile("model.dense=300%2C40"))
    assert parameters(tab)["training.epochs"] == "many", "nothing is lost"
    epochs = tab.get_by_label("Epochs", exact=True)
    epochs.fill("7")
    epochs.press("Enter")
    expect(tab).to_have_url(re.compile("training.epochs=7"))
    expect(tab.get_by_role("button", name="Start")).to_be_enabled()
    elsewhere.goto(tab.url)
    settle(elsewhere)
    for label, value in (("Epochs", "7"), ("Learning rate", "0.01"), ("Dense layers", "300, 40")):
        expect(elsewhere.get_by_label(label, exact=True)).to_have_value(value)
    tab.go_back()
    expect(tab.get_by_text("Epochs: should be a valid integer").first).to_be_visible()
    expect(dense).to_have_value("300, 40")


def test_the_link_is_copied_with_or_without_a_clipboard(elsewhere, address):
    tab = elsewhere
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.goto(f"{address}/interpolate")
    tab.locator(".ip[data-ready]").wait_for()
    settle(tab)
    copy = tab.get_by_role("button", name="Copy link")
    copy.click()
    expect(tab.get_by_text("Copied").first).to_be_visible()
    copied = parse_qs(urlsplit(tab.evaluate("navigator.clipboard.readText()")).query)
    assert copied["run"] == ["mnist-mlp8"]
    assert copied.keys() >= {"a", "b"}, "what the address leaves out, too"
    tab.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined }); document.execCommand = () => false"
    )
    tab.locator(".pt-copy").click()
    field = tab.get_by_label("Address of what is shown")
    expect(field).to_be_focused()
    expect(tab.get_by_text("Press Ctrl+C").first).to_be_visible()
    text = field.evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)")
    assert parse_qs(urlsplit(text).query) == copied
