"""The training loop, from top to bottom.

The whole image set lies on the device as uint8; each batch is gathered, scaled and corrupted there. Within an
epoch nothing is read back from the device: the losses are summed where they are and read once at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from aecore.corruption import corrupt
from aecore.experiment import Corruption, Experiment
from aecore.latent import CodeRange
from aecore.training.loss import mean_squared_error
from aecore.training.state import State

TEST_BATCH = 2048
TEST_NOISE_SEED = 10_001
"""The test loss of every epoch is under the same noise, so that the curve shows the model and not the dice."""


class Epoch(NamedTuple):
    """What one epoch showed; a line of metrics.jsonl."""

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


def epochs(
    experiment: Experiment,
    state: State,
    train: Tensor,
    test: Tensor,
    *,
    stop: Callable[[], bool] = lambda: False,
    on_step: Callable[[int, int], None] = lambda step, steps: None,
) -> Iterator[Epoch]:
    """Train from where `state` stands to the experiment's last epoch, yielding after each.

    `train` and `test` are uint8 (N, C, H, W) on the state's device. `state` is whole between two yields; when
    `stop()` turns true the generator returns at once and leaves it in the middle of an epoch.
    """
    training = experiment.training
    model, optimizer, scheduler = state.model, state.optimizer, state.scheduler
    count, size = len(train), min(training.batch_size, len(train))
    steps = -(-count // size)
    # Reused by every step: on a CPU a fresh array of this size costs more in page faults than its arithmetic.
    picked = train.new_empty((size, *train.shape[1:]))
    batch = torch.empty_like(picked, dtype=torch.float32)
    for epoch in range(state.epoch + 1, training.epochs + 1):
        model.train()
        total = torch.zeros((), device=state.device)  # sum of the steps' losses, not read before the end
        order = torch.randperm(count, generator=state.order, device=state.device)
        lr, begun = state.lr, time.perf_counter()
        for step, chosen in enumerate(order.split(size), start=1):
            if stop():
                return
            torch.index_select(train, 0, chosen, out=picked[: len(chosen)])
            clean = torch.div(picked[: len(chosen)], 255, out=batch[: len(chosen)])  # (B, C, H, W) in [0, 1]
            noisy = corrupt(clean, experiment.corruption, state.noise)
            loss = mean_squared_error(model(noisy), clean)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach()
            lr = state.lr
            if isinstance(scheduler, OneCycleLR):
                scheduler.step()
            on_step(step, steps)
        train_loss = float(total) / steps  # waits for the device, once an epoch
        seconds = time.perf_counter() - begun
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(train_loss)
        elif scheduler is not None and not isinstance(scheduler, OneCycleLR):
            scheduler.step()
        test_loss, dead = validate(state, test, experiment.corruption)
        state.epoch, state.seconds = epoch, state.seconds + seconds
        yield Epoch(epoch, train_loss, test_loss, lr, count / seconds, dead, state.seconds)


@torch.no_grad()
def validate(state: State, images: Tensor, corruption: Corruption) -> tuple[float, int]:
    """Mean squared error over uint8 images (N, C, H, W), and how many latent units are dead on them."""
    model = state.model.eval()
    generator = torch.Generator(state.device).manual_seed(TEST_NOISE_SEED)
    total, codes = torch.zeros((), device=state.device), CodeRange()
    for batch in images.split(TEST_BATCH):
        clean = batch.float().div_(255)
        code = model.encode(corrupt(clean, corruption, generator))
        codes.add(code)
        total += F.mse_loss(model.decode(code), clean) * len(batch)
    return float(total) / len(images), codes.dead_units()
