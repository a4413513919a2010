"""Runs made at this moment by the tools themselves, against what the tools themselves read of them."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from aecore.imports import import_runs
from tests.helpers import real_tools
from tests.helpers.paths import ROOT
from tests.unit.test_imports import values

WHY = "tests/requirements-tools.txt"


def made(tool: str, place: Path | str) -> None:
    """Let a tool that keeps settings for its whole process write its runs in one of its own."""
    code = f"from pathlib import PosixPath\nfrom tests.helpers import real_tools\nreal_tools.{tool}({place!r})"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, check=True, capture_output=True)


def test_tensorboard_reads_the_same_scalars(tmp_path, store):
    pytest.importorskip("tensorboardX", reason=WHY)
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason=WHY)
    util = pytest.importorskip("tensorboard.util.tensor_util", reason=WHY)
    real_tools.tensorboard(tmp_path)
    outcomes = {one.run.title(): one for one in import_runs("tensorboard", tmp_path).outcomes}
    for title in ("simple", "simple/hp", "purged"):
        theirs = accumulator.EventAccumulator(str(tmp_path / title), size_guidance={"scalars": 0, "tensors": 0})
        theirs.Reload()
        for tag in theirs.Tags()["scalars"]:
            expected = {event.step: event.value for event in theirs.Scalars(tag)}
            found = dict(values(outcomes[title].run, outcomes[title].names[tag]))
            assert found == {step: value if math.isfinite(value) else None for step, value in expected.items()}
    for name in ("train", "validation"):
        theirs = accumulator.EventAccumulator(str(tmp_path / "keras" / name), size_guidance={"tensors": 0})
        theirs.Reload()
        expected = [
            (event.step, util.make_ndarray(event.tensor_proto).item()) for event in theirs.Tensors("epoch_loss")
        ]
        keras = outcomes["keras"]
        assert values(keras.run, keras.names[f"{name}/epoch_loss"]) == expected


def test_twenty_thousand_scalars_are_all_there(tmp_path, store):
    writers = pytest.importorskip("tensorboardX", reason=WHY)
    with writers.SummaryWriter(str(tmp_path)) as writer:
        for step in range(20_000):
            writer.add_scalar("loss", step, step, walltime=1.7e9)
    (outcome,) = import_runs("tensorboard", tmp_path).outcomes
    assert len(outcome.run.metrics()) == 20_000


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["files", "database"])
def test_mlflow_has_the_same_history(tmp_path, store, kind, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    pytest.importorskip("sqlalchemy", reason=WHY)
    tracking = pytest.importorskip("mlflow.tracking", reason=WHY)
    place = tmp_path / "mlruns" if kind == "files" else tmp_path / "mlflow.db"
    uri = place.as_uri() if kind == "files" else f"sqlite:///{place}"
    made("mlflow", uri)
    theirs = tracking.MlflowClient(uri)
    for outcome in import_runs("mlflow", place).outcomes:
        key = outcome.run.status()["recorded"]["source"]["key"]
        assert theirs.get_run(key).info.run_name == outcome.run.title()
        for tag, name in outcome.names.items():
            history = sorted(theirs.get_metric_history(key, tag), key=lambda one: one.timestamp)
            expected = {one.step: one.value if abs(one.value) < 1e308 else None for one in history}
            assert dict(values(outcome.run, name)) == expected


def test_trackio_has_the_same_runs(tmp_path, store):
    pytest.importorskip("trackio", reason=WHY)
    made("trackio", tmp_path)
    found = {one.run.title(): one.run for one in import_runs("trackio", tmp_path).outcomes}
    assert sorted(found) == ["first", "second"]
    assert values(found["first"], "train_loss") == [(3 * step, loss) for step, loss in enumerate(real_tools.LOSSES)]
