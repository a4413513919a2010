"""Large stores: time to the list of runs and to their curves, here, in TensorBoard and in MLflow; the server's cost
of watching. `python -m benchmarks.lists [--quick] [--peers-python PATH] [--json FILE]`.

Synthetic runs (`benchmarks/stores.py`) are written for all three, and their pages are opened in the same headless
Chromium. The peers need `benchmarks/requirements-peers-pages.txt` in the interpreter given by `--peers-python`;
without it, the rest is measured. A failed measurement is reported in its row, and the exit status is then 1.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page
from rich.console import Console

from benchmarks import peers, probing, watching
from benchmarks.app import machine
from benchmarks.peers import MLFLOW, OURS, TENSORBOARD, Tool
from benchmarks.probing import Row, UnmeasuredError, attempt
from benchmarks.stores import write_store
from benchmarks.tables import Column, Part, print_part
from tools.browser import chromium

PATIENCE_MS = 60_000
REST_MS = 2500
"""A chart counts as drawn when nothing has changed in it for this long."""
SMALLER = 2
RECORDED = {"format": "jpeg", "quality": 60, "maxWidth": probing.SIZE["width"] // SMALLER, "everyNthFrame": 4}
"""Every fourth frame at a quarter of the size: recording must not slow down what it measures."""
LISTS = (
    Column("runs", "", "runs", 0, "runs in the store"),
    Column("server ready", "s", "ready", 1, "from the server's start until it responds (peers: for every run)"),
    Column("first list", "s", "cold", 2, "the first visit after that, from the navigation to the list of runs"),
    Column("list", "s", "list", 2, "later visits by browsers with an empty cache", "1,000 in ≤ 1"),
    Column(
        "filter",
        "s",
        "filter",
        2,
        "from a run's name in the filter, pasted or its last key, to a list of that one run",
    ),
)
CURVES = (
    Column("curves", "s", "curves", 2, "from the navigation until the chart no longer changes"),
    Column("runs", "", "runs", 0, "overlaid curves"),
    Column("epochs", "", "epochs", 0, "per curve"),
)
WATCHING = (
    Column("sessions", "", "sessions", 0, "browsers with the page open"),
    Column("a core", "%", "cpu", 2, "processor time of the server while a run is active", "≤ 5 each"),
    Column("memory", "MB", "memory", 1, "additional memory of the server per session"),
    Column("sent", "kB/s", "sent", 1, "to each browser"),
)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Counts:
    """The sizes and repetitions of the measurements."""

    sizes: tuple[int, ...] = (10, 100, 1_000, 5_000)
    visits: int = 4
    filters: int = 3
    curves: int = 10
    epochs: int = 10_000
    sessions: tuple[int, ...] = (1, 10)
    watched_s: float = 20


QUICK = Counts(sizes=(100,), visits=1, filters=1, epochs=1_000, sessions=(1, 4), watched_s=5)


@dataclass(frozen=True)
class Bench:
    """The context shared by all measurements."""

    browser: Browser
    folder: Path
    python: str
    tools: Sequence[Tool]
    say: Say


def measured(bench: Bench, counts: Counts) -> Iterator[Part]:
    """All tables in turn."""
    notes = [tool.note for tool in bench.tools if tool.note]
    yield Part("lists", "Lists of runs", LISTS, list(lists(bench, counts)), notes)
    title = f"{counts.curves} curves of {counts.epochs:,} epochs overlaid"
    yield Part("curves", title, CURVES, list(curves(bench, counts)))
    bench.say("watching")
    rows = watching.rows(bench.folder / "watched", counts.sessions, counts.watched_s)
    yield Part("watching", "Watching a run with one epoch per second", WATCHING, rows)


def lists(bench: Bench, counts: Counts) -> Iterator[Row]:
    """One row per tool and size."""
    for size in counts.sizes:
        bench.say(f"writing {size:,} runs")
        store = write_store(bench.folder / "store", size)
        written(bench, store.root, "lists")
        known = sorted(run.id for run in store.runs())
        for tool in bench.tools:
            bench.say(f"{tool.name}, {size:,} runs")
            found = attempt(lambda tool=tool, size=size, known=known: list_row(bench, tool, size, known, counts))
            yield {"name": tool.name, "runs": size} | found


def list_row(bench: Bench, tool: Tool, size: int, known: Sequence[str], counts: Counts) -> Row:
    """Times to the list of one tool's runs."""
    folder = bench.folder / "lists" / (tool.package or "ours")
    with attempted(peers.served(bench.python, tool, bench.folder / "store", folder, size)) as (address, ready):
        cold = visit(bench.browser, tool, address, size)
        times = [visit(bench.browser, tool, address, size) for _ in range(counts.visits)]
        row: Row = {"ready": ready, "cold": cold, "list": probing.spread(times)}
        if not tool.filter:
            return row
        with probing.context_of(bench.browser) as context, probing.tab_of(context) as tab:
            tab.set_default_timeout(PATIENCE_MS)
            tab.goto(address + tool.runs)
            tab.locator(tool.row).first.wait_for()
            times = []
            for i in range(counts.filters):
                if i:
                    tab.locator(tool.filter).first.fill("")
                    tab.wait_for_timeout(REST_MS)
                times.append(typed(tab, tool, known[i * 7 % size], size))
            row["filter"] = probing.spread(times)
    return row


