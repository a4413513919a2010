"""An interpolation as a file: a PNG strip, a GIF that runs back and forth, a PNG plane."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np

from aecore.data.thumbnails import sheet_of
from aecore.latent.interpolation import along, plane
from aecore.runs.store import Run
from dashboard.cache import models
from dashboard.widgets.image_files import as_bytes, enlarged, png_sheet

SMALLEST_SIDE = 112
"""A GIF's frames are enlarged by an integer factor to at least this many pixels per side."""
GIF_FRAMES = 48
GIF_MS = 60


class Interpolation(NamedTuple):
    """What to export: the images, float32 (2 or 4, C, H, W) on the [0, 1] scale, and the path between them."""

    images: np.ndarray
    path: str
    shares: tuple[float, ...]
    side: int


def strip_png(run: Run, way: Interpolation) -> bytes:
    """First line: start, decoded frames, end. Second line: the pixel cross-fade."""
    codes = models.codes_of_images(run, way.images)
    frames = models.decoded(run, along(codes[0], codes[1], np.array(way.shares), way.path))
    share = np.array(way.shares, np.float32)[:, None, None, None]
    mixed = way.images[:1] + share * (way.images[1:2] - way.images[:1])
    ends = [way.images[:1], way.images[1:2]]
    lines = [np.concatenate([ends[0], row, ends[1]]) for row in (frames, mixed)]
    return png_sheet(as_bytes(np.concatenate(lines)), len(way.shares) + 2)


def plane_png(run: Run, way: Interpolation) -> bytes:
    codes = plane(models.codes_of_images(run, way.images), way.side)
    return png_sheet(as_bytes(models.decoded(run, codes.reshape(way.side**2, -1))), way.side)


def gif(run: Run, way: Interpolation) -> bytes:
    """The decoded interpolation, back and forth in an endless loop."""
    codes = models.codes_of_images(run, way.images)
    frames = as_bytes(models.decoded(run, along(codes[0], codes[1], np.linspace(0, 1, GIF_FRAMES), way.path)))
    factor = max(1, -(-SMALLEST_SIDE // frames.shape[3]))
    pictures = [enlarged(sheet_of(frame[None], 1), factor) for frame in (*frames, *frames[-2:0:-1])]
    buffer = io.BytesIO()
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:], duration=GIF_MS, loop=0)
    return buffer.getvalue()
