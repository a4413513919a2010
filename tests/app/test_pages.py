"""Pages without a browser: what they show for a store that is full, empty or damaged."""

import pytest

from aecore import jobs
from aecore.presets import preset
from dashboard.widgets import run_monitor
from tests.helpers.pages import page, texts


def test_the_overview_lists_the_shipped_run_and_says_what_to_do(gallery):
    app = page()
    table = app.dataframe[0].value
    assert table["Run"].tolist() == ["mnist-mlp8"]
    assert table["State"].tolist() == ["finished"]
    assert float(table["MSE, clean"].iloc[0]) == pytest.approx(0.0206, abs=0.002)
    assert {button.label for button in app.button} >= {"Train a first model", "Look at a trained model"}
    assert "noisy input" in app.dataframe[1].value["Image"].tolist()


def test_the_overview_of_an_empty_store_says_how_to_begin(store):
    app = page()
    assert "no runs yet" in texts(app)
    assert not app.dataframe


def test_the_overview_filters_and_keeps_damaged_runs_in_sight(gallery, trained):
    trained.file("status.json").write_text("{")
    app = page()
    assert sorted(app.dataframe[0].value["State"]) == ["damaged", "finished"]
    app.text_input(key="overview-filter").set_value("digits").run()
    assert app.dataframe[0].value["Run"].tolist() == [trained.id]
    app.text_input(key="overview-filter").set_value("no such thing").run()
    assert "No run matches" in texts(app)


def test_a_deep_link_opens_the_run_and_a_stale_one_is_told(gallery, trained):
    app = page(run=trained.id)
    assert trained.id in texts(app)
    app = page("train", run="../../etc")
    assert "There is no run" in texts(app)
    assert app.button(key="start")


def test_the_form_makes_the_experiment_that_it_shows(store, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "start", started.append)
    app = page("train", preset="mnist-mlp8-plateau")
    assert "622,504 parameters" in texts(app)
    app.number_input(key="form:mnist-mlp8-plateau:model.bottleneck.size").set_value(5)
    app.text_input(key="form:mnist-mlp8-plateau:model.dense").set_value("100, 50").run()
    assert "Code size: 8 → **5**" in texts(app)
    app.button(key="start").click().run()
    assert not app.exception
    experiment = started[0].experiment()
    expected = {"model.bottleneck.size": 5, "model.dense": [100, 50]}
    assert experiment == preset("mnist-mlp8-plateau").experiment.changed(expected)
    assert app.query_params["run"] == started[0].id


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("model.dense", "392, many", "integers"),
        ("model.dense", "0", "greater than or equal to 1"),
        ("model.dense", "65536, 65536", "parameters are more"),
        ("evaluation.corruptions", "gausian:0.2", "did you mean 'gaussian'"),
    ],
)
def test_a_wrong_field_is_told_and_cannot_be_started(store, field, value, words):
    app = page("train")
    app.text_input(key=f"form:digits-quick:{field}").set_value(value).run()
    assert not app.exception
    assert words in texts(app)
    assert app.button(key="start").disabled


def test_watching_runs_in_every_state(store, trained):
    for state, words in [
        ("finished", ""),
        ("stopped", ""),
        ("failed", "lower training.lr"),
        ("running", "exited unexpectedly"),
    ]:
        process = {"pid": 2**22 + 1, "started": 1.0, "host": __import__("platform").node()}
        trained.file("log.txt").write_text("the worker's last words\n")
        trained.write_status(state=state, error=words if state == "failed" else None, process=process)
        app = page("train", run=trained.id)
        assert words in texts(app)
        assert ("the worker's last words" in [code.value for code in app.code]) == (state in ("failed", "running"))
        labels = {button.label for button in app.button}
        assert ("Resume" in labels) == (state != "finished")
        assert "Stop" not in labels
        assert [metric.label for metric in app.metric][:2] == ["Training loss", "Test loss"]


def test_a_damaged_run_is_told_on_every_page(store, trained):
    trained.file("experiment.json").unlink()
    assert "experiment.json" in texts(page("train", run=trained.id))
    assert "experiment.json" in texts(page("restore", run=trained.id))


def test_a_run_that_ends_while_its_page_is_drawn_is_not_shown_as_it_was(store, monkeypatch):
    """The state changes between the heading, which shows it, and the watch below, which looks for changes."""
    run = jobs.submit(preset("digits-quick").experiment, "cpu", store)
    read = run_monitor.runs.summary

    def ends_meanwhile(asked):
        found = read(asked)
        if found.state == "queued":
            run.write_status(state="stopped", process=None)
        return found

    monkeypatch.setattr(run_monitor.runs, "summary", ends_meanwhile)
    app = page("train", run=run.id)
    assert "stopped" in texts(app)
    assert "queued" not in texts(app)
