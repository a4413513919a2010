"""Sweeps in the store: carried out, stopped, extended, and nothing twice."""

from __future__ import annotations

import subprocess
import sys

import pytest

from aecore import jobs
from aecore.errors import AecoreError, UserError
from aecore.jobs import detach as detached
from aecore.runs.process import identity, this_process
from aecore.runs.run import Run
from aecore.runs.state import expect_worker, run_state
from aecore.runs.store import Store
from aecore.sweeps import runner
from aecore.sweeps import store as sweep_store
from tests.helpers.sweeps import GRID, InProcess, carried, made


def test_a_sweep_stops_goes_on_and_is_extended_and_nothing_runs_twice(store):
    made_folder = sweep_store.create(made(), store)
    engine = InProcess()
    stopped = carried(made_folder, store, engine, lambda: len(engine.order) >= 3)
    assert made_folder.state() == "stopped"
    assert engine.closed
    assert [told.ended for told in stopped] == [False, True] * 3
    assert stopped[-1].done == 3
    assert stopped[-1].total == 8
    rest = InProcess()
    carried(made_folder, store, rest)
    assert made_folder.state() == "finished"
    assert len(rest.order) == 5
    assert not set(rest.order) & set(engine.order)
    wider = made(vary=GRID["vary"] | {"model.bottleneck.size": [2, 3, 4]})
    sweep_store.extend(made_folder, wider)
    added = InProcess()
    carried(made_folder, store, added)
    assert len(added.order) == 4
    assert {Store.default().find(run).experiment().model.bottleneck.size for run in added.order} == {3}
    rows = sweep_store.rows(made_folder, store)
    assert [row.values["model.bottleneck.size"] for row in rows] == [2] * 4 + [3] * 4 + [4] * 4
    assert rows == made_folder.results()
    assert all(run.experiment().sweep == made_folder.id for run in sweep_store.runs_of(made_folder, store))
    nothing = InProcess()
    assert carried(made_folder, store, nothing) == []
    assert nothing.order == []


def test_only_values_seeds_and_trials_of_a_sweep_can_be_changed(store):
    made_folder = sweep_store.create(made(), store)
    with pytest.raises(UserError, match=r"--extend: training.epochs is 1 in sweep .* and 2 in the file"):
        sweep_store.extend(made_folder, made(set=GRID["set"] | {"training": {"epochs": 2}}))
    with pytest.raises(UserError, match=r"varies model.bottleneck.size, corruption; so must the file"):
        sweep_store.extend(made_folder, made(vary={"model.bottleneck.size": [2]}))


def test_a_run_that_failed_or_was_cut_off_goes_on_when_the_sweep_does(store):
    made_folder = sweep_store.create(made(seeds=1), store)
    engine = InProcess(broken=lambda run: len(engine.order) == 2)
    told = carried(made_folder, store, engine)
    assert [t.row.state for t in told if t.ended] == ["finished", "failed", "finished", "finished"]
    assert made_folder.state() == "finished"
    assert [row.error for row in sweep_store.rows(made_folder, store) if row.state == "failed"] == ["it broke"]
    failed = Run(store.root / "runs" / engine.order[1])
    again = InProcess()
    carried(made_folder, store, again)
    assert again.order == [failed.id]
    assert run_state(failed) == "finished"


def test_a_deleted_run_stays_in_the_results(store):
    import shutil

    made_folder = sweep_store.create(made(seeds=1), store)
    engine = InProcess()
    carried(made_folder, store, engine)
    before = sweep_store.rows(made_folder, store)
    shutil.rmtree(store.root / "runs" / engine.order[0])
    assert sweep_store.rows(made_folder, store) == before
    assert carried(made_folder, store) == []


def test_a_sweep_is_carried_out_once_at_a_time(store):
    import filelock

    made_folder = sweep_store.create(made(), store)
    with (
        filelock.FileLock(made_folder.file(".lock")),
        pytest.raises(UserError, match="is already running"),
    ):
        carried(made_folder, store)


def test_a_second_start_leaves_a_sweep_that_is_being_carried_out_as_it_is(store, monkeypatch):
    made_folder = sweep_store.create(made(), store)
    started = []
    monkeypatch.setattr(detached, "start_detached", lambda arguments, log: started.append(arguments))
    runner.start(made_folder, "local", {"device": "cpu"})
    made_folder.write_status(state="running", process=this_process())
    before = made_folder.status()
    with pytest.raises(UserError, match="is already running"):
        runner.start(made_folder)
    assert made_folder.status() == before
    assert started == [["sweep", made_folder.id, "--on", "local", "--device", "cpu"]]


