"""A store that an older version wrote: each of its runs opens, says what it said, and goes out and comes in again."""

from __future__ import annotations

import io
import json
import shutil

import numpy as np
import pytest
import safetensors.torch
import torch

from aecore import data, plots
from aecore.config.corruption import Corruption
from aecore.inference import load_model, open_run
from aecore.latent.codes import read_codes
from aecore.latent.projection_store import is_replaced, read_projection, restore_shipped
from aecore.plots.save import FIGURES, OF_MEASURES, figure_of
from aecore.runs import archive, trash
from aecore.runs.run import RESUME, WEIGHTS, Run
from aecore.runs.state import run_state
from aecore.runs.summary import summarise
from aecore.sweeps import statistics
from aecore.sweeps import store as sweep_store
from aecore.training.checkpoint import new_state, restore, state_bytes
from tests.helpers.cli import as_json
from tests.helpers.old_store import FOLDER, RUNS, contains, said


def files_of(run: Run) -> dict[str, bytes]:
    return {str(path.relative_to(run.path)): path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


def test_the_command_line_says_what_it_said(capsys, old_store):
    rows = [row for row in as_json(capsys, "runs") if not row["shipped"]]
    assert contains(rows, said("runs"))
    for name in ("finished", "noted", "imported", "stopped"):
        assert contains(as_json(capsys, "show", name), said(f"show-{name}")), name
    assert contains(as_json(capsys, "sweeps", "sizes"), said("sweep"))
    assert contains(as_json(capsys, "restore"), said("trash"))


@pytest.mark.parametrize("name", RUNS)
def test_a_run_opens(old_store, name):
    run = old_store.find(name)
    state = "stopped" if name == "stopped" else "finished"
    assert run_state(run) == summarise(run).state == state
    assert summarise(run).problem == ""
    experiment = run.experiment()
    epochs = 0 if name == "imported" else run.status()["epoch"]
    assert [line["epoch"] for line in run.metrics()] == list(range(1, epochs + 1))
    panel = run.snapshots()
    assert panel["clean"].shape == (20, 1, 8, 8)
    assert panel["reconstructions"].shape[1:] == panel["clean"].shape
    assert len(panel["epochs"]) == len(panel["reconstructions"])
    model = load_model(run)
    for key, tensor in safetensors.torch.load_file(run.file(WEIGHTS)).items():
        assert torch.equal(model.state_dict()[key], tensor)
    codes = read_codes(run)
    if state == "stopped":
        assert (run.evaluation(), codes) == ([], None)
    else:
        assert codes is not None
        assert codes.codes is not None
        assert codes.codes.shape == (297, experiment.model.bottleneck.size)
        loaded = open_run(run, "cpu")
        for entry in run.evaluation():
            again = loaded.evaluate(Corruption.parse(entry["corruption"]))
            assert again["metrics"] == pytest.approx(entry["metrics"], rel=1e-5)
            for metric, value in entry["noisy_input"].items():  # a clean image's PSNR is infinite, which is null
                assert again["noisy_input"][metric] == (None if value is None else pytest.approx(value, rel=1e-5))
        again = loaded.codes(297).codes
        assert again is not None
        assert np.allclose(again, codes.codes, rtol=1e-2, atol=1e-2)


def test_steps_layers_notes_and_where_a_checkpoint_came_from(old_store):
    finished, noted, imported = map(old_store.find, ("finished", "noted", "imported"))
    assert [line["step"] for line in finished.lines("steps.jsonl")][-1] == 16
    assert all("validation_loss" in line for line in finished.lines("steps.jsonl"))
    assert len(finished.lines("layers.jsonl")) == 4
    assert noted.notes() == {"title": "Our best", "note": "Two lines:\nthis is the second.", "group": ""}
    assert noted.title() == "Our best"
    assert summarise(imported).imported == "own.pth"


def test_projections_of_a_run_and_of_a_shipped_one(old_store):
    finished = old_store.find("finished")
    for method, dims in (("pca", 2), ("tsne", 3)):
        found = read_projection(finished, method, dims)
        assert found is not None
        assert found.coordinates.shape == (100, dims)
        assert found.quality["trustworthiness"] > 0.9
    shipped = old_store.find("mnist-mlp8")
    assert is_replaced(shipped, "pca", 2)
    own = read_projection(shipped, "pca", 2)
    assert own is not None
    assert len(own.labels) == 100
    restore_shipped(shipped, "pca", 2)
    original = read_projection(shipped, "pca", 2)
    assert original is not None
    assert len(original.labels) > 100


@pytest.mark.parametrize("name", RUNS)
def test_a_run_goes_out_as_a_zip_and_comes_back(old_store, name):
    run = old_store.find(name)
    before = files_of(run)
    packed = archive.packed(run)
    shutil.rmtree(run.path)
    assert archive.unpack(io.BytesIO(packed), old_store) == run
    after = files_of(run)
    assert json.loads(after.pop("status.json")) == json.loads(before.pop("status.json"))
    assert after == before


def test_a_deleted_run_comes_back(old_store):
    (deleted,) = trash.deleted_runs(old_store)
    before = files_of(Run(deleted.path))
    run = trash.restore(deleted)
    assert run.id.startswith("trashed-2026")
    assert files_of(run) == before
    assert run_state(run) == "finished"
    assert old_store.find("trashed") == run


def test_the_sweep_is_listed_and_amounts_to_what_it_did(old_store):
    (folder,) = sweep_store.sweeps(old_store)
    assert folder.state() == "finished"
    sweep, rows = folder.sweep(), sweep_store.rows(folder, old_store)
    assert rows == folder.results()
    assert sorted(run.id for run in sweep_store.runs_of(folder, old_store)) == sorted(row.run for row in rows)
    told = said("sweep")
    for group, expected in zip(
        statistics.groups(sweep, rows, told["goal"], told["under"]), told["combinations"], strict=True
    ):
        assert (group.values, list(group.runs), list(group.scores)) == (
            expected["values"],
            expected["runs"],
            expected["figures"],
        )
        assert (group.mean, group.std) == (expected["mean"], expected["std"])
    assert plots.sweep(folder).data


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in OF_MEASURES])
def test_figures_are_drawn(old_store, name):
    assert figure_of(old_store.find("finished"), name).data
    if name == "loss":
        both = plots.loss_curves(old_store.find("finished"), old_store.find("noted"))
        assert {trace["name"] for trace in both.to_plotly_json()["data"]} == {"finished", "Our best"}


def test_a_state_is_restored_to_the_bit(old_store):
    run = old_store.find("stopped")
    experiment = run.experiment()
    images = data.load(experiment.data.name)
    shape = tuple(images.x_train.shape[1:])
    state = new_state(experiment, shape, experiment.data.train_images or 0, torch.device("cpu"))  # type: ignore[arg-type]
    restore(state, run.file(RESUME))
    assert state.epoch == run.status()["epoch"]
    expected, found = safetensors.torch.load_file(run.file(RESUME)), safetensors.torch.load(state_bytes(state))
    assert found.keys() == expected.keys()
    assert {"order", "noise", "draws"} < found.keys()
    for name, tensor in expected.items():
        assert torch.equal(found[name], tensor), name
    with safetensors.safe_open(run.file(RESUME), "pt") as old:
        plain = json.loads(old.metadata()["state"])
    assert (state.seconds, [state.logged, state.logged_steps]) == (plain["seconds"], plain["logged"])
    assert state.scheduler is not None
    assert contains(state.scheduler.state_dict(), plain["scheduler"])


def test_it_is_small():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 600_000
