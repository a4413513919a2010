"""What the restorer is sent: images, the corruptions whose strength is a slider, and what was measured of them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from aecore.config.corruption import Corruption
from aecore.runs.robustness import SIDES, Robustness
from aecore.runs.run import Run
from aecore.viewer.networks import Shipped

ERROR_SCALE = 0.25
"""Errors are shown at full intensity from here on."""
WIDEST = 0.6
"""The strongest Gaussian noise of the slider, of the width of the images' range, where a run's own is not stronger."""


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


def kinds(run: Run, corruption: Corruption) -> dict[str, Kind]:
    """The corruptions that the browser draws, by name. Where one of them is alone in `corruption`, it begins with that
    strength; every slider reaches that and the one that the run was trained with."""
    model, (_, height, width) = run.experiment().model, run.image_info().image_shape
    low, high = model.value_range
    side = min(height, width)
    asked, trained = alone(corruption), alone(run.experiment().corruption)
    usual = {"gaussian": 0.2 * (high - low), "speckle": 0.4, "masking": 0.3, "salt-pepper": 0.2}
    usual |= {"square": side // 4, "rows": side // 5} | ({asked[0]: asked[1]} if asked else {})
    known = {kind: max(level, trained[1] if trained and trained[0] == kind else 0) for kind, level in usual.items()}
    strongest = round(max(WIDEST * (high - low), 1.5 * known["gaussian"]), 2)

    def slider(kind: str, title: str, name: str, most: float, step: float) -> Kind:
        return Kind(kind, title, name, 0, max(most, known[kind]), step, usual[kind])

    return {
        kind.kind: kind
        for kind in (
            slider("gaussian", "Gaussian noise", "Standard deviation σ", strongest, 0.01),
            slider("speckle", "Speckle noise", "Standard deviation σ at white", 1, 0.01),
            slider("salt-pepper", "Salt and pepper", "Share of pixels", 0.95, 0.01),
            slider("masking", "Masking noise", "Share of pixels", 0.95, 0.01),
            slider("square", "A square", "Side in pixels", side - 1, 1),
            slider("rows", "A band of rows", "Height in pixels", height - 1, 1),
        )
    }


def alone(corruption: Corruption) -> tuple[str, float] | None:
    """Kind and strength of a corruption that one slider describes."""
    if corruption.grey or corruption.blur or corruption.downscale or corruption.jpeg or corruption.lowest is not None:
        return None
    if corruption.occlusion != "none":
        return (corruption.occlusion, corruption.size) if corruption.kind == "none" else None
    if corruption.std:
        return "gaussian", round(corruption.std, 3)
    return (corruption.kind, corruption.level) if corruption.kind in ("speckle", "masking", "salt-pepper") else None


def restoration_data(
    shipped: Shipped,
    run: Run,
    images: np.ndarray,
    numbers: Sequence[int],
    names: Sequence[str],
    labels: Sequence[int],
    *,
    asked: Corruption,
    may_win: bool,
    strengths: Robustness | None,
    elsewhere: str = "",
    place: str | None = None,
    visit: int = 0,
) -> dict[str, Any]:
    """`images` uint8 (N, C, H, W), test images `numbers` (which also seed their noise), with their names and classes.

    It begins with the corruption that is `asked` for, or where `place` says, `kind:strength` or `kind:strength:draw`,
    and returns there whenever `visit` changes. Only where it `may_win` is a score of the model marked as the better
    one. `strengths` are the scores of the whole test set under Gaussian noise. `elsewhere` says what can be done in
    another view.
    """
    own, first = run.experiment().corruption, alone(asked)
    trained = alone(own) if own.active else None
    low, high = run.experiment().model.value_range
    span = high - low
    same_noise = strengths is not None and strengths.about.get("clamp", False) == asked.clamp
    return {
        **shipped,
        "images": base64.b64encode(np.ascontiguousarray(images.transpose(0, 2, 3, 1)).tobytes()).decode(),
        "numbers": list(numbers),
        "names": list(names),
        "labels": list(labels),
        "shape": list(images.shape[1:]),
        "kinds": [kind._asdict() for kind in kinds(run, asked).values()],
        "first": first[0] if first else "gaussian",
        "trained": None if trained is None else {"kind": trained[0], "level": trained[1]},
        "trained_words": f"trained with {own.label}" if own.active else "trained on clean images",
        "span": span,
        "clamp": asked.clamp,
        "may_win": may_win,
        "strengths": _curve(strengths) if same_noise and strengths else None,
        "error_scale": ERROR_SCALE,
        "note": _note(span, asked.clamp, len(strengths.points) if same_noise and strengths else 0, elsewhere),
        "place": place,
        "visit": visit,
    }


def _note(span: float, clamp: bool, measured: int, elsewhere: str) -> str:
    """`clamp`: noise is clamped; `measured`: at so many strengths the whole test set was."""
    said = [
        "Noise, network and scores are computed in your browser, over these images alone; the same random numbers are "
        "scaled, so that one sees this noise grow.",
        "" if span == 1 else f"σ is in the model's range, which is {span:g} wide.",
        "Gaussian and speckle noise are cut to the range of the images." if clamp else "",
        f"The curve of all test images was measured before, at {measured} strengths; ≈ lies between two."
        if measured
        else "",
        f"Errors are at full intensity from {ERROR_SCALE:g} on.",
        elsewhere,
    ]
    return " ".join(filter(None, said))


def _curve(found: Robustness) -> dict[str, Any]:
    """PSNR by strength, None where it is infinite or was not measured."""
    scores = [{side: found.score(at, side) for side in SIDES} for at in range(len(found.points))]
    return {
        "images": found.images,
        "beside": found.beside or None,
        "points": [{"level": point["level"], **row} for point, row in zip(found.points, scores, strict=True)],
    }
