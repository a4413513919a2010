"""An interpolation as files: a labelled strip or plane, and a GIF that runs back and forth."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from PIL import Image

from aecore.drawing import Drawing, Sheet, SheetRow
from aecore.drawing.items import pixels_of
from aecore.drawing.png import enlarged
from aecore.latent.interpolation import legs, plane, through
from aecore.runs.run import Run
from dashboard.cache import models
from dashboard.cache.images import image_info
from dashboard.widgets.image_files import as_bytes, remarks_of, title_of

PROJECTED = 1080
"""A GIF's frames are enlarged by a whole factor to at least this many pixels on the longer side, for a projector."""
GIF_FRAMES = 48
"""In one direction; through several images 24 a leg and one."""
GIF_MS = 60
WIDEST_PLANE = 560.0
"""In points; of a plane with few images, each is larger."""


class Interpolation(NamedTuple):
    """What to export: the images, float32 (K, C, H, W) on the [0, 1] scale, with their names, and the path through
    them; with a `side`, K is 4 and they are the corners of a plane."""

    images: np.ndarray
    names: tuple[str, ...]
    path: str
    shares: tuple[float, ...]
    side: int
    labels: tuple[int, ...]
    """Of the images; what is decoded between two is of the nearer one's class, where the model is told classes."""

    def label_at(self, shares: np.ndarray) -> np.ndarray:
        """The class of which to decode at these shares of the way."""
        first, rest = legs(shares, len(self.labels))
        return np.array(self.labels)[first + (rest >= 0.5)]


def strip(run: Run, way: Interpolation) -> Drawing:
    """First line: start, decoded frames, end. Second line: the pixel cross-fade."""
    first, rest = legs(np.array(way.shares), len(way.images))
    start, end = way.images[first], way.images[first + 1]
    mixed = start + rest.astype(np.float32)[:, None, None, None] * (end - start)
    return _strip(run, way, [("decoded from the code", decoded_strip(run, way)), ("pixel cross-fade", mixed)])


def decoded_strip(run: Run, way: Interpolation) -> np.ndarray:
    """The decoded frames, float (F, C, H, W) on the [0, 1] scale."""
    codes, at = models.codes_of_images(run, way.images, np.array(way.labels)), np.array(way.shares)
    return models.decoded(run, through(codes, at, way.path), way.label_at(at))


def _strip(run: Run, way: Interpolation, lines: list[tuple[str, np.ndarray]]) -> Drawing:
    first, last = way.images[:1], way.images[-1:]
    rows = [SheetRow(name, as_bytes(np.concatenate([first, frames, last]))) for name, frames in lines]
    return Sheet(
        rows,
        headings(way),
        f"{title_of(run)}: interpolation along {'an arc' if way.path == 'arc' else 'a line'}",
        [*stops_of(way), *remarks_of(run), image_info(run).citation],
        per_block=len(way.shares) + 2,
    ).drawing()


def headings(way: Interpolation) -> list[str]:
    """The names of both ends, and between them the share of the way of every frame."""
    first, last = (name.replace("test image ", "#") for name in (way.names[0], way.names[-1]))
    return [f"from\n{first}", *(f"{share:.0%}" for share in way.shares), f"to\n{last}"]


def stops_of(way: Interpolation) -> list[str]:
    """Of a way through several images, a line with those on it and their places."""
    if len(way.names) == 2:
        return []
    places = [f"{name} at {i / (len(way.names) - 1):.0%}" for i, name in enumerate(way.names)]
    return [f"Through {', '.join(places)}."]


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
    at = np.linspace(0, 1, max(GIF_FRAMES, 24 * (len(way.images) - 1) + 1))
    codes = models.codes_of_images(run, way.images, np.array(way.labels))
    frames = as_bytes(models.decoded(run, through(codes, at, way.path), way.label_at(at)))
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
