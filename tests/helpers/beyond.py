"""Finished runs of presets of our own, made by hand from a shipped run: its files under another name and with other
numbers."""

from __future__ import annotations

import json
import shutil
from typing import Any

from aecore.presets import preset
from aecore.runs.store import EVALUATION, EXPERIMENT, SEEDS, Run, Store
from aecore.runs.sums import SUMS
from tests.helpers.paths import ROOT

GALLERY = ROOT / "checkpoints" / "gallery"


def own_run(store: Store, name: str, source: str, scores: dict[str, float], **status: Any) -> Run:
    """A shipped run of the preset `name` in the store, from the shipped run `source`; `scores` replace its own under
    every corruption."""
    run = Run(store.root / "gallery" / name)
    shutil.copytree(GALLERY / source, run.path, ignore=shutil.ignore_patterns("projections", SUMS))
    run.file(EXPERIMENT).write_text(json.dumps(preset(name).experiment.model_dump(mode="json")))
    run.file("status.json").write_text(json.dumps(run.status() | status))
    entries = [entry | {"metrics": entry["metrics"] | scores, "run": name} for entry in run.evaluation()]
    run.file(EVALUATION).write_text(json.dumps({"evaluations": entries}))
    return run


def seeds(run: Run, values: dict[str, list[float]]) -> None:
    """The numbers of trainings with other seeds, by the goal's quantity."""
    count = max(map(len, values.values()))
    found = [
        {"seed": at + 1, "seconds": 60, "goals": {name: some[at] for name, some in values.items()}}
        for at in range(count)
    ]
    run.file(SEEDS).write_text(json.dumps({"format": 1, "seeds": found}))
