"""An interpolation as files: a labelled strip or plane, and a GIF that runs back and forth."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from PIL import Image

from aecore.drawing import Drawing, Sheet, SheetRow
from aecore.drawing.items import pixels_of
from aecore.drawing.png import enlarged
from aecore.latent.interpolation import along, plane
from aecore.runs.run import Run
from dashboard.cache import models
from dashboard.cache.images import image_info
from dashboard.widgets.image_files import as_bytes, remarks_of, title_of

PROJECTED = 1080
"""A GIF's frames are enlarged by a whole factor to at least this many pixels on the longer side, for a projector."""
GIF_FRAMES = 48
GIF_MS = 60
WIDEST_PLANE = 560.0
"""In points; of a plane with few images, each is larger."""


class Interpolation(NamedTuple):
    """What to export: the images, float32 (2 or 4, C, H, W) on the [0, 1] scale, with their names, and the path between
    them."""

    images: np.ndarray
    names: tuple[str, ...]
    path: str
    shares: tuple[float, ...]
    side: int
    labels: tuple[int, ...]
    """Of the images; what is decoded between two is of the nearer one's class, where the model is told classes."""

    def label_at(self, shares: np.ndarray) -> np.ndarray:
        """The class of which to decode at these shares of the way."""
        return np.where(np.asarray(shares) < 0.5, self.labels[0], self.labels[1])


def strip(run: Run, way: Interpolation) -> Drawing:
    """First line: start, decoded frames, end. Second line: the pixel cross-fade."""
    share = np.array(way.shares, np.float32)[:, None, None, None]
    mixed = way.images[:1] + share * (way.images[1:2] - way.images[:1])
    return _strip(run, way, [("decoded from the code", decoded_strip(run, way)), ("pixel cross-fade", mixed)])


def decoded_strip(run: Run, way: Interpolation) -> np.ndarray:
    """The decoded frames, float (F, C, H, W) on the [0, 1] scale."""
    codes, at = models.codes_of_images(run, way.images, np.array(way.labels)), np.array(way.shares)
    return models.decoded(run, along(codes[0], codes[1], at, way.path), way.label_at(at))


def _strip(run: Run, way: Interpolation, lines: list[tuple[str, np.ndarray]]) -> Drawing:
    first, last = way.images[:1], way.images[1:2]
    rows = [SheetRow(name, as_bytes(np.concatenate([first, frames, last]))) for name, frames in lines]
    return Sheet(
        rows,
        headings(way),
        f"{title_of(run)}: interpolation along {'an arc' if way.path == 'arc' else 'a line'}",
        [*remarks_of(run), image_info(run).citation],
        per_block=len(way.shares) + 2,
    ).drawing()


def headings(way: Interpolation) -> list[str]:
    """The names of both ends, and between them the share of the way of every frame."""
    first, last = (name.replace("test image ", "#") for name in way.names[:2])
    return [f"from\n{first}", *(f"{share:.0%}" for share in way.shares), f"to\n{last}"]


def plane_sheet(run: Run, way: Interpolation) -> Drawing:
    """The images decoded from the plane between four codes; the corners are the reconstructions of the four images."""
    codes = plane(models.codes_of_images(run, way.images, np.array(way.labels)), way.side)
    half = np.arange(way.side) * 2 >= way.side
    nearest = np.array(way.labels)[2 * half[:, None] + half[None, :]].ravel()
    images = as_bytes(models.decoded(run, codes.reshape(way.side**2, -1), nearest))
    corners = zip(("top left", "top right", "bottom left", "bottom right"), way.names, strict=True)
    return Sheet(
        [SheetRow("", images[i : i + way.side]) for i in range(0, len(images), way.side)],
        title=f"{title_of(run)}: plane between four images",
        notes=[
            f"Corners: {'; '.join(f'{place} {name}' for place, name in corners)}.",
            *remarks_of(run),
            image_info(run).citation,
        ],
        per_block=way.side,
        tile=max(56.0, WIDEST_PLANE / way.side),
        gap=2,
    ).drawing()


def gif(run: Run, way: Interpolation) -> bytes:
    """The decoded interpolation, back and forth in an endless loop, large enough for a projector."""
    codes, at = models.codes_of_images(run, way.images, np.array(way.labels)), np.linspace(0, 1, GIF_FRAMES)
    frames = as_bytes(models.decoded(run, along(codes[0], codes[1], at, way.path), way.label_at(at)))
    # Colours are reduced before the pixels are enlarged: the same picture in a fraction of the time.
    small = [Image.fromarray(pixels_of(frame)) for frame in (*frames, *frames[-2:0:-1])]
    small = [frame if frame.mode == "L" else frame.quantize(256) for frame in small]
    pictures = []
    for frame in small:
        large = Image.fromarray(enlarged(np.asarray(frame), PROJECTED), frame.mode)
        if frame.mode == "P":
            large.putpalette(frame.getpalette() or [])
        pictures.append(large)
    buffer = io.BytesIO()
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:], duration=GIF_MS, loop=0)
    return buffer.getvalue()
