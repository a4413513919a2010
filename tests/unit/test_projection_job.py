"""Making a projection as a job: watched, failed, refused; and where what is made is kept."""

from __future__ import annotations

import json
import shutil
import time
import zipfile

import numpy as np
import pytest
import safetensors.numpy
import torch
from typer.testing import CliRunner

from aecore import data, jobs
from aecore.cli.parser import build
from aecore.data.thumbnails import kept_indices
from aecore.errors import AecoreError, UserError
from aecore.inference import load_model, training_codes
from aecore.jobs import projection as projection_job
from aecore.jobs import projection_progress
from aecore.latent.codes import read_codes
from aecore.latent.encode import codes_of, measure_codes
from aecore.latent.projection import project
from aecore.latent.projection_store import Projection, is_replaced, projection_folder, read_projection, restore_shipped
from aecore.latent.request import ProjectionRequest, subset_of_codes
from aecore.metrics.evaluation import NOISE_SEED
from aecore.presets import preset
from aecore.runs.archive import pack, unpack
from aecore.runs.run import CODES, Run
from tests.helpers import cli
from tests.helpers.paths import GALLERY_RUN
from tests.helpers.runs import forget_sums


@pytest.fixture
def shipped(store) -> Run:
    shutil.copytree(GALLERY_RUN, store.root / "gallery" / "mnist-mlp8")
    return Run(store.root / "gallery" / "mnist-mlp8")


def test_who_watches_sees_the_points_move(trained, monkeypatch):
    seen, write = [], projection_progress.write_progress

    def written(run, now):
        write(run, now)
        seen.append(projection_job.read_progress(run))

    monkeypatch.setattr(projection_progress, "WRITE_EVERY_S", 0)
    monkeypatch.setattr(projection_progress, "write_progress", written)
    made = projection_job.work(trained, ProjectionRequest("tsne", 3, 250, 20, 100))
    moving = [now for now in seen if now.coordinates is not None]
    assert len(moving) > 2
    assert [now.done for now in moving] == sorted(now.done for now in moving)
    assert moving[0].coordinates.shape == (250, 3)
    assert not np.array_equal(moving[0].coordinates, moving[-1].coordinates)
    assert np.array_equal(made.indices, moving[0].indices)


def test_a_failure_is_told_in_one_line(trained):
    forget_sums(trained)
    trained.file(CODES).write_bytes(b"nonsense")
    with pytest.raises(AecoreError):
        projection_job.work(trained, ProjectionRequest("pca", 2, 200))
    failed = projection_job.read_progress(trained)
    assert failed is not None
    assert failed.state == "failed"
    assert "codes.safetensors cannot be read" in failed.error
    projection_job.forget(trained)
    assert projection_job.read_progress(trained) is None


