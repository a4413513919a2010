"""The ways in which one machine can take a step, and how a run comes by its own.

Every fast way was the slower one on some processor: multiplying with oneDNN, bfloat16, channels last, all threads. So
nothing is assumed: before a training that lasts, steps of a model that is thrown away are timed in one way and another,
and the choice is kept in the user's cache (`aecore.models.known_ways`), so that the next such run begins at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from aecore.config.experiment import Experiment
from aecore.data.streamed import Streamed
from aecore.models import known_ways
from aecore.models.network import Network
from aecore.training.checkpoint import State, new_state
from aecore.training.step import Step
from aecore.training.threads import threads

WORTH_S = 20
"""A run that takes less than this is not worth a trial."""
SHARE = 0.03
"""A trial takes no more than this share of the run's time, by its first steps."""
LEAST_S = 1.0
"""Two ways may be compared for so long, without their first steps, however short the run."""
PAIR_SHARE = SHARE / 8
"""Of the run's time, for one such comparison: a run of an hour has time for all rounds of slow steps."""
ROUNDS = 5
GAINS = {"precision": 1.1, "linear": 1.03, "threads": 1.05, "channels": 1.05}
"""Another way must be this many times as fast: less may be chance, and float32 is more exact than bfloat16."""


class Way(NamedTuple):
    """How a step is computed. Results differ by rounding, for `precision` by bfloat16's; dropout draws other masks of
    the same distribution where the channels lie elsewhere."""

    precision: str = "float32"
    """Of the arithmetic between two updates of the weights: float32 or bfloat16."""
    linear: str = "onednn"
    """What multiplies in linear layers on a CPU: onednn, or plain for PyTorch's own choice."""
    channels: str = "last"
    """Where the channels of maps are in memory: last or first."""
    threads: int = 0
    """Of the processor, for a step; 0 for as many as PyTorch uses."""
    subnormals: str = "zero"
    """Subnormal numbers on a CPU: zero, or kept, as runs of older versions have them; never tried."""

    def __str__(self) -> str:
        parts = [self.precision, "oneDNN" if self.linear == "onednn" else "plain linear layers"]
        parts.append(f"channels {self.channels}")
        parts += [f"{self.threads} thread" + "s" * (self.threads > 1)] if self.threads else []
        return ", ".join(parts + (["subnormal numbers kept"] if self.subnormals == "kept" else []))

    def arrange(self, state: State) -> None:
        """Let the networks of `state`, which has taken no step yet, compute so."""
        for network in (state.model, *([state.average.network] if state.average else [])):
            network.arrange(plain_linear=self.linear == "plain", channels_last=self.channels == "last")

    @classmethod
    def read(cls, value: Any) -> Way | None:
        """A way from a JSON file, None for anything else."""
        if not isinstance(value, dict):
            return None
        value = {"subnormals": "kept"} | value  # older files do not say
        if any(value.get(name) not in allowed for name, allowed in KINDS.items()):
            return None
        threads = value.get("threads")
        if not isinstance(threads, int) or isinstance(threads, bool) or not 0 <= threads <= 4096:
            return None
        return cls(value["precision"], value["linear"], value["channels"], threads, value["subnormals"])

    @classmethod
    def known(cls, value: Any) -> Way | None:
        """The same for a trial's result, whose subnormal numbers are as every new run has them."""
        way = cls.read(value)
        return way and way._replace(subnormals="zero")


KINDS = {
    "precision": ("float32", "bfloat16"),
    "linear": ("onednn", "plain"),
    "channels": ("last", "first"),
    "subnormals": ("zero", "kept"),
}


@dataclass(frozen=True)
class Choice:
    """The way that a run takes, and the seconds per step of each that was tried."""

    way: Way
    seconds_per_step: dict[str, float] = field(default_factory=dict)
    known: bool = False
    """Whether they were known before."""
    kept: bool = False
    """Whether they are now: not where the processor was busy with other work."""


