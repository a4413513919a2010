"""Codes as points: the projection, the numbers that say how far to trust it, and its file."""

from __future__ import annotations

import dataclasses
import json
import tracemalloc

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import manifold
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from aecore.errors import DamagedError, UserError
from aecore.latent.projection import TSNE_COMPONENTS, project, project_new
from aecore.latent.projection_store import Projection, read_projection
from aecore.metrics.projection import equal_codes, knn_accuracy, quality, trustworthiness
from aecore.runs.run import Run
from tests.helpers.codes import clusters
from tests.helpers.runs import forget_sums


@settings(max_examples=25)
@given(st.integers(25, 300), st.integers(2, 12), st.integers(1, 12), st.integers(0, 99), st.floats(0, 50))
def test_trustworthiness_is_scikit_learns(count, size, neighbours, seed, away):
    draw = np.random.default_rng(seed)
    codes = (draw.standard_normal((count, size)) + away).astype(np.float32)
    points = (codes[:, :2] + 0.3 * draw.standard_normal((count, 2))).astype(np.float32)
    theirs = manifold.trustworthiness(codes.astype(np.float64), points, n_neighbors=neighbours)
    assert trustworthiness(codes, points, neighbours) == pytest.approx(theirs, abs=1e-6)


def test_a_drawing_that_keeps_everything_is_trusted_and_one_by_dice_is_not():
    codes, labels = clusters()
    assert trustworthiness(codes, codes) == 1
    dice = np.random.default_rng(1).standard_normal((120, 2))
    assert trustworthiness(codes, dice) < 0.7
    with pytest.raises(ValueError, match="too many for 20 points"):
        trustworthiness(codes[:20], codes[:20])
    told = quality(codes, dice, labels)
    assert told["code_knn_accuracy"] > 0.95 > 0.6 > told["knn_accuracy"]


def test_the_neighbours_vote_is_scikit_learns():
    codes, labels = clusters(seed=4)
    codes += 3 * np.random.default_rng(5).standard_normal(codes.shape).astype(np.float32)  # so that some vote wrong
    theirs = cross_val_score(KNeighborsClassifier(9), codes, labels, cv=LeaveOneOut()).mean()
    assert 0.4 < theirs < 0.99
    assert knn_accuracy(codes, labels, 9) == pytest.approx(theirs, abs=0.02)  # ties are broken otherwise


@pytest.mark.parametrize("dims", [2, 3])
def test_pca_says_how_much_of_the_variance_it_shows(dims):
    codes, _ = clusters()
    points, made = project(codes, "pca", dims)
    assert points.shape == (120, dims)
    assert points.dtype == np.float32
    variances = np.sort(np.linalg.eigvalsh(np.cov(codes.T.astype(np.float64))))[::-1]
    assert made["explained_variance"] == pytest.approx(variances[:dims].sum() / variances.sum(), rel=1e-5)
    assert points.var(0, ddof=1) == pytest.approx(variances[:dims], rel=1e-4)


def test_units_are_the_code_as_it_is():
    codes, _ = clusters()
    points, made = project(codes, "units", 3)
    assert np.array_equal(points, codes[:, :3])
    assert made == {}


@pytest.mark.parametrize("dims", [2, 3])
def test_tsne_repeats_from_its_seed_and_keeps_neighbours_together(dims):
    codes, labels = clusters()
    told = []
    first, made = project(
        codes, "tsne", dims, iterations=60, perplexity=20, progress=lambda done, total: told.append((done, total))
    )
    again, _ = project(codes, "tsne", dims, iterations=60, perplexity=20)
    assert first.shape == (120, dims)
    assert np.array_equal(first, again)
    assert made == {"perplexity": 20, "iterations": 60, "seed": 0, "repulsion": "exact"}
    assert knn_accuracy(first, labels) > 0.9
    assert told[-1] == (60, 60)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_wide_codes_are_reduced_first_and_dead_ones_do_not_fail():
    codes, _ = clusters(size=TSNE_COMPONENTS + 10)
    assert project(codes, "tsne", 2, iterations=20)[1]["components"] == TSNE_COMPONENTS
    assert project(np.ones((120, 60)), "tsne", 2, iterations=20)[1]["equal_codes"] == 120
    few = project(codes[:30], "tsne", 2, iterations=20, perplexity=5)
    assert (few[0].shape, few[1]["components"]) == ((30, 2), 30), "of so few points these are all components"


