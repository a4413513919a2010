"""Reported against measured: each claim of a report, our measurement from the run's files, and a verdict.

A claim's `metric` is a key of metrics.jsonl (`train_loss`, `test_loss`, …), a score of an evaluation (`mse`,
`mse_model_scale`, `psnr_db`, `ssim`, `snr_db`, `wrong_digit_rate`, `black_mse`), `parameters`, or one of:

- `step_train_loss`, `step_validation_loss`: from steps.jsonl at the claim's step
- `lr_drops`: how often the learning rate fell from one epoch to the next
- `wrong_digit_epochs`: the number of epochs after which test image 0 is read as a wrong digit
- `share_of_epochs_below`, `share_of_epochs_above`: share of epochs with a lower test loss, or a higher
  rate of wrong digits, than the run of the preset `other`
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from aecore.errors import AecoreError
from aecore.format import format_value
from aecore.presets import Claim, Preset, preset, presets
from aecore.runs.run import STEPS, Run
from aecore.runs.store import Store

Word = Literal["reproduced", "better", "not reproduced", "not measured"]

SCORES = ("mse", "mse_model_scale", "psnr_db", "ssim", "snr_db", "wrong_digit_rate")


@dataclass(frozen=True)
class Verdict:
    """One claim beside our measurement; `measured` is None where there is no run or it lacks the number."""

    report: str
    preset: str
    claim: Claim
    measured: float | None
    word: Word
    noisy_input: float | None = None
    """For a metric under a corruption: that of the noisy input itself."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"claim": self.claim.model_dump(mode="json")}


def gallery_run(name: str, store: Store) -> Run | None:
    """The shipped run of a preset, if it is there."""
    run = Run(store.root / "gallery" / name)
    return run if run.path.is_dir() else None


def verdicts(store: Store, names: list[str] | None = None) -> list[Verdict]:
    """Every claim of the reports' presets, or of those named, against the shipped runs of `store`."""
    chosen = [preset(name) for name in names] if names else [p for p in presets().values() if p.report]
    return [judge(entry, claim, store) for entry in chosen for claim in entry.claims]


def judge(preset: Preset, claim: Claim, store: Store) -> Verdict:
    """One claim against the shipped run of its preset. For a damaged or unfinished run nothing is measured."""
    run = gallery_run(preset.name, store)
    try:
        measured = None if run is None or run.status()["state"] != "finished" else measure(claim, run, store)
        noisy_input = None if run is None or measured is None else _noisy_input(claim, run)
    except (AecoreError, KeyError, IndexError):
        measured = noisy_input = None
    return Verdict(preset.report, preset.name, claim, measured, verdict(claim, measured), noisy_input)


def verdict(claim: Claim, measured: float | None) -> Word:
    """reproduced within the claim's range, better beyond its better end, else not reproduced."""
    if measured is None or not math.isfinite(measured):
        return "not measured"
    below = claim.at_least is not None and measured < claim.at_least - 1e-12
    above = claim.at_most is not None and measured > claim.at_most + 1e-12
    if not below and not above:
        return "reproduced"
    good = (below and claim.better == "lower") or (above and claim.better == "higher")
    return "better" if good else "not reproduced"


def measure(claim: Claim, run: Run, store: Store) -> float | None:
    """Our measurement for a claim. Raises `AecoreError`, `KeyError` or `IndexError` when the run lacks it."""
    if claim.metric in _SPECIAL:
        return _SPECIAL[claim.metric](claim, run, store)
    if claim.metric in SCORES or claim.metric == "black_mse":
        entry = _evaluation(claim, run)
        return entry["black_mse"] if claim.metric == "black_mse" else entry["metrics"][claim.metric]
    if claim.metric.startswith("step_"):
        lines = run.lines(STEPS)
        line = lines[-1] if claim.step is None else {line["step"]: line for line in lines}[claim.step]
        return float(line[claim.metric.removeprefix("step_")])
    lines = run.metrics()
    if claim.from_epoch is not None:
        return _mean([line[claim.metric] for line in lines if line["epoch"] >= claim.from_epoch])
    line = lines[-1] if claim.epoch is None else {line["epoch"]: line for line in lines}[claim.epoch]
    return float(line[claim.metric])


def _mean(values: list[float]) -> float:
    if not values:
        raise KeyError("no epoch as late as the claim's")
    return sum(values) / len(values)


def _evaluation(claim: Claim, run: Run) -> Any:
    for entry in run.evaluation():
        if entry["corruption"] == (claim.corruption or "none"):
            return entry
    raise KeyError(claim.corruption)


def _noisy_input(claim: Claim, run: Run) -> float | None:
    if claim.metric not in SCORES or claim.corruption in ("", "none"):
        return None
    return _evaluation(claim, run)["noisy_input"].get(claim.metric)


def _parameters(_claim: Claim, run: Run, _store: Store) -> float:
    return float(run.status()["parameters"])


def _lr_drops(_claim: Claim, run: Run, _store: Store) -> float:
    rates = [line["lr"] for line in run.metrics()]
    return float(sum(after < before for before, after in pairwise(rates)))


def _wrong_digit_epochs(claim: Claim, run: Run, _store: Store) -> float:
    panel = run.snapshots()
    column = int(np.flatnonzero(panel["indices"] == 0)[0])
    late = panel["epochs"] >= (claim.from_epoch or 1)
    return float(np.sum(panel["digits"][late, column] != panel["labels"][column]))


def _share_below(claim: Claim, run: Run, store: Store) -> float | None:
    return _share(claim, run, store, "test_loss", lambda ours, theirs: ours < theirs)


def _share_above(claim: Claim, run: Run, store: Store) -> float | None:
    return _share(claim, run, store, "wrong_digit_rate", lambda ours, theirs: ours > theirs)


def _share(claim: Claim, run: Run, store: Store, key: str, holds: Callable[[float, float], bool]) -> float | None:
    other = gallery_run(claim.other, store)
    if other is None:
        return None
    theirs: Mapping[int, float] = {line["epoch"]: line[key] for line in other.metrics()}
    late = [line for line in run.metrics() if line["epoch"] >= (claim.from_epoch or 1)]
    return _mean([holds(line[key], theirs[line["epoch"]]) for line in late])


_SPECIAL: dict[str, Callable[[Claim, Run, Store], float | None]] = {
    "parameters": _parameters,
    "lr_drops": _lr_drops,
    "wrong_digit_epochs": _wrong_digit_epochs,
    "share_of_epochs_below": _share_below,
    "share_of_epochs_above": _share_above,
}


def markdown_table(found: list[Verdict]) -> str:
    """The table of reported and measured values, as in docs/results.md."""
    lines = [
        "| report | run | metric | reported | measured | noisy input | |",
        "|---|---|---|---|---|---|---|",
    ]
    for v in found:
        beside = "" if v.noisy_input is None else format_value(v.noisy_input, v.claim.unit)
        cells = [v.report, f"`{v.preset}`", v.claim.quantity, format_value(v.claim.reported, v.claim.unit)]
        lines.append("| " + " | ".join([*cells, format_value(v.measured, v.claim.unit), beside, v.word]) + " |")
    return "\n".join(lines)
