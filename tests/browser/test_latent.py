"""The latent space under the hand: turning, pointing, pinning, drawing round, in the app and in a file of its own."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from aecore import jobs
from aecore.jobs import projection as projection_job
from aecore.latent.projection_store import read_projection
from aecore.presets import preset
from aecore.runs.run import Run
from aecore.viewer.html_export import cloud_page
from benchmarks import cloud
from tests.helpers.paths import GALLERY_RUN
from tools.browser import settle

CLOUD = ".cl[data-ready=true]"


@pytest.fixture(scope="module")
def digits(app_store):
    """A quick run on digits, of which nothing is drawn yet."""
    changes = {"training.epochs": 2, "training.batch_size": 256, "name": "Cloud"}
    run = jobs.submit(preset("digits-quick").experiment.changed(changes), "cpu", app_store)
    assert jobs.work(run) == "finished"
    yield run
    shutil.rmtree(run.path)


def opened(tab: Page, address: str, query: str) -> Locator:
    tab.goto(f"{address}/latent?{query}")
    return ready(tab)


def ready(tab: Page) -> Locator:
    cloud = tab.locator(CLOUD)
    cloud.wait_for(timeout=60_000)
    settle(tab)
    at_rest(tab)
    return cloud


def at_rest(tab: Page) -> None:
    """Until nothing has been drawn for a while."""
    stage, before = tab.locator(".cl-stage").first, ""
    for _ in range(100):
        now = stage.get_attribute("data-frames") or ""
        if now and now == before:
            return
        before = now
        tab.wait_for_timeout(350)
    raise AssertionError("it never came to rest")


def middle(tab: Page) -> tuple[float, float]:
    box = tab.locator(".cl-stage").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(tab: Page, *path: tuple[float, float]) -> None:
    """From the first place to the last, as seen from the middle of the stage."""
    x, y = middle(tab)
    tab.mouse.move(x + path[0][0], y + path[0][1])
    tab.mouse.down()
    for across, down in path[1:]:
        tab.mouse.move(x + across, y + down, steps=4)
    tab.wait_for_timeout(100)  # it is held still before it is let go: no swing
    tab.mouse.up()


def point_at_something(tab: Page) -> str:
    """Move the pointer until it is over a point; returns the number of its test image."""
    x, y = middle(tab)
    for across in range(-200, 200, 6):
        tab.mouse.move(x + across, y + across / 3)
        if found := tab.locator(".cl").get_attribute("data-hover"):
            return found
    raise AssertionError("there is no point in the middle of the cloud")


def test_turn_point_pin_and_open_the_address_again(tab, address):
    cloud = opened(tab, address, "run=mnist-mlp8&method=tsne&dims=3")
    home = cloud.get_attribute("data-camera")
    drag(tab, (0, 0), (120, 40))
    expect(cloud).not_to_have_attribute("data-camera", str(home))
    number = point_at_something(tab)
    expect(tab.locator(".cl-card")).to_contain_text(f"test image {number} · ")
    expect(tab.locator(".cl-card")).to_contain_text("error")
    expect(tab.locator(".cl-card canvas")).to_have_count(2)
    tab.mouse.down()
    tab.mouse.up()
    expect(cloud).to_have_attribute("data-pinned", number)
    expect(tab.locator(".cl-neighbour")).to_have_count(10)
    drawn = tab.locator(".cl-neighbour canvas").first.evaluate(
        "node => new Set(node.getContext('2d').getImageData(0, 0, node.width, node.height).data).size"
    )
    assert drawn > 5
    expect(tab).to_have_url(re.compile(rf"#camera=3d,.*&point={number}$"))
    camera, link = cloud.get_attribute("data-camera"), tab.url

    again = tab.context.new_page()
    again.goto(link)
    cloud = ready(again)
    expect(cloud).to_have_attribute("data-camera", str(camera))
    expect(cloud).to_have_attribute("data-pinned", number)
    expect(again.locator(".cl-shown")).to_contain_text(f"test image {number} · ")
    neighbour = again.locator(".cl-neighbour").nth(1)
    there = neighbour.get_attribute("data-index")
    neighbour.click()
    expect(cloud).to_have_attribute("data-pinned", str(there))


def test_what_is_pointed_at_below_is_pointed_at_in_the_cloud_and_back(tab, address):
    cloud = opened(tab, address, "run=mnist-mlp8&method=tsne&dims=2")
    worst = tab.locator(".cl-worst .cl-thumb")
    expect(worst).to_have_count(16)
    errors = [float(text) for text in worst.locator("span").all_text_contents()]
    assert errors == sorted(errors, reverse=True)
    codes = Run(GALLERY_RUN).tensors("codes.safetensors")
    assert errors[0] == pytest.approx(codes["errors"].max(), rel=5e-3)
    number = str(codes["indices"][codes["errors"].argmax()])
    worst.first.hover()
    expect(cloud).to_have_attribute("data-hover", number)
    expect(worst.first).to_have_class(re.compile("cl-attended"))
    first = tab.locator(".cl-distribution").filter(has_text="Unit 1").first
    row = codes["indices"].tolist().index(int(number))
    expect(tab.locator(".cl-distribution line.hovered").first).to_have_attribute("visibility", "visible")
    assert float(first.locator("b span").inner_text()) == pytest.approx(float(codes["codes"][row][0]), rel=5e-3)
    worst.first.click()
    expect(cloud).to_have_attribute("data-pinned", number)
    tab.mouse.move(2, 2)
    expect(tab.locator(".cl-distribution line.pinned").first).to_have_attribute("visibility", "visible")
    expect(worst.first).to_have_class(re.compile("cl-attended"))
    first.click()
    expect(first).to_have_attribute("aria-pressed", "true")


@pytest.mark.proof  # in short: test_turn_point_pin
def test_the_camera_stays_through_reruns_other_drawings_and_other_pages(tab, address):
    cloud = opened(tab, address, "run=mnist-mlp8&method=tsne&dims=3")
    drag(tab, (0, 0), (90, -30))
    at_rest(tab)
    camera = str(cloud.get_attribute("data-camera"))
    stage = tab.locator(".cl-stage")
    stage.evaluate("node => { node.mark = 'the same node'; }")
    tab.get_by_role("radio", name="PCA").click()
    expect(cloud).to_have_attribute("data-view", re.compile("points-"))
    expect(tab).to_have_url(re.compile("method=pca"))
    settle(tab)
    at_rest(tab)
    assert stage.evaluate("node => node.mark") == "the same node"
    expect(cloud).to_have_attribute("data-camera", camera)
    tab.reload()
    expect(ready(tab)).to_have_attribute("data-camera", camera)
    tab.go_back()
    expect(tab).to_have_url(re.compile("method=tsne"))
    settle(tab)
    expect(cloud).to_have_attribute("data-camera", camera)
    tab.get_by_role("link", name="Restore").click()
    expect(tab.get_by_role("heading", name="Restore").first).to_be_visible()
    tab.get_by_role("link", name="Latent space").click()
    expect(ready(tab)).to_have_attribute("data-camera", camera)


def test_legend_find_colours_and_keys(tab, address):
    cloud = opened(tab, address, "run=mnist-mlp8&method=tsne&dims=3")
    stage = tab.locator(".cl-stage")
    three = tab.locator(".cl-class[data-label='3']")
    expect(three).to_contain_text(re.compile(r"3\s*292"))
    three.hover()
    expect(cloud).to_have_attribute("data-emphasised", "3")
    three.click()
    expect(cloud).to_have_attribute("data-hidden", "3")
    expect(cloud).to_have_attribute("data-emphasised", "")  # the others are as they were
    three.click()
    expect(cloud).to_have_attribute("data-hidden", "")
    three.dblclick()
    expect(cloud).to_have_attribute("data-hidden", "0 1 2 4 5 6 7 8 9")
    three.dblclick()
    expect(cloud).to_have_attribute("data-hidden", "")

    find = tab.get_by_label("Find a class or a test image")
    find.fill("7")
    find.press("Enter")
    expect(cloud).to_have_attribute("data-hidden", "0 1 2 3 4 5 6 8 9")
    find.fill("#0")
    find.press("Enter")
    expect(cloud).to_have_attribute("data-pinned", "0")
    find.fill("#1")
    find.press("Enter")
    expect(tab.locator(".cl-shown")).to_contain_text("not one of the 3,000 points")
    find.fill("cat")
    find.press("Enter")
    expect(tab.locator(".cl-said")).to_contain_text("No such class")

    tab.get_by_role("button", name="Unit", exact=True).click()
    tab.get_by_role("spinbutton", name="Unit").fill("3")
    expect(tab).to_have_url(re.compile("color=unit2"))
    expect(tab.locator(".cl-ramp")).to_be_visible()

    stage.focus()
    before = str(cloud.get_attribute("data-camera"))
    tab.keyboard.press("ArrowLeft")
    expect(cloud).not_to_have_attribute("data-camera", before)
    tab.keyboard.press("]")
    expect(cloud).not_to_have_attribute("data-pinned", "1")
    tab.keyboard.press("Escape")
    expect(cloud).to_have_attribute("data-pinned", "")
    tab.keyboard.press("r")
    at_rest(tab)
    expect(cloud).to_have_attribute("data-camera", "3d,0.62,0.32,1.95,0,0,0")
    tab.keyboard.press(" ")
    expect(cloud).to_have_attribute("data-spin", "true")
    turning = str(cloud.get_attribute("data-camera"))
    expect(cloud).not_to_have_attribute("data-camera", turning)
    tab.keyboard.press(" ")
    at_rest(tab)  # and nothing is drawn any more


def test_the_wheel_is_the_pages_until_a_click_lasso_and_box_tell_what_is_inside_and_all_is_saved(
    tab, address, tmp_path: Path
):
    cloud = opened(tab, address, "run=mnist-mlp8&method=tsne&dims=2")
    home = str(cloud.get_attribute("data-camera"))
    x, y = middle(tab)
    tab.mouse.move(x + 300, y + 280)
    tab.mouse.wheel(0, -200)
    expect(tab.locator(".cl-hint")).to_be_visible()
    expect(cloud).to_have_attribute("data-camera", home)
    tab.mouse.down()
    tab.mouse.up()
    tab.mouse.wheel(0, -200)
    expect(cloud).not_to_have_attribute("data-camera", home)
    at_rest(tab)

    tab.get_by_role("button", name="Select by lasso").click()
    drag(tab, (-150, 0), (0, -150), (150, 0), (0, 150))
    expect(cloud).to_have_attribute("data-selected", re.compile(r"^\d+$"))
    inside = int(str(cloud.get_attribute("data-selected")))
    assert 20 < inside < 3000
    panel = tab.locator(".cl-shown")
    expect(panel).to_contain_text(f"{inside:,} points selected")
    counts = [
        int(text.replace(",", "")) for text in panel.locator(".cl-bars > div > span:last-child").all_inner_texts()
    ]
    assert sum(counts) == inside
    expect(panel.locator(".cl-large canvas")).to_have_count(2)
    panel.get_by_role("button", name="Start a direction here").click()
    expect(cloud).to_have_attribute("data-start", str(inside))
    tab.get_by_role("button", name="Select a box").click()
    drag(tab, (-350, -300), (350, 300))
    assert int(str(cloud.get_attribute("data-selected"))) > inside
    tab.keyboard.press("Escape")
    expect(cloud).to_have_attribute("data-selected", "")

    # The page can be taken away.
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save as a web page").click()
    assert download.value.suggested_filename == "mnist-mlp8-tsne-2d.html"
    assert Path(download.value.path()).read_text().startswith("<!doctype html>")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save as an image").click()
    assert download.value.suggested_filename == "mnist-mlp8-tsne-2d.png"
    assert Path(download.value.path()).stat().st_size > 10_000

    # From the first selection leads a direction to another.
    tab.get_by_role("button", name="Select a box").click()
    drag(tab, (-350, -300), (0, 300))
    panel.get_by_role("button", name=f"Direction from {inside:,} kept points to these").click()
    moved = tab.locator(".ip[data-ready]")
    moved.wait_for()
    expect(tab.get_by_text(f"minus that of {inside:,} selected points").first).to_be_visible()
    assert "along=points" in tab.url


def test_fingers_turn_and_pinch(browser: Browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(30_000)
    tab = context.new_page()
    cloud = opened(tab, address, "run=mnist-mlp8&method=tsne&dims=3")
    home = str(cloud.get_attribute("data-camera"))
    tab.locator(".cl-stage").scroll_into_view_if_needed()
    x, y = middle(tab)
    touch = tab.context.new_cdp_session(tab)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": a, "y": b, "id": i} for i, (a, b) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (x, y))
    for step in range(1, 6):
        fingers("touchMove", (x + 12 * step, y))
    fingers("touchEnd")
    at_rest(tab)
    turned = str(cloud.get_attribute("data-camera"))
    assert turned.split(",")[1] != home.split(",")[1]
    fingers("touchStart", (x - 30, y), (x + 30, y))
    for step in range(1, 6):
        fingers("touchMove", (x - 30 - 10 * step, y), (x + 30 + 10 * step, y))
    fingers("touchEnd")
    at_rest(tab)
    assert float(str(cloud.get_attribute("data-camera")).split(",")[3]) < float(turned.split(",")[3]) * 0.7
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_a_new_drawing_moves_while_it_is_made(tab, address, digits: Run):
    cloud = opened(tab, address, f"run={digits.id}&method=tsne&dims=2")
    expect(tab.get_by_text("this is its PCA").first).to_be_visible()
    tab.get_by_role("button", name="New projection").click()
    tab.get_by_role("spinbutton", name="Perplexity").fill("15")
    tab.get_by_role("spinbutton", name="Iterations").fill("3000")
    tab.get_by_role("spinbutton", name="Iterations").press("Enter")
    settle(tab)
    tab.get_by_role("button", name="Start").click()
    progress = tab.locator(".cl-progress")
    expect(progress).to_contain_text("of 3,000 iterations", timeout=60_000)
    expect(cloud).to_have_attribute("data-view", re.compile("moving-"))
    told = progress.inner_text()
    first = tab.locator(".cl-stage").screenshot()  # by then it may be done, and nothing is told any more
    expect(progress).not_to_have_text(told)
    assert tab.locator(".cl-stage").screenshot() != first
    expect(tab.locator(".cl-trust")).to_contain_text("Trustworthiness", timeout=120_000)
    expect(cloud).to_have_attribute("data-view", re.compile("points-"))
    expect(tab.get_by_text("perplexity 15, 3,000 iterations").first).to_be_visible()
    made = read_projection(digits, "tsne", 2)
    assert made is not None
    assert made.parameters["perplexity"] == 15
    assert projection_job.read_progress(digits) is None


def test_a_corrupted_image_appears_in_the_map(tab, address, digits: Run):
    cloud = opened(tab, address, f"run={digits.id}&method=pca&dims=2")
    tab.get_by_text("Project a new image").click()
    panel = tab.locator(".cl-shown")
    expect(panel).to_contain_text("test image 0 · ", timeout=60_000)
    expect(panel).to_contain_text("model input")
    expect(panel).to_contain_text("Exact position")
    expect(panel.locator(".cl-neighbour")).to_have_count(10)
    panel.locator(".cl-neighbour").first.click()
    expect(cloud).to_have_attribute("data-pinned", re.compile(r"\d"))


def test_the_file_of_its_own_opens_without_a_server(tab, tmp_path: Path):
    asked, broken = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("pageerror", lambda error: broken.append(error))
    path = tmp_path / "cloud.html"
    path.write_text(cloud_page(Run(GALLERY_RUN), "tsne", 3))
    tab.goto(path.as_uri())
    cloud = tab.locator(CLOUD)
    cloud.wait_for()
    at_rest(tab)
    number = point_at_something(tab)
    expect(tab.locator(".cl-card canvas")).to_have_count(2)
    tab.mouse.down()
    tab.mouse.up()
    expect(cloud).to_have_attribute("data-pinned", number)
    expect(tab.locator(".cl-neighbour")).to_have_count(10)
    expect(tab).to_have_url(re.compile(f"point={number}"))
    tab.reload()
    expect(tab.locator(CLOUD)).to_have_attribute("data-pinned", number)
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked)
    assert not broken


def test_lost_graphics_come_back_and_a_browser_without_webgl_draws_too(tab, tmp_path: Path):
    path = tmp_path / "cloud.html"
    path.write_text(cloud_page(Run(GALLERY_RUN), "tsne", 3))
    tab.goto(path.as_uri())
    tab.locator(CLOUD).wait_for()
    at_rest(tab)
    stage = tab.locator(".cl-stage")
    expect(stage).to_have_attribute("data-painter", "webgl2")
    before = stage.screenshot()
    tab.evaluate(
        """() => { const canvas = document.querySelector('.cl-gl');
        globalThis.lose = canvas.getContext('webgl2').getExtension('WEBGL_lose_context'); lose.loseContext(); }"""
    )
    tab.wait_for_timeout(300)
    tab.evaluate("lose.restoreContext()")
    at_rest(tab)
    tab.wait_for_timeout(500)
    assert stage.screenshot() == before

    again = tab.context.new_page()  # the script would stay in the tab of all tests
    again.add_init_script(
        """const known = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          return kind === 'webgl2' ? null : known.call(this, kind, ...rest); };"""
    )
    again.goto(path.as_uri())
    stage = again.locator(".cl-stage")
    again.locator(CLOUD).wait_for()
    at_rest(again)
    expect(stage).to_have_attribute("data-painter", "canvas")
    colours = again.locator(".cl-gl").evaluate(
        """node => { const { data } = node.getContext('2d').getImageData(0, 0, node.width, node.height);
        return new Set(new Uint32Array(data.buffer)).size; }"""
    )
    assert colours > 10
    point_at_something(again)


def test_a_report_shows_its_codes_and_draws_them_once_they_are_in_sight(tab, address):
    tab.goto(f"{address}/reports?report=000")
    cloud = tab.locator(".cl[data-ready]")
    cloud.wait_for(state="attached", timeout=60_000)
    stage = cloud.locator(".cl-stage")
    tab.wait_for_timeout(1500)
    frames = int(stage.get_attribute("data-frames") or 0)
    assert frames <= 3, "it moves out of sight"
    stage.scroll_into_view_if_needed()
    tab.wait_for_function(
        "([stage, frames]) => Number(stage.dataset.frames) > frames + 3", arg=[stage.element_handle(), frames]
    )
    expect(cloud.locator(".cl-class")).to_have_count(10)
    expect(cloud).to_contain_text("Trustworthiness")


@pytest.mark.proof  # in short: the tests of the same page above and below
def test_every_measurement_of_many_points_comes_about(browser: Browser):
    found = cloud.measure(browser, 3000, 0.3, tries=4)
    assert found["failures"] == []
    assert found["fps"] > 0
    assert all(found[name] > 0 for name in ("open_s", "script_ms", "point_ms", "pin_ms", "find_ms")), found


def test_where_webgl_is_slow_the_processor_draws_the_same_dots(tab, tmp_path: Path):
    path = tmp_path / "many.html"
    path.write_text(cloud.made_page(6000))
    shown = []
    for slow in (False, True):
        own = tab.context.new_page()
        own.set_viewport_size({"width": 900, "height": 700})
        own.emulate_media(reduced_motion="no-preference" if slow else "reduce")  # only what moves is timed
        if slow:
            # Far slower than dots by the processor are on a machine that is busy with other things too.
            own.add_init_script(
                """const draw = WebGL2RenderingContext.prototype.drawArrays;
                WebGL2RenderingContext.prototype.drawArrays = function (...all) {
                  for (const end = performance.now() + 250; performance.now() < end;);
                  return draw.apply(this, all); };"""
            )
        own.goto(path.as_uri())
        own.locator(CLOUD).wait_for()
        stage = own.locator(".cl-stage")
        stage.focus()
        # It takes some frames to be known as slow, more than a busy machine draws while the points unfold.
        if slow:
            own.keyboard.press("Space")
            expect(stage).to_have_attribute("data-painter", "dots")
            own.keyboard.press("Space")
        own.keyboard.press("r")
        at_rest(own)
        expect(stage).to_have_attribute("data-painter", "dots" if slow else "webgl2")
        own.mouse.move(5, 5)
        dots = _pixels(stage)
        # A pinned image and its neighbours' are pictures among the dots.
        own.locator(".cl-find input").fill("#3")
        own.locator(".cl-find input").press("Enter")
        expect(own.locator(".cl-neighbour")).to_have_count(10)
        at_rest(own)
        expect(stage).to_have_attribute("data-painter", "dots" if slow else "webgl2")
        shown.append((dots, _pixels(stage)))
    for by_webgl, by_processor in zip(*shown, strict=True):
        apart = np.abs(by_webgl - by_processor)
        assert apart.mean() < 2, "of 255"
        assert (apart.max(2) > 60).mean() < 0.01
    assert np.unique(shown[1][0].reshape(-1, 3), axis=0).shape[0] > 100
    changed = np.abs(shown[0][0] - shown[0][1]).max(2) > 60
    assert changed.sum() > 200, "the pictures are there"
    apart = np.abs(shown[0][1] - shown[1][1])
    assert apart[changed].mean() < 12, "and stand upright in both: 7, and 21 where one is on its head"


def _pixels(stage: Locator) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(stage.screenshot())).convert("RGB"), float)
