"""Two versions of the same images over one another, with a divider that a hand moves."""

from __future__ import annotations

import re
import shutil

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.helpers.paths import GALLERY_RUN
from tools.browser import settle

ROW = """(canvas, y) => {
    const pixels = canvas.getContext("2d").getImageData(0, y, canvas.width, 1).data;
    return [...pixels].filter((_, i) => i % 4 == 0);
}"""


@pytest.fixture(scope="module", autouse=True)
def runs(app_store):
    for name in ("mnist-selu-2-clean", "mnist-selu-6-clean"):
        shutil.copytree(GALLERY_RUN.with_name(name), app_store.root / "gallery" / name)


def opened(tab: Page, path: str) -> Locator:
    tab.goto(path)
    settle(tab)
    wiper = tab.locator(".wp")
    expect(wiper.locator(".wp-stage").first).to_be_visible()
    return wiper


def drag(tab: Page, stage: Locator, share: float) -> None:
    box = stage.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] / 2, y)
    tab.mouse.down()
    tab.mouse.move(box["x"] + share * box["width"], y, steps=4)
    tab.mouse.up()


def pixels(stage: Locator, which: str) -> list[int]:
    return stage.locator(which).evaluate(ROW, 14)


def test_the_divider_of_denoise_is_dragged_and_stands_in_the_address(tab, address):
    wiper = opened(tab, f"{address}/restore?run=mnist-mlp8&view=wipe")
    stage = wiper.locator(".wp-stage").first
    stage.scroll_into_view_if_needed()
    over, under = pixels(stage, ".wp-over"), pixels(stage, "canvas:not(.wp-over)")
    assert min(over) < 255, "the noisy image"
    assert over != under
    drag(tab, stage, 0.25)
    lines = wiper.locator(".wp-line")
    for line in (lines.first, lines.last):
        left = line.evaluate("node => node.offsetLeft / node.parentElement.clientWidth")
        assert left == pytest.approx(0.25, abs=0.02), "one divider for all images"
    expect(tab).to_have_url(re.compile(r"wipe=noisy(,|%2C)output(,|%2C)0\.2"))
    wiper.get_by_role("button", name="Swap left and right").click()
    expect(wiper).to_have_attribute("data-ready", "output,noisy")
    assert (pixels(stage, ".wp-over"), pixels(stage, "canvas:not(.wp-over)")) == (under, over)
    expect(tab).to_have_url(re.compile(r"wipe=output(,|%2C)noisy"))
    link = tab.url
    again = opened(tab, link)
    expect(again).to_have_attribute("data-ready", "output,noisy")
    assert pixels(again.locator(".wp-stage").first, ".wp-over") == under


def test_two_runs_are_compared_where_the_divider_is(tab, address):
    query = "runs=mnist-selu-2-clean,mnist-selu-6-clean,mnist-mlp8&view=wipe&wipe=clean,mnist-mlp8,0.5"
    wiper = opened(tab, f"{address}/compare?{query}")
    expect(wiper).to_have_attribute("data-ready", "clean,mnist-mlp8")
    wiper.locator(".wp-left").select_option("mnist-selu-2-clean")
    expect(wiper).to_have_attribute("data-ready", "mnist-selu-2-clean,mnist-mlp8")
    scores = wiper.locator(".wp-scores").first.locator("span")
    wide, narrow = (float(scores.nth(i).inner_text().removeprefix("MSE ")) for i in (0, 1))
    assert wide > narrow > 0, "two units explain less than eight"
    tab.get_by_text("Images", exact=True).first.click()
    sheet = tab.locator(".cb-score")
    expect(sheet.first).to_have_text(f"{wide:.4f}")
