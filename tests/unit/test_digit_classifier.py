"""The reader of digits, on the twenty real MNIST test images that the shipped run holds."""

import numpy as np
import torch

from aecore.data import CATALOGUE
from aecore.data.colored_mnist import by_class
from aecore.data.image_set import Arrays
from aecore.models.digit_classifier import SETS, accuracy, reads
from aecore.models.digit_classifier.network import classifier, read_digits
from tests.helpers.training import CPU, mnist_panel


def test_its_own_accuracy_is_stated_for_every_set_it_reads():
    assert set(accuracy()) == set(SETS) <= set(CATALOGUE)
    assert accuracy()["mnist"] >= 0.98
    assert min(accuracy().values()) >= 0.95
    assert reads("mnist")
    assert not reads("digits-28")
    assert not reads("cifar10")


def test_it_reads_real_digits():
    images, labels = mnist_panel()
    read = read_digits(images.float() / 255)
    assert read.dtype == np.uint8
    assert np.mean(read == labels) >= 0.95


def test_it_reads_coloured_and_overshooting_digits_alike():
    images, labels = mnist_panel()
    arrays = Arrays(images.numpy(), labels, images.numpy(), labels)
    coloured = torch.from_numpy(np.array(by_class(arrays).x_test)).float() / 255
    assert coloured.shape == (20, 3, 28, 28)
    assert np.mean(read_digits(coloured) == labels) >= 0.9
    clean = images.float() / 255
    assert np.array_equal(read_digits(clean * 3 - 0.5), read_digits((clean * 3 - 0.5).clamp(0, 1)))


def test_upside_down_it_does_not():
    images, labels = mnist_panel()
    assert np.mean(read_digits(images.flip(2, 3).float() / 255) == labels) < 0.8


def test_loading_it_draws_nothing():
    classifier.cache_clear()
    before = torch.get_rng_state()
    with torch.inference_mode():
        model = classifier(CPU)
    assert torch.equal(before, torch.get_rng_state())
    assert not model.training
    many = torch.rand(2001, 1, 28, 28)
    assert read_digits(many).shape == (2001,)
    assert np.array_equal(read_digits(many)[1990:], read_digits(many[1990:]))
