"""Subnormal numbers are taken as zero: in every thread or in none, for as long as was asked, as the run began."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch

from aecore.devices import Device
from aecore.models import subnormals
from aecore.runs.run import RESUME, STATUS, Run
from aecore.training.run import _recorded_way, _takes_subnormals_as_zero, train_run
from aecore.training.ways import Way
from tests.helpers.paths import ROOT
from tests.helpers.training import MLP

CODE = """
import sys, torch
from aecore.devices import Device
from aecore.models import subnormals
torch.set_num_threads(2)
def share():
    "Of products of subnormal numbers, those with a bit."
    tiny = torch.full((4_000_000,), 12345, dtype=torch.int32).view(torch.float32)
    return round(((tiny * 0.5).view(torch.int32) != 0).double().mean().item(), 2)
if "threads exist" in sys.argv:
    print(share())
with subnormals.as_zero() as done:
    print(done, share())
    with subnormals.as_zero() as inner:
        print(inner, share())
    print(share())
"""


@pytest.mark.parametrize(
    ("before", "said"), [([], "True 0.0 True 0.0 0.0"), (["threads exist"], "1.0 False 1.0 False 1.0 1.0")]
)
def test_they_are_zero_in_every_thread_or_in_none(before, said):
    """In a process of its own, whose threads start when they are first needed."""
    if not torch.set_flush_denormal(False) and not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot take subnormal numbers as zero")
    done = subprocess.run([sys.executable, "-c", CODE, *before], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == said.split()


def test_afterwards_everything_is_as_before():
    torch.set_num_threads(1)
    tiny = torch.full((8,), 2**20, dtype=torch.int32).view(torch.float32)
    with subnormals.as_zero():
        pass
    assert (tiny * 0.5).view(torch.int32).all()
    with pytest.raises(ZeroDivisionError), subnormals.as_zero():
        raise ZeroDivisionError
    assert (tiny * 0.5).view(torch.int32).all()


def test_numbers_that_one_sees_do_not_change():
    torch.set_num_threads(1)
    values = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    weights = torch.where(values.abs() < 0.3, values * 1e-38, values)
    expected = (values @ weights, torch.tanh(weights), weights.sum())
    with subnormals.as_zero():
        found = (values @ weights, torch.tanh(weights), weights.sum())
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-37)


@pytest.mark.parametrize(
    ("status", "zero"),
    [
        ({"way": {"precision": "float32", "linear": "plain", "channels": "last", "threads": 0}}, False),
        ({"way": Way()._asdict()}, True),
        ({"way": Way(subnormals="kept")._asdict()}, False),
        ({"precision": "float32"}, False),
        ({}, True),
    ],
)
def test_a_resumed_run_keeps_what_it_began_with(tmp_path, status, zero):
    """And older runs, which do not say, have kept them."""
    run = Run(tmp_path / "run")
    run.path.mkdir()
    run.file(STATUS).write_text(json.dumps({"format": 1, "state": "stopped", **status}))
    assert _takes_subnormals_as_zero(run), "a run without anything to resume from begins anew"
    run.file(RESUME).write_bytes(b"")
    assert _takes_subnormals_as_zero(run) == zero
    assert (_recorded_way(run) is None) == (not status)


@pytest.mark.parametrize("older", [False, True])
def test_training_has_them_so_to_its_end(store, older):
    """Asked of the processor while the epochs are trained; a run that an older version began goes on as it did."""
    seen, tiny = [], torch.full((8,), 2**20, dtype=torch.int32).view(torch.float32)

    def report(stage: str, *_: object) -> None:
        if stage == "training":
            seen.append(not (tiny * 0.5).view(torch.int32).any())

    little = {"training.epochs": 3, "data.train_images": 200, "evaluation.corruptions": []}
    run = store.create(MLP.changed(little))
    device = Device("cpu", "CPU")
    assert train_run(run, device, lambda: len(seen) >= 2, report) == "stopped"
    assert set(seen) == {True}
    began = run.status()["way"]
    if older:
        run.write_status(way={key: value for key, value in began.items() if key != "subnormals"})
    seen.clear()
    assert train_run(run, device, lambda: False, report) == "finished"
    assert set(seen) == {not older}
    assert run.status()["way"] == {**began, "subnormals": "kept" if older else "zero"}
