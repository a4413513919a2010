"""An imported checkpoint as a run: measured where there are images, its settings found by trying."""

from __future__ import annotations

import dataclasses
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from aecore import data, interop, jobs
from aecore.config.experiment import Experiment
from aecore.errors import AecoreError, UserError
from aecore.inference import load_model
from aecore.interop import import_checkpoint, read_checkpoint
from aecore.interop.geometry import Geometry
from aecore.interop.reading import weighed
from aecore.interop.search import search
from aecore.interop.skeleton import skeletons
from aecore.interop.verdict import Candidate, compared, move_up, verdict_of
from aecore.interop.windows import Window
from aecore.presets import preset
from aecore.runs.run import Run
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


def test_a_network_that_is_written_out_is_not_searched(tmp_path, store):
    """The form that docs/imports.md shows, with a pool, a normalisation of its own and a change of shape."""
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(4), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 6),
        nn.Linear(6, 64), nn.Sigmoid(),
    ).eval()  # fmt: skip
    path = tmp_path / "odd.pth"
    torch.save(model.state_dict(), path)
    changes = {
        "model.encoder": ["conv 4k3s1p1", "relu", "norm", "max-pool 2", "linear 6"],
        "model.decoder": ["linear 64", "sigmoid"],
    }
    imported = import_checkpoint(path, data_name="digits", changes=changes, anyway=True)
    images = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(load_model(imported.run)(images), model(images).view_as(images), rtol=0, atol=2e-6)
    about = imported.run.status()["imported"]
    assert about["verdict"] in ("given", "not understood")
    assert len(about["candidates"]) == 1


def test_a_setting_that_contradicts_the_layers_is_one_line(tmp_path, store):
    path = tmp_path / "x.pth"
    torch.save(flat(64, 32, 6, 32, 64).state_dict(), path)
    with pytest.raises(UserError, match=r"model\.decoder_dense follows from the file's layers"):
        import_checkpoint(path, data_name="digits", changes={"model.decoder_dense": [20]}, anyway=True)


@pytest.mark.parametrize(
    ("errors", "complete", "said"),
    [
        ((0.010, 0.012), True, ("certain", "", 0)),
        ((0.010, 0.012), False, ("undecided", "cut", 0)),
        ((0.010, 0.0101, 0.0102, 0.02), True, ("undecided", "near", 2)),
        ((0.060, 0.070), True, ("undecided", "little", 0)),
        ((0.080, 0.090), True, ("not understood", "", 0)),
        ((0.010, 0.009), True, ("undecided", "near", 1)),  # the likelier one first, the lower error second
    ],
)
def test_a_verdict_is_certain_only_where_all_was_tried_and_nothing_is_near(errors, complete, said):
    assert verdict_of(errors, 0.0675, complete) == said


def test_a_search_that_is_cut_short_is_never_certain(monkeypatch):
    """A network that is told for certain where there is time is not, where there is none."""
    from benchmarks.foreign import CASES, train

    case = next(case for case in CASES if case.name == "MLP, leaky 0.2")
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        trained = train(case, Path(folder), 300)
        checkpoint = read_checkpoint(trained.files[0])
        shape, images = (1, 28, 28), torch.from_numpy(np.array(data.load("digits-28").x_test))
        for budget in (5e10, 1e8):
            monkeypatch.setattr("aecore.interop.trials.BUDGET", budget)
            found[budget] = search(skeletons(checkpoint), shape, images)[1]
    assert found == {5e10: True, 1e8: False}


def _ranked(*measured: tuple[int, float, float]) -> list[Candidate]:
    """Candidates with a geometry's number, their error, and that inside the border, the best score first."""
    found = []
    for padding, error, inner in measured:
        geometry = Geometry((Window(2, padding),), (Window(2, padding),), None, True, 0, 0.0)
        about = {"error": error, "inner_error": inner, "score": math.log(error), "geometry": geometry}
        found.append(Candidate(Experiment(), {}, "", **about))
    return found


def test_a_network_that_differs_at_the_border_alone_is_shown_and_leaves_the_verdict_open():
    """Trained without padding it does worse there than its twin with padding."""
    ranked = _ranked((1, 0.003, 0.002), (1, 0.0033, 0.0024), (1, 0.0034, 0.0025), (0, 0.015, 0.002))
    assert verdict_of(compared(ranked), 0.0675, True) == ("undecided", "near", 1)
    shown = [(candidate, torch.zeros(())) for candidate in ranked]
    move_up(shown)
    assert [ranked.index(candidate) for candidate, _ in shown] == [0, 1, 3, 2]


def test_the_plainest_network_is_shown_where_it_comes_near():
    """A ReLU whose units have died does worse than a leaky one that was never trained."""
    ranked = _ranked((1, 0.0030, 0.003), (1, 0.0031, 0.003), (1, 0.0032, 0.003), (1, 0.0036, 0.0036))
    ranked = [dataclasses.replace(one, rarity=rarity) for one, rarity in zip(ranked, (0.5, 0.6, 0.7, 0.1), strict=True)]
    shown = [(candidate, torch.zeros(())) for candidate in ranked]
    move_up(shown)
    assert [ranked.index(candidate) for candidate, _ in shown] == [0, 3, 1, 2]
    shown = [(dataclasses.replace(one, error=0.005) if one is ranked[3] else one, torch.zeros(())) for one in ranked]
    move_up(shown)
    assert [candidate.rarity for candidate, _ in shown] == [0.5, 0.6, 0.7, 0.1]


def test_a_network_that_is_worse_inside_the_border_too_stays_where_it_is():
    ranked = _ranked((1, 0.003, 0.002), (1, 0.0033, 0.0024), (1, 0.0034, 0.0025), (0, 0.015, 0.010))
    shown = [(candidate, torch.zeros(())) for candidate in ranked]
    move_up(shown)
    assert [candidate for candidate, _ in shown] == ranked
    assert verdict_of(compared(ranked), 0.0675, True) == ("certain", "", 0)


def test_oddity_cannot_outweigh_an_error_that_is_a_third_as_large():
    assert weighed(6.0) - weighed(0.5) < math.log(3)
    assert weighed(0.5) - weighed(0.0) > 0.1


class MapVae(nn.Module):
    """A VAE whose code is a map: both heads are convolutions."""

    def __init__(self, chunked: bool) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU())
        if chunked:
            self.head = nn.Conv2d(8, 8, 3, 2, 1)
        else:
            self.mu, self.logvar = nn.Conv2d(8, 4, 3, 2, 1), nn.Conv2d(8, 4, 3, 2, 1)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(4, 8, 3, 2, 1, 1), nn.ReLU(), nn.ConvTranspose2d(8, 1, 3, 2, 1, 1), nn.Sigmoid()
        )


@pytest.mark.parametrize(("chunked", "where"), [(False, "logvar"), (True, "half of the outputs of the head")])
def test_log_variances_that_a_run_does_not_take_are_named(tmp_path, store, chunked, where):
    path = tmp_path / "map.pth"
    torch.save(MapVae(chunked).state_dict(), path)
    given = {"model.activation": "relu", "model.bottleneck.activation": "none", "model.output": "sigmoid"}
    given |= {"model.conv": ["8k3s2p1", "4k3s2p1"], "model.range": "unit"}
    run = import_checkpoint(path, data_name="digits", changes=given, anyway=True, measure=False).run
    assert any(f"left out: the log-variances ({where})" in line for line in run.status()["imported"]["remarks"])
