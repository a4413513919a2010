"""Projections by packages that may be there: UMAP and PaCMAP; and our t-SNE beside another program's."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from aecore.errors import UserError
from aecore.latent import packages
from aecore.latent.projection import METHODS, SHIPPED, available_methods, check, project, project_new
from aecore.latent.projection_store import Projection
from aecore.metrics.projection import trustworthiness
from aecore.viewer.point_cloud import note
from benchmarks import projections
from tests.helpers.codes import clusters

NAMED = {"umap": "umap-learn", "pacmap": "pacmap"}


def needs(method: str) -> None:
    if not packages.installed(method):
        pytest.skip(f"{packages.NAMES[method]} is not installed (requirements-projections.txt)")


# UMAP compiles itself for twenty seconds.
@pytest.mark.parametrize("method", [pytest.param("umap", marks=pytest.mark.proof), "pacmap"])
def test_a_method_of_a_package_finds_the_groups(method):
    needs(method)
    codes, labels = clusters()
    seen: list[tuple[int, int]] = []
    points, made = project(codes, method, 2, seed=3, progress=lambda done, total: seen.append((done, total)))
    assert points.shape == (len(codes), 2)
    assert points.dtype == np.float32
    assert trustworthiness(codes, points) > 0.85
    assert made["seed"] == 3
    assert made["implementation"].startswith(NAMED[method])
    again, _ = project(codes, method, 2, seed=3)
    assert np.array_equal(points, again), "a seed gives one result"
    if method == "umap":
        assert seen[-1][0] == seen[-1][1] > 0
        assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    about = Projection(method, points, labels, np.arange(len(labels)), made)
    assert made["implementation"] in note(about)
    assert np.allclose(project_new(codes, points, codes[:1], method), points[:1], atol=0.05)


@pytest.mark.proof  # in short: grid and exact sums draw alike, tests/unit/test_grid_forces.py
@pytest.mark.parametrize("dims", [2, 3])
def test_another_program_finds_the_same_neighbours_as_ours_on_a_grid(dims):
    pytest.importorskip("openTSNE", reason="openTSNE is not installed (requirements-dev.txt)")
    codes = np.vstack([clusters(3000)[0], clusters(5000, seed=1)[0]])
    ours = projections.DRAWS["ours"](codes, dims, 300)
    theirs = projections.DRAWS["openTSNE"](codes, dims, 300)
    assert trustworthiness(codes, ours) == pytest.approx(trustworthiness(codes, theirs), abs=0.01)


def test_without_the_packages_everything_else_works(monkeypatch):
    real = importlib.util.find_spec
    missing = set(packages.MODULES.values())
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else real(name))
    assert available_methods() == SHIPPED
    for method in set(METHODS) - set(SHIPPED):
        with pytest.raises(UserError, match=r"pip install -r requirements-projections\.txt"):
            check(8, 1000, method, 2)
