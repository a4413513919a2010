"""Weights at half the size: kept only where the scores stay, and measured as they are kept."""

from __future__ import annotations

import numpy as np
import pytest
import safetensors.numpy
import torch

from aecore import jobs
from aecore.inference import open_run
from aecore.reports import shrink
from aecore.reports.shrink import MOST_ROWS, WITHIN, halve, thin_panel
from aecore.runs.run import WEIGHTS
from tests.helpers.training import MLP


@pytest.fixture
def run(store):
    made = jobs.submit(MLP.changed({"evaluation.corruptions": ["none", "gaussian:0.2"]}), "cpu")
    assert jobs.work(made) == "finished"
    return made


def test_half_the_bytes_and_the_same_scores(run):
    before, size = run.evaluation(), run.file(WEIGHTS).stat().st_size
    assert halve(run, "cpu")
    kept = safetensors.numpy.load_file(run.file(WEIGHTS))
    assert {value.dtype for value in kept.values()} == {np.dtype(np.float16)}
    assert run.file(WEIGHTS).stat().st_size < 0.51 * size
    for one, other in zip(before, run.evaluation(), strict=True):
        assert one["metrics"] != other["metrics"], "the scores are those of the rounded weights"
        assert one["noisy_input"] == other["noisy_input"]
        for name, value in one["metrics"].items():
            assert other["metrics"][name] == pytest.approx(value, rel=WITHIN, abs=WITHIN)


def test_scores_are_of_the_weights_in_the_file(run):
    """The mean squared error from the arrays themselves."""
    assert halve(run, "cpu")
    loaded = open_run(run, "cpu")
    clean = loaded.test.float() / 255
    with torch.no_grad():
        error = (loaded.model(loaded.model.from_bytes(loaded.test)) - clean).square().mean().item()
    assert run.evaluation()[0]["metrics"]["mse"] == pytest.approx(error, rel=1e-5)
    assert run.evaluation()[0]["weights"] == loaded.weights


@pytest.mark.parametrize("why", ["a score would move", "a weight is too large"])
def test_else_nothing_changes(run, why, monkeypatch):
    if why == "a score would move":
        monkeypatch.setattr(shrink, "WITHIN", 0.0)
    else:
        tensors = safetensors.numpy.load_file(run.file(WEIGHTS))
        next(iter(tensors.values()))[:1] = 1e6
        run.write_files({WEIGHTS: safetensors.numpy.save(tensors)})
    whole, scores = run.file(WEIGHTS).read_bytes(), run.evaluation()
    assert not halve(run, "cpu")
    assert run.file(WEIGHTS).read_bytes() == whole
    assert run.evaluation() == scores
    run.check(WEIGHTS)


def test_a_long_panel_keeps_its_first_and_last_row_and_some_between(store):
    made = jobs.submit(MLP.changed({"training.epochs": 40, "data.train_images": 200}), "cpu")
    jobs.work(made)
    before = made.snapshots()
    thin_panel(made)
    after = made.snapshots()
    assert list(after["epochs"][[0, -1]]) == [1, 40]
    assert len(after["epochs"]) == MOST_ROWS
    for epoch, row in zip(after["epochs"], after["reconstructions"], strict=True):
        assert np.array_equal(row, before["reconstructions"][list(before["epochs"]).index(epoch)])
    assert np.array_equal(after["clean"], before["clean"])
    thin_panel(made)
    assert np.array_equal(made.snapshots()["epochs"], after["epochs"]), "a short panel stays as it is"
