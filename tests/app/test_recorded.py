"""Every page with a run that was recorded in somebody's own loop: with its network kept, and without."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import aecore
from aecore.errors import UserError
from aecore.reports.handin import write_report
from aecore.runs.run import Run
from aecore.runs.store import Store
from tests.helpers.loops import Net, train
from tests.helpers.pages import listing, page, texts

PAGES = ("train", "restore", "replay", "interpolate", "latent", "generate", "measure")


@pytest.fixture(scope="module")
def _recorded(tmp_path_factory):
    pytest.importorskip("onnxscript", reason="requirements-onnx.txt")
    store = Store(tmp_path_factory.mktemp("recorded"))
    network = Net()
    with aecore.record("my idea", "digits-28", network, evaluate=["none", "gaussian:0.2"], store=store) as kept:
        train(network, 2, kept)
    with pytest.MonkeyPatch.context() as patch:

        def refuse(*_):
            raise UserError("onnx is not installed")

        patch.setattr("aecore.recording.recording.onnx_files", refuse)
        with aecore.record("no network", "digits-28", network, store=store) as lost:
            train(network, 2, lost)
    with aecore.record("numbers alone", "digits-28", store=store) as bare:
        bare.log(reward=1.5)
    return [one.run for one in (kept, lost, bare)]


@pytest.fixture
def recorded(_recorded, gallery):
    shutil.copytree(_recorded[0].path.parent, gallery.root / "runs", dirs_exist_ok=True)
    return [Run(gallery.root / "runs" / run.id) for run in _recorded]


def test_they_are_listed_as_what_they_are(recorded):
    app = page()
    table = listing(app)
    rows = {run.id: row for run in recorded for row in table.to_dict("records") if run.id in str(row["Run"])}
    assert [rows[run.id]["Epochs"] for run in recorded] == ["2", "2", "1"]
    app = page(run=recorded[0].id)
    assert "recorded from a loop in PyTorch" in texts(app)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_with_the_network_kept(recorded, name):
    app = page(name, run=recorded[0].id)
    assert not app.error
    assert "was not kept" not in texts(app)
    assert "cannot run in the browser" not in texts(app)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("number", [1, 2])
def test_a_page_without_the_network_works_or_says_so_in_a_line(recorded, name, number):
    app = page(name, run=recorded[number].id)
    lacking = ("has no weights.safetensors", "has no snapshots.safetensors")
    assert all(error.value.endswith(lacking) for error in app.error), [error.value for error in app.error]


def test_the_curves_have_what_was_logged_and_no_setting_that_nobody_knows(recorded):
    app = page("train", run=recorded[0].id)
    labels = [metric.label for metric in app.metric]
    assert labels == ["Training loss", "Learning rate"], "nothing that was not logged"
    assert not [button for button in app.button if button.label == "Resume"]


def test_they_are_compared_and_have_a_report(recorded, tmp_path):
    for view in ("numbers", "images", "wipe", "way", "space"):
        page("compare", runs=f"{recorded[0].id},mnist-mlp8", view=view)
        page("compare", runs=",".join(run.id for run in recorded), view=view)
    said = texts(page("compare", runs=f"{recorded[0].id},mnist-mlp8"))
    assert "each on a scale of its own" in said
    html, _ = write_report(
        [*recorded, Run(recorded[0].path.parent.parent / "gallery" / "mnist-mlp8")], tmp_path / "report"
    )
    text = html.read_text()
    assert "Trained in a loop of its own" in text
    assert "There are no images" not in text
    known = recorded[0].settings()
    assert not [key for key in known if key.startswith("training.")], "defaults are not what its loop did"
    assert [key for key in known if key.startswith("model.")] == ["model.kind", "model.bottleneck.size", "model.range"]


def bodies(app) -> str:
    return " ".join(node.proto.body for node in app.get("html"))


def test_logged_images_are_shown_by_epoch(gallery):
    with aecore.record("pictures", "digits-28") as run:
        for epoch in range(3):
            run.log(train_loss=1.0)
            run.log_image("my samples", np.full((8, 8), epoch / 3))
    app = page("train", run=run.id)
    assert not app.exception
    assert "Logged images" in texts(app)
    assert "my samples, epoch 3" in bodies(app)
    app.select_slider(key=f"logged-{run.id}").set_value(2).run()
    assert "my samples, epoch 2" in bodies(app)


def test_logged_images_without_a_curve_are_shown_and_steps_are_steps(gallery):
    with aecore.record("pictures alone", "digits-28") as run:
        run.log_image("my samples", np.full((8, 8), 0.5))
    run.run.write_status(recorded=run.run.status()["recorded"] | {"counts": "step", "source": {"tool": "csv"}})
    app = page("train", run=run.id)
    assert not app.exception
    assert "my samples, step 0" in bodies(app)


def test_a_value_that_a_loop_calls_as_ours_is_not_explained_as_ours(gallery):
    """Its active_units may be a share."""
    with aecore.record("numbers", "digits-28", store=gallery) as run:
        run.log(train_loss=1.0, active_units=0.25, wrong_digit_rate=5.0)
    app = page("train", run=run.id)
    assert not app.error
    assert [metric.label for metric in app.metric] == ["Training loss"]
