"""One small experiment of every kind of network and loss, for tests that hold for all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from aecore.config.experiment import Experiment
from aecore.models.build import build
from aecore.models.weights import weights_bytes
from aecore.runs.run import EXPERIMENT, STATUS, WEIGHTS, Run

_MAP: dict[str, Any] = {
    "model.conv": ["8k3s2p1", "8k3s2p1", "4k1"],
    "model.dense": [],
    "model.bottleneck.kind": "none",
}
_RESTORES: dict[str, Any] = {
    "model.conv": ["8k3p1", "8k3p1"],
    "model.output": "none",
    "corruption": "gaussian:0.2",
}
_VAE: dict[str, Any] = {"model.bottleneck.kind": "gaussian", "model.dense": [24], "training.reduction": "sum"}

SETTINGS: dict[str, dict[str, Any]] = {
    "dense": {"model.dense": [24]},
    "wide": {
        "model.dense": [24, 24, 24],
        "model.residual": True,
        "model.norm": "batch",
        "model.activation": "gelu",
        "training.schedule": "one-cycle",
        "training.average": 0.9,
        "training.clip": 1.0,
    },
    "residual-conv": {"model.conv": ["8k3s2p1", "8k3p1"], "model.residual": True, "model.dense": [24]},
    "vae": _VAE,
    "bernoulli": _VAE | {"model.likelihood": "bernoulli", "training.kl_warmup": 2, "training.free_bits": 0.1},
    "sparse": {"model.dense": [24], "training.sparsity": 0.1},
    "k-sparse": {"model.dense": [24], "model.bottleneck.keep": 3, "model.bottleneck.activation": "none"},
    "contractive": {"model.dense": [24], "model.activation": "tanh", "training.contractive": 0.1},
    "prototypical": {"model.dense": [24], "model.bottleneck.activation": "none", "training.prototypical": 0.1},
    "tied": {"model.dense": [24], "model.tied": True},
    "tied-conv": {"model.conv": ["8k3s2p1", "8k3s2p1"], "model.dense": [24], "model.tied": True},
    "conditional": {"model.dense": [24], "model.classes": 10},
    "conditional-vae": _VAE | {"model.classes": 10, "model.conv": ["8k3s2p1"]},
    "fsq": _MAP | {"model.bottleneck.quantise": "fsq", "model.bottleneck.levels": [4, 3, 3, 3]},
    "fsq-dense": {
        "model.dense": [24],
        "model.bottleneck.size": 3,
        "model.bottleneck.quantise": "fsq",
        "model.bottleneck.levels": [8, 8, 5],
    },
    "vq": _MAP | {"model.bottleneck.quantise": "vq", "model.bottleneck.codebook": 16},
    "dncnn": _RESTORES | {"model.kind": "dncnn"},
    "dncnn-levels": _RESTORES
    | {"model.kind": "dncnn", "model.noise_level": True, "corruption": "gaussian:0..0.5", "training.average": 0.9},
    "unet": _RESTORES
    | {
        "model.kind": "unet",
        "model.conv": ["8k3p1", "8k3p1", "8k3p1"],
        "model.residual": True,
        "training.error": "log-squared",
    },
    "unet-norm": _RESTORES | {"model.kind": "unet", "model.norm": "batch", "model.output": "sigmoid"},
}
"""By name the settings that differ from the default."""

CODELESS = ("dncnn", "dncnn-levels", "unet", "unet-norm")


def family(name: str, **more: Any) -> Experiment:
    """The experiment of that name on the digits of 28×28: two epochs in float32; `more` changes settings, a dot written
    as two underscores."""
    usual = {"data.name": "digits-28", "training.epochs": 2, "training.batch_size": 64, "training.deterministic": True}
    return Experiment().changed(usual | SETTINGS[name] | {key.replace("__", "."): value for key, value in more.items()})


def untrained(name: str, folder: Path, **more: Any) -> Run:
    """A run of that experiment with the weights that training begins with, and a codebook of random vectors."""
    experiment, run = family(name, **more), Run(folder)
    run.path.mkdir()
    run.file(EXPERIMENT).write_text(json.dumps(experiment.model_dump(mode="json")))
    run.file(STATUS).write_text("{}")
    made = build(experiment.model, (1, 28, 28), seed=4)
    for part, values in made.state_dict().items():
        if "codebook" in part:
            values.normal_(generator=torch.Generator().manual_seed(0))
    run.file(WEIGHTS).write_bytes(weights_bytes(made))
    return run
