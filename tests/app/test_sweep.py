"""The Sweep page without a browser: what it shows of a sweep in every state, its form, its files."""

from __future__ import annotations

import csv
import io
import os
import platform
import shutil
import tomllib

import pytest

from aecore.jobs import detach as detached
from aecore.runs.store import Store
from aecore.sweeps import statistics
from aecore.sweeps import store as sweep_store
from aecore.sweeps.definition import Sweep
from aecore.sweeps.store import SweepFolder
from dashboard.cache import sweeps
from dashboard.cache.sweeps import look
from dashboard.sweep import export, parse_values, table
from tests.helpers.pages import page, texts
from tests.helpers.sweeps import SMALL, carried_out, copied, rows_of, shipped


@pytest.fixture(scope="module")
def _swept(tmp_path_factory):
    return carried_out(Store(tmp_path_factory.mktemp("swept")))


@pytest.fixture
def swept(_swept, store) -> SweepFolder:
    """A finished sweep of 2 × 2 combinations and 2 seeds in the test's own store."""
    return copied(_swept, store)


def button_labels(app) -> set[str]:
    return {button.label for button in app.button}


# ---- what it shows -------------------------------------------------------------------------------


def test_an_empty_store_says_what_a_sweep_is_and_offers_the_form(store):
    app = page("sweep")
    assert "A sweep trains one experiment many times" in texts(app)
    assert app.button(key="sweep-start")
    assert "Cancel" not in button_labels(app)


def test_a_finished_sweep_is_shown_with_its_best_first(swept, store):
    app = page("sweep", sweep=swept.id)
    assert "**Code size** (2, 8) and **Training corruption** (clean, Gaussian noise, σ 0.3)" in texts(app)
    assert "8 runs in all" in texts(app)
    assert "Means over 2 seeds, ± one sample standard deviation" in texts(app)
    frame = app.dataframe[0].value
    sweep, rows = swept.sweep(), swept.results()
    best = statistics.best(statistics.groups(sweep, rows, "mse", "none"), "lower")
    assert frame["MSE"].tolist() == pytest.approx([group.mean for group in best])
    assert frame["±"].tolist() == pytest.approx([group.std for group in best])
    assert frame["Code size"].tolist() == [group.values["model.bottleneck.size"] for group in best]
    assert frame["Runs"].tolist() == [2, 2, 2, 2]
    assert not {"Stop", "Resume"} & button_labels(app), "nothing is left to do"


def test_another_figure_and_corruption_order_it_anew_and_stand_in_the_address(swept):
    app = page("sweep", sweep=swept.id)
    app.selectbox(key="sweep-figure").set_value("psnr_db").run()
    app.selectbox(key="sweep-under").set_value("own").run()
    assert not app.exception
    frame = app.dataframe[0].value
    assert frame["PSNR"].tolist() == sorted(frame["PSNR"], reverse=True), "more is better"
    sweep, rows = swept.sweep(), swept.results()
    groups = statistics.groups(sweep, rows, "psnr_db", "own")
    assert sorted(frame["PSNR"]) == pytest.approx(sorted(group.mean for group in groups))
    assert app.query_params["figure"] in ("psnr_db", ["psnr_db"])
    assert app.query_params["under"] in ("own", ["own"])


def test_a_link_brings_figure_corruption_and_chart(swept):
    app = page("sweep", sweep=swept.id, figure="ssim", under="gaussian:0.3", view="heat")
    assert app.selectbox(key="sweep-figure").value == "ssim"
    assert app.selectbox(key="sweep-under").value == "gaussian:0.3"
    assert "SSIM" in app.dataframe[0].value
    assert "Faint dots" not in texts(app), "the heat map has none"


def test_what_an_address_cannot_mean_falls_back(swept):
    app = page("sweep", sweep="gone-20200101-000000", figure="beauty", under="gaussian:9", view="pie")
    assert "There is no sweep “gone-20200101-000000” here" in "\n".join(w.value for w in app.warning)
    assert app.selectbox(key="sweep-figure").value == "mse"
    assert app.selectbox(key="sweep-under").value == "none"


def test_a_shipped_sweep_shows_all_without_its_runs(swept, store):
    shipped(swept, store)
    shutil.rmtree(swept.path)
    shutil.rmtree(store.root / "runs")
    app = page("sweep")
    assert len(app.dataframe[0].value) == 4
    assert "ships without its runs" in texts(app)
    assert "It ships with the project." in texts(app)
    assert not {"Stop", "Resume"} & button_labels(app)


