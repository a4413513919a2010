"""What shapes do not tell, images do: of the functions and ranges that are left open, those that reconstruct best."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from aecore.config.experiment import Experiment
from aecore.models.autoencoder import ACTIVATIONS, Autoencoder

IMAGES = 200
CLEARLY = 0.98
"""Another setting than the usual one must have less than this part of its error."""

_ENDS = [("unit", "sigmoid"), ("symmetric", "tanh"), ("unit", "none"), ("symmetric", "none")]


@torch.inference_mode()
def try_out(
    experiment: Experiment, weights: Mapping[str, Tensor], open_keys: Mapping[str, Any], images: Tensor
) -> dict[str, Any]:
    """Settings by key for those of `open_keys` that images can decide, from the error on images uint8 (N, C, H, W).

    The usual settings stay unless others are clearly better.
    """
    best: dict[str, Any] | None = None
    lowest, found_best = float("inf"), {}
    for changes in _choices(experiment, open_keys):
        model = Autoencoder(experiment.changed(changes).model, tuple(images.shape[1:]))  # type: ignore[arg-type]
        model.load_state_dict(dict(weights))
        model.eval()
        clean = model.from_bytes(images)
        # The mean of a VAE, not a draw from around it: chance must not decide.
        code = model.distribution(clean)[0] if model.gaussian else model.encode(clean)
        error = float((model.to_unit(model.decode(code)) - model.to_unit(clean)).square().mean())
        if best is None:  # the usual ones come first
            best, lowest, found_best = changes, error * CLEARLY, changes
        elif error < lowest:
            lowest, found_best = error, changes
    return {key: value for key, value in found_best.items() if key in open_keys}


def _choices(experiment: Experiment, open_keys: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every combination to try, the one that stands in the experiment first."""
    now = experiment.model
    activations = [now.activation, *(name for name in ACTIVATIONS if name != now.activation)]
    ends = [(now.range, now.output), *(end for end in _ENDS if end != (now.range, now.output))]
    if "model.activation" not in open_keys:
        activations = [now.activation]
    if "model.range" not in open_keys:
        ends = [end for end in ends if end[0] == now.range]
    if "model.output" not in open_keys:
        ends = [end for end in ends if end[1] == now.output]
    choices = []
    for activation, (scale, output), active in itertools.product(activations, ends, (False, True)):
        choice: dict[str, Any] = {"model.activation": activation, "model.range": scale, "model.output": output}
        if "model.bottleneck.activation" in open_keys:
            choice["model.bottleneck.activation"] = activation if active else "none"
        elif active:
            continue
        choices.append(choice)
    return choices
