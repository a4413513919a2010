import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from aecore import metrics
from aecore.corruption import corrupt
from aecore.experiment import Corruption
from aecore.latent import CodeRange


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_gaussian_noise_has_the_asked_deviation_and_clamping_keeps_the_range():
    images = torch.full((64, 1, 28, 28), 0.5)
    noisy = corrupt(images, Corruption(kind="gaussian", level=0.2), generator())
    assert (noisy - images).std().item() == pytest.approx(0.2, rel=0.02)
    strong = Corruption(kind="gaussian", level=1)
    assert corrupt(images, strong, generator()).min() < 0
    clamped = corrupt(images, strong.model_copy(update={"clamp": True}), generator())
    assert clamped.min() == 0
    assert clamped.max() == 1


@pytest.mark.parametrize("kind", ["masking", "salt-pepper"])
def test_the_asked_share_of_pixels_is_hit_in_all_channels(kind):
    images = torch.full((64, 3, 28, 28), 0.5)
    noisy = corrupt(images, Corruption(kind=kind, level=0.3), generator())
    hit = noisy != 0.5
    assert hit.float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert torch.equal(hit[:, 0], hit[:, 1])
    whites = (noisy[:, 0] == 1).float().mean().item()
    assert whites == pytest.approx(0.15 if kind == "salt-pepper" else 0, abs=0.01)


@given(
    st.sampled_from(["gaussian:0.3", "gaussian:0.3:clamp", "masking:0.5", "salt-pepper:0.5", "none"]),
    st.integers(0, 99),
)
def test_one_seed_one_corruption_and_the_clean_images_are_untouched(text, seed):
    images = torch.rand((2, 1, 9, 9), generator=generator(1))
    before = images.clone()
    first = corrupt(images, Corruption.parse(text), generator(seed))
    assert torch.equal(first, corrupt(images, Corruption.parse(text), generator(seed)))
    assert torch.equal(images, before)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([1, 3]), st.integers(7, 32))
def test_metrics_are_those_of_scikit_image(seed, channels, size):
    random = np.random.default_rng(seed)
    clean = random.random((3, channels, size, size), dtype=np.float32)
    other = (clean + random.normal(0, 0.1, clean.shape)).astype(np.float32)
    ours = metrics.per_image(clean, other)
    for i, (a, b) in enumerate(zip(clean, other, strict=True)):
        assert ours["mse"][i] == pytest.approx(np.mean((a.astype(float) - b) ** 2), abs=1e-9)
        assert ours["psnr_db"][i] == pytest.approx(peak_signal_noise_ratio(a, b, data_range=1), abs=1e-5)
        ssim = structural_similarity(a, b, data_range=1, channel_axis=0)
        assert ours["ssim"][i] == pytest.approx(ssim, abs=1e-6)
        power = np.mean(a.astype(float) ** 2)
        assert ours["snr_db"][i] == pytest.approx(10 * math.log10(power / ours["mse"][i]), abs=1e-6)


def test_equal_images_score_perfectly_and_infinity_becomes_none():
    clean = np.random.default_rng(0).random((2, 1, 8, 8), dtype=np.float32)
    assert metrics.average(metrics.per_image(clean, clean)) == {
        "mse": 0.0,
        "psnr_db": None,
        "ssim": 1.0,
        "snr_db": None,
    }


def test_a_black_clean_image_has_no_signal_and_is_left_out_of_the_snr():
    clean = np.zeros((2, 1, 8, 8), np.float32)
    clean[1] = 0.5
    values = metrics.per_image(clean, clean + 0.05)
    assert math.isnan(values["snr_db"][0])
    assert metrics.average(values)["snr_db"] == pytest.approx(20, abs=1e-4)


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        metrics.per_image(np.zeros((1, 1, 8, 8)), np.zeros((1, 1, 8, 9)))


def test_dead_units_are_the_constant_ones_over_all_batches():
    codes = CodeRange()
    with pytest.raises(ValueError, match="no codes"):
        codes.dead_units()
    codes.add(torch.tensor([[0.0, 1.0, 2.0], [0.0, 1.0, 5.0]]))
    assert codes.dead_units() == 2
    codes.add(torch.tensor([[0.0, 3.0, 2.0]]))
    assert codes.dead_units() == 1
