"""Choosing the number format of a run's arithmetic by trying both for a moment."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch
from torch import Tensor

from aecore.config.experiment import Experiment
from aecore.training.checkpoint import new_state
from aecore.training.step import Step

WORTH_S = 20
"""A run that float32 finishes sooner is not worth a trial."""
MOST_S = 1.0
"""A trial's length, its first steps not counted."""
ROUNDS = 5
GAIN = 1.1
"""What is this much faster is taken; less may be chance, and float32 is the more exact."""


@dataclass(frozen=True)
class Choice:
    """The number format, and what a step took in each that was tried, in seconds."""

    precision: str
    seconds_a_step: dict[str, float] = field(default_factory=dict)


def choose(experiment: Experiment, train: Tensor, epochs: int) -> Choice:
    """How to train on `train`, uint8 (N, C, H, W) on its device, for so many epochs. What is tried is thrown away."""
    training = experiment.training
    if training.deterministic or training.precision != "auto":
        return Choice("float32" if training.precision == "auto" else training.precision)
    if not has_bfloat16(train.device):
        return Choice("float32")
    size = min(training.batch_size, len(train))
    some = train[: 4 * size]
    plain = _Tried(experiment, some, size, "float32")
    if plain.seconds() * epochs * len(train) / size < WORTH_S:
        return Choice("float32")
    tried = [plain, _Tried(experiment, some, size, "bfloat16")]
    least = {one.precision: one.seconds() for one in tried}
    begun = time.perf_counter()
    for _ in range(ROUNDS):
        for one in tried:  # in turn, so that a change of the machine's speed hits both
            least[one.precision] = min(least[one.precision], one.seconds())
        if time.perf_counter() - begun > MOST_S:
            break
    faster = least["float32"] > GAIN * least["bfloat16"]
    return Choice("bfloat16" if faster else "float32", least)


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 itself; elsewhere it is slow for certain."""
    if device.type == "cpu":
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


class _Tried:
    """A step of a model of its own."""

    def __init__(self, experiment: Experiment, some: Tensor, size: int, precision: str) -> None:
        self.precision, self.device = precision, some.device
        _, channels, height, width = some.shape
        state = new_state(experiment, (channels, height, width), len(some), some.device)
        self.step = Step(experiment, state, some, precision)
        self.chosen = torch.arange(size, device=some.device)
        self.seconds()  # libraries choose and prepare their kernels

    def seconds(self) -> float:
        """What a step takes, the mean of three."""
        self._wait()
        begun = time.perf_counter()
        for _ in range(3):
            self.step(self.chosen)
        self._wait()
        return (time.perf_counter() - begun) / 3

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
