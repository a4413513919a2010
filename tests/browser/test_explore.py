"""Interpolate, Generate and Compare in a real browser: what a hand does, and that a link brings the same view back."""

from __future__ import annotations

import base64
import re
import shutil
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.helpers.beyond import linear_run
from tests.helpers.browser import wait_until_quiet
from tests.helpers.paths import GALLERY_RUN
from tools.browser import settle

PIXELS = """c => {
  const bytes = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}"""


@pytest.fixture(scope="module", autouse=True)
def shipped(app_store):
    names = ("mnist-selu-2-clean", "colored-vae")
    for name in names:
        shutil.copytree(GALLERY_RUN.with_name(name), app_store.root / "gallery" / name)
    linear_run(app_store)
    yield
    for name in (*names, "mnist-tied"):
        shutil.rmtree(app_store.root / "gallery" / name)


def opened(tab: Page, url: str, part: str) -> Locator:
    tab.goto(url)
    settle(tab)
    found = tab.locator(f".{part}[data-ready]")
    found.wait_for()
    return found


def picture(part: Locator) -> bytes:
    """Every pixel of a canvas; as text on the way, which Playwright hands over faster than a list of numbers."""
    return base64.b64decode(part.evaluate(PIXELS))


def drag(tab: Page, part: Locator, *shares: float, height: float = 0.5) -> None:
    box = part.bounding_box()
    assert box
    for i, share in enumerate(shares):
        tab.mouse.move(box["x"] + share * box["width"], box["y"] + height * box["height"], steps=4)
        if i == 0:
            tab.mouse.down()
    tab.mouse.up()


def in_address(tab: Page, name: str) -> str | None:
    return tab.evaluate("name => new URL(location.href).searchParams.get(name)", name)


def wait_for_address(tab: Page, name: str) -> str:
    tab.wait_for_function("name => new URL(location.href).searchParams.has(name)", arg=name)
    return in_address(tab, name) or ""


# ---- Interpolate -------------------------------------------------------------------------------------


def test_dragging_walks_without_the_server_and_a_fresh_browser_finds_the_same_place(tab, address):
    frames = []
    tab.on("websocket", lambda socket: socket.on("framesent", lambda _: frames.append(1)))
    walk = opened(tab, f"{address}/interpolate?run=mnist-mlp8", "ip")
    now = walk.locator(".ip-decoded canvas")
    before = picture(now)
    wait_until_quiet(tab, lambda: len(frames))
    frames.clear()
    box = walk.locator(".ip-strip-decoded").bounding_box()
    assert box
    for share in (0.2, 0.5, 0.8):
        tab.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2, steps=12)
        if share == 0.2:
            tab.mouse.down()
    assert not frames
    assert int(walk.get_attribute("data-frames") or 0) > 5
    tab.mouse.up()
    at = wait_for_address(tab, "at")
    assert float(at) == pytest.approx(0.83, abs=0.05)
    after = picture(now)
    assert after != before
    fresh = tab.context.new_page()
    same = opened(fresh, tab.url, "ip")
    assert same.get_attribute("data-at") == at
    assert picture(same.locator(".ip-decoded canvas")) == after
    fresh.close()


def test_keys_step_and_space_plays(tab, address):
    walk = opened(tab, f"{address}/interpolate?n=5", "ip")
    slider = walk.locator(".ip-slider")
    slider.focus()
    tab.keyboard.press("Home")
    expect(walk).to_have_attribute("data-at", "0.000")
    tab.keyboard.press("ArrowRight")
    expect(walk).to_have_attribute("data-at", "0.250")
    tab.keyboard.press("End")
    expect(walk).to_have_attribute("data-at", "1.000")
    tab.keyboard.press("Space")
    expect(walk.get_by_role("button", name="Pause").first).to_be_visible()
    tab.wait_for_function("() => Number(document.querySelector('.ip')?.dataset.at ?? 1) !== 1 || true")
    tab.keyboard.press("Space")
    expect(walk.get_by_role("button", name="Play").first).to_be_visible()


