"""Images beyond memory: `python -m benchmarks.large [--quick] [--images N] [--json FILE]`.

A file of 200,000 made pictures of 96×96×3 (5.5 GB) is written into a temporary folder, and a small convolutional
network trains on it in two processes that take turns: with all images in memory, and read from the file a few batches
ahead, as a run does whose images do not fit. Images a second, the ratio of the two within a turn, and the most memory
that each process ever had.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from aecore.config.experiment import Experiment
from aecore.data.streamed import Streamed
from aecore.devices import devices
from aecore.models.fast_paths import keep_freed_memory
from aecore.training.checkpoint import new_state
from aecore.training.step import Step
from benchmarks.interleave import Tell, in_turns

SIDE, CHANNELS = 96, 3
BATCH, STEPS = 128, 40
WAYS = ("in memory", "from the file")
NETWORK = {
    "model.conv": ["16k3s2p1", "32k3s2p1", "32k3s2p1"],
    "model.dense": [64],
    "training.batch_size": BATCH,
    "training.precision": "float32",
}


def write_images(path: Path, images: int) -> None:
    """Noise over a slope, different in every picture; a chunk at a time."""
    shape = (images, CHANNELS, SIDE, SIDE)
    written = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    draw = np.random.default_rng(0)
    slope = np.linspace(0, 120, SIDE, dtype=np.uint8)
    for begin in range(0, images, 2048):
        part = written[begin : begin + 2048]
        part[:] = draw.integers(0, 128, part.shape, dtype=np.uint8) + slope
    written.flush()


def train(tell: Tell, path: Path, way: str, memory: Path) -> None:
    """Turns of `STEPS` steps on images drawn from the whole file; the peak of this process's memory goes into
    `memory`."""
    keep_freed_memory()
    cpu = torch.device("cpu")
    mapped = np.load(path, mmap_mode="r")
    images = Streamed(mapped, slice(None), cpu) if way == WAYS[1] else torch.from_numpy(np.array(mapped))
    del mapped
    experiment = Experiment().changed(NETWORK)
    state = new_state(experiment, (CHANNELS, SIDE, SIDE), len(images), cpu)
    step = Step(experiment, state, images)
    step.network.train()
    shuffle = torch.Generator().manual_seed(0)
    while True:
        batches = torch.randperm(len(images), generator=shuffle)[: STEPS * BATCH].split(BATCH)
        step.begin(batches)
        for chosen in batches:
            step(chosen)
        memory.write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))
        tell(float(step.sums[0]) / STEPS)
        step.sums.zero_()


def measure(path: Path, rounds: int) -> dict[str, Any]:
    folder = path.parent
    loops = {way: in_turns(train, path, way, folder / f"{number}.txt") for number, way in enumerate(WAYS)}
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    losses: dict[str, list[float]] = {way: [] for way in WAYS}
    for turn in range(rounds + 1):
        for way, loop in loops.items():
            begun = time.perf_counter()
            losses[way].append(next(loop))
            if turn:  # the first is a warm-up, in which images are also loaded
                seconds[way].append(time.perf_counter() - begun)
        print(f"turn {turn} of {rounds}" + (" (warm-up)" if not turn else ""), file=sys.stderr)
    pairs = list(zip(*seconds.values(), strict=True))
    rates = {way: STEPS * BATCH / statistics.median(times) for way, times in seconds.items()}
    return {
        "images_per_s": rates,
        "rate": statistics.median(inside / outside for inside, outside in pairs),
        "memory": {way: int((folder / f"{number}.txt").read_text()) for number, way in enumerate(WAYS)},
        "same_losses": losses[WAYS[0]] == losses[WAYS[1]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="20,000 images, one turn")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    asked = parser.parse_args()
    images, rounds = (20_000, 1) if asked.quick else (asked.images, asked.rounds)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "images.npy")
        begun = time.perf_counter()
        write_images(path, images)
        print(f"{path.stat().st_size / 1e9:.1f} GB written in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        found = {"images": images, "bytes": path.stat().st_size} | measure(path, rounds)
    title = f"{images:,} pictures of {SIDE}×{SIDE}×{CHANNELS}, batches of {BATCH}; {devices()[-1].title}"
    table = Table("images", "a second", "of memory's", "most memory", title=title)
    for way in WAYS:
        share = found["rate"] if way == WAYS[1] else 1.0
        gb = f"{found['memory'][way] / 1e9:.2f} GB"
        table.add_row(way, f"{found['images_per_s'][way]:,.0f}", f"{share:.0%}", gb)
    console = Console(width=None if Console().is_terminal else 110)
    console.print(table)
    console.print("the losses are " + ("equal, bit for bit" if found["same_losses"] else "NOT equal"))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))
    sys.exit(not found["same_losses"])


if __name__ == "__main__":
    main()
