"""What one line of a notebook does: train, look at a run, compare."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

import aecore
from aecore import data
from aecore.errors import AecoreError, UserError
from aecore.inference import load_model
from aecore.runs.state import STOP_ASKED
from aecore.runs.store import Store
from tests.helpers.paths import ROOT


def test_a_preset_is_trained_with_its_progress(store, capsys):
    run = aecore.train("digits-quick", epochs=2, name="mine", changes={"model.bottleneck.size": 3}, device="cpu")
    experiment = run.experiment()
    assert (run.title(), experiment.training.epochs, experiment.model.bottleneck.size) == ("mine", 2, 3)
    assert run.status()["state"] == "finished"
    assert "training" in capsys.readouterr().err
    assert aecore.train(experiment.changed({"training.epochs": 1}), progress=False, device="cpu").status()["epoch"] == 1
    assert capsys.readouterr().err == ""


def test_what_cannot_be_trained_and_what_was_stopped(store, monkeypatch, tmp_path):
    with pytest.raises(UserError, match="nothing"):
        aecore.train("nothing")
    with pytest.raises(UserError, match="epochs"):
        aecore.train("digits-quick", epochs=0)
    with pytest.raises(UserError, match=r"none\.toml"):
        aecore.train(tmp_path / "none.toml")

    def stop(run, _):
        run.file(STOP_ASKED).touch()
        return "stopped"

    monkeypatch.setattr("aecore.jobs.work", stop)
    with pytest.raises(AecoreError, match=r"is stopped: aecore\.requeue"):
        aecore.train("digits-quick")


def test_a_run_gives_its_network_codes_and_numbers(trained):
    images = data.load("digits-28")
    test = torch.from_numpy(np.array(images.x_test)).float() / 255
    with torch.no_grad():
        codes = trained.model().encode(test).numpy()
        error = float((load_model(trained)(test) - test).square().mean())
    assert np.allclose(trained.codes(), codes, atol=1e-6)
    assert trained.evaluate(device="cpu")["metrics"]["mse"] == pytest.approx(error, rel=1e-5)
    assert trained.evaluate("gaussian:0.5", "cpu")["noisy_input"]["mse"] == pytest.approx(0.25, rel=0.05)
    frame = trained.frame()
    assert isinstance(frame, pd.DataFrame)
    assert frame.index.tolist() == [1, 2, 3]
    assert frame.train_loss.tolist() == [line["train_loss"] for line in trained.metrics()]
    assert trained.frame("layers.jsonl").empty or len(trained.frame("layers.jsonl")) == 3


def test_runs_side_by_side(trained, gallery):
    found = aecore.compare(trained, "mnist-mlp8")
    shipped = gallery.find("mnist-mlp8")
    assert found.numbers["code size"] == (16, 8)
    assert found.numbers["test MSE"] == tuple(run.evaluation()[0]["metrics"]["mse"] for run in (trained, shipped))
    assert found.settings["data.name"] == ("digits-28", "mnist")
    assert "model.range" not in found.settings, "they do not differ there"
    text, page, frame = str(found), found._repr_html_(), found.frame()
    assert "mnist" in text
    assert page.count("<tr>") == len(text.splitlines()) == 1 + len(frame)
    assert list(frame.columns) == [trained.id, "mnist-mlp8"]
    assert frame.loc["code size"].tolist() == [16, 8]
    lacking = aecore.compare(trained, shipped, corruption="salt-pepper:0.3")
    assert lacking.numbers["test MSE, salt-pepper:0.3"] == (None, None)
    with pytest.raises(UserError, match="at least two"):
        aecore.compare(trained)


def test_a_title_is_no_markup(trained, gallery):
    from aecore.runs.notes import rename

    rename(trained, "<b>bold</b>")
    assert "<b>" not in aecore.compare(trained, "mnist-mlp8")._repr_html_()


def test_the_runs_of_the_store_are_listed_by_a_name_that_is_a_package_too(store, trained):
    assert [run.id for run in aecore.runs()] == [trained.id]  # pyright: ignore[reportCallIssue]
    assert aecore.runs(Store(store.root / "elsewhere")) == []  # pyright: ignore[reportCallIssue]
    code = "import aecore, sys; assert callable(aecore.runs); assert not {'torch', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
