"""Small images and experiments that the tests of models and training share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import safetensors.numpy
import torch

from aecore import data
from aecore.config.experiment import Experiment
from aecore.presets import preset
from aecore.training.checkpoint import State, new_state
from aecore.training.loop import Epoch, Images, LoopOptions, StepLog, epochs
from tests.helpers.paths import GALLERY_RUN

CPU = torch.device("cpu")
MLP = preset("digits-quick").experiment.changed({"training.epochs": 4, "training.batch_size": 64})
CONV = MLP.changed(
    {
        "model.conv": ["8k3s2p1", "4k3s2p1"],
        "model.dense": [],
        "model.bottleneck.kind": "none",
        "model.init": "pytorch",
    }
)
DROPOUT = CONV.changed({"model.norm": "batch", "model.dropout": 0.2})
VAE = CONV.changed(
    {"model.bottleneck.kind": "gaussian", "model.bottleneck.size": 5, "training.reduction": "sum", "training.lr": 3e-3}
)

WRITTEN = {
    "model.encoder": [
        "normalise 0.4914,0.4822,0.4465/0.247,0.2435,0.2616",
        "pad 2",
        "conv 8k3s1p1",
        "relu",
        "norm",
        "max-pool 3",
        "conv 6k3s1p1",
        "norm",
        "leaky-relu:0.2",
        "avg-pool 2",
        "linear 20",
        "tanh",
        "gaussian 6",
    ],
    "model.decoder": [
        "linear 128",
        "relu",
        "map 8x4x4",
        "upsample 2",
        "transposed 6k3s2p1o1",
        "norm",
        "silu",
        "upsample-bilinear 2",
        "conv 3k3s1p2",
        "crop 1",
        "denormalise 0.5/0.25",
        "sigmoid",
    ],
}
"""A network of every step that there is but dropout, for images 3×32×32."""


@dataclass(frozen=True)
class InMemory(Images):
    """Images all of which lie in memory."""

    train: torch.Tensor


def digits(train: int = 300, test: int = 60, validation: int = 0) -> InMemory:
    """The first digits at 28×28; validation images are taken from the end of the training images."""
    images = data.load("digits-28")
    return InMemory(
        torch.from_numpy(np.array(images.x_train[:train])),
        torch.from_numpy(np.array(images.x_test[:test])),
        np.array(images.y_test[:test]),
        torch.from_numpy(np.array(images.x_train[-validation:])) if validation else None,
        np.array(images.y_train[:train]),
        np.array(images.y_train[-validation:]) if validation else None,
    )


def mnist_panel() -> tuple[torch.Tensor, np.ndarray]:
    """Twenty real MNIST test images, uint8 (20, 1, 28, 28), and their labels: the shipped run holds them."""
    panel = safetensors.numpy.load_file(GALLERY_RUN / "snapshots.safetensors")
    return torch.from_numpy(panel["clean"]), panel["labels"]


def fresh(experiment: Experiment, images: Images) -> State:
    return new_state(experiment, tuple(images.train.shape[1:]), len(images.train), CPU)  # type: ignore[arg-type]


@dataclass
class Course:
    """What a training measured."""

    epochs: list[Epoch] = field(default_factory=list)
    steps: list[StepLog] = field(default_factory=list)

    def lines(self) -> list[Any]:
        """All that must be equal from run to run: everything but times."""
        timed = ("images_per_s", "seconds")
        plain = [{k: v for k, v in epoch.line().items() if k not in timed} for epoch in self.epochs]
        return [*plain, [epoch.layers for epoch in self.epochs], [epoch.code_std for epoch in self.epochs], self.steps]


def train(
    experiment: Experiment, state: State, images: Images, most: int | None = None, precision: str = "float32"
) -> Course:
    """Train to the end, or through `most` epochs."""
    course = Course()
    for epoch in epochs(experiment, state, images, LoopOptions(precision, on_log=course.steps.append)):
        course.epochs.append(epoch)
        if len(course.epochs) == most:
            break
    return course


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@torch.no_grad()
def copy(source: Iterable[torch.Tensor], target: Iterable[torch.Tensor]) -> None:
    """Give `target` the values of `source`, in order."""
    for ours, theirs in zip(source, target, strict=True):
        theirs.copy_(ours)
