"""Directions of linear codes whose truth is known, and selections in an address."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from aecore.errors import UserError
from aecore.latent import directions
from tests.helpers.paths import ROOT


def test_the_difference_of_two_means():
    start, end = np.array([[0.0, 1], [2, 1]]), np.array([[4.0, 0]])
    assert directions.difference(start, end).tolist() == [3, -1]
    with pytest.raises(UserError, match="at least one code"):
        directions.difference(start, end[:0])
    with pytest.raises(UserError, match="the same"):
        directions.difference(start, start[::-1])


def test_regression_finds_the_direction_that_made_the_codes():
    """Codes of a linear encoder: class means, a quantity times the true direction, and whatever else varies."""
    draw = np.random.default_rng(0)
    truth = np.array([0.5, -0.2, 0.0, 0.1])
    labels = draw.integers(0, 3, 4000)
    values = draw.normal(5 * labels, 10)
    means = draw.normal(0, 20, (3, 4))
    noise = draw.normal(0, 1, (4000, 4)) * [1, 3, 0.1, 0.5]
    codes = means[labels] + values[:, None] * truth + noise
    values[:7] = np.nan
    found = directions.regression(codes.astype(np.float32), values, labels)
    assert found == pytest.approx(truth, abs=0.02)
    assert directions.spread_within(values, labels) == pytest.approx(10, rel=0.03)
    together = directions.regression(codes, values, np.zeros(4000, int))
    assert np.abs(together - truth).max() > 0.2, "without the classes it leads from one to another"


def test_what_cannot_be_measured_is_one_line():
    codes, labels = np.random.default_rng(0).normal(size=(50, 3)), np.zeros(50, int)
    with pytest.raises(UserError, match="only 3 of 50"):
        directions.regression(codes, np.r_[1.0, 2, 3, np.full(47, np.nan)], labels)
    with pytest.raises(UserError, match="the same in all images"):
        directions.regression(codes, np.full(50, 7.3), labels)
    with pytest.raises(UserError, match="no unit of the code"):
        directions.regression(np.ones((50, 3)), np.arange(50.0), labels)


def test_the_length_in_standard_deviations_of_the_codes_along_it():
    codes = np.random.default_rng(0).normal(0, [2, 30], (5000, 2))
    assert directions.length_in_deviations(np.array([3.0, 0]), codes) == pytest.approx(1.5, rel=0.03)
    assert directions.length_in_deviations(np.array([0, -60.0]), codes) == pytest.approx(2, rel=0.03)
    assert directions.length_in_deviations(np.array([1.0, 0]), np.ones((4, 2))) == np.inf


@pytest.mark.parametrize(("spread", "step"), [(13.4, 10), (0.66, 0.5), (16, 10), (0.3, 0.2), (1.6, 1)])
def test_round_steps(spread, step):
    assert directions.round_step(spread) == pytest.approx(step)


SELECTIONS = [[0], [127, 128, 300], [5, 6, 7, 9999], [2**31 - 1], list(range(0, 9000, 9))]


@pytest.mark.parametrize("indices", SELECTIONS)
def test_a_selection_goes_into_the_address_and_back(indices):
    text = directions.pack_points(np.array(indices)[::-1])
    assert directions.unpack_points(text).tolist() == indices
    assert len(text) < directions.LONGEST


@pytest.mark.parametrize(
    "text", ["", "!", "gA", "AAA\u00e9", "A" * 5000, "_" * 40, directions.pack_points(np.arange(1001))]
)
def test_a_damaged_selection_is_one_line(text):
    with pytest.raises(UserError, match="selection of points") as raised:
        directions.unpack_points(text)
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_browser_packs_selections_alike():
    script = f"""
import {{ packPoints }} from "{(ROOT / "aecore/viewer/js/selection.js").as_uri()}";
console.log(JSON.stringify({json.dumps(SELECTIONS)}.map(packPoints)));
"""
    done = subprocess.run(["node", "--input-type=module", "-e", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [directions.pack_points(np.array(one)) for one in SELECTIONS]
