"""Methods without a network and without a strength: each for its task, held against what is known of it."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2ycbcr

from aecore.config.corruption import Corruption
from aecore.metrics import classical
from aecore.metrics.baselines import DENOISERS, TITLES, input_name, methods_for
from aecore.metrics.fill_in import colourise, inpaint


def smooth(count=3, channels=3, side=16):
    y, x = np.mgrid[:side, :side] / side
    draw = np.random.default_rng(1)
    waves = [0.5 + 0.3 * np.sin(2 * x + draw.uniform(0, 6)) * np.cos(2 * y) for _ in range(count * channels)]
    return np.array(waves, np.float32).reshape(count, channels, side, side)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_hole_in_a_smooth_image_is_filled_and_nothing_else_is_touched(channels):
    clean = smooth(channels=channels)
    lost = np.zeros((3, 1, 16, 16), bool)
    lost[:, :, 5:10, 4:9] = True
    black = np.where(lost, 0, clean)
    filled = inpaint(black, lost)
    assert filled.dtype == np.float32
    np.testing.assert_array_equal(np.where(lost, 0, filled), black)
    error, before = ((filled - clean) ** 2).sum(), ((black - clean) ** 2).sum()
    assert error < before / 500


def test_an_image_that_lost_all_or_nothing_is_kept():
    clean = smooth(2, 1)
    lost = np.stack([np.ones((1, 16, 16), bool), np.zeros((1, 16, 16), bool)])
    np.testing.assert_array_equal(inpaint(clean, lost), clean)


def test_a_training_image_gets_its_own_colours_back_and_the_luma_is_never_touched():
    train = np.random.default_rng(0).integers(0, 256, (50, 3, 8, 8), np.uint8)
    chosen = train[[7, 0, 33]]
    luma = (rgb2ycbcr(chosen.transpose(0, 2, 3, 1))[..., 0] - 16) / 219
    grey = np.repeat(luma[:, None], 3, 1).astype(np.float32)
    np.testing.assert_allclose(colourise(grey, train), chosen / 255, atol=2e-5)
    # One that is none of them: the nearest by a plain loop.
    other = np.random.default_rng(9).random((1, 1, 8, 8)).astype(np.float32).repeat(3, 1) * 0.2 + 0.4
    known = (rgb2ycbcr(train.transpose(0, 2, 3, 1))[..., 0] - 16) / 219
    nearest = min(range(50), key=lambda i: ((known[i] - other[0, 0]) ** 2).sum())
    expected = np.clip(other[0] + train[nearest] / 255 - known[nearest], 0, 1)
    np.testing.assert_allclose(colourise(other, train)[0], expected, atol=2e-5)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("none", []),
        ("gaussian:0.2", list(DENOISERS)),
        ("gaussian:0", []),
        ("jpeg:10", list(DENOISERS)),
        ("downscale:4", []),
        ("blur:2", []),
        ("square:8", ["biharmonic"]),
        ("masking:0.5", [*DENOISERS, "biharmonic"]),
        ("grey", ["colour"]),
        ("grey+gaussian:0.1+rows:3", [*DENOISERS, "biharmonic", "colour"]),
    ],
)
def test_each_method_is_for_its_task(text, names):
    assert methods_for(Corruption.parse(text), 3) == names
    assert methods_for(Corruption.parse(text), 1) == [name for name in names if name != "colour"]


def test_bicubic_is_the_input_itself_where_resolution_alone_is_lost():
    assert input_name(Corruption.parse("downscale:4")) == "corrupted input (bicubic)"
    assert input_name(Corruption.parse("downscale:4+gaussian:0.1")) == "noisy input"
    assert input_name(Corruption()) == "noisy input"
    assert input_name(Corruption.parse("square:3+once")) == "corrupted input"


def test_what_was_measured_says_on_how_many_images_and_what_it_did_in_the_hole(monkeypatch):
    monkeypatch.setattr(classical, "SLOW", 2)
    clean = smooth(5)
    lost = np.zeros((5, 1, 16, 16), bool)
    lost[:, :, 5:10, 4:9] = True
    black = np.where(lost, 0, clean).astype(np.float32)
    train = (clean * 255).astype(np.uint8)
    found = classical.measure(clean, black, (clean, black), names=["biharmonic", "colour"], lost=lost, train=train)
    assert {name: entry["images"] for name, entry in found.items()} == {"biharmonic": 2, "colour": 2}
    assert "strength" not in found["biharmonic"]
    outputs = inpaint(black[[0, 4]], lost[[0, 4]])
    inside = [np.mean((outputs[i] - clean[j])[:, 5:10, 4:9] ** 2) for i, j in ((0, 0), (1, 4))]
    assert found["biharmonic"]["inside_hole"]["mse"] == pytest.approx(np.mean(inside), rel=1e-5)
    assert set(found) < set(TITLES)
