"""The experiments of the course reports, each with its source, its claims and where report and code differ."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

from pydantic import ConfigDict

from aecore.errors import MistakeError, nearest
from aecore.experiment import Experiment, Section, load_toml


class Claim(Section):
    """One number that a report states."""

    quantity: str
    """What is claimed, in words."""
    reported: float
    """The number as the report or its log has it."""
    metric: str = ""
    """The key in metrics.jsonl or evaluation.json that measures the same, if one does."""
    epoch: int | None = None
    """The epoch it holds for; empty for the end of training."""
    measured: tuple[float, float] | None = None
    """The range that independent runs reached."""


class Preset(Section):
    """An experiment with what is known about it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    title: str
    summary: str
    report: str = ""
    """Number of the course report, empty when it is our own."""
    source: str = ""
    """Who wrote it and what it is called."""
    claims: tuple[Claim, ...] = ()
    differences: tuple[str, ...] = ()
    """Where the report's words and its code, or its claims and a measurement, part ways."""
    see_also: tuple[str, ...] = ()
    experiment: Experiment


@cache
def presets() -> dict[str, Preset]:
    """All presets by name, those of the reports first."""
    folder = resources.files(__name__)
    loaded = []
    for entry in folder.iterdir():
        if entry.name.endswith(".toml"):
            values = load_toml(Path(str(entry)))
            about, name = values.pop("preset"), entry.name.removesuffix(".toml")
            values["preset"] = name
            loaded.append(Preset(name=name, experiment=Experiment.parse(values), **about))
    loaded.sort(key=lambda preset: (preset.report or "999", preset.name))
    return {preset.name: preset for preset in loaded}


def preset(name: str) -> Preset:
    """The preset of that name. Raises `MistakeError` naming the nearest one."""
    known = presets()
    if name not in known:
        raise MistakeError(f"unknown preset '{name}': {nearest(name, known)}")
    return known[name]
