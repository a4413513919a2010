"""Measuring as a job: what is refused, how far it is, what it leaves behind."""

from __future__ import annotations

import json

import filelock
import pytest

import aecore.measures
from aecore.errors import UserError
from aecore.jobs import beside, measuring
from aecore.jobs.measuring import MeasuringProgress, folder_of, forget, read_progress, work, write_progress
from aecore.runs.measures import Measures
from aecore.runs.process import this_process


@pytest.fixture
def quick(monkeypatch):
    """Measuring that only reports, and returns what it was told to."""

    def measure(run, device, report):
        report("measuring", 0, 4, "active units")
        report("probing", 1, 2, "linear probe")
        report("measuring", 3, 4, "likelihood")
        return Measures({"active_units": {"value": 1}}, {}, {})

    def measure_likelihood(run, count, images, device, report):
        report("bounding", 1, 4, f"{count} samples")
        return Measures({"likelihood": {"value": count}}, {}, {})

    monkeypatch.setattr(aecore.measures, "measure", measure)
    monkeypatch.setattr(aecore.measures, "measure_likelihood", measure_likelihood)


def test_who_watches_sees_how_far_it_is(trained, quick, monkeypatch):
    seen = []
    monkeypatch.setattr(measuring, "WRITE_EVERY_S", 0)
    work(trained, report=lambda *_: seen.append(read_progress(trained)))
    work(trained, whole=False, samples=8, report=lambda *_: seen.append(read_progress(trained)))
    assert seen[0] is None
    assert seen[1] == MeasuringProgress("running", "active units", 0.0, 0, process=this_process())
    assert (seen[2].what, seen[2].share) == ("linear probe", 0.125)
    assert read_progress(trained) is None, "a finished one leaves nothing to tell"


def test_shares_are_of_the_whole_and_of_the_bound_alone(trained, quick, monkeypatch):
    written = []
    monkeypatch.setattr(
        measuring, "write_progress", lambda run, now: written.append((now.what, now.share, now.samples))
    )
    work(trained)
    assert written == [("active units", 0, 0), ("linear probe", 0.125, 0), ("likelihood", 0.75, 0)]
    written.clear()
    assert work(trained, whole=False, samples=8).value("likelihood") == 8
    assert written == [("8 samples", 0.25, 8)]


def test_a_failure_is_told_in_one_line_until_it_is_dismissed(trained, monkeypatch):
    def fail(*_):
        raise ValueError("no images\nand a second line")

    monkeypatch.setattr(aecore.measures, "measure", fail)
    with pytest.raises(ValueError, match="no images"):
        work(trained)
    failed = read_progress(trained)
    assert failed is not None
    assert (failed.state, failed.error) == ("failed", "ValueError: no images")
    forget(trained)
    assert read_progress(trained) is None


def test_a_process_that_is_gone_interrupted_it(trained):
    folder_of(trained).mkdir()
    gone = this_process() | {"pid": 2**22 + 1}
    write_progress(trained, MeasuringProgress("running", "samples", 0.5, process=gone))
    interrupted = read_progress(trained)
    assert interrupted is not None
    assert interrupted.state == "interrupted"
    measuring.stop(trained)
    assert read_progress(trained) is None


@pytest.mark.parametrize("content", ["", "{}", '{"state": "running"}', '{"state": 1, "what": 2, "share": "x"}', "[1]"])
def test_a_torn_progress_file_is_none(trained, content):
    folder_of(trained).mkdir()
    (folder_of(trained) / measuring.PROGRESS).write_text(content)
    assert read_progress(trained) is None


def test_one_at_a_time(trained, monkeypatch):
    folder_of(trained).mkdir()
    write_progress(trained, MeasuringProgress("running", "samples", 0.5, process=this_process()))
    with pytest.raises(UserError, match="is being measured already"):
        measuring.start(trained)
    monkeypatch.setattr(beside, "LOCK_WAIT_S", 0)
    with filelock.FileLock(folder_of(trained) / beside.LOCK), pytest.raises(UserError, match="measured already"):
        work(trained)


def test_a_demo_measures_nothing(trained, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "train")
    for act in (measuring.start, measuring.work, measuring.stop):
        with pytest.raises(UserError, match="switched off on this public demo"):
            act(trained)


def test_a_run_that_ships_is_for_those_who_manage(gallery, monkeypatch):
    monkeypatch.setenv("AECORE_PERSON", json.dumps({"name": "Ada", "role": "train", "visitor": False}))
    for act in (measuring.start, measuring.work):
        with pytest.raises(UserError, match="needs the role 'manage'"):
            act(gallery.listed("mnist-mlp8"))
