"""A run's latent space over its epochs for the browser: the places of all epochs in one payload, and what stands below
the cloud. Needs no torch."""

from __future__ import annotations

from typing import Any

import numpy as np

from aecore.format import count
from aecore.latent.epoch_codes import EpochCodes
from aecore.latent.epoch_projection import EpochProjection
from aecore.latent.projection import EQUAL_SHARE
from aecore.metrics.code_units import ACTIVE_VARIANCE, CONSTANT_RANGE
from aecore.runs.json_files import MORE_SAMPLES
from aecore.runs.run import METRICS, STEPS, Run
from aecore.viewer.point_cloud import Payload, corruption_of, percent, projection_title, quantised
from aecore.viewer.reel import curve


def points_part(projection: EpochProjection) -> Payload:
    """The coordinates of all epochs, one after the other, with indices and labels."""
    steps = quantised(projection.coordinates.reshape(-1, projection.dims))
    return {**steps, "indices": projection.indices.astype("<i4").tobytes(), "labels": projection.labels.tobytes()}


def view(projection: EpochProjection, points: str, atlas: str | None) -> Payload:
    """A cloud for the scripts, with the names of its payloads. It has images, but no codes: those of the run are those
    of its last epoch."""
    return {
        "id": points,
        "title": f"{projection_title(projection.method, projection.dims)} over the epochs",
        "dims": projection.dims,
        "method": projection.method,
        "axes": [f"PC {i + 1}" for i in range(projection.dims)] if projection.method == "pca" else None,
        "quality": [],
        "note": note(projection),
        "noun": "test image",
        "points": points,
        "codes": None,
        "atlas": atlas,
        "decoder": None,
    }


def note(projection: EpochProjection) -> str:
    """What was projected and how, and how not to interpret it."""
    if projection.remark:
        return f"{projection.remark[0].upper()}{projection.remark[1:]}."
    about, of = projection.parameters, count(len(projection.labels), "test image")
    corruption = corruption_of(str(about.get("corruption", "none")))
    noisy = f" ({corruption.label})" if corruption is not None and corruption.active else ""
    if projection.method == "pca":
        return (
            f"{of}{noisy}: the principal components of the codes of epoch {about['of_epoch']}, applied to the codes of "
            "every epoch. What moves has moved in the code; what an epoch does outside of these directions is not seen."
        )
    return (
        f"{of}{noisy}: t-SNE of every epoch with perplexity {about['perplexity']:g}, each started from the points of "
        "the epoch before and then turned, or mirrored, onto them, with no change of scale. Near points have near "
        "codes; sizes of groups and distances between them mean little, and a group may stay together for a while "
        "although its codes have parted."
    )


def below(run: Run, codes: EpochCodes, projection: EpochProjection) -> dict[str, Any]:
    """What stands below the cloud at every epoch: the losses, the units of the code, how much of the epoch is seen."""
    metrics, epochs = run.course(METRICS, MORE_SAMPLES), [int(epoch) for epoch in codes.epochs]
    return {
        "epochs": epochs,
        "train": curve(run.course(STEPS, MORE_SAMPLES) or metrics, "train_loss", epochs),
        "test": curve(metrics, "test_loss", epochs),
        "units": _units(codes, run.experiment().model.variational),
        "faithful": [
            _faithful(projection.method, float(share), equal, len(codes.indices))
            for share, equal in zip(projection.faithful, codes.equal, strict=True)
        ],
    }


def _units(codes: EpochCodes, gaussian: bool) -> dict[str, Any]:
    """Of every epoch the units' spread, from 0 to 1 of the widest that any has in any epoch, how many are active, and
    which are dead. As in measures, a unit is active by its variance, of a code without a scale of its own compared
    with the widest unit's."""
    spread = np.sqrt([units.variance for units in codes.units])
    widest = spread.max(initial=0) or 1.0
    return {
        "spread": np.round(spread / widest, 3).tolist(),
        "active": [units.active if gaussian else units.active_for_their_scale for units in codes.units],
        "dead": [np.flatnonzero(units.high - units.low <= CONSTANT_RANGE).tolist() for units in codes.units],
        "of": int(spread.shape[1]),
        "rule": f"over {count(len(codes.indices), 'test image')}; active: variance above "
        + (f"{ACTIVE_VARIANCE:g}" if gaussian else f"{ACTIVE_VARIANCE:g} of the widest unit's"),
    }


def _faithful(method: str, share: float, equal: int, images: int) -> str:
    """`equal` of all kept images have the same code."""
    if not np.isfinite(share):
        return "At this epoch all codes are equal."
    same = f" {equal:,} of {images:,} images have the same code at this epoch, so nothing tells these apart."
    same *= equal >= EQUAL_SHARE * images
    if method == "pca":
        return f"These components preserve {percent(share)} of this epoch's variance.{same}"
    return (
        f"Trustworthiness {percent(share)}: how far the ten nearest points are neighbours in this epoch's code.{same}"
    )
