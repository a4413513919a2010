"""Searching with Optuna."""

from __future__ import annotations

import math
import statistics

import pytest

from aecore.errors import UserError
from aecore.sweeps import store as sweep_store
from aecore.sweeps.definition import Range
from aecore.sweeps.store import Row
from tests.helpers.sweeps import GRID, carried, made


def test_a_search_learns_from_the_runs_and_begins_anew_from_them():
    pytest.importorskip("optuna", reason="Optuna is optional: requirements-cluster.txt")
    from aecore.sweeps.optuna_search import Search
    from aecore.sweeps.runner import _key

    vary = {"training.lr": Range(low=1e-5, high=1, log=True), "model.bottleneck.size": [2, 4, 8]}
    sweep = made(method="search", trials=40, vary=vary, seeds=1)

    def played(rows, most):
        search, asked = Search(sweep, rows, _key, lambda values: None), []
        while len(asked) < most and (values := search.next()) is not None:
            asked.append(values)
            error = (math.log10(values["training.lr"]) + 2) ** 2 + abs(values["model.bottleneck.size"] - 8)
            rows[_key(values, 0)] = Row(f"r{len(rows)}", values, 0, "finished", measured={"none": {"mse": error}})
            search.run_ended(values)
        return asked

    rows: dict = {}
    first = played(rows, 15)
    rest = played(rows, 99)  # as after a stop: from the rows alone
    assert len(rows) == 40
    assert not [values for values in rest if values in first]
    close = [abs(math.log10(values["training.lr"]) + 2) for values in rest]
    assert statistics.median(close[-12:]) < statistics.median([abs(math.log10(v["training.lr"]) + 2) for v in first])
    assert min(row.score("mse") for row in rows.values()) < 0.3
    assert played(rows, 99) == []


ODD = {
    "set": GRID["set"] | {"model.norm": "batch", "evaluation.corruptions": ["none"]},
    "method": "search",
    "trials": 3,
    "seeds": 1,
}
"""A hundred images, and batch normalisation: batches of 33 and 99 leave one image over, which has no spread."""


def test_a_search_passes_over_what_cannot_be_trained(store):
    pytest.importorskip("optuna", reason="Optuna is optional: requirements-cluster.txt")
    sizes = {"training.batch_size": [99, 33, 50], "training.lr": Range(low=1e-4, high=1e-2, log=True)}
    made_folder = sweep_store.create(made(**ODD, vary=sizes), store)
    carried(made_folder, store)
    assert [row.values["training.batch_size"] for row in sweep_store.rows(made_folder, store)] == [50, 50, 50]
    assert made_folder.state() == "finished"


def test_a_search_of_nothing_that_can_be_trained_says_why(store):
    pytest.importorskip("optuna", reason="Optuna is optional: requirements-cluster.txt")
    made_folder = sweep_store.create(made(**ODD, vary={"training.batch_size": [99, 33]}), store)
    with pytest.raises(UserError, match=r"20 combinations were tried, and none can be trained; the last: .*batch"):
        carried(made_folder, store)
    assert made_folder.state() == "failed"
    assert not sweep_store.rows(made_folder, store)


def test_a_search_needs_its_package_and_says_so(store, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    made_folder = sweep_store.create(made(method="search"), store)
    with pytest.raises(UserError, match="needs Optuna: pip install"):
        carried(made_folder, store)
    assert made_folder.state() == "failed"
