"""How fast the app's pages respond in a real Chromium: `python -m benchmarks.app [--quick] [--json FILE]`.

Starts the app on a free port with the runs of `AECORE_STORE` (default `checkpoints`) and whatever image sets are
prepared, opens every page once, and measures. Nothing else should run meanwhile: server, browser and the simulated
mouse share this machine. A failed measurement is reported in its row, and the exit status is then 1; slow times never
change it.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, BrowserContext
from rich.console import Console

from aecore.runs.store import Store
from benchmarks import pages, probing
from benchmarks.probing import Lab, Row, attempt
from benchmarks.tables import ASKS, DRAGS, MOVES, PAGES, WIRE, Part, print_part
from tools.browser import chromium, server

Say = Callable[[str], None]


@dataclass(frozen=True)
class Counts:
    """The number of repetitions."""

    visits: int = 8
    switches: int = 12
    touches: int = 20
    drag_s: float = 2.0


QUICK = Counts(visits=1, switches=1, touches=5, drag_s=1.0)


def measured(lab: Lab, counts: Counts, runs: set[str], say: Say) -> Iterator[Part]:
    """All tables in turn; `runs` are the ids of the store's runs."""

    def rows(things: Sequence[Any], measure: Callable[[Any], Row]) -> list[Row]:
        found = []
        for one in things:
            absent = [run for run in one.runs if run not in runs]
            row: Row = {"error": f"the store has no run {', '.join(absent)}"}
            if not absent:
                say(one.name)
                row = attempt(lambda one=one: measure(one))
            found.append({"name": one.name} | row)
        return found

    def bytes_of(visit: pages.Visit) -> list[Row]:
        row = rows([visit], lambda visit: {"steps": list(probing.traffic(lab, visit))})[0]
        return row.get("steps", [row])

    yield Part(
        "pages",
        f"Pages: {counts.visits} first visits and {counts.switches} switches each",
        PAGES,
        visits(lab, [view for view in pages.VIEWS if runs.issuperset(view.runs)], counts, say)
        + rows([view for view in pages.VIEWS if not runs.issuperset(view.runs)], dict),
        [
            "A first visit has an empty browser cache; the server has served the page before.",
            "The app with only a heading is the baseline: the time Streamlit itself takes on this machine.",
        ],
    )
    yield Part(
        "touches in the browser",
        f"Input to drawn frame in the browser: {counts.touches} moves each",
        MOVES,
        rows(pages.MOVES, lambda move: probing.touch_moves(lab, move, counts.touches)),
        ["The empty page is the baseline: Chromium delivers a move with one frame and shows the result with the next."],
    )
    yield Part(
        "touches through the server",
        f"Input to drawn frame through the server: {counts.touches} inputs each",
        ASKS,
        rows(pages.ASKS, lambda ask: probing.touch_asks(lab, ask, counts.touches)),
    )
    yield Part(
        "frames",
        f"Frames while dragging for {counts.drag_s:g} s",
        DRAGS,
        rows(pages.DRAGS, lambda move: probing.drag(lab, move, counts.drag_s)),
        [f"WebGL is drawn by {renderer(lab.context)}. In software, rendering limits the frame rate, not the script."],
    )
    yield Part(
        "bytes",
        "Bytes over the WebSocket, and fetched beside it",
        WIRE,
        [row for visit in pages.VISITS for row in bytes_of(visit)],
    )