def visit(browser: Browser, tool: Tool, address: str, size: int) -> float:
    """Seconds from the navigation to the list, in a fresh browser context."""
    asked = json.dumps({"picture": tool.row, "least": min(tool.screenful, size), "patience": PATIENCE_MS})
    with probing.context_of(browser, f"if (window.probe) probe.expect({asked});") as context:
        tab = context.new_page()
        tab.goto(address + tool.runs, wait_until="commit", timeout=PATIENCE_MS)
        return tab.evaluate("probe.arrival")["picture"]


def typed(tab: Page, tool: Tool, run: str, size: int) -> float:
    """Seconds from a run's name, or its last key, to a list with only that run."""
    field = tab.locator(tool.filter).first
    field.click()
    if not tool.pastes:
        tab.keyboard.insert_text(run[:-1])
    tab.wait_for_timeout(500)
    asked: dict[str, Any] = {"picture": tool.row, "pressed": True, "patience": PATIENCE_MS}
    if tool.package:
        asked["text"] = run
    else:
        asked["says"] = ('[data-testid="stCaptionContainer"]', f"1 of {size:,} run")
    tab.evaluate("asked => { probe.expect(asked); }", asked)
    if tool.pastes:
        tab.keyboard.insert_text(run)
    else:
        tab.keyboard.press(run[-1])
    return tab.evaluate("probe.arrival")["picture"]


def curves(bench: Bench, counts: Counts) -> Iterator[Row]:
    """One row per tool: the time to long overlaid curves."""
    bench.say(f"writing {counts.curves} runs of {counts.epochs:,} epochs")
    store = write_store(bench.folder / "long", counts.curves, counts.epochs)
    written(bench, store.root, "curves")
    runs = [run.id for run in store.runs()]

    def row(tool: Tool) -> Row:
        folder = bench.folder / "curves" / (tool.package or "ours")
        with attempted(peers.served(bench.python, tool, store.root, folder, counts.curves)) as (address, _):
            times = [drawn(bench.browser, address + tool.curves(runs), tool.chart) for _ in range(counts.visits + 1)]
        return {"curves": probing.spread(times[1:]), "runs": counts.curves, "epochs": counts.epochs}

    for tool in bench.tools:
        bench.say(f"{tool.name}, curves")
        yield {"name": tool.name} | attempt(lambda tool=tool: row(tool))


def drawn(browser: Browser, address: str, chart: str) -> float:
    """Seconds from the navigation until the chart has its final appearance: the time of that frame in Chromium's own
    recording, independent of how the chart is drawn."""
    context = browser.new_context(viewport=probing.SIZE)
    context.set_default_timeout(PATIENCE_MS)
    try:
        tab = context.new_page()
        session, frames = context.new_cdp_session(tab), []

        def keep(frame: dict[str, Any]) -> None:
            frames.append((frame["metadata"]["timestamp"], frame["data"]))
            session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

        session.on("Page.screencastFrame", keep)
        session.send("Page.startScreencast", RECORDED)
        begun = time.time()
        tab.goto(address, wait_until="commit")
        tab.locator(chart).first.wait_for()
        seen, rested = 0, 0.0
        while rested < REST_MS:
            tab.wait_for_timeout(250)
            box = tab.locator(chart).first.bounding_box()
            rested = rested + 250 if box and len(frames) and still(frames[seen:], box) else 0.0
            seen = max(len(frames) - 1, 0)
            if time.time() - begun > PATIENCE_MS / 1000:
                raise UnmeasuredError("the chart keeps changing")
        box = tab.locator(chart).first.bounding_box()
        if box is None:
            raise UnmeasuredError("the chart disappeared")
        last = looks(frames[-1][1], box)
        moment = frames[-1][0]
        for stamp, data in reversed(frames):
            if not alike(looks(data, box), last):
                break
            moment = stamp
        return moment - begun
    finally:
        context.close()


