"""Sweeps as data and in the store: what they expand to, what is missing of them, what their runs amount to."""

import json
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore import jobs
from aecore.errors import AecoreError, UserError
from aecore.jobs import detach as detached
from aecore.presets import preset
from aecore.runs.process import this_process
from aecore.runs.state import LOCK, SILENT_S, run_state
from aecore.runs.store import Run, Store
from aecore.sweeps import runner
from aecore.sweeps import statistics as sweep_statistics
from aecore.sweeps import store as sweep_store
from aecore.sweeps.definition import Range, Sweep
from aecore.sweeps.store import Row

SMALL = {
    "name": "Sizes",
    "base": "digits-quick",
    "set": {"training": {"epochs": 1}, "data.train_images": 100, "evaluation.corruptions": ["none", "gaussian:0.3"]},
    "vary": {"model.bottleneck.size": [2, 4], "corruption": ["none", "gaussian:0.30"]},
    "seeds": 2,
}


def made(**changes) -> Sweep:
    return Sweep.parse(SMALL | changes)


class InProcess:
    """An engine for tests: works on each run here and now."""

    name = "here"

    def __init__(self, broken=lambda run: False):
        self.done, self.order, self.broken, self.closed = [], [], broken, False

    def free_slots(self):
        return 1 - len(self.done)

    def start(self, run: Run):
        self.order.append(run.id)
        if self.broken(run):
            jobs.give_up(run, "it broke")
            self.done.append((run, "failed"))
        else:
            self.done.append((run, jobs.work(run)))

    def collect(self, timeout_s):
        found, self.done = self.done, []
        return found

    def stop(self):
        pass

    def close(self):
        self.closed = True


def carried(sweep_folder, store, engine=None, stopped=lambda: False):
    return list(runner.run_sweep(sweep_folder, store, engine or InProcess(), "cpu", stopped))


def test_a_grid_is_every_combination_with_every_seed():
    sweep = made()
    assert [(p.values["model.bottleneck.size"], p.values["corruption"], p.seed) for p in sweep.points()] == [
        (size, noise, seed) for size in (2, 4) for noise in ("none", "gaussian:0.3") for seed in (0, 1)
    ]
    experiment = sweep.experiment_of(sweep.points()[-1], "sizes-1")
    assert experiment.model.bottleneck.size == 4
    assert experiment.training.seed == 1
    assert experiment.training.epochs == 1
    assert experiment.sweep == "sizes-1"
    assert experiment.name == "Sizes: size 4, corruption gaussian:0.3, seed 1"
    assert sweep.point_of(experiment) == sweep.points()[-1]
    assert Sweep.parse(json.loads(json.dumps(sweep.as_json()))) == sweep


