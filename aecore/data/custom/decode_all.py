"""Decoding many pictures on all cores, so that what an interrupted preparation had done is not done again."""

from __future__ import annotations

import hashlib
import json
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from aecore.data.custom.decode import Open, UnusableError, pixels
from aecore.data.custom.size import Frame
from aecore.data.custom.values import Scale
from aecore.files import MB, atomic_write, parse_json, read_regular

AT_A_TIME = 64
"""Pictures that a thread takes on."""
MOST_THREADS = 8
"""Each may hold a picture of `MAX_PIXELS`, some 300 MB."""
WORTH_KEEPING = 2000
"""Pictures, between two of which what is done is written down; of fewer nothing is kept."""
PIXELS, DONE = "pixels.bin", "done.json"


class Encoded(NamedTuple):
    """A picture by its name; `scale` is for a deep one."""

    name: str
    open: Open
    scale: Scale | None


Job = TypeVar("Job")
Result = TypeVar("Result")
Tell = Callable[[int], object]
"""Called with the number of pictures that are done."""


def on_all_cores(work: Callable[[Job], Result], jobs: Sequence[Job]) -> Generator[Result | UnusableError, None, None]:
    """What `work` returns for each job, in their order, or the `UnusableError` that it raised. Decoders let other
    threads run. Whoever may not take all closes it, and waits for the jobs in hand alone."""
    ended = threading.Event()

    def several(low: int) -> list[Result | UnusableError]:
        return [_tried(work, job) for job in jobs[low : low + AT_A_TIME] if not ended.is_set()]

    threads = min(os.cpu_count() or 1, MOST_THREADS)
    lows = iter(range(0, len(jobs), AT_A_TIME))
    with ThreadPoolExecutor(threads) as pool:
        try:
            # No more than are soon taken are handed out, as their results wait in memory.
            waiting = deque(pool.submit(several, low) for low in islice(lows, 2 * threads))
            while waiting:
                found = waiting.popleft().result()
                waiting.extend(pool.submit(several, low) for low in islice(lows, 1))
                yield from found
        finally:
            ended.set()


def _tried(work: Callable[[Job], Result], job: Job) -> Result | UnusableError:
    try:
        return work(job)
    except UnusableError as error:
        return error


def decode_all(
    given: Sequence[Encoded], frame: Frame, tell: Tell, keep: Path | None
) -> tuple[np.ndarray, dict[int, str]]:
    """The pictures as uint8 RGB (N, H, W, 3), and by index why one cannot be used, whose place holds nothing of sense.

    Where there are many, they are written to the folder `keep`, and what was written there of the same pictures is not
    decoded again. Whoever has stored the result removes the folder.
    """
    shape = (frame.height, frame.width, 3)
    if keep is None or len(given) < WORTH_KEEPING:
        made = np.empty((len(given), *shape), np.uint8)
        return made, _decoded(given, frame, made, tell)
    of = _digest(given, frame)
    sums, problems = _begun(keep, of, len(given), math.prod(shape))
    for done in range(len(sums) * WORTH_KEEPING, len(given), WORTH_KEEPING):
        tell(done)
        part = given[done : done + WORTH_KEEPING]
        made = np.empty((len(part), *shape), np.uint8)
        found = _decoded(part, frame, made, lambda number, before=done: tell(before + number))
        problems |= {done + row: why for row, why in found.items()}
        with (keep / PIXELS).open("ab") as file:
            file.write(made.data)
            file.flush()
            os.fsync(file.fileno())  # before it is said to be there
        sums.append(hashlib.sha256(made.data).hexdigest())
        atomic_write(keep / DONE, json.dumps({"of": of, "sums": sums, "problems": problems}).encode())
    # Changes of it are not kept.
    return np.memmap(keep / PIXELS, np.uint8, "c", shape=(len(given), *shape)), problems


def _decoded(given: Sequence[Encoded], frame: Frame, made: np.ndarray, tell: Tell) -> dict[int, str]:
    """Decode the pictures into `made`; why some cannot be used, by index."""

    def one(row: int) -> None:
        made[row] = pixels(given[row].open, frame, given[row].scale)

    problems = {}
    with closing(on_all_cores(one, range(len(given)))) as results:
        for row, found in enumerate(results):
            if isinstance(found, UnusableError):
                problems[row] = str(found)
            if row % AT_A_TIME == 0:
                tell(row)
    return problems


def _digest(given: Sequence[Encoded], frame: Frame) -> str:
    """Of what the pixels depend on beside the files: a picture that could not be opened the last time, and now can,
    moves all behind it, and may change the size and the scale of all."""
    about = [WORTH_KEEPING, frame, [(one.name, one.scale) for one in given]]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def _begun(keep: Path, of: str, count: int, size: int) -> tuple[list[str], dict[int, str]]:
    """The SHA-256 sums of those parts that the folder holds already of these pictures, of `size` bytes each, and what
    was wrong with some pictures; the file of their pixels then ends behind them."""
    keep.mkdir(parents=True, exist_ok=True)
    sums, problems, done = list[str](), dict[int, str](), 0
    try:
        known: dict[str, Any] = parse_json(read_regular(keep / DONE, 64 * MB))
        if known["of"] == of:
            told = {int(row): str(why) for row, why in known["problems"].items()}
            with (keep / PIXELS).open("rb") as file:
                for low, wanted in zip(range(0, count, WORTH_KEEPING), known["sums"], strict=False):
                    high = min(low + WORTH_KEEPING, count)
                    if hashlib.sha256(file.read((high - low) * size)).hexdigest() != wanted:
                        break
                    sums.append(wanted)
                    done = high
            problems = {row: why for row, why in told.items() if row < done}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        sums, problems, done = [], {}, 0
    with (keep / PIXELS).open("ab") as file:
        file.truncate(done * size)
    return sums, problems
