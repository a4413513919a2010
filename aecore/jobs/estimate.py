"""What a training will cost, estimated before it starts, and how much memory the machine has for it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import psutil

from aecore.config.experiment import Experiment
from aecore.data.catalogue import data_set
from aecore.errors import UserError
from aecore.models.cost import PASSES, cost, training_bytes
from aecore.models.layer import Plan

GB = 1 << 30
LIBRARIES = 600 << 20
"""A worker with PyTorch's CUDA build and nothing to train; builds for the CPU alone take less."""
CGROUP = Path("/sys/fs/cgroup")


class Estimate(NamedTuple):
    bytes: int
    """Memory of the worker's process; with a GPU most of it is on that."""
    multiplications: int
    """Of all epochs."""


def estimate(experiment: Experiment, plan: Plan) -> Estimate:
    """The cost of training an experiment whose layers are `plan`."""
    about, costs = data_set(experiment.data.source), cost(plan)
    train = experiment.data.train_images or about.train_images - experiment.data.validation_images
    images = (about.train_images + about.test_images) * math.prod(about.image_shape)
    memory = LIBRARIES + 2 * images + training_bytes(costs, min(experiment.training.batch_size, train))
    return Estimate(memory, PASSES * costs.multiplications * train * experiment.training.epochs)


def free_memory() -> int:
    """Bytes that a new process may take: what the machine has available, or what is left to this container."""
    free = psutil.virtual_memory().available
    limit, used = _number("memory.max"), _number("memory.current")
    if limit is not None and used is not None:
        free = min(free, max(limit - used + (_reclaimable() or 0), 0))
    return free


def all_memory() -> int:
    """Bytes of memory of the machine, or of this container."""
    total, limit = psutil.virtual_memory().total, _number("memory.max")
    return total if limit is None else min(total, limit)


def check_memory(experiment: Experiment, plan: Plan) -> None:
    """Raise `UserError` for a training that the whole machine's memory would not hold."""
    needed, most = estimate(experiment, plan).bytes, all_memory()
    if needed > most:
        raise UserError(
            f"training.batch_size: training would take about {needed / GB:.1f} GB of memory and this machine has "
            f"{most / GB:.1f}; choose a smaller batch or narrower layers"
        )


def _number(name: str) -> int | None:
    """A number of the container's control group; None without one, or without a limit."""
    try:
        return int((CGROUP / name).read_text())
    except (OSError, ValueError):
        return None


def _reclaimable() -> int | None:
    """Bytes of files that the system keeps in the container's memory only for as long as nobody needs it."""
    try:
        lines = (CGROUP / "memory.stat").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), None)
    except (OSError, ValueError, IndexError):
        return None
