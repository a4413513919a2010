"""TODO docstring."""

from __future__ import annotations

from typing import Any

from aecore import data
from aecore.errors import AecoreError, UserError
from aecore.latent.codes import Codes
from aecore.models import browser_export
from aecore.models.architecture import plan
from aecore.runs.store import WEIGHTS, Run
from aecore.viewer import point_cloud

MOST_DECODER_BYTES = 8_000_000
"""A larger decoder is left out; the page then shows images without reconstructions."""


def decoder_part(run: Run, codes: Codes | None) -> point_cloud.Payload | None:
    """The run's decoder for the browser; for codes too wide to be kept, with the encoder before it. None where there is
    none or it is too large."""
    if codes is None or not run.file(WEIGHTS).is_file():
        return None
    model, shape = run.experiment().model, _about(run)["image_shape"]
    solved, tensors = plan(model, shape), run.tensors(WEIGHTS)
    low, high = (0.0, 1.0) if model.range == "unit" else (-1.0, 1.0)
    made = browser_export.decoder(solved, tensors, low, high)
    if made.weights.nbytes > MOST_DECODER_BYTES:
        return None
    part = {
        "header": {"ops": list(made.ops), "image_shape": list(shape), "code_size": solved.code_size},
        "weights": made.weights.astype("<f4").tobytes(),
    }
    if codes.codes is None:
        before = browser_export.encoder(solved, tensors, low, high)
        part |= {"before": {"ops": list(before.ops)}, "before_weights": before.weights.astype("<f4").tobytes()}
    return part


def _about(run: Run) -> dict[str, Any]:
    """Shape, classes and citation of the images, as the run itself says; older runs ask the catalogue."""
    told = run.status().get("data")
    if isinstance(told, dict) and {"image_shape", "classes", "citation"} <= told.keys():
        return {**told, "image_shape": tuple(map(int, told["image_shape"])), "classes": list(map(str, told["classes"]))}
    try:
        known = data.data_set(run.experiment().data.name)
    except AecoreError:
        raise UserError(f"run {run.id} does not say what its images are") from None
    return {"image_shape": known.image_shape, "classes": list(known.classes), "citation": known.citation}
