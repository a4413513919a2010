"""Files of a run that are not what they should be: one line or what stands, and nothing that a reader would obey."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import safetensors.numpy

from aecore import jobs
from aecore.errors import AecoreError, DamagedError
from aecore.files import parse_json
from aecore.format import csv_cell, drawable, printable
from aecore.inference import load_model, open_run
from aecore.runs.process import this_process
from aecore.runs.run import METRICS, WEIGHTS
from aecore.runs.state import run_state
from aecore.runs.store import Store
from aecore.runs.summary import summarise
from benchmarks.faults import files
from tests.helpers import cli
from tests.helpers.runs import made_run


def test_changed_files_in_short():
    part = files.measured(24, lambda line: None)
    assert len(part.rows) == 16
    for row in part.rows:
        assert row["tried"], row
        assert row["traceback"] == row["silent"] == row["hang"] == 0, row
        assert row["memory"] < 1000, row


NO_JSON = (b"NaN", b'{"a": Infinity}', b"[-Infinity]", b"[1e999]", b"[" * 40 + b"]" * 40, b"[" * 10**6)


@pytest.mark.parametrize("text", NO_JSON)
def test_json_that_is_none_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"^its? "):
        parse_json(text)


def test_one_bad_entry_does_not_hide_the_other_runs(store, trained):
    odd = made_run(store, "odd-20260101-000000", [1, 2])
    odd.file("status.json").write_text('{"state": "running", "process": "x", "epoch": {"a": 1}, "remarks": 3}')
    (store.root / "runs" / "circle-20260101-000001").symlink_to("circle-20260101-000001")
    pipe = made_run(store, "pipe-20260101-000002", [1])
    pipe.file("status.json").unlink()
    os.mkfifo(pipe.file("status.json"))
    rows = {run.id: summarise(run) for run in store.runs()}
    assert rows[trained.id].state == "finished"
    assert rows[odd.id].problem == "status.json is damaged: remarks, process, epoch"
    assert "a pipe, socket or device, not a regular file" in rows[pipe.id].problem
    assert not any("circle" in name for name in rows)


def test_not_a_number_is_an_error(trained, capsys):
    tensors = safetensors.numpy.load_file(trained.file(WEIGHTS))
    name = next(iter(tensors))
    tensors[name].flat[0] = np.nan
    trained.write_files({WEIGHTS: safetensors.numpy.save(tensors)})
    with pytest.raises(DamagedError, match="holds values that are no numbers"):
        load_model(trained)
    with pytest.raises(DamagedError, match="no numbers"):
        trained.tensors(WEIGHTS)
    status, out, err = cli.run(capsys, "evaluate", trained.id, "--device", "cpu")
    assert status == 1
    assert "∞" not in out
    assert "no numbers" in err


def test_outputs_that_overflow_are_an_error_too(trained):
    tensors = safetensors.numpy.load_file(trained.file(WEIGHTS))
    tensors = {name: value * np.float32(1e30) for name, value in tensors.items()}
    trained.write_files({WEIGHTS: safetensors.numpy.save(tensors)})
    trained.write_json(
        "experiment.json", trained.experiment().changed({"model.output": "none"}).model_dump(mode="json")
    )
    loaded = open_run(trained, "cpu")
    with pytest.raises(AecoreError, match="NaN or infinity, not images"):
        loaded.evaluate(trained.experiment().corruption)


def test_a_list_of_runs_does_not_read_a_long_history(store):
    run = made_run(store, "long-20260101-000000", [1])
    lines = 200_000
    with run.file(METRICS).open("w") as file:
        for epoch in range(1, lines + 1):
            file.write(json.dumps({"epoch": epoch, "train_loss": 1 / epoch, "seconds": epoch * 0.5}) + "\n")
    row = summarise(run)
    assert row.epoch == lines
    assert row.seconds == lines / 2
    assert row.train_loss == 1 / lines
    assert 200 <= len(row.losses) <= 257
    assert row.losses[0] == 1
    assert list(row.losses) == sorted(row.losses, reverse=True)


def test_stop_leaves_a_stranger_alone_and_ends_the_state(store):
    run = made_run(store, "mine-20260101-000000", [1, 2])
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    from aecore.runs.process import identity

    try:
        run.write_status(state="running", process=identity(stranger.pid))
        assert run_state(run) == "running"
        assert jobs.stop(run) == "stopped"
        assert stranger.poll() is None
    finally:
        assert stranger.stdin
        stranger.stdin.close()
        stranger.wait()


def test_a_time_far_ahead_does_not_lock_a_run(store):
    run = made_run(store, "ahead-20260101-000000", [1])
    status = run.write_status(state="queued", process=None)
    assert run_state(run) == "queued"
    run.write_json("status.json", {**status, "updated": "2027-12-31T00:00:00.000Z"})
    assert run_state(run) == "interrupted"


def test_a_set_clock_does_not_end_a_run(store):
    run = made_run(store, "clock-20260101-000000", [1])
    process = this_process()
    if "ticks" not in process:
        pytest.skip("this system does not count from the machine's start")
    run.write_status(state="running", process=process | {"started": process["started"] - 3600})
    assert run_state(run) == "running"


def test_texts_are_texts(capsys, store, trained):
    assert printable("a\x1b[31mb\x07\nc") == "a\ufffd[31mb\ufffd\nc"
    assert [csv_cell(value) for value in ("=HYPERLINK(1)", "+1", "@x", "σ", -1.5, "")] == [
        "'=HYPERLINK(1)", "'+1", "'@x", "σ", -1.5, ""]  # fmt: skip
    assert "<" not in drawable('<a href="x">y</a>')
    trained.write_status(error="\x1b]0;evil\x07 failed", title="\x1b[31mred", state="failed")
    for command in (["show", trained.id], ["runs"]):
        _, out, err = cli.run(capsys, *command)
        assert "\x1b" not in out + err
    assert "\x1b" not in cli.run(capsys, "show", "\x1b[2J")[2]
    assert printable("👩\u200d🔬 می\u200cخواهم a\u00a0b") == "👩\u200d🔬 می\u200cخواهم a\u00a0b"


def test_a_store_outside_is_not_searched(store):
    assert Store.default().listed("../../etc") is None