@given(st.integers(1, 60), st.integers(1, 60), st.booleans(), st.booleans())
def test_a_longer_random_sweep_begins_as_the_shorter_one_did(first, second, log, whole):
    vary = {"training.lr": Range(low=1e-4, high=1e-1, log=log), "model.bottleneck.size": [2, 4, 8]}
    vary["training.batch_size"] = Range(low=16, high=512, log=log, whole=True)
    short, long = (
        list(made(vary=vary, method="random", trials=count).each_combination()) for count in sorted((first, second))
    )
    assert long[: len(short)] == short
    assert all(1e-4 <= values["training.lr"] <= 1e-1 for values in long)
    assert all(16 <= values["training.batch_size"] <= 512 for values in long)
    assert all(isinstance(values["training.batch_size"], int) for values in long)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"base": "mnist-mlp"}, "unknown preset 'mnist-mlp': did you mean 'mnist-mlp8'"),
        ({"base": ""}, "base: name a preset or an experiment file"),
        (
            {"vary": {"bottleneck.size": [2]}},
            "unknown setting 'bottleneck.size': did you mean 'model.bottleneck.size'?",
        ),
        ({"vary": {}}, "vary: "),
        ({"vary": {"model.bottleneck.size": []}}, "vary.model.bottleneck.size"),
        ({"vary": {"model.bottleneck.size": [2, 0]}}, "model.bottleneck.size: should be greater than or equal to 1"),
        ({"vary": {"corruption": ["none", "gauss:1"]}}, "unknown noise 'gauss'"),
        ({"vary": {"model.bottleneck.size": [2, 2]}}, "model.bottleneck.size: 2 is listed twice"),
        ({"vary": {"training.seed": [1, 2]}}, "training.seed cannot vary: set seeds instead"),
        ({"vary": {"training.lr": {"low": 1, "high": 0.1}}, "method": "random"}, "goes from a low to a higher number"),
        ({"vary": {"training.lr": {"low": 0, "high": 1, "log": True}}, "method": "random"}, "begins above 0"),
        ({"vary": {"training.lr": {"low": 0.1, "high": 1}}}, "a grid takes lists; training.lr is a range"),
        ({"vary": {"training.seed": 3}}, "vary.training.seed"),
        ({"seeds": [1, 1]}, "a seed is listed twice"),
        ({"seeds": [-1]}, "seeds.0"),
        ({"seeds": 1000, "vary": {"model.bottleneck.size": list(range(1, 12))}}, "these are 11,000 runs"),
        ({"goal": "mes"}, "unknown goal 'mes': did you mean 'mse'?"),
        ({"method": "gird"}, "method: unknown value 'gird': did you mean 'grid'?"),
        ({"set": {"training.epoch": 1}}, "unknown setting 'training.epoch': did you mean 'training.epochs'?"),
        ({"sedes": 2}, "unknown setting 'sedes': did you mean 'seeds'?"),
        ({"vary": [1]}, "vary: should be a table of settings"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(changes, told):
    with pytest.raises(UserError) as caught:
        made(**changes)
    assert told in str(caught.value)


def test_values_that_no_run_can_have_are_told_before_anything_is_made(store):
    sweep = made(vary={"model.bottleneck.size": [2], "training.batch_size": [16, 33]}, set={"model.norm": "batch"})
    runner.check(sweep, "cpu")
    with pytest.raises(UserError, match="the run with name mnist9: "):
        runner.check(made(vary={"data.name": ["digits", "mnist9"]}), "cpu")
    with pytest.raises(UserError, match="there is no device 'cuda:77'"):
        runner.check(sweep, "cuda:77")


def test_a_file_may_stand_for_the_base_and_dotted_keys_may_be_tables(tmp_path):
    (tmp_path / "base.toml").write_text("[training]\nepochs = 3\n[data]\nname = 'digits'\n")
    (tmp_path / "sweep.toml").write_text(
        "name = 'Own'\nbase = 'base.toml'\n[vary]\ntraining.lr = [1e-3, 1e-2]\n'model.dense' = [[64], [64, 32]]\n"
    )
    sweep = Sweep.load(tmp_path / "sweep.toml")
    assert sweep.experiment.training.epochs == 3
    assert [p.values for p in sweep.points()][1] == {"training.lr": 1e-3, "model.dense": [64, 32]}
    with pytest.raises(UserError, match="there is no file"):
        Sweep.parse({"name": "x", "base": "missing.toml", "vary": {"training.lr": [1]}}, tmp_path)


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
    wider = made(vary=SMALL["vary"] | {"model.bottleneck.size": [2, 3, 4]})
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
        sweep_store.extend(made_folder, made(set=SMALL["set"] | {"training": {"epochs": 2}}))
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


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9))
def test_mean_and_spread_are_those_of_the_seeds(figures):
    sweep = made(seeds=list(range(len(figures))), vary={"model.bottleneck.size": [2]})
    rows = [
        Row(f"r{seed}", {"model.bottleneck.size": 2}, seed, "finished", measured={"none": {"mse": figure}})
        for seed, figure in enumerate(figures)
    ]
    rows.append(Row("bad", {"model.bottleneck.size": 2}, 99, "finished", measured={"none": {"mse": None}}))
    rows.append(Row("cut", {"model.bottleneck.size": 2}, 98, "stopped", measured={"none": {"mse": 1.0}}))
    (group,) = sweep_statistics.groups(sweep, rows, "mse", "none")
    assert group.scores == tuple(figures)
    assert group.mean == pytest.approx(statistics.fmean(figures))
    assert group.std == (None if len(figures) == 1 else pytest.approx(statistics.stdev(figures)))


