"""What the runs of a sweep amount to."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.sweeps import statistics as sweep_statistics
from aecore.sweeps.store import Row
from tests.helpers.sweeps import made


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9))
def test_mean_and_spread_are_those_of_the_seeds(figures):
    sweep = made(seeds=list(range(len(figures))), vary={"model.bottleneck.size": [2]})
    rows = [
        Row(f"r{seed}", {"model.bottleneck.size": 2}, seed, "finished", measured={"none": {"mse": figure}})
        for seed, figure in enumerate(figures)
    ]
    rows.append(Row("bad", {"model.bottleneck.size": 2}, 99, "finished", measured={"none": {"mse": None}}))
    rows.append(Row("cut", {"model.bottleneck.size": 2}, 98, "stopped", measured={"none": {"mse": 1.0}}))
    (group,) = sweep_statistics.groups(sweep, rows, "mse", "none")
    assert group.scores == tuple(figures)
    assert group.mean == pytest.approx(statistics.fmean(figures))
    assert group.std == (None if len(figures) == 1 else pytest.approx(statistics.stdev(figures)))


def test_figures_are_those_of_the_corruption_that_is_asked_for():
    row = Row(
        "r",
        {},
        0,
        "finished",
        corruption="gaussian:0.3",
        train_loss=0.5,
        measured={"none": {"mse": 1.0}, "gaussian:0.3": {"mse": 2.0, "wrong_digit_rate": 0.1}},
    )
    assert row.score("mse") == 1
    assert row.score("mse", "own") == 2
    assert row.score("wrong_digit_rate", "gaussian:0.3") == 0.1
    assert row.score("mse", "square:8") is None
    assert row.score("train_loss", "own") == 0.5
