"""The short version of `python -m benchmarks.training`: the same code on the digits, one counted round."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from aecore import data
from aecore.models.autoencoder import Autoencoder
from aecore.presets import preset
from benchmarks import training


@pytest.fixture
def small(tmp_path):
    images = data.load("digits-28")
    few = replace(images, x_train=images.x_train[:300], y_train=images.y_train[:300])
    training.write_idx(few, tmp_path)
    changes = {"training.epochs": 2, "training.batch_size": 100}
    return preset("mnist-mlp8").experiment.changed(changes), few, tmp_path


def test_both_loops_train_the_same_network_alike(small):
    experiment, images, folder = small
    loops = {
        training.OURS: training.ours(experiment, images),
        "textbook": training.textbook(experiment, images, folder, 0),
    }
    results = training.measure(loops, 1, lambda line: None)
    assert [len(result["seconds"]) for result in results.values()] == [1, 1]
    assert results[training.OURS]["ratio"] == 1
    own, theirs = (result["losses"][-1] for result in results.values())
    assert own == pytest.approx(theirs, rel=0.1)
    assert own < results[training.OURS]["losses"][0]


def test_the_textbook_network_starts_from_the_same_weights():
    ours = Autoencoder(preset("mnist-mlp8").experiment.model, (1, 28, 28), seed=5)
    images = torch.from_numpy(np.array(data.load("digits-28").x_test[:4])).float() / 255
    torch.testing.assert_close(ours(images), training.plain_network(ours)(images), rtol=1e-4, atol=1e-6)
