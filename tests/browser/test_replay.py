"""The Replay page in a real browser: what is drawn while one scrubs, and that the server is not asked for it."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
import safetensors.numpy
from playwright.sync_api import Locator, Page, expect

from aecore.runs.process import this_process
from aecore.runs.run import SNAPSHOTS
from tests.helpers.browser import wait_until_quiet
from tests.helpers.runs import made_run
from tools.browser import settle

PLAIN, TWIN, COLOUR, EARLY, LIVE = (f"{name}-20260101-000000" for name in ("plain", "twin", "colour", "early", "live"))


@pytest.fixture(scope="module", autouse=True)
def made(app_store):
    """Runs whose pictures tell where they come from: image i of row e is 10 e + i everywhere, clean is 200 + i."""
    digits = np.tile(np.arange(6, dtype=np.uint8), (12, 1))
    digits[:3, 2] = 7
    noise = np.full((6, 1, 8, 8), 77, np.uint8)
    runs = [
        made_run(app_store, PLAIN, list(range(1, 21))),
        made_run(app_store, TWIN, list(range(1, 13)), noisy=noise, digits=digits),
        made_run(app_store, COLOUR, list(range(1, 9)), shape=(3, 32, 32)),
        made_run(app_store, EARLY, [0.05, 0.24, 0.5, 1, 2, 2.5, *range(3, 9)]),
    ]
    yield
    for run in runs:
        shutil.rmtree(run.path)


def opened(tab: Page, address: str, query: str) -> Locator:
    """The player at that link, once its pictures are unpacked."""
    tab.goto(f"{address}/replay?{query}")
    settle(tab)
    player = tab.locator(".rp[data-ready]")
    player.wait_for()
    return player


def pixel(tab: Page, kind: str = "output", image: int = 0, which: int = 0) -> list[int]:
    """The colour in the middle of an image's tile; `which` counts tiles of that kind in its column."""
    tile = tab.locator(f'.rp-card[data-image="{image}"] canvas[data-kind="{kind}"]').nth(which)
    script = "c => Array.from(c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data.slice(0, 3))"
    return tile.evaluate(script)


def marker_x(tab: Page) -> float:
    return float(tab.locator(".rp-curve .marker").get_attribute("x1") or "nan")


def drag(tab: Page, part: Locator, shares: tuple[float, ...], release: bool = True) -> None:
    box = part.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] * shares[0], y)
    tab.mouse.down()
    for share in shares[1:]:
        tab.mouse.move(box["x"] + box["width"] * share, y, steps=3)
    if release:
        tab.mouse.up()


class Traffic:
    """How often the page asks the server for something."""

    def __init__(self, tab: Page, address: str) -> None:
        self.sent = 0
        tab.on("websocket", lambda socket: socket.on("framesent", self._count))
        tab.on("request", lambda request: self._count() if _asks(request.url, address) else None)

    def _count(self, _: object = None) -> None:
        self.sent += 1


def _asks(url: str, address: str) -> bool:
    """Whether a request is for the app; the charts' script is fetched ahead when a page is idle."""
    return url.startswith(address) and "/app/static/plotly" not in url


def test_dragging_shows_every_epoch_without_asking_the_server(tab, address):
    traffic = Traffic(tab, address)
    player = opened(tab, address, f"run={PLAIN}")
    expect(player).to_have_attribute("data-epoch", "20")
    assert pixel(tab, "clean", 3) == [203, 203, 203]
    assert pixel(tab, image=5) == [195, 195, 195]
    wait_until_quiet(tab, lambda: traffic.sent)
    before, start = traffic.sent, marker_x(tab)
    height = player.evaluate("node => node.offsetHeight")
    tab.evaluate("window.stillHere = true")
    slider = tab.get_by_role("slider", name="Epoch")
    drag(tab, slider, (0.99, 0.7, 0.4), release=False)
    expect(player).to_have_attribute("data-epoch", re.compile("^([789]|10)$"))
    shown = int(player.get_attribute("data-epoch") or 0)
    assert pixel(tab, image=5) == [10 * (shown - 1) + 5] * 3
    assert marker_x(tab) < start
    assert traffic.sent == before
    assert float(tab.locator(".rp-test").inner_text()) == pytest.approx(0.3 / shown, rel=1e-3)
    expect(slider).to_have_attribute("aria-valuetext", f"epoch {shown} of 20")
    tab.mouse.up()

    # The browser writes the address; neither the server nor anything on the page moves.
    expect(tab).to_have_url(re.compile(f"epoch={shown}(&|$)"))
    settle(tab)
    assert traffic.sent == before
    expect(player).to_have_attribute("data-epoch", str(shown))
    assert player.evaluate("node => node.offsetHeight") == height
    assert tab.evaluate("window.stillHere")


