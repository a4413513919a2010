"""A run that an older version stopped goes on to its end, bit for bit as the older version went on."""

from __future__ import annotations

import contextlib
import json
import platform
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch

from aecore import jobs
from aecore.runs.run import LAYERS, SNAPSHOTS, STEPS, WEIGHTS, Run
from aecore.runs.state import run_state
from aecore.runs.store import Store
from tests.helpers import old_store as old

THEN = Run(old.FOLDER / "resumed")


def machine() -> dict[str, str]:
    """What decides the last bits of a training, as write.sh noted it down."""
    about = Path("/proc/cpuinfo").read_text() if platform.system() == "Linux" else ""
    lines = dict(re.findall(r"^(vendor_id|cpu family|model|stepping)\s*: (.*)$", about, re.M))
    return {
        "torch": torch.__version__,
        "isa": torch.backends.cpu.get_cpu_capability(),
        "cpu": " ".join(lines.values()),
    }


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """As many as the older version had: sums of several threads differ in their last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """The run resumed by today's code from the same checkpoint, in two stores."""
    runs = []
    for name in ("first", "second"):
        store = Store(tmp_path_factory.mktemp(name) / "store")
        old.copy_into(store)
        run = store.find("stopped")
        jobs.requeue(run)
        with one_thread():
            assert jobs.work(run) == "finished"
        assert run_state(run) == "finished"
        runs.append(run)
    return runs


def test_resumed_twice_it_ends_the_same(twice):
    first, second = twice
    for name in (WEIGHTS, SNAPSHOTS):
        assert first.file(name).read_bytes() == second.file(name).read_bytes()
    for name in (STEPS, LAYERS):
        assert first.lines(name) == second.lines(name)
    assert [line["train_loss"] for line in first.metrics()] == [line["train_loss"] for line in second.metrics()]


def test_it_ends_where_the_older_version_ended(twice):
    """To the bit on a machine like that of then. Elsewhere the last digits differ, and Adam makes more of them: with
    arithmetic that knows no AVX, 2e-5 of the losses and 7e-4 of the weights."""
    run, exact = twice[0], machine() == json.loads(THEN.file("machine.json").read_text())
    near = 0 if exact else 1e-4
    assert run.status()["epoch"] == THEN.status()["epoch"] == 24
    for key in ("train_loss", "test_loss", "lr"):
        then = [line[key] for line in THEN.metrics()]
        assert [line[key] for line in run.metrics()] == pytest.approx(then, rel=near, abs=0), key
    steps = [line["train_loss"] for line in THEN.lines(STEPS)]
    assert [line["train_loss"] for line in run.lines(STEPS)] == pytest.approx(steps, rel=near, abs=0)
    if exact:
        assert run.lines(LAYERS) == THEN.lines(LAYERS)
        assert run.file(SNAPSHOTS).read_bytes() == THEN.file(SNAPSHOTS).read_bytes()
    ours, theirs = (safetensors.numpy.load_file(one.file(WEIGHTS)) for one in (run, THEN))
    assert ours.keys() == theirs.keys()
    for name, values in theirs.items():
        assert np.linalg.norm(ours[name] - values) <= 100 * near * np.linalg.norm(values), name
