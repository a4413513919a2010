"""The tasks at which presets of our own are to do better than the reports' networks, and the shipped runs measured on
each."""

from __future__ import annotations

from typing import NamedTuple

from aecore.config.corruption import Corruption
from aecore.data.catalogue import CATALOGUE
from aecore.errors import AecoreError
from aecore.plots.cost import SCORES, Scored, same_task, scored
from aecore.presets import Goal, Preset, presets
from aecore.reports.claims import gallery_run
from aecore.runs.store import Store

_AS_SCORE = {"psnr_gain_db": "psnr_db"}
"""A goal over the corrupted input's score is drawn as the score, with that of the input beside it."""


class Task(NamedTuple):
    """Images, what is done to them, and the score by which a network's outputs are judged."""

    data: str
    corruption: str
    metric: str
    """One of `aecore.plots.cost.SCORES`."""
    pairs: tuple[tuple[str, str], ...]
    """A preset of our own and the report's beside which it is measured, empty for none; one for each goal."""
    other_corruption: tuple[tuple[str, str], ...] = ()
    """Reports' presets for whose models the same task is written as another corruption."""

    @property
    def key(self) -> str:
        return f"{self.data}/{self.corruption}/{self.metric}"

    @property
    def title(self) -> str:
        """`MNIST · 4× downscaled · PSNR`."""
        images = CATALOGUE[self.data].title if self.data in CATALOGUE else self.data
        noise = Corruption.parse(self.corruption)
        words = noise.label if noise.active else "clean"
        return f"{images.split(',')[0]} · {words} · {SCORES[self.metric].title}"


def tasks() -> dict[str, Task]:
    """The tasks by key, in the order of the presets. A goal that no evaluation measures, as of samples, has none."""
    found: dict[str, Task] = {}
    for own in own_presets():
        for goal in own.goals:
            metric = _AS_SCORE.get(goal.metric, goal.metric)
            if metric not in SCORES:
                continue
            task = Task(own.experiment.data.source, goal.corruption or "none", metric, ((own.name, goal.than),))
            task = task._replace(other_corruption=_other(goal))
            before = found.get(task.key)
            if before is not None:
                task = before._replace(
                    pairs=before.pairs + task.pairs, other_corruption=before.other_corruption + task.other_corruption
                )
            found[task.key] = task
    return found


def own_presets() -> list[Preset]:
    """The presets that say what makes them better than the reports' networks, or what they show."""
    return [each for each in presets().values() if each.beyond]


def runs_of(task: Task, store: Store) -> list[Scored]:
    """The shipped runs that were measured on the task, under the names of their presets. What counts as the task is
    what the first of our own runs, else of the reports', was measured on; a damaged run is left out."""
    other = dict(task.other_corruption)
    found = {name: point for name in presets() if (point := _scored(name, task, other.get(name), store)) is not None}
    first = [name for pair in zip(*task.pairs, strict=True) for name in pair if name in found]
    if not first:
        return []
    return [point for point in found.values() if same_task(found[first[0]], point)]


def _scored(name: str, task: Task, corruption: str | None, store: Store) -> Scored | None:
    run = gallery_run(name, store)
    try:
        if run is None or run.experiment().data.source != task.data or run.status()["state"] != "finished":
            return None
        return scored(run, task.metric, corruption or task.corruption, name)
    except (AecoreError, KeyError):
        return None


def _other(goal: Goal) -> tuple[tuple[str, str], ...]:
    return ((goal.than, goal.than_corruption),) if goal.than and goal.than_corruption else ()
