"""The tasks of the benchmarks on little."""

from __future__ import annotations

import numpy as np

from aecore import data
from aecore.presets import preset
from benchmarks import loops

NETWORKS = ("mnist-mlp8", "cifar-conv", "colored-conv", "mnist-selu-6-clean")


def small(name: str) -> loops.Task:
    """The network of a preset on images made of real digits, in its shape."""
    changes = {"training.epochs": 9, "training.batch_size": 100, "corruption": "none", "training.schedule": "none"}
    changes |= {"training.log_every": None, "data.validation_images": 0}
    experiment = preset(name).experiment.changed(changes)
    found = data.load("digits-28")
    channels, height, _ = data.data_set(experiment.data.name).image_shape
    side = (height - 28) // 2
    pad = [(0, 0), (0, 0), (side, side), (side, side)]
    train, test = (np.pad(np.repeat(images, channels, axis=1), pad) for images in (found.x_train[:300], found.x_test))
    return loops.Task(name, experiment, train, test[:50])
