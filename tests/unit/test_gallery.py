"""The shipped runs: complete, as their presets say, within what the reports let expect, and true to their weights."""

import os

import numpy as np
import pytest
import torch

from aecore import data
from aecore.cli.measure import markdown_table as measures_table
from aecore.config.corruption import Corruption
from aecore.errors import AecoreError
from aecore.inference import load_model
from aecore.latent.projection_store import read_projection
from aecore.metrics.evaluation import evaluate
from aecore.reports import beyond, claims
from aecore.reports.claims import markdown_table
from aecore.reports.gallery import MOST_NUMBERS, SAMPLE, shipped
from aecore.reports.shrink import MOST_ROWS
from aecore.runs.measures import read_measures
from aecore.runs.robustness import read_robustness
from aecore.runs.run import Run
from aecore.runs.state import run_state
from aecore.runs.store import Store
from aecore.sweeps import store as sweep_folder
from aecore.sweeps.definition import Sweep
from tests.helpers.paths import ROOT

GALLERY = Store(ROOT / "checkpoints")
PRESETS = {preset.name: preset for preset in shipped()}
each_run = pytest.mark.parametrize("name", list(PRESETS))


def run_of(name: str) -> Run:
    return Run(GALLERY.root / "gallery" / name)


@each_run
def test_a_shipped_run_is_finished_and_what_its_preset_says(name):
    run = run_of(name)
    assert run_state(run) == "finished"
    assert run.experiment() == PRESETS[name].experiment
    epochs = run.experiment().training.epochs
    assert [line["epoch"] for line in run.metrics()] == list(range(1, epochs + 1))
    assert [line["epoch"] for line in run.lines("layers.jsonl")] == list(range(1, epochs + 1))
    panel = run.snapshots()
    rows = len(panel["epochs"])
    assert rows >= min(epochs, MOST_ROWS)
    assert np.all(np.diff(panel["epochs"]) <= 1.5 * epochs / rows + 1), "rows at even distances"
    assert panel["epochs"][-1] == epochs
    measured = [entry["corruption"] for entry in run.evaluation()]
    assert measured == [str(corruption) for corruption in run.experiment().evaluation.corruptions]
    assert all(entry["n"] == 10_000 for entry in run.evaluation())
    corrupted = [entry for entry in run.evaluation() if entry["corruption"] != "none"]
    assert not corrupted or any("classical" in entry for entry in corrupted)
    assert not run.file("log.txt").exists()


@each_run
def test_its_projections_say_how_far_to_trust_them(name):
    run = run_of(name)
    size = run.status()["code_size"] or 0
    points = 10_000 if name.startswith("colored") else 3000 if size <= 64 else MOST_NUMBERS // size
    for method in ("pca", "tsne"):
        for dims in (2, 3):
            found = read_projection(run, method, dims)
            if found is None:
                assert size < dims
                continue
            assert len(found.labels) >= points
            assert 0.5 < found.quality["trustworthiness"] <= 1
            assert 0.1 < found.quality["knn_accuracy"] <= 1


@each_run
def test_noise_of_every_strength_was_measured(name):
    run = run_of(name)
    found = read_robustness(run)
    assert found is not None
    assert found.images == 10_000
    levels = [point["level"] for point in found.points]
    assert levels == sorted(levels)
    unit = run.experiment().model.range == "unit"
    assert (levels[0], levels[-1]) == (0, 0.6 if unit else 1.2)
    for at, level in enumerate(levels):
        noisy = found.score(at, "input")
        if level == 0:
            assert noisy is None, "nothing was added"
        elif not found.about["clamp"]:  # the error of noise that nothing cuts is its variance
            assert noisy == pytest.approx(-20 * np.log10(level if unit else level / 2), abs=0.05)
    same = {
        level: entry["metrics"]["psnr_db"]
        for entry in run.evaluation()
        for level in levels
        if entry["corruption"] == str(Corruption.parse(f"gaussian:{level:g}" + ":clamp" * found.about["clamp"]))
    }
    for level, measured in same.items():  # by another noise of the same strength
        assert found.score(levels.index(level), "model") == pytest.approx(measured, abs=0.05)