def test_wide_codes_as_large_as_floats_can_be_are_drawn_as_those_a_power_of_two_smaller():
    draw = np.random.default_rng(0)
    codes = (draw.uniform(-3, 3, (120, 1)) + draw.uniform(-1, 1, (120, 64))).astype(np.float32)
    large = codes * np.float32(2.0**125)
    assert np.isfinite(large).all()
    points = project(large, "tsne", 2, iterations=20)[0]
    assert np.array_equal(points, project(codes, "tsne", 2, iterations=20)[0])


@pytest.mark.parametrize("method", ["pca", "tsne", "units"])
@pytest.mark.parametrize("value", [0.0, 1.0, -3e4])
def test_equal_codes_are_said_to_be_whatever_rounding_has_left(method, value):
    noise = np.random.default_rng(0).standard_normal((120, 4)).astype(np.float32)
    for codes in (np.full((120, 4), value, np.float32), np.float32(value) + max(abs(value), 1) * 1e-7 * noise):
        points, made = project(codes, method, 2, iterations=20, perplexity=10)
        assert made["equal_codes"] == 120
        assert "explained_variance" not in made
        assert np.ptp(points, axis=0).max() <= np.ptp(codes, axis=0).max()
        assert quality(codes, points, np.arange(120, dtype=np.uint8) % 10) == {}
        said = Projection(method, points, np.zeros(120, np.uint8), np.arange(120), made).remark
        assert said.startswith("all 120 codes are equal")


@given(st.integers(2, 60), st.integers(0, 60))
def test_as_many_codes_are_equal_as_were_made_so(different, same):
    codes = np.random.default_rng(different).standard_normal((different + same, 3)).astype(np.float32)
    codes[different:] = codes[0]
    assert equal_codes(codes) == same + 1
    assert equal_codes(np.copysign(np.zeros_like(codes), codes)) == different + same, "0 and -0 are the same"
    assert equal_codes(codes[:0]) == 0


def test_half_of_the_codes_being_equal_is_said_and_a_healthy_code_is_not_accused():
    codes, labels = clusters()
    assert "equal_codes" not in project(codes, "pca", 2)[1]
    codes[:60] = 0
    points, made = project(codes, "pca", 2)
    assert made["equal_codes"] == 60
    made_of_them = Projection("pca", points, labels, np.arange(120), made)
    assert made_of_them.remark.startswith("60 of 120 images have the same code")
    codes[59] = 1
    assert "equal_codes" not in project(codes, "pca", 2)[1]


def test_a_single_label_is_no_class_to_vote_for():
    codes, labels = clusters()
    assert set(quality(codes, codes, labels)) == {"trustworthiness", "knn_accuracy", "code_knn_accuracy"}
    assert set(quality(codes, codes, np.full(120, 7, np.uint8))) == {"trustworthiness"}


