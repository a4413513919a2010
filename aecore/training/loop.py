"""The training loop, from top to bottom.

The whole image set lies on the device as uint8; each batch is gathered, scaled and corrupted there (batches.py).
Within an epoch nothing is read back from the device: the losses are summed where they are and read once at the end,
or every `log_every` steps.

Several processes can share the steps (together.py); what lies between them only the first one looks at.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from aecore.config.experiment import Experiment
from aecore.training.checkpoint import State, restart
from aecore.training.distributed import SINGLE_PROCESS, Group
from aecore.training.probe import LayerStats, probe
from aecore.training.step import Step


@dataclass(frozen=True)
class Images:
    """What a run works on: uint8 (N, C, H, W) on the training device, and the test images' labels, uint8 (N,)."""

    train: Tensor
    test: Tensor
    test_labels: np.ndarray
    validation: Tensor | None = None


@dataclass(frozen=True)
class Epoch:
    """What one epoch showed; `line()` is its line in metrics.jsonl."""

    epoch: int
    train_loss: float
    """Mean over the epoch's steps of the batch's loss, which is what the reports' code logs."""
    test_loss: float
    """Mean over the test images after the epoch, under the training corruption."""
    lr: float
    """Learning rate of the epoch; the last step's where it changes within."""
    images_per_s: float
    dead_units: int
    """Latent units that say the same for every test image."""
    seconds: float
    """Training time since the run's first step, evaluation and saving not counted."""
    parts: dict[str, float]
    """Of a VAE: train_reconstruction, train_kl, test_reconstruction, test_kl; wrong_digit_rate where asked for."""
    layers: dict[str, dict[str, float]]
    """Root mean squares of weights, gradients and the epoch's change, by layer."""
    code_std: list[float]
    """Standard deviation of every latent unit over the test images."""

    def line(self) -> dict[str, Any]:
        names = ("epoch", "train_loss", "test_loss", "lr", "images_per_s", "dead_units", "seconds")
        return {name: getattr(self, name) for name in names} | self.parts


@dataclass(frozen=True)
class Pass:
    """What an epoch's steps themselves showed; the losses as in `Epoch`."""

    epoch: int
    train_loss: float
    reconstruction: float
    kl: float
    lr: float
    images_per_s: float


@dataclass(frozen=True)
class Steps:
    """What the last `log_every` steps showed; a line of steps.jsonl."""

    epoch: float
    """How far the run is, in epochs and their fraction."""
    step: int
    """Steps since the run began."""
    train_loss: float
    """Mean over the steps since the last such line."""
    validation_loss: float | None


def epochs(
    experiment: Experiment,
    state: State,
    images: Images,
    *,
    precision: str = "float32",
    stop: Callable[[], bool] = lambda: False,
    on_step: Callable[[int, int], None] = lambda step, steps: None,
    on_log: Callable[[Steps], None] = lambda steps: None,
    others: Group = SINGLE_PROCESS,
) -> Iterator[Epoch]:
    """Train from where `state` stands to the experiment's last epoch, yielding after each.

    `precision` is that of the steps' arithmetic, float32 or bfloat16; whatever is looked at between them is float32.
    `state` is whole between two yields; when `stop()` turns true the generator returns at once and leaves it in the
    middle of an epoch. `on_log` is called every `log_every` steps, with the model in that very state. `others` share
    the steps: each goes through `passes` of its own, with a `stop` that all agree on.
    """
    layers = LayerStats(state.model)
    labels = images.test_labels if experiment.evaluation.wrong_digits else None
    for passed in passes(
        experiment, state, images, precision=precision, stop=stop, on_step=on_step, on_log=on_log, others=others
    ):
        seen = probe(state.model, images.test, experiment, labels)
        parts = {}
        if seen.kl is not None:
            parts |= {"train_reconstruction": passed.reconstruction, "train_kl": passed.kl}
            parts |= {"test_reconstruction": seen.reconstruction, "test_kl": seen.kl}
        if seen.wrong_digit_rate is not None:
            parts["wrong_digit_rate"] = seen.wrong_digit_rate
        yield Epoch(
            passed.epoch,
            passed.train_loss,
            seen.loss,
            passed.lr,
            passed.images_per_s,
            seen.dead_units,
            state.seconds,
            parts,
            layers.take(),
            seen.code_std.tolist(),
        )


def passes(
    experiment: Experiment,
    state: State,
    images: Images,
    *,
    precision: str = "float32",
    stop: Callable[[], bool] = lambda: False,
    on_step: Callable[[int, int], None] = lambda step, steps: None,
    on_log: Callable[[Steps], None] = lambda steps: None,
    others: Group = SINGLE_PROCESS,
) -> Iterator[Pass]:
    """The training of `epochs`, without a look at the test images."""
    training = experiment.training
    model = state.model
    train = Step(experiment, state, images.train, precision, others)
    count, size = len(images.train), train.batches.size
    steps = -(-count // size)
    # Summed over the steps since the last line of steps.jsonl, which may lie in the epoch before.
    train.logged.fill_(state.logged if others.first else 0.0)
    logged_steps = state.logged_steps
    for epoch in range(state.epoch + 1, training.epochs + 1):
        if training.restart_every and epoch > 1 and (epoch - 1) % training.restart_every == 0:
            restart(state, training, count)
            train.forget_graphs()
        scheduler = state.scheduler
        train.network.train()
        train.sums.zero_()
        order = torch.randperm(count, generator=state.order, device=state.device)
        lr, watching = state.lr, 0.0
        begun = time.perf_counter()
        for step, chosen in enumerate(order.split(size), start=1):
            if stop():
                return
            train(chosen)
            if isinstance(scheduler, OneCycleLR):
                lr = state.lr
                scheduler.step()
            if training.log_every:
                logged_steps += 1
                at = (epoch - 1) * steps + step
                if at % training.log_every == 0:
                    pause = time.perf_counter()
                    loss = others.total(train.logged) / logged_steps
                    if others.first:
                        validation = None
                        if images.validation is not None:
                            validation = probe(model, images.validation, experiment).loss
                        on_log(Steps(at / steps, at, loss, validation))
                    train.logged.zero_()
                    logged_steps = 0
                    train.network.train()
                    watching += time.perf_counter() - pause
            on_step(step, steps)
        # Here it waits for the device, once an epoch.
        train_loss, reconstruction, kl = others.total(train.sums / (count if train.an_image else steps))
        seconds = time.perf_counter() - begun - watching
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(train_loss)
        elif scheduler is not None and not isinstance(scheduler, OneCycleLR):
            scheduler.step()
        state.epoch, state.seconds = epoch, state.seconds + seconds
        state.logged, state.logged_steps = others.total(train.logged), logged_steps
        yield Pass(epoch, train_loss, reconstruction, kl, lr, count / seconds)
