"""The latent space over the epochs under the hand: played, scrubbed, and one image found where Python says it is."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from aecore import jobs
from aecore.latent.epoch_codes import read_epoch_codes
from aecore.latent.epoch_projection import EpochProjection, pca_over_epochs
from aecore.presets import preset
from aecore.runs.run import Run
from tests.helpers.browser import wait_until_quiet
from tools.browser import settle

EPOCHS = 6
LENS, HOME = 1.7, 1.95
"""The camera of a flat cloud: the length of its lens, and how far away it begins."""


@pytest.fixture(scope="module")
def digits(app_store):
    """A quick run on digits that keeps its codes."""
    changes = {"training.epochs": EPOCHS, "training.batch_size": 256, "name": "Played"}
    run = jobs.submit(preset("digits-quick").experiment.changed(changes), "cpu", app_store)
    assert jobs.work(run) == "finished"
    yield run
    shutil.rmtree(run.path)


def opened(tab: Page, address: str, run: Run, more: str = "") -> Locator:
    tab.goto(f"{address}/latent?run={run.id}&over=epochs&method=pca&dims=2{more}")
    player = tab.locator(".ep[data-ready]")
    player.wait_for()
    settle(tab)
    return player


def found_in(run: Run) -> EpochProjection:
    codes = read_epoch_codes(run)
    assert codes is not None
    return pca_over_epochs(codes, 2)


def outermost(found: EpochProjection) -> list[int]:
    """For every epoch the row of the point that stands most alone."""
    apart = np.linalg.norm(found.coordinates[:, :, None] - found.coordinates[:, None], axis=3)
    apart[:, range(apart.shape[1]), range(apart.shape[1])] = np.inf
    return apart.min(axis=2).argmax(axis=1).tolist()


def on_screen(tab: Page, found: EpochProjection, row: int, point: int) -> tuple[float, float]:
    """Where the point has to stand at the epoch of that row: all epochs are drawn in one frame, from which at most one
    point in two hundred stands out."""
    every = found.coordinates.reshape(-1, 2).astype(float)
    middle = (every.min(axis=0) + every.max(axis=0)) / 2
    reach = np.sort(np.linalg.norm(every - middle, axis=1))[int(len(every) * 0.995)]
    box = tab.locator(".cl-stage").bounding_box()
    assert box
    unit = LENS * min(box["width"], box["height"]) / 2 / HOME
    x, y = (found.coordinates[row, point] - middle) / reach * unit
    return box["x"] + box["width"] / 2 + x, box["y"] + box["height"] / 2 - y


def said_place(tab: Page) -> list[float]:
    """The coordinates of the pinned image, as they are told below the cloud."""
    words = tab.locator(".ep-place").inner_text()
    return [float(number.replace("−", "-")) for number in re.findall(r"PC \d (\S+?)(?:,|$)", words)]


def test_plays_the_code_space_and_finds_one_images_point_at_two_epochs(tab, address, digits):
    sent = [0]

    def count(_: object) -> None:
        sent[0] += 1

    tab.on("websocket", lambda socket: socket.on("framesent", count))
    found = found_in(digits)
    player = opened(tab, address, digits, f"&epoch=2#camera=2d,{HOME},0,0&point={found.indices[7]}")
    expect(player).to_have_attribute("data-epoch", "2")
    expect(tab.locator(".ep-place")).to_contain_text(f"test image {found.indices[7]} · ")
    assert said_place(tab) == pytest.approx(found.coordinates[1, 7].tolist(), rel=2e-3, abs=2e-3)
    wait_until_quiet(tab, lambda: sent[0])
    before = sent[0]

    slider = tab.get_by_role("slider", name="Epoch")
    slider.press("End")
    expect(player).to_have_attribute("data-epoch", str(EPOCHS))
    assert said_place(tab) == pytest.approx(found.coordinates[-1, 7].tolist(), rel=2e-3, abs=2e-3)
    assert said_place(tab) != pytest.approx(found.coordinates[1, 7].tolist(), rel=2e-2, abs=2e-2), "it has moved"

    # The points that are drawn stand there too.
    tab.keyboard.press("Escape")
    alone = outermost(found)
    for row in (0, EPOCHS - 1):
        slider.press("Home" if row == 0 else "End")
        expect(player).to_have_attribute("data-epoch", str(row + 1))
        tab.wait_for_timeout(300)  # the points of the frame before are still on the screen
        tab.mouse.move(*on_screen(tab, found, row, alone[row]))
        expect(tab.locator(".cl")).to_have_attribute("data-hover", str(found.indices[alone[row]]))
        tab.mouse.move(2, 2)

    # From the end it plays from the beginning, with points between the epochs that no epoch is claimed for.
    tab.get_by_label("Speed").select_option("½×")
    tab.get_by_role("button", name="Play").click()
    expect(player).to_have_attribute("data-between", "true")
    expect(tab.locator(".rp-epoch")).to_have_text(re.compile(r"^epoch (\d+) → \d+$"))
    tab.get_by_label("Speed").select_option("4×")
    expect(player).to_have_attribute("data-epoch", str(EPOCHS))
    expect(tab.get_by_role("button", name="Play")).to_be_visible()
    expect(player).to_have_attribute("data-between", "")
    expect(tab.locator(".rp-epoch")).to_have_text(f"epoch {EPOCHS}")
    assert sent[0] == before, "the server was asked for nothing"


def test_the_epoch_is_kept_by_the_address_and_by_another_projection(tab, address, digits):
    player = opened(tab, address, digits)
    expect(player).to_have_attribute("data-epoch", str(EPOCHS))
    slider = tab.get_by_role("slider", name="Epoch")
    slider.press("Home")
    slider.press("ArrowRight")
    expect(tab).to_have_url(re.compile(r"[?&]epoch=2(&|#|$)"))
    loss = digits.metrics()[1]["test_loss"]
    assert float(tab.locator(".rp-test").inner_text()) == pytest.approx(loss, rel=1e-3)
    units = digits.status()["code_size"]
    expect(tab.locator(".ep-count")).to_contain_text(f"of {units} units active")
    expect(tab.locator(".ep-cells i")).to_have_count(units)
    tab.get_by_role("radio", name="3D").click()
    expect(tab).to_have_url(re.compile("dims=3"))
    settle(tab)
    expect(player).to_have_attribute("data-epoch", "2")
    tab.reload()
    tab.locator(".ep[data-ready]").wait_for()
    expect(player).to_have_attribute("data-epoch", "2")
    tab.set_viewport_size({"width": 390, "height": 844})
    settle(tab)
    assert tab.get_by_test_id("stMain").evaluate("node => node.scrollWidth") <= 390
    right = "node => Math.max(...[...node.querySelectorAll('*')].map(e => e.getBoundingClientRect().right))"
    assert tab.locator(".ep").evaluate(right) <= 390
