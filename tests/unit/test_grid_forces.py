"""t-SNE's forces by a grid and by the pairs within its reach: against sums over all pairs in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.latent import grid_forces, near_pairs, tsne
from aecore.latent.affinities import affinities
from aecore.latent.grid_forces import Grid, GridForces
from aecore.latent.near_pairs import NearPairs
from aecore.latent.pool import Pool
from aecore.metrics.projection import trustworthiness
from tests.helpers.codes import clusters
from tests.helpers.tsne import student, wanted_gradient


def groups(count: int, dims: int, wide: float, seed: int = 0) -> torch.Tensor:
    """Points about five centres, as a drawing has them."""
    draw = torch.Generator().manual_seed(seed)
    centres = 4 * torch.randn((5, dims), generator=draw)
    return wide * (centres[torch.arange(count) % 5] + torch.randn((count, dims), generator=draw))


def repulsion(points: torch.Tensor) -> tuple[torch.Tensor, float]:
    close, exact = student(points), points.double()
    pair = close.square()
    return pair.sum(1, keepdim=True) * exact - pair @ exact, float(close.sum())


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("wide", [1e-5, 1e-3, 0.05, 0.5, 2, 8, 40])
def test_repulsion_is_that_of_the_definition(dims, wide):
    """From the start, where all points are one beside the kernel's width, to drawings far larger than it."""
    points = groups(900, dims, wide)
    wanted, total = repulsion(points)
    push, sums = Grid(dims).repulsion(points)
    assert (push - wanted).norm() <= 0.006 * wanted.norm()
    assert float(sums) == pytest.approx(total, rel=2e-3)


@pytest.mark.parametrize("dims", [2, 3])
def test_where_the_grid_is_coarse_the_pairs_within_its_reach_make_up_for_it(dims, monkeypatch):
    points = groups(900, dims, 6)
    wanted, _ = repulsion(points)
    grid = Grid(dims)
    push, _ = grid.repulsion(points)
    assert grid.reach == pytest.approx(4 * grid.spacing)
    assert (push - wanted).norm() <= 0.006 * wanted.norm()
    without, _ = NearPairs(points, grid.reach).repulsion(grid_forces.SMOOTH)
    assert (push - without - wanted).norm() > 0.2 * wanted.norm(), "they are what matters here"


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 120),
    st.sampled_from([2, 3]),
    st.floats(0.1, 20),
    st.floats(0.05, 50),
    st.integers(0, 99),
    st.integers(1, 5),
)
def test_near_pairs_are_all_pairs_that_are_nearer_than_the_reach(count, dims, wide, reach, seed, smooth):
    points = groups(count, dims, wide, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_pairs, "CANDIDATES", 50)
        push, total = NearPairs(points, reach).repulsion(smooth)
    exact = points.double().requires_grad_()
    squares = (exact[:, None] - exact[None]).square().sum(2)
    w = ((reach**2 - squares) / (1 + reach**2)).clamp(min=0)
    # 1 / (1 + r²) = Σ wⁿ / (1 + R²): what is left of the series beyond n = smooth.
    lacking = (1 / (1 + squares) - sum(w**n for n in range(smooth + 1)) / (1 + reach**2)).where(squares < reach**2, 0.0)
    lacking = lacking * (1 - torch.eye(count))
    (slope,) = torch.autograd.grad(lacking.sum(), exact)
    assert float(total) == pytest.approx(float(lacking.sum().detach()), rel=1e-3, abs=1e-6 * count**2)
    assert torch.allclose(push.double(), -slope / 4, rtol=2e-3, atol=2e-5 * count * max(wide, 1))


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("wide", [1e-4, 1, 10])
@pytest.mark.parametrize("exaggeration", [1, 12])
def test_the_forces_are_the_gradient_of_the_definition(dims, wide, exaggeration):
    codes = torch.from_numpy(clusters(1203)[0])
    found = affinities(codes, 15)
    points = groups(1203, dims, wide, 3)
    wanted = wanted_gradient(found, points, exaggeration)
    with Pool(2) as pool:
        got = GridForces(found, dims, pool).gradient(points, exaggeration)
    assert (got - wanted).norm() <= 0.006 * wanted.norm()


def test_the_result_does_not_depend_on_how_many_threads_share_the_work():
    found = affinities(torch.from_numpy(clusters(2500)[0]), 15)
    for wide in (0.1, 5):
        points = groups(2500, 3, wide)
        alone = GridForces(found, 3).gradient(points)
        for threads in (2, 3):
            with Pool(threads) as pool:
                assert torch.equal(GridForces(found, 3, pool).gradient(points), alone)


def test_a_grid_that_still_fits_is_kept_and_gives_what_a_new_one_gives():
    points = groups(900, 3, 1)
    grid = Grid(3)
    grid.repulsion(points)
    kernel = grid.kernel
    moved, sums = grid.repulsion(0.995 * points)
    assert grid.kernel is kernel
    wanted, total = repulsion(0.995 * points)
    assert (moved - wanted).norm() <= 0.006 * wanted.norm()
    assert float(sums) == pytest.approx(total, rel=2e-3)
    grid.repulsion(3 * points)
    assert grid.kernel is not kernel


@pytest.mark.parametrize("dims", [2, 3])
def test_a_narrow_axis_keeps_the_grid_too(dims):
    points = groups(900, dims, 1)
    grid = Grid(dims)
    for wide in np.linspace(0.3, 2.5, 23):
        points[:, -1] *= wide * 0.25 / np.ptp(points[:, -1].numpy())
        grid.repulsion(points)
        kernel = grid.kernel
        grid.repulsion(points)
        assert grid.kernel is kernel


def test_a_long_thin_drawing_has_a_grid():
    """Of numbers of nodes that are fast to transform more than a thousand may lie between two."""
    sizes = [grid_forces._smooth(least) for least in (1, 7, 32_806, 2**17 + 1)]
    assert sizes == [1, 8, 33_750, 131_220]


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize(
    "codes",
    [
        np.repeat(np.eye(4, dtype=np.float32), 100, axis=0),  # a hundred times the same four
        np.outer(np.linspace(0, 1, 400), np.ones(4)),  # on a line
        np.vstack([clusters(397)[0], 1e4 * clusters(3)[0]]),  # three far away
    ],
    ids=["equal", "line", "far"],
)
def test_odd_codes_are_drawn_too(codes, dims):
    points = tsne.embed(codes, dims, perplexity=20, iterations=120, repulsion="grid")
    assert np.isfinite(points).all()
    assert points.std() > 0
    again = tsne.embed(codes, dims, perplexity=20, iterations=120, repulsion="grid")
    assert np.array_equal(points, again), "a seed gives one drawing"


@pytest.mark.parametrize("dims", [2, 3])
def test_grid_and_exact_sums_draw_alike(dims):
    codes, _ = clusters(900)
    options: dict[str, Any] = {"perplexity": 20, "iterations": 400}
    drawn = {name: tsne.embed(codes, dims, repulsion=name, **options) for name in ("exact", "grid")}
    found = {name: trustworthiness(codes, points) for name, points in drawn.items()}
    assert found["grid"] == pytest.approx(found["exact"], abs=0.005)
    spans = {name: np.ptp(points, axis=0).mean() for name, points in drawn.items()}
    assert spans["grid"] == pytest.approx(spans["exact"], rel=0.1)