def test_the_way_is_judged_while_one_looks_and_comes_down_as_files(tab, address):
    walk = opened(tab, f"{address}/interpolate?run=mnist-mlp8&a=18&b=4", "ip")
    expect(walk).to_have_attribute("data-looked", "true")
    assert walk.locator(".ip-plot .curve").get_attribute("points")
    digits = walk.locator(".ip-plot .digit").all_text_contents()
    assert digits[0] == "3"
    assert digits[-1] == "4"
    expect(walk.locator(".ip-readout")).to_contain_text("nearest real code: test image")
    expect(walk.locator(".ip-readout")).to_contain_text("typical between real codes")
    tab.get_by_role("button", name="Export").first.click()
    for name, magic in (("PNG image", b"\x89PNG"), ("SVG", b"<svg"), ("PDF", b"%PDF"), ("GIF", b"GIF89a")):
        with tab.expect_download() as coming:
            tab.get_by_role("button", name=name, exact=True).click()
        path = coming.value.path()
        assert path.read_bytes().startswith(magic)
        assert coming.value.suggested_filename.startswith("mnist-mlp8-interpolation")


def test_a_way_through_several_images_goes_from_one_to_the_next(tab, address):
    walk = opened(tab, f"{address}/interpolate?run=mnist-mlp8&mode=several&stops=4", "ip")
    decoded = walk.locator(".ip-decoded canvas")
    readout = walk.locator(".ip-readout")
    third = walk.get_by_role("button", name="Go to image 3")
    third.click()
    expect(readout).to_contain_text("at image 3")
    assert wait_for_address(tab, "at") == "0.667"
    there = picture(decoded)
    for key, image in (("PageUp", 4), ("PageUp", 4), ("PageDown", 3)):  # up is forwards, as on any slider
        tab.keyboard.press(key)
        expect(readout).to_contain_text(f"at image {image}")
    tab.keyboard.press("ArrowLeft")
    expect(readout).to_contain_text(re.compile(r"75.?% of the way from image 2 to 3"))
    assert picture(decoded) != there
    # A link's three decimals mean the image itself.
    walk = opened(tab, f"{address}/interpolate?run=mnist-mlp8&mode=several&stops=4&at=0.667", "ip")
    expect(walk.locator(".ip-readout")).to_contain_text("at image 3")
    assert picture(walk.locator(".ip-decoded canvas")) == there
    assert walk.locator(".ip-end:visible").count() == 0
    # The strip has the same image there: with three between, the stops are frames 0, 4, 8 and 12.
    assert picture(walk.locator(".ip-strip-decoded canvas").nth(8)) == there


def test_the_plane_follows_the_pointer_and_back_returns(tab, address):
    walk = opened(tab, f"{address}/interpolate?run=mnist-selu-2-clean&mode=four&side=5", "ip")
    expect(walk).to_have_attribute("data-looked", "true")
    here = walk.locator(".ip-here canvas")
    before = picture(here)
    drag(tab, walk.locator(".ip-map"), 0.5, 0.9, height=0.1)
    at = wait_for_address(tab, "at")
    across, down = map(float, at.split(","))
    assert across == pytest.approx(1, abs=0.02)
    assert down == pytest.approx(0, abs=0.02)
    assert picture(here) != before
    walk.locator(".ip-map").focus()
    tab.keyboard.press("ArrowDown")
    expect(walk).to_have_attribute("data-at", "1.000,0.250")
    assert walk.locator(".ip-corners canvas").count() == 4


def test_an_image_is_moved_along_a_direction_and_its_link_and_back_restore_it(tab, address):
    walk = opened(tab, f"{address}/interpolate?run=mnist-mlp8&mode=along&along=slant&a=18", "ip")
    expect(walk).to_have_attribute("data-checked", "true")
    expect(walk.locator(".ip-measured")).to_contain_text("asked for −40° and +40°, the slant changed by −28")
    now, unmoved = walk.locator(".ip-decoded canvas"), walk.locator(".ip-pixels canvas")
    assert picture(now) == picture(unmoved)
    expect(walk.locator(".ip-strip-decoded canvas")).to_have_count(9)
    drag(tab, walk.locator(".ip-slider"), 0.5, 0.75)
    at = wait_for_address(tab, "at")
    assert float(at) == pytest.approx(0.75, abs=0.03)
    expect(walk.locator(".ip-measured")).to_contain_text("asked for +20°, the slant changed by +")
    expect(walk.locator(".ip-decoded")).to_contain_text("moved by +")
    after = picture(now)
    assert after != picture(unmoved)
    fresh = tab.context.new_page()
    same = opened(fresh, tab.url, "ip")
    expect(same).to_have_attribute("data-at", at)
    apart = [abs(a - b) for a, b in zip(picture(same.locator(".ip-decoded canvas")), after, strict=True)]
    assert max(apart) <= 3, "the address has three decimals of the position"
    fresh.close()
    tab.get_by_role("radio", name="Thickness").first.click()
    expect(walk.locator(".ip-decoded")).to_contain_text("px")
    assert in_address(tab, "along") == "thickness"
    tab.go_back()
    expect(walk.locator(".ip-decoded")).to_contain_text("moved by +")
    expect(walk.locator(".ip-decoded")).to_contain_text("slant")
    expect(walk).to_have_attribute("data-at", at)