def test_keys_play_and_the_curve(tab, address):
    player = opened(tab, address, f"run={PLAIN}&epoch=5")
    slider = tab.get_by_role("slider", name="Epoch")
    play, pause = (tab.get_by_role("button", name=name).first for name in ("Play", "Pause"))
    slider.focus()
    for key, epoch in [
        ("ArrowRight", 6),
        ("ArrowLeft", 5),
        ("PageUp", 15),
        ("Home", 1),
        ("End", 20),
        ("ArrowRight", 20),
    ]:
        slider.press(key)
        expect(player).to_have_attribute("data-epoch", str(epoch))
    slider.press("Home")
    slider.press("Space")
    expect(pause).to_be_visible()
    slider.press("Space")
    expect(play).to_be_visible()

    # A click on the curve scrubs, and arrows go on from there.
    drag(tab, tab.locator(".rp-curve"), (0.5,))
    expect(player).to_have_attribute("data-epoch", re.compile("^(9|10|11|12)$"))
    at = int(player.get_attribute("data-epoch") or 0)
    assert pixel(tab) == [10 * (at - 1)] * 3
    tab.keyboard.press("ArrowRight")
    expect(player).to_have_attribute("data-epoch", str(at + 1))
    drag(tab, tab.locator(".rp-curve"), (0.5, 0.3, -0.2))
    expect(player).to_have_attribute("data-epoch", "1")

    # It plays to the end at the chosen speed.
    slider.press("PageUp")
    expect(tab).to_have_url(re.compile("epoch=11(&|$)"))
    tab.get_by_label("Speed").select_option("4×")
    play.click()
    expect(player).to_have_attribute("data-epoch", "20")
    expect(play).to_be_visible()
    expect(tab).not_to_have_url(re.compile("epoch="))
    # From the end it begins anew, and a touch of the slider halts it.
    play.click()
    expect(player).to_have_attribute("data-epoch", re.compile(r"^[3-9]$"))
    slider.press("Home")
    expect(play).to_be_visible()
    expect(player).to_have_attribute("data-epoch", "1")


def test_a_link_opens_its_epoch_in_a_fresh_browser_and_back_returns(tab, address):
    player = opened(tab, address, f"run={PLAIN}&epoch=7")
    expect(player).to_have_attribute("data-epoch", "7")
    assert pixel(tab, image=1) == [61, 61, 61]
    tab.get_by_role("slider", name="Epoch").press("Home")
    expect(tab).to_have_url(re.compile("epoch=1(&|$)"))
    # The entry of the history was changed in place: Back from another page finds the last epoch.
    tab.get_by_test_id("stTopNav").get_by_role("link", name="Reports", exact=True).click()
    expect(tab.get_by_role("heading", level=1, name="Reports").first).to_be_visible()
    tab.go_back()
    expect(player).to_have_attribute("data-epoch", "1")


def test_two_runs_share_columns_and_the_shorter_one_says_where_it_stands(tab, address):
    player = opened(tab, address, f"run={PLAIN}&with={TWIN}&epoch=3")
    expect(tab.locator(".rp-block")).to_have_count(1)
    expect(tab.locator('.rp-card[data-image="0"] canvas')).to_have_count(4)  # clean, noisy, A, B
    assert pixel(tab, "noisy") == [77, 77, 77]
    assert pixel(tab, image=2, which=0) == pixel(tab, image=2, which=1) == [22, 22, 22]
    assert tab.locator(".rp-curve path.line").count() == 4
    note = tab.locator('.rp-card[data-image="2"] .rp-note')
    expect(note).to_have_text("B read as 7")
    expect(tab.locator(".rp-right")).to_have_text("5 of 6 digits correct")
    tab.get_by_role("slider", name="Epoch").press("End")
    expect(player).to_have_attribute("data-epoch", "20")
    expect(note).to_have_text("")
    expect(tab.locator(".rp-which").nth(1)).to_have_text("epoch 12 (its last)")
    assert pixel(tab, image=2, which=0) == [192, 192, 192]
    assert pixel(tab, image=2, which=1) == [112, 112, 112]
    tab.get_by_label("Difference").check()
    assert pixel(tab, "difference", 2, 1) == [90, 90, 90]


