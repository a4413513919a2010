"""Our t-SNE: its exact forces against the definition's, its affinities, and what may come to it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE

from aecore.latent import affinities as neighbours
from aecore.latent import exact_forces, tsne
from aecore.latent.affinities import Affinities, affinities
from aecore.latent.exact_forces import ExactForces
from aecore.latent.pool import Pool
from aecore.metrics.projection import trustworthiness
from tests.helpers.codes import clusters
from tests.helpers.tsne import matrix, student, wanted_gradient


def divergence(found: Affinities, points: np.ndarray) -> float:
    pulls, close = matrix(found), student(torch.from_numpy(points))
    there = pulls > 0
    return float((pulls[there] * (pulls[there] / (close / close.sum())[there]).log()).sum())


@pytest.fixture
def narrow(monkeypatch):
    """Blocks of eight points, so that a small drawing has many of them."""
    monkeypatch.setattr(exact_forces, "CPU_BLOCK", 1)


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize(("wide", "tolerance"), [(1e-4, 2e-5), (1, 2e-5), (30, 1e-3), (3000, 1e-4)])
@pytest.mark.parametrize("exaggeration", [1, 12])
def test_the_forces_are_the_gradient_of_the_definition(narrow, dims, wide, tolerance, exaggeration):
    codes = torch.from_numpy(clusters(203)[0])
    found = affinities(codes, 15)
    points = wide * torch.randn((203, dims), generator=torch.Generator().manual_seed(3))
    wanted = wanted_gradient(found, points, exaggeration)
    with Pool(2) as pool:
        got = ExactForces(found, dims, pool).gradient(points, exaggeration)
    assert (got - wanted).norm() <= tolerance * wanted.norm()


def test_the_result_does_not_depend_on_how_many_threads_share_the_work(narrow):
    found = affinities(torch.from_numpy(clusters()[0]), 15)
    points = torch.randn((120, 3), generator=torch.Generator().manual_seed(1))
    alone = ExactForces(found, 3).gradient(points)
    for threads in (2, 3):
        with Pool(threads) as pool:
            assert torch.equal(ExactForces(found, 3, pool).gradient(points), alone)


@settings(max_examples=25)
@given(st.integers(30, 150), st.integers(1, 30), st.floats(1, 9), st.integers(0, 99), st.sampled_from([1e-4, 1.0, 1e4]))
def test_every_point_has_the_perplexity(count, size, perplexity, seed, scale):
    codes = scale * np.random.default_rng(seed).standard_normal((count, size))
    squares = np.square(codes[:, None] - codes[None]).sum(2)
    np.fill_diagonal(squares, np.inf)
    near = torch.from_numpy(np.sort(squares, axis=1)[:, : int(3 * perplexity) + 1])
    weights = neighbours._weights(near, perplexity).numpy()
    assert weights.sum(1) == pytest.approx(1)
    entropy = -np.sum(weights * np.log(np.maximum(weights, 1e-300)), axis=1)
    assert np.exp(entropy) == pytest.approx(perplexity, rel=1e-6)


def test_affinities_are_symmetric_and_those_of_the_nearest():
    codes, _ = clusters(150)
    found = matrix(affinities(torch.from_numpy(codes), 10))
    assert torch.equal(found, found.T)
    assert float(found.sum()) == pytest.approx(1, abs=1e-6)
    assert not found.diagonal().any()
    squares = np.square(codes[:, None].astype(np.float64) - codes[None]).sum(2)
    np.fill_diagonal(squares, np.inf)
    nearest = np.zeros((150, 150), bool)
    np.put_along_axis(nearest, np.argsort(squares, axis=1)[:, :31], True, axis=1)
    assert not (found.numpy() > 0)[~(nearest | nearest.T)].any()
    order = [
        np.corrcoef(np.log(row[row > 0]), near[row > 0])[0, 1] for row, near in zip(found.numpy(), squares, strict=True)
    ]
    assert max(order) < -0.5, "the nearer, the larger"


def test_the_nearest_are_found_in_narrow_groups_far_apart():
    draw = np.random.default_rng(0)
    codes = 1e-4 * draw.standard_normal((300, 4)) + np.where(np.arange(300)[:, None] < 150, -1, 1)
    found = neighbours._neighbours(torch.from_numpy(codes.astype(np.float32)), 20)[0].numpy()
    squares = np.square(codes.astype(np.float32)[:, None].astype(np.float64) - codes.astype(np.float32)[None]).sum(2)
    np.fill_diagonal(squares, np.inf)
    reached = np.take_along_axis(squares, found, axis=1).max(1)
    assert np.allclose(reached, np.sort(squares, axis=1)[:, 19], rtol=1e-6)


@pytest.mark.parametrize("repulsion", ["exact", "grid"])
def test_it_draws_as_well_as_scikit_learn_and_the_divergence_falls(repulsion):
    digits = np.asarray(load_digits(return_X_y=True)[0][:600], np.float32)
    found, moved = affinities(torch.from_numpy(digits), 30), []
    ours = tsne.embed(
        digits,
        2,
        iterations=500,
        repulsion=repulsion,
        on_progress=lambda done, points: moved.append((done, points())),
    )
    theirs = TSNE(2, init="pca", max_iter=500, random_state=0).fit_transform(digits)
    assert trustworthiness(digits, ours) >= trustworthiness(digits, theirs) - 0.005
    assert divergence(found, ours) <= divergence(found, theirs) + 0.02
    assert [done for done, _ in moved] == list(range(10, 501, 10))
    assert np.array_equal(moved[-1][1], ours)
    falling = [divergence(found, points) for done, points in moved if done >= 150]
    assert falling[-1] < falling[len(falling) // 2] < falling[0]
    assert np.abs(ours.mean(0)).max() < 1e-3


def test_one_seed_gives_one_drawing_and_torchs_threads_stay_what_they_were(monkeypatch):
    codes, _ = clusters()
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        first, again = (tsne.embed(codes, 3, perplexity=20, iterations=60, seed=1) for _ in range(2))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, tsne.embed(codes, 3, perplexity=20, iterations=60, seed=2))


def test_neither_the_codes_scale_nor_their_place_matters():
    codes, _ = clusters()
    plain = tsne.embed(codes, 2, perplexity=20, iterations=30)
    assert np.array_equal(plain, tsne.embed(codes * np.float32(2.0**100), 2, perplexity=20, iterations=30))
    moved = tsne.embed(codes.astype(np.float64) + 1000, 2, perplexity=20, iterations=30)
    assert np.allclose(plain, moved, atol=1e-3 * np.abs(plain).max())


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize(
    ("codes", "perplexity"),
    [
        (np.repeat(np.eye(4, dtype=np.float32), 30, axis=0), 10),  # thirty times the same four
        (np.vstack([np.zeros((119, 4)), np.ones((1, 4))]), 10),  # all but one the same
        (clusters(32)[0], 10),  # as few as are taken
        (clusters(40)[0], 1),
        (np.outer(np.linspace(0, 1, 120), np.ones(4)), 10),  # on a line
        (1e6 + clusters(120)[0], 39),
    ],
)
def test_odd_codes_are_drawn_too(codes, perplexity, dims):
    points = tsne.embed(codes, dims, perplexity=perplexity, iterations=300)
    assert points.shape == (len(codes), dims)
    assert points.dtype == np.float32
    assert np.isfinite(points).all()
    assert points.std() > 0