def test_settings_of_another_mode_are_kept_while_it_is_not_shown(tab, address):
    walk = opened(tab, f"{address}/interpolate?run=mnist-mlp8&path=arc&n=5", "ip")
    tab.get_by_role("radio", name="Along a direction").first.click()
    expect(walk.locator(".ip-measured")).to_contain_text("the classifier reads 8")
    tab.get_by_role("radio", name="Slant").first.click()
    expect(walk.locator(".ip-measured")).to_contain_text("the slant changed by")
    tab.get_by_role("radio", name="Between two images").first.click()
    expect(walk.locator(".ip-measured")).to_be_hidden()
    expect(walk.locator(".ip-strip-pixels canvas").first).to_be_visible()
    expect(walk.locator(".ip-strip-decoded canvas")).to_have_count(5)
    assert (in_address(tab, "path"), in_address(tab, "mode")) == ("arc", None)


# ---- Generate ----------------------------------------------------------------------------------------


def test_a_slider_changes_the_picture_at_once_and_the_link_keeps_it(tab, address):
    maker = opened(tab, f"{address}/generate?run=mnist-selu-2-clean", "ge")
    canvas = maker.locator(".ge-result canvas")
    before = picture(canvas)
    drag(tab, maker.locator("input[data-unit='1']"), 0.5, 0.9)
    after = picture(canvas)
    assert after != before
    expect(maker.locator(".ge-result .ge-near")).to_contain_text("distance")
    wait_for_address(tab, "code")
    vector = maker.get_attribute("data-vector")
    fresh = tab.context.new_page()
    same = opened(fresh, tab.url, "ge")
    assert same.get_attribute("data-vector") == vector
    fresh.close()
    maker.get_by_role("button", name="Reset").click()
    tab.wait_for_function("() => !new URL(location.href).searchParams.has('code')")
    assert picture(canvas) == before


def test_random_codes_stand_above_their_images_and_open_their_sliders(tab, address):
    maker = opened(tab, f"{address}/generate?run=mnist-selu-2-clean&view=random&n=10", "ge")
    expect(maker.locator(".ge-random")).to_have_attribute("data-done", "10")
    card = maker.locator(".ge-card").nth(3)
    numbers = [float(part) for part in card.locator(".ge-vector").inner_text().replace("−", "-").split()]
    shown = picture(card.locator("canvas"))
    card.click()
    maker.locator(".ge-units").wait_for()
    assert [float(part) for part in wait_for_address(tab, "code").split(",")] == pytest.approx(numbers, abs=0.01)
    close = [abs(a - b) for a, b in zip(picture(maker.locator(".ge-result canvas")), shown, strict=True)]
    assert max(close) <= 3  # the address rounds


def test_a_vae_is_swept_unit_by_unit(tab, address):
    maker = opened(tab, f"{address}/generate?run=colored-vae&view=traversal", "ge")
    expect(maker.locator(".ge-traversal")).to_have_attribute("data-done", "20")
    assert maker.locator(".ge-row").first.locator("canvas").count() == 9
    expect(maker.locator(".ge-note")).to_contain_text("Inactive")


def test_a_filter_leads_to_the_slider_of_its_unit(tab, address):
    maker = opened(tab, f"{address}/generate?run=mnist-tied&view=filters", "ge")
    expect(maker.locator(".ge-filter").first).to_be_visible()
    card = maker.locator(".ge-filter:enabled").nth(1)
    unit = int((card.locator("b").inner_text()).removeprefix("unit ")) - 1
    painted = picture(card.locator("canvas"))
    assert [at // 4 for at in range(3, len(painted), 4) if painted[at]] == [unit]
    card.click()
    expect(maker.locator(f".ge-sought input[data-unit='{unit}']").first).to_be_focused()
    assert in_address(tab, "view") is None


def test_a_drawn_one_is_read_and_its_code_taken(tab, address):
    maker = opened(tab, f"{address}/generate?run=mnist-mlp8&view=draw", "ge")
    pad, made = maker.locator(".ge-pad"), maker.locator(".ge-made")
    blank = picture(made)
    box = pad.bounding_box()
    assert box
    tab.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=12)
    tab.mouse.up()
    expect(maker.locator(".ge-drawn-says")).to_contain_text("reads 1")
    expect(maker.locator(".ge-made-says")).to_contain_text("reads 1")
    assert picture(made) != blank
    maker.get_by_role("button", name="Open its code in the sliders").click()
    maker.locator(".ge-units").wait_for()
    assert wait_for_address(tab, "code").count(",") == 7


