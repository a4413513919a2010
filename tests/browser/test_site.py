"""The static site, opened as files, and a component in a notebook's frame: no server, and no request to anywhere."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import aecore
from aecore.runs.robustness import read_robustness
from aecore.runs.run import Run
from aecore.site import write_site
from tests.helpers.paths import GALLERY_RUN

PIXELS = "canvas => Array.from(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Run:
    run = Run(tmp_path_factory.mktemp("site") / "gallery" / "mnist-mlp8")
    shutil.copytree(GALLERY_RUN, run.path)
    return run


@pytest.fixture
def wrong(tab: Page):
    """What a page asked of the network, and its errors; none at the end."""
    found: list[str] = []

    def asked(request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            found.append(request.url)

    def said(message):
        if message.type == "error":
            found.append(message.text)

    def threw(error):
        found.append(str(error))

    tab.on("request", asked)
    tab.on("console", said)
    tab.on("pageerror", threw)
    yield found
    tab.remove_listener("request", asked)
    tab.remove_listener("console", said)
    tab.remove_listener("pageerror", threw)
    assert found == []


def pixels(canvas: Locator) -> np.ndarray:
    """An image of 28×28 as the page shows it, uint8."""
    return np.array(canvas.evaluate(PIXELS), np.uint8).reshape(28, 28, 4)[:, :, 0]


def output_of(panel: dict[str, np.ndarray], number: int) -> np.ndarray:
    """What the trained network made of the test image with that number, uint8 (28, 28)."""
    return panel["reconstructions"][-1][panel["indices"] == number][0, 0]


def drag(tab: Page, slider: Locator, share: float) -> None:
    """Take a slider by its thumb, whose middle goes from 9 pixels after the left end to 9 before the right one."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box
    least, most, now = slider.evaluate("input => [input.min, input.max, input.value].map(Number)")
    at = (now - least) / (most - least)
    across, middle = box["width"] - 18, box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + 9 + at * across, middle)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 9 + share * across, middle, steps=3)
    tab.mouse.up()


def test_the_site_works_as_files(tab: Page, whole: Run, wrong: list[str], tmp_path: Path):
    site = tmp_path / "site"
    write_site([whole], site)
    tab.goto((site / "index.html").as_uri())
    tab.get_by_role("link", name="mnist-mlp8").click()
    expect(tab).to_have_title("mnist-mlp8 – Autoencoder Lab")

    replay = tab.locator(".rp")
    expect(replay).to_have_attribute("data-epoch", "50")
    panel = whole.snapshots()
    last = replay.locator("canvas").nth(1)
    np.testing.assert_array_equal(tile_of(last), panel["reconstructions"][-1][0, 0])
    drag(tab, replay.get_by_role("slider"), 0)
    expect(replay).to_have_attribute("data-epoch", "1")
    np.testing.assert_array_equal(tile_of(last), panel["reconstructions"][0][0, 0])

    restorer = tab.locator(".rs")
    tab.locator("#denoise").scroll_into_view_if_needed()
    restorer.and_(tab.locator("[data-ready]")).wait_for()
    restorer.locator(".rs-slider").fill("0.5")
    expect(restorer).to_have_attribute("data-ready", "gaussian:0.5:0")
    found = read_robustness(whole)
    assert found is not None
    at = next(i for i, point in enumerate(found.points) if point["level"] == 0.5)
    expect(restorer.locator(".rs-legend")).to_contain_text(f"this model {found.score(at, 'model'):.2f}")

    way = tab.locator(".ip")
    tab.locator("#interpolate").scroll_into_view_if_needed()
    expect(way).to_have_attribute("data-ready", "true")
    expect(way.locator(".ip-end").first).to_contain_text("test image 18 · 3")
    decoded, before = way.locator(".ip-decoded canvas"), way.locator(".ip-decoded canvas").evaluate(PIXELS)
    drag(tab, tab.get_by_label("Position between the two images"), 0)
    expect(way).to_have_attribute("data-at", "0.000")
    assert decoded.evaluate(PIXELS) != before
    # The browser's network gives what PyTorch gave when the run was trained.
    assert np.abs(pixels(decoded).astype(int) - output_of(panel, 18)).max() <= 1
    tab.get_by_role("group", name="From", exact=True).get_by_role("button", name="test image 3 · 0").click()
    expect(way.locator(".ip-end").first).to_contain_text("test image 3 · 0")
    assert np.abs(pixels(decoded).astype(int) - output_of(panel, 3)).max() <= 1

    maker = tab.locator(".ge")
    tab.locator("#generate").scroll_into_view_if_needed()
    expect(maker).to_have_attribute("data-ready", "true")
    result = maker.locator(".ge-result canvas")
    start = maker.get_attribute("data-vector")
    before = result.evaluate(PIXELS)
    drag(tab, maker.locator("input[type=range]").first, 0.9)
    expect(maker).not_to_have_attribute("data-vector", str(start))
    assert result.evaluate(PIXELS) != before
    tab.get_by_role("button", name="Random codes").click()
    expect(maker.locator(".ge-card")).to_have_count(30)
    maker.locator(".ge-card").first.click()
    expect(maker.locator(".ge-units")).to_be_visible()  # with the sliders at that code

    tab.locator("#latent").scroll_into_view_if_needed()
    cloud = tab.locator(".cl")
    expect(cloud).to_have_attribute("data-ready", "true")
    three = tab.locator(".cl-class[data-label='3']")
    expect(three).to_contain_text(re.compile(r"3\s*292"))
    three.click()
    expect(cloud).to_have_attribute("data-hidden", "3")


def tile_of(canvas: Locator) -> np.ndarray:
    """The middle pixel of each of the 28×28 squares of an enlarged image."""
    script = "canvas => [canvas.width, ...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
    size, *values = canvas.evaluate(script)
    at = ((np.arange(28) + 0.5) * size / 28).astype(int)
    return np.array(values, np.uint8).reshape(size, size, 4)[at][:, at, 0]


def test_a_phone_scrolls_the_site_only_down(tab: Page, whole: Run, wrong: list[str], tmp_path: Path):
    write_site([whole], tmp_path / "site")
    tab.set_viewport_size({"width": 390, "height": 800})
    for page in ("index.html", "runs/mnist-mlp8.html"):
        tab.goto((tmp_path / "site" / page).as_uri())
        for place in tab.locator("[data-view]").all():
            place.scroll_into_view_if_needed()
            expect(place).to_have_attribute("data-shown", "true")
        assert tab.evaluate("document.documentElement.scrollWidth") == 390


def test_a_notebook_shows_a_component_in_its_frame(tab: Page, whole: Run, wrong: list[str]):
    tab.set_content(aecore.show(whole, "interpolate")._repr_html_())
    frame = tab.frame_locator("iframe")
    way = frame.locator(".ip")
    expect(way).to_have_attribute("data-ready", "true")
    before = way.locator(".ip-decoded canvas").evaluate(PIXELS)
    frame.get_by_label("Position between the two images").press("End")
    expect(way).to_have_attribute("data-at", "1.000")
    assert way.locator(".ip-decoded canvas").evaluate(PIXELS) != before
    expect(way).to_have_attribute("data-looked", "true")
    tab.wait_for_timeout(300)  # longer than a position waits before it is written
    assert tab.url == "about:blank"  # nothing was written into the address
