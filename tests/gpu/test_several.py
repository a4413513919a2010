"""One run on two GPUs; skipped with the reason where there are fewer."""

from __future__ import annotations

import json

import pytest
import torch

from aecore import jobs
from aecore.presets import preset
from aecore.runs.store import Store
from tests.helpers.nursery import Nursery
from tests.helpers.processes import torchrun, wait_for

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are no two CUDA devices"),
]

CHANGES = {"training.epochs": 4, "training.batch_size": 100, "training.deterministic": True}
NORMALISED = {
    "model.conv": ["8k3s2p1", "4k3s2p1"],
    "model.dense": [],
    "model.norm": "batch",
    "model.dropout": 0.2,
    "training.optimizer": "sgd",
    "training.lr": 0.1,
}


@pytest.mark.parametrize("changes", [CHANGES, CHANGES | NORMALISED])
def test_two_gpus_train_as_one_does(store: Store, nursery: Nursery, changes):
    experiment = preset("digits-quick").experiment.changed(changes)
    settings = [f"--set={key}={json.dumps(value)}" for key, value in changes.items()]
    with torchrun(nursery, 2, "aecore", "train", "digits-quick", "--device", "cuda", *settings) as started:
        _, said = started.communicate(timeout=250)
        assert started.returncode == 0, said
    (both,) = store.runs()
    assert both.status()["processes"] == 2
    assert both.status()["device"] == "cuda"
    alone = jobs.submit(experiment, "cuda")
    assert jobs.work(alone) == "finished"
    for key in ("train_loss", "test_loss"):
        ours, theirs = ([line[key] for line in one.metrics()] for one in (both, alone))
        assert ours == pytest.approx(theirs, rel=1e-3)


def test_one_goes_on_where_two_were(store: Store, nursery: Nursery):
    """bfloat16, a stop in between, and one process afterwards."""
    settings = ["--set=training.precision=bfloat16", "--set=training.epochs=400"]
    with torchrun(nursery, 2, "aecore", "train", "digits-quick", "--device", "cuda", *settings) as started:
        wait_for(lambda: any(len(run.metrics()) >= 2 for run in store.runs()), 120)
        (run,) = store.runs()
        assert jobs.stop(run, wait_s=60) == "stopped"
        started.communicate(timeout=60)
    reached = run.status()["epoch"]
    jobs.requeue(run)
    assert jobs.work(run) == "finished"
    losses = [line["train_loss"] for line in run.metrics()]
    assert reached >= 2
    assert len(losses) == 400
    assert losses[reached] < 1.2 * losses[reached - 1]
