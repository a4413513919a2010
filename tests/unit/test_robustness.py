"""What noise of every strength does to a run, against closed forms and scikit-image; and what a reader makes of it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import safetensors.numpy
from skimage.restoration import denoise_tv_chambolle

from aecore import data, jobs
from aecore.cli import app as command_line
from aecore.config.corruption import Corruption
from aecore.data.validation import validation_pairs
from aecore.errors import AecoreError, DamagedError, OutdatedError
from aecore.inference import open_run
from aecore.jobs import measuring
from aecore.measures import strengths
from aecore.metrics import evaluation, robustness
from aecore.metrics.classical import METHODS
from aecore.metrics.robustness import TotalVariation, levels
from aecore.presets import preset
from aecore.runs import sums
from aecore.runs.robustness import read_if_sound, read_robustness, write_robustness
from aecore.runs.run import ROBUSTNESS, WEIGHTS
from aecore.training import finish
from tests.helpers import cli
from tests.helpers.runs import forget_sums
from tests.helpers.without_doubles import WithoutDoubles


def test_strengths_span_six_tenths_of_the_range_and_include_that_of_the_training():
    cifar = preset("cifar-conv-denoise").experiment  # on [-1, 1]
    assert levels(cifar)[:3] == [0, 0.1, 0.2]
    assert levels(cifar)[-1] == pytest.approx(1.2)
    assert levels(cifar.changed({"corruption": "gaussian:0.07"}))[:3] == [0, 0.07, 0.1]
    assert levels(cifar.changed({"corruption": "gaussian-variance:0.1225"})).count(0.35) == 1
    assert 0.33 not in levels(cifar.changed({"corruption": "gaussian:0..0.33"}))
    assert levels(preset("mnist-mlp8").experiment)[-1] == pytest.approx(0.6)


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Total variation takes its time."""
    monkeypatch.setattr(strengths, "CLASSICAL_IMAGES", 4)
    monkeypatch.setattr(robustness, "VALIDATION_IMAGES", 6)


def test_it_is_measured_kept_and_printed(trained, capsys, monkeypatch):
    measured = measuring.work_on_strengths(trained, "cpu")
    found = read_robustness(trained)
    assert found is not None
    assert found.points == measured.points
    assert found.images == 297
    # The noisy images' error is the noise's variance; without noise they are the images.
    for at, point in enumerate(found.points):
        assert point["input"]["mse"] == pytest.approx(point["level"] ** 2, rel=0.02)
        if point["level"]:
            assert found.score(at, "input") == pytest.approx(-20 * np.log10(point["level"]), abs=0.1)
    assert found.score(0, "input") is None
    assert "tv" not in found.points[0]
    level = found.points[4]["level"]
    entry = open_run(trained, "cpu").evaluate(Corruption.parse(f"gaussian:{level}"))
    assert found.score(4, "model") == pytest.approx(entry["metrics"]["psnr_db"], rel=1e-5)
    # What is known is printed, and not measured again; one run of many does not keep the others from it.
    monkeypatch.setattr(measuring, "work_on_strengths", lambda *_: pytest.fail("measured again"))
    assert cli.as_json(capsys, "measure", trained.id, "--strengths", "--json")["points"] == found.points
    (listed,) = cli.as_json(capsys, "measure", "--all", "--strengths", "--json")
    assert (listed["run"], listed["weights"]) == (trained.id, sums.digest(trained.path, WEIGHTS))


def test_it_needs_no_double_precision_of_the_device(trained):
    loaded, noise = open_run(trained, "cpu"), Corruption.parse("gaussian:0.2")
    expected = evaluation.squared_errors(loaded.model, loaded.test, noise)
    with WithoutDoubles():
        found = evaluation.squared_errors(loaded.model, loaded.test, noise)
    assert all(map(np.array_equal, found, expected))


def test_one_run_of_many_does_not_keep_the_others_from_it(trained, capsys):
    copy = trained.path.with_name("a-copy")
    shutil.copytree(trained.path, copy)
    (copy / WEIGHTS).unlink()
    assert command_line.run(["measure", copy.name, trained.id, "--strengths"]) == 1
    said = capsys.readouterr()
    assert "not measured: " in said.err
    assert f"{trained.id}: 297 test images" in said.out
    shutil.copytree(trained.path, trained.path.with_name("another"))
    listed = cli.as_json(capsys, "measure", "--all", "--strengths", "--json")  # those that have a network
    assert {entry["run"] for entry in listed} == {trained.id, "another"}
    assert command_line.run(["measure", trained.id, "--strengths", "--markdown"]) == 2


