"""A sweep as data: a base experiment, the settings that vary, and how often each combination is repeated.

It expands to ordinary experiments. The same definition gives the same experiments in the same order, and an extended
one keeps those it had, so that no run is repeated.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, field_validator, model_validator

from aecore.config.base import Section, format_validation_error
from aecore.config.experiment import Experiment, keys, load_toml
from aecore.errors import UserError, nearest
from aecore.metrics.measure_names import MEASURES, NAMED
from aecore.presets import preset

GOALS = {
    "mse": "lower",
    "psnr_db": "higher",
    "ssim": "higher",
    "snr_db": "higher",
    "wrong_digit_rate": "lower",
    "test_loss": "lower",
    "train_loss": "lower",
    "seconds": "lower",
    **{named.name: "lower" if named.higher is False else "higher" for named in MEASURES},
}
"""What runs can be compared by, and whether lower or higher is better. The first five are measured on the test set,
the last ones by `aecore measure`."""
MEASURED = ("mse", "psnr_db", "ssim", "snr_db", "wrong_digit_rate")
MOST_RUNS = 10_000
NOT_VARIED = {
    "name": "a run's name says what it varies",
    "preset": "set base instead",
    "sweep": "the sweep names itself",
    "training.seed": "set seeds instead",
}


class Range(Section):
    """Numbers from `low` to `high`, both included, for a random sweep or a search."""

    low: float
    high: float
    log: bool = False
    """Spread evenly in the logarithm."""
    whole: bool = False
    """Whole numbers only."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"a range goes from a low to a higher number, got {self.low:g} to {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic range begins above 0, got {self.low:g}")
        return self

    def draw(self, rng: np.random.Generator) -> float | int:
        if self.whole and not self.log:
            return int(rng.integers(round(self.low), round(self.high), endpoint=True))
        if not self.log:
            return float(rng.uniform(self.low, self.high))
        value = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        return round(value) if self.whole else value


Values = Annotated[tuple[Any, ...], Field(min_length=1, max_length=1000)]


@dataclass(frozen=True)
class Point:
    """One combination of values, with one seed: a run."""

    values: Mapping[str, Any]
    """By dotted key, in the order of the sweep."""
    seed: int

    @property
    def label(self) -> str:
        """The values as text, for a run's name."""
        names = {key: key.rpartition(".")[2].replace("_", " ") for key in self.values}
        return ", ".join(f"{names[key]} {format_setting(value)}" for key, value in self.values.items())


class Sweep(Section):
    """Everything that decides a sweep."""

    name: str = Field(min_length=1, max_length=60)
    """A title for people; its runs are called after it."""
    experiment: Experiment
    """What all runs have in common."""
    vary: dict[str, Range | Values] = Field(min_length=1, max_length=8)
    """The values to try, or the range to choose them from, by dotted key."""
    method: Literal["grid", "random", "search"] = "grid"
    """grid: every combination; random: so many random ones; search: each chosen by Optuna from the results so far."""
    trials: int = Field(default=20, ge=1, le=MOST_RUNS)
    """random and search: the number of combinations."""
    seeds: tuple[Annotated[int, Field(ge=0, le=2**31 - 1)], ...] = Field(default=(0,), min_length=1, max_length=1000)
    """Every combination is trained once with each of these seeds."""
    goal: str = "mse"
    """What runs are compared by."""
    under: str = "none"
    """For a goal on the test set: the corruption of the images; `own` for the one that each run was trained with."""

    @field_validator("seeds", mode="before")
    @classmethod
    def _from_count(cls, value: Any) -> Any:
        """`seeds = 3` means 0, 1 and 2."""
        return tuple(range(value)) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key in self.vary:
            if key in NOT_VARIED:
                raise ValueError(f"vary: {key} cannot vary: {NOT_VARIED[key]}")
        if self.goal not in GOALS:
            raise ValueError(f"goal: unknown goal '{self.goal}': {nearest(self.goal, GOALS)}")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: a seed is listed twice")
        ranges = [key for key, values in self.vary.items() if isinstance(values, Range)]
        if self.method == "grid" and ranges:
            raise ValueError(f"vary: a grid takes lists; {ranges[0]} is a range, for which method is random or search")
        count = self.combinations * len(self.seeds)
        if count > MOST_RUNS:
            raise ValueError(f"vary: these are {count:,} runs; a sweep has at most {MOST_RUNS:,}")
        return self

    @classmethod
    def parse(cls, values: Mapping[str, Any], folder: Path | None = None, known: bool = False) -> Sweep:
        """A sweep from plain data, where `base` (a preset, or a file in `folder`) and `set` may stand for the
        `experiment`. Raises `UserError` with one line for the first thing wrong in it or in any of its runs; of a
        `known` one, which was parsed before, the runs are not checked again."""
        given = dict(values)
        if "experiment" not in given:
            given["experiment"] = _base(given.pop("base", None), folder).model_dump(mode="json")
        changes = _flat(given.pop("set", {}), "set")
        given["vary"] = _flat(given.get("vary", {}), "vary")
        try:
            sweep = cls.model_validate(given)
        except ValidationError as error:
            names = [*cls.model_fields, "base", "set"]
            raise UserError(format_validation_error(error, lambda key: nearest(key, names))) from None
        sweep = sweep.model_copy(update={"experiment": sweep.experiment.changed(changes)})
        return sweep if known else sweep._check_runs()

    @classmethod
    def load(cls, path: Path) -> Sweep:
        """A sweep from a TOML file. Raises as `parse` does."""
        return cls.parse(load_toml(path), path.parent)

    @property
    def combinations(self) -> int:
        """How many there are; each is trained once with each seed."""
        if self.method != "grid":
            return self.trials
        return math.prod(len(values) for values in self.vary.values() if isinstance(values, tuple))

    @property
    def better(self) -> str:
        """`lower` or `higher`."""
        return GOALS[self.goal]

    def each_combination(self) -> Iterator[dict[str, Any]]:
        """The combinations of a grid or random sweep in order; none for a search, which chooses one after the other."""
        if self.method == "grid":
            for values in itertools.product(*self.vary.values()):  # type: ignore[arg-type]
                yield dict(zip(self.vary, values, strict=True))
        elif self.method == "random":
            rng = np.random.default_rng(0)  # a longer sweep begins like a shorter one
            for _ in range(self.trials):
                yield {key: _choose(values, rng) for key, values in self.vary.items()}

    def points(self) -> list[Point]:
        """Every run of a grid or random sweep, the seeds of a combination one after the other."""
        return [Point(values, seed) for values in self.each_combination() for seed in self.seeds]

    def experiment_of(self, point: Point, sweep_id: str = "") -> Experiment:
        """The experiment of one run. Raises `UserError` where the values do not go together."""
        seed = f", seed {point.seed}" if len(self.seeds) > 1 else ""
        name = f"{self.name}: {point.label}{seed}"
        own = {"training.seed": point.seed, "name": name if len(name) <= 120 else f"{name[:119]}…", "sweep": sweep_id}
        if self.goal in NAMED:
            own["evaluation.measure"] = True
        return self.experiment.changed(dict(point.values) | own)

    def point_of(self, experiment: Experiment) -> Point:
        """The point of an experiment, from its settings."""
        flat = experiment.flat()
        return Point({key: flat[key] for key in self.vary}, experiment.training.seed)

    def as_json(self) -> dict[str, Any]:
        """The definition as plain data."""
        return self.model_dump(mode="json")

    def _check_runs(self) -> Sweep:
        """The same sweep with every value as an experiment has it. Raises `UserError` for values that no run can have:
        each is checked alone first, so that the message names it, then in combination."""
        vary: dict[str, Any] = {}
        for key, values in self.vary.items():
            if key not in keys():
                self.experiment.changed({key: None})  # raises, with the nearest key
            if isinstance(values, Range):
                for end in (values.low, values.high):
                    self.experiment.changed({key: round(end) if values.whole else end})
                vary[key] = values
                continue
            vary[key] = tuple(self.experiment.changed({key: value}).flat()[key] for value in values)
            again = [value for i, value in enumerate(vary[key]) if value in vary[key][:i]]
            if again:
                raise UserError(f"vary: {key}: {format_setting(again[0])} is listed twice")
        found = self.model_copy(update={"vary": vary})
        for values in found.each_combination():
            found.experiment.changed(values)
        return found


def format_setting(value: Any) -> str:
    """A setting's value as text, for labels and tables."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return "–".join(map(format_setting, value)) or "none"
    return "none" if value is None else str(value)


def _choose(values: Range | tuple[Any, ...], rng: np.random.Generator) -> Any:
    return values.draw(rng) if isinstance(values, Range) else values[int(rng.integers(len(values)))]


def _base(base: Any, folder: Path | None) -> Experiment:
    if not isinstance(base, str) or not base:
        raise UserError('base: name a preset or an experiment file, such as base = "mnist-mlp8"')
    if base.endswith(".toml") or "/" in base:
        return Experiment.load((folder or Path()) / base)
    return preset(base).experiment


def _flat(table: Any, where: str, prefix: str = "") -> dict[str, Any]:
    """Settings by dotted key: `training.lr = …` makes a table in TOML, `"training.lr" = …` does not."""
    if not isinstance(table, Mapping):
        raise UserError(f"{where}: should be a table of settings, got {table!r}")
    found: dict[str, Any] = {}
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping) and not {"low", "high"} & set(value):
            found |= _flat(value, where, f"{key}.")
        else:
            found[key] = value
    return found
