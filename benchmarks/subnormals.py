"""What subnormal numbers cost a step on this processor: `python -m benchmarks.subnormals [--quick] [--json FILE]`.

Shipped runs whose weights have become subnormal in part take steps from where they ended, with such numbers kept and
with them taken as zero, in two processes that take turns; and so does a new network of the same kind.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from aecore.devices import devices
from aecore.models import subnormals
from aecore.models.fast_paths import keep_freed_memory
from aecore.runs.run import WEIGHTS
from aecore.runs.store import Store
from aecore.runs.tensor_files import read_arrays
from aecore.training.checkpoint import new_state
from aecore.training.step import Step
from benchmarks.interleave import Tell, in_turns

RUNS = ("colored-vae", "colored-conv", "colored-dropout")
SHAPE = (3, 28, 28)
STEPS, ROUNDS = 5, 7
WAYS = {"kept": False, "as zero": True}


def weights_of(name: str) -> dict[str, np.ndarray]:
    return read_arrays(Store.default().find(name).file(WEIGHTS))[0]


def share_of(weights: dict[str, np.ndarray]) -> float:
    """The share of the weights that are subnormal."""
    values = np.concatenate([np.abs(one).ravel() for one in weights.values() if one.dtype == np.float32])
    return float(np.mean((values > 0) & (values < np.finfo(np.float32).tiny)))


def steps(tell: Tell, name: str, new: bool, zero: bool) -> None:
    """Turns of `STEPS` steps on noise in the shape of the run's images."""
    keep_freed_memory()
    with subnormals.as_zero(zero):
        experiment = Store.default().find(name).experiment()
        size = experiment.training.batch_size
        draw = torch.Generator().manual_seed(0)
        images = torch.randint(0, 256, (size, *SHAPE), dtype=torch.uint8, generator=draw)
        state = new_state(experiment, SHAPE, size, images.device)
        if not new:
            state.model.load_state_dict({key: torch.from_numpy(one.copy()) for key, one in weights_of(name).items()})
        step = Step(experiment, state, images)
        step.network.train()
        chosen = torch.arange(size)
        while True:
            for _ in range(STEPS):
                step(chosen)
            tell(0.0)


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Milliseconds a step, the median of turns, for a new network and for that of the run."""
    found: dict[str, Any] = {"run": name, "share": share_of(weights_of(name))}
    for kind, new in (("new", True), ("trained", False)):
        loops = {way: in_turns(steps, name, new, zero) for way, zero in WAYS.items()}
        seconds: dict[str, list[float]] = {way: [] for way in WAYS}
        for turn in range(rounds + 1):
            for way, loop in loops.items():
                begun = time.perf_counter()
                next(loop)
                if turn:  # the first is a warm-up
                    seconds[way].append((time.perf_counter() - begun) / STEPS)
        found[kind] = {way: 1000 * statistics.median(times) for way, times in seconds.items()}
        found[kind]["ratio"] = statistics.median(a / b for a, b in zip(*seconds.values(), strict=True))
        print(f"{name}, {kind}: {found[kind]}", file=sys.stderr)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one run, two turns")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    asked = parser.parse_args()
    names, rounds = (RUNS[:1], 2) if asked.quick else (RUNS, ROUNDS)
    found = [measure(name, rounds) for name in names]
    title = f"Milliseconds a step, subnormal numbers kept or taken as zero; {devices()[-1].title}"
    table = Table("run", "subnormal weights", "new: kept", "as zero", "trained: kept", "as zero", "ratio", title=title)
    for one in found:
        times = [f"{one[kind][way]:.0f}" for kind in ("new", "trained") for way in WAYS]
        table.add_row(one["run"], f"{one['share']:.1%}", *times, f"{one['trained']['ratio']:.1f}")
    Console(width=None if Console().is_terminal else 110).print(table)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
