"""Trainings that send their runs: to a server that answers, is away, is killed and comes back."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import pytest

import aecore
from aecore import jobs
from aecore.errors import UserError
from aecore.remote import own, sender
from aecore.remote.server import REMOTE, SERVED_TOKEN, Server, server
from aecore.remote.server import TOKEN as TOKEN_VARIABLE
from aecore.runs import sums
from aecore.runs.run import STATUS, Run
from aecore.runs.state import run_state
from aecore.runs.store import Store
from aecore.runs.summary import summarise
from tests.helpers.paths import ROOT
from tests.helpers.processes import kill, wait_for
from tests.helpers.remote import TOKEN, files_of, receiving, sent
from tests.helpers.server import free_port, server_process


@pytest.fixture
def mine(tmp_path) -> Store:
    """The sender's store; that of the server is the default one."""
    return Store(tmp_path / "mine")


@pytest.fixture
def quick(monkeypatch):
    """A sender that waits less."""
    monkeypatch.setattr(sender, "EVERY_S", 0.02)
    monkeypatch.setattr(sender, "LONGEST_PAUSE_S", 0.05)
    monkeypatch.setattr(sender, "NO_PROGRESS_S", 0.5)


@pytest.fixture
def remote(store, monkeypatch, quick):
    with receiving() as found:
        monkeypatch.setenv(REMOTE, found.address)
        monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
        yield found


def test_a_recorded_run_is_there_while_it_trains_and_stop_reaches_its_loop(remote, store, mine):
    with aecore.record("mine", "digits-28", store=mine, epochs=100) as run:
        run.log(train_loss=0.5)
        (there,) = wait_for(store.runs, 20)
        wait_for(lambda: len(there.metrics()) == 1, 20)
        assert (run_state(there), summarise(there).epochs) == ("running", 100)
        assert not run.should_stop
        jobs.stop(there, wait_s=0)
        wait_for(lambda: run.should_stop, 20)
        run.log(train_loss=0.25)
    assert run_state(there) == run_state(run.run) == "stopped"
    assert [line["train_loss"] for line in there.metrics()] == [0.5, 0.25]
    assert files_of(there) == files_of(run.run)


def test_a_server_that_is_away_ends_no_training_and_the_rest_is_sent_later(store, mine, monkeypatch, quick):
    port = free_port()
    monkeypatch.setenv(REMOTE, f"http://127.0.0.1:{port}")
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with aecore.record("mine", "digits-28", store=mine) as run:
            run.log(train_loss=0.5)
            wait_for(lambda: run.sender and run.sender.trouble, 20)
    lines = [str(one.message) for one in said]
    assert len(lines) == 2
    assert "nothing answers there; the training goes on" in lines[0]
    assert lines[1].endswith(f"python -m aecore send {run.id}")
    assert run_state(run.run) == "finished"
    with receiving(port):
        sent(run.run, server() or Server("", ""))
    assert files_of(store.runs()[0]) == files_of(run.run)


def test_a_worker_sends_what_it_trains(remote, store, mine):
    experiment = aecore.preset("digits-quick").experiment.changed({"training.epochs": 2, "training.batch_size": 256})
    run = jobs.submit(experiment, "cpu", mine)
    assert jobs.work(run) == "finished"
    (there,) = store.runs()
    assert run_state(there) == "finished"
    assert files_of(there) == files_of(run)
    assert there.file(sums.SUMS).read_bytes() == run.file(sums.SUMS).read_bytes()
    assert there.evaluation() == run.evaluation() != []
    stamp = there.file(STATUS).stat().st_mtime_ns
    assert sent(run, remote).bytes_sent == 0
    assert there.file(STATUS).stat().st_mtime_ns == stamp
    with pytest.raises(UserError, match="resume it there"):
        jobs.requeue(there)


def test_a_wrong_token_is_said_and_the_run_is_kept(remote, store, mine, monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, "another-token-of-some-length")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with aecore.record("mine", "digits-28", store=mine) as run:
            wait_for(lambda: run.sender and run.sender.trouble, 20)
    assert "the token is not the one" in str(said[0].message)
    assert not any("another-token" in str(one.message) for one in said)
    assert run_state(run.run) == "finished"
    assert store.runs() == []


def test_where_no_server_is_named_nothing_is_sent(store, monkeypatch):
    monkeypatch.delenv(REMOTE, raising=False)
    assert server() is None
    with aecore.record("mine", "digits-28") as run:
        assert run.sender is None
    assert not run.run.file(own.REMOTE).exists()
    monkeypatch.setenv(REMOTE, "lab.example.org")
    with pytest.raises(UserError, match="should look like https://"):
        aecore.record("mine", "digits-28")
    assert store.runs() == [run.run]


