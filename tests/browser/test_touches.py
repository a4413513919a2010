"""Another image or curve is answered by the part of the page that shows it: what stands around is not sent again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from aecore.runs.summary import summarise
from tests.helpers.browser import wait_until, wait_until_quiet
from tests.helpers.paths import GALLERY_RUN
from tools.browser import settle

OTHERS = ("mnist-selu-2-clean", "mnist-selu-6-clean")


@pytest.fixture(scope="module", autouse=True)
def shipped(app_store) -> Iterator[list[str]]:
    """The titles of runs that only the list of runs names."""
    for name in OTHERS:
        shutil.copytree(GALLERY_RUN.with_name(name), app_store.root / "gallery" / name)
    yield [summarise(run).title for run in app_store.runs() if run.id in OTHERS]
    for name in OTHERS:
        shutil.rmtree(app_store.root / "gallery" / name)


def opened(tab: Page, url: str) -> list[bytes]:
    """The page at rest; what it receives from then on is added to the list."""
    received: list[bytes] = []

    def hear(data: bytes | str) -> None:
        received.append(data if isinstance(data, bytes) else data.encode())

    tab.on("websocket", lambda socket: socket.on("framereceived", hear))
    tab.goto(url)
    settle(tab)
    wait_until_quiet(tab, lambda: len(received), quiet_s=0.5)
    assert b"".join(received)
    received.clear()
    return received


def number(label: str, value: str) -> Callable[[Page], None]:
    def touch(tab: Page) -> None:
        box = tab.get_by_label(label, exact=True)
        box.fill(value)
        box.press("Enter")

    return touch


def in_two_dimensions(tab: Page) -> None:
    tab.get_by_role("radio", name="2D").click()


def curve(tab: Page) -> None:
    tab.get_by_label("Curve").first.click()
    tab.get_by_role("option", name="Learning rate", exact=True).click()


def more_noise(tab: Page) -> None:
    tab.get_by_test_id("stSlider").first.get_by_role("slider").press("ArrowRight")


@pytest.mark.parametrize(
    ("path", "touch", "parameter"),
    [
        ("generate?run=mnist-mlp8", number("Start from test image", "19"), "a=19"),
        ("interpolate?run=mnist-mlp8", number("From test image", "19"), "a=19"),
        ("latent?run=mnist-mlp8&dims=3", in_two_dimensions, "dims=2"),
        # At 0.2 other methods are offered: their strength is known for that.
        ("restore?run=mnist-mlp8&view=sheet&noise=gaussian:0.3", more_noise, "noise=gaussian:0.35"),
    ],
)
def test_the_list_of_runs_is_not_sent_again(tab, address, shipped, path, touch, parameter):
    received = opened(tab, f"{address}/{path}")
    touch(tab)
    wait_until(tab, lambda: parameter in tab.url.replace("%3A", ":"))
    settle(tab)
    wait_until_quiet(tab, lambda: len(received), quiet_s=0.5)
    content = b"".join(received)
    assert content
    for title in shipped:
        assert title.encode() not in content
    assert b"pages/measure" not in content, "nor the links of the run"


def test_another_curve_leaves_the_tables_below_it(tab, address):
    received = opened(tab, f"{address}/compare?runs=mnist-mlp8,{','.join(OTHERS)}")
    expect(tab.locator(".pc[data-drawn]").first).to_be_visible()
    curve(tab)
    wait_until(tab, lambda: "curve=" in tab.url)
    settle(tab)
    wait_until_quiet(tab, lambda: len(received), quiet_s=0.5)
    content = b"".join(received)
    assert b"Learning rate" in content
    assert b"Settings that differ" not in content
    assert b"On the whole test set" not in content


def test_settings_of_another_view_are_kept_while_the_part_reruns_alone(tab, address):
    opened(tab, f"{address}/generate?run=mnist-mlp8&view=random")
    number("How many", "15")(tab)
    wait_until(tab, lambda: "n=15" in tab.url)
    for name in ("Units", "Random codes"):
        tab.get_by_role("radio", name=name).click()
        expect(tab.get_by_role("radio", name=name)).to_be_checked()
        settle(tab)
    expect(tab.get_by_label("How many", exact=True)).to_have_value("15")
    number("Start from test image", "19")(tab)
    wait_until(tab, lambda: "a=19" in tab.url)
    assert "n=15" in tab.url


def test_a_run_that_is_deleted_meanwhile_gives_way_to_another(tab, address, app_store):
    folder = app_store.root / "runs" / "short-lived"
    shutil.copytree(GALLERY_RUN, folder)
    opened(tab, f"{address}/generate?run=short-lived")
    expect(tab.get_by_text("Shipped", exact=True)).to_have_count(0)
    shutil.rmtree(folder)
    number("Start from test image", "19")(tab)
    expect(tab.get_by_text("Shipped", exact=True)).to_be_visible()
    wait_until(tab, lambda: "short-lived" not in tab.url)


def test_back_returns_to_the_image_before_it(tab, address):
    opened(tab, f"{address}/generate?run=mnist-mlp8&a=5")
    for image in ("19", "20"):
        number("Start from test image", image)(tab)
        wait_until(tab, lambda image=image: f"a={image}" in tab.url)
        settle(tab)
    for image in ("19", "5"):
        tab.go_back()
        expect(tab.get_by_label("Start from test image", exact=True)).to_have_value(image)


@pytest.mark.parametrize("reachable", [True, False])
def test_weights_are_fetched_and_where_that_fails_they_come_by_message(tab, address, reachable):
    own = tab.context.browser.new_context().new_page()
    fetched: list[int] = []
    own.on("response", lambda answer: fetched.append(answer.status) if "/_parcels/" in answer.url else None)
    if not reachable:
        own.route("**/_parcels/**", lambda route: route.fulfill(body="<html>Sign in first</html>"))
    received = opened(own, f"{address}/interpolate?run=mnist-mlp8")
    assert received == []
    expect(own.locator(".ip[data-ready] .ip-decoded canvas").first).to_be_visible(timeout=60_000)
    assert fetched
    assert set(fetched) == {200}
    own.reload()
    expect(own.locator(".ip[data-ready] .ip-decoded canvas").first).to_be_visible(timeout=60_000)
    by_message = max(map(len, received))
    assert (by_message < 200_000) == reachable, by_message
    own.context.close()
