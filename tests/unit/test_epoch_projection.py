"""The codes of all epochs in one frame: PCA of the last, t-SNE from epoch to epoch, turned onto one another."""

from __future__ import annotations

import dataclasses
import json
import zipfile

import numpy as np
import pytest
import scipy.linalg
import scipy.spatial
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from aecore.config.experiment import Experiment
from aecore.errors import DamagedError, OutdatedError, UserError
from aecore.jobs import projection as projection_job
from aecore.latent import epoch_projection
from aecore.latent.epoch_codes import EpochCodes, as_file, epoch_row, read_epoch_codes
from aecore.latent.epoch_projection import (
    align,
    pca_over_epochs,
    projection_file,
    read_epoch_projection,
    tsne_over_epochs,
)
from aecore.latent.projection import TSNE_COMPONENTS
from aecore.latent.request import ProjectionRequest
from aecore.metrics.code_units import units
from aecore.runs.archive import pack, unpack
from aecore.runs.run import EPOCH_CODES, Run
from aecore.viewer import epoch_cloud
from tests.helpers import cli
from tests.helpers.runs import forget_sums


def made(*epochs: np.ndarray) -> EpochCodes:
    """The codes (N, n) of so many epochs as they are read from a run."""
    codes = np.stack(epochs).astype(np.float32)
    count = codes.shape[1]
    labels, rows = np.arange(count) % 3, tuple(units(each) for each in codes)
    numbers = np.arange(1, len(codes) + 1, dtype=np.int32)
    return EpochCodes(numbers, codes, labels.astype(np.uint8), np.arange(count, dtype=np.int64), rows, "none")


@pytest.fixture
def short(monkeypatch):
    """t-SNE of few iterations an epoch."""
    monkeypatch.setattr(epoch_projection, "NEXT_ITERATIONS", 30)


def groups(apart: float, count: int = 90, size: int = 6, seed: int = 0) -> np.ndarray:
    """Three groups of codes, so far apart."""
    rng = np.random.default_rng(seed)
    return apart * np.eye(3, size)[np.arange(count) % 3] + rng.normal(0, 1, (count, size))


@given(st.integers(2, 3), st.integers(0, 2**31), st.booleans(), st.floats(-50, 50))
def test_a_made_turn_is_taken_back(dims, seed, mirrored, away):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(40, dims))
    turn = np.linalg.qr(rng.normal(size=(dims, dims)))[0]
    if (np.linalg.det(turn) < 0) != mirrored:
        turn[:, 0] *= -1
    assert np.allclose(align(points @ turn + away, points), points, atol=1e-9)


@given(st.integers(2, 3), st.integers(0, 2**31))
def test_the_alignment_is_that_of_scipy_and_keeps_all_distances(dims, seed):
    rng = np.random.default_rng(seed)
    points, onto = rng.normal(size=(2, 30, dims))
    found = align(points, onto)
    centred = points - points.mean(0)
    turn = scipy.linalg.orthogonal_procrustes(centred, onto - onto.mean(0))[0]
    assert np.allclose(found, centred @ turn + onto.mean(0), atol=1e-8)
    distances = scipy.spatial.distance.pdist
    assert np.allclose(distances(found), distances(points))
    assert np.square(found - onto).sum() <= np.square(points - onto).sum() + 1e-9


def test_pca_is_that_of_the_last_epoch_for_all(tmp_path):
    epochs = [groups(apart, seed=number) + 5 for number, apart in enumerate((0.5, 2, 6))]
    found = pca_over_epochs(made(*epochs), 2)
    model = PCA(2).fit(epochs[-1])
    for ours, codes in zip(found.coordinates, epochs, strict=True):
        theirs = model.transform(codes)
        signs = np.sign((ours * theirs).sum(0))
        assert np.allclose(ours, theirs * signs, atol=1e-4)
    assert found.faithful[-1] == pytest.approx(model.explained_variance_ratio_.sum(), rel=1e-5)
    assert 0 < found.faithful[0] < found.faithful[-1] <= 1
    assert found.parameters["of_epoch"] == 3


