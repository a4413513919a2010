"""What `benchmarks.gpu` checks: that a GPU computes what the CPU does, and that its own ways change nothing."""

from __future__ import annotations

import contextlib
import itertools
import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR

from aecore.config.experiment import Experiment
from aecore.data import data_set
from aecore.jobs.failures import describe_failure
from aecore.presets import presets
from aecore.training import step as step_module
from aecore.training.checkpoint import State, new_state, restore, state_bytes
from aecore.training.loop import Images, epochs
from aecore.training.step import Step

STEPS, WINDOW = 200, 20
"""Steps of a comparison, and how many a mean is taken over."""
TOLERANCE = {"same numbers": 0.03, "own chance": 0.06}
"""Largest relative difference of the mean losses of a window (of the second half, where each device draws its own
noise): float32 rounds differently on each, and convolutions on a GPU multiply with ten bits (TF32)."""
GRAPH_TOLERANCE = 0.01


def made(experiment: Experiment, train: int, test: int = 100) -> Images:
    """Smooth random images in the shape of the experiment's, on the CPU: a comparison needs no download."""
    channels, height, width = data_set(experiment.data.source).image_shape
    draw = np.random.default_rng(0)

    def some(count: int) -> torch.Tensor:
        found = torch.empty(count, channels, height, width, dtype=torch.uint8)
        for begin in range(0, count, 4096):
            part = found[begin : begin + 4096]
            coarse = torch.from_numpy(draw.random((len(part), channels, 5, 5), dtype=np.float32))
            part.copy_((255 * F.interpolate(coarse, (height, width), mode="bilinear")).to(torch.uint8))
        return found

    labels = [draw.integers(0, 10, count).astype(np.uint8) for count in (train, test)]
    return Images(some(train), some(test), labels[1], train_labels=labels[0])


def on(images: Images, device: str) -> Images:
    assert isinstance(images.train, torch.Tensor)
    return Images(images.train.to(device), images.test.to(device), images.test_labels, train_labels=images.train_labels)


def begun(experiment: Experiment, images: Images) -> State:
    return new_state(experiment, images.shape, len(images.train), images.train.device)


def wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def first_steps(
    experiment: Experiment, device: str, precision: str = "float32", steps: int = STEPS
) -> tuple[list[float], float]:
    """The mean loss of every 20 steps on made images, in an order that is the same on every device, and the seconds
    per step of the second half."""
    size = experiment.training.batch_size
    images = on(made(experiment, max(min(20 * size, 8192), size)), device)
    # The schedule is that of the whole training, of which these are the first steps.
    whole = data_set(experiment.data.source).train_images
    state = new_state(experiment, images.shape, whole, images.train.device)
    classes = None
    if state.model.conditional and images.train_labels is not None:
        classes = torch.from_numpy(images.train_labels.astype(np.int64)).to(device)
    step = Step(experiment, state, images.train, precision, classes=classes)
    step.network.train()
    shuffle = torch.Generator().manual_seed(1)
    found: list[float] = []
    since = 0.0
    for number in range(1, steps + 1):
        chosen = torch.randperm(len(images.train), generator=shuffle)[:size]
        step(chosen.to(device))
        if isinstance(state.scheduler, OneCycleLR):
            state.scheduler.step()
        if number % WINDOW == 0:
            found.append(float(step.sums[0]) / WINDOW)
            step.sums.zero_()
        if number == steps // 2:
            wait(device)
            since = time.perf_counter()
    wait(device)
    return found, (time.perf_counter() - since) / (steps - steps // 2)


def draws(experiment: Experiment) -> bool:
    """Whether a step draws random numbers of its own."""
    model = experiment.model
    chance = experiment.corruption.active or experiment.data.redraw or model.classes > 0 or model.dropout > 0
    return chance or model.bottleneck.kind == "gaussian" or experiment.training.contractive > 0


def difference(ours: list[float], theirs: list[float], chance: bool) -> float:
    """Largest relative difference between two courses of mean losses."""
    pairs = list(zip(ours, theirs, strict=True))
    if chance:
        half = pairs[len(pairs) // 2 :]
        pairs = [(math.fsum(one for one, _ in half), math.fsum(two for _, two in half))]
    return max(abs(one - two) / abs(two) for one, two in pairs)


def compare(name: str, device: str, expected: list[float]) -> dict[str, Any]:
    """A preset's first steps on the device beside the CPU's, and with graphs beside without."""
    experiment = presets()[name].experiment
    chance = draws(experiment)
    found, seconds = first_steps(experiment, device)
    result: dict[str, Any] = {
        "chance": chance,
        "difference": difference(found, expected, chance),
        "tolerance": TOLERANCE["own chance" if chance else "same numbers"],
        "ms_per_step": 1000 * seconds,
    }
    result["passed"] = result["difference"] <= result["tolerance"]
    if step_module.recordable(torch.device(device)):
        with without_graphs():
            plain, seconds = first_steps(experiment, device)
        result |= {"graph_difference": difference(found, plain, False), "plain_ms_per_step": 1000 * seconds}
        result["graphs_passed"] = result["graph_difference"] <= GRAPH_TOLERANCE
    short, seconds = first_steps(experiment, device, "bfloat16")
    result |= {"bfloat16_difference": difference(short, found, True), "bfloat16_ms_per_step": 1000 * seconds}
    return result


@contextlib.contextmanager
def without_graphs() -> Iterator[None]:
    """Inside the block steps are taken one by one."""
    with mock.patch.object(step_module, "recordable", return_value=False):
        yield


def resumed(device: str) -> dict[str, Any]:
    """Three epochs against two, a file and one more: the largest relative difference of the losses, 0 if none."""
    worst = {}
    for name in ("mnist-mlp8", "colored-dropout", "colored-vae"):
        experiment = presets()[name].experiment.changed({"training.epochs": 3, "training.batch_size": 64})
        images = on(made(experiment, 640), device)
        whole, first, second = (begun(experiment, images) for _ in range(3))
        course = [epoch.train_loss for epoch in epochs(experiment, whole, images)]
        parts = [epoch.train_loss for epoch in itertools.islice(epochs(experiment, first, images), 2)]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "resume.safetensors")
            path.write_bytes(state_bytes(first))
            restore(second, path)
        parts += [epoch.train_loss for epoch in epochs(experiment, second, images)]
        worst[name] = max(abs(one - two) / abs(two) for one, two in zip(parts, course, strict=True))
    return {"differences": worst, "passed": max(worst.values()) <= 1e-3}


def too_large(device: str) -> dict[str, Any]:
    """What a run says whose step does not fit, and whether the device works afterwards."""
    experiment = presets()["mnist-mlp8"].experiment.changed({"training.epochs": 1, "training.batch_size": 8192})
    images = on(made(experiment, 8192), device)
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved(device) + (16 << 20)) / total)
    line = "nothing: it fitted"
    try:
        list(epochs(experiment, begun(experiment, images), images))
    except Exception as error:
        line = describe_failure(error, "training")
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()
    after = list(epochs(experiment, begun(experiment, images), images))
    return {"line": line, "passed": line.startswith("out of memory: choose") and after[-1].finite}


def unrecordable(device: str) -> dict[str, Any]:
    """The losses of a run whose steps cannot be recorded, as they read from the device, beside those of plain steps."""
    name = "colored-dropout"
    experiment = presets()[name].experiment
    with without_graphs():
        plain, _ = first_steps(experiment, device, steps=40)
    taken = Step._differentiate

    def waits(self: Step, chosen: torch.Tensor) -> None:
        taken(self, chosen)
        self.sums[0].item()

    with mock.patch.object(Step, "_differentiate", waits):
        found, _ = first_steps(experiment, device, steps=40)
    worst = difference(found, plain, False)
    return {"difference": worst, "passed": worst <= GRAPH_TOLERANCE}