def visits(lab: Lab, views: Sequence[pages.View], counts: Counts, say: Say) -> list[Row]:
    """First visits and menu switches, interleaved in rounds, so that changes in machine speed affect all alike."""
    found: dict[str, Row] = {view.name: {"name": view.name, "shows": view.shows} for view in views}

    def note(view: pages.View, before: str, measure: Callable[[], dict[str, float]]) -> None:
        row = found[view.name]
        times = {} if "error" in row else attempt(measure)
        for name, value in times.items():
            if name == "error":
                row["error"] = value
            else:
                row.setdefault(before + name, []).append(value)

    say("opening every page once")
    for view in views:
        attempt(lambda view=view: probing.warm(lab, view))
    for turn in range(counts.visits):
        say(f"first visits, round {turn + 1} of {counts.visits}")
        for view in views:
            note(view, "", lambda view=view: probing.visit(lab, view))
    linked = [view for view in views if view.link]
    with probing.tab_of(lab.context) as tab:
        if linked:
            probing.opened(tab, lab.address, linked[-1].path)  # so that the first click leads to another page too
        for turn in range(counts.switches):
            say(f"switches, round {turn + 1} of {counts.switches}")
            for view in linked:
                note(view, "switch_", lambda view=view: probing.switch(tab, view))
    return [
        {key: probing.spread(value) if isinstance(value, list) else value for key, value in row.items()}
        for row in found.values()
    ]


def renderer(context: BrowserContext) -> str:
    """The WebGL renderer, as the browser reports it."""
    script = """() => {
        const gl = document.createElement("canvas").getContext("webgl2");
        const info = gl?.getExtension("WEBGL_debug_renderer_info");
        return gl ? gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER) : "nothing: there is no WebGL2";
    }"""
    with probing.tab_of(context) as tab:
        return tab.evaluate(script)


def machine(browser: Browser, context: BrowserContext) -> dict[str, Any]:
    """The environment of the measurement."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "cores": psutil.cpu_count(),
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "system": platform.platform(),
        "load": [round(load, 2) for load in psutil.getloadavg()],
        "chromium": browser.version,
        "renderer": renderer(context),
        "window": probing.SIZE,
        **{name: version(name) for name in ("streamlit", "torch", "playwright")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer of each: two to three minutes instead of seven")
    parser.add_argument("--json", type=Path, help="also write all results, with every single measurement")
    asked = parser.parse_args()
    if asked.json and not asked.json.absolute().parent.is_dir():
        parser.error(f"there is no folder {asked.json.parent} to write {asked.json.name} into")
    try:
        failed = run(QUICK if asked.quick else Counts(), asked.json)
    except RuntimeError as error:  # no Chromium, or the app does not start
        parser.exit(1, f"{error}\n")
    sys.exit(failed)


def run(counts: Counts, target: Path | None) -> bool:
    """Measure and print everything, and write it into `target`; returns whether any measurement failed."""
    begun, failed = time.monotonic(), False
    console, errors = Console(width=None if Console().is_terminal else 120), Console(stderr=True, highlight=False)
    store = Store.default()

    def say(line: str) -> None:
        errors.print(f"{time.monotonic() - begun:4.0f} s  {line}", markup=False)

    with tempfile.TemporaryDirectory() as folder, chromium() as browser, probing.context_of(browser) as context:
        results = {"machine": machine(browser, context), "counts": asdict(counts), "parts": []}
        bare = Path(folder) / "bare.py"
        bare.write_text('import streamlit as st\n\nst.title("Nothing else")\n')
        with (
            server({"AECORE_STORE": str(store.root)}, Path(folder) / "server.log") as address,
            server({}, Path(folder) / "bare.log", str(bare)) as floor,
        ):
            for part in measured(Lab(browser, context, address, floor), counts, {run.id for run in store.runs()}, say):
                print_part(console, part)
                results["parts"].append(asdict(part))
                failed = failed or any("error" in row for row in part.rows)
                if target:
                    target.write_text(json.dumps(results | {"seconds": time.monotonic() - begun}, indent=1))
    about = results["machine"]
    console.print(
        f"Two numbers in a cell are the median and the 95th percentile (nearest rank). Measured in "
        f"{time.monotonic() - begun:.0f} s on {about['cores']} cores of {about['processor']}, load {about['load'][0]} "
        f"before; Chromium {about['chromium']}, Streamlit {about['streamlit']}, torch {about['torch']}.",
        highlight=False,
    )
    return failed


if __name__ == "__main__":
    main()
