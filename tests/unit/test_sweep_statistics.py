"""What the runs of a sweep amount to."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore.runs.summary import MARK
from aecore.sweeps import statistics as sweep_statistics
from aecore.sweeps.store import Row, SweepFolder
from tests.helpers.paths import ROOT
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
    odd = Row("odd", {"model.bottleneck.size": 2}, 97, "finished", measured={"none": {"mse": -1e9}}, may_win=False)
    rows.append(odd)
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


@pytest.mark.parametrize(
    ("stalled", "expected"), [([], ""), ([1], "1 of 3 runs: stuck 1"), ([0, 2], "2 of 3 runs: stuck 0")]
)
def test_a_combination_is_marked_by_the_remarks_on_its_runs(stalled, expected):
    rows = [
        Row(f"r{seed}", {"model.bottleneck.size": 2}, seed, "finished", measured={"none": {"mse": 1.0}},
            remarks=[f"stuck {seed}"] if seed in stalled else [])
        for seed in range(3)
    ]  # fmt: skip
    rows.append(Row("other", {"model.bottleneck.size": 4}, 0, "finished", remarks=["of another combination"]))
    sweep = made(seeds=[0, 1, 2], vary={"model.bottleneck.size": [2, 4]})
    (group,) = sweep_statistics.groups(sweep, rows, "mse", "none")
    assert sweep_statistics.mark(group, sweep_statistics.remarked(rows)) == (f"{MARK} {expected}" if expected else "")


def test_the_shipped_sweep_marks_the_seed_that_stalled_and_no_other():
    """Above the mean image's error on MNIST's test images, 0.0675; the next worst run is at 0.056."""
    rows = SweepFolder(ROOT / "checkpoints" / "gallery-sweeps" / "code-size-and-noise").results()
    stalled = [row for row in rows if (row.score("mse") or 0) > 0.0675]
    assert [row.run for row in rows if row.remarks] == [row.run for row in stalled]
    assert len(stalled) == 1
