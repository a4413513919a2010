"""What a person does, in a real browser, against a real server and real training."""

from __future__ import annotations

import re
import shutil
import time

import pytest
from playwright.sync_api import Page, expect

from aecore import jobs
from aecore.devices import devices
from aecore.jobs import device_queue
from aecore.presets import preset
from aecore.runs.process import this_process
from aecore.runs.run import Run
from aecore.runs.state import run_state
from aecore.runs.store import Store
from tests.helpers.browser import wait_until
from tests.helpers.paths import GALLERY_RUN
from tools.browser import settle

PLOT = ".pc[data-drawn] .pc-plot"


def fill_number(tab: Page, label: str, value: int) -> None:
    field = tab.get_by_label(label, exact=True)
    field.fill(str(value))
    field.press("Enter")


def wait_for_state(tab: Page, state: str, timeout_ms: int) -> None:
    expect(tab.locator(".stMarkdownBadge").filter(has_text=state)).to_be_visible(timeout=timeout_ms)


def started(tab: Page, address: str, epochs: int, store: Store) -> Run:
    """A run of the quick preset, started from the form and seen to train."""
    tab.goto(f"{address}/train?preset=digits-quick")
    settle(tab)
    fill_number(tab, "Epochs", epochs)
    expect(tab.get_by_text(f"Epochs: 60 → {epochs}").first).to_be_visible()
    tab.get_by_role("button", name="Start").click()
    expect(tab.locator(PLOT).locator("path.js-line").first).to_be_visible(timeout=60_000)
    run = store.listed(re.search(r"run=([\w-]+)", tab.url)[1])  # type: ignore[index]
    assert run is not None
    return run


def test_watch_reload_stop_resume_and_delete(tab, address, app_store):
    run = started(tab, address, 3000, app_store)
    plot = tab.locator(PLOT)

    # Zoom in, and see that new points leave the zoom alone.
    plot.evaluate("node => { node.mark = 'the same node'; }")
    # Beside the epochs so far, where the last one is not.
    wait_until(tab, lambda: len(run.metrics()) > 5)
    box = plot.locator(".nsewdrag").first.bounding_box()
    assert box
    tab.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + box["height"] / 2)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + box["height"] / 2, steps=4)
    tab.mouse.up()
    shown = "plot => plot._fullLayout.xaxis.range.map(Number)"
    wait_until(tab, lambda: plot.evaluate(shown)[0] > 1)
    zoomed = plot.evaluate(shown)
    drawn = plot.get_attribute("aria-label")
    expect(plot).not_to_have_attribute("aria-label", str(drawn))
    assert plot.evaluate(shown) == zoomed
    assert plot.evaluate("node => node.mark") == "the same node"
    tab.get_by_role("button", name="Reset").click()
    wait_until(tab, lambda: plot.evaluate(shown)[0] == 1)

    # In the middle of it the page is loaded anew: nothing about the run changes.
    assert run_state(run) == "running"
    tab.reload()
    settle(tab)
    expect(tab.get_by_text(re.compile(r"Epoch [\d,]+ of 3,000")).first).to_be_visible()

    tab.get_by_role("button", name="Stop").click()
    expect(tab.get_by_role("button", name="Stop", exact=True)).to_have_count(0)  # not to be pressed again
    wait_for_state(tab, "stopped", 60_000)
    expect(tab.get_by_test_id("stToast")).to_have_count(0)
    stopped_at = len(run.metrics())
    tab.get_by_role("button", name="Resume").click()
    wait_for_state(tab, "running", 60_000)
    wait_until(tab, lambda: len(run.metrics()) > stopped_at)
    tab.get_by_role("button", name="Stop").click()
    wait_for_state(tab, "stopped", 60_000)
    expect(tab.get_by_role("button", name="Delete").first).to_be_visible()
    settle(tab)
    assert len(run.metrics()) > stopped_at
    tab.get_by_role("button", name="Delete").click()
    expect(tab.get_by_role("button", name="Start").first).to_be_visible()
    expect(tab.get_by_role("button", name="Undo").first).to_be_visible()
    assert app_store.listed(run.id) is None


@pytest.mark.proof  # in short: the test above watches one
def test_a_run_that_ends_while_one_watches_opens_on_restore(tab, address, app_store):
    run = started(tab, address, 12, app_store)
    wait_for_state(tab, "finished", 120_000)
    assert len(run.metrics()) == 12
    expect(tab.get_by_text("epoch 12", exact=True).last).to_be_visible()

    tab.get_by_role("link", name="Open on Restore").click()
    expect(tab.get_by_role("heading", name="Restore").first).to_be_visible()
    expect(tab.locator(".rs-tiles figure")).to_have_count(14, timeout=60_000)
    assert f"run={run.id}" in tab.url
    tab.get_by_text("Sheet", exact=True).click()
    expect(tab.locator(".ae-sheet figure")).to_have_count(14, timeout=60_000)
    sheet = tab.locator(".ae-sheet img").first
    assert sheet.evaluate("node => getComputedStyle(node).imageRendering") == "pixelated"
    before = tab.locator(".ae-means").inner_text()
    tab.get_by_role("slider").press("ArrowRight")
    expect(tab.locator(".ae-means")).not_to_have_text(before)


