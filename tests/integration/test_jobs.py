"""Runs in processes of their own: stopped, killed, resumed, one at a time."""

from __future__ import annotations

import pytest

from aecore import jobs
from aecore.errors import UserError
from aecore.presets import preset
from aecore.runs import trash
from aecore.runs.state import run_state
from tests.helpers.processes import kill, trained_epochs, wait_for

pytestmark = pytest.mark.usefixtures("forked_jobs")

LONG = preset("digits-quick").experiment.changed({"training.epochs": 400})


SHORT = LONG.changed({"training.epochs": 12, "data.train_images": 500, "evaluation.corruptions": ["none"]})


def test_stop_resume_kill_resume_ends_bit_for_bit_where_an_undisturbed_run_does(store):
    experiment = SHORT.changed(
        {
            "training.epochs": 80,
            "data.name": "digits",
            "data.validation_images": 50,
            "model.conv": ["8k3s2p1", "4k3s2p1"],
            "model.dense": [],
            "model.dropout": 0.1,
            "training.log_every": 7,
        }
    )
    undisturbed = jobs.submit(experiment, "cpu")
    assert jobs.work(undisturbed) == "finished"
    run = jobs.submit(experiment, "cpu")
    jobs.start(run)
    wait_for(trained_epochs(run, 3))
    assert jobs.stop(run) == "stopped"
    stopped_at = run.status()["epoch"]
    assert 3 <= stopped_at < 80
    assert run.file("resume.safetensors").exists()
    jobs.requeue(run)
    jobs.start(run)
    wait_for(trained_epochs(run, stopped_at + 3))
    kill(run)
    wait_for(lambda: run_state(run) == "interrupted")
    jobs.requeue(run)
    assert jobs.work(run) == "finished"
    for name in ("weights.safetensors", "snapshots.safetensors"):
        assert run.file(name).read_bytes() == undisturbed.file(name).read_bytes()
    assert [e["train_loss"] for e in run.metrics()] == [e["train_loss"] for e in undisturbed.metrics()]
    for name in ("steps.jsonl", "layers.jsonl"):
        assert run.lines(name) == undisturbed.lines(name)


def test_one_run_at_a_time_and_in_order(store):
    first = jobs.submit(LONG, "cpu")
    jobs.start(first)
    wait_for(lambda: run_state(first) == "running")
    second = jobs.submit(LONG, "cpu")
    jobs.start(second)
    wait_for(lambda: jobs.waits_behind(second) == [first.id])
    third = jobs.submit(LONG, "cpu")
    jobs.start(third)
    wait_for(lambda: jobs.waits_behind(third) == [first.id, second.id])
    assert run_state(second) == "queued"
    assert jobs.stop(second) == "stopped", "a waiting run can be stopped"
    kill(first)
    wait_for(lambda: run_state(third) == "running")
    assert jobs.waits_behind(third) is None
    with pytest.raises(UserError, match="stop it first"):
        trash.delete(third)
    with pytest.raises(UserError, match="already running"):
        jobs.requeue(third)
    assert jobs.stop(third) == "stopped"
