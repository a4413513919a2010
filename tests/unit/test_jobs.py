"""Jobs: what may start, what is refused before anything is written, and what is left of a failure."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import threading

import filelock
import pytest

from aecore import jobs
from aecore.errors import AecoreError, UserError
from aecore.jobs import lifecycle
from aecore.jobs.out_of_memory import Watch
from aecore.presets import preset
from aecore.runs.json_files import write_table
from aecore.runs.process import is_alive, this_process
from aecore.runs.run import Run
from aecore.runs.state import LOCK, SILENT_S, STARTING, run_state
from aecore.runs.store import Store

LONG = preset("digits-quick").experiment.changed({"training.epochs": 400})


SHORT = LONG.changed({"training.epochs": 6, "data.train_images": 100, "evaluation.corruptions": ["none"]})


def test_a_reused_process_number_is_not_taken_for_the_worker():
    assert is_alive(this_process())
    by_clock = {key: value for key, value in this_process().items() if key in ("pid", "started", "host")}
    assert is_alive(by_clock), "runs of older versions"
    assert not is_alive(by_clock | {"started": 1.0})
    assert not is_alive(this_process() | {"ticks": 1})
    assert not is_alive(this_process() | {"boot": "another start of this machine", "ticks": 1})
    assert not is_alive({"host": this_process()["host"]})


def test_two_workers_never_share_a_run(store, monkeypatch):
    monkeypatch.setattr("aecore.jobs.run_lock.WAIT_S", 0)
    run = jobs.submit(LONG, "cpu")
    with filelock.FileLock(run.file(".lock")), pytest.raises(UserError, match="another process"):
        jobs.work(run)


@pytest.mark.parametrize(
    ("changes", "device", "words"),
    [
        ({"data.name": "minst"}, "cpu", "did you mean 'mnist'"),
        ({"data.train_images": 2000}, "cpu", "1,500 training images"),
        ({"data.validation_images": 1500}, "cpu", "holding out 1,500 leaves none"),
        ({"data.validation_images": 100, "data.train_images": 1401}, "cpu", "of which 100 are held out, got 1,401"),
        ({"evaluation.wrong_digits": True}, "cpu", "reads mnist, .* not digits-28; set it to false"),
        ({"model.norm": "batch", "data.train_images": 129}, "cpu", "batch of one image"),
        ({"model.norm": "batch", "training.batch_size": 1}, "cpu", "batch of one image"),
        ({"model.conv": ["4k29s1p0"]}, "cpu", "kernel larger"),
        ({"data.name": "./nowhere"}, "cpu", "there is no file or folder"),
        ({"model.dense": [65536, 65536]}, "cpu", "parameters"),
        ({}, "cudo", "did you mean 'cuda'"),
        ({}, "cuda:63", "no device 'cuda:63'"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_is_written(store, changes, device, words):
    with pytest.raises(UserError, match=words):
        jobs.submit(LONG.changed(changes), device)
    assert store.runs() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"data.validation_images": 1490, "data.train_images": 10},
        {"model.norm": "batch", "data.train_images": 130},
        {
            "model.conv": ["4k3s2p1"],
            "model.dense": [],
            "model.bottleneck.kind": "none",
            "model.norm": "batch",
            "data.train_images": 129,
        },
    ],
    ids=["hardly any left", "a last batch of two", "a last batch of one image with many pixels"],
)
def test_what_can_just_run_is_accepted_and_runs(store, changes):
    experiment = LONG.changed(changes | {"training.epochs": 1, "evaluation.corruptions": ["none"]})
    assert jobs.work(jobs.submit(experiment, "cpu")) == "finished"


def test_a_loss_that_is_no_number_fails_in_one_line_and_keeps_what_was(store):
    wild = LONG.changed(
        {"training.optimizer": "sgd", "training.lr": 10, "model.output": "none", "model.activation": "none"}
    )
    run = jobs.submit(wild, "cpu")
    with pytest.raises(AecoreError, match=r"lower training\.lr"):
        jobs.work(run)
    assert run_state(run) == "failed"
    assert "lower training.lr" in run.status()["error"]


def test_a_disk_that_fills_up_fails_in_one_line_and_the_run_goes_on_later(store, monkeypatch):
    undisturbed = jobs.submit(SHORT, "cpu")
    jobs.work(undisturbed)
    run = jobs.submit(SHORT, "cpu")
    from aecore.runs import sums

    real, calls = sums.atomic_write, []

    def filling(path, content):
        calls.append(path)
        if len(calls) > 8:  # in the middle of the second save
            raise OSError(28, "No space left on device", str(path))
        real(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(sums, "atomic_write", filling)
        with pytest.raises(AecoreError, match="the disk is full"):
            jobs.work(run)
    assert run_state(run) == "failed"
    jobs.requeue(run)
    assert jobs.work(run) == "finished"
    assert run.file("weights.safetensors").read_bytes() == undisturbed.file("weights.safetensors").read_bytes()


def test_a_finished_or_shipped_run_is_not_resumed(store, trained):
    with pytest.raises(UserError, match="has finished"):
        jobs.requeue(trained)
    with pytest.raises(UserError, match="nothing to stop"):
        jobs.stop(trained)
    shipped = Run(Store.default().root / "gallery" / "x")
    with pytest.raises(UserError, match="ships with"):
        jobs.requeue(shipped)


def test_a_worker_leaves_alone_what_is_not_queued(store, trained):
    before = {path.name: path.read_bytes() for path in trained.path.iterdir()}
    with pytest.raises(UserError, match="is finished, not queued"):
        jobs.work(trained)
    assert {path.name: path.read_bytes() for path in trained.path.iterdir()} == before


def test_a_submitted_run_without_a_process_is_queued_for_a_while(store):
    run = jobs.submit(LONG, "cpu")
    assert run_state(run) == "queued"
    status = run.status()
    run.write_json("status.json", status | {"updated": "2001-01-01T00:00:00.000Z"})
    assert run_state(run) == "interrupted"


def test_a_worker_of_another_machine_is_believed_while_its_file_is_touched(store):
    import os
    import time

    run = jobs.submit(preset("digits-quick").experiment, "cpu")
    run.write_status(state="running", process={"pid": 1, "started": 1.0, "host": "elsewhere"})
    assert run_state(run) == "interrupted"
    run.file(LOCK).touch()
    assert run_state(run) == "running"
    silent = time.time() - SILENT_S - 1
    os.utime(run.file(LOCK), (silent, silent))
    assert run_state(run) == "interrupted"


def test_a_worker_killed_before_it_told_its_process_can_be_resumed_at_once(store, monkeypatch):
    workers = []

    def start_one_that_waits(*given):
        workers.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
        return workers[-1]

    monkeypatch.setattr("aecore.jobs.detach.start_detached", start_one_that_waits)
    run = jobs.submit(SHORT, "cpu")
    jobs.start(run)
    assert run_state(run) == "queued"
    workers[0].kill()
    workers[0].communicate()
    assert run_state(run) == "interrupted"
    jobs.requeue(run)
    assert run_state(run) == "queued"
    assert jobs.work(run) == "finished"
    assert not run.file(STARTING).exists()


def test_the_last_write_of_a_worker_that_seems_gone_comes_before_the_run_is_queued_again(store, monkeypatch):
    run, tried = jobs.submit(SHORT, "cpu"), threading.Event()
    run.write_status(state="running", process=this_process() | {"ticks": 1, "started": 1.0})
    assert run_state(run) == "interrupted"
    last, read = filelock.FileLock(run.file(LOCK), thread_local=False).acquire(), run.status()

    def write_at_last():
        tried.wait(10)
        write_table(run.file("status.json"), read | {"epoch": 3})
        last.lock.release()

    acquire = filelock.FileLock.acquire
    monkeypatch.setattr(filelock.FileLock, "acquire", lambda *given, **more: tried.set() or acquire(*given, **more))
    worker = threading.Thread(target=write_at_last)
    worker.start()
    jobs.requeue(run)
    tried.set()
    worker.join()
    assert (run.status()["state"], run.status()["epoch"]) == ("queued", 3)


def test_a_run_is_not_queued_again_before_its_worker_has_ended(store, monkeypatch):
    run = jobs.submit(SHORT, "cpu")
    run.write_status(state="stopped")
    monkeypatch.setattr("aecore.jobs.run_lock.WAIT_S", 0.1)
    with filelock.FileLock(run.file(LOCK)), pytest.raises(UserError, match="is still working on run"):
        jobs.requeue(run)
    assert run.status()["state"] == "stopped"


def test_a_stuck_state_can_be_left(store):
    run = jobs.submit(SHORT, "cpu")
    with pytest.raises(UserError, match="is already queued"):
        jobs.requeue(run)
    with filelock.FileLock(run.file(LOCK)), pytest.raises(UserError, match="a process is working on run"):
        jobs.requeue(run, force=True)
    run.file("status.json").write_text("{")
    with pytest.raises(UserError, match="is damaged and cannot be resumed"):
        jobs.requeue(run)
    jobs.requeue(run, force=True)
    assert jobs.work(run) == "finished"
    with pytest.raises(UserError, match="has finished"):
        jobs.requeue(run, force=True)


def test_a_heartbeat_far_ahead_is_none(store):
    run = jobs.submit(SHORT, "cpu")
    run.write_status(state="running", process={"pid": 1, "started": 1.0, "host": "elsewhere"})
    run.file(LOCK).touch()
    os.utime(run.file(LOCK), (4e9, 4e9))
    assert run_state(run) == "interrupted"


def test_a_run_says_that_its_worker_was_killed(store):
    run = jobs.submit(preset("digits-quick").experiment, "cpu", store)
    run.write_status(state="running", process={"pid": 2**22 + 1, "started": 1.0, "host": platform.node()})
    lifecycle._note_killed(run, 1, Watch())
    assert not run.status().get("error")
    lifecycle._note_killed(run, -signal.SIGKILL, Watch())
    assert "was killed (SIGKILL)" in run.status()["error"]
    assert run_state(run) == "interrupted"
    jobs.requeue(run)
    assert run.status()["error"] is None
