"""The classical denoisers: each helps at the strength that is best for the images at hand."""

from dataclasses import replace

import numpy as np
import pytest

from aecore import data
from aecore.data.validation import validation_pairs
from aecore.metrics import classical
from aecore.metrics import image as image_metrics
from aecore.metrics.classical import METHODS, choose_strength, denoise, measure
from tests.helpers.training import CONV

FEW = (0.02, 0.07, 0.15, 0.3)


@pytest.fixture(autouse=True)
def few_strengths(monkeypatch):
    for name, method in METHODS.items():
        monkeypatch.setitem(METHODS, name, replace(method, strengths=FEW))


def pictures(channels, count=4, side=32):
    """Smooth colours with one sharp disc each, float32 (count, channels, side, side) in [0, 1], and a noisy copy."""
    y, x = np.mgrid[:side, :side] / side
    draw = np.random.default_rng(0)
    clean = np.empty((count, channels, side, side), np.float32)
    for image in clean:
        for channel in image:
            channel[:] = 0.5 + 0.4 * np.sin(3 * x + draw.uniform(0, 6)) * np.cos(2 * y + draw.uniform(0, 6))
        image[:, (x - draw.uniform(0.3, 0.7)) ** 2 + (y - 0.5) ** 2 < 0.04] = draw.uniform(0, 1, (channels, 1))
    return clean, (clean + 0.1 * draw.standard_normal(clean.shape)).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
@pytest.mark.parametrize("name", METHODS)
def test_each_method_improves_a_noisy_image_at_the_best_of_its_strengths(name, channels):
    clean, noisy = pictures(channels)
    errors = {s: float(np.mean((denoise(noisy, name, s) - clean) ** 2)) for s in FEW}
    chosen = choose_strength(clean, noisy, name)
    assert errors[chosen] == min(errors.values())
    output = denoise(noisy, name, chosen)
    assert output.shape == noisy.shape
    assert output.dtype == np.float32
    assert 0 <= output.min() <= output.max() <= 1
    before, after = (image_metrics.average(image_metrics.per_image(clean, images)) for images in (noisy, output))
    assert after["psnr_db"] > before["psnr_db"] + 2  # type: ignore[operator]
    assert after["ssim"] > before["ssim"]  # type: ignore[operator]


@pytest.mark.parametrize("name", METHODS)
def test_images_far_out_of_range_and_constant_ones_stay_finite(name):
    for images in (np.full((2, 1, 16, 16), 0.5), 5 * np.random.default_rng(0).standard_normal((2, 3, 16, 16))):
        output = denoise(images, name, 0.1)
        assert np.isfinite(output).all()
        assert 0 <= output.min() <= output.max() <= 1


def test_measuring_gives_every_method_its_strength_and_its_scores(monkeypatch):
    monkeypatch.setattr(classical, "THREADS", 1)
    clean, noisy = pictures(1)
    told = []
    result = measure(
        clean, noisy, (clean, noisy), lambda name, done, total: told.append((done, total)), lambda images: 0.25
    )
    assert list(result) == list(METHODS) == ["tv", "nlm", "wavelet"]
    for name, found in result.items():
        assert found["strength"] == choose_strength(clean, noisy, name)
        assert set(found["metrics"]) == {"mse", "psnr_db", "ssim", "snr_db", "wrong_digit_rate"}
        output = denoise(noisy, name, found["strength"])
        assert found["metrics"]["mse"] == pytest.approx(float(np.mean((output - clean) ** 2)), rel=1e-5)
    assert told == [(4, 4)] * 3
    assert "wrong_digit_rate" not in measure(clean, noisy, (clean, noisy))["tv"]["metrics"]


@pytest.mark.parametrize("held", [0, 50])
def test_strengths_are_chosen_on_images_that_are_not_tested_on(held):
    images = data.load("digits-28")
    experiment = CONV.changed({"data.validation_images": held, "model.range": "symmetric"})
    clean, noisy = validation_pairs(images, experiment, experiment.corruption, count=20)
    assert clean.shape == noisy.shape == (20, 1, 28, 28)
    assert 0 <= clean.min() <= clean.max() == 1
    assert np.std(noisy - clean) == pytest.approx(0.1, rel=0.05), "σ 0.2 on [-1, 1] is σ 0.1 on [0, 1]"
    pool = images.x_train[-held:] / 255
    assert all(np.any(np.all(np.isclose(pool, image, atol=1e-6), axis=(1, 2, 3))) for image in clean)
