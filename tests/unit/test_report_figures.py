"""The pictures of a report's figures, made from a run and kept in it."""

import numpy as np
import pytest

from aecore.errors import DamagedError
from aecore.inference import open_run
from aecore.latent.interpolation import interpolate
from aecore.reports.definition import Figure
from aecore.reports.figures import IMAGE_KINDS, figure_images, save_figures
from aecore.runs.run import FIGURES


def figure(kind, key="it", **more):
    return Figure(key=key, kind=kind, title="t", presets=("digits-quick",), **more)


@pytest.fixture
def opened(trained):
    return open_run(trained, "cpu")


def test_images_stand_beside_what_became_of_them(opened):
    parts = figure_images(opened, figure("triplets", images=(3, 0, 7), corruption="gaussian:0.2"))
    assert set(parts) == {"clean", "noisy", "output", "labels", "indices"}
    assert np.array_equal(parts["clean"], opened.test[[3, 0, 7]].numpy())
    assert np.array_equal(parts["labels"], opened.labels[[3, 0, 7]])
    assert parts["indices"].tolist() == [3, 0, 7]
    for name in ("clean", "noisy", "output"):
        assert parts[name].dtype == np.uint8
        assert parts[name].shape == (3, 1, 28, 28)
    error = np.abs(parts["noisy"].astype(int) - parts["clean"]).mean()
    assert 5 < error < 60
    pairs = figure_images(opened, figure("pairs", images=(3,)))
    assert set(pairs) == {"clean", "output", "labels", "indices"}


def test_one_image_under_several_corruptions(opened):
    parts = figure_images(
        opened, figure("corruptions", images=(0, 5), corruptions=("none", "square:8", "gaussian:0.3"))
    )
    assert parts["clean"].shape == (3, 1, 28, 28), "of the first image alone"
    assert np.array_equal(parts["clean"][0], opened.test[0].numpy())
    assert np.sum(parts["clean"][1] != parts["clean"][0]) <= 64


@pytest.mark.parametrize("convention", ["both ends", "open end", "between"])
def test_a_strip_runs_between_two_images(opened, convention):
    parts = figure_images(opened, figure("strip", start=3, end=4, frames=6, convention=convention))
    assert parts["frames"].shape == (6, 1, 28, 28)
    assert np.array_equal(parts["ends"], opened.test[[3, 4]].numpy())
    ends = figure_images(opened, figure("pairs", images=(3, 4)))["output"].astype(int)
    line = interpolate(np.zeros(1), np.ones(1), 6, convention)[:, 0]
    for side, share in ((0, line[0]), (1, line[-1])):
        reached = np.abs(parts["frames"][-side].astype(int) - ends[side]).max() <= 1
        assert reached == (share == side)


@pytest.mark.parametrize("distribution", ["fitted", "normal", "uniform"])
def test_samples_come_with_their_vectors(opened, distribution):
    parts = figure_images(opened, figure("samples", distribution=distribution, count=5))
    assert parts["frames"].shape == (5, 1, 28, 28)
    assert parts["vectors"].shape == (5, 16)
    again = figure_images(opened, figure("samples", distribution=distribution, count=5))
    assert np.array_equal(parts["frames"], again["frames"])


def test_a_run_keeps_the_pictures_of_those_figures_that_have_some(opened):
    save_figures(opened, [figure("layers"), figure("curves")])
    with pytest.raises(DamagedError, match="has no figures"):
        opened.run.tensors(FIGURES)
    kinds = {"pairs": {"images": (0,)}, "strip": {}, "samples": {"count": 2}, "layers": {}}
    save_figures(opened, [figure(kind, kind, **more) for kind, more in kinds.items()])
    kept = opened.run.tensors(FIGURES)
    assert {name.partition("/")[0] for name in kept} == {"pairs", "strip", "samples"} < set(IMAGE_KINDS)
    assert np.array_equal(kept["strip/frames"], figure_images(opened, figure("strip"))["frames"])
