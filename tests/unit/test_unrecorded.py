"""A GPU that cannot record the steps: here the CPU plays one, whose recording fails at the third step's end."""

from __future__ import annotations

import pytest
import torch

from aecore import jobs
from aecore.training import step as step_module
from aecore.training.loop import LoopOptions, epochs
from tests.helpers.training import DROPOUT, MLP, digits, fresh, same


@pytest.fixture
def cannot_record(monkeypatch):
    """The device takes the warm-up's steps, then fails; counts the attempts."""
    attempts = []

    def record(self, chosen, before):
        attempts.append(len(chosen))
        for _ in range(step_module.WARM_UP):
            self._train(chosen)
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing\nmore lines")

    monkeypatch.setattr(step_module, "recordable", lambda device: True)
    monkeypatch.setattr(step_module.Step, "_record", record)
    return attempts


def test_the_run_is_the_one_without_recording(cannot_record, monkeypatch):
    """Weights bit for bit: the attempt leaves no trace in weights, optimizer or random numbers."""
    images, told = digits(), []
    tried = fresh(DROPOUT, images)
    losses = [epoch.train_loss for epoch in epochs(DROPOUT, tried, images, LoopOptions(on_unrecorded=told.append))]
    assert len(cannot_record) == 1
    assert told == ["CUDA error: operation not permitted when stream is capturing"]
    monkeypatch.setattr(step_module, "recordable", lambda device: False)
    plain = fresh(DROPOUT, images)
    assert losses == [epoch.train_loss for epoch in epochs(DROPOUT, plain, images)]
    assert same(plain.model.state_dict(), tried.model.state_dict())


def test_the_run_says_so_and_finishes(cannot_record, store):
    run = jobs.submit(MLP, "cpu")
    assert jobs.work(run) == "finished"
    (remark,) = [remark for remark in run.status()["remarks"] if remark["kind"] == "unrecorded"]
    assert "operation not permitted" in remark["text"]
    assert "\n" not in remark["text"]


def test_running_out_of_memory_is_not_taken_for_it(cannot_record, monkeypatch):
    def record(self, chosen, before):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(step_module.Step, "_record", record)
    images = digits()
    with pytest.raises(torch.OutOfMemoryError):
        list(epochs(MLP, fresh(MLP, images), images))