def still(frames: Sequence[tuple[float, str]], box: FloatRect) -> bool:
    """Whether that part of all these frames looks the same."""
    first = looks(frames[0][1], box) if frames else None
    return first is None or all(alike(looks(data, box), first) for _, data in frames[1:])


def looks(data: str, box: FloatRect) -> np.ndarray:
    """The part of a frame as bytes (H, W, 3)."""
    picture = Image.open(io.BytesIO(b64decode(data))).convert("RGB")
    left, top = max(int(box["x"] / SMALLER), 0), max(int(box["y"] / SMALLER), 0)
    right, bottom = left + int(box["width"] / SMALLER), top + int(box["height"] / SMALLER)
    return np.asarray(picture.crop((left, top, min(right, picture.width), min(bottom, picture.height))), np.int16)


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two images differ in no more pixels than a cursor, apart from JPEG artefacts."""
    return one.shape == other.shape and float(np.mean(np.any(abs(one - other) > 24, axis=-1))) < 5e-4


def written(bench: Bench, store: Path, kind: str) -> None:
    """Convert our store's runs for all peers in parallel."""
    folder = bench.folder / kind
    work = [
        (tool, peers.converting(bench.python, tool, store, folder / tool.package))
        for tool in bench.tools
        if tool.package
    ]
    for tool, process in work:
        if process.wait():
            log = folder / f"{tool.package}-written.log"
            bench.say(f"{tool.name}'s runs could not be written: {log.read_text().strip()[-300:]}")


class attempted:  # noqa: N801
    """A context manager that turns a failure to enter into a failed measurement."""

    def __init__(self, context: Any):
        self.context = context

    def __enter__(self) -> Any:
        try:
            return self.context.__enter__()
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            raise UnmeasuredError(str(error)) from None

    def __exit__(self, *about: Any) -> Any:
        return self.context.__exit__(*about)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100 runs, 1,000 epochs, fewer of each")
    parser.add_argument("--peers-python", default=sys.executable, help="the interpreter with TensorBoard and MLflow")
    parser.add_argument("--ours", action="store_true", help="without the peers")
    parser.add_argument("--json", type=Path, help="also write all results as JSON")
    asked = parser.parse_args()
    if asked.json and not asked.json.absolute().parent.is_dir():
        parser.error(f"there is no folder {asked.json.parent} to write {asked.json.name} into")
    try:
        failed = run(QUICK if asked.quick else Counts(), asked.peers_python, asked.ours, asked.json)
    except RuntimeError as error:  # no Chromium
        parser.exit(1, f"{error}\n")
    sys.exit(failed)


def run(counts: Counts, python: str, alone: bool, target: Path | None) -> bool:
    """Measure and print everything; returns whether any measurement failed."""
    begun, failed = time.monotonic(), False
    console, errors = Console(width=None if Console().is_terminal else 120), Console(stderr=True, highlight=False)

    def say(line: str) -> None:
        errors.print(f"{time.monotonic() - begun:4.0f} s  {line}", markup=False)

    tools, versions = [OURS], {}
    for peer in () if alone else (TENSORBOARD, MLFLOW):
        if why := peers.missing(python, peer):
            say(f"without {peer.name}: {why}")
        else:
            tools.append(peer)
            versions[peer.name] = peers.version_of(python, peer)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        with probing.context_of(browser) as context:
            results: dict[str, Any] = {
                "machine": machine(browser, context),
                "counts": asdict(counts),
                "peers": versions,
            }
        results["parts"] = []
        for part in measured(Bench(browser, Path(folder), python, tools, say), counts):
            print_part(console, part)
            results["parts"].append(asdict(part))
            failed = failed or any("error" in row for row in part.rows)
            if target:
                target.write_text(json.dumps(results | {"seconds": time.monotonic() - begun}, indent=1))
    about = results["machine"]
    peers_text = "".join(f", {name} {version}" for name, version in versions.items())
    console.print(
        f"Two numbers in a cell are the median and the 95th percentile (nearest rank). Measured in "
        f"{time.monotonic() - begun:.0f} s on {about['cores']} cores of {about['processor']}, load {about['load'][0]} "
        f"before; Chromium {about['chromium']}, Streamlit {about['streamlit']}{peers_text}.",
        highlight=False,
    )
    return failed


if __name__ == "__main__":
    main()
