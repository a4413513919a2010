"""A run that is worth nothing says so wherever it is listed, opened or compared."""

import pytest

from aecore import jobs
from aecore.presets import preset
from aecore.runs.summary import MARK
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
    app.text_input(key="filter").set_value("dead: every image").run()
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
    box = page("denoise", run=dead.id).selectbox[0]
    assert sum(option.startswith(MARK) for option in box.options) == 1
