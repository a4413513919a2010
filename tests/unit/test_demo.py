"""A public demo refuses what strangers must not do."""

from __future__ import annotations

import pytest

from aecore import jobs
from aecore.access import limits
from aecore.errors import UserError
from aecore.presets import preset
from aecore.runs import notes as run_notes
from aecore.runs import trash

QUICK = preset("digits-quick").experiment


@pytest.mark.parametrize("mode", ["1", "train"])
def test_strangers_change_no_run_on_a_demo(store, trained, monkeypatch, mode):
    gone = trash.delete(trained)
    back = trash.restore(gone)
    monkeypatch.setenv("AECORE_DEMO", mode)
    deeds = (
        lambda: run_notes.rename(back, "x"),
        lambda: run_notes.annotate(back, "x"),
        lambda: trash.delete(back),
        lambda: trash.restore(gone),
        lambda: trash.purge(gone),
        lambda: jobs.stop(back),
        lambda: jobs.requeue(back),
    )
    for deed in deeds:
        with pytest.raises(UserError, match=r"is switched off on this public demo"):
            deed()
    assert not back.file("notes.json").exists()


def test_a_read_only_demo_trains_nothing(store, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "1")
    with pytest.raises(UserError, match="training is switched off"):
        jobs.submit(QUICK, "cpu")
    assert store.runs() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"training.epochs": 6}, "training.epochs: this public demo allows at most 5 epochs, got 6"),
        ({"model.dense": [4000]}, "at most 2,000,000 parameters"),
        ({"data.name": "mnist"}, "'mnist' is not"),
        ({"data.name": "/etc"}, "'/etc' is not"),
    ],
)
def test_a_demo_that_trains_has_caps(store, monkeypatch, tmp_path, changes, words):
    monkeypatch.setenv("AECORE_DEMO", "train")
    if "data.name" in changes:  # other tests may prepare MNIST meanwhile
        monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    with pytest.raises(UserError) as caught:
        jobs.submit(QUICK.changed({"training.epochs": 5} | changes), "cpu")
    assert words in str(caught.value)
    assert store.runs() == []


def test_a_demo_counts_the_whole_set_and_the_waiting_runs(store, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "train")
    small = QUICK.changed({"training.epochs": 1})
    monkeypatch.setattr(limits, "VISITORS", limits.Limits(train_images=1000, waiting=2))
    with pytest.raises(UserError, match=r"at most 1,000 images, those held out included, got 1,500"):
        jobs.submit(small, "cpu")
    with pytest.raises(UserError, match="got 1,200"):
        jobs.submit(small.changed({"data.train_images": 700, "data.validation_images": 500}), "cpu")
    limited = small.changed({"data.train_images": 1000})
    jobs.submit(limited, "cpu")
    jobs.submit(limited, "cpu")
    with pytest.raises(UserError, match="2 trainings queued or running"):
        jobs.submit(limited, "cpu")
