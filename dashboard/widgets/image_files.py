"""Images as files."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from aecore.data.convert import to_uint8
from aecore.data.thumbnails import sheet_of

TILE = 56
"""Tiles of a sheet are enlarged by an integer factor to about this many pixels per side."""


def as_bytes(images: np.ndarray) -> np.ndarray:
    """Images (N, C, H, W) on the [0, 1] scale as uint8 of one or three channels."""
    images = images if images.shape[1] in (1, 3) else images[:, :1]
    return to_uint8(images)


def png_sheet(tiles: np.ndarray, per_line: int) -> bytes:
    """Tiles uint8 (N, C, H, W) in reading order as one PNG."""
    buffer = io.BytesIO()
    enlarged(sheet_of(tiles, per_line), max(1, round(TILE / tiles.shape[3]))).save(buffer, "PNG")
    return buffer.getvalue()


def enlarged(picture: Image.Image, factor: int) -> Image.Image:
    size = (picture.width * factor, picture.height * factor)
    return picture.resize(size, Image.Resampling.NEAREST)
