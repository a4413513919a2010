"""A folder of very many pictures: `python -m benchmarks.own_many [--quick] [--pictures N] [--json FILE]`.

100,000 made JPEGs of 178×218 are written into a temporary folder and prepared as squares of 64, as `aecore data
prepare` does it, in a process of its own; then once more in one that is killed half-way, and to the end in a third.
Beside it the time of decoding them all with Pillow and nothing else, and of resizing them too, in one thread and in as
many processes as there are cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from aecore.data.custom.size import Asked, choose_frame, place

PICTURES, QUICK = 100_000, 3000
SIZE = (178, 218)
SIDE = 64
FOLDERS = 10
PREPARE = [sys.executable, "-m", "aecore", "data", "prepare"]


def write(folder: Path, numbers: range) -> None:
    """A picture of coarse noise for each number."""
    for number in numbers:
        coarse = np.random.default_rng(number).integers(0, 256, (27, 22, 3), np.uint8)
        here = folder / f"class {number % FOLDERS}"
        here.mkdir(exist_ok=True)
        Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC).save(here / f"{number:06}.jpg", quality=85)


def decode(folder: Path, resized: bool, numbers: range) -> int:
    """Decode them, as squares of `SIDE` pixels if asked for, and return the number of bytes."""
    found = 0
    for number in numbers:
        with Image.open(folder / f"class {number % FOLDERS}" / f"{number:06}.jpg") as image:
            whole = image.convert("RGB")
            if resized:
                whole = place(whole, choose_frame([whole.size], Asked(SIDE)))
            found += np.asarray(whole).nbytes
    return found


def on_all_cores(work: partial[int] | partial[None], count: int) -> float:
    """Seconds that `work` takes for all numbers, in as many processes as there are cores."""
    parts = [range(low, min(low + 500, count)) for low in range(0, count, 500)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        begun = time.perf_counter()
        list(pool.map(work, parts))
        return time.perf_counter() - begun


def prepare(folder: Path, cache: Path, until: float | None = None) -> float:
    """Seconds until the set is prepared; killed after `until` seconds."""
    begun = time.perf_counter()
    command = [*PREPARE, str(folder), "--size", str(SIDE)]
    process = subprocess.Popen(command, env=os.environ | {"AECORE_DATA": str(cache)}, stdout=subprocess.DEVNULL)
    try:
        status = process.wait(until)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return time.perf_counter() - begun
    if status:
        raise SystemExit(f"preparing failed with {status}")
    return time.perf_counter() - begun


def measure(count: int, root: Path) -> Iterator[tuple[str, float]]:
    """What was timed, in seconds."""
    folder = root / "pictures"
    folder.mkdir()
    on_all_cores(partial(write, folder), count)
    for resized, what in ((False, "decoding alone"), (True, "decoding and resizing alone")):
        begun = time.perf_counter()
        decode(folder, resized, range(count))
        yield f"{what}, one thread", time.perf_counter() - begun
        yield f"{what}, a process for each core", on_all_cores(partial(decode, folder, resized), count)
    whole = prepare(folder, root / "first")
    yield "prepared", whole
    yield "killed half-way", prepare(folder, root / "second", whole / 2)
    yield "gone on with to the end", prepare(folder, root / "second")
    yield "found prepared", prepare(folder, root / "second")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, help=f"default {PICTURES:,}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} pictures")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    asked = parser.parse_args()
    count = asked.pictures or (QUICK if asked.quick else PICTURES)
    with tempfile.TemporaryDirectory() as root:
        found = dict(measure(count, Path(root)))
    table = Table(title=f"{count:,} JPEGs of {SIZE[0]}×{SIZE[1]} as squares of {SIDE}, {os.cpu_count()} cores")
    for heading in ("", "s", "times decoding and resizing in one thread"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, seconds in found.items():
        table.add_row(name, f"{seconds:.1f}", f"{seconds / found['decoding and resizing alone, one thread']:.2f}")
    Console(width=100).print(table)
    if asked.json:
        asked.json.write_text(json.dumps({"pictures": count, "seconds": found}, indent=1))


if __name__ == "__main__":
    main()