def test_a_network_that_returns_no_images_has_no_scores(trained):
    weights = safetensors.numpy.load(trained.file(WEIGHTS).read_bytes())
    largest = {name: np.sign(values) * np.float32(3e38) for name, values in weights.items()}
    trained.write_files({WEIGHTS: safetensors.numpy.save(largest)})
    with pytest.raises(AecoreError, match="NaN or infinity"):
        measuring.work_on_strengths(trained, "cpu")
    assert read_robustness(trained) is None


def test_the_end_of_a_training_measures_without_total_variation_and_the_command_adds_it(trained, capsys):
    point = {"level": 0.1, "model": {"psnr_db": 20.0}, "input": {"psnr_db": 20.0}}
    write_robustness(trained, [point], {"n": 297, "clamp": False})
    assert command_line.run(["measure", trained.id, "--strengths"]) == 0
    said = capsys.readouterr()
    assert "on 4 test images" in said.err
    assert "PSNR in dB; Gaussian noise, σ in the model's range [0, 1]" in said.out
    found = read_robustness(trained)
    assert found is not None
    assert found.beside == 4


def test_scores_belong_to_the_weights_that_were_measured(trained, monkeypatch):
    """A training that goes on replaces them meanwhile."""
    measured = robustness.squared_errors

    def replaced(*given):
        trained.write_files({WEIGHTS: trained.file(WEIGHTS).read_bytes() + b" "})
        return measured(*given)

    monkeypatch.setattr(robustness, "squared_errors", replaced)
    measuring.work_on_strengths(trained, "cpu")
    with pytest.raises(OutdatedError):
        read_robustness(trained)


def test_total_variation_has_the_best_strength_of_all():
    images, experiment = data.load("digits-28"), preset("digits-quick").experiment
    beside = TotalVariation(images, experiment, np.asarray(images.x_test[:4], np.float32) / 255)
    all_of_it = METHODS["tv"].strengths
    for level in (0.1, 0.4):
        corruption = Corruption.parse(f"gaussian:{level}")
        pairs = list(zip(*validation_pairs(images, experiment, corruption, 6), strict=True))
        errors = [
            np.mean(
                [(np.clip(denoise_tv_chambolle(noisy[0], weight=w), 0, 1) - clean[0]) ** 2 for clean, noisy in pairs]
            )
            for w in all_of_it
        ]
        assert beside.under(corruption)["strength"] == all_of_it[int(np.argmin(errors))]


def test_of_other_weights_it_is_not_shown(trained):
    point = {"level": 0.1, "model": {"psnr_db": 20.0}, "input": {"psnr_db": 20.0}}
    write_robustness(trained, [point], {"n": 297, "clamp": False})
    assert read_if_sound(trained) is not None
    trained.file(WEIGHTS).write_bytes(trained.file(WEIGHTS).read_bytes() + b" ")
    forget_sums(trained)
    with pytest.raises(OutdatedError):
        read_robustness(trained)
    assert read_if_sound(trained) is None


@pytest.mark.parametrize(
    "change",
    [
        {"points": []},
        {"points": [{"level": "x"}]},
        {"points": [{"level": 0.1, "model": 3}]},
        {"points": [{"level": 0.1, "model": {"psnr_db": "x"}}]},
        {"n": 0},
        {"n": "many"},
    ],
)
def test_a_file_that_is_not_right_is_refused(trained, change):
    write_robustness(trained, [{"level": 0.1, "model": {"psnr_db": 20.0}}], {"n": 297})
    table = json.loads(trained.file(ROBUSTNESS).read_text())
    trained.file(ROBUSTNESS).write_text(json.dumps(table | change))
    forget_sums(trained)
    with pytest.raises(DamagedError, match="robustness"):
        read_robustness(trained)


@pytest.fixture
def short(store, monkeypatch):
    """A training of one epoch, long enough for the strengths of noise."""
    monkeypatch.setattr(finish, "SHARE_FOR_STRENGTHS", 1e9)
    return jobs.submit(preset("digits-quick").experiment.changed({"training.epochs": 1}), "cpu")


def test_the_end_of_a_training_measures_where_that_is_cheap(short):
    assert jobs.work(short) == "finished"
    found = read_robustness(short)
    assert found is not None
    assert (found.images, found.beside, len(found.points)) == (297, 0, 13)


def test_whatever_fails_in_it_the_run_has_been_trained(short, capsys):
    short.file(ROBUSTNESS).mkdir()  # what stands where it would be written
    assert jobs.work(short) == "finished"
    assert "the strengths of noise were not measured: " in capsys.readouterr().out
