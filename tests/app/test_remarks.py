"""A run that is worth nothing says so wherever it is listed, opened or compared."""

import dataclasses

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from aecore import jobs, plots
from aecore.presets import preset
from aecore.runs.run import STATUS, Run
from aecore.runs.summary import MARK, may_win, summarise
from dashboard.compare import tables
from dashboard.restore import rows as comparison
from dashboard.restore import sheet
from dashboard.widgets.run_table import ordered
from tests.helpers.pages import listing, page, texts

DEAD = preset("digits-quick").experiment.changed(
    {
        "name": "dead",
        "training.epochs": 1,
        "model.dense": [16],
        "model.bottleneck.activation": "relu",
        "model.bias_init": -10,
    }
)


HEALTHY = DEAD.changed(
    {
        "name": "healthy",
        "model.bottleneck.activation": "none",
        "model.bias_init": None,
        "training.batch_size": 16,
        "training.epochs": 2,
    }
)


def worked(experiment, store):
    run = jobs.submit(experiment, "cpu", store)
    jobs.work(run)
    return run


@pytest.fixture
def dead(store):
    return worked(DEAD, store)


@pytest.fixture
def healthy(store):
    return worked(HEALTHY, store)


def table(app) -> str:
    """Compare's table of metrics."""
    return next(body for body in (node.proto.body for node in app.get("html")) if "Test MSE" in body)


def test_the_overview_marks_the_run_and_not_the_healthy_one(dead, healthy):
    app = page(run=dead.id)
    frame = listing(app).set_index("Run")
    assert frame.loc[dead.id, "Remarks"].startswith(f"{MARK} all 16 units of the code are dead")
    assert frame.loc[healthy.id, "Remarks"] == ""
    assert [warning.value[:31] for warning in app.warning] == ["All 16 units of the code are de"]
    app.text_input(key="overview-filter").set_value("dead: every image").run()
    assert listing(app)["Run"].tolist() == [dead.id]


def test_a_store_of_healthy_runs_has_no_such_column(healthy):
    app = page(run=healthy.id)
    assert "Remarks" not in listing(app).columns
    assert not app.warning


def test_train_shows_it_with_the_run(dead, healthy):
    assert "All 16 units of the code are dead" in page("train", run=dead.id).warning[0].value
    assert not page("train", run=healthy.id).warning


def test_the_form_says_it_before_training(store):
    app = page("train", preset="digits-quick")
    assert not app.warning
    box = next(box for box in app.selectbox if box.key and box.key.endswith(":model.range"))
    box.set_value("symmetric").run()
    assert "sigmoid output lies in" in texts(app)
    assert not next(button for button in app.button if button.key == "start").disabled


def test_compare_is_not_silent_about_the_best(dead, healthy, store):
    app = page("compare", runs=f"{healthy.id},{dead.id}")
    assert f"**B** {MARK} all 16 units of the code are dead" in texts(app)
    assert "**A**" not in texts(app)
    assert table(app).count(MARK) == 1, "in its heading: the healthy run is the best"
    worse = worked(DEAD.changed({"name": "worse", "model.range": "symmetric", "training.lr": 1e-6}), store)
    app = page("compare", runs=f"{worse.id},{dead.id}")
    assert f"best {MARK}</small>" in table(app), "the better of two bad ones is still marked"


def test_pickers_mark_it(dead, healthy):
    box = page("restore", run=dead.id).selectbox[0]
    assert sum(option.startswith(MARK) for option in box.options) == 1


# ---- a file that was not understood is never the best -------------------------------------------------


def not_understood(run: Run) -> Run:
    """The run as if it came from a file of which no reading does better than the mean image."""
    line = "not understood: no network with these layers reconstructs the images"
    imported = {"file": "odd.pth", "verdict": "not understood", "remarks": [line]}
    run.write_json(STATUS, {**run.status(), "remarks": [], "imported": imported})
    return run


def test_only_a_run_that_was_not_understood_may_not_win(healthy):
    assert may_win(healthy.status())
    assert may_win({"imported": {"verdict": "undecided"}})
    assert may_win({})
    assert not may_win(not_understood(healthy).status())
    assert not summarise(healthy).may_win


def test_compare_marks_it_and_calls_another_the_best(dead, healthy):
    not_understood(healthy)
    app = page("compare", runs=f"{healthy.id},{dead.id}")
    assert f"{MARK} not understood" in texts(app)
    assert "<small>best" not in table(app), "of two runs one may not be best, and the other has no rival"
    line = tables.Line("x", [1, 2, 3], "{:.1f}".format, False)
    assert tables.best(line) == {0}
    assert tables.best(line, {0}) == {1}


def test_charts_carry_the_mark_in_title_and_legend(dead, healthy):
    not_understood(healthy)
    title = plots.loss_curves(healthy).to_plotly_json()["layout"]["title"]["text"]
    assert title.startswith(f"Training of {MARK} healthy, images with")
    names = [trace["name"] for trace in plots.metric_curves(healthy, dead).to_plotly_json()["data"]]
    assert names == [f"{MARK} healthy", f"{MARK} dead"]


def test_a_list_by_quality_has_it_last(dead, healthy):
    known = [summarise(dead), summarise(not_understood(healthy))]
    assert (known[1].test_mse or 0) < (known[0].test_mse or 0)
    assert [row.title for row in ordered(known, "Smallest test MSE")] == ["dead", "healthy"]
    assert [row.title for row in ordered(known, "Name")] == ["dead", "healthy"]


def test_denoise_calls_neither_its_means_nor_its_images_the_best():
    def row(name, error, wins=True):
        scores = {"psnr_db": np.array([-10 * np.log10(error)]), "ssim": np.array([1 - error]), "mse": np.array([error])}
        return comparison.Row(name, scores=scores, may_win=wins)

    noisy, method = row(comparison.NOISY, 0.04), row("Median", 0.03)
    model = row(comparison.MODEL, 0.01)
    column = comparison.COLUMNS[2]
    assert comparison.best([noisy, model, method], column) == 1
    assert sheet.best([noisy, model, method], 0) is model
    model = dataclasses.replace(model, may_win=False)
    assert comparison.best([noisy, model, method], column) == 2
    assert sheet.best([noisy, model, method], 0) is method
    worse = row(comparison.MODEL, 0.05, wins=False)
    assert comparison.noisy_is_closer([noisy, worse]) == ["PSNR", "SSIM", "MSE"], "what is worse is still said"


def test_denoise_asks_the_status(healthy):
    app = page("restore", run=not_understood(healthy).id, view="sheet", noise="gaussian:0.3")
    means = next(body for body in (node.proto.body for node in app.get("html")) if "ae-means" in body)
    assert "best</small>" not in means


def test_the_table_of_a_report_does_not_call_it_the_best(healthy):
    def bullets() -> list[str]:
        def draw(path: str, corruption: str) -> None:
            from pathlib import Path

            from aecore.runs.run import Run
            from dashboard.reports.tables import denoisers

            denoisers(Run(Path(path)), corruption)

        under = next(entry["corruption"] for entry in healthy.evaluation() if entry["corruption"] != "none")
        app = AppTest.from_function(draw, args=(str(healthy.path), under)).run()
        assert not app.exception
        frame = app.dataframe[0].value.set_index("Denoiser")
        return [cell for cell in frame.loc["this network"] if cell.startswith("●")]

    entries = healthy.evaluation()
    for entry in entries:  # better than the noisy input, whatever a minute of training gave
        entry["metrics"]["mse"] = 1e-6
    healthy.write_json("evaluation.json", {"evaluations": entries})
    assert bullets()
    not_understood(healthy)
    assert not bullets()