def test_after_a_collapse_the_frame_is_the_last_that_says_something():
    alive, dead = groups(4), np.ones((90, 6))
    found = pca_over_epochs(made(dead, alive, dead), 2)
    assert found.parameters["of_epoch"] == 2
    assert np.isnan(found.faithful[[0, 2]]).all()
    assert np.ptp(found.coordinates[2], axis=0).max() == 0
    assert np.ptp(found.coordinates[1], axis=0).min() > 1
    nothing = pca_over_epochs(made(dead, dead), 2)
    assert "all codes are equal" in nothing.remark
    assert np.isfinite(nothing.coordinates).all()
    assert epoch_cloud.note(nothing).startswith("In every epoch")


def test_tsne_goes_from_epoch_to_epoch_and_never_turns(short):
    codes = made(groups(0.5), groups(4), groups(4) + 0.01 * groups(0, seed=3), groups(8))
    found = tsne_over_epochs(codes, 2, perplexity=10, iterations=120)
    assert found.coordinates.shape == (4, 90, 2)
    spread = found.coordinates.std()
    for before, after in zip(found.coordinates, found.coordinates[1:], strict=False):
        turn = scipy.linalg.orthogonal_procrustes(after - after.mean(0), before - before.mean(0))[0]
        assert np.allclose(turn, np.eye(2), atol=1e-3), "no turn brings it nearer to the one before"
    moved = np.linalg.norm(found.coordinates[2] - found.coordinates[1], axis=1).mean()
    assert moved < spread, "equal codes stay about where they were"
    apart = [
        np.abs(np.array([points[codes.labels == k].mean(0) for k in range(3)])).max() for points in found.coordinates
    ]
    assert apart[0] < apart[-1], "the groups part when their codes do"
    again = tsne_over_epochs(codes, 2, perplexity=10, iterations=120)
    assert np.array_equal(again.coordinates, found.coordinates)


def test_tsne_over_a_collapse_goes_on_behind_it(short):
    codes = made(groups(4), np.zeros((90, 6)), groups(4))
    found = tsne_over_epochs(codes, 2, perplexity=10, iterations=120)
    assert not found.coordinates[1].any()
    assert np.isnan(found.faithful[1])
    assert found.faithful[2] > 0.8
    apart = np.linalg.norm(found.coordinates[2] - found.coordinates[0], axis=1).mean()
    assert apart < found.coordinates[0].std(), "the same codes come back to their places"


def test_wide_codes_are_reduced_first_as_those_of_one_epoch_are(short):
    wide = [np.concatenate([groups(apart), np.zeros((90, TSNE_COMPONENTS))], axis=1) for apart in (0.5, 8)]
    found = tsne_over_epochs(made(*wide), 2, perplexity=10, iterations=120)
    assert found.parameters["components"] == TSNE_COMPONENTS
    narrow = tsne_over_epochs(made(groups(0.5), groups(8)), 2, perplexity=10, iterations=120)
    assert "components" not in narrow.parameters
    assert found.faithful == pytest.approx(narrow.faithful, abs=0.03), "no distance has changed"


def test_the_job_saves_one_that_is_read_again(trained, short, capsys):
    asked = ("--method=tsne", "--dims=2", "--perplexity=20", "--iterations=120", "--over=epochs")
    told = cli.as_json(capsys, "project", trained.id, *asked)
    assert told["epochs"] == [1, 2, 3]
    assert 0.5 < told["quality"]["trustworthiness"] <= 1
    found, codes = read_epoch_projection(trained, "tsne", 2), read_epoch_codes(trained)
    assert found is not None
    assert codes is not None
    expected = tsne_over_epochs(codes, 2, perplexity=20, iterations=120)
    assert np.allclose(found.coordinates, expected.coordinates, atol=1e-4)
    assert (found.parameters["perplexity"], found.parameters["iterations"]) == (20, 120)
    assert np.array_equal(found.indices, codes.indices)
    assert projection_job.read_progress(trained) is None
    assert read_epoch_projection(trained, "tsne", 3) is None


def test_an_archive_has_both(trained, short, tmp_path):
    projection_job.work(trained, ProjectionRequest("tsne", 2, 200, 20, 60, over="epochs"))
    pack(trained, tmp_path / "run.zip")
    names = {name.partition("/")[2] for name in zipfile.ZipFile(tmp_path / "run.zip").namelist()}
    assert {EPOCH_CODES, "projections/tsne-2d-epochs.safetensors"} <= names
    came = unpack(tmp_path / "run.zip")
    assert came.id != trained.id
    found = read_epoch_projection(came, "tsne", 2)
    assert found is not None
    assert found.coordinates.shape == (3, 200, 2), "as many images as were asked for"


