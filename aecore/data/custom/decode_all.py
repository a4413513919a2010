"""Decoding many pictures on all cores, so that what an interrupted preparation had done is not done again."""

from __future__ import annotations

import json
import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from aecore.data.custom.decode import Open, UnusableError, pixels
from aecore.data.custom.size import Frame
from aecore.data.custom.values import Scale
from aecore.files import MB, atomic_write, parse_json, read_regular

AT_A_TIME = 64
"""Pictures that a thread takes on."""
WORTH_KEEPING = 2000
"""Pictures, between two of which what is done is written down; of fewer nothing is kept."""
PIXELS, DONE = "pixels.bin", "done.json"

Job = TypeVar("Job")
Result = TypeVar("Result")
Tell = Callable[[int], object]
"""Called with the number of pictures that are done."""


def on_all_cores(work: Callable[[Job], Result], jobs: Sequence[Job]) -> Iterator[Result | UnusableError]:
    """What `work` returns for each job, in their order, or the `UnusableError` that it raised. Decoders let other
    threads run."""

    def several(low: int) -> list[Result | UnusableError]:
        return [_tried(work, job) for job in jobs[low : low + AT_A_TIME]]

    threads = os.cpu_count() or 1
    lows = iter(range(0, len(jobs), AT_A_TIME))
    with ThreadPoolExecutor(threads) as pool:
        # No more than are soon done are handed out, so that whoever is interrupted needs not wait for all.
        waiting = deque(pool.submit(several, low) for low in islice(lows, 2 * threads))
        while waiting:
            found = waiting.popleft().result()
            waiting.extend(pool.submit(several, low) for low in islice(lows, 1))
            yield from found


def _tried(work: Callable[[Job], Result], job: Job) -> Result | UnusableError:
    try:
        return work(job)
    except UnusableError as error:
        return error


def decode_all(
    given: Sequence[tuple[Open, Scale | None]], frame: Frame, tell: Tell, keep: Path | None
) -> tuple[np.ndarray, dict[int, str]]:
    """The pictures as uint8 RGB (N, H, W, 3), and by index why one cannot be used, whose place holds nothing of sense.

    Where there are many, they are written to the folder `keep`, and what was written there of the same pictures is not
    decoded again. Whoever has stored the result removes the folder.
    """
    shape = (frame.height, frame.width, 3)
    if keep is None or len(given) < WORTH_KEEPING:
        made = np.empty((len(given), *shape), np.uint8)
        return made, _decoded(given, frame, made, tell)
    done, problems = _begun(keep, shape)
    while done < len(given):
        tell(done)
        part = given[done : done + WORTH_KEEPING]
        made = np.empty((len(part), *shape), np.uint8)
        found = _decoded(part, frame, made, lambda number, before=done: tell(before + number))
        problems |= {done + row: why for row, why in found.items()}
        with (keep / PIXELS).open("ab") as file:
            file.write(made.data)
            file.flush()
            os.fsync(file.fileno())  # before it is said to be there
        done += len(part)
        about = {"shape": shape, "done": done, "problems": problems}
        atomic_write(keep / DONE, json.dumps(about).encode())
    # Changes of it are not kept.
    return np.memmap(keep / PIXELS, np.uint8, "c", shape=(len(given), *shape)), problems


def _decoded(given: Sequence[tuple[Open, Scale | None]], frame: Frame, made: np.ndarray, tell: Tell) -> dict[int, str]:
    """Decode the pictures into `made`; why some cannot be used, by index."""

    def one(row: int) -> None:
        made[row] = pixels(given[row][0], frame, given[row][1])

    problems = {}
    for row, found in enumerate(on_all_cores(one, range(len(given)))):
        if isinstance(found, UnusableError):
            problems[row] = str(found)
        if row % AT_A_TIME == 0:
            tell(row)
    return problems


def _begun(keep: Path, shape: tuple[int, ...]) -> tuple[int, dict[int, str]]:
    """How many pictures of this shape the folder holds already, and what was wrong with some; the file of their pixels
    then ends behind them."""
    keep.mkdir(parents=True, exist_ok=True)
    file, done, problems = keep / PIXELS, 0, {}
    try:
        known: dict[str, Any] = parse_json(read_regular(keep / DONE, 64 * MB))
        if known["shape"] == list(shape) and file.stat().st_size >= known["done"] * math.prod(shape):
            problems = {int(row): str(why) for row, why in known["problems"].items()}
            done = int(known["done"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        problems = {}
    with file.open("ab") as opened:
        opened.truncate(done * math.prod(shape))
    return done, problems
