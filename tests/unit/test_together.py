"""One run in several processes: the same losses as in one, and any number of them can go on with it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from aecore import jobs
from aecore.config.corruption import Corruption
from aecore.data.corruption import corrupt
from aecore.data.shard import shard_of
from aecore.devices import Device, choose_for
from aecore.errors import UserError
from aecore.jobs import device_queue
from aecore.models.rng import ModelRng
from aecore.presets import preset
from aecore.runs.state import run_state
from aecore.runs.store import Store
from aecore.training.checkpoint import restore, state_bytes
from aecore.training.rank import Rank, get_rank
from tests.conftest import ROOT
from tests.unit.sharing import CASES, case
from tests.unit.small import CPU, fresh, train
from tests.unit.test_jobs import wait_for


@contextlib.contextmanager
def torchrun(processes: int, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Several processes of a module; whatever is left of them is killed."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = subprocess.Popen([*command, "-m", *arguments], cwd=ROOT, env=environment, **streams)
    try:
        yield started
    finally:
        for child in psutil.Process(started.pid).children(recursive=True) if started.poll() is None else []:
            child.kill()
        started.kill()
        started.communicate()


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """What two processes made of every case, and the folder with their states."""
    folder = tmp_path_factory.mktemp("together")
    for name in CASES:
        experiment, images, precision = case(name)
        state = fresh(experiment, images)
        train(experiment, state, images, 2, precision)
        (folder / f"{name}.safetensors").write_bytes(state_bytes(state))
    with torchrun(2, "tests.unit.sharing", str(folder)) as started:
        _, said = started.communicate(timeout=250)
        assert started.returncode == 0, said
        assert "Warning" not in said
    return folder, json.loads((folder / "results.json").read_text())


@pytest.mark.parametrize("name", CASES)
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


def test_a_run_outlives_its_processes_and_changes_their_number(store: Store):
    """Two processes, of which one is killed; then three, which are stopped; then one."""
    changes = {"training.epochs": 40, "training.batch_size": 500, "training.precision": "float32"}
    settings = [f"--set={key}={value}" for key, value in changes.items()]
    with torchrun(2, "aecore", "train", "digits-quick", "--device", "cpu", *settings) as started:
        wait_for(lambda: any(len(run.metrics()) >= 2 for run in store.runs()), 120)
        (run,) = store.runs()
        own = run.status()["process"]["pid"]
        (other,) = [child for child in psutil.Process(started.pid).children() if child.pid != own]
        other.kill()
        _, said = started.communicate(timeout=120)
        assert started.returncode
    assert run_state(run) == "failed"
    assert "another process of the run has ended" in run.status()["error"]
    assert "aecore: another process of the run has ended" in said
    reached = run.status()["epoch"]
    assert run.file("resume.safetensors").exists()

    with torchrun(3, "aecore", "resume", run.id) as started:
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


def test_a_wrong_word_is_said_once_and_nobody_waits(store: Store):
    with torchrun(2, "aecore", "train", "digits-quick", "--set", "training.epoch=3") as started:
        _, said = started.communicate(timeout=120)
        assert started.returncode
    assert said.count("aecore: ") == 1
    assert store.runs() == []


def test_rows_fall_to_processes_evenly_and_in_order():
    for count in (1, 2, 7, 64):
        for world in (1, 2, 3, 8):
            parts = [shard_of(count, rank, world) for rank in range(world)]
            rows = [number for part in parts if part.weight for number in range(count)[part.rows]]
            assert rows == list(range(count))
            assert sum(part.weight for part in parts) == pytest.approx(1)
            sizes = [round(part.weight * count) for part in parts]
            assert max(sizes) - min(sizes) <= 1
            assert all(len(range(count)[part.rows]) >= 1 for part in parts)


@pytest.mark.parametrize("last", [False, True])
def test_the_parts_of_a_draw_are_the_whole(last):
    like = torch.empty(7, 3, 5, 4).to(memory_format=torch.channels_last if last else torch.contiguous_format)

    def drawn(rank: int, world: int) -> list[torch.Tensor]:
        rng = ModelRng()
        rng.seed(1, CPU)
        part = shard_of(7, rank, world)
        with rng.for_shard(part):
            return [rng.keep_mask(like[part.rows], 0.7), rng.normal(like[part.rows])]

    whole = drawn(0, 1)
    for world in (2, 3):
        for expected, *parts in zip(whole, *[drawn(rank, world) for rank in range(world)], strict=True):
            assert torch.equal(torch.cat(parts), expected)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    "text", ["gaussian:0.3", "gaussian:0.3:clamp", "masking:0.4", "salt-pepper:0.4+square:3", "rows:2"]
)
def test_the_parts_of_a_corrupted_batch_are_the_whole(text, last):
    images = torch.rand(7, 3, 6, 5, generator=torch.Generator().manual_seed(0))
    images = images.to(memory_format=torch.channels_last if last else torch.contiguous_format)
    corruption = Corruption.parse(text)

    def corrupted(rank: int, world: int) -> torch.Tensor:
        part = shard_of(7, rank, world)
        return corrupt(images[part.rows], corruption, torch.Generator().manual_seed(1), shard=part)

    whole = corrupt(images, corruption, torch.Generator().manual_seed(1))
    for world in (1, 2, 3):
        assert torch.equal(torch.cat([corrupted(rank, world) for rank in range(world)]), whole)


def test_all_devices_or_none(tmp_path):
    three = [Device(f"cuda:{number}", "a GPU") for number in range(3)]
    told = []
    with device_queue.hold(tmp_path, three, "one", lambda: False) as held:
        assert held == three[:1]
        with device_queue.hold(tmp_path, three, "two", lambda: False, count=2) as both:
            assert both == three[1:]
        with device_queue.hold(tmp_path, three, "three", lambda: bool(told), told.append, count=3) as none:
            assert none == []
        assert told == [1]
        with device_queue.hold(tmp_path, three, "two again", lambda: False, count=2) as both:
            assert both == three[1:]


def test_too_few_devices_are_told_in_a_line(monkeypatch):
    there = (Device("cuda:0", "a GPU"), Device("cuda:1", "a GPU"), Device("cpu", "the CPU"))
    monkeypatch.setattr("aecore.devices.devices", lambda: there)
    assert choose_for("auto", 2) == list(there[:2])
    assert choose_for("cpu", 8) == [there[2]]
    with pytest.raises(UserError, match="4 processes need a GPU each, and 'auto' is 2 GPUs here"):
        choose_for("auto", 4)
    with pytest.raises(UserError, match="'cuda:1' is 1 GPU here"):
        choose_for("cuda:1", 2)
    monkeypatch.setattr("aecore.devices.devices", lambda: (Device("mps", "Apple GPU"), there[2]))
    assert choose_for("auto", 2) == [there[2]]
    with pytest.raises(UserError, match="choose --device cpu"):
        choose_for("mps", 2)


def test_a_place_is_what_torchrun_says(monkeypatch):
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    assert get_rank() == Rank()
    words = {"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "GROUP_RANK": "1"}
    for name, value in (words | {"MASTER_ADDR": "localhost"}).items():
        monkeypatch.setenv(name, value)
    assert get_rank() == Rank(3, 4, 1, 2, 1)
    monkeypatch.setenv("RANK", "4")
    with pytest.raises(UserError, match="start with torchrun"):
        get_rank()
    monkeypatch.setenv("RANK", "one")
    with pytest.raises(UserError, match="RANK should be a whole number"):
        get_rank()
