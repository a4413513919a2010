"""Codes that no image had: lines, arcs, planes, random ones."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from aecore.errors import UserError
from aecore.latent.interpolation import along, interpolate, plane, random_codes, through

CODES = arrays.arrays(np.float32, 5, elements=st.floats(-100, 100, width=32))


def test_the_three_conventions_of_a_line():
    start, end = np.zeros(2, np.float32), np.array([10, -10], np.float32)
    assert interpolate(start, end, 3)[:, 0].tolist() == [0, 5, 10]
    assert interpolate(start, end, 10, "open end")[:, 0] == pytest.approx(range(10))
    assert interpolate(start, end, 4, "between")[:, 1] == pytest.approx([-2, -4, -6, -8])
    with pytest.raises(UserError, match="did you mean 'both ends'"):
        interpolate(start, end, 3, "both end")


def test_random_codes_are_distributed_as_asked():
    codes = np.array([[0, 5], [1, 7], [0.5, 6]], np.float32)
    fitted = random_codes(codes, 2000, "fitted", 0)
    assert fitted.min(0) == pytest.approx([0, 5], abs=0.01)
    assert fitted.max(0) == pytest.approx([1, 7], abs=0.01)
    normal = random_codes(codes, 4000, "normal", 0)
    assert normal.std(0) == pytest.approx([1, 1], abs=0.05)
    uniform = random_codes(codes, 2000, "uniform", 0)
    assert 0 <= uniform.min() < 0.01
    assert 0.99 < uniform.max() < 1
    assert np.array_equal(normal, random_codes(codes, 4000, "normal", 0))
    with pytest.raises(UserError, match="did you mean 'normal'"):
        random_codes(codes, 1, "norml", 0)


@given(CODES, CODES, st.sampled_from(["line", "arc"]))
def test_every_path_starts_and_ends_at_its_ends(start, end, path):
    found = interpolate(start, end, 7, path=path)
    assert np.allclose(found[[0, -1]], [start, end], atol=1e-3)


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(2, 6), st.just(3)), elements=st.floats(-100, 100, width=32)),
    st.lists(st.floats(0, 1), min_size=1, max_size=9),
)
def test_a_way_through_several_is_numpys_piecewise_line(stops, at):
    places = np.linspace(0, 1, len(stops))
    expected = np.stack([np.interp(at, places, stops[:, unit]) for unit in range(3)], axis=1)
    assert np.allclose(through(stops, np.array(at), "line"), expected, atol=1e-2)


@pytest.mark.parametrize("path", ["line", "arc"])
@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_a_way_meets_every_stop_and_an_arc_has_its_legs_on_the_circle(count, path):
    angles = np.arange(count) * 1.1
    stops = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert through(stops, np.linspace(0, 1, count).round(9), path) == pytest.approx(stops, abs=1e-6)
    between = through(stops, np.linspace(0, 1, 41), "arc")
    assert np.linalg.norm(between, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.unwrap(np.arctan2(between[:, 1], between[:, 0])) == pytest.approx(
        np.linspace(0, angles[-1], 41), abs=1e-5
    )


@given(CODES, CODES)
@example(np.ones(5, np.float32), np.full(5, 1e-45, np.float32))
def test_an_arc_between_codes_of_one_length_keeps_it(start, end):
    start, end = start.astype(np.float64), end.astype(np.float64)  # in float32 the smallest have no length
    one, other = start / (np.linalg.norm(start) or 1), end / (np.linalg.norm(end) or 1)
    if not (one.any() and other.any()) or abs(float(one @ other)) > 0.999:
        return
    lengths = np.linalg.norm(interpolate(one, other, 9, path="arc"), axis=1)
    assert lengths == pytest.approx(1, abs=1e-3)


def test_an_arc_turns_evenly_and_where_there_is_none_it_is_the_line():
    start, end = np.array([1, 0], np.float32), np.array([0, 2], np.float32)
    found = along(start, end, np.array([0.5]), "arc")[0]
    assert found == pytest.approx([0.7071, 1.4142], abs=1e-3)
    for other in (3 * start, -start, 0 * start):
        assert np.allclose(interpolate(start, other, 5, path="arc"), interpolate(start, other, 5))
    with pytest.raises(UserError, match="did you mean 'line'"):
        interpolate(start, end, 3, path="lin")


def test_a_plane_has_its_corners_and_straight_edges():
    corners = np.array([[0, 0], [4, 0], [0, 8], [4, 9]], np.float32)
    found = plane(corners, 5)
    assert found.shape == (5, 5, 2)
    assert np.array_equal(found[[0, 0, -1, -1], [0, -1, 0, -1]], corners)
    assert np.allclose(found[0], interpolate(corners[0], corners[1], 5))
    assert np.allclose(found[:, -1], interpolate(corners[1], corners[3], 5))
    assert np.allclose(found[2, 2], corners.mean(0))
