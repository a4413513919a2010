"""The metrics are those of scikit-image."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from aecore.metrics import image as image_metrics


@settings(max_examples=20)
@given(st.integers(0, 1000), st.sampled_from([1, 3]), st.integers(7, 32))
def test_metrics_are_those_of_scikit_image(seed, channels, size):
    random = np.random.default_rng(seed)
    clean = random.random((3, channels, size, size), dtype=np.float32)
    other = (clean + random.normal(0, 0.1, clean.shape)).astype(np.float32)
    ours = image_metrics.per_image(clean, other)
    for i, (a, b) in enumerate(zip(clean, other, strict=True)):
        assert ours["mse"][i] == pytest.approx(np.mean((a.astype(float) - b) ** 2), abs=1e-9)
        assert ours["psnr_db"][i] == pytest.approx(peak_signal_noise_ratio(a, b, data_range=1), abs=1e-5)
        ssim = structural_similarity(a, b, data_range=1, channel_axis=0)
        assert ours["ssim"][i] == pytest.approx(ssim, abs=1e-6)
        power = np.mean(a.astype(float) ** 2)
        assert ours["snr_db"][i] == pytest.approx(10 * math.log10(power / ours["mse"][i]), abs=1e-6)


def test_equal_images_score_perfectly_and_infinity_becomes_none():
    clean = np.random.default_rng(0).random((2, 1, 8, 8), dtype=np.float32)
    assert image_metrics.average(image_metrics.per_image(clean, clean)) == {
        "mse": 0.0,
        "psnr_db": None,
        "ssim": 1.0,
        "snr_db": None,
    }


def test_a_black_clean_image_has_no_signal_and_is_left_out_of_the_snr():
    clean = np.zeros((2, 1, 8, 8), np.float32)
    clean[1] = 0.5
    values = image_metrics.per_image(clean, clean + 0.05)
    assert math.isnan(values["snr_db"][0])
    assert image_metrics.average(values)["snr_db"] == pytest.approx(20, abs=1e-4)


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        image_metrics.per_image(np.zeros((1, 1, 8, 8)), np.zeros((1, 1, 8, 9)))


@settings(max_examples=15)
@given(st.integers(0, 1000), st.floats(0.05, 0.3))
def test_colour_images_of_cifars_size_score_as_report_001_scored_them(seed, noise):
    """That is on 8-bit images with a data range of 255; rounding to 8 bits is all that lies between."""
    random = np.random.default_rng(seed)
    clean = random.integers(0, 256, (2, 3, 32, 32)).astype(np.float32) / 255
    other = np.clip(clean + random.normal(0, noise, clean.shape), 0, 1).astype(np.float32)
    ours = image_metrics.per_image(clean, other)
    rounded = image_metrics.per_image(clean, (np.round(other * 255) / 255).astype(np.float32))
    for i in range(len(clean)):
        a, b = (np.round(image[i] * 255).astype(np.uint8).transpose(1, 2, 0) for image in (clean, other))
        psnr = peak_signal_noise_ratio(a, b, data_range=255)
        ssim = structural_similarity(a, b, data_range=255, channel_axis=2)
        assert ours["psnr_db"][i] == pytest.approx(psnr, abs=0.02)
        assert ours["ssim"][i] == pytest.approx(ssim, abs=1e-3)
        assert rounded["psnr_db"][i] == pytest.approx(psnr, abs=1e-4)
        assert rounded["ssim"][i] == pytest.approx(ssim, abs=1e-5)


def test_images_smaller_than_the_window_are_refused():
    with pytest.raises(ValueError, match="7×7 pixels or more, not 6×6"):
        image_metrics.per_image(np.zeros((1, 1, 6, 6), np.float32), np.zeros((1, 1, 6, 6), np.float32))