def choose(
    experiment: Experiment, train: Tensor | Streamed, epochs: int, *, images: int = 0, again: bool = False
) -> Choice:
    """The way for training on `train`, uint8 (N, C, H, W) on its device, or on so many of its `images`, for so many
    epochs. The trial's weights are thrown away; a deterministic run takes the same way on every machine. With `again`
    all ways are tried, whatever is known and however short the run."""
    training = experiment.training
    if training.deterministic:
        return Choice(Way())
    start = Way("bfloat16" if training.precision == "bfloat16" else "float32")
    count = images or len(train)
    size = min(training.batch_size, count)
    key = key_of(experiment, train, size)
    if (known := known_ways.find(key)) and not again:
        way, seconds = Way.known(known["way"]), known["seconds"]
        if way is not None:
            return Choice(way, seconds, known=True)
    others = known_ways.Others()
    some = train[: 4 * size]
    first = _Trial(experiment, some, size, start)
    expected = math.inf if again else first.seconds() * epochs * count / size
    if expected < WORTH_S:
        return Choice(start)
    begun, best, limit = time.perf_counter(), first, max(LEAST_S, PAIR_SHARE * expected)
    least = {str(start): first.seconds()}

    def beats(other: _Trial, best: _Trial, gain: float) -> bool:
        found = _compared(best, other, limit)
        for trial, seconds in zip((best, other), found, strict=True):
            least[str(trial.way)] = min(seconds, least.get(str(trial.way), math.inf))
        return found[0] > gain * found[1]

    for name, value in _alternatives(experiment, best.network, train.device):
        if time.perf_counter() - begun > SHARE * expected:
            break
        other = _Trial(experiment, some, size, best.way._replace(**{name: value}))
        if beats(other, best, GAINS[name]):
            best = other
    if best is not first and not beats(best, first, 1.0):  # a gain by chance, while other work came and went
        best = first
    seconds = {way: round(value, 6) for way, value in least.items()}
    if train.device.type == "cpu" and others.are_busy():
        return Choice(best.way, seconds)
    about = {"network": _title(experiment, train, size), "machine": known_ways.machine(train.device)}
    known_ways.keep(key, {"way": best.way._asdict(), "seconds": seconds} | about)
    return Choice(best.way, seconds, kept=True)


def key_of(experiment: Experiment, train: Tensor | Streamed, size: int) -> str:
    """The name of what is known of training so on images like `train`, uint8 (N, C, H, W), in batches of `size`."""
    training = experiment.training
    same = {"epochs", "seed", "lr", "weight_decay", "schedule", "restart_every", "plateau_patience", "plateau_factor"}
    work = {
        "model": experiment.model.model_dump(mode="json"),
        "training": training.model_dump(mode="json", exclude=same),
        "corruption": str(experiment.corruption),
        "images": list(train.shape[1:]),
        "batch": size,
    }
    return known_ways.name_of(known_ways.machine(train.device), work)


def _alternatives(experiment: Experiment, network: Network, device: torch.device) -> Iterator[tuple[str, Any]]:
    """Parts of a way that may be faster here, the most promising first, each with its value."""
    maps = network.plan.map_shape is not None
    on_cpu = device.type == "cpu"
    if on_cpu and any(layer.kind in ("Linear", "Gaussian") for layer in network.plan.layers):
        yield "linear", "plain"
    if experiment.training.precision == "auto" and has_bfloat16(device):
        yield "precision", "bfloat16"
    if on_cpu and torch.get_num_threads() > 1:
        yield "threads", 1
    if maps:
        yield "channels", "first"


def _compared(one: _Trial, other: _Trial, limit: float) -> tuple[float, float]:
    """Seconds per step of both, the least of a few turns within `limit` seconds, so that a change of the machine's
    speed affects both."""
    found = ([], [])  # type: tuple[list[float], list[float]]
    begun = time.perf_counter()
    for _ in range(ROUNDS):
        for trial, seconds in zip((one, other), found, strict=True):
            seconds.append(trial.seconds())
        if time.perf_counter() - begun > limit:
            break
    return min(found[0]), min(found[1])


def _title(experiment: Experiment, train: Tensor | Streamed, size: int) -> str:
    shape = "×".join(str(length) for length in train.shape[1:])
    return f"{experiment.title}, {shape}, batches of {size}"


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device knows bfloat16; where its hardware does not multiply it, a trial finds it slow."""
    if device.type == "cpu":
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


class _Trial:
    """Times steps of a model of its own."""

    def __init__(self, experiment: Experiment, some: Tensor, size: int, way: Way) -> None:
        self.way, self.device = way, some.device
        _, channels, height, width = some.shape
        state = new_state(experiment, (channels, height, width), len(some), some.device)
        way.arrange(state)
        self.network = state.model
        self.step = Step(experiment, state, some, way.precision)
        self.chosen = torch.arange(size, device=some.device)
        self.step.network.train()
        self.count = 1
        took = self.seconds()  # warm-up: libraries choose their kernels
        self.count = 3 if took < 0.3 else 1

    def seconds(self) -> float:
        """Seconds per step, the mean of a few."""
        with threads(self.way.threads):
            self._wait()
            begun = time.perf_counter()
            for _ in range(self.count):
                self.step(self.chosen)
            self._wait()
        return (time.perf_counter() - begun) / self.count

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
