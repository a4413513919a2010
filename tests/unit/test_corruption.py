"""What is done to images: the right amount, at the right places, in the model's own range, from one seed."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment
from aecore.data.corruption import corrupt
from aecore.errors import UserError
from tests.helpers.training import CONV, digits, fresh, train


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def laid_out(images, last):
    """The same images, as a view of an array with channels last if asked."""
    return images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) if last else images


levels = st.one_of(st.floats(0, 1), st.integers(0, 100).map(lambda n: n / 100), st.sampled_from([1e-7, 0.1 + 0.2]))
noises = st.one_of(
    st.just({}),
    st.builds(
        lambda kind, level, clamp: {"kind": kind, "level": level, "clamp": clamp},
        st.sampled_from(["gaussian", "gaussian-variance", "masking", "salt-pepper"]),
        levels,
        st.booleans(),
    ),
    st.builds(lambda level: {"kind": "gaussian", "level": level}, st.floats(0, 10)),
)
occlusions = st.one_of(
    st.just({}),
    st.builds(lambda o, s: {"occlusion": o, "size": s}, st.sampled_from(["square", "rows"]), st.integers(1, 4096)),
)


@given(noises, occlusions, st.booleans())
def test_a_corruption_survives_its_written_form_whatever_its_fields(noise, occlusion, once):
    corruption = Corruption(**noise, **occlusion, once=once)
    assert Corruption.parse(str(corruption)) == corruption
    assert Experiment.parse({"corruption": corruption.model_dump(mode="json")}).corruption == corruption


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gaussian:0.2+masking:0.3", "two kinds of noise"),
        ("square:3+rows:4", "two occlusions"),
        ("square", "square:8"),
        ("square:2.5", "whole number of pixels"),
        ("square:²", "whole number of pixels"),
        ("rows:0", "needs its size"),
        ("gaussian:0.2:clip", "gaussian:0.2:clamp"),
        ("gaussian:11", "less than or equal to 10"),
        ("gaussian:nan", "finite"),
        ("sqare:8", "did you mean 'square'"),
        ("", "unknown noise ''"),
    ],
)
def test_a_text_that_is_no_corruption_is_one_line(text, words):
    with pytest.raises(UserError) as caught:
        Corruption.parse(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("values", [{"level": 0.2}, {"clamp": True}, {"size": 3}, {"occlusion": "rows"}])
def test_a_table_that_says_half_a_corruption_is_refused(values):
    with pytest.raises(UserError, match=r"corruption: .*such as"):
        Experiment.parse({"corruption": values})


@pytest.mark.parametrize("last", [False, True], ids=["channels first", "channels last"])
@pytest.mark.parametrize(("kind", "level"), [("gaussian", 0.2), ("gaussian-variance", 0.04)])
def test_gaussian_noise_has_the_asked_deviation(kind, level, last):
    images = laid_out(torch.full((64, 3, 28, 28), 0.5), last)
    corruption = Corruption(kind=kind, level=level)
    assert corruption.std == pytest.approx(0.2)
    noise = corrupt(images, corruption, generator()) - images
    assert noise.stride() == images.stride()
    assert noise.std().item() == pytest.approx(0.2, rel=0.01)
    assert noise.mean().item() == pytest.approx(0, abs=0.003)
    third, fourth = (noise.div(0.2).pow(power).mean().item() for power in (3, 4))
    assert (third, fourth) == (pytest.approx(0, abs=0.05), pytest.approx(3, abs=0.1))
    for other in (noise.roll(1, 0), noise.roll(1, 1), noise.roll(1, 2), noise.roll(1, 3)):
        assert np.corrcoef(noise.flatten(), other.flatten())[0, 1] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_clamping_keeps_the_models_range_and_nothing_else_does(low, high):
    images = torch.full((16, 1, 28, 28), (low + high) / 2)
    wild = corrupt(images, Corruption.parse("gaussian:2"), generator(), low, high)
    assert wild.min() < low
    assert wild.max() > high
    clamped = corrupt(images, Corruption.parse("gaussian:2:clamp"), generator(), low, high)
    assert torch.equal(clamped, wild.clamp(low, high))


@pytest.mark.parametrize("low", [0.0, -1.0])
@pytest.mark.parametrize("last", [False, True], ids=["channels first", "channels last"])
@pytest.mark.parametrize("kind", ["masking", "salt-pepper"])
def test_the_asked_share_of_pixels_is_hit_in_all_channels(kind, last, low):
    images = laid_out(torch.full((64, 3, 28, 28), 0.5), last)
    noisy = corrupt(images, Corruption(kind=kind, level=0.3), generator(), low, 1.0)
    hit = noisy != 0.5
    assert hit.float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert torch.equal(hit[:, :1].expand(64, 3, 28, 28), hit)
    whites = (noisy[:, 0] == 1).float().mean().item()
    assert whites == pytest.approx(0.15 if kind == "salt-pepper" else 0, abs=0.01)
    assert set(noisy.unique().tolist()) == {low, 0.5} | ({1.0} if kind == "salt-pepper" else set())


@settings(max_examples=60)
@given(
    kind=st.sampled_from(["square", "rows"]),
    size=st.integers(1, 24),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 20), st.integers(1, 20)),
    low=st.sampled_from([0.0, -1.0]),
    last=st.booleans(),
)
def test_an_occlusion_covers_exactly_what_was_asked_for(kind, size, shape, low, last):
    images = laid_out(torch.full((5, *shape), 0.5), last)
    covered = corrupt(images, Corruption(occlusion=kind, size=size), generator(size), low, 1.0) != 0.5
    channels, height, width = shape
    rows, columns = min(size, height), min(size, width) if kind == "square" else width
    for image in covered:
        assert torch.equal(image[:1].expand(channels, height, width), image), "in all channels"
        ys, xs = image[0].any(1).nonzero().flatten(), image[0].any(0).nonzero().flatten()
        assert (len(ys), len(xs)) == (rows, columns)
        assert (ys[-1] - ys[0] + 1, xs[-1] - xs[0] + 1) == (rows, columns), "in one piece"
        assert image[0].sum() == rows * columns


def test_every_place_is_equally_likely_and_both_directions_are_independent():
    covered = corrupt(torch.ones(20_000, 1, 8, 7), Corruption.parse("square:3"), generator())[:, 0] == 0
    tops, lefts = covered.any(2).float().argmax(1), covered.any(1).float().argmax(1)
    places = torch.bincount(tops * 5 + lefts, minlength=30)
    assert places.shape == (30,)
    expected = 20_000 / 30
    assert ((places - expected) ** 2 / expected).sum() < 58  # chi-squared with 29 degrees of freedom, p = 0.001


def test_noise_and_occlusion_come_together_with_black_on_top():
    images = torch.full((32, 1, 20, 20), 0.5)
    noisy = corrupt(images, Corruption.parse("gaussian:0.1+square:5"), generator(), -1, 1)
    covered = noisy == -1
    assert covered.sum().item() == 32 * 25
    assert noisy[~covered].std().item() == pytest.approx(0.1, rel=0.05)
    assert not torch.any(noisy[~covered] == 0.5)


@given(
    st.sampled_from(
        ["gaussian:0.3", "gaussian-variance:0.1:clamp", "masking:0.5", "salt-pepper:0.5", "rows:3+once", "none"]
    ),
    st.integers(0, 99),
)
def test_one_seed_one_corruption_and_the_clean_images_are_untouched(text, seed):
    images = torch.rand((2, 1, 9, 9), generator=generator(1))
    before, everyones = images.clone(), torch.get_rng_state()
    first = corrupt(images, Corruption.parse(text), generator(seed))
    assert torch.equal(first, corrupt(images, Corruption.parse(text), generator(seed)))
    assert torch.equal(images, before)
    assert torch.equal(everyones, torch.get_rng_state())
    assert (first is images) == (text == "none")


@pytest.mark.parametrize("once", [False, True])
def test_noise_drawn_once_is_the_same_in_every_epoch(once):
    """Seen from outside: with a rate too small to move any weight, an epoch's loss is decided by its noise alone."""
    images = digits(128)
    experiment = CONV.changed(
        {"corruption": "gaussian:0.5" + "+once" * once, "training.lr": 1e-12, "training.epochs": 3}
    )
    losses = [epoch.train_loss for epoch in train(experiment, fresh(experiment, images), images).epochs]
    assert (max(losses) - min(losses) < 1e-7) == once
