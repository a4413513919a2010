"""What becomes of a run whose files were changed.

Every file of a run is flipped, cut, overwritten and replaced in many ways, and read by everything that reads it. What
is counted: right (the same values as before, or the damage was named beside what stands), refused in one line,
tracebacks, values that changed without a word, readers that did not come back within ten seconds, and the largest
growth of memory. The aim is none of the last four.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from aecore.errors import AecoreError
from aecore.latent.codes import read_codes
from aecore.latent.projection_store import read_projection
from aecore.runs import archive, sums
from aecore.runs.record_types import Status
from aecore.runs.records import Table
from aecore.runs.run import Run
from aecore.runs.store import Store
from aecore.runs.summary import summarise
from benchmarks.faults.verdicts import COLUMNS, PATIENCE_S, WORST, memory_mb, row
from benchmarks.tables import Part

RUN = Path(__file__).parent.parent.parent / "checkpoints" / "gallery" / "mnist-mlp8"
KNOWN = frozenset(Status.model_fields)
DEEP = b"[" * 100_000 + b"]" * 100_000
JSON = ("experiment.json", "status.json", "evaluation.json", "notes.json")
LINES = ("metrics.jsonl", "layers.jsonl")
TENSORS = (
    "weights.safetensors",
    "snapshots.safetensors",
    "codes.safetensors",
    "figures.safetensors",
    "projections/tsne-2d.safetensors",
)
VALUES = (None, True, -1, 1e400, 10**30, "", "x", "../../etc/passwd", [], {}, [[[[]]]], {"a": {"b": [1]}}, float("nan"))


class HungError(BaseException):
    """Passes every handler of a reader."""


def readers(name: str) -> list[Callable[[Run], Any]]:
    """Everything that reads that file of a run."""
    found: list[Callable[[Run], Any]] = [summarise]
    found += {
        "experiment.json": [lambda run: run.experiment().model_dump()],
        "status.json": [_known_status, lambda run: run.image_info()],
        "evaluation.json": [lambda run: run.evaluation()],
        "notes.json": [lambda run: run.notes()],
        "metrics.jsonl": [lambda run: run.metrics(), lambda run: run.course()],
        "layers.jsonl": [lambda run: run.lines("layers.jsonl")],
        "codes.safetensors": [read_codes],
        "snapshots.safetensors": [lambda run: run.snapshots()],
        "projections/tsne-2d.safetensors": [lambda run: read_projection(run, "tsne", 2)],
    }.get(name, [lambda run: run.tensors(name)])
    return found


def _known_status(run: Run) -> Any:
    """Of the status what any reader looks at: a bit in the name of its sum makes that a value of an unknown name."""
    found = run.status()
    known = Table((name, value) for name, value in found.items() if name in KNOWN)
    known.dropped = found.dropped
    return known


def changes(content: bytes, count: int, rng: random.Random) -> Iterator[bytes | Callable[[Path], None]]:
    """`count` ways to change a file: bytes that replace its own, or what is done to its path."""
    for number in range(count):
        data = bytearray(content)
        kind = number % 8
        if kind < 3 and data:  # a flipped bit, most often
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif kind == 3:
            del data[rng.randrange(len(data) + 1) :]
        elif kind == 4 and data:
            start = rng.randrange(len(data))
            data[start : start + 512] = bytes(len(data[start : start + 512]))
        elif kind == 5:
            start = rng.randrange(len(data) + 1)
            data[start:start] = rng.randbytes(64)
        elif kind == 6:
            yield rng.choice([b"", b"\x00" * 64, DEEP, b"{" * 5000, b"\xff\xfe", b"null", b"[]", rng.randbytes(300)])
            continue
        else:
            yield rng.choice([_pipe, _folder, _circle])
            continue
        yield bytes(data)


def values(content: bytes, rng: random.Random, count: int) -> Iterator[bytes]:
    """A JSON table with one of its values replaced by one of another type."""
    for _ in range(count):
        table = json.loads(content)
        table.pop("sum", None)  # as older versions have it
        place = table
        while True:
            key = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
            if not isinstance(place[key], dict | list) or not place[key] or rng.random() < 0.4:
                place[key] = rng.choice(VALUES)
                break
            place = place[key]
        yield json.dumps(table).encode()


def _pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def _circle(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(path.name)


def judged(run: Run, read: Callable[[Run], Any], before: Any) -> str:
    """What a reader made of the run."""

    def over(_number: int, _frame: FrameType | None) -> NoReturn:
        raise HungError

    signal.signal(signal.SIGALRM, over)
    signal.alarm(PATIENCE_S)
    try:
        found = read(run)
    except AecoreError as error:
        return "refused" if len(str(error).splitlines()) == 1 else "traceback"
    except HungError:
        return "hang"
    except Exception:  # every other kind is what is looked for
        return "traceback"
    finally:
        signal.alarm(0)
    said = getattr(found, "dropped", ()) or getattr(found, "problem", "")
    return "right" if said or same(found, before) else "silent"


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if hasattr(a, "__dataclass_fields__"):
        return type(a) is type(b) and all(same(getattr(a, n), getattr(b, n)) for n in a.__dataclass_fields__)
    return a == b


def files(folder: Path, name: str, count: int, seed: int, summed: bool) -> Counter[str]:
    """Change one file of a copy of the run `count` times; without sums as a run of an older version has it."""
    home = folder / "runs" / RUN.name
    if not home.exists():
        shutil.copytree(RUN, home)
        Run(home).write_json("notes.json", {"title": "A title", "note": "", "group": ""})
    run, rng = Run(home), random.Random(seed)
    path = home / name
    content, recorded = path.read_bytes(), (home / sums.SUMS).read_bytes()
    looks = readers(name)
    before = [look(run) for look in looks]
    if not summed:
        (home / sums.SUMS).unlink()
    found: Counter[str] = Counter()
    made: Iterator[Any] = changes(content, count, rng)
    if not summed:
        made = values(content, rng, count)
    for change in made:
        try:
            if callable(change):
                change(path)
            else:
                path.write_bytes(change)
            found["tried"] += 1
            verdicts = {judged(run, look, was) for look, was in zip(looks, before, strict=True)}
            worst = next(v for v in WORST if v in verdicts)
            found[worst] += 1
        finally:
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
            path.write_bytes(content)
    (home / sums.SUMS).write_bytes(recorded)
    return found


def zips(folder: Path, count: int, seed: int) -> Counter[str]:
    """Change the zip of a run and unpack it."""
    store, rng = Store(folder / "unpacked"), random.Random(seed)
    content = archive.packed(Run(RUN))
    found: Counter[str] = Counter()
    before = [(name, Run(RUN).file(name).read_bytes()) for name in sums.SUMMED if Run(RUN).file(name).is_file()]
    for change in changes(content, count, rng):
        target = folder / "changed.zip"
        with contextlib.suppress(OSError):
            target.unlink()
        target.write_bytes(content)
        if callable(change):
            continue
        target.write_bytes(change)
        found["tried"] += 1

        def unpacked(_run: Run, target: Path = target) -> Any:
            run = archive.unpack(target, store)
            states = sums.verify(run.path)
            if any(state == "changed" for state in states.values()):
                raise AecoreError("damaged")
            return [(name, run.file(name).read_bytes()) for name, _ in before]

        found[judged(Run(RUN), unpacked, before)] += 1
        shutil.rmtree(store.root, ignore_errors=True)
    return found


def measured(each: int, say: Callable[[str], None]) -> Part:
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for number, name in enumerate((*JSON, *LINES, *TENSORS)):
            counted = [("", True), *([(", other types", False)] if name in JSON else [])]
            for kind, summed in counted:
                say(f"{name}{kind}")
                start = memory_mb()
                found = files(folder, name, each, number, summed)
                if not summed:  # another value of the right type is no damage that a reader could see
                    found["right"] += found.pop("silent", 0)
                rows.append(row(f"{name}{kind}", found, start))
        say("zip of a run")
        start = memory_mb()
        rows.append(row("zip of a run", zips(folder, max(each // 10, 8), 99), start))
    return Part("faults", "Changed files of a run", COLUMNS, rows)
