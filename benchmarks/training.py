"""Our training loop compared with common alternatives: `python -m benchmarks.training [--quick] [--json FILE]`.

For the networks of reports 000, 001 and 004, with clean images: our loop in the way that a run chooses here and in that
of before there was a choice, PyTorch's own modules over tensors in memory, the textbook loop of PyTorch with 0 and 2
loader workers, and if their packages are installed (benchmarks/requirements-*.txt) pythae, PyTorch Lightning and
Keras 3. With `--isa` all libraries take this machine for one with fewer instructions. All start from the same weights,
each in its own process, and alternate by epoch, so that changes in machine speed affect them alike; ratios are medians
over pairs. A first round is a warm-up and not counted. For comparison, the limit: the bare matrix products of an epoch
at this machine's own rate, and its memory traffic at the measured bandwidth.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from aecore.devices import devices
from aecore.models.fast_paths import keep_freed_memory
from aecore.training.ways import Way, choose
from benchmarks.frameworks import FRAMEWORKS, missing
from benchmarks.interleave import in_turns
from benchmarks.limits import limit
from benchmarks.loops import Task, in_memory, ours, task, textbook

REPORTS = {"000": ("mnist-mlp8", 60_000), "001": ("cifar-conv", 4_800), "004": ("colored-conv", 2_560)}
"""The preset of each report's network, and the number of training images used here."""
CHOSEN, FIXED, IN_MEMORY = "ours, as chosen", "ours, float32 with oneDNN", "plain modules on tensors"
COMPILED = f"{IN_MEMORY}, compiled"
ISA = {
    "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "avx512": {
        "ONEDNN_MAX_CPU_ISA": "AVX512_CORE",
        "ATEN_CPU_CAPABILITY": "avx512",
        "MKL_ENABLE_INSTRUCTIONS": "AVX512",
    },
}
"""What makes oneDNN, PyTorch and MKL do without newer instructions."""
SLOW_S = 15
"""A loop whose first epoch takes longer is timed only once."""
PACKAGES = ("torch", "pythae", "lightning", "keras", "jax")

Say = Callable[[str], None]


def loops(
    task: Task, way: Way, device: str, frameworks: bool = True, compiled: bool = False
) -> dict[str, Generator[float, None, None]]:
    """Every loop available here, by name."""
    found: dict[str, Generator[float, None, None]] = {
        CHOSEN: in_turns(ours, task, way, device),
        FIXED: in_turns(ours, task, Way(), device),
        IN_MEMORY: in_turns(in_memory, task, device),
    }
    if compiled:
        found[COMPILED] = in_turns(in_memory, task, device, True)
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
    for result in results.values():
        result["median_s"] = statistics.median(result["seconds"])
        pairs = zip(result["seconds"], results[CHOSEN]["seconds"], strict=False)
        result["times ours"] = statistics.median(theirs / own for theirs, own in pairs)
    return results


def print_task(console: Console, title: str, found: dict[str, Any]) -> None:
    table = Table(title=title)
    for heading in ("loop", "s per epoch", "times ours", "products", "bytes", "loss after"):
        table.add_column(heading, justify="left" if heading == "loop" else "right")
    for name, result in found["loops"].items():
        reached = {CHOSEN: found["limits"][found["way"]["precision"]], FIXED: found["limits"]["float32"]}.get(name, {})
        shares = [f"{reached[part] / result['median_s']:.0%}" if reached else "" for part in ("products_s", "bytes_s")]
        losses = result["losses"]
        last = f"{losses[-1]:.4f} ({len(losses)})"
        table.add_row(name, f"{result['median_s']:.3f}", f"{result['times ours']:.2f}", *shares, last)
    console.print(table)


def machine(device: str) -> dict[str, str]:
    found = {"instructions": torch.backends.cpu.get_cpu_capability()}
    found |= {
        "processor": devices()[-1].title,
        "threads": str(torch.get_num_threads()),
        "system": f"{platform.system()} {platform.machine()}",
    }
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
    parser.add_argument("--compiled", action="store_true", help="also plain modules through torch.compile")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    parser.add_argument("--isa", choices=ISA, help="as if the processor had no newer instructions than these")
    asked = parser.parse_args()
    if asked.isa and any(os.environ.get(name) != value for name, value in ISA[asked.isa].items()):
        # Libraries read these when they are loaded.
        os.execve(
            sys.executable, [sys.executable, "-m", "benchmarks.training", *sys.argv[1:]], os.environ | ISA[asked.isa]
        )
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
        choice = choose(work.experiment, torch.from_numpy(work.train[: 4 * batch]).to(asked.device), 1000, again=True)
        errors.print(f"{report}: chosen is {choice.way}")
        running = loops(work, choice.way, asked.device, compiled=asked.compiled)
        found: dict[str, Any] = {"loops": measure(running, rounds, lambda line, r=report: errors.print(f"{r}: {line}"))}
        running.clear()  # ends their processes
        found |= {"way": choice.way._asdict(), "tried_s": choice.seconds_per_step}
        precisions = dict.fromkeys(("float32", choice.way.precision))
        found["limits"] = {precision: vars(limit(work, precision, asked.device)) for precision in precisions}
        title = f"Report {report}: {images:,} images, batch {batch}, median of {rounds} epochs; chosen: {choice.way}"
        print_task(console, title, found)
        results["reports"][report] = found
        if asked.json:
            asked.json.write_text(json.dumps(results, indent=1))
    console.print("products, bytes: the limit as a share of our time. In brackets: the number of epochs.")
    console.print(", ".join(f"{name} {value}" for name, value in results["machine"].items()), highlight=False)


if __name__ == "__main__":
    main()
