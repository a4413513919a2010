"""Finished runs of presets of our own, made by hand from a shipped run: its files under another name and with other
numbers."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import safetensors.numpy

from aecore.latent.codes import read_codes
from aecore.presets import preset
from aecore.runs.run import EVALUATION, EXPERIMENT, FIGURES, SEEDS, WEIGHTS, Run
from aecore.runs.store import Store
from aecore.runs.sums import SUMS
from tests.helpers.paths import ROOT

GALLERY = ROOT / "checkpoints" / "gallery"


def own_run(store: Store, name: str, source: str, scores: dict[str, float], **status: Any) -> Run:
    """A shipped run of the preset `name` in the store, from the shipped run `source`; `scores` replace its own under
    every corruption."""
    run = Run(store.root / "gallery" / name)
    shutil.copytree(GALLERY / source, run.path, ignore=shutil.ignore_patterns("projections", FIGURES, SUMS))
    run.file(EXPERIMENT).write_text(json.dumps(preset(name).experiment.model_dump(mode="json")))
    run.file("status.json").write_text(json.dumps(run.status() | status))
    entries = [entry | {"metrics": entry["metrics"] | scores, "run": name} for entry in run.evaluation()]
    run.file(EVALUATION).write_text(json.dumps({"evaluations": entries}))
    return run


def linear_run(store: Store) -> Run:
    """A run with the codes of report 000's, as if a decoder of one linear layer had made them: each of its eight units
    brightens one pixel, that of its number."""
    run = own_run(store, "mnist-tied", "mnist-mlp8", {})
    codes = read_codes(run)
    assert codes is not None
    weights = {"encoder.linear1.weight": np.eye(8, 784, dtype=np.float32), "encoder.linear1.bias": np.zeros(8, "f4")}
    weights["decoder.linear1.bias"] = np.zeros(784, np.float32)
    run.file(WEIGHTS).write_bytes(safetensors.numpy.save(weights))
    replace(codes, weights="").save(run)
    return run


def seeds(run: Run, values: dict[str, list[float]]) -> None:
    """The numbers of trainings with other seeds, by the goal's quantity."""
    count = max(map(len, values.values()))
    found = [
        {"seed": at + 1, "seconds": 60, "goals": {name: some[at] for name, some in values.items()}}
        for at in range(count)
    ]
    run.file(SEEDS).write_text(json.dumps({"format": 1, "seeds": found}))