@pytest.mark.parametrize("content", [b"", b"x" * 400, safetensors.numpy.save({"a": np.zeros(2)}, {"about": "{}"})])
def test_a_torn_progress_file_is_none(trained, content):
    projection_folder(trained).mkdir(exist_ok=True)
    projection_progress.progress_file(trained).write_bytes(content)
    assert projection_job.read_progress(trained) is None


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (ProjectionRequest("tnse"), "did you mean 'tsne'"),
        (ProjectionRequest("pca", 4), "2 or 3 dimensions, not 4"),
        (ProjectionRequest("pca", 2, 20), "more than 20"),
        (ProjectionRequest("pca", 2, 60_001), "at most 60,000 points"),
        (ProjectionRequest("tsne", 2, 300, 100), "needs more than 301 points"),
        (ProjectionRequest("tsne", 2, 300, 0.5), "between 1 and 500, not 0.5"),
        (ProjectionRequest("tsne", 2, 300, float("nan")), "between 1 and 500, not nan"),
        (ProjectionRequest("tsne", 2, 300, 30, 5), "between 10 and 10,000 iterations"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_starts(trained, request_, words):
    for act in (projection_job.start, projection_job.work):
        with pytest.raises(UserError, match=words):
            act(trained, request_)
    assert projection_job.read_progress(trained) is None


def test_a_demo_makes_none(trained, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "1")
    for act in (projection_job.start, projection_job.work):
        with pytest.raises(UserError, match="new projections is switched off"):
            act(trained, ProjectionRequest("pca", 2, 200))


def test_more_points_than_codes_are_encoded(trained):
    kept = read_codes(trained)
    assert kept is not None
    few = subset_of_codes(kept, 100)
    few.save(trained)
    made = projection_job.work(trained, ProjectionRequest("pca", 2, 200))
    assert len(made.labels) == 200
    again = kept.codes[np.searchsorted(kept.indices, made.indices)]  # type: ignore[index]
    expected = project(again, "pca", 2)[0]
    assert np.allclose(np.abs(made.coordinates), np.abs(expected), atol=0.02 * np.abs(expected).max())


def test_a_new_projection_of_a_shipped_run_stands_before_it_and_goes_again(shipped, store):
    before = {path.name: path.read_bytes() for path in (shipped.path / "projections").iterdir()}
    original = read_projection(shipped, "pca", 2)
    assert original is not None
    assert not is_replaced(shipped, "pca", 2)
    with pytest.raises(UserError, match="replaces its shipped"):
        restore_shipped(shipped, "pca", 2)
    result = CliRunner().invoke(
        build(["project"]), ["project", "mnist-mlp8", "--method", "pca", "--dims", "2", "--points", "400", "--json"]
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["points"] == 400
    assert projection_folder(shipped) == store.root / "projections" / "mnist-mlp8"
    assert is_replaced(shipped, "pca", 2)
    found, from_run = read_projection(shipped, "pca", 2), read_projection(shipped, "pca", 2, ship=True)
    assert found is not None
    assert from_run is not None
    assert (len(found.labels), len(from_run.labels)) == (400, len(original.labels))
    assert before == {path.name: path.read_bytes() for path in (shipped.path / "projections").iterdir()}
    restore_shipped(shipped, "pca", 2)
    again = read_projection(shipped, "pca", 2)
    assert again is not None
    assert len(again.labels) == len(original.labels)


@pytest.fixture
def held_out(store) -> Run:
    """A short run that trains on the first 700 digits of 1,500."""
    wanted = {"data.train_images": 700, "data.validation_images": 100, "training.epochs": 1, "model.dense": [16]}
    run = jobs.submit(preset("digits-quick").experiment.changed(wanted), "cpu", store)
    jobs.work(run)
    return run


def test_training_images_are_those_that_were_trained_on(held_out):
    made = projection_job.work(held_out, ProjectionRequest("units", 3, 200, images="train"))
    assert isinstance(made, Projection)
    assert made.split == "train"
    assert (made.indices.min(), made.indices.max()) == (0, 699)
    images = data.load("digits-28")
    assert np.array_equal(made.labels, images.y_train[made.indices])
    whole = torch.from_numpy(np.array(images.x_train[:700]))
    codes = codes_of(load_model(held_out), whole, held_out.experiment().corruption, NOISE_SEED)
    assert np.allclose(made.coordinates, codes[made.indices, :3], atol=1e-5), "their codes, under the training noise"
    found = read_projection(held_out, "units", 3, split="train")
    assert found is not None
    assert np.array_equal(found.indices, made.indices)
    assert read_projection(held_out, "units", 3) is None, "nothing is said of test images"


def test_what_a_page_shows_beside_the_points_has_their_codes(held_out):
    """Pages have the codes of evenly spread training images, and the points are among them."""
    points = training_codes(held_out, 150)
    shown = measure_codes(
        load_model(held_out),
        torch.from_numpy(np.array(data.load("digits-28").x_train[:700])),
        np.array(data.load("digits-28").y_train[:700]),
        held_out.experiment().corruption,
        NOISE_SEED,
        kept_indices("digits-28", (1, 28, 28), 700),
        "train",
    )
    assert shown.codes is not None
    assert np.isin(points.indices, shown.indices).all()
    rows = np.searchsorted(shown.indices, points.indices)
    assert points.codes is not None
    assert np.allclose(points.codes, shown.codes[rows], atol=1e-5)


def test_the_command_projects_training_images(held_out):
    run = CliRunner().invoke(
        build(["project"]), ["project", held_out.id, "--method=pca", "--points=100", "--images=train", "--json"]
    )
    about = json.loads(run.stdout)
    assert (about["images"], about["points"], about["remark"]) == ("train", 100, None)
    with pytest.raises(UserError, match="test or train, not 'trian'"):
        projection_job.work(held_out, ProjectionRequest("pca", 2, 100, images="trian"))


def test_the_command_says_that_codes_are_equal(store, capsys):
    wanted = {
        "training.epochs": 1,
        "model.dense": [16],
        "model.bottleneck.activation": "relu",
        "model.bias_init": -10,
    }
    run = jobs.submit(preset("digits-quick").experiment.changed(wanted), "cpu", store)
    jobs.work(run)
    for method in ("pca", "tsne", "units"):
        told = cli.as_json(capsys, "project", run.id, "--method", method, "--points", "120")
        assert told["quality"] == {}
        assert told["remark"].startswith("all 120 codes are equal")
        status, out, err = cli.run(capsys, "project", run.id, "--method", method, "--points", "120")
        assert (status, out) == (0, "")
        assert "all 120 codes are equal" in err


def test_an_archive_has_both(held_out, tmp_path):
    for images in ("test", "train"):
        projection_job.work(held_out, ProjectionRequest("pca", 2, 100, images=images))
    pack(held_out, tmp_path / "run.zip")
    names = zipfile.ZipFile(tmp_path / "run.zip").namelist()
    assert {f"{held_out.id}/projections/pca-2d{end}.safetensors" for end in ("", "-train")} <= set(names)
    came = unpack(tmp_path / "run.zip")
    assert read_projection(came, "pca", 2, split="train") is not None


def test_a_job_started_from_outside_keeps_which_images(held_out, forked_jobs):
    projection_job.start(held_out, ProjectionRequest("pca", 2, 100, images="train"), "cpu")
    deadline = time.monotonic() + 60
    while projection_job.read_progress(held_out) is not None and time.monotonic() < deadline:
        now = projection_job.read_progress(held_out)
        assert now is None or (now.state, now.request.images) == ("running", "train")
        time.sleep(0.1)
    assert read_projection(held_out, "pca", 2, split="train") is not None