def test_a_sweep_at_work_tells_how_far_it_is(swept, store, monkeypatch):
    runs = list(sweep_store.runs_of(swept, store))
    swept.file("results.json").unlink()
    process = {"pid": os.getpid(), "started": 0.0, "host": platform.node()}
    monkeypatch.setattr("aecore.runs.state.is_alive", lambda process: True)
    runs[0].write_status(state="running", process=process)
    runs[0].file("evaluation.json").unlink()
    runs[1].path.rename(store.root / "elsewhere")
    swept.write_status(state="running", process=process, started="2020-01-01T00:00:00.000Z")
    app = page("sweep", sweep=swept.id)
    told = texts(app)
    assert "Running: " in told
    assert "(epoch 1 of 1)" in told
    assert "Stop" in button_labels(app)
    assert "running" in told
    assert sum(app.dataframe[0].value["Runs"].tolist()) == 6, "what has finished is shown at once"
    now = look(swept, store)
    assert (now.done, now.total) == (6, 8)
    left = sweeps.left_s(now, swept.status())
    assert left is not None
    assert left > 0


def test_failed_runs_are_told_in_a_line_for_each_reason(swept, store):
    for run in list(sweep_store.runs_of(swept, store))[:3]:
        run.write_status(state="failed", error="the loss is no number; lower training.lr")
    swept.file("results.json").unlink()
    swept.write_status(state="finished")
    app = page("sweep", sweep=swept.id)
    told = [error.value for error in app.error]
    assert len(told) == 1
    assert told[0].startswith("**3 runs failed**")
    assert told[0].count("the loss is no number") == 1
    assert "and 2 other runs" in told[0]
    assert "Resume" in button_labels(app)


@pytest.mark.parametrize(
    ("state", "words_"), [("interrupted", "exited unexpectedly"), ("stopped", "Resume"), ("failed", "it broke down")]
)
def test_what_was_cut_off_can_go_on(swept, monkeypatch, state, words_):
    begun = []
    monkeypatch.setattr(detached, "start_detached", lambda arguments, log: begun.append(arguments))
    process = {"pid": 2**22 + 1, "started": 1.0, "host": platform.node()}
    told = {"interrupted": "running"}.get(state, state)
    swept.write_status(state=told, process=process, error="it broke down" if state == "failed" else None)
    app = page("sweep", sweep=swept.id)
    assert words_ in texts(app) + " ".join(button_labels(app))
    app.button(key="sweep-go-on").click().run()
    assert not app.exception
    assert begun == [["sweep", swept.id, "--on", "local", "--device", "cpu"]]
    assert swept.status()["state"] == "queued"


def test_a_damaged_sweep_is_one_line(swept):
    swept.file("sweep.json").write_text("{")
    app = page("sweep", sweep=swept.id)
    assert any("sweep.json cannot be read" in error.value for error in app.error)


def test_a_demo_shows_sweeps_and_starts_none(swept, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "1")
    swept.write_status(state="stopped")
    app = page("sweep", new="1")
    assert len(app.dataframe[0].value) == 4
    assert not {"New sweep", "Start", "Resume", "Stop"} & button_labels(app)


def test_a_demo_without_sweeps_says_so(store, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "train")
    app = page("sweep")
    assert "There are no sweeps here" in texts(app)
    assert "Start" not in button_labels(app)


def test_a_run_leads_to_its_sweep_and_is_found_by_it(swept, store):
    run = next(iter(sweep_store.runs_of(swept, store)))
    app = page("train", run=run.id)
    links = {node.proto.label for node in app.main if node.type == "page_link"}
    assert "Sweep" in links
    shutil.rmtree(swept.path)
    app = page("train", run=run.id)
    assert "Sweep" not in {node.proto.label for node in app.main if node.type == "page_link"}
    app = page()
    app.text_input(key="overview-filter").set_value(swept.id).run()
    assert len(app.dataframe[0].value) == 8


# ---- rows and what is ticked ---------------------------------------------------------------------


def test_rows_are_read_again_only_where_a_file_changed(swept, store, monkeypatch):
    swept.file("results.json").unlink()
    first = look(swept, store)
    assert look(swept, store) is first
    run = next(iter(sweep_store.runs_of(swept, store)))
    read = []
    monkeypatch.setattr(sweeps, "row_of", lambda sweep, run: read.append(run.id) or sweep_store.row_of(sweep, run))
    run.write_status(state="failed", error="gone")
    second = look(swept, store)
    assert second is not first
    assert read == [run.id]
    assert second.done == 7


def test_of_a_combination_the_run_nearest_the_mean_is_compared(swept, store):
    runs = [run.id for run in sweep_store.runs_of(swept, store)][:3]
    group = statistics.Group({"model.bottleneck.size": 2}, (0.1, 0.2, 0.26), (runs[0], runs[1], runs[2]))
    assert table.typical(group, store) == runs[1]
    shutil.rmtree(store.root / "runs" / runs[1])
    assert table.typical(group, store) == runs[2], "0.26 is nearer to 0.187 than 0.1"
    assert table.typical(statistics.Group({}, (0.1,), ("gone",)), store) is None


