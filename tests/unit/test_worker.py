"""The process that runs models for the server: answers, errors, its death and its end."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import psutil
import pytest

from aecore import access
from aecore.compute import models
from aecore.compute.worker import Worker
from aecore.config.corruption import Corruption
from aecore.data import load
from aecore.errors import AecoreError, UserError


@pytest.fixture(scope="module")
def worker(forked_jobs):
    made = Worker()
    yield made
    made.end_if_idle(0)
    assert not made.running


def ask(worker: Worker, name: str, *arguments, report=None, **options):
    return worker.call(name, arguments, options, report)


def test_it_answers_as_this_process_would(worker, trained):
    images = np.asarray(load("digits-28").x_test[:5])
    for name, arguments in (
        ("denoise", (trained, images, Corruption.parse("gaussian:0.3"), 1)),
        ("codes_of_images", (trained, images / np.float32(255))),
        ("search", (trained, Corruption(), 0)),
    ):
        here, there = getattr(models, name)(*arguments), ask(worker, f"aecore.compute.models:{name}", *arguments)
        for one, other in zip(flat(here), flat(there), strict=True):
            np.testing.assert_array_equal(one, other)


def flat(value):
    if isinstance(value, models.Ranked):
        value = list(vars(value).values())
    if isinstance(value, dict):
        value = list(value.values())
    if value is None or isinstance(value, np.ndarray):
        return [] if value is None else [value]
    return [array for part in value for array in flat(part)]


def test_errors_are_those_of_the_function(worker, trained):
    with pytest.raises(UserError, match="there is no file or folder"):
        ask(worker, "aecore.data.custom.source:find", "/no/such/folder")
    with pytest.raises(ZeroDivisionError):
        ask(worker, "operator:truediv", 1, 0)
    assert ask(worker, "operator:add", 1, 2) == 3
    with pytest.raises(AecoreError, match="cannot"):  # what cannot be sent
        ask(worker, "threading:Lock")
    assert ask(worker, "operator:add", 1, 2) == 3


def test_it_reports_on_the_way(worker):
    heard = []
    ask(worker, "tests.unit.test_worker:counting", 3, report=lambda *news: heard.append(news))
    assert heard == [("counting", 0), ("counting", 1), ("counting", 2)]


def counting(number: int, report) -> None:
    for one in range(number):
        report("counting", one)


def test_it_works_for_whoever_asks(worker, monkeypatch):
    monkeypatch.setattr("aecore.access.person._resolvers", [lambda: access.Person("Ada", "look")])
    assert ask(worker, "aecore.access.person:of_process") == access.Person("Ada", "look")
    with pytest.raises(UserError, match="needs the role 'manage'"):
        ask(worker, "aecore.data.custom.source:find", "/etc")
    monkeypatch.undo()
    assert ask(worker, "aecore.access.person:of_process") == access.Person()


def test_its_death_is_one_line_and_the_next_one_is_answered(forked_jobs):
    mortal = Worker()
    first = ask(mortal, "os:getpid")
    threading.Timer(0.3, os.kill, (first, signal.SIGKILL)).start()
    with pytest.raises(AecoreError, match="has ended, perhaps because the machine ran out of memory; try again"):
        ask(mortal, "time:sleep", 60)
    second = ask(mortal, "os:getpid")
    assert second != first
    mortal.end_if_idle(60)
    assert mortal.running, "it was asked a moment ago"
    mortal.end_if_idle(0)
    assert not mortal.running
    assert not psutil.pid_exists(second)


def test_an_asker_who_leaves_does_not_leave_an_answer_for_the_next(worker):
    def leave(*news) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(worker, "tests.unit.test_worker:counting", 3, report=leave)
    assert ask(worker, "operator:add", 1, 2) == 3


def test_it_ends_with_its_asker():
    """The one that is started as the app does."""
    import subprocess
    import sys

    code = """
from aecore.compute.worker import Worker
print(Worker().call("os:getpid", (), {}), flush=True)
import time; time.sleep(60)
"""
    asker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert asker.stdout
    pid = int(asker.stdout.readline())
    asker.kill()
    asker.wait()
    asker.stdout.close()
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)
