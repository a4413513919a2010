"""The training loop, from top to bottom.

The whole image set lies on the device as uint8; each batch is gathered, scaled and corrupted there (batches.py).
Within an epoch nothing is read back from the device: the losses are summed where they are and read once at the end,
or every `log_every` steps.

Several processes can share the steps (distributed.py); what happens between epochs is rank 0's business alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from aecore.config.experiment import Experiment
from aecore.config.sections import Training
from aecore.data.streamed import Streamed
from aecore.errors import UserError
from aecore.metrics.health import OutputSample
from aecore.models.network import Network
from aecore.training.checkpoint import State, restart
from aecore.training.distributed import SINGLE_PROCESS, Group
from aecore.training.probe import LayerStats, probe
from aecore.training.step import Step
from aecore.training.threads import threads


@dataclass(frozen=True)
class Images:
    """What a run works on: uint8 (N, C, H, W) on the training device, or for training streamed to it, and the test
    images' labels, uint8 (N,)."""

    train: Tensor | Streamed
    test: Tensor
    test_labels: np.ndarray
    validation: Tensor | None = None
    train_labels: np.ndarray | None = None
    """uint8 (N,), of the training images, where network or loss need their classes."""
    validation_labels: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        _, channels, height, width = self.train.shape
        return channels, height, width


@dataclass(frozen=True)
class Epoch:
    """The measurements of one epoch; `line()` is its line in metrics.jsonl."""

    epoch: int
    train_loss: float
    """Mean over the epoch's steps of the batch's loss, which is what the reports' code logs; without penalties on the
    code, and with the full weight of the KL divergence, as `test_loss`."""
    test_loss: float
    """Mean over the test images after the epoch, under the training corruption."""
    lr: float
    """Learning rate of the epoch; that of its last step where it changes within."""
    images_per_s: float
    dead_units: int | None
    """Latent units with the same value for every test image; None without a code."""
    seconds: float
    """Training time since the run's first step, without evaluating and saving."""
    parts: dict[str, float]
    """Of a VAE: train_reconstruction, train_kl, test_reconstruction, test_kl, active_units; train_penalty where the
    code is penalised; used_vectors of a quantised code; wrong_digit_rate where asked for."""
    layers: dict[str, dict[str, float]]
    """Root mean squares of weights, gradients and the epoch's change, by layer."""
    code_std: list[float]
    """Standard deviation of every latent unit over the test images."""
    collapsed_units: int | None
    """Of a VAE: latent units with hardly any KL divergence."""
    output: OutputSample
    """What the outputs for the test images are like."""

    @property
    def finite(self) -> bool:
        """Whether both losses are numbers."""
        return math.isfinite(self.train_loss) and math.isfinite(self.test_loss)

    @property
    def error(self) -> float:
        """The test loss without a VAE's KL divergence."""
        return self.parts.get("test_reconstruction", self.test_loss)

    def line(self) -> dict[str, Any]:
        names = ("epoch", "train_loss", "test_loss", "lr", "images_per_s", "dead_units", "seconds")
        known = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return known | self.parts


@dataclass(frozen=True)
class TrainingPass:
    """The measurements of an epoch's steps alone; the losses as in `Epoch`."""

    epoch: int
    train_loss: float
    reconstruction: float
    kl: float
    penalty: float
    lr: float
    images_per_s: float


@dataclass(frozen=True)
class StepLog:
    """The measurements of the last `log_every` steps; a line of steps.jsonl."""

    epoch: float
    """Epochs done so far, with their fraction."""
    step: int
    """Steps since the run began."""
    train_loss: float
    """Mean over the steps since the last such line."""
    validation_loss: float | None


@dataclass(frozen=True)
class LoopOptions:
    """How the loop runs, and what it calls on the way."""

    precision: str = "float32"
    """Number format of the steps' arithmetic, float32 or bfloat16; everything between them is float32."""
    group: Group = SINGLE_PROCESS
    """The processes that share the steps: each runs `training_passes`, with a `stop` that all agree on."""
    threads: int = 0
    """Of the processor, for the steps; 0 for as many as PyTorch uses."""
    stop: Callable[[], bool] = lambda: False
    """Asked before every step; true ends the loop in the middle of an epoch."""
    on_step: Callable[[int, int], None] = lambda step, steps: None
    """Called after every step as `on_step(step, steps)`, counted within the epoch."""
    on_log: Callable[[StepLog], None] = lambda log: None
    """Called every `log_every` steps, in rank 0, with the model as it is after that step."""
    on_unrecorded: Callable[[str], None] = lambda why: None
    """Called once where a GPU could not record the steps as graphs, which makes them slower, with the reason."""


