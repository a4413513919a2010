"""The runs of a report, each with its letter and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aecore.config.experiment import Experiment
from aecore.errors import UserError
from aecore.runs.run import WEIGHTS, Run
from aecore.runs.summary import RunSummary, summarise

LETTERS = "ABCDEFGHIJKLMNO"
MOST = len(LETTERS)
"""The largest number of runs: the HTML file of so many stays below 5 MB."""


@dataclass(frozen=True)
class Subject:
    """One run; `letter` is empty if it is the only one."""

    run: Run
    letter: str
    summary: RunSummary
    experiment: Experiment

    @property
    def name(self) -> str:
        """`A ⚠ digits-quick`: letter, mark where there are remarks, title."""
        return f"{self.letter} {self.summary.marked(self.summary.title)}".strip()

    @property
    def file(self) -> str:
        """What the names of its files begin with."""
        return f"{self.letter.lower()}-" if self.letter else ""

    @property
    def has_weights(self) -> bool:
        return self.run.file(WEIGHTS).is_file()


def subjects(runs: Sequence[Run]) -> list[Subject]:
    """The runs as subjects, each once. Raises `UserError` for none or too many, and for one without results."""
    unique = list({run.path: run for run in runs}.values())
    if not unique:
        raise UserError("a report needs at least one run")
    if len(unique) > MOST:
        raise UserError(f"a report has at most {MOST} runs, not {len(unique)}")
    found = []
    for letter, run in zip(LETTERS, unique, strict=False):
        summary, experiment = summarise(run), run.experiment()
        if not summary.epoch and not run.evaluation():
            raise UserError(f"run {run.id} has no results yet: it is {summary.state}")
        found.append(Subject(run, letter if len(unique) > 1 else "", summary, experiment))
    return found
