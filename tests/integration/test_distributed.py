"""One run in several processes: the same losses as in one, and any number of them can go on with it."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from aecore import jobs
from aecore.presets import preset
from aecore.runs.state import run_state
from aecore.runs.store import Store
from aecore.training.checkpoint import restore, state_bytes
from tests.helpers.distributed_cases import CASES, case
from tests.helpers.nursery import Nursery
from tests.helpers.processes import torchrun, wait_for
from tests.helpers.training import fresh, train

SHORT = ("mean, noise", "normalisation, dropout", "conditional, warm-up")


@pytest.fixture(scope="module")
def together(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, nursery: Nursery
) -> tuple[Path, dict[str, Any]]:
    """What two processes made of the cases that are tested, and the folder with their states."""
    folder = tmp_path_factory.mktemp("together")
    callspecs = [getattr(item, "callspec", None) for item in request.session.items]
    tested = [found.params.get("name") for found in callspecs if found]
    cases = [name for name in CASES if name in tested]
    for name in cases:
        experiment, images, precision = case(name)
        state = fresh(experiment, images)
        train(experiment, state, images, 2, precision)
        (folder / f"{name}.safetensors").write_bytes(state_bytes(state))
    with torchrun(nursery, 2, "tests.helpers.distributed_cases", str(folder), *cases) as started:
        _, said = started.communicate(timeout=250)
        assert started.returncode == 0, said
        assert "Warning" not in said
    return folder, json.loads((folder / "results.json").read_text())


@pytest.mark.parametrize(
    "name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.proof) for name in CASES]
)
def test_two_processes_train_as_one_does(name, together):
    folder, results = together
    experiment, images, precision = case(name)
    near = 1e-4 if precision == "float32" else 0.02
    state = fresh(experiment, images)
    alone = train(experiment, state, images, precision=precision)
    found = results[name]
    assert found["prints"][0] == found["prints"][1]
    for key in ("train_loss", "test_loss", *[key for key in alone.epochs[0].parts if key != "wrong_digit_rate"]):
        expected = [epoch.line()[key] for epoch in alone.epochs]
        assert [line[key] for line in found["epochs"]] == pytest.approx(expected, rel=near), key
    assert [line["lr"] for line in found["epochs"]] == [epoch.lr for epoch in alone.epochs]
    assert len(found["steps"]) == len(alone.steps)
    for line, step in zip(found["steps"], alone.steps, strict=True):
        assert line == pytest.approx(vars(step), rel=near)
    first = {layer: values["gradient"] for layer, values in found["epochs"][0]["gradients"].items()}
    expected = {layer: values["gradient"] for layer, values in alone.epochs[0].layers.items()}
    assert first == pytest.approx(expected, rel=10 * near)
    running = [value for key, value in state.model.state_dict().items() if "running" in key]
    assert len(found["running"]) == len(running)
    for ours, theirs in zip(found["running"], running, strict=True):
        torch.testing.assert_close(torch.tensor(ours), theirs, rtol=10 * near, atol=near / 10)
    # From one process to two, and from two to one.
    rest = [epoch.train_loss for epoch in alone.epochs[2:]]
    assert found["resumed"] == pytest.approx(rest, rel=near)
    resumed = fresh(experiment, images)
    restore(resumed, folder / f"{name} of two.safetensors")
    continued = train(experiment, resumed, images, precision=precision)
    assert [epoch.train_loss for epoch in continued.epochs] == pytest.approx(rest, rel=near)


@pytest.mark.proof  # in short: the end of the test above, from one process to two and back
def test_a_run_outlives_its_processes_and_changes_their_number(store: Store, nursery: Nursery):
    """Two processes, of which one is killed; then three, which are stopped; then one."""
    changes = {"training.epochs": 40, "training.batch_size": 200, "training.precision": "float32"}
    changes |= {"data.train_images": 600}
    settings = [f"--set={key}={value}" for key, value in changes.items()]
    with torchrun(nursery, 2, "aecore", "train", "digits-quick", "--device", "cpu", *settings) as started:
        wait_for(lambda: any(len(run.metrics()) >= 2 for run in store.runs()), 120)
        (run,) = store.runs()
        own = run.status()["process"]["pid"]
        (other,) = [child for child in nursery.children() if child.pid not in (started.pid, own)]
        other.kill()
        _, said = started.communicate(timeout=120)
        assert started.returncode
    assert run_state(run) == "failed"
    assert "another process of the run has ended" in run.status()["error"]
    assert "aecore: another process of the run has ended" in said
    reached = run.status()["epoch"]
    assert run.file("resume.safetensors").exists()

    with torchrun(nursery, 3, "aecore", "resume", run.id) as started:
        wait_for(lambda: run_state(run) == "running" and len(run.metrics()) >= reached + 2, 120)
        assert run.status()["processes"] == 3
        started.send_signal(signal.SIGTERM)
        started.communicate(timeout=120)
    assert run_state(run) == "stopped"
    assert reached < run.status()["epoch"] < 40

    jobs.requeue(run)
    assert jobs.work(run) == "finished"
    assert run.status()["processes"] == 1
    alone = jobs.submit(preset("digits-quick").experiment.changed(changes), "cpu")
    assert jobs.work(alone) == "finished"
    assert [line["epoch"] for line in run.metrics()] == list(range(1, 41))
    for key in ("train_loss", "test_loss"):
        ours, theirs = ([line[key] for line in one.metrics()] for one in (run, alone))
        assert ours == pytest.approx(theirs, rel=1e-4)


def test_a_wrong_word_is_said_once_and_nobody_waits(store: Store, nursery: Nursery):
    with torchrun(nursery, 2, "aecore", "train", "digits-quick", "--set", "training.epoch=3") as started:
        _, said = started.communicate(timeout=120)
        assert started.returncode
    assert said.count("aecore: ") == 1
    assert store.runs() == []
