"""Which way of summing t-SNE's repulsion is taken: by a short trial where it is not obvious, then as it was found."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from aecore.errors import UserError
from aecore.latent import repulsion, tsne
from aecore.latent.affinities import Affinities
from aecore.latent.projection import project
from aecore.latent.repulsion import WAYS, choose, spread_out
from aecore.models import known_ways
from tests.helpers.codes import clusters
from tests.helpers.paths import GALLERY_RUN

NO_PULLS = Affinities(torch.zeros(0), torch.zeros(0), torch.zeros(0))
"""Of points whose forces are not computed."""


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    monkeypatch.setattr("aecore.models.known_ways.Others.share", lambda self: 0.0)


@pytest.fixture
def timed(monkeypatch):
    """Trials that find what they are told, and how often there was one."""
    tried = []

    def set_seconds(**seconds):
        def found(forces, points):
            tried.append(float(points.std()))
            return seconds

        monkeypatch.setattr(repulsion, "_timed", found)
        monkeypatch.setattr(repulsion, "WAYS", {way: lambda *given: None for way in WAYS})
        return tried

    return set_seconds


def chosen(count: int, dims: int = 2, perplexity: float = 30, iterations: int = 1000) -> str:
    return choose(NO_PULLS, 1e-4 * torch.randn(count, dims), perplexity, iterations)


@pytest.mark.parametrize(
    ("exact", "grid", "way"), [(0.01, 0.005, "grid"), (0.005, 0.01, "exact"), (0.0102, 0.01, "exact")]
)
def test_the_faster_way_is_taken_and_known_the_next_time(timed, exact, grid, way):
    tried = timed(exact=exact, grid=grid)
    assert chosen(5000) == way
    assert tried == pytest.approx([1e-4, repulsion.SPREAD], rel=0.1), "close together, and spread out"
    timed(exact=grid, grid=exact)
    assert chosen(5000) == way
    assert chosen(5000, iterations=10) == way
    assert chosen(5050) == way
    assert len(tried) == 2
    (entry,) = known_ways.entries().values()
    assert entry["seconds"] == {"exact": exact, "grid": grid}
    assert entry["projection"] == "t-SNE, 5,000 points in 2D, perplexity 30"


@pytest.mark.parametrize("other", [{"dims": 3}, {"count": 6000}, {"perplexity": 50}])
def test_other_drawings_are_tried_too(timed, other):
    tried = timed(exact=2, grid=1)
    chosen(5000)
    chosen(**{"count": 5000} | other)
    assert len(tried) == 4


def test_another_machine_is_tried_anew(timed, monkeypatch):
    tried = timed(exact=2, grid=1)
    chosen(5000)
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    chosen(5000)
    assert len(tried) == 4


def test_what_is_obvious_or_soon_over_is_not_tried(timed):
    tried = timed(exact=1, grid=1)
    assert [chosen(count, iterations=1000) for count in (300, 1499, 20_000)] == ["exact", "exact", "grid"]
    assert [chosen(count, 2, iterations=50) for count in (2999, 3000)] == ["exact", "grid"]
    assert [chosen(count, 3, iterations=50) for count in (6999, 7000)] == ["exact", "grid"]
    assert not tried
    assert known_ways.entries() == {}


def test_what_a_busy_processor_has_shown_is_not_kept(timed, monkeypatch):
    tried = timed(exact=2, grid=1)
    monkeypatch.setattr("aecore.models.known_ways.Others.share", lambda self: 0.95)
    assert chosen(2000) == "grid"
    assert known_ways.entries() == {}
    chosen(2000)
    assert len(tried) == 4


@pytest.mark.parametrize("way", ["fast", {"grid": 1}, ["grid"], None, 1])
def test_a_way_that_is_none_is_tried_anew(timed, way):
    tried = timed(exact=2, grid=1)
    chosen(5000)
    table = json.loads(known_ways.path().read_text())
    (name,) = table["ways"]
    table["ways"][name]["way"] = way
    known_ways.path().write_text(json.dumps(table))
    assert chosen(5000) == "grid"
    assert len(tried) == 4


def test_a_damaged_cache_is_ignored(timed):
    tried = timed(exact=2, grid=1)
    chosen(5000)
    known_ways.path().write_bytes(known_ways.path().read_bytes()[:-30])
    assert chosen(5000) == "grid"
    assert len(tried) == 4
    assert len(known_ways.entries()) == 1, "and written anew"


@pytest.mark.parametrize("dims", [2, 3])
def test_the_drawing_of_a_trial_is_like_a_finished_one(dims):
    codes = clusters(1600)[0].astype(np.float64)
    start = tsne._start(codes - codes.mean(0), dims, 0)
    apart = spread_out(start)
    radius = apart.norm(dim=1)
    assert float(radius.square().mean() / dims) ** 0.5 == pytest.approx(repulsion.SPREAD, rel=0.01)
    inner = float((radius < radius.max() / 2).float().mean())
    assert inner == pytest.approx(0.5**dims, abs=0.01), "as many points in each part of a ball"
    path = GALLERY_RUN / "projections" / f"tsne-{dims}d.safetensors"
    finished = load_file(path)["coordinates"].astype(np.float32)
    assert finished.std() == pytest.approx(repulsion.SPREAD, rel=0.2)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_real_trial_names_its_way_with_which_the_drawing_is_the_same(dims):
    codes, threads = clusters(1600)[0], torch.get_num_threads()
    options: dict[str, Any] = {"perplexity": 10, "iterations": 200}
    points, made = project(codes, "tsne", dims, **options)
    (entry,) = known_ways.entries().values()
    assert entry["way"] == made["repulsion"] in WAYS
    assert set(entry["seconds"]) == set(WAYS)
    assert min(entry["seconds"].values()) > 0
    assert torch.get_num_threads() == threads
    for given in ("auto", made["repulsion"]):
        again, told = project(codes, "tsne", dims, **options, repulsion=given)
        assert np.array_equal(again, points), "with a trial and without one"
        assert told == made
    (other,) = WAYS.keys() - {made["repulsion"]}
    different, told = project(codes, "tsne", dims, **options, repulsion=other)
    assert told == made | {"repulsion": other}
    assert not np.array_equal(different, points)


def test_an_unknown_way_is_one_line():
    with pytest.raises(UserError, match="did you mean 'exact'"):
        project(clusters(300)[0], "tsne", 2, repulsion="exakt")


@pytest.mark.parametrize("dims", [2, 3])
def test_a_flat_drawing_to_start_from_is_spread_out_too(dims):
    points = torch.zeros(50, dims)
    points[:, 0] = torch.linspace(-1, 1, 50)
    assert torch.isfinite(repulsion.spread_out(points)).all()
    assert torch.isfinite(repulsion.spread_out(torch.zeros(50, dims))).all()
