"""Measures of real digits against known values; skipped where MNIST is not on this machine."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from aecore import data
from aecore.data.colored_mnist import PALETTE, tint
from aecore.inference import load_model
from aecore.metrics import anomaly, frechet, pca
from aecore.models.image_features import extractor
from aecore.runs.measures import read_measures
from aecore.runs.run import Run
from tests.helpers.paths import ROOT

GALLERY = ROOT / "checkpoints" / "gallery"
SOME = 2000


@pytest.fixture(scope="module")
def mnist():
    with pytest.MonkeyPatch.context() as patch:
        if before := os.environ.get("AECORE_USER_DATA"):
            patch.setenv("AECORE_DATA", before)
        else:
            patch.delenv("AECORE_DATA")
        if not data.prepared("mnist") and os.environ.get("AECORE_TEST_DOWNLOAD") != "1":
            pytest.skip("mnist is not on this machine; AECORE_TEST_DOWNLOAD=1 fetches it")
        yield data.load("mnist")


def test_pca_of_mnist_has_its_known_errors(mnist):
    """Fitted to the training images, measured on the test images."""
    errors = pca.fit(mnist.x_train).errors(mnist.x_test)
    known = {2: 0.0557, 8: 0.0374, 16: 0.0269, 32: 0.0168, 64: 0.0091}
    assert {k: errors[k] for k in known} == pytest.approx(known, abs=1e-4)


def test_a_digit_left_out_may_look_more_normal_than_the_rest(mnist):
    """PCA-32 without ones: the error finds them worse than guessing would."""
    linear = pca.fit(mnist.x_train[mnist.y_train != 1])
    found = anomaly.area_under_roc(linear.errors_by_image(mnist.x_test, 32), mnist.y_test == 1)
    assert found.value == pytest.approx(0.313, abs=0.005)
    assert found.high < 0.5


def test_the_frechet_distance_rises_with_noise_and_ranks_samples(mnist):
    features = extractor("mnist")
    assert features is not None

    def moments(images: np.ndarray) -> frechet.Moments:
        return frechet.moments(features.features(torch.from_numpy(images.astype(np.float32))).values)

    # Evenly spread: the first half of the test images is easier than the second.
    test, rng = np.asarray(mnist.x_test[::5], np.float32) / 255, np.random.default_rng(0)
    real = moments(test)
    train = frechet.distance(real, moments(np.asarray(mnist.x_train[::30], np.float32) / 255))
    noisy = [
        frechet.distance(real, moments(np.clip(test + sigma * rng.standard_normal(test.shape), 0, 1)))
        for sigma in (0.1, 0.2, 0.4, 0.6, 0.8)
    ]
    assert noisy == sorted(noisy)
    assert train < 0.02 * noisy[-1]
    assert train < noisy[0]
    linear, size = pca.fit(mnist.x_train[:20_000]), 8
    spread = linear.codes(mnist.x_train[:20_000], size).std(axis=0)
    drawn = linear.decoded(rng.standard_normal((SOME, size)) * spread).clip(0, 1).reshape(test.shape)
    noise = frechet.distance(real, moments(rng.random(test.shape)))
    assert noise > frechet.distance(real, moments(drawn)) > train


@pytest.mark.proof  # in short: tests/unit/test_measures.py, on digits
def test_samples_of_the_shipped_vae_rank_above_pca_and_noise(mnist):
    """Of coloured digits; the classifier reads digits of any hue."""
    model, features = load_model(Run(GALLERY / "colored-vae")), extractor("colored-mnist")
    assert features is not None
    codes = torch.from_numpy(np.random.default_rng(0).standard_normal((SOME, model.plan.code_size)).astype(np.float32))
    with torch.inference_mode():
        images = model.to_unit(model.decode(codes)).clamp(0, 1)
    coloured = tint(np.asarray(mnist.x_test[::5]), PALETTE[mnist.y_test[::5]])
    real = frechet.moments(features.features(torch.from_numpy(coloured.astype(np.float32) / 255)).values)
    found = frechet.distance(real, frechet.moments(features.features(images).values))
    kept = read_measures(Run(GALLERY / "colored-vae"))
    assert kept is not None
    table = kept.measures["samples_prior"]
    assert table["noise"] > table["pca"] > table["value"] > table["real"]
    assert found == pytest.approx(table["value"], rel=0.2)  # of fewer images


def test_six_of_the_shipped_vaes_twenty_units_are_active():
    found = read_measures(Run(GALLERY / "colored-vae"))
    assert found is not None
    assert (found.value("active_units"), found.value("active_units", "of")) == (6, 20)
    variance = np.array(found.measures["active_units"]["variance"])
    assert (variance[variance > 0.01] > 0.5).all()
    assert (variance[variance <= 0.01] < 0.002).all()
