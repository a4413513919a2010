"""An uploaded image, cropped and resized to a model's input, or refused in one line."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import streamlit as st
from PIL import Image, ImageOps

from aecore.errors import UserError
from dashboard.format import plain
from dashboard.server.uploads import file_uploader
from dashboard.widgets import upload

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")


ENDINGS = ("png", "jpg", "jpeg", "webp", "bmp", "gif")


MAX_MEGABYTES = 10


MAX_PIXELS = 40_000_000


PREVIEW = 256
"""Longest side of the crop as shown."""


NO_IMAGE = "This file is not a readable image: choose a PNG, JPEG, WebP, BMP or GIF."


class Fitted(NamedTuple):
    """A fitted upload: `image` uint8 (C, H, W) for the model, `cut_out` uint8 (3, h, w) for display."""

    image: np.ndarray
    cut_out: np.ndarray

    @property
    def bright_border(self) -> bool:
        """Whether the image is bright along its border: ink on paper, not white on black."""
        return border_brightness(self.image[None]) >= 0.5

    @property
    def flat(self) -> bool:
        """Whether the image is a single colour."""
        return bool((self.image == self.image[:, :1, :1]).all())

    def inverted(self) -> Fitted:
        return Fitted(255 - self.image, self.cut_out)


def on_black(images: np.ndarray) -> bool:
    """Whether images uint8 (N, C, H, W) are bright shapes on black, as MNIST's digits are."""
    return border_brightness(images) < 0.1


def border_brightness(images: np.ndarray) -> float:
    """Median over the outermost pixels of images uint8 (N, C, H, W), from 0 to 1; strokes that
    touch the border here and there do not matter."""
    height, width = images.shape[2:]
    edge = np.ones((height, width), bool)
    edge[1:-1, 1:-1] = False
    return float(np.median(images[:, :, edge])) / 255


def fit(content: bytes, shape: tuple[int, int, int]) -> Fitted:
    """The image in a file, fitted to a model with inputs of `shape` (C, H, W).

    Rotated by its EXIF orientation, cropped around its centre to the model's proportions, resized with a Lanczos
    filter, transparency filled with black, converted to greyscale for one channel. Of an animation, the first frame.
    Raises `UserError` with one line for a file that is not an image, is damaged or is too large.
    """
    if len(content) > MAX_MEGABYTES << 20:
        raise UserError(f"This file is larger than the limit of {MAX_MEGABYTES} MB.")
    image = _opened(content)
    channels, height, width = shape
    try:
        enough = 2 * max(PREVIEW, width, height)
        middle = _middle(_loaded(image, enough), width / height, enough)
    except Exception:  # what a damaged file makes Pillow's decoders raise is not documented
        raise UserError("This image is damaged and cannot be decoded.") from None
    small = middle.resize((width, height), Image.Resampling.LANCZOS)
    pixels = np.asarray(small.convert("L"))[None] if channels == 1 else np.moveaxis(np.asarray(small), -1, 0)
    middle.thumbnail((PREVIEW, PREVIEW), Image.Resampling.LANCZOS)
    return Fitted(np.ascontiguousarray(pixels), np.moveaxis(np.asarray(middle), -1, 0))


def _opened(content: bytes) -> Image.Image:
    """The image with its header read and its size checked; nothing is decoded yet."""
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        width, height = image.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(f"This image is too large: the limit is {MAX_PIXELS // 10**6} megapixels.") from None
    except Exception:  # a malicious file can raise anything
        raise UserError(NO_IMAGE) from None
    if width * height > MAX_PIXELS:
        raise UserError(f"This image has {width:,}×{height:,} pixels: the limit is {MAX_PIXELS // 10**6} megapixels.")
    if min(width, height) < 1:
        raise UserError(NO_IMAGE)
    return image


def _loaded(image: Image.Image, enough: int) -> Image.Image:
    """The image decoded and upright, in its own mode except for rare high-bit-depth ones, which become 8-bit grey.

    A JPEG is decoded no larger than needed for sides of at least `enough` pixels.
    """
    image.draft(None, (enough, enough))
    image.load()
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        values = np.asarray(image, np.float64)
        image = Image.fromarray(np.clip(values / (257 if values.max() > 255 else 1), 0, 255).astype(np.uint8))
    with suppress(Exception):  # a broken EXIF block is no reason to refuse the image
        image = ImageOps.exif_transpose(image) or image
    return image


def _middle(image: Image.Image, ratio: float, enough: int) -> Image.Image:
    """The largest centred crop with width / height = `ratio`: RGB, transparency filled with black, reduced by an
    integer factor while its sides stay at least `enough` pixels."""
    width = max(1, min(image.width, round(image.height * ratio)))
    height = max(1, min(image.height, round(image.width / ratio)))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    part = image.crop((left, top, left + width, top + height))
    if part.has_transparency_data:
        part = part.convert("RGBA")
        part = Image.alpha_composite(Image.new("RGBA", part.size, (0, 0, 0, 255)), part)
    part = part.convert("RGB")
    factor = min(part.size) // enough
    return part.reduce(factor) if factor > 1 else part


class Own(NamedTuple):
    """An uploaded image, fitted to the model."""

    name: str
    fitted: upload.Fitted
    inverted: bool


def choose_own(image_shape: tuple[int, int, int], dark_background: bool) -> Own | None:
    """An uploaded image; None if there is none yet, or if it was refused, with a message."""
    file = file_uploader("Image file", upload.ENDINGS, max_upload_size=upload.MAX_MEGABYTES, key="own", width="stretch")
    if file is None:
        st.caption(
            "It is cropped to its centre and resized to fit. It stays in memory while you use it and is not stored."
        )
        st.session_state.pop("own-fitted", None)
        return None
    key = (file.file_id, image_shape)
    if st.session_state.get("own-fitted", (None,))[0] != key:  # a large photo takes a moment to decode
        try:
            st.session_state["own-fitted"] = (key, upload.fit(file.getvalue(), image_shape))
        except UserError as error:
            st.error(plain(str(error)), icon=":material/broken_image:")
            return None
    fitted: upload.Fitted = st.session_state["own-fitted"][1]
    if not dark_background:
        return Own(file.name, fitted, False)
    state_key = f"invert-{file.file_id}"
    st.session_state.setdefault(state_key, fitted.bright_border)
    inverted = st.toggle(
        "Invert",
        key=state_key,
        help="This model was trained on bright shapes on black. Switched on automatically when the border is bright.",
    )
    return Own(file.name, fitted.inverted() if inverted else fitted, inverted)