# ---- Compare -----------------------------------------------------------------------------------------


def test_the_same_images_through_two_runs_as_a_sheet_and_a_file(tab, address):
    bench = opened(tab, f"{address}/compare?runs=mnist-mlp8,mnist-selu-2-clean&view=images", "cb")
    expect(bench).to_have_attribute("data-done", re.compile(r"^\[0\.0"))
    assert bench.locator(".cb-score.cb-best").count() == 8
    assert bench.locator(".cb-error canvas").count() == 16
    tab.get_by_role("button", name="Export").first.click()
    with tab.expect_download() as coming:
        tab.get_by_role("button", name="PNG image").click()
    assert coming.value.path().read_bytes().startswith(b"\x89PNG")


def test_curves_come_down_as_files(tab, address):
    tab.goto(f"{address}/compare?runs=mnist-mlp8,mnist-selu-2-clean")
    settle(tab)
    with tab.expect_download() as coming:
        chart = tab.locator(".pc[data-drawn]").first
        chart.get_by_role("button", name="Save").click()
        chart.locator('[data-format="svg"]').click()
    drawn = coming.value.path().read_text()
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    assert "A mnist-mlp8" in drawn
    assert "B mnist-selu-2-clean" in drawn
    with tab.expect_download() as coming:
        chart.get_by_role("button", name="Save").click()
        chart.locator('[data-format="pdf"]').click()
    assert coming.value.path().read_bytes().startswith(b"%PDF")
    assert coming.value.suggested_filename == "test-loss-of-2-runs.pdf"


def test_one_slider_moves_all_and_stands_in_the_address(tab, address):
    bench = opened(tab, f"{address}/compare?runs=mnist-mlp8,mnist-selu-2-clean&view=way", "cb")
    lanes = [lane.locator("canvas").first for lane in bench.locator(".cb-lane").all()]
    before = [picture(lane) for lane in lanes]
    drag(tab, bench.locator(".cb-slider"), 0.5, 0.9)
    assert all(picture(lane) != old for lane, old in zip(lanes, before, strict=True))
    at = float(wait_for_address(tab, "at"))
    assert at == pytest.approx(0.9, abs=0.03)
    again = opened(tab, tab.url, "cb")
    assert float(again.get_attribute("data-at") or 0) == pytest.approx(at)


def test_back_returns_to_the_view_before(tab, address):
    opened(tab, f"{address}/compare?runs=mnist-mlp8,mnist-selu-2-clean&view=images", "cb")
    tab.get_by_role("radio", name="Interpolation").or_(tab.get_by_role("button", name="Interpolation")).first.click()
    tab.locator(".cb-slider").first.wait_for()
    assert in_address(tab, "view") == "way"
    tab.get_by_role("link", name="Generate").click()
    tab.locator(".ge[data-ready]").wait_for()
    tab.go_back()
    tab.locator(".cb-slider").first.wait_for()  # the page that goes may have one still
    assert in_address(tab, "view") == "way"


@pytest.mark.parametrize(
    ("page", "part", "drawn"),
    [
        ("compare?runs=mnist-mlp8,mnist-selu-2-clean&view=way&at=0.900", "cb", ".cb-lane canvas"),
        ("interpolate?run=mnist-mlp8", "ip", ".ip-strip canvas"),
        ("replay?run=mnist-mlp8", "rp", ".rp-sheet canvas"),
    ],
)
def test_what_says_that_it_is_ready_is_drawn(tab, address, page, part, drawn):
    """However late the browser says how wide it is."""
    late = "const Now = ResizeObserver; ResizeObserver = class extends Now {"
    late += "constructor(call) { super((...all) => setTimeout(() => call(...all), 1500)); } };"
    own = tab.context.new_page()  # the script would stay in the tab of all tests
    own.add_init_script(late)
    found = opened(own, f"{address}/{page}", part)
    assert found.locator(drawn).count() > 0
