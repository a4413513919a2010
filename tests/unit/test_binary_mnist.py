"""Binarised images: each pixel white with the probability of its brightness, the same on every machine."""

import numpy as np
import torch

from aecore.data.binary_mnist import SEED, binarised, drawn_once
from aecore.data.image_set import Arrays
from aecore.training.batches import Batches
from tests.helpers.families import family
from tests.helpers.training import digits, fresh


def test_pixels_are_white_as_often_as_they_are_bright():
    levels = np.array([0, 1, 64, 128, 200, 254, 255], np.uint8)
    grey = np.broadcast_to(levels[:, None], (7, 60_000)).T.reshape(60_000, 1, 1, 7)
    found = binarised(np.ascontiguousarray(grey), np.random.PCG64(1))
    assert set(np.unique(found)) == {0, 255}
    share = (found == 255).mean(axis=0).ravel()
    spread = np.sqrt(levels / 255 * (1 - levels / 255) / 60_000)
    assert (np.abs(share - levels / 255) <= 5 * spread + 2**-16).all()


def test_the_drawing_is_fixed_and_does_not_depend_on_the_pieces():
    grey = np.random.default_rng(0).integers(0, 256, (2500, 1, 4, 4), dtype=np.uint8)
    labels = np.zeros(2500, np.uint8)
    one, again = (drawn_once(Arrays(grey[:2000], labels[:2000], grey[2000:], labels[2000:])) for _ in range(2))
    assert np.array_equal(one.x_train, again.x_train)
    assert np.array_equal(one.x_test, again.x_test)
    stream = np.random.PCG64(SEED)
    words = stream.random_raw(1000 * 16 // 4).view("<u2").reshape(1000, 1, 4, 4)
    assert np.array_equal(one.x_train[:1000] == 255, words < np.round(grey[:1000] / 255 * 2**16))
    assert int(np.abs(one.x_train.astype(int).mean() - grey.mean())) <= 2


def test_a_training_draws_anew_for_every_batch():
    images = digits(200, 20)
    experiment = family("bernoulli").changed({"data.redraw": True})
    batches = Batches(images.train, experiment, fresh(experiment, images), torch.float32)
    chosen = torch.arange(64)
    first, second = (batches.take(chosen)[1].clone() for _ in range(2))
    assert set(first.unique().tolist()) == {0.0, 1.0}
    assert not torch.equal(first, second)
    mean = torch.stack([batches.take(chosen)[1].clone() for _ in range(300)]).mean(0)
    assert float((mean - images.train[:64].float() / 255).abs().max()) < 0.15
    noisy, clean, *_ = batches.take(chosen)
    assert torch.equal(noisy, clean)
