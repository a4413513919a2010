"""Training from the command line in a process of its own: Ctrl-C, and work that goes on without a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

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
