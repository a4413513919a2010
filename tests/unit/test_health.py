"""What is said about a run, from curves and numbers whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.config.model import Model
from aecore.metrics.health import (
    AT_MEAN,
    COLLAPSED_SHARE,
    CONSTANT_SPREAD,
    DEAD_SHARE,
    GRACE_EPOCHS,
    OutputSample,
    Seen,
    assess,
    code,
    constant_output,
    mean_level,
    output_range,
)
from aecore.metrics.loss_curves import BLOWN_UP, DIVERGED, GAP, OVERFITTED, RECENT, curves, not_finite
from aecore.metrics.split import Split, describe_split, duplicates, mean_image_mse

MODEL = Model()
SPLIT = Split(mean_image_mse=0.06, duplicates=0, test_images=100, below_middle=0.8)
VARIED = OutputSample(spread=0.8, low=0.0, high=1.0, negative=0.0)
SAME = OutputSample(spread=0.0, low=0.0, high=0.9, negative=0.0)
FALLING = [0.05 * 0.9**epoch for epoch in range(20)]


def seen(**changes):
    usual = {
        "train": FALLING,
        "test": [1.05 * loss for loss in FALLING],
        "error": 0.01,
        "mean_error": 0.06,
        "dead": 0,
        "units": 8,
        "collapsed": None,
        "output": VARIED,
    }
    return Seen(**{**usual, **changes})


def kinds(remarks):
    return [remark.kind for remark in remarks]


def images(seed, count, shape=(2, 3, 5)):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


# The images alone.


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40))
def test_the_error_of_the_mean_image_is_bias_plus_variance(seed, train, test):
    x_train, x_test = images(seed, train) / 255, images(seed + 1, test) / 255
    bias = ((x_test.mean(0) - x_train.mean(0)) ** 2).mean()
    expected = x_test.var(0).mean() + bias
    assert mean_image_mse(images(seed, train), images(seed + 1, test)) == pytest.approx(expected, rel=1e-4, abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(0, 30), st.sampled_from([(1, 1, 1), (1, 8, 8)]))
def test_as_many_duplicates_are_found_as_were_put_in(seed, train, test, shape):
    rng = np.random.default_rng(seed)
    x_train, x_test = images(seed, train, shape), images(seed + 1, test + 1, shape)
    copied = rng.random(test + 1) < 0.3
    x_test[copied] = x_train[rng.integers(0, train, copied.sum())]
    expected = sum(any(np.array_equal(a, b) for b in x_train) for a in x_test)
    assert duplicates(x_train, x_test) == expected


def test_one_grey_level_makes_another_image():
    x_train = images(0, 5)
    x_test = x_train.copy()
    x_test[2, 0, 0, 0] ^= 1
    assert describe_split(x_train, x_test).duplicates == 4


@given(st.integers(0, 256))
def test_the_share_of_dark_values_is_counted(bright):
    x_test = np.zeros((1, 1, 16, 16), np.uint8)
    x_test.flat[:bright] = 128
    assert describe_split(x_test, x_test).below_middle == 1 - bright / 256


def test_images_of_two_shapes_are_no_split():
    with pytest.raises(ValueError, match="shapes must agree"):
        describe_split(images(0, 3), images(0, 3, (1, 2, 2)))


# Curves.


def test_a_falling_curve_says_nothing():
    assert curves(FALLING, FALLING) == []
    assert curves([0.1], [0.1]) == []
    assert curves([0.1, 0.01], [0.02, 0.005], 0.06) == []


@given(st.lists(st.floats(0.2, 1), min_size=1, max_size=60), st.floats(0.8, 1.2))
def test_losses_of_a_falling_course_with_noise_below_the_thresholds_say_nothing(steps, ratio):
    """Whatever the factors by which it falls, and however test and training loss differ, up to a fifth."""
    train = np.cumprod(steps)
    assert curves(train.tolist(), (train * ratio).tolist(), 1.0) == []


@given(st.integers(1, 30), st.integers(RECENT, 30), st.floats(0.5, 3).filter(lambda x: abs(x - DIVERGED) > 1e-6))
def test_a_training_loss_that_stays_above_its_lowest_has_diverged(before, after, factor):
    train = [0.1] * before + [0.1 * factor] * after
    found = curves(train, train)
    assert kinds(found) == (["diverged"] if factor > DIVERGED else [])
    if found:
        assert (found[0].value, found[0].reference) == (pytest.approx(0.1 * factor), 0.1)


@pytest.mark.parametrize("spike", [1.2, 3, BLOWN_UP - 1])
def test_a_single_bad_epoch_says_nothing(spike):
    assert curves([0.1] * 10 + [0.1 * spike], [0.1] * 11) == []


def test_a_loss_that_blows_up_in_the_last_epoch_has_diverged():
    assert kinds(curves([0.1] * 10 + [1.1], [0.1] * 11)) == ["diverged"]
    assert kinds(curves([0.1, 1e6], [0.1, 1e6])) == ["diverged"]


@given(st.integers(1, 30), st.integers(RECENT, 30), st.floats(1, 1.9).filter(lambda x: abs(x - OVERFITTED) > 1e-6))
def test_a_test_loss_that_rises_while_training_falls_is_overfitting(before, after, factor):
    train = [0.1 * 0.99**epoch for epoch in range(before + after)]
    test = [0.1] * before + [0.1 * factor] * after
    found = [remark for remark in curves(train, test) if remark.kind != "generalisation-gap"]
    assert kinds(found) == (["overfitting"] if factor > OVERFITTED else [])
    if found:
        assert "epoch 1," in found[0].text


def test_a_test_loss_that_rises_with_the_training_loss_is_not_overfitting():
    assert curves([0.1] * 5 + [0.11] * 5, [0.1] * 5 + [0.12] * 5) == []


@given(st.floats(0.5, 5).filter(lambda x: abs(x - GAP) > 1e-6), st.integers(1, 20))
def test_a_test_loss_far_above_the_training_loss_is_a_gap(factor, epochs):
    found = curves([0.1] * epochs, [0.1 * factor] * epochs)
    assert kinds(found) == (["generalisation-gap"] if factor > GAP else [])


def test_differences_that_nobody_could_see_say_nothing():
    tiny = 1e-5
    rising, flat = [tiny] * 5 + [3 * tiny] * 5, [tiny] * 10
    assert kinds(curves(rising, rising)) == ["diverged"]
    assert curves(rising, rising, 0.06) == []
    assert curves(flat, rising, 0.06) == []
    assert curves([tiny] * 3, [0.0029] * 3, 0.06) == []
    assert kinds(curves([tiny] * 3, [0.0031] * 3, 0.06)) == ["generalisation-gap"]
    assert kinds(curves([0.0] * 3, [0.01] * 3, 0.06)) == ["generalisation-gap"]


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ((math.nan, math.nan), "the training loss became NaN"),
        ((math.inf, 1.0), "training loss became infinite"),
        ((1.0, math.nan), "the test loss became NaN"),
    ],
)
def test_a_loss_that_is_no_number_has_diverged(losses, words):
    found = not_finite(*losses, epoch=3, lr=0.5)
    assert found is not None
    assert found.kind == "diverged"
    assert words in found.text
    assert "epoch 3" in found.text
    assert "0.5" in found.text
    assert not_finite(1.0, 2.0, 3, 0.5) is None


# Code, output and error.


@given(st.integers(1, 300), st.data())
def test_dead_units_are_counted_from_a_quarter_on(units, data):
    dead = data.draw(st.integers(0, units))
    found = code(dead, units, None)
    assert (found is not None) == (dead > 0 and dead >= DEAD_SHARE * units)
    if found:
        assert (found.kind, found.value, found.reference) == ("dead-code", dead, units)
        assert (f"{dead:,} of {units:,} code unit" in found.text) == (dead < units)
        assert ("every image has the same code" in found.text) == (dead == units)


@given(st.integers(1, 300), st.data())
def test_collapsed_units_are_counted_from_half_on(units, data):
    collapsed = data.draw(st.integers(0, units))
    found = code(0, units, collapsed)
    assert (found is not None) == (collapsed >= COLLAPSED_SHARE * units)
    if found:
        assert (found.kind, found.value, found.reference) == ("posterior-collapse", collapsed, units)
        assert ("the code says nothing" in found.text) == (collapsed == units)


def test_a_collapsed_unit_is_not_also_dead():
    assert code(3, 8, 3) is None
    found = code(3, 8, 0)
    assert found is not None
    assert found.kind == "dead-code"


@given(st.floats(0, 1).filter(lambda x: abs(x - CONSTANT_SPREAD) > 1e-9), st.floats(-1, 1))
def test_an_output_is_constant_below_a_hundredth_of_the_spread(spread, high):
    found = constant_output(OutputSample(spread, -1.0, high, 0.0), 0.3, 0.06, -1.0, 1.0)
    assert (found is not None) == (spread < CONSTANT_SPREAD)
    if found:
        assert ("all black" in found.text) == (high <= -0.96)


def test_equal_images_say_nothing_about_the_output():
    assert constant_output(OutputSample(None, 0, 1, 0), 0.0, 0.0, 0, 1) is None


@given(st.floats(0, 3).filter(lambda x: min(abs(x - AT_MEAN), abs(x - 1.05)) > 1e-9))
def test_an_error_is_compared_with_that_of_the_mean_image(share):
    found = mean_level(0.06 * share, 0.06)
    assert (found is not None) == (share > AT_MEAN)
    if found:
        assert ("is above that" in found.text) == (share > 1.05)
    assert mean_level(0.06, 0.0) is None


def test_only_an_output_that_does_not_fit_the_range_is_remarked():
    fits = {("unit", "sigmoid"), ("symmetric", "tanh"), ("unit", "none"), ("symmetric", "none")}
    for values in ("unit", "symmetric"):
        for function in ("sigmoid", "tanh", "none"):
            found = output_range(Model(range=values, output=function))  # type: ignore[arg-type]
            assert (found is None) == ((values, function) in fits)
    known = output_range(Model(range="symmetric", output="sigmoid"), SPLIT)
    assert known is not None
    assert "80 %" in known.text
    tanh = Model(output="tanh")
    assert output_range(tanh, SPLIT, OutputSample(0.8, -0.01, 1, 0.01)) is None
    often = output_range(tanh, SPLIT, OutputSample(0.8, -0.4, 1, 0.12))
    assert often is not None
    assert "12 %" in often.text


# All together: the beginning of a chain, not its consequences.


def test_a_healthy_run_has_no_remark():
    assert assess(MODEL, SPLIT, seen()) == []
    assert assess(MODEL, SPLIT) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"dead": 8, "output": SAME, "error": 0.06}, ["dead-code"]),
        ({"collapsed": 8, "dead": 8, "output": SAME, "error": 0.06}, ["posterior-collapse"]),
        ({"output": SAME, "error": 0.06}, ["constant-output"]),
        ({"error": 0.06}, ["mean-image"]),
        ({"error": 0.06, "dead": 4}, ["mean-image", "dead-code"]),
        ({"dead": 4}, ["dead-code"]),
    ],
)
def test_a_consequence_is_not_a_remark_of_its_own(changes, expected):
    assert kinds(assess(MODEL, SPLIT, seen(**changes))) == expected


def test_a_sigmoid_out_of_range_explains_the_rest():
    wrong = Model(range="symmetric", output="sigmoid")
    assert kinds(assess(wrong, SPLIT, seen(dead=8, output=SAME, error=0.5))) == ["output-range"]
    tanh = Model(output="tanh")
    negative = OutputSample(0.8, -0.4, 1, 0.12)
    assert kinds(assess(tanh, SPLIT, seen(output=negative))) == ["output-range"]
    assert kinds(assess(tanh, SPLIT, seen(output=OutputSample(0.0, -0.4, 1, 1.0)))) == ["constant-output"]


def test_a_run_that_diverged_is_said_to_and_what_became_of_it():
    lost = {"train": [0.1, 0.02, 0.06, 0.06, 0.06], "test": [0.05, 0.02, 0.06, 0.06, 0.06], "error": 0.06}
    assert kinds(assess(MODEL, SPLIT, seen(**lost))) == ["diverged"]
    (constant,) = assess(MODEL, SPLIT, seen(**lost, output=SAME))
    assert "diverged, and the output is the same image for every input;" in constant.text
    (dead,) = assess(MODEL, SPLIT, seen(**lost, output=SAME, dead=8))
    assert "diverged, and all 8 units of the code say nothing;" in dead.text
    assert kinds(assess(MODEL, SPLIT, seen(**lost, dead=4))) == ["diverged"]


def test_a_model_that_answers_the_same_for_every_image_cannot_overfit():
    worse = {"train": [0.08, 0.07, 0.07, 0.07], "test": [0.04, 0.07, 0.07, 0.07], "output": SAME, "error": 0.07}
    (remark,) = assess(MODEL, SPLIT, seen(**worse))
    assert remark.kind == "diverged"
    assert "test loss has risen to 0.07, from 0.04 in epoch 1" in remark.text
    assert kinds(assess(MODEL, SPLIT, seen(**{**worse, "output": VARIED, "error": 0.01}))) == ["overfitting"]


def test_what_is_independent_is_said_beside_it():
    double = Split(0.06, 3, 100, 0.8)
    gap = {"train": [0.01] * 9, "test": [0.03] * 9}
    assert kinds(assess(MODEL, double, seen(**gap, dead=2))) == ["dead-code", "generalisation-gap", "duplicates"]
    assert "3 of 100 test images (3.0 %)" in assess(MODEL, double)[0].text


@pytest.mark.parametrize("epochs", [1, GRACE_EPOCHS - 1, GRACE_EPOCHS])
def test_the_first_epochs_may_look_like_a_mean_image(epochs):
    stuck = seen(train=[0.06] * epochs, test=[0.06] * epochs, error=0.06)
    assert kinds(assess(MODEL, SPLIT, stuck, final=False)) == (["mean-image"] if epochs == GRACE_EPOCHS else [])
    (remark,) = assess(MODEL, SPLIT, stuck, final=True)
    assert remark.kind == "mean-image"
    assert ("more usually cure it" in remark.text) == (epochs < GRACE_EPOCHS)


def test_every_remark_is_one_line_that_json_can_hold():
    double = Split(0.06, 1, 1, 0.8)
    for remark in assess(MODEL, double, seen(train=[0.1, 5.0], test=[0.1, 5.0], dead=8, output=SAME, error=0.06)):
        assert "\n" not in remark.text
        assert not remark.text.endswith(".")
        assert remark.as_json(7)["epoch"] == 7
        assert None not in remark.as_json().values()
