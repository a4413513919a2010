"""A finished run: what its directory holds, and that its weights make its pictures and figures."""

import hashlib
import json

import numpy as np
import pytest
import torch

from aecore import data, jobs
from aecore.config.corruption import Corruption
from aecore.errors import AecoreError, DamagedError, UserError
from aecore.inference import denoise, load_model, open_run
from aecore.models import plan
from aecore.runs.run import LAYERS, STEPS
from tests.helpers.runs import forget_sums
from tests.helpers.training import VAE


def test_a_finished_run_holds_what_the_format_promises(trained):
    status = trained.status()
    assert (status["state"], status["epoch"], status["process"], status["error"]) == ("finished", 3, None, None)
    solved = plan(trained.experiment().model, (1, 28, 28))
    assert (status["parameters"], status["code_size"]) == (solved.parameters, 16)
    assert status["data"]["image_shape"] == [1, 28, 28]
    assert not trained.file("resume.safetensors").exists()
    assert [entry["epoch"] for entry in trained.metrics()] == [1, 2, 3]
    panel = trained.snapshots()
    assert panel["epochs"].tolist() == [1, 2, 3]
    assert panel["reconstructions"].shape == (3, 20, 1, 28, 28)
    for entry in trained.evaluation():
        assert set(entry) == {"run", "split", "n", "corruption", "metrics", "noisy_input", "black_mse", "weights"}
        assert entry["weights"] == hashlib.sha256(trained.file("weights.safetensors").read_bytes()).hexdigest()
        assert entry["n"] == 297
        assert set(entry["metrics"]) == set(entry["noisy_input"]) == {"mse", "psnr_db", "ssim", "snr_db"}
    json.dumps(trained.evaluation(), allow_nan=False)
    assert trained.lines(STEPS) == []
    movement = trained.lines(LAYERS)
    assert [entry["epoch"] for entry in movement] == [1, 2, 3]
    for entry in movement:
        assert list(entry["layers"]) == ["encoder.linear1", "encoder.linear2", "decoder.linear1", "decoder.linear2"]
        assert all(set(told) == {"weight", "gradient", "change"} for told in entry["layers"].values())
        assert len(entry["code_std"]) == 16


@pytest.mark.parametrize("log_every", [2, 5, 7])
def test_a_run_that_looks_within_epochs_writes_down_what_it_sees(store, log_every):
    experiment = VAE.changed(
        {
            "data.name": "digits",
            "data.train_images": 200,
            "data.validation_images": 50,
            "training.batch_size": 40,
            "training.epochs": 3,
            "training.log_every": log_every,
            "evaluation.corruptions": ["none"],
        }
    )
    run = jobs.submit(experiment, "cpu")
    assert jobs.work(run) == "finished"
    steps = run.lines(STEPS)
    assert [line["step"] for line in steps] == list(range(log_every, 16, log_every))
    assert all(set(line) == {"epoch", "step", "train_loss", "validation_loss"} for line in steps)
    keys = {"epoch", "train_loss", "test_loss", "lr", "images_per_s", "dead_units", "seconds"}
    parts = {"train_reconstruction", "train_kl", "test_reconstruction", "test_kl", "active_units"}
    for line in run.metrics():
        assert set(line) == keys | parts
        assert line["train_loss"] == pytest.approx(line["train_reconstruction"] + line["train_kl"], rel=1e-5)
    epochs = run.snapshots()["epochs"]
    # Rows come with the lines of steps.jsonl, or with the epochs where those are not more frequent; none comes twice.
    expected = [n * log_every / 5 for n in range(1, len(steps) + 1)] if log_every < 5 else [1, 2, 3]
    expected += [3] if expected[-1] < 3 else []
    assert epochs == pytest.approx(np.array(expected), rel=1e-6)
    assert len(run.lines(LAYERS)[0]["code_std"]) == 5
    assert open_run(run, "cpu").evaluate(Corruption())["metrics"] == pytest.approx(run.evaluation()[0]["metrics"])


def test_the_saved_weights_make_the_saved_pictures_and_figures(trained):
    opened = open_run(trained, "cpu")
    for entry in trained.evaluation():
        again = opened.evaluate(Corruption.parse(entry["corruption"]))
        for kind in ("metrics", "noisy_input"):
            assert again[kind] == pytest.approx(entry[kind], abs=1e-6, nan_ok=True)
    panel = trained.snapshots()
    with torch.no_grad():
        noisy = torch.from_numpy(panel["noisy"]).float() / 255
        output = load_model(trained)(noisy).numpy() * 255
    # The panel was made from unrounded noise, so the pictures agree but for that rounding and clamping.
    assert np.abs(output - panel["reconstructions"][-1]).mean() < 4


def test_a_run_knows_its_images_shape_where_the_set_is_gone(trained):
    status = trained.status()
    trained.write_json("status.json", status | {"data": status["data"] | {"image_shape": [2, 5, 6]}})
    assert trained.image_info().image_shape == (2, 5, 6)
    trained.write_json("status.json", {key: value for key, value in status.items() if key != "data"})
    assert trained.image_info().image_shape == (1, 28, 28), "older runs ask the catalogue"


def test_denoising_a_few_images_scores_both_sides(trained):
    images = np.array(data.load("digits-28").x_test[:5])
    corruption = Corruption(kind="gaussian", level=0.2)
    noisy, output, noisy_scores, output_scores, lost = denoise(load_model(trained), images, corruption, 0)
    assert lost is None
    assert noisy.shape == output.shape == images.shape
    assert noisy_scores["ssim"].shape == output_scores["ssim"].shape == (5,)
    hole = denoise(load_model(trained), images, Corruption.parse("square:9"), 0)
    assert hole.lost is not None
    inside = ((hole.output - images / 255) ** 2)[hole.lost].reshape(5, 81).mean(1)
    np.testing.assert_allclose(hole.output_scores["hole_mse"], inside, rtol=1e-5)
    again = denoise(load_model(trained), images, corruption, 0)
    assert np.array_equal(noisy, again[0])
    assert not np.array_equal(noisy, denoise(load_model(trained), images, corruption, 1)[0])


def test_codes_become_points_with_their_labels_and_quality(trained):
    opened = open_run(trained, "cpu")
    made = opened.projection("pca", 3, 100)
    assert made.coordinates.shape == (100, 3)
    assert np.array_equal(made.labels, opened.labels[made.indices])
    assert (made.indices[0], made.indices[-1]) == (0, 296)
    assert made.parameters == {"corruption": "gaussian:0.2"}
    assert set(made.quality) == {"trustworthiness", "knn_accuracy", "code_knn_accuracy", "explained_variance"}
    assert all(0 < value <= 1 for value in made.quality.values())
    assert opened.projection("units", 2, 10_000).coordinates.shape == (297, 2)
    with pytest.raises(UserError, match="more than 20"):
        opened.projection("pca", 2, 15)


def test_weights_that_are_gone_or_cut_are_one_line(trained):
    path = trained.file("weights.safetensors")
    content = path.read_bytes()
    path.write_bytes(content[:1000])
    with pytest.raises(DamagedError, match="has changed since it was written"):
        load_model(trained)
    forget_sums(trained)
    with pytest.raises(DamagedError, match="cannot be read"):
        load_model(trained)
    path.unlink()
    with pytest.raises(AecoreError, match="no saved weights"):
        load_model(trained)
