"""Every preset trains: an epoch of few images of its shape, through the same doors as on the command line."""

import numpy as np
import pytest

from aecore import jobs
from aecore.data.catalogue import CATALOGUE
from aecore.presets import presets

OWN = [name for name, preset in presets().items() if not preset.report]
HEAVY = ("cifar-unet-denoise", "colored-unet", "mnist-denoise-any", "mnist-superres")
"""Seconds for what tests/unit/test_families.py shows of small networks of their kinds."""


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Strokes of ten classes in the shapes that the presets' sets have, as files of one's own."""
    made, draw = {}, np.random.default_rng(0)
    for shape in {CATALOGUE[presets()[name].experiment.data.name].image_shape for name in OWN}:
        labels = np.arange(240) % 10
        x = np.zeros((240, *shape), np.uint8)
        for image, label in zip(x, labels, strict=True):
            at = 2 + 2 * label + draw.integers(0, 3)
            image[:, at : at + 4, 4:-4] = draw.integers(120, 256)
        file = tmp_path_factory.mktemp("images") / f"{'x'.join(map(str, shape))}.npz"
        np.savez(file, x_train=x[:200], y_train=labels[:200], x_test=x[200:], y_test=labels[200:])
        made[shape] = file
    return made


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.proof] * (name in HEAVY)) for name in OWN])
def test_one_epoch(name, images, store):
    experiment = presets()[name].experiment
    shape = CATALOGUE[experiment.data.name].image_shape
    small = experiment.changed(
        {
            "data.name": str(images[shape]),
            "data.redraw": False,
            "training.epochs": 1,
            "training.batch_size": 50,
            "training.kl_warmup": 0,
            "evaluation.wrong_digits": False,
        }
    )
    run = jobs.submit(small, "cpu", store)
    assert jobs.work(run) == "finished"
    (line,) = run.metrics()
    assert np.isfinite(line["train_loss"])
    assert np.isfinite(line["test_loss"])
    assert len(run.evaluation()) == len(experiment.evaluation.corruptions)
