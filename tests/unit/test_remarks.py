"""Each way in which a run can be worth nothing, made to happen in a real training, with its remark and no other."""

from __future__ import annotations

import contextlib
import dataclasses
import math

import numpy as np
import pytest
import torch

from aecore import data, jobs
from aecore.errors import AecoreError
from aecore.metrics.health import GRACE_EPOCHS
from aecore.metrics.split import mean_image_mse
from aecore.presets import preset
from aecore.runs.summary import MARK, summarise
from aecore.training.probe import SAMPLE, probe
from tests.helpers import cli
from tests.helpers.runs import made_run
from tests.helpers.training import MLP, VAE, digits, fresh

# Clean digits through a small network; a fifth of a second for ten epochs.
BASE = preset("digits-quick").experiment.changed(
    {"corruption": "none", "model.dense": [64], "training.epochs": 10, "evaluation.corruptions": ["none"]}
)
HEALTHY = {
    "mlp": {},
    "one epoch": {"training.epochs": 1, "training.batch_size": 16},
    "noisy": {"corruption": "gaussian:0.3"},
    "convolutions": {
        "data.name": "digits",
        "model.conv": ["8k3s2p1", "4k3s2p1"],
        "model.dense": [],
        "training.lr": 1e-2,
        "training.epochs": 15,
    },
    "tanh": {"model.range": "symmetric", "model.output": "tanh"},
    "no function": {"model.output": "none"},
    "vae": {"model.bottleneck.kind": "gaussian", "training.reduction": "sum"},
    "summed": {"training.reduction": "sum"},
    "eight by eight": {"data.name": "digits", "training.epochs": 30},
    "one cycle": {"training.schedule": "one-cycle", "training.lr": 3e-3},
    "restarts": {"training.restart_every": 3},
}
ALWAYS = ("mlp", "convolutions", "vae")
WRONG = {
    "NaN": ({"training.optimizer": "sgd", "training.lr": 10, "model.output": "none"}, "diverged"),
    "rising": (
        {"data.name": "digits", "model.activation": "tanh", "training.lr": 0.2, "training.schedule": "one-cycle",
         "training.epochs": 12, "model.output": "none"},
        "diverged",
    ),
    "saturated": ({"training.lr": 5}, "constant-output"),
    "dead code": ({"model.bottleneck.activation": "relu", "model.bias_init": -10}, "dead-code"),
    "dead convolutions": (
        {
            "model.conv": ["4k3s2p1"],
            "model.dense": [],
            "model.bottleneck.activation": "relu",
            "model.bias_init": -10,
            "training.epochs": 2,
        },
        "dead-code",
    ),
    "sigmoid for [-1, 1]": ({"model.range": "symmetric"}, "output-range"),
    "tanh for [0, 1]": ({"model.output": "tanh"}, "output-range"),
    "heavy KL": (
        {"model.bottleneck.kind": "gaussian", "training.reduction": "sum", "training.beta": 1000},
        "posterior-collapse",
    ),
    "mean KL": (
        {"data.name": "digits", "model.bottleneck.kind": "gaussian"},
        "posterior-collapse",
    ),
    "hardly trained": ({"training.lr": 1e-5, "training.epochs": 6}, "mean-image"),
    "hardly trained, summed": (
        {"training.lr": 1e-5, "training.epochs": 6, "training.reduction": "sum", "model.range": "symmetric",
         "model.output": "tanh"},
        "mean-image",
    ),
    "few images": (
        {"data.name": "digits", "data.train_images": 30, "training.epochs": 80, "training.lr": 1e-2},
        "generalisation-gap",
    ),
    "few images, long": (
        {"data.name": "digits", "data.train_images": 20, "training.epochs": 80, "training.lr": 1e-2,
         "training.schedule": "none", "model.output": "none", "model.dense": [256]},
        "overfitting",
    ),
}  # fmt: skip


def trained(store, changes):
    """The run and its remarks after training with these changes; a failure is left in the run."""
    run = jobs.submit(BASE.changed(changes), "cpu", store)
    with contextlib.suppress(AecoreError):
        jobs.work(run)
    return run, run.status()["remarks"]


@pytest.mark.parametrize(
    "name", [name if name in ALWAYS else pytest.param(name, marks=pytest.mark.proof) for name in HEALTHY]
)
def test_a_healthy_training_has_no_remark(store, name):
    run, remarks = trained(store, HEALTHY[name])
    assert remarks == [], run.metrics()[-1]


@pytest.mark.parametrize("name", WRONG)
def test_a_failure_has_its_remark_and_no_other(store, name):
    changes, kind = WRONG[name]
    run, remarks = trained(store, changes)
    assert [remark["kind"] for remark in remarks] == [kind], (remarks, run.metrics()[-3:])
    assert remarks[0]["epoch"] == (run.metrics() or [{"epoch": 1}])[-1]["epoch"]


