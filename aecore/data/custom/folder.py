"""The user's images from a folder: listing it, finding classes and split, decoding.

The folder may contain anything: cyclic links, files that only look like images, images too large to decode.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from aecore.data.custom.limits import MIN_SIDE, UNLABELLED, check_bytes, check_counts, held_out
from aecore.data.image_set import Arrays, Progress
from aecore.errors import UserError

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
COMMON_MAX_SIDE = 128
"""Images that all have one size up to this are used as they are."""
RESIZED_SIDE = 64
"""All others become squares with this side."""
MAX_PIXELS = 80_000_000
"""A larger image is not decoded: a few kilobytes can decompress to gigabytes."""
MAX_ENTRIES = 500_000


class File(NamedTuple):
    """An image file; `name` is its path below the folder, with slashes."""

    name: str
    bytes: int
    mtime_ns: int


class Labelled(NamedTuple):
    """The label and split of each image, in sorted order. `test` marks the test images; None without a split."""

    names: list[str]
    labels: list[int]
    test: list[bool] | None
    classes: tuple[str, ...]


def listing(root: Path, text: str) -> list[File]:
    """The files below `root` with a suffix of images, sorted; links are followed, each folder is listed once.

    Raises `UserError` when a folder cannot be read or contains too many files.
    """
    files, seen, pending, entries = [], set(), [""], 0
    while pending:
        below = pending.pop()
        try:
            status = (root / below).stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(root / below) as scan:
                found = sorted(scan, key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            raise UserError(f"{text} cannot be read: {error.strerror} ({_one_line(below) or '.'})") from None
        entries += len(found)
        if entries > MAX_ENTRIES:
            raise UserError(f"{text} holds more than {MAX_ENTRIES:,} files: name the folder that holds the images")
        for entry in found:
            name = f"{below}/{entry.name}" if below else entry.name
            try:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    pending.append(name)
                elif entry.is_file() and name.lower().endswith(SUFFIXES):
                    status = entry.stat()
                    files.append(File(name, status.st_size, status.st_mtime_ns))
            except OSError:  # a link to itself, or deleted meanwhile
                continue
    return sorted(files)


def labelled(names: Sequence[str], text: str) -> Labelled:
    """Classes and split from sorted names alone: `[train/ or test/][class/…]file`.

    Raises `UserError` when there are images both in and beside class folders, and for more than 256 classes.
    """
    tops = {name.split("/")[0].lower() for name in names if "/" in name}
    # Without a test or validation folder beside it, "train" may be a class: cars, planes, trains.
    split = {"train", "test"} <= tops or ("train" in tops and tops <= {"train", "val", "valid", "validation"})
    test = None
    if split:
        names = [name for name in names if name.partition("/")[0].lower() in ("train", "test") and "/" in name]
        if "test" in tops:
            test = [name.split("/")[0].lower() == "test" for name in names]
    rests = [name.split("/")[1:] if split else name.split("/") for name in names]
    folders = sorted({rest[0] for rest in rests if len(rest) > 1})
    if folders and any(len(rest) == 1 for rest in rests):
        raise UserError(
            f"{text} holds both loose images and folders of images: give every class a folder of its own, "
            "or put all images into one"
        )
    if len(folders) > 256:
        raise UserError(f"{text} has {len(folders):,} folders of images; at most 256 classes are possible")
    number = {folder: i for i, folder in enumerate(folders)}
    labels = [number[rest[0]] if folders else 0 for rest in rests]
    return Labelled(list(names), labels, test, tuple(map(_one_line, folders)) or UNLABELLED)


def read_folder(root: Path, text: str, files: Sequence[File], progress: Progress) -> tuple[Arrays, tuple[str, ...]]:
    """The images of `listing`, and the classes' names; `text` is what messages call the folder.

    Images of one size up to 128 pixels a side stay as they are; otherwise each is cropped to its central square and
    resized to 64×64. Grey if every image is, else RGB. Raises `UserError` when too few of the files are images.
    """
    if not files:
        raise UserError(f"{text} holds no images ({' '.join(SUFFIXES)})")
    plan = labelled([file.name for file in files], text)
    sizes, problems = _image_sizes(root, plan.names)
    common = _common_size(sizes.values())
    width, height = common or (RESIZED_SIDE, RESIZED_SIDE)
    check_bytes(text, (len(sizes), height, width, 3))
    pixels, kept = np.empty((len(sizes), height, width, 3), np.uint8), []
    for i in sizes:
        if len(kept) % 100 == 0:
            progress(f"reading {len(sizes):,} images", len(kept), len(sizes))
        try:
            pixels[len(kept)] = _pixels(root / plan.names[i], (width, height), as_is=common is not None)
            kept.append(i)
        except _UnusableError as error:
            problems[i] = str(error)
    test = held_out(len(kept)) if plan.test is None else np.array([plan.test[i] for i in kept], bool)
    because = f"; {_one_line(plan.names[min(problems)])} {problems[min(problems)]}" if problems else ""
    check_counts(text, int((~test).sum()), int(test.sum()), because)
    if len(problems) > len(kept):
        raise UserError(f"{text}: {len(problems):,} of {len(plan.names):,} files cannot be used{because}")
    images, labels = _channels_first(pixels[: len(kept)]), np.array([plan.labels[i] for i in kept], np.uint8)
    return Arrays(images[~test], labels[~test], images[test], labels[test]), plan.classes


class _UnusableError(Exception):
    """A file that is left out; the message says why."""


def _image_sizes(root: Path, names: Sequence[str]) -> tuple[dict[int, tuple[int, int]], dict[int, str]]:
    """Width and height of each image by its index in `names`, without decoding it; and what is wrong with the rest."""
    sizes, problems = {}, {}
    for i, name in enumerate(names):
        try:
            with _opened(root / name) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise _UnusableError(f"is too large ({width}×{height} pixels)")
                if min(width, height) < MIN_SIDE:
                    raise _UnusableError(f"is smaller than {MIN_SIDE}×{MIN_SIDE} pixels")
                rotated = width != height and image.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
                sizes[i] = (height, width) if rotated else (width, height)
        except _UnusableError as error:
            problems[i] = str(error)
    return sizes, problems


def _common_size(sizes: Iterable[tuple[int, int]]) -> tuple[int, int] | None:
    """The one size that all images have, if it is small enough for them to be used as they are."""
    distinct = set(sizes)
    size = distinct.pop() if len(distinct) == 1 else None
    return size if size and max(size) <= COMMON_MAX_SIDE else None


def _pixels(path: Path, size: tuple[int, int], *, as_is: bool) -> np.ndarray:
    """An image turned upright, as uint8 RGB (H, W, 3) of that width and height."""
    with _opened(path) as image:
        if not as_is:
            image.draft(None, (2 * size[0], 2 * size[1]))  # a JPEG is decoded no larger than needed
        upright = _rgb(ImageOps.exif_transpose(image))
        if not as_is:
            side = min(upright.size)
            left, top = ((length - side) // 2 for length in upright.size)
            upright = upright.crop((left, top, left + side, top + side)).resize(size, Image.Resampling.LANCZOS)
        if upright.size != size:
            raise _UnusableError("is damaged")
        return np.asarray(upright)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path, formats=FORMATS) as image:
            yield image
    except _UnusableError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _UnusableError("is too large") from None
    except UnidentifiedImageError:
        raise _UnusableError("is not an image") from None
    except Exception as error:  # the errors of decoders for damaged files are not documented
        reason = error.strerror if isinstance(error, OSError) else None
        raise _UnusableError(f"cannot be read: {reason}" if reason else "is damaged") from None


def _rgb(image: Image.Image) -> Image.Image:
    """Any kind of image as RGB: transparent parts on white, 16 bits per pixel reduced to the upper 8."""
    if image.mode == "F":
        raise _UnusableError("has floating-point pixels")
    if image.mode == "I" or image.mode.startswith("I;16"):
        deep = np.asarray(image)
        if deep.min() < 0 or deep.max() > 65535:
            raise _UnusableError("has more than 16 bits a pixel")
        image = Image.fromarray((deep >> 8).astype(np.uint8))
    if image.has_transparency_data:
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image.convert("RGBA"))
        image = ground
    return image.convert("RGB")


def _one_line(name: str) -> str:
    """A file's name as one line of text, whatever bytes it contains."""
    return " ".join(name.encode(errors="replace").decode().split())


def _channels_first(pixels: np.ndarray) -> np.ndarray:
    """(N, C, H, W) of RGB images (N, H, W, 3); one channel if every pixel of all is grey."""
    pieces = (pixels[start : start + 1000] for start in range(0, len(pixels), 1000))
    grey = all((piece == piece[..., :1]).all() for piece in pieces)
    return (pixels[..., :1] if grey else pixels).transpose(0, 3, 1, 2)
