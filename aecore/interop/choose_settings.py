"""Settings that do not follow from a checkpoint's shapes: those that reconstruct test images best are chosen."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from aecore.config.experiment import Experiment
from aecore.models.autoencoder import ACTIVATIONS, Autoencoder

IMAGES = 200
CLEARLY_BETTER = 0.98
"""Settings other than the defaults must reach less than this share of their error."""

_RANGES_AND_OUTPUTS = [("unit", "sigmoid"), ("symmetric", "tanh"), ("unit", "none"), ("symmetric", "none")]


@torch.inference_mode()
def choose_settings(
    experiment: Experiment, weights: Mapping[str, Tensor], open_keys: Mapping[str, Any], images: Tensor
) -> dict[str, Any]:
    """The values of those `open_keys` that images can decide, by the error on images uint8 (N, C, H, W).

    The default settings stay unless others are clearly better.
    """
    best: dict[str, Any] | None = None
    lowest, found_best = float("inf"), {}
    for changes in _choices(experiment, open_keys):
        model = Autoencoder(experiment.changed(changes).model, tuple(images.shape[1:]))  # type: ignore[arg-type]
        model.load_state_dict(dict(weights))
        model.eval()
        clean = model.from_bytes(images)
        # Of a VAE the mean, not a sample: chance must not decide.
        code = model.distribution(clean)[0] if model.gaussian else model.encode(clean)
        error = float((model.to_unit(model.decode(code)) - model.to_unit(clean)).square().mean())
        if best is None:  # the defaults come first
            best, lowest, found_best = changes, error * CLEARLY_BETTER, changes
        elif error < lowest:
            lowest, found_best = error, changes
    return {key: value for key, value in found_best.items() if key in open_keys}


def _choices(experiment: Experiment, open_keys: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every combination to try, the experiment's own first."""
    now = experiment.model
    activations = [now.activation, *(name for name in ACTIVATIONS if name != now.activation)]
    pairs = [(now.range, now.output), *(pair for pair in _RANGES_AND_OUTPUTS if pair != (now.range, now.output))]
    if "model.activation" not in open_keys:
        activations = [now.activation]
    if "model.range" not in open_keys:
        pairs = [pair for pair in pairs if pair[0] == now.range]
    if "model.output" not in open_keys:
        pairs = [pair for pair in pairs if pair[1] == now.output]
    choices = []
    for activation, (scale, output), active in itertools.product(activations, pairs, (False, True)):
        choice: dict[str, Any] = {"model.activation": activation, "model.range": scale, "model.output": output}
        if "model.bottleneck.activation" in open_keys:
            choice["model.bottleneck.activation"] = activation if active else "none"
        elif active:
            continue
        choices.append(choice)
    return choices
