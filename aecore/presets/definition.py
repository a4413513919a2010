"""What a preset is, and the reading of all that come with the project."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict

from aecore.config.base import Section
from aecore.config.experiment import Experiment, load_toml
from aecore.errors import UserError, nearest
from aecore.presets.titles import order


class Claim(Section):
    """One number that a report states, where to find ours, and the range in which it counts as reproduced."""

    quantity: str
    """What is claimed, as text."""
    reported: float | None = None
    """The number in the report or its log; empty where it only shows a curve."""
    unit: str = ""
    metric: str
    """Where ours is found: a key of metrics.jsonl or of an evaluation, or one of those of `aecore.reports.claims`."""
    epoch: int | None = None
    """The epoch that it is about; empty for the last one."""
    step: int | None = None
    """For a `step_…` metric: the step that it is about; empty for the last one."""
    from_epoch: int | None = None
    """For a metric over several epochs: the first of them."""
    corruption: str = ""
    """For a metric of an evaluation: the corruption of the test images, in its written form."""
    other: str = ""
    """For a comparison: the other preset."""
    at_least: float | None = None
    at_most: float | None = None
    better: Literal["lower", "higher", "neither"] = "lower"
    """Whether numbers below or above the range are better than reported, if either."""
    note: str = ""


class Goal(Section):
    """One number that a preset of our own is to reach, beside that of a report's run."""

    quantity: str
    """What is measured, as text."""
    unit: str = ""
    metric: str
    """Where it is found: as in a `Claim`, or one of those of `aecore.reports.beyond`."""
    corruption: str = ""
    """For a metric of an evaluation: the corruption of the test images, in its written form."""
    than: str = ""
    """The preset of a report whose run is measured beside, under `than_corruption`."""
    than_corruption: str = ""
    """The corruption of that run's evaluation where it is another; by default the same."""
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""


class Preset(Section):
    """An experiment with its background."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    summary: str
    report: str = ""
    """Number of the course report; empty when it is our own."""
    source: str = ""
    """Author and title."""
    claims: tuple[Claim, ...] = ()
    differences: tuple[str, ...] = ()
    """Discrepancies between the report's text and code, or its claims and our measurements."""
    see_also: tuple[str, ...] = ()
    idea: str = ""
    """Of our own: what makes it better, or what it shows."""
    fails: str = ""
    """When it does not help."""
    goals: tuple[Goal, ...] = ()
    ships: bool = False
    """Whether a finished run ships; those of the reports always do."""
    experiment: Experiment

    @property
    def beyond(self) -> bool:
        """Whether it is of our own and goes beyond the reports."""
        return bool(self.idea)


@cache
def presets() -> dict[str, Preset]:
    """All presets by name, those of the reports first."""
    folder = resources.files("aecore.presets")
    loaded = []
    for entry in folder.iterdir():
        if entry.name.endswith(".toml"):
            values = load_toml(Path(str(entry)))
            about, name = values.pop("preset"), entry.name.removesuffix(".toml")
            values["preset"] = name
            loaded.append(Preset(name=name, experiment=Experiment.parse(values), **about))
    loaded.sort(key=lambda preset: order(preset.report, preset.name))
    return {preset.name: preset for preset in loaded}


def preset(name: str) -> Preset:
    """The preset with that name. Raises `UserError` with the nearest name."""
    known = presets()
    if name not in known:
        raise UserError(f"unknown preset '{name}': {nearest(name, known)}")
    return known[name]
