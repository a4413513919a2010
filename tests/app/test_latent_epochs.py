"""The latent space over the epochs without a browser: what is sent, and what is said where there is nothing to play."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from aecore.jobs import projection as projection_job
from aecore.latent import epoch_codes, epoch_projection
from aecore.latent.epoch_codes import read_epoch_codes
from aecore.latent.epoch_projection import pca_over_epochs, read_epoch_projection
from aecore.latent.request import ProjectionRequest
from aecore.runs.run import EPOCH_CODES
from tests.helpers.pages import components, page, texts
from tests.helpers.runs import forget_sums


def opened(run: str, **query: str) -> AppTest:
    return page("latent", run=run, over="epochs", **query)


def sent(app: AppTest) -> dict[str, Any]:
    """What the component is told."""
    (cloud,) = components(app, "epochs")
    return json.loads(cloud.json)


def coordinates(app: AppTest) -> np.ndarray:
    """The points that were sent, (E, N, dims)."""
    data = sent(app)
    (view,) = data["cloud"]["views"]
    for node in components(app, "assets"):
        length = int.from_bytes(node.bytes[:4], "little")
        head, body = json.loads(node.bytes[4 : 4 + length]), node.bytes[4 + length :]
        if head["name"] == view["points"]:
            steps = np.frombuffer(body[slice(*head["blobs"]["coordinates"])], "<u2")
            steps = steps.reshape(len(data["epochs"]), -1, view["dims"])
            return steps * np.array(head["parts"]["step"]) + head["parts"]["low"]
    raise AssertionError("no points were sent")


def test_the_places_of_all_epochs_are_sent_in_one_frame(trained):
    app = opened(trained.id, dims="2", epoch="2")
    data, codes = sent(app), read_epoch_codes(trained)
    assert codes is not None
    (view,) = data["cloud"]["views"]
    assert (view["method"], view["dims"], data["epochs"], data["start"]) == ("pca", 2, [1, 2, 3], 2)
    expected = pca_over_epochs(codes, 2).coordinates
    assert np.allclose(coordinates(app), expected, atol=2e-5 * np.ptp(expected))
    assert view["codes"] is None, "the codes of the run are those of its last epoch"
    assert view["decoder"] is None
    assert data["test"]["values"] == [line["test_loss"] for line in trained.metrics()]
    assert app.query_params["over"] == "epochs"
    assert not components(app, "cloud")


def test_tsne_is_offered_and_then_shown(trained, monkeypatch):
    monkeypatch.setattr(epoch_projection, "NEXT_ITERATIONS", 20)
    app = opened(trained.id, method="tsne", dims="2")
    assert "has no t-SNE in 2D over its epochs yet; this is its PCA" in texts(app)
    assert sent(app)["cloud"]["views"][0]["method"] == "pca"
    assert any(button.label == "Compute it" for button in app.button)
    projection_job.work(trained, ProjectionRequest("tsne", 2, 200, 20, 40, over="epochs"))
    app = opened(trained.id, dims="2")
    assert sent(app)["cloud"]["views"][0]["method"] == "tsne", "what was made is shown first"
    found = read_epoch_projection(trained, "tsne", 2)
    assert found is not None
    assert np.allclose(coordinates(app), found.coordinates, atol=2e-5 * np.ptp(found.coordinates))
    assert all("Trustworthiness" in words for words in sent(app)["faithful"])


def test_a_run_without_them_says_what_to_do(gallery):
    app = opened("mnist-mlp8")
    assert not components(app, "epochs")
    (told,) = app.info
    assert "Train it again to play them" in told.value
    (link,) = [node.proto for node in app.get("page_link") if node.proto.label == "Train it again"]  # type: ignore[attr-defined]
    assert "preset=mnist-mlp8" in link.query_string
    assert not any(button.label == "Compute it" for button in app.button)


def test_a_run_that_was_told_to_keep_none_says_so(trained):
    forget_sums(trained)
    trained.file(EPOCH_CODES).unlink()
    experiment = trained.experiment().changed({"training.keep_codes": False})
    trained.write_json("experiment.json", experiment.model_dump(mode="json"))
    assert "told to keep no codes" in texts(opened(trained.id))


def without(run, **changes) -> str:
    """What is said of a run that has no codes of its epochs, and experiment settings as these."""
    forget_sums(run)
    run.file(EPOCH_CODES).unlink(missing_ok=True)
    run.write_json("experiment.json", run.experiment().changed(changes).model_dump(mode="json"))
    return texts(opened(run.id))


def test_why_there_are_none_is_the_true_reason(trained, gallery, monkeypatch):
    assert "Runs that ship have no codes of their epochs" in texts(opened("mnist-mlp8"))
    assert "runs from before they were kept" in without(trained)
    monkeypatch.setattr(epoch_codes, "MOST_INPUT_BYTES", 20 * 4 * 28 * 28)
    assert "runs from before they were kept" in without(trained, corruption="none"), "clean images are not kept twice"
    assert "noisy images are too large" in without(trained, corruption="gaussian:0.2")
    monkeypatch.setattr(epoch_codes, "MOST_IMAGES", 20)
    assert "needs more than 20 test images" in without(trained)
    trained.file("metrics.jsonl").unlink()
    assert "No epoch of this run has ended" in without(trained)


def test_a_film_that_ends_before_the_training_did_says_so(trained):
    assert not opened(trained.id).warning
    forget_sums(trained)
    trained.write_status(epoch=4)  # every epoch is kept
    (told,) = opened(trained.id).warning
    assert "film ends at epoch 3 of 4: the codes of later ones were not finite" in told.value
    trained.write_status(state="failed", error="the machine went down")
    assert "3 of 4: the codes of later ones had not been saved yet" in opened(trained.id).warning[0].value
    trained.write_status(state="finished", error=None)
    trained.write_status(remarks=[{"kind": "unkept", "text": "the disk was full"}])
    (told,) = opened(trained.id).warning
    assert told.value == "The film ends at epoch 3 of 4: the disk was full."


def test_damage_is_told_in_one_line(trained):
    forget_sums(trained)
    trained.file(EPOCH_CODES).write_bytes(b"nonsense")
    app = opened(trained.id)
    (told,) = app.error
    assert "codes.safetensors cannot be read" in told.value
    assert not components(app, "epochs")


@pytest.mark.parametrize("epoch", ["nan", "-3", "x", ""])
def test_a_senseless_epoch_is_the_last(trained, epoch):
    assert sent(opened(trained.id, epoch=epoch))["start"] is None


def test_replay_leads_to_it_where_there_is_something_to_play(trained):
    def links() -> list[str]:
        return [node.proto.label for node in page("replay", run=trained.id).get("page_link")]  # type: ignore[attr-defined]

    assert "Play the codes of these epochs" in links()
    trained.file(EPOCH_CODES).unlink()
    assert "Play the codes of these epochs" not in links()