@pytest.mark.parametrize(
    ("codes", "method", "dims", "words"),
    [
        (np.zeros((100, 4)), "tnse", 2, "did you mean 'tsne'"),
        (np.zeros((100, 4)), "pca", 4, "2 or 3 dimensions, not 4"),
        (np.zeros((100, 2)), "pca", 3, "a code of size 2 cannot be projected to 3 dimensions"),
        (np.zeros((60, 4)), "tsne", 2, "needs more than 91 points"),
        (np.zeros((20, 4)), "pca", 2, "more than 20"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(codes, method, dims, words):
    with pytest.raises(UserError, match=words):
        project(codes, method, dims)


@pytest.fixture
def saved(tmp_path):
    codes, labels = clusters()
    points, _ = project(codes, "pca", 2)
    made = Projection("pca", points, labels, np.arange(120), {"corruption": "none"}, quality(codes, points, labels))
    run = Run(tmp_path)
    assert read_projection(run, "pca", 2) is None
    made.save(run)
    return run, made


def test_a_projection_survives_its_file(saved):
    run, made = saved
    found = read_projection(run, "pca", 2)
    assert found is not None
    assert (found.method, found.dims, found.parameters, found.quality) == ("pca", 2, made.parameters, made.quality)
    assert np.allclose(found.coordinates, made.coordinates, atol=1e-3 * np.abs(made.coordinates).max())
    for name in ("labels", "indices"):
        assert np.array_equal(getattr(found, name), getattr(made, name))
    for name in ("coordinates", "labels", "indices"):
        assert getattr(found, name).dtype == getattr(made, name).dtype
    assert read_projection(run, "pca", 3) is None
    assert read_projection(run, "tsne", 2) is None


def test_one_of_training_images_lies_beside_that_of_test_images(saved):
    run, made = saved
    train = dataclasses.replace(made, split="train", coordinates=2 * made.coordinates)
    train.save(run)
    found, other = read_projection(run, "pca", 2, split="train"), read_projection(run, "pca", 2)
    assert found is not None
    assert other is not None
    assert (found.split, other.split) == ("train", "test")
    assert np.allclose(found.coordinates, 2 * other.coordinates, rtol=2e-3, atol=1e-2)


def mixed_up(path, **changes):
    arrays = safetensors.numpy.load_file(path) | changes
    path.write_bytes(safetensors.numpy.save(arrays, {"about": json.dumps({"parameters": {}, "quality": {}})}))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:200]),
        lambda path: path.write_bytes(b"\xff{" * 99),
        lambda path: path.write_bytes(safetensors.numpy.save(safetensors.numpy.load_file(path))),
        lambda path: path.write_bytes(safetensors.numpy.save({}, {"about": "{}"})),
        lambda path: mixed_up(path, labels=np.zeros(7, np.uint8)),
        lambda path: mixed_up(path, coordinates=np.zeros((120, 3), np.float32)),
    ],
    ids=["empty", "cut", "garbage", "nothing about it", "no arrays", "too few labels", "three dimensions"],
)
def test_a_damaged_file_is_one_line(saved, damage):
    run, _ = saved
    forget_sums(run)
    damage(run.file("projections") / "pca-2d.safetensors")
    with pytest.raises(DamagedError, match=r"pca-2d\.safetensors cannot be read") as caught:
        read_projection(run, "pca", 2)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("method", ["pca", "units"])
def test_a_new_code_is_placed_exactly_where_the_drawing_would_have_it(method):
    codes, _ = clusters()
    codes[:, 5] = 3  # a dead unit
    points, _ = project(codes, method, 2)
    assert np.allclose(project_new(codes[:100], points[:100], codes[100:], method), points[100:], atol=1e-4)


def test_in_a_tsne_a_new_code_goes_among_its_neighbours():
    codes, labels = clusters()
    points, _ = project(codes, "tsne", 2, iterations=250, perplexity=20)
    placed = project_new(codes, points, codes[:6] + 1e-6, "tsne")
    assert np.allclose(placed, points[:6], atol=0.05 * np.ptp(points))
    middle = codes[labels == 1].mean(0, keepdims=True)
    away = np.linalg.norm(points - project_new(codes, points, middle, "tsne"), axis=1)
    assert labels[away.argmin()] == 1


def test_principal_components_of_a_wide_code_are_those_of_all_its_digits_in_half_the_memory():
    draw = np.random.default_rng(0)
    codes = (draw.normal(size=(300, 5)) * (9, 7, 5, 3, 1) @ draw.normal(size=(5, 5000)) + 20).astype(np.float32)
    tracemalloc.start()
    points = project(codes, "pca", 2)[0]
    assert tracemalloc.get_traced_memory()[1] < 3 * codes.nbytes
    tracemalloc.stop()
    centred = codes.astype(np.float64) - codes.mean(0, dtype=np.float64)
    values, axes = np.linalg.eigh(centred @ centred.T)
    expected = axes[:, ::-1][:, :2] * np.sqrt(values[::-1][:2])
    assert np.abs(np.abs(points) - np.abs(expected)).max() < 1e-4 * np.abs(expected).max()
