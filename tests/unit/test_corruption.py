"""What is done to images: the right amount, at the right places, in the model's own range, from one seed."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2ycbcr

from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment
from aecore.config.title import corruption_in_words
from aecore.data.corruption import corrupt, corrupted
from aecore.errors import UserError
from tests.helpers.training import CONV, digits, fresh, train


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def laid_out(images, last):
    """The same images, as a view of an array with channels last if asked."""
    return images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) if last else images


levels = st.one_of(st.floats(0, 1), st.integers(0, 100).map(lambda n: n / 100), st.sampled_from([1e-7, 0.1 + 0.2]))
peaks = st.one_of(st.floats(0.1, 10_000), st.sampled_from([10_000, 1e-1, 1234.5]))
noises = st.one_of(
    st.just({}),
    st.builds(
        lambda kind, level, clamp: {"kind": kind, "level": level, "clamp": clamp},
        st.sampled_from(["gaussian", "gaussian-variance", "speckle", "masking", "salt-pepper"]),
        levels,
        st.booleans(),
    ),
    st.builds(lambda peak, clamp: {"kind": "poisson", "level": peak, "clamp": clamp}, peaks, st.booleans()),
    st.builds(
        lambda low, more: {"kind": "gaussian", "lowest": low, "level": low + more}, st.floats(0, 5), st.floats(1e-3, 5)
    ),
    st.builds(lambda level: {"kind": "gaussian", "level": level}, st.floats(0, 10)),
)
occlusions = st.one_of(
    st.just({}),
    st.builds(lambda o, s: {"occlusion": o, "size": s}, st.sampled_from(["square", "rows"]), st.integers(1, 4096)),
)
degradations = st.fixed_dictionaries(
    {},
    optional={
        "grey": st.booleans(),
        "blur": st.floats(1e-6, 50),
        "downscale": st.integers(2, 64),
        "jpeg": st.integers(1, 95),
    },
)


@given(noises, occlusions, degradations, st.booleans())
def test_a_corruption_survives_its_written_form_whatever_its_fields(noise, occlusion, degradation, once):
    corruption = Corruption(**noise, **occlusion, **degradation, once=once)
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
        ("downscale:1", "downscale:4, with a whole factor from 2 to 64"),
        ("downscale:2.5", "a whole factor"),
        ("downscale", "should look like downscale:4"),
        ("jpeg:0", "jpeg:10, with a quality from 1 to 95"),
        ("jpeg:96", "a quality from 1 to 95"),
        ("jpeg:10:clamp", "should look like jpeg:10"),
        ("blur:0", "a standard deviation above 0"),
        ("blur:wide", "should look like blur:1.5"),
        ("blur:51", "less than or equal to 50"),
        ("blur:inf", "should look like blur:1.5"),
        ("grey:1", "should be grey alone"),
        ("gray", "did you mean 'grey'"),
        ("grey+grey", "names grey twice"),
        ("blur:1+blur:2", "names blur twice"),
        ("jpeg:10+jpeg:10", "names jpeg twice"),
        ("poisson:0", "photons of a white pixel"),
        ("poisson:20000", "less than or equal to 10000"),
        ("poisson", "should look like poisson:30"),
        ("speckle:11", "less than or equal to 10"),
        ("gaussian:0.5..0.1", "rises"),
        ("gaussian:0.2..0.2", "rises"),
        ("gaussian:..0.2", "gaussian:0..0.5"),
        ("gaussian:-1..0.2", "greater than or equal to 0"),
        ("gaussian:0..0.2..0.3", "gaussian:0..0.5"),
        ("masking:0..0.2", "a range is for gaussian noise"),
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
        [
            "gaussian:0.3",
            "gaussian-variance:0.1:clamp",
            "masking:0.5",
            "salt-pepper:0.5",
            "speckle:0.2",
            "poisson:30",
            "gaussian:0..0.5",
            "downscale:4",
            "blur:1.5",
            "jpeg:10",
            "rows:3+once",
            "none",
        ]
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


@pytest.mark.parametrize("last", [False, True], ids=["channels first", "channels last"])
def test_the_written_forms_of_old_draw_what_they_drew(last):
    """The recipe of the first release, written out: stored evaluations and seeds hold on to it."""
    images = laid_out(torch.rand(5, 3, 9, 7, generator=generator(1)), last)
    drawn = torch.empty((5, 9, 7, 3) if last else (5, 3, 9, 7)).normal_(generator=generator())
    normal = drawn.permute(0, 3, 1, 2) if last else drawn
    assert torch.equal(corrupt(images, Corruption.parse("gaussian:0.3"), generator(), -1), normal * 0.3 + images)
    share = torch.rand((5, 1, 9, 7), generator=generator())
    masked = torch.where(share < 0.4, -1.0, images)
    assert torch.equal(corrupt(images, Corruption.parse("masking:0.4"), generator(), -1), masked)
    extreme = torch.where(share < 0.2, 1.0, masked)
    assert torch.equal(corrupt(images, Corruption.parse("salt-pepper:0.4"), generator(), -1), extreme)
    tops = torch.randint(7, (5, 1), generator=generator())
    banded = images.clone()
    for image, top in zip(banded, tops.flatten().tolist(), strict=True):
        image[:, top : top + 3] = -1
    assert torch.equal(corrupt(images, Corruption.parse("rows:3"), generator(), -1), banded)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("text", ["grey", "blur:1.2", "downscale:4", "jpeg:30", "speckle:0.1", "poisson:30"])
def test_a_word_means_the_same_in_either_range_and_in_either_memory_order(text, last):
    images = torch.rand(3, 3, 13, 10, generator=generator(2))
    corruption = Corruption.parse(text)
    made = corrupt(laid_out(images, last), corruption, generator())
    assert made.dtype == torch.float32
    assert made.stride() == laid_out(images, last).stride()
    symmetric = corrupt(laid_out(images * 2 - 1, last), corruption, generator(), -1, 1)
    near = {"jpeg:30": 0.05, "poisson:30": 0.2}.get(text, 1e-5)  # a last bit may tip a rounding or a count
    assert (symmetric / 2 + 0.5 - made).abs().max() < near
    if not text.startswith(("speckle", "poisson")):
        assert torch.equal(made, corrupt(images, corruption, generator(9))), "no chance is in it"


def test_grey_is_the_luma_in_all_channels():
    images = torch.rand(4, 3, 8, 8, generator=generator())
    made = corrupt(images, Corruption.parse("grey"), generator())
    expected = rgb2luma(images.permute(0, 2, 3, 1).numpy())
    for channel in made.unbind(1):
        np.testing.assert_allclose(channel.numpy(), expected, atol=1e-6)
    one = images[:, :1]
    assert corrupt(one, Corruption.parse("grey"), generator()) is one


def rgb2luma(images):
    """Pillow's greyscale, in whole bytes, is ITU-R BT.601's luma; scikit-image's YCbCr has it from 16 to 235."""
    return (rgb2ycbcr(images)[..., 0] - 16) / 219