# ---- files ---------------------------------------------------------------------------------------


def test_the_csv_has_a_row_a_run_with_every_metric(swept):
    read = list(csv.DictReader(io.StringIO(export.csv_text(swept.sweep(), swept.results()))))
    assert len(read) == 8
    row, kept = read[0], swept.results()[0]
    assert row["run"] == kept.run
    assert row["model.bottleneck.size"] == "2"
    assert float(row["mse (gaussian:0.3)"]) == kept.measured["gaussian:0.3"]["mse"]
    assert "snr_db (none)" in row


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"seeds": [3, 5], "goal": "psnr_db", "under": "own"},
        {"vary": {"model.dense": [[], [64, 32]], "training.deterministic": [True, False]}},
        {"base": "mnist-mlp8", "set": {"model.bias_init": None}},  # TOML cannot say that of a preset that has one
        {"method": "random", "trials": 7, "vary": {"training.lr": {"low": 1e-4, "high": 1e-2, "log": True}}},
        {"name": 'A "quoted" \\ name', "set": {"training.log_every": 5, "model.norm": "batch"}},
    ],
)
def test_the_toml_file_says_the_same(changes):
    sweep = Sweep.parse(SMALL | changes)
    assert Sweep.parse(tomllib.loads(export.toml_text(sweep))) == sweep


def test_the_toml_file_says_what_it_cannot_hold():
    sweep = Sweep.parse(SMALL | {"vary": {"data.train_images": [None, 50]}})
    text = export.toml_text(sweep)
    assert "# data.train_images: its default" in text
    assert Sweep.parse(tomllib.loads(text)).vary == {"data.train_images": (50,)}


# ---- the form ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("model.bottleneck.size", "2, 4\n8\n", [2, 4, 8]),
        ("training.lr", "1e-4\n0.001", [1e-4, 0.001]),
        ("corruption", "none\ngaussian:0.3:clamp+square:8\n", ["none", "gaussian:0.3:clamp+square:8"]),
        ("model.dense", "392, 128\n[64]\nnone", [[392, 128], [64], []]),
        ("model.conv", "32k3s2p1, 64k3s2p1", [["32k3s2p1", "64k3s2p1"]]),
        ("model.decoder_dense", "default\n32", [None, [32]]),
        ("data.train_images", "default, 100", [None, 100]),
    ],
)
def test_values_are_read_as_they_are_typed(key, text, expected):
    assert parse_values.values(key, text) == expected


def test_every_setting_that_may_vary_is_offered_with_its_value_as_text(store):
    from aecore.presets import presets

    for preset in presets().values():
        flat = preset.experiment.flat()
        for key in parse_values.settings():
            typed = parse_values.values(key, parse_values.as_text(key, flat[key]))
            assert preset.experiment.changed({key: typed[0]}) == preset.experiment, key
            assert len(typed) == 1


def test_the_form_counts_runs_while_one_types(store, trained):
    app = page("sweep")
    app.multiselect(key="sweep-vary").set_value(["model.bottleneck.size", "corruption"]).run()
    app.text_area(key="sweep-values:digits-quick:model.bottleneck.size").set_value("2, 4, 8")
    app.text_area(key="sweep-values:digits-quick:corruption").set_value("none\ngaussian:0.3").run()
    assert not app.exception
    told = texts(app)
    assert "3 × 2 × 3 seeds = 18 runs. About " in told
    assert "clean images, Gaussian noise, σ 0.2, Gaussian noise, σ 0.3" in told, (
        "what is trained with is measured under as well"
    )
    assert not app.button(key="sweep-start").disabled


@pytest.mark.parametrize(
    ("key", "text", "complaint"),
    [
        ("model.bottleneck.size", "2, many", "model.bottleneck.size"),
        ("model.bottleneck.size", "", "Code size: type at least one value"),
        ("model.bottleneck.size", "4, 4", "4 is listed twice"),
        ("corruption", "gausian:0.3", "did you mean"),
        ("model.dense", "65536, 65536", "parameters are more"),
    ],
)
def test_a_wrong_value_is_one_line_and_cannot_be_started(store, key, text, complaint):
    app = page("sweep")
    app.multiselect(key="sweep-vary").set_value([key]).run()
    app.text_area(key=f"sweep-values:digits-quick:{key}").set_value(text).run()
    assert not app.exception
    assert [complaint in error.value.replace("\\", "") for error in app.error] == [True], [e.value for e in app.error]
    assert app.button(key="sweep-start").disabled