def test_a_stop_does_not_wait_for_ever_for_a_run_that_does_not_hear_of_it(store, monkeypatch):
    class Deaf(InProcess):
        def start(self, run):
            self.order.append(run.id)

        def collect(self, timeout_s):
            return []

    monkeypatch.setattr(runner, "STOP_S", 0.2)
    made_folder = sweep_store.create(made(), store)
    engine = Deaf()
    told = carried(made_folder, store, engine, lambda: bool(engine.order))
    assert [t.ended for t in told] == [False]
    assert engine.closed
    assert made_folder.state() == "stopped"


def test_a_damaged_sweep_is_one_line(store):
    made_folder = sweep_store.create(made(), store)
    made_folder.file("sweep.json").write_text("{}")
    with pytest.raises(AecoreError, match=r"sweep\.json does not hold a valid sweep: base: "):
        made_folder.sweep()
    made_folder.file("results.json").write_text('{"runs": [{"a": 1}]}')
    with pytest.raises(AecoreError, match="does not hold rows of runs"):
        made_folder.results()
    with pytest.raises(UserError, match="there is no sweep 'x'"):
        sweep_store.find("x", store)


def test_the_store_is_checked_for_what_machines_that_share_it_need(store, monkeypatch):
    runner.check_store(store)
    assert not list(store.root.glob(".check-*"))

    class NoLock:
        def __init__(self, *_, **__):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def acquire(self):
            pass

    monkeypatch.setattr(runner.filelock, "FileLock", NoLock)
    with pytest.raises(AecoreError, match="locks do not exclude each other there"):
        runner.check_store(store)


def test_the_demo_refuses_sweeps(store, monkeypatch):
    made_folder = sweep_store.create(made(), store)
    monkeypatch.setenv("AECORE_DEMO", "train")
    with pytest.raises(UserError, match="sweeps is switched off"):
        carried(made_folder, store)
    with pytest.raises(UserError, match="sweeps"):
        runner.start(made_folder, "local", {})


def gone() -> dict[str, object]:
    """A process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    found = identity(process.pid)
    process.communicate()
    return found


def test_a_run_that_was_queued_by_a_process_that_is_gone_is_trained(store):
    made_folder = sweep_store.create(made(seeds=1), store)
    point = made_folder.sweep().points()[1]
    run = jobs.submit(made_folder.sweep().experiment_of(point, made_folder.id), "cpu", store)
    expect_worker(run, gone())
    engine = InProcess()
    carried(made_folder, store, engine)
    assert len(engine.order) == 4
    assert run.id in engine.order
    assert made_folder.state() == "finished"


def test_a_sweep_of_which_a_run_never_ran_has_not_finished(store):
    class Dying(InProcess):
        def start(self, run):
            if len(self.order) == 1:  # its worker dies before it has told its process
                self.order.append(run.id)
                self.done.append((run, "queued"))
            else:
                super().start(run)

    made_folder = sweep_store.create(made(seeds=1), store)
    carried(made_folder, store, Dying())
    assert made_folder.state() == "stopped"
    assert made_folder.status()["error"] == "1 of 4 runs did not finish (1 stopped); resume the sweep"
    carried(made_folder, store, InProcess())
    assert made_folder.state() == "finished"
    assert made_folder.status()["error"] is None


def test_a_sweep_waits_for_a_run_that_another_process_trains(store, monkeypatch):
    monkeypatch.setattr(runner, "TICK_S", 0.01)
    made_folder = sweep_store.create(made(seeds=1), store)
    point = made_folder.sweep().points()[2]
    run = jobs.submit(made_folder.sweep().experiment_of(point, made_folder.id), "cpu", store)
    run.write_status(state="running", process=this_process())
    engine, looks = InProcess(), []
    real = runner.row_of

    def look(sweep, looked_at):
        if looked_at.id == run.id:
            looks.append(looked_at)
            if len(looks) == 3:
                run.write_status(state="finished", process=None)
        return real(sweep, looked_at)

    monkeypatch.setattr(runner, "row_of", look)
    told = carried(made_folder, store, engine)
    assert len(engine.order) == 3
    assert told[-1].row.run == run.id
    assert made_folder.state() == "finished"


def test_a_damaged_run_of_a_sweep_is_trained_anew(store):
    made_folder = sweep_store.create(made(seeds=1), store)
    engine = InProcess()
    carried(made_folder, store, engine, lambda: len(engine.order) >= 2)
    damaged = Run(store.root / "runs" / engine.order[0])
    damaged.file("status.json").write_text("{")
    damaged.file("evaluation.json").unlink(missing_ok=True)
    made_folder.file("results.json").unlink()
    again = InProcess()
    carried(made_folder, store, again)
    assert len(again.order) == 3
    assert damaged.id not in again.order
    assert made_folder.state() == "finished"
