"""A lower bound for training a network on this machine: its bare matrix products, and its memory traffic.

Every layer has three matrix products per step: forward, the gradient of its input (except for the first layer) and the
gradient of its weights; a convolution is a product with its patches as rows. Each is timed at its own shape and in the
precision of the steps, with the fastest routine that PyTorch has here. The memory traffic is what a step cannot avoid:
every layer reads its input and writes its output, twice that in the backward pass, and the optimizer reads and writes
four arrays.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from aecore.models.layer import Layer
from benchmarks.loops import Task, network

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
REPEATS = 7
MOST_ROWS = 1 << 17
"""Products with more rows are timed with this many and scaled."""


@dataclass(frozen=True)
class Limit:
    """Seconds per epoch, including its test pass (in float32)."""

    products_s: float
    bytes_s: float
    flop: float
    """Floating-point operations per epoch."""


def limit(task: Task, precision: str, device: str = "cpu") -> Limit:
    training = task.experiment.training
    size, count = min(training.batch_size, len(task.train)), len(task.train)
    on, dtype = torch.device(device), DTYPES[precision]
    layers = network(task).plan.layers
    seconds = flop = moved = 0.0
    images, tests = count / size, len(task.test) / size
    before = math.prod(task.image_shape)
    for number, layer in enumerate(layers):
        rows, inner, outer = product(layer, size)
        forward = product_s(rows, inner, outer, dtype, on)
        back = product_s(inner, rows, outer, dtype, on)
        if number:
            back += product_s(rows, outer, inner, dtype, on)
        seconds += images * (forward + back) + tests * product_s(rows, inner, outer, torch.float32, on)
        flop += 2 * rows * inner * outer * (images * (3 if number else 2) + tests)
        after = math.prod(layer.output_shape)
        moved += (before + after) * size * (images * 3 * dtype.itemsize + tests * 4)
        moved += layer.parameters * 4 * 8 * images
        before = after
    return Limit(seconds, moved / bandwidth(on), flop)


def product(layer: Layer, size: int) -> tuple[int, int, int]:
    """Rows, inner length and columns of a layer's forward product for a batch."""
    area = layer.kernel**2
    if layer.kind == "Conv2d":
        _, height, width = layer.output_shape
        return size * height * width, layer.inputs * area, layer.outputs
    if layer.kind == "ConvTranspose2d":
        _, height, width = layer.output_shape
        return size * height * width // layer.stride**2, layer.inputs, layer.outputs * area
    return size, layer.inputs, layer.outputs


@cache
def product_s(rows: int, inner: int, columns: int, dtype: torch.dtype, device: torch.device) -> float:
    """Seconds of (rows, inner) @ (inner, columns), the minimum of a few repetitions of the faster of two routines."""
    share = max(1.0, rows / MOST_ROWS, inner / MOST_ROWS)
    rows, inner = min(rows, MOST_ROWS), min(inner, MOST_ROWS)
    left = torch.rand(rows, inner, device=device).to(dtype)
    right = torch.rand(columns, inner, device=device).to(dtype)
    routines: list[Callable[[], Tensor]] = [lambda: left @ right.T]
    if device.type == "cpu":
        pixels, weights = left.view(1, rows, 1, inner).permute(0, 3, 1, 2), right[:, :, None, None]
        routines.append(lambda: F.conv2d(pixels, weights))
    return share * min(_least(routine, device) for routine in routines)


@cache
def bandwidth(device: torch.device) -> float:
    """Bytes per second of a large copy, reads and writes counted."""
    source = torch.zeros(32 << 20, device=device)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _least(lambda: target.copy_(source), device)


def _least(work: Callable[[], object], device: torch.device) -> float:
    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    found = []
    for _ in range(REPEATS + 2):
        begun = time.perf_counter()
        work()
        wait()
        found.append(time.perf_counter() - begun)
    return min(found[2:])
