"""Choosing the number format of a run's arithmetic by timing both for a moment."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch
from torch import Tensor

from aecore.config.experiment import Experiment
from aecore.training.checkpoint import new_state
from aecore.training.step import Step

WORTH_S = 20
"""A run that takes less than this in float32 is not worth a trial."""
MOST_S = 1.0
"""Length of a trial, without its first steps."""
ROUNDS = 5
GAIN = 1.1
"""bfloat16 must be this many times as fast: less may be chance, and float32 is more exact."""


@dataclass(frozen=True)
class Choice:
    """The number format, and the seconds that a step took in each that was tried."""

    precision: str
    seconds_per_step: dict[str, float] = field(default_factory=dict)


def choose(experiment: Experiment, train: Tensor, epochs: int) -> Choice:
    """The format for training on `train`, uint8 (N, C, H, W) on its device, for so many epochs. The trial's weights are
    thrown away."""
    training = experiment.training
    if training.deterministic or training.precision != "auto":
        return Choice("float32" if training.precision == "auto" else training.precision)
    if not has_bfloat16(train.device):
        return Choice("float32")
    size = min(training.batch_size, len(train))
    some = train[: 4 * size]
    plain = _Trial(experiment, some, size, "float32")
    if plain.seconds() * epochs * len(train) / size < WORTH_S:
        return Choice("float32")
    trials = [plain, _Trial(experiment, some, size, "bfloat16")]
    least = {one.precision: one.seconds() for one in trials}
    begun = time.perf_counter()
    for _ in range(ROUNDS):
        for one in trials:  # in turn, so that a change of the machine's speed affects both
            least[one.precision] = min(least[one.precision], one.seconds())
        if time.perf_counter() - begun > MOST_S:
            break
    faster = least["float32"] > GAIN * least["bfloat16"]
    return Choice("bfloat16" if faster else "float32", least)


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 in hardware; elsewhere it is certainly slow."""
    if device.type == "cpu":
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


class _Trial:
    """Times steps of a model of its own."""

    def __init__(self, experiment: Experiment, some: Tensor, size: int, precision: str) -> None:
        self.precision, self.device = precision, some.device
        _, channels, height, width = some.shape
        state = new_state(experiment, (channels, height, width), len(some), some.device)
        self.step = Step(experiment, state, some, precision)
        self.chosen = torch.arange(size, device=some.device)
        self.seconds()  # warm-up: libraries choose their kernels

    def seconds(self) -> float:
        """Seconds per step, the mean of three."""
        self._wait()
        begun = time.perf_counter()
        for _ in range(3):
            self.step(self.chosen)
        self._wait()
        return (time.perf_counter() - begun) / 3

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