LOOP = """
import sys
import aecore
with aecore.record("far away", "digits-28") as run:
    for line in sys.stdin:
        for _ in range(int(line)):
            run.log(train_loss=1 / (1 + run.epoch), test_loss=2 / (1 + run.epoch))
"""
"""Logs as many epochs as it is told to, and ends with its input."""


def breaks(nursery, store, mine, tmp_path, times: int) -> tuple[Run, Run, list[str]]:
    """A loop in a process of its own, whose server is killed so many times while it logs; it logs on meanwhile. Returns
    its run, that on the server, and what the loop's process said."""
    port, said = free_port(), tmp_path / "said"
    environment = {"AECORE_STORE": str(store.root), SERVED_TOKEN: TOKEN, "OMP_NUM_THREADS": "1"}
    sends = {"AECORE_STORE": str(mine.root), REMOTE: f"http://127.0.0.1:{port}", TOKEN_VARIABLE: TOKEN}
    with said.open("wb") as errors:
        command, env = [sys.executable, "-c", LOOP], os.environ | sends
        loop = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stderr=errors, text=True)
    told = loop.stdin
    assert told

    def log(count: int) -> None:
        told.write(f"{count}\n")
        told.flush()

    log(1)
    for number in range(times):
        with server_process(nursery, environment, tmp_path / f"log{number}", port) as (_, process):
            (there,) = wait_for(store.runs)
            wait_for(lambda at=3 * number, run=there: len(run.metrics()) > at)
            log(2)
            process.kill()
        log(1)
    with server_process(nursery, environment, tmp_path / "log", port):
        log(1)
        told.close()
        assert loop.wait(60) == 0
    (run,), (there,) = mine.runs(), store.runs()
    return run, there, said.read_text().splitlines()


def check_equal(run: Run, there: Run, epochs: int) -> None:
    assert [line["epoch"] for line in there.metrics()] == list(range(1, epochs + 1)), "nothing lost, nothing twice"
    assert files_of(there) == files_of(run)
    assert there.file(sums.SUMS).read_bytes() == run.file(sums.SUMS).read_bytes()
    assert run_state(there) == run_state(run) == "finished"
    status = there.status()
    assert status.pop("remote")
    assert status == run.status()


def test_a_server_that_is_killed_and_comes_back_has_all_of_it(nursery, store, mine, tmp_path):
    run, there, said = breaks(nursery, store, mine, tmp_path, 1)
    check_equal(run, there, 5)
    assert sum("the training goes on" in line for line in said) <= 1
    assert not any("was not sent" in line for line in said)


@pytest.mark.proof  # the test above is its short version
def test_a_server_that_is_killed_again_and_again_has_all_of_it(nursery, store, mine, tmp_path):
    run, there, said = breaks(nursery, store, mine, tmp_path, 4)
    check_equal(run, there, 14)
    assert not any("was not sent" in line for line in said)


@pytest.mark.proof  # `test_a_worker_sends_what_it_trains` and tests/unit/test_remote.py have its parts
def test_a_worker_that_is_killed_is_sent_by_hand_resumed_and_stopped_from_the_server(
    nursery, store, mine, tmp_path, monkeypatch, forked_jobs
):
    port = free_port()
    environment = {"AECORE_STORE": str(store.root), SERVED_TOKEN: TOKEN}
    monkeypatch.setenv(REMOTE, f"http://127.0.0.1:{port}")
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    experiment = aecore.preset("digits-quick").experiment.changed({"training.epochs": 3000})
    run = jobs.submit(experiment, "cpu", mine)
    with server_process(nursery, environment, tmp_path / "log", port):
        jobs.start(run)
        (there,) = wait_for(store.runs)
        wait_for(lambda: len(there.metrics()) >= 2 and run_state(there) == "running")  # which comes after them
        kill(run)
        wait_for(lambda: run_state(run) == "interrupted")
        assert run_state(there) == "running", "nobody has said otherwise yet"
        to = server()
        assert to
        sent(run, to)
        assert run_state(there) == "interrupted"
        assert files_of(there).items() <= files_of(run).items()
        jobs.requeue(run)
        jobs.start(run)
        wait_for(lambda: run_state(there) == "running")
        known = len(there.metrics())
        wait_for(lambda: len(there.metrics()) > known)
        assert jobs.stop(there, wait_s=60) == "stopped"
        assert run_state(run) == "stopped"
    missing = files_of(run).keys() - files_of(there).keys()
    assert missing == {"resume.safetensors"}
    assert files_of(there).items() <= files_of(run).items()
