"""What `benchmarks.gpu` times: report 000 in full beside other loops, every preset, and t-SNE."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from aecore import data
from aecore.data import data_set
from aecore.latent import tsne
from aecore.presets import preset, presets
from aecore.training.loop import Images, LoopOptions, epochs
from aecore.training.ways import choose
from benchmarks.gpu_checks import begun, made, on
from benchmarks.loops import Task, in_memory, textbook

EPOCHS = 50
"""Of report 000, as in the report."""
WARM_UP_EPOCHS, LEAST_S = 1, 1.0
"""A preset is timed for whole epochs until so many seconds have passed."""


def report_000(images: int, real: bool) -> tuple[Task, str]:
    """Report 000's network on clean MNIST, or on made images of that shape, and which those are."""
    changes = {"corruption": "none", "training.schedule": "none", "training.epochs": EPOCHS}
    experiment = preset("mnist-mlp8").experiment.changed(changes | {"training.log_every": None})
    if real:
        found = data.load("mnist")
        return Task("000", experiment, np.array(found.x_train[:images]), np.array(found.x_test)), "MNIST"
    some = made(experiment, images, 10_000)
    assert isinstance(some.train, torch.Tensor)
    return Task("000", experiment, some.train.numpy(), some.test.numpy()), "made images"


def ours(task: Task, device: str, precision: str) -> dict[str, float]:
    train, test = (torch.from_numpy(part).to(device) for part in (task.train, task.test))
    images = Images(train, test, np.zeros(len(test), np.uint8))
    began = time.perf_counter()
    state = begun(task.experiment, images)
    loss = [epoch.train_loss for epoch in epochs(task.experiment, state, images, LoopOptions(precision))][-1]
    return {"training_s": state.seconds, "wall_s": time.perf_counter() - began, "loss": loss}


class _EnoughError(Exception):
    pass


def another(train: Callable[..., None], task: Task, *arguments: Any, timed: int = EPOCHS) -> dict[str, float]:
    """Another loop with its test passes: all epochs from the first on, or the last of so many, times their number."""
    times, losses = [time.perf_counter()], [0.0]

    def tell(loss: float) -> None:
        times.append(time.perf_counter())
        losses.append(loss)
        if len(losses) > timed:
            raise _EnoughError

    with contextlib.suppress(_EnoughError):
        train(tell, task, *arguments)
    if timed == EPOCHS:
        return {"wall_s": times[-1] - times[0], "loss": losses[-1]}
    return {"wall_s": EPOCHS * (times[-1] - times[-2])}


def fifty_epochs(device: str, images: int, real: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Report 000 in our loop and in others."""
    task, which = report_000(images, real)
    ours(task, device, "float32")  # libraries choose their kernels
    ways: dict[str, Callable[[], dict[str, float]]] = {
        "ours, float32": lambda: ours(task, device, "float32"),
        "ours, bfloat16": lambda: ours(task, device, "bfloat16"),
        "plain modules on tensors": lambda: another(in_memory, task, device),
        "the same, torch.compile": lambda: another(in_memory, task, device, True),
    }
    if find_spec("torchvision"):
        ways |= {f"textbook, {n} workers": lambda n=n: another(textbook, task, n, device, timed=2) for n in (0, 2)}
    found: dict[str, Any] = {}
    for name, way in ways.items():
        try:
            found[name] = way()
        except Exception as error:
            found[name] = {"failed": str(error).strip().partition("\n")[0] or type(error).__name__}
        say(f"report 000, {EPOCHS} epochs, {name}: {found[name]}")
    return {"images": which, "train": len(task.train), "loops": found}


def full_training(name: str, device: str, most: int = 1 << 30) -> dict[str, Any]:
    """What a whole training of the preset takes on the device, from a second of it: minutes for all epochs, in the
    number format that a run would choose."""
    experiment = presets()[name].experiment
    about = data_set(experiment.data.source)
    count = min(about.train_images, most)
    images = on(made(experiment, count, 1000), device)
    chosen = choose(experiment, images.train, experiment.training.epochs)
    longer = experiment.changed({"training.epochs": max(experiment.training.epochs, 1000)})
    state = begun(longer, images)
    chosen.way.arrange(state)
    seconds: list[float] = []
    before = 0.0
    for epoch in epochs(longer, state, images, LoopOptions(chosen.way.precision, threads=chosen.way.threads)):
        seconds.append(state.seconds - before)
        before = state.seconds
        if epoch.epoch > WARM_UP_EPOCHS and sum(seconds[WARM_UP_EPOCHS:]) > LEAST_S:
            break
    each = sorted(seconds[WARM_UP_EPOCHS:])[len(seconds[WARM_UP_EPOCHS:]) // 2]
    total = each * experiment.training.epochs * about.train_images / count
    tried = chosen.seconds_per_step
    return {"way": str(chosen.way), "epoch_s": each, "minutes": total / 60, "tried_s": tried, "images": count}


def embedding(device: str, points: int, dims: int, iterations: int) -> dict[str, float]:
    """t-SNE of made codes: ten clouds in 32 dimensions."""
    draw = np.random.default_rng(0)
    centres = draw.normal(0, 4, (10, 32))
    codes = centres[draw.integers(0, 10, points)] + draw.normal(size=(points, 32))
    began = time.perf_counter()
    tsne.embed(codes.astype(np.float32), dims, iterations=iterations, device=device)
    return {"points": points, "dims": dims, "iterations": iterations, "seconds": time.perf_counter() - began}