def test_other_wrong_things_are_told(store):
    app = page("sweep")
    app.multiselect(key="sweep-vary").set_value([]).run()
    assert "choose at least one setting" in texts(app)
    app.multiselect(key="sweep-vary").set_value(["model.bottleneck.size"]).run()
    app.text_area(key="sweep-changes").set_value("training.lr 0.1").run()
    assert "should look like training" in texts(app)
    app.text_area(key="sweep-changes").set_value("model.bottleneck.size = 3").run()
    assert "varies and cannot be fixed as well" in texts(app)
    app.text_area(key="sweep-changes").set_value("training.lrr = 3").run()
    assert "did you mean" in texts(app)
    assert app.button(key="sweep-start").disabled


def test_start_makes_the_sweep_that_the_form_shows_and_opens_it(store, monkeypatch):
    begun = []
    monkeypatch.setattr(detached, "start_detached", lambda arguments, log: begun.append(arguments))
    app = page("sweep")
    app.multiselect(key="sweep-vary").set_value(["model.bottleneck.size", "model.activation"]).run()
    app.text_area(key="sweep-values:digits-quick:model.bottleneck.size").set_value("2, 4")
    app.multiselect(key="sweep-values:digits-quick:model.activation").set_value(["relu", "selu"])
    app.number_input(key="sweep-epochs:digits-quick").set_value(2)
    app.number_input(key="sweep-images:digits-quick").set_value(100)
    app.number_input(key="sweep-seeds").set_value(2)
    app.text_area(key="sweep-changes").set_value("training.lr = 0.01")
    app.selectbox(key="sweep-goal").set_value("psnr_db").run()
    app.button(key="sweep-start").click().run()
    assert not app.exception
    made = sweep_store.sweeps(store)[0]
    sweep = made.sweep()
    assert begun == [["sweep", made.id, "--on", "local", "--device", app_device()]]
    assert sweep.name == "Code size and hidden activation"
    assert dict(sweep.vary) == {"model.bottleneck.size": (2, 4), "model.activation": ("relu", "selu")}
    assert sweep.seeds == (0, 1)
    assert (sweep.goal, sweep.under) == ("psnr_db", "none")
    flat = sweep.experiment.flat()
    assert (flat["training.epochs"], flat["training.lr"], flat["data.train_images"]) == (2, 0.01, 100)
    assert app.query_params["sweep"] in (made.id, [made.id])
    assert app.subheader[0].value == sweep.name
    assert app.button(key="sweep-stop").disabled, "it has no process to tell yet"


def app_device() -> str:
    from aecore.devices import devices

    return devices()[0].name


def test_a_run_can_be_the_base(store, trained, monkeypatch):
    monkeypatch.setattr(detached, "start_detached", lambda arguments, log: None)
    app = page("sweep")
    app.selectbox(key="sweep-base").set_value(trained.id).run()
    app.text_area(key=f"sweep-values:{trained.id}:model.bottleneck.size").set_value("3, 5").run()
    app.button(key="sweep-start").click().run()
    assert not app.exception
    experiment = sweep_store.sweeps(store)[0].sweep().experiment
    assert (experiment.training.epochs, experiment.training.batch_size) == (3, 256)


def test_what_goes_wrong_at_the_start_is_told(store, monkeypatch):
    app = page("sweep")

    def full(arguments, log):
        raise OSError("no process can be started")

    monkeypatch.setattr(detached, "start_detached", full)
    app.button(key="sweep-start").click().run()
    assert not app.exception
    assert "no process can be started" in texts(app)
    assert "Resume" in button_labels(app)


def test_cancel_leads_back_to_the_sweep_that_was_open(swept, store):
    shipped(swept, store)
    other = sweep_store.create(Sweep.parse(SMALL), store)
    app = page("sweep", sweep=swept.id)
    app.button(key="sweep-open-new").click().run()
    assert "New sweep" in [heading.value for heading in app.subheader]
    app.button(key="sweep-cancel").click().run()
    assert app.selectbox(key="sweep-sweep").value == swept.id
    assert other.id in app.selectbox(key="sweep-sweep").options[0]


def test_ten_thousand_runs_are_looked_at_once(store):
    """Every combination is an experiment; none of them is built again to show what is known."""
    numbers = tuple(range(1, 101))
    vary = {"model.bottleneck.size": numbers, "training.batch_size": numbers}
    sweep = Sweep.parse(SMALL).model_copy(update={"vary": vary, "seeds": (0,)})
    made = SweepFolder(store.root / "sweeps" / "large-20261121-100000")
    made.path.mkdir(parents=True)
    made.write_sweep(sweep)
    made.write_results(rows_of(sweep, lambda point: 0.1))
    made.write_status(state="finished")
    now = look(made, store)
    assert now.done == now.total == 10_000
    assert look(made, store) is now
    app = page("sweep", sweep=made.id)
    assert "The best 1,000 of 10,000" in texts(app)
