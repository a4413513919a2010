"""Measuring a run: what is kept of it, what is lacking, and what a reader makes of a file that is not right."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from aecore import data, jobs
from aecore.errors import DamagedError, OutdatedError, UserError
from aecore.inference import load_model
from aecore.measures import measure, measure_likelihood, subject
from aecore.measures.baselines import Baselines
from aecore.metrics.measure_names import NAMED
from aecore.presets import preset
from aecore.runs.measures import Measures, read_if_sound, read_images, read_measures, write_measures
from aecore.runs.run import MEASURES, WEIGHTS, Run
from tests.helpers import cli
from tests.helpers.runs import forget_sums


@pytest.fixture(scope="module")
def measured_once(_trained, tmp_path_factory) -> Run:
    """A run of its own: other tests have the one that was trained, and not measured."""
    path = tmp_path_factory.mktemp("measured") / "runs" / _trained.id
    shutil.copytree(_trained.path, path)
    measure(Run(path), "cpu")
    return Run(path)


@pytest.fixture
def measured(measured_once, store) -> Run:
    path = store.root / "runs" / measured_once.id
    shutil.copytree(measured_once.path, path)
    return Run(path)


def test_a_run_of_digits_is_measured_against_the_same_of_pca(measured_once):
    found = read_measures(measured_once)
    assert found is not None
    images = data.load("digits-28")
    x = images.x_test.reshape(len(images.x_test), -1) / 255
    model = load_model(measured_once)
    with torch.no_grad():
        clean = torch.from_numpy(np.array(images.x_test)).float() / 255
        codes = model.encode(clean)
        output = model.to_unit(model.decode(codes)).numpy()
    error = np.square(output.reshape(x.shape) - x).mean()
    assert found.value("reconstruction") == pytest.approx(error, abs=1e-6)
    k = codes.shape[1]
    linear = PCA(k, svd_solver="full").fit(images.x_train.reshape(len(images.x_train), -1) / 255)
    expected = np.square(linear.inverse_transform(linear.transform(x)) - x).mean()
    assert found.measures["pca_mse"] == {"value": pytest.approx(expected, abs=1e-6), "k": k}
    assert found.value("reconstruction", "pca") == found.value("pca_mse")
    assert found.value("active_units") == int((codes.var(0, unbiased=False) > 0.01).sum())
    assert found.value("active_units", "of") == k
    worst = found.measures["reconstruction"]["worst"]
    assert [entry["image"] for entry in worst] == np.argsort(-np.square(output.reshape(x.shape) - x).mean(1))[
        :20
    ].tolist()
    assert (read_images(measured_once)["worst_clean"] == images.x_test[[entry["image"] for entry in worst]]).all()
    for name in ("linear_probe", "neighbours_1", "neighbours_10"):
        table = found.measures[name]
        assert 0.3 < table["low"] <= table["value"] <= table["high"] <= 1
        assert 0.8 < table["pixels"] <= 1
    assert [step["labels"] for step in found.measures["linear_probe"]["by_labels"]] == [10, 100, "all"]
    assert sum(part["images"] for part in found.measures["reconstruction"]["by_class"]) == len(x)


def test_what_does_not_apply_is_lacking_with_its_reason(measured_once):
    found = read_measures(measured_once)
    assert found is not None
    assert set(found.lacking) == {
        "samples_prior",
        "samples_gaussian",
        "samples_mixture",
        "likelihood",
        "anomaly_error",
        "anomaly_distance",
        "codebook",
    }
    assert "no classifier" in found.lacking["samples_gaussian"]
    assert not set(found.lacking) & set(found.measures)
    assert {*found.lacking, *found.measures} - {"pca_mse"} == set(NAMED)


def test_a_vae_has_a_likelihood_and_more_samples_only_raise_it(store):
    changes = {"model.bottleneck.kind": "gaussian", "training.epochs": 2, "training.reduction": "sum"}
    run = jobs.submit(preset("digits-quick").experiment.changed(changes), "cpu", store)
    jobs.work(run)
    with pytest.raises(UserError, match="not measured yet"):
        measure_likelihood(run, 100, 20, "cpu")
    first = measure(run, "cpu")
    assert len(first.measures["active_units"]["kl"]) == first.value("active_units", "of")
    assert first.value("likelihood", "std") == pytest.approx(0.5**0.5, rel=1e-5)
    more = measure_likelihood(run, 100, 20, "cpu")
    assert more.value("likelihood", "test_images") == 20
    bounds = [entry["value"] for entry in more.measures["likelihood"]["by_samples"]]
    assert bounds == sorted(bounds)
    kept = read_measures(run)
    assert kept is not None
    assert kept.value("likelihood", "samples") == 100
    assert kept.measures["linear_probe"] == first.measures["linear_probe"]


def test_classes_left_out_are_found(store):
    changes = {"data.leave_out": [3, 0], "training.epochs": 2, "data.validation_images": 100}
    experiment = preset("digits-quick").experiment.changed(changes)
    assert experiment.data.leave_out == (0, 3)
    run = jobs.submit(experiment, "cpu", store)
    jobs.work(run)
    labels = data.load("digits-28").y_train
    found = measure(run, "cpu")
    assert found.about["train_images"] == int((~np.isin(labels[: len(labels) - 100], [0, 3])).sum())
    table = found.measures["anomaly_error"]
    assert table["left_out"] == ["0", "3"]
    assert table["anomalies"] == int(np.isin(data.load("digits-28").y_test, [0, 3]).sum())
    assert table["low"] <= table["value"] <= table["high"]
    assert table["thresholds_from"] == "validation images"
    assert len(table["thresholds"]) == 3
    assert found.value("anomaly_distance") is not None
    # Of images of classes that no probe has seen, none could be right.
    test = data.load("digits-28").y_test
    seen = int((~np.isin(test, [0, 3])).sum())
    assert found.value("linear_probe", "test_images") == found.value("neighbours_1", "test_images") == seen
    assert (found.value("linear_probe", "pixels") or 0) > 0.9


@pytest.mark.parametrize(
    ("leave_out", "words"), [([12], "has the classes 0 to 9"), (list(range(10)), "leaves nothing to train on")]
)
def test_classes_that_cannot_be_left_out(store, leave_out, words):
    with pytest.raises(UserError, match=words):
        jobs.submit(preset("digits-quick").experiment.changed({"data.leave_out": leave_out}), "cpu", store)


def test_an_imported_vae_has_no_likelihood(store):
    """What its settings say of the loss is meaningless, and so would be a bound that is computed from it."""
    changes = {"model.bottleneck.kind": "gaussian", "training.epochs": 1}
    run = jobs.submit(preset("digits-quick").experiment.changed(changes), "cpu", store)
    jobs.work(run)
    run.write_status(imported={"file": "theirs.pth"})
    found = measure(run, "cpu")
    assert "the run was imported" in found.lacking["likelihood"]
    assert "likelihood" not in found.measures
    with pytest.raises(UserError, match="was imported"):
        measure_likelihood(run, 100, 10, "cpu")


def test_a_training_is_not_lost_where_measuring_fails(store, monkeypatch, capsys):
    def broken(*_: object) -> None:
        raise ValueError("no eigenvalues")

    monkeypatch.setattr("aecore.measures.of_run.measure_run", broken)
    changes = {"evaluation.measure": True, "training.epochs": 1}
    run = jobs.submit(preset("digits-quick").experiment.changed(changes), "cpu", store)
    assert jobs.work(run) == "finished"
    assert "was not measured: no eigenvalues" in capsys.readouterr().out
    assert read_measures(run) is None


def test_of_too_many_numbers_a_part_of_the_images_is_measured(measured_once, trained, monkeypatch):
    """As many as hold 784 pixels each; the worst ones keep their numbers in the test set."""
    monkeypatch.setattr(subject, "MOST_NUMBERS", 100 * 784)
    monkeypatch.setattr(subject, "FEWEST", 1)
    found = measure(trained, "cpu")
    whole = read_measures(measured_once)
    assert whole is not None
    assert (found.about["train_images"], found.about["test_images"]) == (100, 100)
    kept = {entry["image"]: entry["mse"] for entry in found.measures["reconstruction"]["worst"]}
    known = {entry["image"]: entry["mse"] for entry in whole.measures["reconstruction"]["worst"]}
    shared = kept.keys() & known.keys()
    assert len(shared) >= 2
    assert {image: kept[image] for image in shared} == pytest.approx({image: known[image] for image in shared})


@pytest.mark.parametrize("images", [1, *(pytest.param(few, marks=pytest.mark.proof) for few in (2, 5)), 12])
def test_very_few_training_images_lack_measures_and_break_none(store, images):
    changes = {"data.train_images": images, "training.epochs": 1, "training.batch_size": 4}
    run = jobs.submit(preset("digits-quick").experiment.changed(changes), "cpu", store)
    jobs.work(run)
    found = measure(run, "cpu")
    assert {*found.lacking, *found.measures} - {"pca_mse"} == set(NAMED)
    assert found.value("reconstruction") is not None
    assert ("pca_mse" in found.measures) == (images > 16)


def test_images_without_labels_lack_what_needs_them(store, tmp_path):
    images = data.load("digits-28")
    np.savez(tmp_path / "mine.npz", x_train=np.array(images.x_train[:300]), x_test=np.array(images.x_test[:60]))
    changes = {"data.name": str(tmp_path / "mine.npz"), "training.epochs": 1}
    run = jobs.submit(preset("digits-quick").experiment.changed(changes), "cpu", store)
    jobs.work(run)
    found = measure(run, "cpu")
    assert found.lacking["linear_probe"] == "the images have no labels"
    assert found.lacking["neighbours_1"] == "the images have no labels"
    assert found.value("reconstruction") is not None


def test_baselines_are_computed_once_and_again_after_damage(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    images = data.load("digits-28")
    first = Baselines("digits-28", images.x_train, "()")
    assert first.kept("answer", lambda: 42) == 42
    components = first.pca
    assert components is not None
    again = Baselines("digits-28", images.x_train, "()")
    assert again.kept("answer", lambda: 0) == 42
    assert (again.pca.components == components.components).all()  # type: ignore[union-attr]
    assert Baselines("digits-28", images.x_train[:100], "()").kept("answer", lambda: 7) == 7
    assert first.of_test_images.kept("jpeg", lambda: 1) == 1
    other_part = Baselines("digits-28", images.x_train[:100], "(3,)")
    assert other_part.of_test_images.kept("jpeg", lambda: 2) == 1
    first.path.write_text(first.path.read_text().replace("42", "43"))
    assert Baselines("digits-28", images.x_train, "()").kept("answer", lambda: 1) == 1
    stored = first.path.with_suffix(".safetensors")
    stored.write_bytes(stored.read_bytes()[:-4] + b"\0\0\0\0")
    mended = Baselines("digits-28", images.x_train, "()").pca
    assert (mended.components == components.components).all()  # type: ignore[union-attr]


def test_a_run_is_measured_when_its_training_ends_if_it_asks_for_it(store):
    changes = {"evaluation.measure": True, "training.epochs": 1}
    run = jobs.submit(preset("digits-quick").experiment.changed(changes), "cpu", store)
    assert jobs.work(run) == "finished"
    found = read_measures(run)
    assert found is not None
    assert found.value("linear_probe") is not None


# ---- the file ------------------------------------------------------------------------------------


def test_measures_of_other_weights_are_not_shown(measured):
    with measured.file(WEIGHTS).open("rb") as file:
        content = bytearray(file.read())
    content[-1] ^= 1
    measured.write_files({WEIGHTS: bytes(content)})
    with pytest.raises(OutdatedError, match="other weights"):
        read_measures(measured)
    assert read_if_sound(measured) is None


def test_a_changed_number_is_noticed(measured):
    path = measured.file(MEASURES)
    path.write_bytes(path.read_bytes().replace(b'"value": 0', b'"value": 9', 1))
    with pytest.raises(DamagedError):
        read_measures(measured)


@pytest.mark.parametrize("content", ["[]", "{}", '{"measures": [], "lacking": {}}', "{", '{"measures": {"a": 1}}'])
def test_what_is_no_table_of_measures(measured, content):
    forget_sums(measured)
    measured.file(MEASURES).write_text(content)
    with pytest.raises(DamagedError):
        read_measures(measured)
    assert read_if_sound(measured) is None


def test_a_value_that_is_no_number_is_left_out(measured):
    forget_sums(measured)
    table = {"measures": {"linear_probe": {"value": "high"}, "reconstruction": {"value": 0.5}}, "lacking": {"a": 3}}
    measured.file(MEASURES).write_text(json.dumps(table))
    found = read_measures(measured)
    assert found is not None
    assert list(found.measures) == ["reconstruction"]
    assert found.lacking == {}
    assert found.value("linear_probe") is None


def test_infinite_numbers_are_null(trained):
    write_measures(
        trained, Measures({"reconstruction": {"value": float("inf"), "by": np.array([1.0, np.nan])}}, {}, {})
    )
    found = read_measures(trained)
    assert found is not None
    assert found.measures["reconstruction"] == {"value": None, "by": [1.0, None]}


# ---- the command ---------------------------------------------------------------------------------


def test_the_command_prints_what_is_kept(measured, capsys):
    document = cli.as_json(capsys, "measure", measured.id)
    assert document["run"] == measured.id
    table = document["measures"]["linear_probe"]
    assert {"value", "low", "high", "pca", "pixels"} <= set(table)
    assert document["measures"]["active_units"]["of"] > 0
    status, out, _ = cli.run(capsys, "measure", measured.id)
    assert status == 0
    assert "Linear probe" in out
    status, out, _ = cli.run(capsys, "measure", measured.id, "--markdown")
    assert out.splitlines()[0].startswith("| run | Active units |")
    assert out.splitlines()[2].startswith(f"| {measured.id} |")
    assert len(cli.as_json(capsys, "measure", "--all")) == 1
    # What a code is wider than has no PCA of its size; another baseline must not stand in its place.
    found = read_measures(measured)
    assert found is not None
    write_measures(measured, replace(found, measures={"linear_probe": {**table, "pca": None}}))
    _, out, _ = cli.run(capsys, "measure", measured.id, "--markdown")
    assert f"| {100 * table['value']:.1f} % |" in out.splitlines()[2]


def test_the_command_says_where_a_model_does_worse_than_guessing(measured, capsys):
    found = read_measures(measured)
    assert found is not None
    area = {"value": 0.31, "low": 0.28, "high": 0.34, "pca": 0.3, "chance": 0.5}
    write_measures(measured, Measures(found.measures | {"anomaly_error": area}, {}, found.about))
    status, out, err = cli.run(capsys, "measure", measured.id)
    assert status == 0
    assert "31.0 % (28.0–34.0)" in out
    assert "worse than guessing" in err
    assert "worse than guessing" not in cli.run(capsys, "measure", measured.id, "--json")[1]


def test_one_run_that_cannot_be_measured_does_not_keep_the_others_from_it(measured, store, capsys):
    other = Run(store.root / "runs" / "other-20260101-000000")
    shutil.copytree(measured.path, other.path)
    forget_sums(other)
    other.file(MEASURES).unlink()
    other.file(WEIGHTS).write_bytes(b"no weights")
    status, out, err = cli.run(capsys, "measure", other.id, measured.id, "--json")
    assert status == 1
    assert [entry["run"] for entry in json.loads(out)] == [measured.id]
    assert "not measured: " in err
    status, out, err = cli.run(capsys, "measure", other.id)
    assert status == 1
    assert out == ""


def test_the_command_wants_runs_or_all(measured, capsys):
    for arguments in (("measure",), ("measure", measured.id, "--all")):
        status, _, err = cli.run(capsys, *arguments)
        assert status == 2
        assert "name the runs to measure, or --all" in err


def test_measures_belong_to_the_weights_that_were_measured(trained):
    """A training that goes on may have replaced them meanwhile."""
    write_measures(trained, Measures({}, {}, {"weights": "0" * 64}))
    with pytest.raises(OutdatedError):
        read_measures(trained)
    write_measures(trained, Measures({}, {}, {}))
    assert read_measures(trained) is not None