def test_runs_of_other_images_stand_in_two_blocks(tab, address):
    player = opened(tab, address, f"run={PLAIN}&with={COLOUR}&epoch=4")
    assert tab.locator(".rp-block").count() == 2
    expect(tab.locator(".rp-block-head").nth(1)).to_contain_text("colour")
    tab.get_by_role("slider", name="Epoch").press("ArrowLeft")
    expect(player).to_have_attribute("data-epoch", "3")
    last = tab.locator('.rp-block >> nth=1 >> canvas[data-kind="output"]').first
    assert last.evaluate("c => c.getContext('2d').getImageData(0, 0, 1, 1).data[1]") == 20


def test_rows_within_the_first_epoch(tab, address):
    player = opened(tab, address, f"run={EARLY}&epoch=0.24")
    expect(tab.locator(".rp-epoch")).to_have_text("epoch 0.24")
    assert pixel(tab) == [10, 10, 10]
    tab.get_by_role("slider", name="Epoch").press("ArrowRight")
    expect(player).to_have_attribute("data-epoch", "0.5")
    expect(tab).to_have_url(re.compile(r"epoch=0\.5(&|$)"))
    expect(tab.locator(".rp-test")).to_have_text("–")
    for _ in range(3):
        tab.keyboard.press("ArrowRight")
    expect(player).to_have_attribute("data-epoch", "2.5")
    expect(tab.locator(".rp-test")).to_have_text("0.1500 at 2")


def test_a_click_enlarges_an_image_and_scrubbing_goes_on(tab, address):
    player = opened(tab, address, f"run={PLAIN}&epoch=4")
    tab.get_by_role("button", name="test image 2 · 2: enlarge").click()
    figures = tab.locator(".rp-figures figure")
    expect(figures).to_have_count(2)
    error = ((202 - 32) / 255) ** 2
    expect(figures.nth(1)).to_contain_text(f"epoch 4 · MSE {error:.4f}")
    tab.keyboard.press("ArrowRight")
    expect(figures.nth(1)).to_contain_text("epoch 5")
    middle = "c => c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[0]"
    assert figures.nth(1).locator("canvas").evaluate(middle) == 42
    tab.get_by_role("button", name="Next image").click()
    expect(tab.locator(".rp-large-name")).to_have_text("test image 3 · 3")
    tab.keyboard.press("Escape")
    expect(tab.locator(".rp-large")).to_be_hidden()
    expect(player.locator('.rp-card[data-image="3"]')).to_be_focused()


def test_a_run_in_training_grows_under_the_slider(tab, address, app_store):
    run = made_run(app_store, LIVE, [1, 2, 3])
    try:
        run.write_status(state="running", process=this_process())
        player = opened(tab, address, f"run={LIVE}")
        expect(player).to_have_attribute("data-epoch", "3")
        player.evaluate("node => { node.mark = 'the same node'; }")

        def train_to(last: int) -> None:
            tensors = run.snapshots()
            row = tensors["reconstructions"][:1]
            rows = [row + np.uint8(10 * i) for i in range(last)]
            more = {"epochs": np.arange(1, last + 1, dtype=np.int32), "reconstructions": np.concatenate(rows)}
            safetensors.numpy.save_file(tensors | more, run.file(SNAPSHOTS))

        train_to(6)  # at the end it follows
        expect(player).to_have_attribute("data-epoch", "6")
        assert pixel(tab, image=1) == [51, 51, 51]
        tab.get_by_role("slider", name="Epoch").press("Home")
        train_to(9)  # anywhere else it stays
        expect(tab.get_by_role("slider", name="Epoch")).to_have_attribute("aria-valuetext", "epoch 1 of 9")
        run.write_status(state="finished", process=None)
        tab.wait_for_timeout(4000)
        assert player.get_attribute("data-epoch") == "1"
        assert player.evaluate("node => node.mark") == "the same node"
    finally:
        shutil.rmtree(run.path)


def test_nothing_is_wider_than_a_phone(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 844}, device_scale_factor=3, has_touch=True)
    tab = context.new_page()
    for query in (f"run={PLAIN}", f"run={PLAIN}&with={TWIN}", f"run={PLAIN}&with={COLOUR}", "run=mnist-mlp8"):
        opened(tab, address, query)
        for look in ("sheet", "enlarged"):
            assert tab.evaluate("document.documentElement.scrollWidth") <= 390, (query, look)
            assert tab.get_by_test_id("stMain").evaluate("node => node.scrollWidth") <= 390, (query, look)
            right = "node => Math.max(...[...node.querySelectorAll('*')].map(e => e.getBoundingClientRect().right))"
            assert tab.locator(".rp").evaluate(right) <= 390, (query, look)
            if look == "sheet":
                tab.locator(".rp-card").first.click()
    context.close()
