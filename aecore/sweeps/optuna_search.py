"""A search: Optuna's tree-structured Parzen estimator (Bergstra et al. 2011) chooses each combination from the results
of those before. The runs hold everything that is known; the study is rebuilt from them each time."""

# pyright: reportMissingImports=false
from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping
from typing import Any

from aecore.errors import UserError
from aecore.sweeps.definition import Range, Sweep
from aecore.sweeps.store import Row

SEED = 0
REPEATS = 20
"""After so many choices in a row that are known or cannot be trained the search ends."""


class Search:
    """Chooses `sweep.trials` combinations."""

    def __init__(
        self,
        sweep: Sweep,
        rows: Mapping[str, Row],
        key: Callable[[Mapping[str, Any], int], str],
        check: Callable[[Mapping[str, Any]], object],
    ) -> None:
        """`rows` are the runs by `key(values, seed)`, updated by the caller whenever one has ended; `check` raises
        `UserError` for values that cannot be combined. Raises `UserError` without Optuna."""
        try:
            import optuna
        except ImportError:
            raise UserError("method 'search' needs Optuna: pip install -r requirements-cluster.txt") from None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.optuna, self.sweep, self.rows, self.key, self.check = optuna, sweep, rows, key, check
        sampler = optuna.samplers.TPESampler(seed=SEED, constant_liar=True)
        direction = "minimize" if sweep.better == "lower" else "maximize"
        self.study = optuna.create_study(direction=direction, sampler=sampler)
        self.space = {name: _distribution(optuna, values) for name, values in sweep.vary.items()}
        self.open: dict[str, Any] = {}
        known = {json.dumps(row.values): row.values for row in rows.values()}
        self.first: list[dict[str, Any]] = []
        for values in known.values():
            if (value := self._value(values)) is None:
                self.first.append(values)
            else:
                self._learn(values, value)
        self.asked = len(known)

    def next(self) -> dict[str, Any] | None:
        """The next combination; unfinished ones from earlier come first. None when the search is over.

        Raises `UserError` where no combination that it chooses can be trained.
        """
        if self.first:
            return self.first.pop(0)
        problem: UserError | None = None
        for _ in range(REPEATS):
            if self.asked >= self.sweep.trials:
                return None
            trial = self.study.ask(self.space)
            values = {name: _value_of(self.sweep.vary[name], found) for name, found in trial.params.items()}
            known = self._value(values)
            if known is not None:
                self.study.tell(trial, known)
            elif json.dumps(values) in self.open:
                self.study.tell(trial, state=self.optuna.trial.TrialState.FAIL)
            elif (found := self._problem(values)) is not None:
                problem = found
                # A sampler learns nothing from a failed trial, but a pruned one counts as worse than all others.
                self.study.tell(trial, state=self.optuna.trial.TrialState.PRUNED)
            else:
                self.asked += 1
                self.open[json.dumps(values)] = trial
                return values
        if problem is not None and not self.rows:
            raise UserError(f"{REPEATS} combinations were tried, and none can be trained; the last: {problem}")
        self.asked = self.sweep.trials
        return None

    def exhausted(self) -> bool:
        return not self.first and self.asked >= self.sweep.trials

    def run_ended(self, values: Mapping[str, Any]) -> None:
        """Learn from a combination as soon as the runs of all its seeds have ended."""
        found = [self.rows.get(self.key(values, seed)) for seed in self.sweep.seeds]
        if any(row is None or row.state not in ("finished", "failed") for row in found):
            return
        value, trial = self._value(values), self.open.pop(json.dumps(dict(values)), None)
        if trial is not None:
            state = None if value is not None else self.optuna.trial.TrialState.FAIL
            self.study.tell(trial, value, state=state)
        elif value is not None:
            self._learn(values, value)

    def _problem(self, values: Mapping[str, Any]) -> UserError | None:
        try:
            self.check(values)
        except UserError as problem:
            return problem
        return None

    def _value(self, values: Mapping[str, Any]) -> float | None:
        """The goal's mean over the seeds; None unless all of them have it."""
        rows = [self.rows.get(self.key(values, seed)) for seed in self.sweep.seeds]
        found = [row.score(self.sweep.goal, self.sweep.under) for row in rows if row and row.state == "finished"]
        known = [value for value in found if value is not None]
        return statistics.fmean(known) if len(known) == len(self.sweep.seeds) else None

    def _learn(self, values: Mapping[str, Any], value: float) -> None:
        params = {name: _param_of(self.sweep.vary[name], values[name]) for name in self.space}
        if None in params.values():
            return  # the sweep was changed and no longer has that value
        self.study.add_trial(self.optuna.trial.create_trial(params=params, distributions=self.space, value=value))


def _distribution(optuna: Any, values: Range | tuple[Any, ...]) -> Any:
    if isinstance(values, Range):
        if values.whole:
            return optuna.distributions.IntDistribution(round(values.low), round(values.high), log=values.log)
        return optuna.distributions.FloatDistribution(values.low, values.high, log=values.log)
    if _ordered(values):
        return optuna.distributions.IntDistribution(0, len(values) - 1)
    return optuna.distributions.CategoricalDistribution(range(len(values)))


def _ordered(values: tuple[Any, ...]) -> bool:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return len(values) > 1 and numbers and list(values) == sorted(values)


def _value_of(values: Range | tuple[Any, ...], found: Any) -> Any:
    return found if isinstance(values, Range) else values[found]


def _param_of(values: Range | tuple[Any, ...], value: Any) -> Any:
    if isinstance(values, Range):
        return value if values.low <= value <= values.high else None
    return values.index(value) if value in values else None
