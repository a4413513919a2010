"""The command line on sweeps, whose runs are trained in processes of their own."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time

import pytest

from aecore.cli import app
from aecore.sweeps import store as sweep_store

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


def test_a_sweep_is_carried_out_listed_extended_and_shown(store, written, capsys):
    assert app.run(["sweep", written(), "--device", "cpu"]) == 0
    said = capsys.readouterr()
    assert "1/2  size 2, seed 0: finished, mse 0." in said.err
    assert "2/2  size 4, seed 0: finished" in said.err
    (found,) = sweep_store.sweeps(store)
    assert app.run(["sweeps", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["sweep"] == found.id
    assert (told["state"], told["finished"], told["runs"]) == ("finished", 2, 2)
    assert app.run(["sweep", written(sizes=[2, 3, 4]), "--extend", found.id, "--device", "cpu", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {entry["values"]["model.bottleneck.size"] for entry in document["combinations"]} == {2, 3, 4}
    means = [entry["mean"] for entry in document["combinations"]]
    assert means == sorted(means)
    assert len(store.runs()) == 3
    assert app.run(["sweeps", found.id[:8]]) == 0
    assert "size" in capsys.readouterr().out


def test_ctrl_c_stops_a_sweep_cleanly_and_it_goes_on(store, written, capsys, nursery, forked_jobs):
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = nursery.fork("aecore", "sweep", written(epochs=300, sizes=[2]), "--device", "cpu", **streams)
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
