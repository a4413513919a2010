"""Restoring images while a hand moves the strength of the corruption: noise, networks and scores in the browser."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aecore.runs.robustness import SIDES, Robustness
from aecore.viewer.networks import Shipped
from dashboard.components.register import component

ERROR_SCALE = 0.25
"""Errors are shown at full intensity from here on."""
_component = component("restorer", Path(__file__).with_name("component.js"))


class Kind(NamedTuple):
    """A corruption whose strength is a slider: its range, and where it begins. The strength of Gaussian noise is in the
    model's range."""

    kind: str
    title: str
    name: str
    low: float
    high: float
    step: float
    usual: float


def restorer(
    shipped: Shipped,
    images: np.ndarray,
    numbers: Sequence[int],
    names: Sequence[str],
    labels: Sequence[int],
    kinds: Sequence[Kind],
    *,
    first: str,
    trained: tuple[str, float] | None,
    trained_words: str,
    span: float,
    clamp: bool,
    may_win: bool,
    strengths: Robustness | None,
    note: str,
    place: str | None,
    visit: int,
    key: str,
) -> None:
    """Show `images` uint8 (N, C, H, W), test images `numbers`, corrupted, restored, and how far off.

    It begins with the kind `first`, or where `place` says, `kind:strength` or `kind:strength:draw`, and returns there
    whenever `visit` changes; the browser writes it into the address. `trained` is the corruption of the training
    images, if it is one of the kinds, and `trained_words` says what it is. `span` is the width of the model's range;
    with `clamp` noise is cut to it. Only where it `may_win` is a score of the model marked as the better one.
    `strengths` are the scores of the whole test set under Gaussian noise.
    """
    data = {
        **shipped,
        "images": base64.b64encode(np.ascontiguousarray(images.transpose(0, 2, 3, 1)).tobytes()).decode(),
        "numbers": list(numbers),
        "names": list(names),
        "labels": list(labels),
        "shape": list(images.shape[1:]),
        "kinds": [kind._asdict() for kind in kinds],
        "first": first,
        "trained": None if trained is None else {"kind": trained[0], "level": trained[1]},
        "trained_words": trained_words,
        "span": span,
        "clamp": clamp,
        "may_win": may_win,
        "strengths": None if strengths is None else _curve(strengths),
        "error_scale": ERROR_SCALE,
        "note": note,
        "place": place,
        "visit": visit,
    }
    _component(key=key, data=data, width="stretch", height="content")


def _curve(found: Robustness) -> dict[str, Any]:
    """PSNR by strength, None where it is infinite or was not measured."""
    scores = [{side: found.score(at, side) for side in SIDES} for at in range(len(found.points))]
    return {
        "images": found.images,
        "beside": found.beside or None,
        "points": [{"level": point["level"], **row} for point, row in zip(found.points, scores, strict=True)],
    }
