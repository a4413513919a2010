"""The command line in processes of its own: Ctrl-C, and work that goes on without a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from aecore.cli import app
from aecore.sweeps import store as sweep_store
from tests.helpers.cli import run
from tests.helpers.paths import ROOT


def test_ctrl_c_stops_a_run_cleanly_and_detached_work_is_resumable(capsys, store):
    command = [
        sys.executable,
        "-m",
        "aecore",
        "train",
        "digits-quick",
        "--set",
        "training.epochs=2000",
        "--device",
        "cpu",
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (store.runs() and len(store.runs()[0].metrics()) > 2):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "resume" in err
    assert "Traceback" not in err
    found = store.runs()[0]
    assert found.status()["state"] == "stopped"
    status, out, _ = run(capsys, "resume", found.id, "--detach")
    assert status == 0
    assert out.strip() == found.id
    assert run(capsys, "stop", found.id)[0] == 0
    assert found.status()["state"] == "stopped"


FILE = """
name = "Sizes"
base = "digits-quick"
[set]
training.epochs = {epochs}
data.train_images = 100
evaluation.corruptions = ["none"]
[vary]
model.bottleneck.size = {sizes}
"""


@pytest.fixture
def written(tmp_path):
    def write(epochs=1, sizes=(2, 4), name="sweep.toml"):
        (tmp_path / name).write_text(FILE.format(epochs=epochs, sizes=list(sizes)))
        return str(tmp_path / name)

    return write


def test_ctrl_c_stops_a_sweep_cleanly_and_it_goes_on(store, written, capsys):
    command = [sys.executable, "-m", "aecore", "sweep", written(epochs=300, sizes=[2]), "--device", "cpu"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ)
    deadline = time.monotonic() + 90
    while not (store.runs() and len(store.runs()[0].metrics()) > 2):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    (found,) = sweep_store.sweeps(store)
    assert found.state() == "running"
    assert app.run(["sweep", found.id]) == 2
    assert "is already running" in capsys.readouterr().err
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "stopped; resume with: python -m aecore sweep " in errors
    assert found.state() == "stopped"
    (run,) = store.runs()
    reached = len(run.metrics())
    assert run.status()["state"] == "stopped"
    going = threading.Thread(target=lambda: app.run(["sweep", found.id, "--detach", "--device", "cpu"]))
    going.start()
    going.join()
    while len(run.metrics()) <= reached:
        assert time.monotonic() < deadline + 60
        time.sleep(0.05)
    assert app.run(["stop", found.id]) == 0
    assert found.state() == "stopped"
    assert run.status()["state"] == "stopped"
