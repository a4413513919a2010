"""The cost of ten thousand runs of one sweep: `python -m benchmarks.scale [--quick] [--runs N] [--json FILE]`.

Synthetic runs (`benchmarks/stores.py`) are written into a store; then the store, the command line and two pages in
headless Chromium are timed, first with cold caches, then again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser
from rich.console import Console
from rich.table import Table

from aecore.runs.store import Store
from aecore.runs.summary import summarise
from aecore.sweeps import statistics
from aecore.sweeps import store as sweep_store
from benchmarks.lists import visit
from benchmarks.pages import CURVE
from benchmarks.peers import OURS, Tool
from benchmarks.stores import write_sweep
from tools.browser import chromium, server

AGAIN = 4
"""The number of later visits; their median is reported."""


def timed(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def store_times(made: sweep_store.SweepFolder, store: Store) -> dict[str, float]:
    """Seconds of each operation in a process with cold caches."""
    found = {
        "list the runs' names": timed(store.runs),
        "summarise every run": timed(lambda: [summarise(run) for run in store.runs()]),
        "read every run of the sweep": timed(lambda: sweep_store.rows(made, store)),
    }
    rows = sweep_store.rows(made, store)
    found["write results.json"] = timed(lambda: made.write_results(rows))
    found["read the sweep from results.json"] = timed(lambda: sweep_store.rows(made, store))
    sweep = made.sweep()
    found["mean and spread of every combination"] = timed(lambda: statistics.groups(sweep, rows, "mse", "none"))
    return found


def command_times(made: sweep_store.SweepFolder, store: Store) -> dict[str, float]:
    """Seconds of commands, including the start of Python."""

    def command(*arguments: str) -> float:
        environment = os.environ | {"AECORE_STORE": str(store.root)}
        whole = [sys.executable, "-m", "aecore", *arguments]
        return timed(lambda: subprocess.run(whole, env=environment, stdout=subprocess.DEVNULL, check=True))

    return {"`aecore runs`": command("runs"), "`aecore sweeps SWEEP`": command("sweeps", made.id)}


def page_times(browser: Browser, made: sweep_store.SweepFolder, store: Store, place: Path) -> dict[str, float]:
    """Seconds from the navigation to the list of runs and to the sweep's chart."""
    pages: dict[str, Tool] = {
        "Overview": OURS,
        "Sweep": dataclasses.replace(OURS, runs=f"/sweep?sweep={made.id}", row=CURVE),
    }
    found = {}
    for name, page in pages.items():
        with server({"AECORE_STORE": str(store.root)}, place / "server.log") as address:
            found[f"{name}, the first visit"] = visit(browser, page, address, 1)
            later = sorted(visit(browser, page, address, 1) for _ in range(AGAIN))
            found[f"{name}, later visits"] = (later[AGAIN // 2 - 1] + later[AGAIN // 2]) / 2
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000, help="a multiple of 20")
    parser.add_argument("--quick", action="store_true", help="1,000 runs")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    asked = parser.parse_args()
    count = 1000 if asked.quick else asked.runs
    if count < 20 or count % 20:
        parser.error(f"--runs: should be a multiple of 20, got {count}")
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        store = Store(Path(place) / "store")
        made = write_sweep(store.root, count)
        found = store_times(made, store) | command_times(made, store)
        found |= page_times(browser, made, store, Path(place))
        size = made.file(sweep_store.RESULTS).stat().st_size
    table = Table(title=f"{count:,} finished runs of one sweep, {os.cpu_count()} cores")
    table.add_column("")
    table.add_column("s", justify="right")
    for name, seconds in found.items():
        table.add_row(name, f"{seconds:.2f}")
    console = Console(width=None if Console().is_terminal else 100)
    console.print(table)
    console.print(f"results.json: {size / 1e6:.1f} MB.", highlight=False)
    if asked.json:
        asked.json.write_text(json.dumps({"runs": count, "seconds": found, "results_bytes": size}, indent=1))


if __name__ == "__main__":
    main()
