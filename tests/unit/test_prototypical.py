"""The prototypical loss, which draws codes of one class together: closed forms, a plain reference and its effect."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestCentroid

from aecore.config.sections import Training
from aecore.errors import UserError
from aecore.models.autoencoder import Autoencoder
from aecore.training.loop import Images, epochs
from aecore.training.loss import Classes, loss_of, prototypical
from tests.helpers.families import family
from tests.helpers.training import fresh


def codes_of(count: int, size: int = 3) -> torch.Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(2))


def labels(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4, count)


@pytest.mark.parametrize("distance", [0.0, 1.5, 3.0])
def test_two_classes_at_a_distance(distance):
    """Each code lies at its own class's mean, so that its class has the probability 1 / (1 + exp(−d²))."""
    codes = torch.tensor([[0.0, 0.0], [distance, 0.0], [0.0, 0.0], [distance, 0.0]])
    found = prototypical(codes, Classes(torch.tensor([0, 1, 0, 1]), 2))
    assert float(found) == pytest.approx(math.log1p(math.exp(-(distance**2))), rel=1e-3)


def test_as_a_plain_loop_computes_it():
    codes, classes = codes_of(40).numpy().astype(np.float64), labels(40)
    means = {number: codes[classes == number].mean(0) for number in set(classes)}
    expected = 0.0
    for code, number in zip(codes, classes, strict=True):
        weights = {other: math.exp(-((code - mean) ** 2).sum()) for other, mean in means.items()}
        expected -= math.log(weights[number] / sum(weights.values())) / 40
    assert float(prototypical(torch.from_numpy(codes), Classes(torch.from_numpy(classes), 4))) == pytest.approx(
        expected, rel=1e-5
    )


def test_classes_that_a_batch_lacks_change_nothing():
    codes = codes_of(12).requires_grad_()
    classes = torch.from_numpy(labels(12))
    found = prototypical(codes, Classes(classes, 4))
    more = prototypical(codes, Classes(classes, 9))
    assert float(found.detach()) == pytest.approx(float(more.detach()), rel=1e-6)
    (gradient,) = torch.autograd.grad(more, codes)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_its_weight_in_the_loss(reduction):
    experiment = family("prototypical")
    model = fresh(experiment, images_of(6)).model
    clean, classes = torch.rand(6, 1, 28, 28), Classes(torch.tensor([0, 1, 1, 2, 0, 2]), 3)
    plain = loss_of(model, clean, clean, Training(reduction=reduction))
    found = loss_of(model, clean, clean, Training(reduction=reduction, prototypical=0.5), classes=classes)
    expected = 0.5 * prototypical(model.encode(clean), classes) * (6 if reduction == "sum" else 1)
    torch.testing.assert_close(found.total, plain.total + expected)
    torch.testing.assert_close(found.reported(1.0), plain.total)


def test_codes_of_one_class_come_to_lie_together():
    """Judged by scikit-learn's nearest centroids on test images: better than the same training without the loss."""
    images = blobs()
    train = images.train
    assert isinstance(train, torch.Tensor)
    shares = {}
    for weight in (0.0, 0.1):
        experiment = family("prototypical", training__epochs=6, training__prototypical=weight, training__lr=3e-3)
        state = fresh(experiment, images)
        lines = list(epochs(experiment, state, images))
        assert ("train_penalty" in lines[-1].parts) == (weight > 0)
        model = state.measured
        assert isinstance(model, Autoencoder)
        with torch.no_grad():
            codes, test = (model.encode(model.from_bytes(part)).numpy() for part in (train, images.test))
        shares[weight] = NearestCentroid().fit(codes, images.train_labels).score(test, images.test_labels)
    assert shares[0.1] > shares[0.0] + 0.1


def test_images_of_one_class_have_nothing_to_tell_apart():
    images = images_of(8, one_class=True)
    experiment = family("prototypical")
    with pytest.raises(UserError, match="all images are of one class"):
        list(epochs(experiment, fresh(experiment, images), images))


@pytest.mark.parametrize("name", ["unet", "dncnn"])
def test_a_network_without_a_code_is_refused(name):
    with pytest.raises(UserError, match=r"training\.prototypical: this network has no code"):
        family(name, training__prototypical=0.1)


def images_of(count: int, one_class: bool = False) -> Images:
    random = np.random.default_rng(1)
    pixels = torch.from_numpy(random.integers(0, 256, (count, 1, 28, 28), dtype=np.uint8))
    classes = np.zeros(count, np.uint8) if one_class else (np.arange(count) % 3).astype(np.uint8)
    return Images(pixels, pixels, classes, train_labels=classes)


def blobs() -> Images:
    """Noise whose first two rows are brighter in one of two classes."""
    random = np.random.default_rng(3)
    classes = (np.arange(600) % 2).astype(np.uint8)
    pixels = random.integers(0, 256, (600, 1, 28, 28)).astype(np.int64)
    pixels[:, :, :2] = np.where(classes[:, None, None, None] == 1, 150, 105) + random.integers(-60, 60, (600, 1, 2, 28))
    whole = torch.from_numpy(pixels.astype(np.uint8))
    return Images(whole[:400], whole[400:], classes[400:], train_labels=classes[:400])
