"""Other seeds of a preset with goals: trained, measured, kept as numbers, and no more than asked for."""

from statistics import stdev

import pytest

from aecore.presets import Goal, preset
from aecore.reports import beyond
from aecore.reports.gallery import build, other_seeds
from aecore.runs.run import Run


@pytest.mark.proof  # in short: tests/unit/test_gallery.py reads the seeds that ship
def test_other_seeds_are_trained_once_and_kept_as_numbers(store):
    quick = preset("digits-quick")
    goals = (
        Goal(quantity="test MSE", metric="mse", at_most=1.0),
        Goal(quantity="gain", metric="psnr_gain_db", corruption="gaussian:0.2", at_least=0),
    )
    small = quick.experiment.changed({"training.epochs": 1, "training.batch_size": 256})
    own = quick.model_copy(update={"experiment": small, "goals": goals})
    run = build(own, store, "cpu")
    found = other_seeds(own, store, 3, "cpu")
    assert [each["seed"] for each in found] == [1, 2]
    assert other_seeds(own, store, 3, "cpu") == found, "what is known is not trained again"
    assert [path.name for path in (store.root / "runs").iterdir()] == []
    assert Run(run.path).file("seeds.json").is_file()
    entries = {entry["corruption"]: entry for entry in run.evaluation()}
    measured = beyond.value_of(goals[0], run, store)
    assert measured is not None
    assert measured == entries["none"]["metrics"]["mse"]
    noisy = entries["gaussian:0.2"]
    gain = noisy["metrics"]["psnr_db"] - noisy["noisy_input"]["psnr_db"]
    assert beyond.value_of(goals[1], run, store) == pytest.approx(gain)
    every = (measured, *(each["goals"]["test MSE"] for each in found))
    assert len(set(every)) == 3, "seeds differ"
    assert beyond.spread(every).endswith(f"± {stdev(every):.2g} (3)")
