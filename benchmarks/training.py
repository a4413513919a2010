"""Our training loop compared with common alternatives: `python -m benchmarks.training [--quick] [--json FILE]`.

For the networks of reports 000, 001 and 004, with clean images: our loop in float32 and bfloat16, the textbook loop of
PyTorch with 0 and 2 loader workers, and if their packages are installed (benchmarks/requirements-*.txt) pythae,
PyTorch Lightning and Keras 3. All start from the same weights, each in its own process, and alternate by epoch, so that
changes in machine speed affect them alike; ratios are medians over pairs. A first round is a warm-up and not counted.
For comparison, the limit: the bare matrix products of an epoch at this machine's own rate, and its memory traffic at
the measured bandwidth.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from aecore.models.fast_paths import keep_freed_memory
from aecore.training.ways import has_bfloat16
from benchmarks.frameworks import FRAMEWORKS, missing
from benchmarks.interleave import in_turns
from benchmarks.limits import limit
from benchmarks.loops import Task, ours, task, textbook

REPORTS = {"000": ("mnist-mlp8", 60_000), "001": ("cifar-conv", 4_800), "004": ("colored-conv", 2_560)}
"""The preset of each report's network, and the number of training images used here."""
OURS = {"float32": "ours, float32", "bfloat16": "ours, bfloat16"}
SLOW_S = 15
"""A loop whose first epoch takes longer is timed only once."""
PACKAGES = ("torch", "pythae", "lightning", "keras", "jax")

Say = Callable[[str], None]


def loops(task: Task, device: str, frameworks: bool = True) -> dict[str, Generator[float, None, None]]:
    """Every loop available here, by name."""
    found: dict[str, Generator[float, None, None]] = {OURS["float32"]: in_turns(ours, task, "float32", device)}
    if has_bfloat16(torch.device(device)):
        found[OURS["bfloat16"]] = in_turns(ours, task, "bfloat16", device)
    found |= {f"textbook, {workers} workers": in_turns(textbook, task, workers, device) for workers in (0, 2)}
    if device == "cpu" and frameworks:
        found |= {name: in_turns(train, task) for name, train in FRAMEWORKS.items() if not missing(name)}
    return found


def measure(loops: Mapping[str, Iterator[float]], rounds: int, say: Say) -> dict[str, dict[str, Any]]:
    """Seconds and loss of every loop's epochs; a round is one epoch of each."""
    results: dict[str, dict[str, Any]] = {name: {"seconds": [], "losses": []} for name in loops}
    slow: set[str] = set()
    for turn in range(rounds + 1):
        for name, loop in loops.items():
            if turn > 1 and name in slow:
                continue
            begun = time.perf_counter()
            results[name]["losses"].append(next(loop))
            seconds = time.perf_counter() - begun
            if turn:
                results[name]["seconds"].append(seconds)
            elif seconds > SLOW_S:
                slow.add(name)
        say(f"round {turn} of {rounds}" + (" (warm-up)" if not turn else ""))
    own = [OURS[precision] for precision in OURS if OURS[precision] in results]
    for result in results.values():
        result["median_s"] = statistics.median(result["seconds"])
        for name in own:
            pairs = zip(result["seconds"], results[name]["seconds"], strict=False)
            result[f"times {name}"] = statistics.median(theirs / ours for theirs, ours in pairs)
    return results


def print_task(console: Console, title: str, found: dict[str, Any]) -> None:
    table = Table(title=title)
    own = [name for name in OURS.values() if name in found["loops"]]
    headings = ["loop", "s per epoch", *[f"times {name}" for name in own], "products", "bytes", "loss after"]
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "loop" else "right")
    for name, result in found["loops"].items():
        reached = found["limits"].get(name.removeprefix("ours, "), {})
        shares = [f"{reached[part] / result['median_s']:.0%}" if reached else "" for part in ("products_s", "bytes_s")]
        losses = result["losses"]
        times = [f"{result[f'times {own}']:.2f}" for own in own]
        row = [name, f"{result['median_s']:.3f}", *times, *shares, f"{losses[-1]:.4f} ({len(losses)})"]
        table.add_row(*row)
    console.print(table)


def machine(device: str) -> dict[str, str]:
    found = {"threads": str(torch.get_num_threads()), "system": f"{platform.system()} {platform.machine()}"}
    if device != "cpu":
        found["device"] = torch.cuda.get_device_name(device)
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="timed epochs of each loop")
    parser.add_argument("--quick", action="store_true", help="2 rounds of a third of the images")
    parser.add_argument(
        "--report", choices=REPORTS, action="append", help="only this report's network; may be repeated"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda; on a GPU without the frameworks")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    asked = parser.parse_args()
    rounds = 2 if asked.quick else max(asked.rounds, 1)
    keep_freed_memory()
    console, errors = Console(width=None if Console().is_terminal else 120), Console(stderr=True, highlight=False)
    results: dict[str, Any] = {"machine": machine(asked.device), "rounds": rounds, "reports": {}}
    for name in FRAMEWORKS:
        if asked.device == "cpu" and missing(name):
            errors.print(f"without {name}: pip install -r benchmarks/requirements-{name}.txt")
    for report in asked.report or REPORTS:
        preset, images = REPORTS[report]
        images //= 3 if asked.quick else 1
        work = task(f"Report {report}", preset, images, 1000)
        batch = work.experiment.training.batch_size
        running = loops(work, asked.device)
        found: dict[str, Any] = {"loops": measure(running, rounds, lambda line, r=report: errors.print(f"{r}: {line}"))}
        running.clear()  # ends their processes
        precisions = [precision for precision in OURS if OURS[precision] in found["loops"]]
        found["limits"] = {precision: vars(limit(work, precision, asked.device)) for precision in precisions}
        title = f"Report {report}: {images:,} images, batch {batch}, median of {rounds} epochs"
        print_task(console, title, found)
        results["reports"][report] = found
        if asked.json:
            asked.json.write_text(json.dumps(results, indent=1))
    console.print("products, bytes: the limit as a share of our time. In brackets: the number of epochs.")
    console.print(", ".join(f"{name} {value}" for name, value in results["machine"].items()), highlight=False)


if __name__ == "__main__":
    main()
