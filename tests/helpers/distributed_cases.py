"""What several processes train together: `torchrun … -m tests.helpers.distributed_cases FOLDER CASE…` trains them.

FOLDER holds CASE.safetensors, the states of runs that one process began. The first process leaves results.json there,
and the states of runs that all of them began.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import distributed as dist

from aecore.devices import devices
from aecore.training.checkpoint import State, restore, state_bytes
from aecore.training.distributed import Group, form_group, join_group, wait_for_run
from aecore.training.loop import LoopOptions, epochs, training_passes
from aecore.training.rank import end_process, get_rank
from tests.helpers.families import family
from tests.helpers.training import CONV, DROPOUT, MLP, VAE, digits, fresh

# 301 images in batches of 50: in the last batch one process has nothing to do.
SMALL = {"training.batch_size": 50, "training.epochs": 4}
BY_SGD = {"training.optimizer": "sgd", "training.lr": 0.1}
"""For normalisation: it takes every effect from the biases before it, so that their gradients are rounding alone, of
which Adam makes whole steps."""
CASES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "mean, noise": (MLP, {"corruption": "gaussian:0.3"}, "float32"),
    "sum": (MLP, {"training.reduction": "sum", "training.lr": 1e-4}, "float32"),
    "plateau": (MLP, {"training.schedule": "plateau", "training.plateau_patience": 0}, "float32"),
    "convolutions, occlusion": (CONV, {"corruption": "salt-pepper:0.2+square:6"}, "float32"),
    "noise drawn once": (CONV, {"corruption": "gaussian:0.3:clamp+once"}, "float32"),
    "normalisation, dropout": (DROPOUT, {**BY_SGD, "training.log_every": 4}, "float32"),
    "normalised features": (MLP, {**BY_SGD, "model.norm": "batch", "training.batch_size": 90}, "float32"),
    "vae, sum": (VAE, {}, "float32"),
    "vae, mean": (VAE, {"training.reduction": "mean", "model.bottleneck.sample": "always"}, "float32"),
    "averaged, clipped": (MLP, {"training.average": 0.9, "training.clip": 0.1}, "float32"),
    "conditional, warm-up": (
        family("conditional-vae"),
        {"model.likelihood": "bernoulli", "training.kl_warmup": 2, "training.reduction": "sum", "training.lr": 1e-4},
        "float32",
    ),
    "noise levels": (family("dncnn-levels"), {}, "float32"),
    "bfloat16": (DROPOUT, BY_SGD, "bfloat16"),
}


def case(name: str) -> tuple[Any, Any, str]:
    """The experiment, its images and the precision of a case."""
    base, changes, precision = CASES[name]
    images = digits(301, validation=30 if "training.log_every" in changes else 0)
    return base.changed(SMALL | changes), images, precision


def print_of(state: State) -> str:
    """A digest of everything that must be the same in all processes."""
    assert state.model.rng.generator is not None
    generators = (state.order, state.noise, state.model.rng.generator)
    tensors = [*state.model.state_dict().values(), *(generator.get_state() for generator in generators)]
    return hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in tensors)).hexdigest()


def shared(name: str, folder: Path, group: Group) -> dict[str, Any]:
    """Train a case twice: from the start, and from where one process left it."""
    experiment, images, precision = case(name)
    told: dict[str, Any] = {"epochs": [], "steps": [], "resumed": []}
    state = fresh(experiment, images)
    options = LoopOptions(precision, group, stop=group.agree_on_stop())
    if group.first:
        logging = replace(options, on_log=lambda log: told["steps"].append(vars(log)))
        for epoch in epochs(experiment, state, images, logging):
            told["epochs"].append(epoch.line() | {"gradients": epoch.layers})
            if epoch.epoch == 2:
                (folder / f"{name} of two.safetensors").write_bytes(state_bytes(state))
    else:
        for _ in training_passes(experiment, state, images, options):
            pass
    told["running"] = [value.tolist() for key, value in state.model.state_dict().items() if "running" in key]
    told["prints"] = [""] * group.world
    dist.all_gather_object(told["prints"], print_of(state))
    resumed = fresh(experiment, images)
    restore(resumed, folder / f"{name}.safetensors")
    told["resumed"] = [trained.train_loss for trained in training_passes(experiment, resumed, images, options)]
    return told


def main(folder: Path, names: list[str]) -> None:
    torch.set_num_threads(1)
    here = get_rank()
    if here.first:
        with form_group(here, folder, [devices()[-1]], lambda: False) as group:
            assert group is not None
            results = {name: shared(name, folder, group) for name in names}
            (folder / "results.json").write_text(json.dumps(results))
        return
    path = wait_for_run()
    assert path is not None
    assert path == folder
    with join_group(here) as joined:
        assert joined is not None
        for name in names:
            shared(name, path, joined.group)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
    end_process(0)