def test_that_of_other_codes_is_none_any_more(trained, short):
    projection_job.work(trained, ProjectionRequest("tsne", 2, 200, 20, 60, over="epochs"))
    codes = read_epoch_codes(trained)
    assert codes is not None
    rows = [epoch_row(each + 1) for each in codes.codes]
    content = as_file(codes.epochs.tolist(), rows, codes.labels, codes.indices, "none")  # type: ignore[arg-type]
    trained.write_files({EPOCH_CODES: content})
    with pytest.raises(OutdatedError, match="other codes"):
        read_epoch_projection(trained, "tsne", 2)


def test_damage_is_told(trained):
    file = projection_file(trained, "tsne", 2)
    file.parent.mkdir(exist_ok=True)
    for content in (b"", b"\xff" * 200):
        file.write_bytes(content)
        with pytest.raises(DamagedError, match="cannot be read"):
            read_epoch_projection(trained, "tsne", 2)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (ProjectionRequest("tsne", 2, 200, over="epoch"), "over last or epochs, not 'epoch'"),
        (ProjectionRequest("umap", 2, 200, over="epochs"), "only t-SNE of test images"),
        (ProjectionRequest("tsne", 2, 200, images="train", over="epochs"), "only t-SNE of test images"),
    ],
)
def test_what_cannot_be_is_refused(trained, request_, words):
    with pytest.raises(UserError, match=words):
        projection_job.work(trained, request_)


def test_a_run_without_them_says_what_to_do(trained):
    trained.file(EPOCH_CODES).unlink()
    assert read_epoch_codes(Run(trained.path)) is None
    with pytest.raises(UserError, match=r"training\.keep_codes"):
        projection_job.work(trained, ProjectionRequest("tsne", 2, 200, 20, 60, over="epochs"))


def test_a_cloud_of_codes_that_are_mostly_equal_says_so(trained):
    codes = read_epoch_codes(trained)
    assert codes is not None
    count = len(codes.indices)
    dead = codes.codes.copy()
    dead[0, : count // 2 + 1] = 0
    dead[1, : count // 3] = 0
    codes = dataclasses.replace(codes, codes=dead)
    for found in (pca_over_epochs(codes, 2), dataclasses.replace(pca_over_epochs(codes, 2), method="tsne")):
        first, second, _ = epoch_cloud.below(trained, codes, found)["faithful"]
        assert f"{count // 2 + 1} of {count} images have the same code at this epoch" in first
        assert "the same code" not in second


def test_what_is_said_of_units_says_of_how_many_images(trained):
    codes = read_epoch_codes(trained)
    assert codes is not None
    below = epoch_cloud.below(trained, codes, pca_over_epochs(codes.subset(250), 2))
    assert below["units"]["rule"].startswith("over 297 test images; active: ")


def test_a_vae_that_is_written_step_by_step_is_one(trained):
    """Its prior fixes the scale of its code."""
    codes = read_epoch_codes(trained)
    assert codes is not None
    forget_sums(trained)
    written = {"encoder": ["linear 64", "relu", "gaussian 8"], "decoder": ["linear 784", "sigmoid"]}
    experiment = Experiment.parse(trained.experiment().model_dump(mode="json") | {"model": written})
    trained.write_json("experiment.json", experiment.model_dump(mode="json"))
    assert epoch_cloud.below(trained, codes, pca_over_epochs(codes, 2))["units"]["rule"].endswith("above 0.01")


def test_what_the_browser_is_given(trained):
    codes = read_epoch_codes(trained)
    assert codes is not None
    found = pca_over_epochs(codes, 3)
    part = epoch_cloud.points_part(found)
    steps = np.frombuffer(part["coordinates"], "<u2").reshape(3, -1, 3)
    assert np.allclose(steps * part["step"] + part["low"], found.coordinates, atol=max(part["step"]))
    below = epoch_cloud.below(trained, codes, found)
    assert below["epochs"] == below["train"]["epochs"] == [1, 2, 3]
    assert [len(row) for row in below["units"]["spread"]] == [below["units"]["of"]] * 3
    assert max(max(row) for row in below["units"]["spread"]) == 1
    for row, dead in enumerate(below["units"]["dead"]):
        assert dead == np.flatnonzero(np.ptp(codes.codes[row], axis=0) <= 1e-6).tolist()
    assert all("variance" in words for words in below["faithful"])
    assert json.dumps(below)
