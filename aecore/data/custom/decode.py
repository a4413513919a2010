"""Decoding one picture: what it is, its deep values where it has more than 8 bits, its pixels in the set's size.

The file may be anything that only looks like a picture, or too large to decode.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

from aecore.data.custom.limits import MIN_SIDE
from aecore.data.custom.size import Frame, place
from aecore.data.custom.values import Scale, to_bytes

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "TGA", "JPEG2000", "AVIF")
MAX_PIXELS = 80_000_000
"""A larger picture is not decoded: a few kilobytes can decompress to gigabytes."""

Open = Callable[[], IO[bytes]]
"""Opens a picture's file; called once for each look at it."""


class UnusableError(Exception):
    """A picture that is left out; the message says why."""


class Header(NamedTuple):
    """What is known of a picture without decoding it: upright size in pixels, and what will be remarked."""

    size: tuple[int, int]
    deep: bool
    """More than 8 bits a value, or floats."""
    turned: bool
    several: bool
    """More frames or pages than the first, which is used."""
    clear: bool
    """Has transparent parts."""


def header_of(opened: Open) -> Header:
    """The header. Raises `UnusableError` for what is no picture, too large or too small."""
    try:
        with _image(opened) as image:
            width, height = image.size
            _check_size(width, height)
            deep = _is_deep(image)  # before the EXIF data, for which a PNG is decoded
            # A square PNG is not decoded only to see whether EXIF data come behind its pixels.
            asked = image.format != "PNG" or width != height or "exif" in image.info
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1) if asked else 1
            turned, across = orientation not in (0, 1), orientation in (5, 6, 7, 8)
            return Header(
                (height, width) if across else (width, height),
                deep,
                turned,
                bool(getattr(image, "is_animated", False)),
                image.has_transparency_data,
            )
    except _NeedsTiffError:
        height, width = _tiff(opened, header=True).shape[:2]
        return Header((width, height), True, False, False, False)


def deep_values(opened: Open) -> np.ndarray:
    """The values of a deep picture, (H, W) or (H, W, C), not turned. Raises `UnusableError`."""
    try:
        with _image(opened) as image:
            if not _is_cut(image):
                values = np.asarray(image)
            else:
                with _image(opened) as again:
                    low = _low_bytes(again)
                values = np.asarray(image).astype(np.uint16) << 8 | low
    except _NeedsTiffError:
        return _tiff(opened, header=False)
    if values.dtype.kind in "iu" and values.min() < 0:
        raise UnusableError("holds negative values: expected whole numbers from 0 on")
    return values


def pixels(opened: Open, frame: Frame, scale: Scale | None) -> np.ndarray:
    """The picture turned upright, in the frame's size, as uint8 RGB (H, W, 3); `scale` is for a deep one."""
    if scale is not None:
        image, exif = _from_values(to_bytes(deep_values(opened), scale)), _orientation(opened)
        if exif:
            image.getexif()[ExifTags.Base.Orientation] = exif
        return _placed(image, frame)
    with _image(opened) as image:
        if not frame.as_is:
            image.draft(None, (2 * frame.width, 2 * frame.height))  # a JPEG is decoded no larger than needed
        return _placed(image, frame)


def _placed(image: Image.Image, frame: Frame) -> np.ndarray:
    upright = _rgb(ImageOps.exif_transpose(image))
    if frame.as_is and upright.size != (frame.width, frame.height):
        raise UnusableError("is damaged")
    return np.asarray(place(upright, frame))


def _orientation(opened: Open) -> int:
    try:
        with _image(opened) as image:
            return int(image.getexif().get(ExifTags.Base.Orientation, 0))
    except _NeedsTiffError:
        return 0


def _from_values(values: np.ndarray) -> Image.Image:
    """An image of uint8 values (H, W) or (H, W, C) with 1 to 4 channels."""
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim == 3 and values.shape[2] == 2:
        return Image.fromarray(values, "LA")
    return Image.fromarray(values)


class _NeedsTiffError(Exception):
    """A TIFF of a kind that only the slower reader knows, such as floats in three channels."""


@contextmanager
def _image(opened: Open) -> Iterator[Image.Image]:
    try:
        with opened() as file, Image.open(file, formats=FORMATS) as image:
            yield image
    except (UnusableError, _NeedsTiffError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnusableError("is too large") from None
    except UnidentifiedImageError:
        with opened() as file:
            start = file.read(4)
        if start in (b"II*\0", b"MM\0*"):
            raise _NeedsTiffError from None
        raise UnusableError("is not an image") from None
    except MemoryError:
        raise UnusableError("is too large") from None
    except Exception as error:  # the errors of decoders for damaged files are not documented
        reason = error.strerror if isinstance(error, OSError) else None
        raise UnusableError(f"cannot be read: {reason}" if reason else "is damaged") from None


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnusableError(f"is too large ({width}×{height} pixels)")
    if min(width, height) < MIN_SIDE:
        raise UnusableError(f"is smaller than {MIN_SIDE}×{MIN_SIDE} pixels")


def _rawmode(image: Image.Image) -> str:
    """How the file stores its pixels, such as `RGB;16B`."""
    tile = getattr(image, "tile", None)
    arguments = tile[0][3] if tile else ""
    mode = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return mode if isinstance(mode, str) else ""


def _is_cut(image: Image.Image) -> bool:
    """Whether Pillow would cut several channels of 16 bits to 8."""
    return image.mode not in ("I", "F") and not image.mode.startswith("I;16") and ";16" in _rawmode(image)


def _is_deep(image: Image.Image) -> bool:
    return image.mode in ("F", "I") or image.mode.startswith("I;16") or _is_cut(image)


def _low_bytes(image: Image.Image) -> np.ndarray:
    """The low byte of each value of a picture of which Pillow keeps the high one: read as if in the other order."""
    assert isinstance(image, ImageFile.ImageFile)  # it was opened from a file
    rawmode = _rawmode(image)
    turned = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}[rawmode[-1]]
    mode = rawmode[:-1] + turned
    image.tile = [
        tile._replace(args=mode if isinstance(tile.args, str) else (mode, *(tile.args or ())[1:]))
        for tile in image.tile
    ]
    try:
        return np.asarray(image)
    except ValueError:
        raise UnusableError(f"has 16 bits a value in a form that is not read ({rawmode}): convert it") from None


def _tiff(opened: Open, *, header: bool) -> np.ndarray:
    """The first page of a TIFF that Pillow does not know; with `header` only an empty array of its shape."""
    from tifffile import TiffFile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what is wrong is said in the report
    try:
        with opened() as file, TiffFile(io.BytesIO(file.read())) as tiff:
            page = tiff.pages[0]
            shape, dtype = page.shape, page.dtype
            if (
                page.axes not in ("YX", "YXS")
                or dtype is None
                or dtype.kind not in "uif"
                or (*shape, 1)[2] not in (1, 3, 4)
            ):
                raise UnusableError("is a TIFF of a kind that is not read: convert it to PNG")
            _check_size(shape[1], shape[0])
            return np.broadcast_to(np.zeros((), dtype), shape) if header else np.asarray(page.asarray())
    except UnusableError:
        raise
    except Exception:  # damaged, or packed in a way that needs more software
        raise UnusableError("is a TIFF that cannot be unpacked: convert it to PNG") from None


def _rgb(image: Image.Image) -> Image.Image:
    """Any kind of 8-bit image as RGB: transparent parts on white."""
    if image.has_transparency_data:
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image.convert("RGBA"))
        image = ground
    return image.convert("RGB")
