"""Files that are no run's, changed: checkpoints, arrays, folders and zips of pictures, settings."""

from __future__ import annotations

import io
import os
import random
import shutil
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from PIL import Image

from aecore import data
from aecore.config.experiment import Experiment
from aecore.errors import UserError
from aecore.files import check_regular
from aecore.interop import unpickle
from aecore.interop.read_checkpoint import read_checkpoint
from aecore.runs.run import Run
from aecore.sweeps.definition import Sweep
from benchmarks.faults.files import changes, judged
from benchmarks.faults.verdicts import COLUMNS, memory_mb, row
from benchmarks.tables import Part

PARTS = 8
"""A checkpoint is read by a process of its own; of so many changed ones one is, the others are read here."""


def measured(scratch: Path, base: Path, each: int, say: Callable[[str], None]) -> Part:
    """Each kind of file changed `each` times; checkpoints, which are cheap to read here, `PARTS` times as often."""
    folder = scratch / "foreign"
    folder.mkdir()
    os.environ["AECORE_DATA"] = str(folder / "data")
    model = (base / "model.pth").read_bytes()
    weights = safetensors.numpy.load_file(base / "store" / "runs" / "bystander" / "weights.safetensors")
    settings = b'name = "a"\n[data]\nname = "digits"\n[training]\nepochs = 3\nlr = 0.001\n'
    sweep = b'name = "a"\nbase = "digits-quick"\nseeds = 2\n[vary]\n"model.bottleneck.size" = [2, 4]\n'
    kinds: list[tuple[str, str, bytes, Callable[[Path], Any], int, bool]] = [
        (".pth", "model.pth", model, _checkpoint, max(each // PARTS, 4), True),
        (".pth, its reader alone", "model.pth", model, _unpickled, each * PARTS, True),
        (".safetensors", "model.safetensors", safetensors.numpy.save(weights), _checkpoint, each, False),
        (".npz", "images.npz", _arrays(), _images, each, True),
        ("folder of pictures", "pictures/3.png", _picture(3), _images_beside, each, False),
        ("zip of pictures", "pictures.zip", _zip(), _images, each, True),
        ("experiment.toml", "a.toml", settings, lambda path: Experiment.load(path).model_dump(), each, False),
        ("sweep.toml", "s.toml", sweep, lambda path: Sweep.load(path).as_json(), each, False),
    ]
    rows = []
    for number, (title, name, content, read, count, summed) in enumerate(kinds):
        say(title)
        start = memory_mb()
        found = _tried(folder / f"{number}" / name, content, read, count, number)
        if not summed:  # it has no sum: another value of the right type is nothing that a reader could see
            found["right"] += found.pop("silent", 0)
            title += ", no sum"
        rows.append(row(title, found, start))
    return Part("foreign", "Changed files of other programs", COLUMNS, rows)


def _tried(path: Path, content: bytes, read: Callable[[Path], Any], count: int, seed: int) -> Counter[str]:
    path.parent.mkdir(parents=True)
    if path.parent.name == "pictures":
        for number in range(8):
            (path.parent / f"{number}.png").write_bytes(_picture(number))
    path.write_bytes(content)
    found, run = Counter[str](), Run(path)
    before = read(path)
    for change in changes(content, count, random.Random(seed)):
        try:
            if callable(change):
                change(path)
            else:
                path.unlink()  # another file: what is kept of the one before must not be taken for it
                path.write_bytes(change)
            found["tried"] += 1
            found[judged(run, lambda _run: read(path), before)] += 1
        finally:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            path.unlink(missing_ok=True)
            path.write_bytes(content)
            shutil.rmtree(os.environ["AECORE_DATA"], ignore_errors=True)
    return found


def _checkpoint(path: Path) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in read_checkpoint(path).file.items()}


def _unpickled(path: Path) -> dict[str, Any]:
    """What the reader's process would print and write; whoever starts it has seen that it is a regular file."""
    try:
        check_regular(path)
        writer = unpickle._Writer()
        tree = writer.tree(unpickle.read(path))
        return {"tree": tree, "tensors": [tensor.numpy().tobytes() for tensor in writer.tensors]}
    except (unpickle.RefusedError, MemoryError, OSError) as error:
        raise UserError(str(error) or "memory") from None
    except Exception as error:  # the process ends, and whoever started it says so in one line
        raise UserError(f"the reader ends: {type(error).__name__}") from None


class Named(list[np.ndarray]):
    """The arrays of an image set; `dropped` says what was left out of them, as command line, page and run do."""

    dropped: tuple[str, ...] = ()


def _images(path: Path) -> Named:
    found = data.load(str(path))
    arrays = Named(np.array(part) for part in (found.x_train, found.y_train, found.x_test, found.y_test))
    report = data.understood(str(path))
    arrays.dropped = tuple(entry["name"] for entry in report.left_out) if report else ()
    return arrays


def _images_beside(path: Path) -> Named:
    return _images(path.parent)


def _picture(number: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((12, 12), 20 * number, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _arrays() -> bytes:
    buffer, rng = io.BytesIO(), np.random.default_rng(0)
    np.savez(buffer, x=rng.integers(0, 256, (12, 8, 8), np.uint8), y=np.arange(12) % 3)
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(8):
            archive.writestr(f"{number}.png", _picture(number))
    return buffer.getvalue()