@pytest.mark.parametrize("sigma", [0.4, 1.5, 9.0])
def test_blur_is_scipys_gaussian_filter(sigma):
    images = torch.rand(2, 3, 13, 10, generator=generator())
    made = corrupt(images, Corruption(blur=sigma), generator()).numpy()
    expected = gaussian_filter(images.double().numpy(), (0, 0, sigma, sigma), mode="reflect", truncate=4.0)
    np.testing.assert_allclose(made, expected, atol=1e-6)


def test_downscaling_averages_squares_and_enlarges_as_pillow_does():
    images = torch.rand(2, 1, 12, 20, generator=generator())
    made = corrupt(images, Corruption.parse("downscale:4"), generator()).numpy()
    for image, found in zip(images[:, 0].numpy(), made[:, 0], strict=True):
        small = image.reshape(3, 4, 5, 4).mean((1, 3))
        large = Image.fromarray(small).resize((20, 12), Image.Resampling.BICUBIC)
        np.testing.assert_allclose(found, np.clip(np.asarray(large), 0, 1), atol=1e-5)


@pytest.mark.parametrize("shape", [(7, 7), (28, 30), (3, 64), (5, 1)])
@pytest.mark.parametrize("factor", [2, 5, 64])
def test_a_size_that_a_factor_does_not_divide_keeps_its_place_and_its_range(shape, factor):
    flat = torch.full((2, 3, *shape), 0.25)
    made = corrupt(flat, Corruption(downscale=factor), generator(), -1, 1)
    torch.testing.assert_close(made, flat)
    rising = torch.linspace(-1, 1, shape[1]).expand(1, 1, *shape).contiguous()
    made = corrupt(rising, Corruption(downscale=factor), generator(), -1, 1)
    assert made.shape == rising.shape
    assert made.min() >= -1
    assert made.max() <= 1
    if shape[1] > 4 * factor:
        assert (made - rising)[..., factor : -2 * factor].abs().max() < 2 / shape[1], "nothing has moved"