def test_a_run_that_is_deleted_elsewhere_is_not_offered_any_more(tab, address, app_store):
    path = app_store.root / "runs" / "stopped-20260101-000000"
    shutil.copytree(GALLERY_RUN, path)
    Run(path).write_status(state="stopped")
    tab.goto(f"{address}/train?run={path.name}")
    settle(tab)
    expect(tab.get_by_role("button", name="Resume").first).to_be_visible()
    shutil.rmtree(path)
    expect(tab.get_by_text(re.compile("There is no run .* It may have been deleted")).first).to_be_visible()
    expect(tab.get_by_role("button", name="Resume")).to_have_count(0)


def test_a_button_stays_where_it_appears_while_the_page_is_still_arriving(tab, address, app_store):
    path = app_store.root / "runs" / "changing-20260101-000000"
    shutil.copytree(GALLERY_RUN, path)
    states = {"running": {"process": this_process()}, "stopped": {"process": None}}

    def slowly(route):
        server = route.connect_to_server()

        def on(message):
            time.sleep(0.03)  # a network; nothing waits for it
            route.send(message)

        server.on_message(on)
        route.on_message(server.send)

    Run(path).write_status(state="running", **states["running"])
    own = tab.context.new_page()
    own.route_web_socket("**/_stcore/stream", slowly)
    own.add_init_script(
        """window.places = {};
        const look = () => {
          for (const button of document.querySelectorAll("[data-testid=stMain] button")) {
            const { x, y, width } = button.getBoundingClientRect(), name = button.innerText.split("\\n").pop();
            if (width) (window.places[name] ??= new Set()).add(`${Math.round(x)}, ${Math.round(y)}`);
          }
          requestAnimationFrame(look);
        };
        requestAnimationFrame(look);"""
    )
    own.goto(f"{address}/train?run={path.name}")
    wait_for_state(own, "running", 60_000)
    for state, last, button in (("stopped", "Delete", "Resume"), ("running", "Stop", "Stop")):
        own.evaluate("window.places = {}")
        Run(path).write_status(state=state, **states[state])
        wait_for_state(own, state, 60_000)
        expect(own.get_by_role("button", name=last)).to_be_visible()
        expect(own.get_by_role("button", name="Delete")).to_have_count(int(state == "stopped"))
        places = own.evaluate(
            "Object.fromEntries(Object.entries(window.places).map(([name, all]) => [name, [...all]]))"
        )
        assert len(places[button]) == 1, places
    Run(path).write_status(state="stopped", process=None)
    shutil.rmtree(path)


def test_a_waiting_run_says_behind_what(tab, address, app_store, forked_jobs):
    path = app_store.root / "runs" / "ahead-20260101-000000"
    shutil.copytree(GALLERY_RUN, path)
    Run(path).write_status(state="running", process=this_process())
    with device_queue.hold(app_store.root, devices()[-1:], path.name, lambda: False):
        waiting = jobs.submit(preset("digits-quick").experiment, "cpu", app_store)
        jobs.start(waiting)
        tab.goto(f"{address}/train?run={waiting.id}")
        expect(tab.get_by_text("Waiting for the device behind mnist-mlp8").first).to_be_visible(timeout=60_000)
        tab.get_by_role("button", name="Stop").click()
        wait_for_state(tab, "stopped", 60_000)
    shutil.rmtree(path)


def test_a_name_on_the_overview_opens_its_run(tab, address):
    tab.goto(address)
    settle(tab)
    table = tab.locator(".st-key-run-list").get_by_test_id("stDataFrame")
    shipped = table.locator("td[aria-colindex='1']").filter(has_text="mnist-mlp8")
    expect(shipped).to_have_count(1)
    row = int(str(shipped.get_attribute("id")).rpartition("-")[2])
    table.click(position={"x": 90, "y": 53 + 35 * row})
    expect(tab).to_have_url(re.compile("run=mnist-mlp8"))
    tab.get_by_role("button", name="Curves and epochs").click()
    expect(tab.locator(PLOT)).to_be_visible()
    assert "run=mnist-mlp8" in tab.url
    tab.go_back()
    expect(tab.get_by_role("heading", name="Autoencoder Lab").first).to_be_visible()


def test_nothing_is_wider_than_a_phone(tab, address):
    tab.set_viewport_size({"width": 390, "height": 844})
    for path in ("/", "/train", "/train?run=mnist-mlp8", "/restore"):
        tab.goto(address + path)
        settle(tab)
        tab.wait_for_timeout(800)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert tab.get_by_test_id("stMain").evaluate("node => node.scrollWidth") <= 390, path
