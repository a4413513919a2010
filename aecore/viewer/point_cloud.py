"""A run's latent space for the browser: the scripts of the point cloud, and their payloads. Needs no torch.

The scripts in `js/` draw points with WebGL, on an exported page (`html_export`) or as a component of the app. They ask
for payloads by name; a payload is a mapping of bytes and JSON values.
"""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from aecore.config.corruption import Corruption
from aecore.data import thumbnails
from aecore.data.subset import SPLITS
from aecore.errors import UserError
from aecore.format import count
from aecore.latent.codes import Codes
from aecore.latent.projection import SEEDED, TITLES
from aecore.latent.projection_store import Projection
from aecore.metrics.projection import NEIGHBOURS
from aecore.viewer.link import link

_HERE = Path(__file__).parent
LARGEST_SHEET = 8192
"""Pixels; some browsers and GPUs refuse wider or taller images."""

Payload = dict[str, Any]


class QualityScore(TypedDict):
    """A score beside the cloud: `value` from 0 to 1, the same as `text`, and its explanation as `hint`."""

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
    """Coordinates, indices in the test set or among the training images, and labels."""
    steps = quantised(projection.coordinates)
    return {**steps, "indices": projection.indices.astype("<i4").tobytes(), "labels": projection.labels.tobytes()}


def quantised(coordinates: np.ndarray) -> Payload:
    """Coordinates (N, dims) as 16-bit integers, with `low` and `step` of every axis: fine enough for any screen."""
    low, high = coordinates.min(0).astype(np.float64), coordinates.max(0).astype(np.float64)
    step = np.where(high > low, high - low, 1) / 65535
    steps = np.round((coordinates - low) / step).astype("<u2")
    return {"coordinates": steps.tobytes(), "low": low.tolist(), "step": step.tolist()}


def codes_part(codes: Codes) -> Payload:
    """Codes, where they are saved, and reconstruction errors."""
    part: Payload = {
        "width": 0,
        "half": False,
        "indices": codes.indices.astype("<i4").tobytes(),
        "errors": codes.errors.astype("<f4").tobytes(),
    }
    if codes.codes is not None:
        with np.errstate(over="ignore"):  # values too large for float16 become infinite, and are then sent as float32
            half = codes.codes.astype("<f2")
        narrow = bool(np.isfinite(half).all() and np.allclose(half, codes.codes, rtol=1e-3, atol=1e-4))
        part |= {"width": codes.codes.shape[1], "half": narrow}
        part["codes"] = (half if narrow else codes.codes.astype("<f4")).tobytes()
    return part


def atlas_part(tiles: np.ndarray, indices: np.ndarray) -> Payload:
    """Thumbnails uint8 (N, C, H, W) of the images with these indices as one sheet."""
    number, channels, height, width = tiles.shape
    if channels not in (1, 3):
        tiles, channels = tiles[:, :1], 1
    across = min(math.isqrt(max(number - 1, 0) * height // width) + 1, LARGEST_SHEET // width)
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
    """The names of the axes; None where they have no meaning."""
    names = {"pca": "PC", "units": "unit"}
    if projection.method not in names:
        return None
    return [f"{names[projection.method]} {i + 1}" for i in range(projection.dims)]


def quality_scores(projection: Projection) -> list[QualityScore]:
    """How faithful the projection is."""
    explained = {
        "explained_variance": (
            "Explained variance",
            "The share of the codes' variance that these components preserve; the rest is lost in the projection.",
        ),
        "trustworthiness": (
            "Trustworthiness",
            f"How far the {NEIGHBOURS} nearest points in the projection are neighbours in the code; 100 % if all are.",
        ),
        "knn_accuracy": (
            "kNN accuracy in the projection",
            f"How often the {NEIGHBOURS} nearest points in the projection predict a point's class by majority.",
        ),
        "code_knn_accuracy": ("kNN accuracy in the code", "The same with the nearest neighbours in the code."),
    }
    measured = dict(projection.quality)
    if len(np.unique(projection.labels)) < 2:  # older projections have them all the same
        measured = {key: value for key, value in measured.items() if not key.endswith("knn_accuracy")}
    known = [(explained[key], float(measured[key])) for key in explained if key in measured]
    return [QualityScore(name=name, value=value, text=percent(value), hint=hint) for (name, hint), value in known]


def percent(share: float) -> str:
    """`93.1 %`; below 1 never rounded up to 100 %."""
    return "100 %" if share >= 1 else f"{min(math.floor(share * 1000 + 0.5), 999) / 10:.1f} %"


def projection_title(method: str, dims: int) -> str:
    """`t-SNE in 3D`."""
    return f"{TITLES.get(method, method)} in {dims}D"


def note(projection: Projection) -> str:
    """What was projected and how, and how not to interpret it."""
    if projection.remark:
        return f"{projection.remark[0].upper()}{projection.remark[1:]}."
    about = projection.parameters
    names = TITLES | {"pca": "Principal components", "units": "The first units of the code"}
    line = f"{names[projection.method]}, {count(len(projection.labels), SPLITS[projection.split])}"
    corruption = corruption_of(str(about.get("corruption", "none")))
    if corruption is not None and corruption.active:
        line += f" ({corruption.label})"
    made_with = f", by {about['implementation']}" if "implementation" in about else ""
    if projection.method == "tsne":
        known = [("perplexity", "perplexity"), ("iterations", "iterations"), ("seed", "seed")]
        options = [
            f"{about[key]:,g} {word}" if key == "iterations" else f"{word} {about[key]:g}"
            for key, word in known
            if key in about
        ]
        line += f", {', '.join(options)}" if options else ""
        return (
            line + made_with + ". Near points have near codes; sizes of groups and distances between them mean little."
        )
    if projection.method in SEEDED:
        known = [("neighbours", "neighbours"), ("min_dist", "least distance"), ("seed", "seed")]
        line += "".join(f", {word} {about[key]:g}" for key, word in known if key in about) + made_with
        return line + ". Near points have near codes; distances between groups mean little."
    return line + "."


def corruption_of(text: str) -> Corruption | None:
    """A corruption in its written form; None for one that a later version wrote."""
    try:
        return Corruption.parse(text)
    except UserError:  # written by a later version
        return None


def view(projection: Projection, identity: str, title: str, **names: str | None) -> Payload:
    """A cloud for the scripts; `names` are those of its payloads: points, codes, atlas, decoder."""
    return {
        "id": identity,
        "title": title,
        "dims": projection.dims,
        "method": projection.method,
        "axes": axes(projection),
        "quality": quality_scores(projection),
        "note": note(projection),
        "noun": SPLITS[projection.split],
        **names,
    }