def test_jpeg_is_pillows_of_that_quality_and_leaves_whole_bytes():
    images = torch.rand(1, 3, 16, 16, generator=generator())
    made = corrupt(images * 2 - 1, Corruption.parse("jpeg:10"), generator(), -1, 1)
    file = io.BytesIO()
    pixels = (images[0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    Image.fromarray(pixels).save(file, "JPEG", quality=10)
    found = (made[0].permute(1, 2, 0).numpy() + 1) * 127.5
    np.testing.assert_allclose(found, found.round(), atol=1e-4)
    np.testing.assert_allclose(found, np.asarray(Image.open(file), np.float32), atol=3)


def test_speckle_grows_with_the_brightness():
    images = torch.tensor([0.0, 0.25, 1.0]).view(3, 1, 1, 1).expand(3, 1, 100, 100).contiguous()
    noise = corrupt(images, Corruption.parse("speckle:0.2"), generator()) - images
    np.testing.assert_allclose(noise.flatten(1).std(1).numpy(), [0, 0.05, 0.2], rtol=0.03)
    assert noise.mean().abs() < 0.003


def test_poisson_counts_photons():
    images = torch.tensor([0.0, 0.1, 1.0]).view(3, 1, 1, 1).expand(3, 1, 200, 200).contiguous()
    counts = corrupt(images, Corruption.parse("poisson:30"), generator()) * 30
    torch.testing.assert_close(counts, counts.round(), atol=1e-4, rtol=0)
    mean, variance = counts.flatten(1).mean(1).numpy(), counts.flatten(1).var(1).numpy()
    np.testing.assert_allclose(mean, [0, 3, 30], rtol=0.02)
    np.testing.assert_allclose(variance, [0, 3, 30], rtol=0.04)
    assert corrupt(images, Corruption.parse("poisson:30:clamp"), generator()).max() == 1


def test_a_range_draws_each_images_strength_and_tells_it():
    images = torch.zeros(2000, 1, 12, 12)
    made = corrupted(images, Corruption.parse("gaussian:0.1..0.5"), generator())
    assert made.levels.min() >= 0.1
    assert made.levels.max() <= 0.5
    assert made.levels.mean().item() == pytest.approx(0.3, abs=0.01)
    assert made.levels.std().item() == pytest.approx(0.4 / 12**0.5, abs=0.01)
    measured = made.images.flatten(1).std(1)
    assert np.corrcoef(measured, made.levels)[0, 1] > 0.95
    assert (measured / made.levels).mean().item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("gaussian:0.3", 0.3),
        ("gaussian-variance:0.09+blur:1", 0.3),
        ("speckle:0.3", 0),
        ("masking:0.3", 0),
        ("none", 0),
    ],
)
def test_the_level_is_that_of_gaussian_noise_alone(text, level):
    made = corrupted(torch.rand(3, 1, 9, 9), Corruption.parse(text), generator())
    torch.testing.assert_close(made.levels, torch.full((3,), float(level)))


@pytest.mark.parametrize("text", ["square:3", "rows:2", "masking:0.3", "masking:0.3+square:3", "masking:0.2+jpeg:90"])
def test_lost_pixels_are_exactly_those_that_were_destroyed(text):
    images = torch.full((6, 3, 16, 16), 0.5)
    made = corrupted(images, Corruption.parse(text), generator())
    assert made.lost is not None
    assert made.lost.shape == (6, 1, 16, 16)
    if "jpeg" not in text:
        assert torch.equal(made.lost.expand_as(images), made.images == 0)
    else:
        without = corrupted(images, Corruption.parse("masking:0.2"), generator())
        assert without.lost is not None
        assert torch.equal(made.lost, without.lost)


@pytest.mark.parametrize("text", ["none", "gaussian:0.3", "salt-pepper:0.3", "grey+blur:1+downscale:2+jpeg:10"])
def test_nothing_is_lost_where_something_is_left_of_every_pixel(text):
    assert corrupted(torch.rand(2, 3, 9, 9), Corruption.parse(text), generator()).lost is None


def test_parts_are_applied_in_the_documented_order_however_they_are_written():
    images = torch.rand(3, 3, 16, 16, generator=generator(5))
    step = images
    drawn = generator()
    for part in ("grey", "blur:1", "downscale:2", "speckle:0.2", "jpeg:40", "square:5"):
        step = corrupt(step, Corruption.parse(part), drawn)
    written = Corruption.parse("square:5+jpeg:40+speckle:0.2+downscale:2+blur:1+grey")
    assert str(written) == "grey+blur:1+downscale:2+speckle:0.2+jpeg:40+square:5"
    assert torch.equal(corrupt(images, written, generator()), step)


@pytest.mark.parametrize(
    ("text", "label", "short"),
    [
        ("downscale:4", "4× downscaled", "4× downscaled"),
        ("grey", "grey", "grey"),
        ("blur:1.5", "blur σ 1.5 px", "blur σ 1.5 px"),
        ("jpeg:10", "JPEG quality 10", "JPEG quality 10"),
        ("poisson:30", "Poisson noise, 30 photons at white", "Poisson 30"),
        ("gaussian:0..0.5", "Gaussian noise, σ 0 to 0.5", "σ 0–0.5"),
        ("blur:1+speckle:0.2", "blur σ 1 px + speckle noise, σ 0.2", "blur σ 1 px + speckle σ 0.2"),
    ],
)
def test_a_corruption_in_words(text, label, short):
    corruption = Corruption.parse(text)
    assert corruption.active
    assert corruption.label == label
    assert corruption_in_words(corruption) == short


def test_what_images_are_called():
    assert Corruption().of("test images") == "clean test images"
    assert Corruption.parse("gaussian:0.2").of("test images") == "test images with Gaussian noise, σ 0.2"
    assert Corruption.parse("downscale:4").of("images") == "images (4× downscaled)"