def epochs(
    experiment: Experiment, state: State, images: Images, options: LoopOptions = LoopOptions()
) -> Iterator[Epoch]:
    """Train from where `state` is to the experiment's last epoch, yielding after each.

    `state` is complete between two yields; when `options.stop()` turns true the generator returns at once and leaves
    it in the middle of an epoch.
    """
    layers = LayerStats(state.model)
    for trained in training_passes(experiment, state, images, options):
        probed = probe(state.measured, images.test, experiment, images.test_labels)
        parts = {"train_penalty": trained.penalty} if trained.penalty else {}
        if probed.kl is not None:
            parts |= {"train_reconstruction": trained.reconstruction, "train_kl": trained.kl}
            parts |= {"test_reconstruction": probed.reconstruction, "test_kl": probed.kl}
        if probed.active_units is not None:
            parts["active_units"] = probed.active_units
        if probed.used_vectors is not None:
            parts["used_vectors"] = probed.used_vectors
        if probed.wrong_digit_rate is not None:
            parts["wrong_digit_rate"] = probed.wrong_digit_rate
        yield Epoch(
            trained.epoch,
            trained.train_loss,
            probed.loss,
            trained.lr,
            trained.images_per_s,
            probed.dead_units,
            state.seconds,
            parts,
            layers.take(),
            probed.code_std.tolist(),
            probed.collapsed_units,
            probed.output,
        )


def training_passes(
    experiment: Experiment, state: State, images: Images, options: LoopOptions = LoopOptions()
) -> Iterator[TrainingPass]:
    """The training of `epochs`, without measuring on the test images."""
    training, group = experiment.training, options.group
    model = state.model
    train = Step(experiment, state, images.train, options.precision, group, _classes(model, images, training))
    count, size = len(images.train), train.batches.size
    steps = -(-count // size)
    # Summed over the steps since the last line of steps.jsonl, which may lie in the epoch before.
    train.logged.fill_(state.logged if group.first else 0.0)
    logged_steps, told = state.logged_steps, False
    for epoch in range(state.epoch + 1, training.epochs + 1):
        if training.restart_every and epoch > 1 and (epoch - 1) % training.restart_every == 0:
            restart(state, training, count)
            train.forget_graphs()
        scheduler = state.scheduler
        train.network.train()
        train.sums.zero_()
        order = torch.randperm(count, generator=state.order, device=state.device)
        lr, paused = state.lr, 0.0
        begun = time.perf_counter()
        batches = order.split(size)
        train.begin(batches)
        with threads(options.threads):
            for step, chosen in enumerate(batches, start=1):
                if options.stop():
                    train.batches.end()
                    return
                if training.kl_warmup:
                    train.warmth.fill_(min(((epoch - 1) * steps + step) / (training.kl_warmup * steps), 1.0))
                train(chosen)
                if isinstance(scheduler, OneCycleLR):
                    lr = state.lr
                    scheduler.step()
                if training.log_every:
                    logged_steps += 1
                    at = (epoch - 1) * steps + step
                    if at % training.log_every == 0:
                        pause = time.perf_counter()
                        loss = group.sum(train.logged) / logged_steps
                        if group.first:
                            validation = None
                            if images.validation is not None:
                                validation = probe(
                                    state.measured, images.validation, experiment, images.validation_labels
                                ).loss
                            options.on_log(StepLog(at / steps, at, loss, validation))
                        train.logged.zero_()
                        logged_steps = 0
                        train.network.train()
                        paused += time.perf_counter() - pause
                if train.unrecorded and not told:
                    told = True
                    options.on_unrecorded(train.unrecorded)
                options.on_step(step, steps)
        # Reading the sums waits for the device, once an epoch.
        train_loss, reconstruction, kl, penalty = group.sum(train.sums / (count if train.per_image else steps))
        seconds = time.perf_counter() - begun - paused
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(train_loss)
        elif scheduler is not None and not isinstance(scheduler, OneCycleLR):
            scheduler.step()
        state.epoch, state.seconds = epoch, state.seconds + seconds
        state.logged, state.logged_steps = group.sum(train.logged), logged_steps
        yield TrainingPass(epoch, train_loss, reconstruction, kl, penalty, lr, count / seconds)


def _classes(model: Network, images: Images, training: Training) -> Tensor | None:
    """The training images' classes on their device, int64 (N,), for a network that is told them or a loss that goes by
    them. Raises `UserError` for classes that the network does not know, or where there is only one."""
    labels = images.train_labels
    if labels is None or not (model.conditional or training.prototypical):
        return None
    most = int(labels.max())
    if model.conditional and most >= model.plan.classes:
        raise UserError(f"model.classes: the images have classes up to {most}; make it at least {most + 1}")
    if training.prototypical and (labels == most).all():
        raise UserError(
            "training.prototypical: all images are of one class, so there is nothing to tell apart; set it to 0"
        )
    return torch.from_numpy(labels.astype(np.int64)).to(images.train.device)