@pytest.mark.parametrize("copied", [1, 12])
def test_test_images_among_the_training_images_are_counted(store, tmp_path, copied):
    images = data.load("digits-28")
    x_test = np.array(images.x_test)
    x_test[:copied] = images.x_train[:copied]
    x_train, y_train, y_test = images.x_train[:, 0], images.y_train, images.y_test
    np.savez(tmp_path / "split.npz", x_train=x_train, y_train=y_train, x_test=x_test[:, 0], y_test=y_test)
    _, remarks = trained(store, {"data.name": str(tmp_path / "split.npz"), "training.epochs": 2})
    assert [(remark["kind"], remark["value"]) for remark in remarks] == [("duplicates", copied)]
    _, unseen = trained(store, {"data.name": str(tmp_path / "split.npz"), "training.epochs": 2,
                                "data.validation_images": 1490, "data.train_images": 1})  # fmt: skip
    assert [r["value"] for r in unseen if r["kind"] == "duplicates"] == [1], "of the images that are trained on"


def test_the_error_of_the_mean_image_is_that_of_the_data_at_hand(store):
    images = data.load("digits-28")
    expected = np.square(images.x_test / 255 - (images.x_train / 255).mean(0)).mean()
    assert mean_image_mse(images.x_train, images.x_test) == pytest.approx(expected, rel=1e-5)
    _, remarks = trained(store, WRONG["hardly trained"][0])
    assert remarks[0]["reference"] == pytest.approx(expected, rel=1e-5)
    _, remarks = trained(store, WRONG["hardly trained, summed"][0])
    assert remarks[0]["reference"] == pytest.approx(expected * 784 * 4, rel=1e-5)


def test_an_output_outside_the_range_is_said_before_training(store):
    run = jobs.submit(BASE.changed({"model.range": "symmetric"}), "cpu", store)
    assert [remark["kind"] for remark in run.status()["remarks"]] == ["output-range"]
    run = jobs.submit(BASE, "cpu", store)
    assert run.status()["remarks"] == []


def test_what_is_wrong_is_said_while_a_run_trains_and_not_in_its_first_epochs(store):
    run = jobs.submit(BASE.changed(WRONG["dead code"][0]), "cpu", store)
    told: dict[int, list[str]] = {}

    def look() -> bool:
        told[len(run.metrics())] = [remark["kind"] for remark in run.status()["remarks"]]
        return False

    jobs.work(run, stop=look)
    assert told[0] == []
    assert told[GRACE_EPOCHS - 1] == []
    assert told[GRACE_EPOCHS] == told[9] == ["dead-code"]


def test_a_stopped_run_is_assessed_as_one_that_has_ended_and_again_when_it_goes_on(store):
    run = jobs.submit(BASE.changed({"training.lr": 1e-5, "training.batch_size": 512}), "cpu", store)
    looks = iter(range(100))
    jobs.work(run, stop=lambda: len(run.metrics()) >= 2 and next(looks) >= 0)
    assert run.status()["state"] == "stopped"
    (before,) = run.status()["remarks"]
    assert before["kind"] == "mean-image"
    assert before["epoch"] == len(run.metrics()) == 2
    jobs.requeue(run)
    assert jobs.work(run) == "finished"
    (after,) = run.status()["remarks"]
    assert (after["kind"], after["epoch"]) == ("mean-image", 10)
    assert after["value"] < before["value"]


def test_a_resumed_run_remembers_its_lowest_loss(store):
    """The lowest test loss lies before the stop, so overfitting can only be seen by one who has read the curve."""
    changes = WRONG["few images, long"][0]
    run = jobs.submit(BASE.changed(changes), "cpu", store)
    jobs.work(run, stop=lambda: len(run.metrics()) >= 60)
    jobs.requeue(run)
    jobs.work(run)
    (remark,) = run.status()["remarks"]
    losses = [line["test_loss"] for line in run.metrics()]
    assert remark["reference"] == pytest.approx(min(losses))
    assert losses.index(min(losses)) < 60


# What the outputs of a model are like.


@torch.no_grad()
def test_the_sample_tells_spread_and_range_of_known_outputs():
    images = digits(test=60)
    state = fresh(MLP, images)
    clean = images.test.float() / 255
    generator_free = MLP.changed({"corruption": "none"})
    sample = probe(state.model, images.test, generator_free).output
    output = state.model(clean)
    expected = math.sqrt(output.var(0, unbiased=False).mean() / clean.var(0, unbiased=False).mean())
    assert sample.spread == pytest.approx(expected, rel=1e-4)
    assert (sample.low, sample.high) == (pytest.approx(output.min().item()), pytest.approx(output.max().item()))
    same = dataclasses.replace(images, test=images.test[:1].expand(5, -1, -1, -1))
    assert probe(state.model, same.test, generator_free).output.spread is None