def test_the_gallery_stays_under_60_megabytes():
    files = [path for path in (GALLERY.root / "gallery").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 60e6


def losses(name, key="train_loss"):
    return [line[key] for line in run_of(name).metrics()]


def score(name, corruption, key):
    return next(e for e in run_of(name).evaluation() if e["corruption"] == corruption)["metrics"][key]


def test_reports_000_and_003_are_reproduced():
    assert 0.105 <= losses("mnist-mlp8")[0] <= 0.112
    assert 0.020 <= losses("mnist-mlp8")[-1] <= 0.025
    assert 0.020 <= losses("mnist-mlp8-plateau")[-1] <= 0.028


def test_report_001_is_reproduced_and_its_denoiser_loses_to_doing_nothing():
    noise = "gaussian:0.1:clamp"
    assert score("cifar-conv", "none", "mse_model_scale") <= 0.013
    assert score("cifar-conv-denoise", noise, "mse_model_scale") <= 0.0165
    assert score("cifar-conv-denoise", noise, "psnr_db") >= 24.0
    assert score("cifar-conv-denoise", noise, "ssim") >= 0.885
    entry = next(e for e in run_of("cifar-conv-denoise").evaluation() if e["corruption"] == noise)
    assert entry["noisy_input"]["psnr_db"] > entry["metrics"]["psnr_db"]
    assert entry["noisy_input"]["psnr_db"] == pytest.approx(26.16, abs=0.05)
    assert entry["noisy_input"]["ssim"] == pytest.approx(0.852, abs=0.002)


@pytest.mark.parametrize("task", ["", "-clean"])
def test_report_002_a_code_of_six_beats_a_code_of_two(task):
    two, six = (losses(f"mnist-selu-{n}{task}", "test_loss")[14:] for n in (2, 6))
    assert all(a > b for a, b in zip(two, six, strict=True))
    two, six = (losses(f"mnist-selu-{n}{task}", "wrong_digit_rate")[9:] for n in (2, 6))
    assert np.mean(two) > np.mean(six)


def test_report_004_is_reproduced():
    noise = "gaussian:0.3:clamp"
    assert score("colored-conv-twice", noise, "snr_db") >= 10.0
    assert score("colored-conv-twice", noise, "mse") <= 0.0040
    assert 6 <= score("colored-dropout", noise, "snr_db") <= 9
    assert 30 <= losses("colored-vae")[-1] <= 36
    assert 30 <= losses("colored-vae", "test_loss")[-1] <= 36
    black = next(iter(run_of("colored-conv").evaluation()))["black_mse"]
    assert black == pytest.approx(0.042188, abs=1e-5)


def test_every_number_of_the_reports_has_a_verdict():
    found = claims.verdicts(GALLERY)
    assert {verdict.report for verdict in found} == {"000", "001", "002", "003", "004"}
    assert not [verdict for verdict in found if verdict.word == "not measured"]


def test_the_table_in_the_docs_is_the_runs_own():
    """docs/results.md has the output of `python -m aecore results --markdown` between its markers."""
    text = (ROOT / "docs" / "results.md").read_text()
    table = text.partition("<!-- results: begin -->")[2].partition("<!-- results: end -->")[0]
    assert table.strip() == markdown_table(claims.verdicts(GALLERY))


def test_the_table_beyond_the_reports_in_the_docs_is_the_runs_own():
    """docs/results.md has the output of `python -m aecore results --beyond --markdown` between its markers."""
    text = (ROOT / "docs" / "results.md").read_text()
    table = text.partition("<!-- beyond: begin -->")[2].partition("<!-- beyond: end -->")[0]
    assert table.strip() == beyond.markdown_table(beyond.reached(GALLERY))


def test_the_table_of_measures_in_the_docs_is_the_runs_own():
    """docs/results.md has the output of `python -m aecore measure --all --markdown` between its markers."""
    text = (ROOT / "docs" / "results.md").read_text()
    table = text.partition("<!-- measures: begin -->")[2].partition("<!-- measures: end -->")[0]
    runs = [run for run in GALLERY.runs() if run.shipped and run.experiment().model.has_code]
    found = [measures for run in runs if (measures := read_measures(run)) is not None]
    assert len(found) == len(runs), "every shipped run is measured, with the weights that it has"
    assert table.strip() == measures_table(runs, found)


@pytest.fixture(scope="module")
def real_data():
    """The user's own cache of image sets, or a fresh one where downloads are allowed (AECORE_TEST_DOWNLOAD=1)."""
    with pytest.MonkeyPatch.context() as patch:
        before = os.environ.get("AECORE_USER_DATA")
        if before:
            patch.setenv("AECORE_DATA", before)
        else:
            patch.delenv("AECORE_DATA")
        yield


@each_run
def test_the_shipped_figures_are_those_of_the_shipped_weights(name, real_data):
    """A fresh evaluation of the first 500 test images, to 1e-4."""
    run = run_of(name)
    wanted = run.experiment().data.name
    if not data.prepared(wanted) and os.environ.get("AECORE_TEST_DOWNLOAD") != "1":
        pytest.skip(f"{wanted} is not on this machine; AECORE_TEST_DOWNLOAD=1 fetches it")
    try:
        images = data.load(wanted)
    except AecoreError as error:
        pytest.skip(str(error))
    model = load_model(run)
    test, labels = torch.from_numpy(np.array(images.x_test[:SAMPLE])), np.array(images.y_test[:SAMPLE])
    for entry in run.evaluation():
        read = labels if "wrong_digit_rate" in entry["metrics"] else None
        fresh = evaluate(model, test, Corruption.parse(entry["corruption"]), labels=read, classes=labels)
        for side in ("metrics", "noisy_input"):
            for key, value in entry["sample"][side].items():
                # A share of 500 images moves in steps of 0.002: one that the classifier sees on the edge may tip over.
                tolerance = 0.0021 if key == "wrong_digit_rate" else 1e-4
                assert fresh[side][key] == pytest.approx(value, abs=tolerance), (side, key)


def test_the_shipped_sweep_is_whole_and_is_what_its_file_says():
    (made,) = (each for each in sweep_folder.sweeps(GALLERY) if each.shipped)
    sweep = made.sweep()
    assert sweep == Sweep.load(ROOT / "docs" / "sweeps" / f"{made.id}.toml")
    rows = sweep_folder.rows(made, GALLERY)
    assert [(row.values, row.seed) for row in rows] == [(point.values, point.seed) for point in sweep.points()]
    assert {row.state for row in rows} == {"finished"}
    for row in rows:
        assert row.score("mse", "own") is not None
        assert row.score("wrong_digit_rate", "own") is not None
    assert sum(file.stat().st_size for file in made.path.iterdir()) < 200_000