def test_figures_are_those_of_the_corruption_that_is_asked_for():
    row = Row(
        "r",
        {},
        0,
        "finished",
        corruption="gaussian:0.3",
        train_loss=0.5,
        measured={"none": {"mse": 1.0}, "gaussian:0.3": {"mse": 2.0, "wrong_digit_rate": 0.1}},
    )
    assert row.score("mse") == 1
    assert row.score("mse", "own") == 2
    assert row.score("wrong_digit_rate", "gaussian:0.3") == 0.1
    assert row.score("mse", "square:8") is None
    assert row.score("train_loss", "own") == 0.5


def test_a_search_learns_from_the_runs_and_begins_anew_from_them():
    pytest.importorskip("optuna", reason="Optuna is optional: requirements-cluster.txt")
    from aecore.sweeps.optuna_search import Search
    from aecore.sweeps.runner import _key

    vary = {"training.lr": Range(low=1e-5, high=1, log=True), "model.bottleneck.size": [2, 4, 8]}
    sweep = made(method="search", trials=40, vary=vary, seeds=1)

    def played(rows, most):
        search, asked = Search(sweep, rows, _key, lambda values: None), []
        while len(asked) < most and (values := search.next()) is not None:
            asked.append(values)
            error = (math.log10(values["training.lr"]) + 2) ** 2 + abs(values["model.bottleneck.size"] - 8)
            rows[_key(values, 0)] = Row(f"r{len(rows)}", values, 0, "finished", measured={"none": {"mse": error}})
            search.run_ended(values)
        return asked

    rows: dict = {}
    first = played(rows, 15)
    rest = played(rows, 99)  # as after a stop: from the rows alone
    assert len(rows) == 40
    assert not [values for values in rest if values in first]
    close = [abs(math.log10(values["training.lr"]) + 2) for values in rest]
    assert statistics.median(close[-12:]) < statistics.median([abs(math.log10(v["training.lr"]) + 2) for v in first])
    assert min(row.score("mse") for row in rows.values()) < 0.3
    assert played(rows, 99) == []


ODD = {
    "set": SMALL["set"] | {"model.norm": "batch", "evaluation.corruptions": ["none"]},
    "method": "search",
    "trials": 3,
    "seeds": 1,
}
"""A hundred images, and batch normalisation: batches of 33 and 99 leave one image over, which has no spread."""


def test_a_search_passes_over_what_cannot_be_trained(store):
    pytest.importorskip("optuna", reason="Optuna is optional: requirements-cluster.txt")
    sizes = {"training.batch_size": [99, 33, 50], "training.lr": Range(low=1e-4, high=1e-2, log=True)}
    made_folder = sweep_store.create(made(**ODD, vary=sizes), store)
    carried(made_folder, store)
    assert [row.values["training.batch_size"] for row in sweep_store.rows(made_folder, store)] == [50, 50, 50]
    assert made_folder.state() == "finished"


def test_a_search_of_nothing_that_can_be_trained_says_why(store):
    pytest.importorskip("optuna", reason="Optuna is optional: requirements-cluster.txt")
    made_folder = sweep_store.create(made(**ODD, vary={"training.batch_size": [99, 33]}), store)
    with pytest.raises(UserError, match=r"20 combinations were tried, and none can be trained; the last: .*batch"):
        carried(made_folder, store)
    assert made_folder.state() == "failed"
    assert not sweep_store.rows(made_folder, store)


def test_a_search_needs_its_package_and_says_so(store, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    made_folder = sweep_store.create(made(method="search"), store)
    with pytest.raises(UserError, match="needs Optuna: pip install"):
        carried(made_folder, store)
    assert made_folder.state() == "failed"


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


def test_the_demo_refuses_sweeps(store, monkeypatch):
    made_folder = sweep_store.create(made(), store)
    monkeypatch.setenv("AECORE_DEMO", "train")
    with pytest.raises(UserError, match="sweeps is switched off"):
        carried(made_folder, store)
    with pytest.raises(UserError, match="sweeps"):
        runner.start(made_folder, "local", {})
