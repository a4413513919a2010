"""What a training will cost, estimated before it starts."""

from __future__ import annotations

import math
from typing import NamedTuple

from aecore.config.experiment import Experiment
from aecore.data.catalogue import data_set
from aecore.errors import UserError
from aecore.memory import all_memory, most_in_memory
from aecore.models.cost import PASSES, cost, training_bytes
from aecore.models.layer import Plan

GB = 1 << 30
LIBRARIES = 600 << 20
"""A worker with PyTorch's CUDA build and nothing to train; builds for the CPU alone take less."""


class Estimate(NamedTuple):
    bytes: int
    """Memory of the worker's process; with a GPU most of it is on that."""
    multiplications: int
    """Of all epochs."""


def estimate(experiment: Experiment, plan: Plan) -> Estimate:
    """The cost of training an experiment whose layers are `plan`."""
    about, costs = data_set(experiment.data.source), cost(plan)
    train = experiment.data.train_images or about.train_images - experiment.data.validation_images
    each = math.prod(about.image_shape)
    kept = 2 * about.test_images * each + 2 * most_in_memory(about.train_images * each)
    memory = LIBRARIES + kept + training_bytes(costs, min(experiment.training.batch_size, train))
    return Estimate(memory, PASSES * costs.multiplications * train * experiment.training.epochs)


def check_memory(experiment: Experiment, plan: Plan) -> None:
    """Raise `UserError` for a training that the whole machine's memory would not hold."""
    needed, most = estimate(experiment, plan).bytes, all_memory()
    if needed > most:
        raise UserError(
            f"training.batch_size: training would take about {needed / GB:.1f} GB of memory and this machine has "
            f"{most / GB:.1f}; choose a smaller batch or narrower layers"
        )