def test_many_images_are_sampled_evenly():
    images = digits(test=60)
    state = fresh(MLP, images)
    clean = MLP.changed({"corruption": "none"})
    many = images.test.repeat_interleave(2 * SAMPLE // 60 + 1, dim=0)
    first = probe(state.model, many, clean).output.spread
    assert first == pytest.approx(probe(state.model, images.test, clean).output.spread, rel=0.1)


@torch.no_grad()
def test_collapsed_units_of_a_vae_are_those_whose_divergence_was_made_zero():
    images = digits(test=60)
    state = fresh(VAE, images)
    before = probe(state.model, images.test, VAE).collapsed_units
    bottleneck = state.model.get_submodule("encoder.linear1")
    for name in ("mean", "log_variance"):
        layer = bottleneck.get_submodule(name)
        layer.weight[:3] = 0  # type: ignore[index]
        layer.bias[:3] = 0  # type: ignore[index]
        layer.bias[3:] = 1  # type: ignore[index]
    assert probe(state.model, images.test, VAE).collapsed_units == 3
    assert before is not None
    assert probe(fresh(MLP, images).model, images.test, MLP).collapsed_units is None


# Where remarks are read.


def test_lists_and_the_run_itself_show_them_and_older_runs_show_nothing(store, capsys):
    run, (remark,) = trained(store, WRONG["dead code"][0])
    old = made_run(store, "old", [1, 2])
    assert summarise(old).remarks == ()
    assert summarise(old).mark == ""
    assert summarise(run).mark == f"{MARK} {remark['text']}"
    _, out, _ = cli.run(capsys, "show", run.id)
    assert f"{MARK} {remark['text']}" in out
    assert cli.as_json(capsys, "show", run.id)["remarks"] == [remark]
    rows = {row["id"]: row for row in cli.as_json(capsys, "runs")}
    assert rows[run.id]["remarks"] == [remark]
    assert rows["old"]["remarks"] == []
    _, out, _ = cli.run(capsys, "runs")
    assert out.count(MARK) == 1


@pytest.mark.parametrize(
    "recorded", [None, "text", 3, [1], [{"kind": "x"}], [{"text": "y"}], {"kind": "x", "text": "y"}]
)
def test_remarks_that_are_none_of_ours_do_not_hide_the_run(store, recorded):
    run = made_run(store, "odd", [1])
    run.write_status(remarks=recorded)
    assert summarise(run).remarks == ()
    assert summarise(run).problem.startswith("status.json is damaged: remarks") == (recorded is not None)


def test_an_imported_run_shows_what_its_import_found(store):
    run = made_run(store, "imported", [1])
    run.write_status(imported={"file": "weights.pth", "remarks": ["its output is noise"]})
    assert summarise(run).mark == f"{MARK} its output is noise"


def test_train_says_it_before_it_begins(store, capsys):
    status, _, err = cli.run(
        capsys,
        "train",
        "digits-quick",
        "--set",
        "training.epochs=1",
        "--set",
        "model.range=symmetric",
        "--device",
        "cpu",
    )
    assert status == 0
    assert err.index(MARK) < err.index("run digits-quick")


@pytest.mark.parametrize(
    ("changes", "idle"),
    [
        ({"training.beta": 4}, "training.beta has no effect: the other settings make nothing of it"),
        (
            {"training.momentum": 0.5, "training.plateau_patience": 3},
            "training.momentum, training.plateau_patience have no effect: the other settings make nothing of them",
        ),
        ({"model.bottleneck.kind": "gaussian", "training.beta": 4}, ""),
        ({"training.optimizer": "sgd", "training.momentum": 0.5}, ""),
        ({"training.epochs": 2, "training.lr": 1e-2}, ""),
        ({"preset": "mnist-conditional", "training.beta": 1}, ""),  # as the form leaves it without a VAE
    ],
)
def test_settings_without_an_effect_are_told_with_the_run(store, changes, idle):
    """Else two runs that differ in them look as if the setting did nothing."""
    run = jobs.submit(BASE.changed({"data.name": "digits", "training.epochs": 1, **changes}), "cpu", store)
    before = [remark["text"] for remark in run.status()["remarks"] if remark["kind"] == "no-effect"]
    jobs.work(run)
    after = [remark["text"] for remark in run.status()["remarks"] if remark["kind"] == "no-effect"]
    assert before == after == ([idle] if idle else [])
