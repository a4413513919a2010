"""The one size that all of the user's images get: as they are, or squares cropped or padded to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from PIL import Image

from aecore.config.image_source import OWN_LARGEST_SIDE, Fit

DEFAULT_SIDE = 64
"""Images that are not alike, or larger than the largest side, become squares of this side."""


class Asked(NamedTuple):
    """The settings data.size and data.fit; a size of 0 leaves it to the images."""

    size: int = 0
    fit: Fit = "crop"


class Frame(NamedTuple):
    """The size that images get in pixels; `as_is` where all have it already. `done` says what is done, in words."""

    width: int
    height: int
    fit: Fit
    as_is: bool
    done: str

    @property
    def text(self) -> str:
        return f"{self.width}×{self.height}"


def choose_frame(sizes: Iterable[tuple[int, int]], asked: Asked) -> Frame:
    """The size for images of these widths and heights in pixels."""
    distinct = set(sizes)
    alike = distinct.copy().pop() if len(distinct) == 1 else None
    if asked.size == 0 and alike and max(alike) <= OWN_LARGEST_SIDE:
        return Frame(*alike, asked.fit, True, "as they are")
    side = asked.size or DEFAULT_SIDE
    if alike == (side, side):
        return Frame(side, side, asked.fit, True, "as they are")
    square = all(width == height for width, height in distinct)
    if square:
        how = "resized"
    elif asked.fit == "pad":
        how = "padded with black to a square and resized"
    else:
        how = "cropped to the central square and resized"
    if asked.size:
        why = "as data.size asks"
    elif alike:
        why = f"as a side is over {OWN_LARGEST_SIDE}; data.size sets another"
    else:
        why = "as they are not alike; data.size sets another"
    enlarged = "; smaller ones are enlarged" if min(map(min, distinct), default=side) < side else ""
    return Frame(side, side, asked.fit, False, f"{how} ({why}{enlarged})")


def place(image: Image.Image, frame: Frame) -> Image.Image:
    """An upright image, grey or RGB, in the frame's size."""
    if image.size == (frame.width, frame.height):
        return image
    width, height = image.size
    if frame.fit == "pad" and width != height:
        share = frame.width / max(width, height)
        small = image.resize(
            (max(1, round(width * share)), max(1, round(height * share))), resample=Image.Resampling.LANCZOS
        )
        made = Image.new(image.mode, (frame.width, frame.height))
        made.paste(small, ((frame.width - small.width) // 2, (frame.height - small.height) // 2))
        return made
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return square.resize((frame.width, frame.height), Image.Resampling.LANCZOS)


def refit(images: np.ndarray, frame: Frame) -> np.ndarray:
    """Images uint8 (N, H, W, C) as (N, C, H', W') in the frame's size."""
    if frame.as_is:
        return images.transpose(0, 3, 1, 2)
    made = np.empty((len(images), images.shape[3], frame.height, frame.width), np.uint8)
    for i, image in enumerate(images):
        pixels = np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image)
        placed = np.asarray(place(Image.fromarray(pixels), frame))
        made[i] = placed[None] if placed.ndim == 2 else placed.transpose(2, 0, 1)
    return made
