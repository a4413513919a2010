"""An imported checkpoint as a run: measured where there are images, its settings found by trying."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aecore import interop, jobs
from aecore.errors import AecoreError, UserError
from aecore.inference import load_model
from aecore.interop import import_checkpoint
from aecore.presets import preset
from aecore.runs.store import Run
from aecore.runs.summary import import_notes, summarise
from tests.helpers.checkpoints import (
    Report000,
    flat,
)


def test_an_import_is_an_ordinary_run(tmp_path, store):
    model = flat(64, 32, 6, 32, 64)
    with torch.no_grad():
        model.get_parameter("7.bias").fill_(30.0)  # white, which no digit is, with whatever function
    path = tmp_path / "My digits\n(final).pth"
    torch.save({"state_dict": model.state_dict()}, path)
    stages = []
    changes = {
        "model.activation": "relu",
        "model.bottleneck.activation": "relu",
        "model.output": "sigmoid",
        "model.range": "unit",
    }
    with pytest.raises(UserError, match=r"no network with these layers reconstructs the images of digits.*--anyway"):
        import_checkpoint(path, changes=changes)
    assert store.runs() == []
    imported = import_checkpoint(path, changes=changes, anyway=True, report=lambda stage, *_: stages.append(stage))
    run = imported.run
    assert {"reading", "evaluating"} <= set(stages)
    row = summarise(run)
    assert (row.state, row.title, row.data, row.code_size) == ("finished", "My digits (final)", "digits", 6)
    assert (row.epoch, row.epochs, row.imported) == (0, 0, path.name)
    told = run.status()["imported"]
    assert len(told["sha256"]) == 64
    assert told["assumed"] == {"data.name": "digits"}
    assert told["tried"] == {}, "everything was given"
    notes = import_notes(run.status())
    assert notes[0] == "assumed, as they do not follow from the shapes: data.name = digits"
    assert notes[1].startswith("not understood: no network with these layers")
    images = torch.from_numpy(run.snapshots()["clean"]).float() / 255
    with torch.no_grad():
        expected = model(images).view_as(images)
        ours = load_model(run)(images)
    torch.testing.assert_close(ours, expected, rtol=0, atol=2e-6)
    panel = run.snapshots()
    assert panel["epochs"].tolist() == [0]
    assert np.abs(panel["reconstructions"][0] / 255 - expected.numpy()).max() < 0.003
    assert [entry["corruption"] for entry in run.evaluation()] == ["none", "gaussian:0.2"]
    assert run.evaluation()[0]["run"] == run.id
    assert run.file("codes.safetensors").exists()
    assert run.metrics() == []
    assert told["verdict"] == "not understood", "it was never trained"
    assert imported.remarks[0].startswith("not understood")
    decision = imported.interpretation.decision
    assert decision is not None
    assert decision.mean_image_mse == pytest.approx(told["mean_image_mse"])


@pytest.mark.parametrize(
    ("activation", "scale", "output"), [("selu", "symmetric", "tanh"), ("relu", "unit", "sigmoid")]
)
def test_images_tell_what_shapes_do_not(tmp_path, store, activation, scale, output):
    """A network trained here for a moment, saved without a word about its functions."""
    trained = preset("digits-quick").experiment.changed(
        {
            "data.name": "digits",
            "model.dense": [50],
            "model.activation": activation,
            "model.bottleneck.activation": "none",
            "model.range": scale,
            "model.output": output,
            "training.epochs": 25,
            "evaluation.corruptions": [],
        }
    )
    source = jobs.submit(trained, "cpu")
    jobs.work(source)
    path = tmp_path / "own.pth"
    interop.export_pth(source, path)
    found = import_checkpoint(path)
    model = found.run.experiment().model
    assert (model.activation, model.range, model.output) == (activation, scale, output)
    assert model.bottleneck.activation == "none"
    decision = found.interpretation.decision
    assert decision is not None
    assert (found.remarks == ()) == (decision.verdict == "certain")
    rivals = [other.text for other in decision.candidates[1:] if (other.error or 0) < 1.04 * (decision.best.error or 0)]
    # That its slope below zero is 0 and not 0.01 can hardly be told from images.
    assert decision.verdict == "certain" or "leaky-relu" in rivals[0]


def test_without_images_it_is_imported_all_the_same(tmp_path, store, monkeypatch):
    def refuse(*_):
        raise AecoreError("no network")

    path = tmp_path / "model.pth"
    torch.save(Report000().state_dict(), path)
    monkeypatch.setattr("aecore.data.load", refuse)
    imported = import_checkpoint(path, name="unseen")
    assert imported.run.evaluation() == []
    assert imported.remarks[0] == "not measured, as the images cannot be loaded: no network"
    assert "were not tried on images" in imported.remarks[1]
    assert imported.run.status()["imported"]["verdict"] == "untried"
    assert summarise(imported.run).state == "finished"


def test_weights_of_our_own_come_back_and_nothing_is_measured_unasked(trained, store):
    imported = import_checkpoint(trained.file("weights.safetensors"), measure=False)
    assert imported.interpretation.preset == "digits-quick"
    assert Run(imported.run.path).evaluation() == []
    for name, tensor in load_model(imported.run).state_dict().items():
        assert torch.equal(tensor, load_model(trained).state_dict()[name])
