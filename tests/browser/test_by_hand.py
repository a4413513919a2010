"""Restore by hand: the strength is dragged, and the scores that follow are Python's for the same noise."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from aecore.inference import load_model
from aecore.metrics.image import per_image
from aecore.runs.robustness import read_robustness
from aecore.runs.run import Run
from tests.helpers.paths import GALLERY_RUN
from tools.browser import settle

RUN = "mnist-mlp8"


def opened(tab: Page, url: str) -> None:
    tab.goto(url)
    tab.locator(".rs[data-ready]").wait_for(timeout=60_000)
    settle(tab)


def normals(count: int, seed: int) -> np.ndarray:
    """The component's noise, written again: Mulberry32, then Box and Muller."""
    state, drawn = np.uint32(seed & 0xFFFFFFFF), []

    def times(a, b):
        return np.uint32((int(a) * int(b)) & 0xFFFFFFFF)

    for _ in range(count + count % 2):
        state = np.uint32((int(state) + 0x6D2B79F5) & 0xFFFFFFFF)
        mixed = times(state ^ (state >> np.uint32(15)), state | np.uint32(1))
        mixed ^= np.uint32(
            (int(mixed) + int(times(mixed ^ (mixed >> np.uint32(7)), mixed | np.uint32(61)))) & 0xFFFFFFFF
        )
        drawn.append(int(mixed ^ (mixed >> np.uint32(14))) / 2**32)
    first, second = np.array(drawn[::2]), np.array(drawn[1::2])
    radius, angle = np.sqrt(-2 * np.log(1 - first)), 2 * np.pi * second
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1)[:count]


def expected(level: float, count: int) -> tuple[float, float]:
    """Mean PSNR of the noisy images and of the network's outputs."""
    run = Run(GALLERY_RUN)
    images = run.snapshots()
    clean = images["clean"][:count].astype(np.float32) / 255
    noisy = np.empty_like(clean)
    for place, image, number in zip(noisy, clean, images["indices"][:count].tolist(), strict=True):
        seed = ((number + 1) * 0x9E3779B1 ^ 0x85EBCA6B) & 0xFFFFFFFF
        place[0] = image[0] + level * normals(784, seed).reshape(28, 28)
    with torch.no_grad():
        output = load_model(run)(torch.from_numpy(noisy)).numpy()
    return tuple(float(per_image(clean, one)["psnr_db"].mean()) for one in (noisy, output))  # type: ignore[return-value]


def shown(tab: Page) -> list[float]:
    return [
        float(tab.locator(f".rs-means tr[data-side={side}]").get_attribute("data-psnr") or "nan")
        for side in ("input", "model")
    ]


def test_the_scores_follow_the_slider_and_are_pythons(tab, address):
    sent: list[object] = []
    tab.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    opened(tab, f"{address}/restore?run={RUN}&noise=gaussian:0.2&many=7")
    sent.clear()
    slider = tab.locator(".rs-slider")
    before = 99.0
    for level in (0.1, 0.3, 0.5):
        slider.fill(str(level))
        tab.locator(f".rs[data-ready='gaussian:{level:g}:0']").wait_for()
        found = shown(tab)
        assert found == pytest.approx(expected(level, 7), abs=0.05)
        assert found[0] < before
        before = found[0]
    expect(tab).to_have_url(re.compile(r"hand=gaussian(%3A|:)0\.5"))
    assert not sent, "the server is not asked"
    expect(tab.locator(".rs-curve polyline.model")).to_be_attached()
    drawn, shown_at = tab.locator(".rs-curve").evaluate("node => [node.viewBox.baseVal.width, node.clientWidth]")
    assert abs(drawn - shown_at) <= 1, "nothing is shrunk by what grew beside it"
    # The curve is of the whole test set, and its legend has what `aecore measure --strengths` found at this strength.
    found = read_robustness(Run(GALLERY_RUN))
    assert found is not None
    at = next(i for i, point in enumerate(found.points) if point["level"] == 0.5)
    legend = tab.locator(".rs-legend")
    for side, name in (("model", "this model"), ("input", "input as it is")):
        expect(legend).to_contain_text(f"{name} {found.score(at, side):.2f}")
    slider.fill("0.37")
    expect(legend).to_contain_text("this model ≈ ")

    # A drag ends where the hand is, and the error grows with it.
    box = slider.bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + 9, box["y"] + box["height"] / 2)
    tab.mouse.down()
    for step in range(1, 30):
        tab.mouse.move(box["x"] + 9 + step * (box["width"] - 18) / 29, box["y"] + box["height"] / 2)
    tab.mouse.up()
    tab.locator(".rs[data-ready='gaussian:0.6:0']").wait_for()
    assert shown(tab)[0] < before

    tab.locator(".rs-again").click()
    tab.locator(".rs[data-ready='gaussian:0.6:1']").wait_for()
    tab.locator(".rs-kinds").select_option("square")
    tab.locator(".rs[data-ready='square:7:1']").wait_for()
    expect(tab).to_have_url(re.compile("hand=square(%3A|:)7(%3A|:)1"))
    tab.reload()
    tab.locator(".rs[data-ready='square:7:1']").wait_for(timeout=60_000)


def test_what_cannot_be_done_by_hand_opens_the_sheet(tab, address):
    tab.goto(f"{address}/restore?run={RUN}&noise=blur:1")
    tab.locator(".ae-sheet figure").first.wait_for(timeout=60_000)
    settle(tab)
    tab.get_by_role("radio", name="By hand").or_(tab.get_by_text("By hand", exact=True)).first.click()
    tab.locator(".rs[data-ready]").wait_for()
    expect(tab.locator(".ae-sheet")).to_have_count(0)


def test_it_fits_a_phone(tab, address):
    tab.set_viewport_size({"width": 390, "height": 800})
    opened(tab, f"{address}/restore?run={RUN}")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    wide = tab.locator(".rs").evaluate("node => node.scrollWidth > node.clientWidth")
    assert not wide
