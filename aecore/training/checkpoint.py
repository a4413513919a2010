"""The state of a training run between two epochs, and how it is saved and restored, without pickle."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR, ReduceLROnPlateau

from aecore.config.experiment import Experiment
from aecore.config.sections import Training
from aecore.errors import DamagedError
from aecore.files import check_regular
from aecore.models.build import build
from aecore.models.network import Network
from aecore.training.average import Average
from aecore.training.optimizers import SGD, Adam, AdamW


@dataclass
class State:
    """Everything that the next epoch depends on."""

    model: Network
    optimizer: Optimizer
    scheduler: LRScheduler | None
    order: torch.Generator
    """Draws the order of the images."""
    noise: torch.Generator
    """Draws the training corruption."""
    epoch: int = 0
    """Epochs finished."""
    seconds: float = 0.0
    """Time spent in the training steps of those epochs."""
    logged: float = 0.0
    """Sum of the losses of the steps since the last line of steps.jsonl."""
    logged_steps: int = 0
    """How many steps those are."""
    average: Average | None = None
    """The moving average of the weights, where the experiment asks for one."""

    @property
    def device(self) -> torch.device:
        return self.noise.device

    @property
    def measured(self) -> Network:
        """The network that is measured and saved: with the averaged weights where there are some."""
        return self.average.network if self.average else self.model

    @property
    def lr(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])


def new_state(
    experiment: Experiment, image_shape: tuple[int, int, int], train_images: int, device: torch.device
) -> State:
    """The state before the first epoch. The seed alone decides weights, order and noise."""
    training = experiment.training
    model = build(experiment.model, image_shape, training.seed).to(device)
    model.rng.seed(training.seed + 3_000_003, device)
    optimizer, scheduler = _optimizer_and_scheduler(training, model, train_images)
    return State(
        model,
        optimizer,
        scheduler,
        # Different streams: the same numbers must not decide both the order and the noise.
        torch.Generator(device).manual_seed(training.seed + 1_000_003),
        torch.Generator(device).manual_seed(training.seed + 2_000_003),
        average=Average(model, training.average) if training.average else None,
    )


def restart(state: State, training: Training, train_images: int) -> None:
    """Begin again with a new optimizer and schedule; weights and random generators stay."""
    state.optimizer, state.scheduler = _optimizer_and_scheduler(training, state.model, train_images)


def _optimizer_and_scheduler(
    training: Training, model: Network, train_images: int
) -> tuple[Optimizer, LRScheduler | None]:
    optimizer = _optimizer(training, model)
    return optimizer, _scheduler(training, optimizer, math.ceil(train_images / training.batch_size))


def graphed(training: Training, device: torch.device) -> bool:
    """Whether the optimizer's part is recorded with the rest of a step. One-cycle changes Adam's betas, which are fixed
    in a CUDA graph."""
    return device.type == "cuda" and training.schedule != "one-cycle"


def _optimizer(training: Training, model: Network) -> Optimizer:
    parameters, device = model.parameters(), next(model.parameters()).device
    graphs = graphed(training, device)
    # A graph reads the learning rate from the device, where schedules can change it.
    lr = torch.tensor(training.lr, device=device) if graphs else training.lr
    decay = training.weight_decay
    if training.optimizer == "adam":
        return Adam(parameters, lr=lr, weight_decay=decay, fused=True, capturable=graphs)
    if training.optimizer == "adamw":
        return AdamW(parameters, lr=lr, weight_decay=decay, fused=True, capturable=graphs)
    return SGD(parameters, lr=lr, weight_decay=decay, momentum=training.momentum, fused=True)


def _scheduler(training: Training, optimizer: Optimizer, steps_per_epoch: int) -> LRScheduler | None:
    epochs = min(training.epochs, training.restart_every or training.epochs)
    if training.schedule == "plateau":
        return ReduceLROnPlateau(
            optimizer, mode="min", factor=training.plateau_factor, patience=training.plateau_patience
        )
    if training.schedule == "cosine":
        return CosineAnnealingLR(optimizer, T_max=epochs)
    if training.schedule == "one-cycle":
        return OneCycleLR(optimizer, max_lr=training.lr, total_steps=epochs * steps_per_epoch)
    return None


def state_bytes(state: State) -> bytes:
    """The whole state as one safetensors file: tensors by name, everything else as JSON in its metadata."""
    tensors = {f"model.{name}": value for name, value in state.model.state_dict().items()}
    optimizer = state.optimizer.state_dict()
    for index, slots in optimizer["state"].items():
        for name, value in slots.items():
            if value is not None:
                tensors[f"optimizer.{index}.{name}"] = value
    if state.average:
        tensors |= {f"average.{name}": value for name, value in state.average.network.state_dict().items()}
        tensors["average_steps"] = state.average.steps
    tensors["order"], tensors["noise"] = state.order.get_state(), state.noise.get_state()
    assert state.model.rng.generator is not None
    tensors["draws"] = state.model.rng.generator.get_state()
    plain = {
        "epoch": state.epoch,
        "seconds": state.seconds,
        "logged": [state.logged, state.logged_steps],
        "groups": [{name: _plain(value) for name, value in group.items()} for group in optimizer["param_groups"]],
        "scheduler": _plain_scheduler(state.scheduler),
    }
    contiguous = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    return safetensors.torch.save(contiguous, {"state": json.dumps(plain)})


def restore(state: State, path: Path) -> None:
    """Load the state saved at `path` into a new one. Raises `DamagedError` when the file does not fit."""
    try:
        with safetensors.safe_open(check_regular(path), framework="pt") as file:
            plain = json.loads(file.metadata()["state"])  # a schedule's best loss may be infinite
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        weights = {n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")}
        state.model.load_state_dict(weights)
        if state.average:
            averaged = {n.removeprefix("average."): t for n, t in tensors.items() if n.startswith("average.")}
            state.average.network.load_state_dict(averaged)
            state.average.steps.copy_(tensors["average_steps"])
        rates = [group["lr"] for group in state.optimizer.param_groups]
        state.optimizer.load_state_dict(_optimizer_state(plain["groups"], tensors))
        for group, rate in zip(state.optimizer.param_groups, rates, strict=True):
            if isinstance(rate, Tensor):  # the tensor that graphs read
                group["lr"] = rate.fill_(group["lr"])
        _match_memory_order(state.optimizer)
        if state.scheduler is not None:
            state.scheduler.load_state_dict(plain["scheduler"])
        state.order.set_state(tensors["order"])
        state.noise.set_state(tensors["noise"])
        assert state.model.rng.generator is not None
        if "draws" in tensors:  # runs older than the models' own random numbers have none
            state.model.rng.generator.set_state(tensors["draws"])
        state.epoch, state.seconds = int(plain["epoch"]), float(plain["seconds"])
        state.logged, state.logged_steps = plain.get("logged", [0.0, 0])
    except (
        safetensors.SafetensorError,
        OSError,
        RuntimeError,
        ValueError,
        KeyError,
        TypeError,
        AssertionError,
    ) as error:
        raise DamagedError(
            f"{path} cannot be resumed from ({str(error).splitlines()[0]}); remove it to train from the start"
        ) from None


def _plain_scheduler(scheduler: LRScheduler | None) -> dict[str, Any] | None:
    """A scheduler's state without what is rebuilt anyway: only numbers, strings and lists of them."""
    if scheduler is None:
        return None
    plain = (int, float, str, bool, list, type(None))
    return {name: _plain(value) for name, value in scheduler.state_dict().items() if isinstance(value, plain)}


def _plain(value: Any) -> Any:
    """The value for JSON; a learning rate may be a tensor on a device."""
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return float(value) if isinstance(value, Tensor) else value


def _optimizer_state(groups: list[dict[str, Any]], tensors: dict[str, Tensor]) -> dict[str, Any]:
    slots: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, slot = name.split(".")
            slots.setdefault(int(index), {})[slot] = value
    for group in groups:
        if "betas" in group:
            group["betas"] = tuple(group["betas"])
    return {"state": slots, "param_groups": groups}


@torch.no_grad()
def _match_memory_order(optimizer: Optimizer) -> None:
    """Give every optimizer tensor the memory order of its weights: the file has channels first, convolutions train with
    channels last, and a fused optimizer reads both in memory order."""
    for weights, slots in optimizer.state.items():
        for name, value in slots.items():
            if isinstance(value, Tensor) and value.shape == weights.shape:
                slots[name] = torch.empty_like(weights, dtype=value.dtype).copy_(value)
