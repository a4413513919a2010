"""The training loop, from top to bottom.

The whole image set lies on the device as uint8; each batch is gathered, scaled and corrupted there. Within an
epoch nothing is read back from the device: the losses are summed where they are and read once at the end, or
every `log_every` steps.
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

from aecore.corruption import corrupt
from aecore.experiment import Experiment
from aecore.training.loss import loss_of
from aecore.training.observe import LayerWatch, observe
from aecore.training.state import State, restart


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
    stop: Callable[[], bool] = lambda: False,
    on_step: Callable[[int, int], None] = lambda step, steps: None,
    on_log: Callable[[Steps], None] = lambda steps: None,
) -> Iterator[Epoch]:
    """Train from where `state` stands to the experiment's last epoch, yielding after each.

    `state` is whole between two yields; when `stop()` turns true the generator returns at once and leaves it in the
    middle of an epoch. `on_log` is called every `log_every` steps, with the model in that very state.
    """
    training = experiment.training
    model = state.model
    batches = _Batches(images.train, experiment, state)
    count, steps = len(images.train), batches.steps
    summed = training.reduction == "sum"
    layers = LayerWatch(model)
    # Summed over the steps since the last line of steps.jsonl, which may lie in the epoch before.
    logged, logged_steps = torch.tensor(state.logged, device=state.device), state.logged_steps
    for epoch in range(state.epoch + 1, training.epochs + 1):
        if training.restart_every and epoch > 1 and (epoch - 1) % training.restart_every == 0:
            restart(state, training, count)
        optimizer, scheduler = state.optimizer, state.scheduler
        model.train()
        # Sums of the steps' losses on the device, not read before the end: total, reconstruction, KL.
        sums = torch.zeros(3, device=state.device)
        order = torch.randperm(count, generator=state.order, device=state.device)
        lr, watching = state.lr, 0.0
        begun = time.perf_counter()
        for step, chosen in enumerate(order.split(batches.size), start=1):
            if stop():
                return
            noisy, clean = batches.take(chosen)
            loss = loss_of(model, noisy, clean, training)
            optimizer.zero_grad(set_to_none=True)
            loss.total.backward()
            optimizer.step()
            # A summed loss is logged an image, so that the last, smaller batch counts as what it is.
            share = 1.0 if summed else 1 / steps
            sums[0] += loss.total.detach() * share
            if loss.kl is not None:
                sums[1] += loss.reconstruction.detach() * share
                sums[2] += loss.kl.detach() * share
            lr = state.lr
            if isinstance(scheduler, OneCycleLR):
                scheduler.step()
            if training.log_every:
                logged += loss.total.detach() / (len(chosen) if summed else 1)
                logged_steps += 1
                at = (epoch - 1) * steps + step
                if at % training.log_every == 0:
                    pause = time.perf_counter()
                    validation = None
                    if images.validation is not None:
                        validation = observe(model, images.validation, experiment).loss
                    on_log(Steps(at / steps, at, float(logged) / logged_steps, validation))
                    logged.zero_()
                    logged_steps = 0
                    model.train()
                    watching += time.perf_counter() - pause
            on_step(step, steps)
        train_loss, reconstruction, kl = (sums / (count if summed else 1)).tolist()  # waits, once an epoch
        seconds = time.perf_counter() - begun - watching
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(train_loss)
        elif scheduler is not None and not isinstance(scheduler, OneCycleLR):
            scheduler.step()
        labels = images.test_labels if experiment.evaluation.wrong_digits else None
        seen = observe(model, images.test, experiment, labels)
        parts = {}
        if seen.kl is not None:
            parts |= {"train_reconstruction": reconstruction, "train_kl": kl}
            parts |= {"test_reconstruction": seen.reconstruction, "test_kl": seen.kl}
        if seen.wrong_digit_rate is not None:
            parts["wrong_digit_rate"] = seen.wrong_digit_rate
        state.epoch, state.seconds = epoch, state.seconds + seconds
        state.logged, state.logged_steps = float(logged), logged_steps
        yield Epoch(
            epoch,
            train_loss,
            seen.loss,
            lr,
            count / seconds,
            seen.dead_units,
            state.seconds,
            parts,
            layers.take(),
            seen.code_std.tolist(),
        )


class _Batches:
    """Turns chosen numbers into batches of noisy and clean images, in buffers that every step uses again: on a CPU
    a fresh array of this size costs more in page faults than its arithmetic."""

    def __init__(self, train: Tensor, experiment: Experiment, state: State) -> None:
        self.corruption, self.state, self.model = experiment.corruption, state, state.model
        self.size = min(experiment.training.batch_size, len(train))
        self.steps = -(-len(train) // self.size)
        # Convolutions want channels last: the images are kept so in memory and turned only in name.
        self.last = self.model.plan.map_shape is not None
        self.train = train.permute(0, 2, 3, 1).contiguous() if self.last else train
        self.picked = self.train.new_empty((self.size, *self.train.shape[1:]))
        self.batch = torch.empty_like(self.picked, dtype=torch.float32)
        once = self.corruption.once and self.corruption.active
        self.fixed = self._drawn_once(experiment.training.seed) if once else None

    def take(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Noisy and clean images (B, C, H, W) in the model's range; good until the next call."""
        count = len(chosen)
        torch.index_select(self.train, 0, chosen, out=self.picked[:count])
        low, high = self.model.low, self.model.high
        clean = torch.div(self.picked[:count], 255 / (high - low), out=self.batch[:count])
        clean = self._turned(clean.add_(low) if low else clean)
        if self.fixed is not None:
            return self._turned(self.fixed.index_select(0, chosen)), clean
        return corrupt(clean, self.corruption, self.state.noise, low, high), clean

    def _turned(self, images: Tensor) -> Tensor:
        return images.permute(0, 3, 1, 2) if self.last else images

    def _drawn_once(self, seed: int) -> Tensor:
        """Every training image with the noise it keeps; from a seed of its own, so that resuming finds the same."""
        generator = torch.Generator(self.train.device).manual_seed(seed + 4_000_003)
        noisy = torch.empty_like(self.train, dtype=torch.float32)
        for start in range(0, len(noisy), 1000):
            part = self._turned(self.model.from_bytes(self.train[start : start + 1000]))
            self._turned(noisy[start : start + 1000]).copy_(
                corrupt(part, self.corruption, generator, self.model.low, self.model.high)
            )
        return noisy
