"""Building a shipped run from nothing, and completing what one lacks."""

import pytest

from aecore import jobs
from aecore.errors import AecoreError, UserError
from aecore.latent.projection_store import read_projection
from aecore.presets import preset
from aecore.reports.gallery import build
from aecore.runs.state import run_state
from aecore.runs.store import Store

TINY = {
    "training.epochs": 1,
    "training.batch_size": 500,
    "model.bottleneck.size": 3,
    "evaluation.corruptions": ["gaussian:0.2", "none"],
}


@pytest.fixture
def tiny():
    quick = preset("digits-quick")
    return quick.model_copy(update={"name": "tiny", "experiment": quick.experiment.changed(TINY)})


@pytest.mark.proof  # a whole run of the gallery, t-SNE and measures included; the test after the next one is short
def test_a_shipped_run_is_built_whole_once_and_completed_where_it_lacks(store, tiny, monkeypatch):
    run = build(tiny, store, "cpu")
    assert run.path == store.root / "gallery" / "tiny"
    assert run_state(run) == "finished"
    assert not (store.root / "runs").exists() or not any((store.root / "runs").iterdir())
    noisy, clean = run.evaluation()
    assert set(noisy["classical"]) == {"tv", "nlm", "wavelet"}
    assert all(found["metrics"]["mse"] < noisy["noisy_input"]["mse"] for found in noisy["classical"].values())
    assert "classical" not in clean
    assert noisy["sample"]["n"] == noisy["n"] == 297, "the whole small set is the sample"
    assert noisy["sample"]["metrics"] == noisy["metrics"]
    made = {
        (method, dims): read_projection(run, method, dims) for method in ("pca", "tsne", "units") for dims in (2, 3)
    }
    assert all(found is not None and len(found.labels) == 297 for found in made.values())

    # Complete: neither weights nor images are opened again.
    monkeypatch.setattr("aecore.inference.open_run", lambda *_: pytest.fail("nothing was missing"))
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    build(tiny, store, "cpu")
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == before
    monkeypatch.undo()


@pytest.mark.proof  # in short: test_a_training_that_was_stopped_ends_the_building
def test_a_changed_preset_is_trained_anew(store, tiny):
    clean = tiny.experiment.changed({"evaluation.corruptions": ["none"]})
    build(tiny.model_copy(update={"experiment": clean}), store, "cpu")
    changed = tiny.model_copy(update={"experiment": clean.changed({"training.seed": 5})})
    assert build(changed, store, "cpu").experiment().training.seed == 5


def test_a_training_that_was_stopped_ends_the_building(store, tiny, monkeypatch):
    """Ctrl-C stops the whole gallery; once it went on with the next preset."""
    monkeypatch.setattr(jobs, "work", lambda run, report: "stopped")
    with pytest.raises(AecoreError, match="tiny is stopped, not finished"):
        build(tiny, store, "cpu")
    assert not (store.root / "gallery" / "tiny").exists()


@pytest.mark.proof  # in short: test_a_training_that_was_stopped_ends_the_building
def test_a_run_from_another_machine_ships_as_a_copy(store, tiny, tmp_path):
    elsewhere = Store(tmp_path / "elsewhere")
    trained = jobs.submit(tiny.experiment, "cpu", elsewhere)
    with pytest.raises(UserError, match="only a finished run can ship"):
        build(tiny, store, "cpu", trained=trained)
    jobs.work(trained)
    trained.write_status(device_name="A GPU")
    run = build(tiny, store, "cpu", trained=trained)
    assert run.status()["device_name"] == "A GPU"
    assert run.metrics() == trained.metrics()
    assert trained.file("weights.safetensors").exists(), "the other run stays where it is"
    assert not any((store.root / "runs").iterdir())
    assert read_projection(run, "pca", 2) is not None
    other = tiny.model_copy(update={"experiment": tiny.experiment.changed({"training.lr": 0.5})})
    with pytest.raises(UserError, match=r"training\.lr differ"):
        build(other, store, "cpu", trained=trained)
