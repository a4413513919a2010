"""How `benchmarks.app` measures: real input into Chromium, times measured in the page by `probe.js`."""

from __future__ import annotations

import contextlib
import json
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page, ViewportSize

from benchmarks.pages import Ask, Move, View, Visit, menu
from dashboard.server.parcels import PLACE
from tools.browser import settle

SIZE: ViewportSize = {"width": 1280, "height": 900}
PROBE = Path(__file__).with_name("probe.js").read_text()
PATIENCE_MS = 20_000
TRIES = 6
"""Attempts per required change, for moves that may hit nothing."""
STRETCH = 20
"""Moves of a drag that are sent in one message."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Lab:
    """A browser, a context for everything but first visits, and the address of the app."""

    browser: Browser
    context: BrowserContext
    address: str
    floor: str = ""
    """The address of a Streamlit app with only a heading."""

    def place(self, view: View) -> str:
        return self.floor if view.floor else self.address


class UnmeasuredError(Exception):
    """A measurement failed; the text says why."""


@contextlib.contextmanager
def context_of(browser: Browser, script: str = "") -> Iterator[BrowserContext]:
    """A fresh browser context. The probe watches its pages; `script` runs right after it."""
    context = browser.new_context(viewport=SIZE)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(f"{PROBE}\n{script}")
    try:
        yield context
    finally:
        context.close()


@contextlib.contextmanager
def tab_of(context: BrowserContext) -> Iterator[Page]:
    """A new tab, and so a new Streamlit session."""
    tab = context.new_page()
    try:
        yield tab
    finally:
        tab.close()


def opened(tab: Page, address: str, path: str) -> None:
    """Go there and wait until the page is idle."""
    if path.startswith("data:"):
        tab.goto(path)
        return
    tab.goto(address + path)
    settle(tab)
    tab.evaluate("probe.quiet(200)")


def expected(view: View, pressed: bool) -> str:
    return f"probe.expect({json.dumps({'heading': view.heading, 'picture': view.picture, 'pressed': pressed})})"


def warm(lab: Lab, view: View) -> Row:
    """Show it once, so that the server has cached what it needs."""
    with tab_of(lab.context) as tab:
        opened(tab, lab.place(view), view.path)
    return {}


def visit(lab: Lab, view: View) -> dict[str, float]:
    """Seconds from the navigation to the heading and to the first content, in a fresh context."""
    with context_of(lab.browser, f"if (window.probe) {expected(view, pressed=False)};") as context:
        tab = context.new_page()
        tab.goto(lab.place(view) + view.path, wait_until="commit")
        return tab.evaluate("probe.arrival")


def switch(tab: Page, view: View) -> dict[str, float]:
    """Seconds from a click in the menu to the heading and to the first content of that page."""
    tab.evaluate(expected(view, pressed=True))
    menu(view.link)(tab, 0)()
    times = tab.evaluate("probe.arrival")
    settle(tab)
    tab.evaluate("probe.quiet(150)")
    return times


def touch_moves(lab: Lab, move: Move, count: int) -> Row:
    """Milliseconds from mouse moves to the redrawn content."""
    found: list[dict[str, float]] = []
    with tab_of(lab.context) as tab:
        opened(tab, lab.address, move.path)
        place = part_of(tab, move)
        tab.mouse.move(*place(0))
        if move.stroke != "hover":
            tab.mouse.down()
            tab.mouse.move(*place(1))
        tab.wait_for_timeout(100)
        tries = count * (TRIES if move.stroke == "hover" else 1)
        for i in range(tries):
            if len(found) == count:
                break
            tab.evaluate("spec => probe.arm(spec)", {"picture": move.picture, "told": move.told, "on": ["pointermove"]})
            tab.mouse.move(*place(i + 2))
            times = tab.evaluate("probe.touched", 250 if move.stroke == "hover" else 3000)
            if times is None and move.stroke != "hover":
                raise UnmeasuredError(f"move {i + 1} of {tries} did not change the content within 3 s")
            if times and times["same"]:
                raise UnmeasuredError(f"move {i + 1} of {tries} was handled, but the content is the same")
            found += [times] if times else []
    if len(found) < count:
        raise UnmeasuredError(f"only {len(found)} of {tries} moves changed the content")
    return columns(found, ("script", "drawn", "shown"))


def touch_asks(lab: Lab, ask: Ask, count: int) -> Row:
    """Milliseconds from an input that needs the server to the redrawn content; one more is a warm-up."""
    found = []
    with tab_of(lab.context) as tab:
        opened(tab, lab.address, ask.path)
        for i in range(count + 1):
            last = ask.turn(tab, i)
            tab.wait_for_timeout(100)
            tab.evaluate("spec => probe.arm(spec)", {"picture": ask.picture, "told": ask.told, "on": [ask.on]})
            last()
            times = tab.evaluate("probe.touched", PATIENCE_MS)
            if times is None:
                raise UnmeasuredError(f"input {i + 1} did not change the content within 20 s")
            found.append(times)
            settle(tab)
            tab.evaluate("probe.quiet(150)")
    return columns(found[1:], ("sent", "server", "shown"))


def drag(lab: Lab, move: Move, seconds: float) -> Row:
    """Frames drawn while the mouse drags back and forth, and the script time per frame."""
    with tab_of(lab.context) as tab:
        opened(tab, lab.address, move.path)
        place = part_of(tab, move)
        tab.mouse.move(*place(0))
        tab.mouse.down()
        tab.mouse.move(*place(STRETCH), steps=STRETCH)  # beyond the threshold of a drag
        tab.evaluate("picture => probe.record(picture)", move.picture)
        begun, i = time.monotonic(), STRETCH
        while time.monotonic() - begun < seconds:
            i += STRETCH  # in one message: one per step would be too late for every second frame
            tab.mouse.move(*place(i), steps=STRETCH)
        found = tab.evaluate("probe.recorded()")
        tab.mouse.up()
    if len(found["gaps"]) < 2:
        raise UnmeasuredError("the content did not change")
    return {"fps": found["fps"], "gap": spread(found["gaps"]), "script": spread(found["scripts"])}


def part_of(tab: Page, move: Move) -> Callable[[int], tuple[float, float]]:
    """The i-th mouse position on the dragged part."""
    box = tab.locator(move.part).first.bounding_box()
    if box is None:
        raise UnmeasuredError(f"there is no {move.part} on the page")
    middle = box["y"] + box["height"] / 2

    def place(i: int) -> tuple[float, float]:
        if move.stroke == "hover":  # rows of small steps over the middle
            line, step = divmod(i, 24)
            return box["x"] + box["width"] * (0.3 + step / 60), middle + 16 * line - 64
        if move.stroke in ("turn", "along"):  # back and forth, reversing at the end of a stretch
            length = STRETCH * move.pace
            reach = 2 * length if move.stroke == "turn" else 0.8 * box["width"] // length * length
            way = (i * move.pace) % (2 * reach)
            across = way if way < reach else 2 * reach - way
            return box["x"] + box["width"] / 2 + across - reach / 2, middle
        return box["x"] + box["width"] * (0.05 + 0.9 * (0.618034 * i % 1)), middle

    return place


FETCHED = f"""performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/{PLACE}"))
  .reduce((sum, entry) => sum + entry.encodedBodySize, 0)"""
"""The size of what this page took from the server's parcels, or from the browser's cache of them."""


def traffic(lab: Lab, visit: Visit) -> Iterator[Row]:
    """Bytes over the WebSocket and fetched beside it for a first visit, then for each input."""
    seen = {"received": 0, "sent": 0, "messages": 0, "fetched": 0}
    steps: list[tuple[str, Callable[[Page], object]]] = [
        ("first visit", lambda tab: opened(tab, lab.address, visit.path))
    ]
    steps += [(name, lambda tab, i=i, turn=turn: turn(tab, i)()) for i, (name, turn) in enumerate(visit.touches)]
    with tab_of(lab.context) as tab:
        for name, step in steps:
            step(tab)
            tab.wait_for_timeout(200)
            settle(tab)
            tab.evaluate("probe.quiet(700)")
            now = tab.evaluate("probe.wire") | {"fetched": tab.evaluate(FETCHED)}
            yield {
                "name": f"{visit.name}: {name}",
                "messages": now["messages"] - seen["messages"],
                **{key: (now[key] - seen[key]) / 1000 for key in ("received", "fetched", "sent")},
            }
            seen = now


def columns(found: Sequence[dict[str, float]], keys: Sequence[str]) -> Row:
    return {key: spread([one[key] for one in found if key in one]) for key in keys}


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Median, 95th percentile (nearest rank: the largest of fewer than 20) and the values in order of measurement."""
    if not values:
        raise UnmeasuredError("nothing was measured")
    ordered = sorted(values)
    p95 = ordered[math.ceil(0.95 * len(ordered)) - 1]
    return {
        "median": statistics.median(ordered),
        "p95": p95,
        "n": len(ordered),
        "values": [round(v, 4) for v in values],
    }


def attempt(measure: Callable[[], Row]) -> Row:
    """The row, or one with the error in a line."""
    try:
        return measure()
    except (UnmeasuredError, Error) as error:
        return {"error": str(error).strip().splitlines()[0]}
