"""Measuring in a process of its own: finished, stopped, and as part of a sweep."""

from __future__ import annotations

import pytest

from aecore import plots
from aecore.errors import UserError
from aecore.jobs import measuring
from aecore.measures import measure
from aecore.runs.measures import read_measures
from aecore.runs.process import is_alive
from aecore.sweeps.definition import Sweep
from aecore.sweeps.executors import LocalExecutor
from aecore.sweeps.runner import run_sweep
from aecore.sweeps.statistics import best, groups
from aecore.sweeps.store import create, rows
from dashboard.sweep.export import csv_text
from tests.helpers.processes import wait_for


def test_a_job_works_on_its_own_and_one_that_is_stopped_leaves_what_was_there(trained, forked_jobs):
    measuring.start(trained, device="cpu")
    with pytest.raises(UserError, match="is being measured already"):
        measuring.start(trained)

    def over() -> bool:
        now = measuring.read_progress(trained)
        assert now is None or now.state == "running", now.error
        return now is None

    wait_for(over, 120)
    before = read_measures(trained)
    assert before is not None
    assert before.value("linear_probe")
    measuring.start(trained, again=True, device="cpu")
    running = measuring.read_progress(trained)
    assert running is not None
    measuring.stop(trained)  # at once: such a run is measured in seconds
    assert measuring.read_progress(trained) is None
    assert not is_alive(running.process)
    after = read_measures(trained)
    assert after is not None
    assert after.about["made"] == before.about["made"]
    measuring.stop(trained)  # once more does no harm


def test_a_measure_is_the_figure_and_the_goal_of_a_sweep(store, forked_jobs):
    """Its runs measure themselves; of a sweep with another goal, those that were measured later have the value too."""
    base = {"base": "digits-quick", "set": {"training.epochs": 1}, "vary": {"model.bottleneck.size": [2, 16]}}
    sweep = Sweep.parse({"name": "probes", "goal": "linear_probe", **base})
    assert sweep.better == "higher"
    folder = create(sweep, store)
    for _ in run_sweep(folder, store, LocalExecutor("cpu")):
        pass
    found = groups(sweep, rows(folder, store), "linear_probe", "none")
    assert [group.values["model.bottleneck.size"] for group in best(found, "higher")] == [16, 2]
    figure = plots.sweep(folder, "linear_probe")
    assert figure.layout.yaxis.title.text == "Linear probe (%)"
    csv = csv_text(sweep, rows(folder, store)).splitlines()
    assert "linear_probe" in csv[0]
    other = create(Sweep.parse({"name": "losses", "goal": "test_loss", **base}), store)
    for _ in run_sweep(other, store, LocalExecutor("cpu")):
        pass
    assert all(not row.measures for row in rows(other, store))
    measure(store.find(rows(other, store)[0].run), "cpu")
    assert [bool(row.measures) for row in rows(other, store)] == [True, False]
