"""Reading ONNX files of others: looked at by a program of its own, then as functions of float32 tensors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aecore.config.model import WIDEST_CODE
from aecore.errors import UserError
from aecore.files import read_regular
from aecore.interop.inspect_onnx import REFUSED

MOST_BYTES = 1 << 30
_PROGRAM = Path(__file__).with_name("inspect_onnx.py")
_LONGEST_S = 300


@dataclass(frozen=True)
class Way:
    """One way in which the files take images."""

    shape: tuple[int, ...]
    """Of one image, as it goes in."""
    rows: int
    """How many images go in at once; 0 for any number."""
    output: int
    """Which of the outputs is the image; of an encoder it is always the first that is the code."""
    output_shape: tuple[int, ...]
    """Of one image, as it comes out."""
    code: tuple[int, ...] = ()
    """Of one code, as the decoder takes it; empty for a whole network."""
    code_size: int = 0
    chance: bool = False
    """Whether the files draw random numbers, so that one image has different outputs."""


@dataclass(frozen=True)
class OnnxFiles:
    """One whole network, or encoder and decoder, in that order."""

    contents: tuple[bytes, ...]
    outputs: tuple[tuple[str, ...], ...]
    """The names of each file's outputs."""
    parameters: int
    ways: tuple[Way, ...]


def is_onnx(paths: Sequence[Path]) -> bool:
    """Whether these are ONNX files, by their names: an ONNX file has no beginning of its own."""
    return any(path.suffix.lower() == ".onnx" for path in paths)


def read_onnx(paths: Sequence[Path], image_shapes: Sequence[tuple[int, int, int]]) -> OnnxFiles:
    """One file or two, run once with images of each of these shapes (C, H, W) in every layout that they may take.

    Raises `UserError`, in one line, for files that are not understood or that take none of these images.
    """
    if len(paths) > 2:
        raise UserError(f"{len(paths)} files were given: a model is one file, or encoder and decoder in two")
    if other := [path.name for path in paths if path.suffix.lower() != ".onnx"]:
        raise UserError(f"{other[0]} is no ONNX file, and the other one is: encoder and decoder should be of one kind")
    _check_packages()
    paths = sorted(paths, key=_is_decoder)
    contents = [_content(path) for path in paths]
    shapes = {shape for image_shape in image_shapes for shape in layouts_of(image_shape)}
    found = _inspect({"files": [str(path.absolute()) for path in paths], "shapes": [list(s) for s in sorted(shapes)]})
    pixels = {channels * height * width for channels, height, width in image_shapes}
    ways = [_way(entry, pixels) for entry in found["tries"]]
    if not any(ways):
        shape = " × ".join(map(str, found["tries"][0]["outputs"][-1][0][1:]))
        alone = "; an encoder needs its decoder: give both files" if len(paths) == 1 else ""
        said = f"what comes out has the shape {shape or 'of one number'}, which is no image like those going in"
        raise UserError(said + alone)
    kept = tuple(way for way in ways if way is not None)
    if not (narrow := tuple(way for way in kept if way.code_size <= WIDEST_CODE)):
        raise UserError(f"a code has {kept[0].code_size:,} numbers; at most {WIDEST_CODE:,} are looked at")
    return OnnxFiles(
        tuple(contents[number] for number in found["order"]),
        tuple(tuple(file["outputs"]) for file in found["files"]),
        sum(file["parameters"] for file in found["files"]),
        narrow,
    )


def layouts_of(image_shape: tuple[int, int, int]) -> list[tuple[int, ...]]:
    """The shapes in which a program may hold an image of (C, H, W)."""
    channels, height, width = image_shape
    found: list[tuple[int, ...]] = [image_shape, (height, width, channels), (channels * height * width,)]
    return [*found, (height, width)] if channels == 1 else found


def _way(entry: dict[str, Any], pixels: set[int]) -> Way | None:
    """A trial in which an image came out; None for one in which none did."""
    size = _product(entry["shape"])
    for number, shape in enumerate(entry["outputs"][-1]):
        if size in pixels and shape[:1] == [entry["outputs"][0][0][0]] and _product(shape[1:]) == size:
            rows = entry["outputs"][0][0][0]
            code = entry["outputs"][0][0][1:] if len(entry["outputs"]) == 2 else []
            return Way(
                tuple(entry["shape"]),
                0 if entry["any"] else rows,
                number,
                tuple(shape[1:]),
                tuple(entry["code"]),
                _product(code) if len(entry["outputs"]) == 2 else 0,
                entry["chance"],
            )
    return None


def _product(shape: Sequence[int]) -> int:
    found = 1
    for length in shape:
        found *= length
    return found


def _content(path: Path) -> bytes:
    try:
        content = read_regular(path, MOST_BYTES)
    except FileNotFoundError:
        raise UserError(f"there is no file {path}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    if not content:
        raise UserError(f"{path.name} is empty")
    return content


def _is_decoder(path: Path) -> bool:
    name = path.stem.lower()
    return "dec" in name and "enc" not in name


def _check_packages() -> None:
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"reading ONNX files needs {error.name}, which is not installed: pip install -r requirements-onnx.txt"
        ) from None


def _inspect(request: dict[str, Any]) -> dict[str, Any]:
    """What the program found. Whatever a hostile file does to it, this process goes on."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_PROGRAM)],
            input=json.dumps(request).encode(),
            capture_output=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            timeout=_LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"running the file on two images took more than {_LONGEST_S} s") from None
    if done.returncode == 0:
        return json.loads(done.stdout)
    said = done.stderr.decode(errors="replace").strip().splitlines()
    if done.returncode == REFUSED:
        raise UserError(said[-1])
    if done.returncode < 0:
        raise UserError("the file cannot be read: it makes onnxruntime crash, so it is damaged or made to do harm")
    raise UserError(f"the file cannot be read: {said[-1][:160] if said else 'no reason given'}")
