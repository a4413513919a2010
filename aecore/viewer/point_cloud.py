"""A run's latent space for the browser: the scripts that draw it, and what they are given. Needs no torch.

The files of `js/` draw points in WebGL, alone on a page of their own (`aecore.viewer.html_export`) or as a component of
the app. They ask for payloads by name; a payload is a mapping of bytes and of what JSON can say.
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from aecore.config.corruption import Corruption
from aecore.data import thumbnails
from aecore.errors import UserError
from aecore.latent.codes import Codes
from aecore.latent.projection_store import Projection
from aecore.metrics.projection import NEIGHBOURS
from aecore.viewer.link import link

_HERE = Path(__file__).parent
LARGEST_SHEET = 8192
"""Pixels; wider or taller pictures are refused by some browsers and GPUs."""

TITLES = {"pca": "PCA", "tsne": "t-SNE", "units": "Units"}

Payload = dict[str, Any]


class Figure(TypedDict):
    """A figure beside the cloud, `value` from 0 to 1, and what it says in words."""

    name: str
    value: float
    text: str
    hint: str


def standalone() -> str:
    """The script of a page of its own, as one module."""
    return link(_HERE / "js" / "standalone.js")


def style() -> str:
    """The style sheet: what all components share, then the clouds' own."""
    return "".join((_HERE / name).read_text() for name in ("base.css", "cloud.css"))


def markup() -> str:
    return (_HERE / "cloud.html").read_text()


def points_part(projection: Projection) -> Payload:
    """Coordinates, numbers in the test set and labels."""
    steps = quantised(projection.coordinates)
    return {**steps, "indices": projection.indices.astype("<i4").tobytes(), "labels": projection.labels.tobytes()}


def quantised(coordinates: np.ndarray) -> Payload:
    """Coordinates (N, dims) in 16 bits a number, with `low` and `step` of every axis: enough for any screen."""
    low, high = coordinates.min(0).astype(np.float64), coordinates.max(0).astype(np.float64)
    step = np.where(high > low, high - low, 1) / 65535
    steps = np.round((coordinates - low) / step).astype("<u2")
    return {"coordinates": steps.tobytes(), "low": low.tolist(), "step": step.tolist()}


def codes_part(codes: Codes) -> Payload:
    """Codes, where they are kept, and reconstruction errors."""
    part: Payload = {
        "width": 0,
        "half": False,
        "indices": codes.indices.astype("<i4").tobytes(),
        "errors": codes.errors.astype("<f4").tobytes(),
    }
    if codes.codes is not None:
        with np.errstate(over="ignore"):  # what is too large for it becomes infinite, and is then sent whole
            half = codes.codes.astype("<f2")
        narrow = bool(np.isfinite(half).all() and np.allclose(half, codes.codes, rtol=1e-3, atol=1e-4))
        part |= {"width": codes.codes.shape[1], "half": narrow}
        part["codes"] = (half if narrow else codes.codes.astype("<f4")).tobytes()
    return part


def atlas_part(tiles: np.ndarray, indices: np.ndarray) -> Payload:
    """Small pictures uint8 (N, C, H, W) of these test images as one sheet."""
    count, channels, height, width = tiles.shape
    if channels not in (1, 3):
        tiles, channels = tiles[:, :1], 1
    across = min(math.isqrt(max(count - 1, 0) * height // width) + 1, LARGEST_SHEET // width)
    most = across * (LARGEST_SHEET // height)
    tiles, indices = tiles[:most], indices[:most]
    buffer, sheet = io.BytesIO(), thumbnails.sheet_of(tiles, across)
    if channels == 1:
        sheet.save(buffer, "PNG", compress_level=6)
    else:
        sheet.save(buffer, "WEBP", quality=80, method=2)
    return {
        "image": buffer.getvalue(),
        "mime": "image/png" if channels == 1 else "image/webp",
        "indices": indices.astype("<i4").tobytes(),
        "across": across,
        "width": width,
        "height": height,
        "channels": channels,
    }


def axes(projection: Projection) -> list[str] | None:
    """What the axes of the drawing are; None where they mean nothing."""
    names = {"pca": "PC", "units": "unit"}
    if projection.method not in names:
        return None
    return [f"{names[projection.method]} {i + 1}" for i in range(projection.dims)]


def figures(projection: Projection) -> list[Figure]:
    """How far to trust the drawing."""
    said = {
        "explained_variance": (
            "Variance shown",
            "The part of the codes' variance that these components hold; the rest is lost in the drawing.",
        ),
        "trustworthiness": (
            "Trustworthiness",
            f"How far the {NEIGHBOURS} nearest in the drawing are near in the codes too. 100 % is none that is not.",
        ),
        "knn_accuracy": (
            "Class told by neighbours, drawn",
            f"How often most of the {NEIGHBOURS} nearest points in the drawing are of a point's own class.",
        ),
        "code_knn_accuracy": ("Class told by neighbours, codes", "The same in the codes themselves, before drawing."),
    }
    shown = [(said[key], float(projection.quality[key])) for key in said if key in projection.quality]
    return [Figure(name=name, value=value, text=percent(value), hint=hint) for (name, hint), value in shown]


def percent(share: float) -> str:
    """`93.1 %`; only what is all of it is 100 %."""
    return "100 %" if share >= 1 else f"{min(math.floor(share * 1000 + 0.5), 999) / 10:.1f} %"


def words(method: str, dims: int) -> str:
    """`t-SNE in 3D`."""
    return f"{TITLES.get(method, method)} in {dims}D"


def note(projection: Projection) -> str:
    """What was drawn and how, and what must not be read into it."""
    about = projection.parameters
    names = {"pca": "Principal components", "tsne": "t-SNE", "units": "The first units of the code"}
    line = f"{names[projection.method]}, {len(projection.labels):,} test images"
    corruption = _corruption(str(about.get("corruption", "none")))
    if corruption is not None and corruption.active:
        line += f" ({corruption.label})"
    if projection.method == "tsne":
        known = [("perplexity", "perplexity"), ("iterations", "iterations"), ("seed", "seed")]
        told = [
            f"{about[key]:,g} {word}" if key == "iterations" else f"{word} {about[key]:g}"
            for key, word in known
            if key in about
        ]
        line += f", {', '.join(told)}" if told else ""
        return line + ". Near points have near codes; how far apart groups lie, and how large they are, says little."
    return line + "."


def _corruption(text: str) -> Corruption | None:
    try:
        return Corruption.parse(text)
    except UserError:  # written by a later version
        return None


def view(projection: Projection, identity: str, title: str, **names: str | None) -> Payload:
    """A cloud as the scripts take it; `names` are those of its payloads: points, codes, atlas, decoder."""
    return {
        "id": identity,
        "title": title,
        "dims": projection.dims,
        "method": projection.method,
        "axes": axes(projection),
        "quality": figures(projection),
        "note": note(projection),
        **names,
    }
