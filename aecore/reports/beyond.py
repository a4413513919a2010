"""Beyond the reports: what our own presets are to reach, beside the reports' runs on the same task.

A goal's `metric` is one of those of `aecore.reports.claims`, or one of:

- `psnr_gain_db`: PSNR above that of the corrupted input itself
- `negative_log_likelihood`: minus the bound on ln p(x) with the most samples, from measures.json, in nats
- `samples_readable`, `samples_as_asked`, `samples_frechet`: of samples from the prior, the share that a classifier
  reads with a probability of 0.9 or more, the share that it reads as the class asked for, their Fréchet distance

A run says nothing about another training's chance: `seeds.json` beside it has the same numbers of other seeds.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from aecore.errors import AecoreError
from aecore.format import duration, format_value
from aecore.presets import Claim, Goal, Preset, preset, presets
from aecore.reports.claims import gallery_run
from aecore.reports.claims import measure as measure_claim
from aecore.runs.json_files import read_table
from aecore.runs.measures import read_measures
from aecore.runs.run import SEEDS, Run
from aecore.runs.store import Store

Word = Literal["reached", "not reached", "not measured"]


@dataclass(frozen=True)
class Reached:
    """One goal of a preset beside what its run measures; None where there is no run or it lacks the number."""

    preset: str
    goal: Goal
    measured: float | None
    than: float | None
    """The same number of the report's run."""
    seeds: tuple[float, ...]
    """The same number of trainings with other seeds."""
    seconds: float | None
    """Of training, on the machine that `device` names."""
    device: str
    parameters: int | None

    @property
    def word(self) -> Word:
        if self.measured is None:
            return "not measured"
        low, high = self.goal.at_least, self.goal.at_most
        reached = (low is None or self.measured >= low) and (high is None or self.measured <= high)
        return "reached" if reached else "not reached"

    @property
    def trained_in(self) -> str:
        """`42 s (NVIDIA H100 80GB HBM3)`; a dash where it is not known."""
        if not self.seconds:
            return "–"
        return f"{duration(self.seconds)} ({self.device})" if self.device else duration(self.seconds)

    @property
    def every(self) -> tuple[float, ...]:
        """The numbers of all seeds."""
        return ((self.measured,) if self.measured is not None else ()) + self.seeds

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"goal": self.goal.model_dump(mode="json"), "word": self.word}


def reached(store: Store, names: list[str] | None = None) -> list[Reached]:
    """Every goal of the presets that ship, or of those named, beside the shipped runs of `store`."""
    chosen = [preset(name) for name in names] if names else [each for each in presets().values() if each.ships]
    return [_judged(each, goal, store) for each in chosen for goal in each.goals]


def _judged(own: Preset, goal: Goal, store: Store) -> Reached:
    run = gallery_run(own.name, store)
    other = gallery_run(goal.than, store) if goal.than else None
    status = run.status() if run is not None else {}
    metrics = run.metrics() if run is not None else []
    return Reached(
        own.name,
        goal,
        None if run is None else value_of(goal, run, store),
        None if other is None else value_of(goal, other, store, goal.than_corruption or goal.corruption),
        () if run is None else _seeds(run, goal),
        metrics[-1].get("seconds") if metrics else None,
        str(status.get("device_name") or ""),
        status.get("parameters"),
    )


def value_of(goal: Goal, run: Run, store: Store, corruption: str = "") -> float | None:
    """The goal's number from a run's files, None where they lack it."""
    under = corruption or goal.corruption
    try:
        if goal.metric in _SPECIAL:
            return _SPECIAL[goal.metric](run, under)
        claim = Claim(quantity=goal.quantity, metric=goal.metric, corruption=under)
        return measure_claim(claim, run, store)
    except (AecoreError, KeyError, IndexError, TypeError):
        return None


def _gain(run: Run, corruption: str) -> float | None:
    entry = next((each for each in run.evaluation() if each["corruption"] == corruption), None)
    return None if entry is None else entry["metrics"]["psnr_db"] - entry["noisy_input"]["psnr_db"]


def _likelihood(run: Run, corruption: str) -> float | None:
    found = read_measures(run)
    value = None if found is None else found.value("likelihood")
    return None if value is None else -value


def _sampled(key: str) -> Callable[[Run, str], float | None]:
    def read(run: Run, corruption: str) -> float | None:
        found = read_measures(run)
        if found is None:
            return None
        part = found.measures["samples_prior"]
        return part["value"] if key == "value" else part[key]["value"]

    return read


_SPECIAL: dict[str, Callable[[Run, str], float | None]] = {
    "psnr_gain_db": _gain,
    "negative_log_likelihood": _likelihood,
    "samples_readable": _sampled("readable"),
    "samples_as_asked": _sampled("as_asked"),
    "samples_frechet": _sampled("value"),
}


MEASURED = frozenset(_SPECIAL) - {"psnr_gain_db"}
"""The metrics that need a run's measures."""


def seeds_of(run: Run) -> list[dict[str, Any]]:
    """What is known of trainings with other seeds, as `write_seeds` left it."""
    if not run.file(SEEDS).is_file():
        return []
    return [each for each in read_table(run.file(SEEDS), f"run {run.id}").get("seeds", []) if isinstance(each, dict)]


def _seeds(run: Run, goal: Goal) -> tuple[float, ...]:
    found = [each.get("goals", {}).get(goal.quantity) for each in seeds_of(run)]
    return tuple(float(value) for value in found if isinstance(value, (int, float)))


def write_seeds(run: Run, found: list[dict[str, Any]]) -> None:
    """Keep what other seeds' trainings gave: of each its `seed`, `seconds`, `device`, and `goals` by quantity."""
    run.write_files({SEEDS: json.dumps({"format": 1, "seeds": found}, indent=1).encode()})


def spread(values: tuple[float, ...], unit: str = "") -> str:
    """`0.0113 ± 0.0001 (3)`: mean, sample standard deviation and number; empty for fewer than two."""
    if len(values) < 2:
        return ""
    mean, deviation = statistics.fmean(values), statistics.stdev(values)
    return f"{format_value(mean, unit)} ± {deviation:.2g} ({len(values)})"


def aim(goal: Goal) -> str:
    """`≤ 0.0115`, `≥ 33 dB`."""
    if goal.at_most is not None:
        return f"≤ {format_value(goal.at_most, goal.unit)}"
    return f"≥ {format_value(goal.at_least, goal.unit)}"


def markdown_table(found: list[Reached]) -> str:
    """The table of goals, as in docs/results.md."""
    lines = [
        "| run | number | the report's run | aim | measured | seeds: mean ± spread | trained in | parameters | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in found:
        goal = each.goal
        than = f"{format_value(each.than, goal.unit)} (`{goal.than}`)" if each.than is not None else ""
        cells = [
            f"`{each.preset}`",
            goal.quantity,
            than,
            aim(goal),
            format_value(each.measured, goal.unit),
            spread(each.every, goal.unit),
            each.trained_in,
            f"{each.parameters:,}" if each.parameters else "–",
            each.word,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
