"""The five course reports as data: what each did, and its figures, which are rebuilt from our own runs."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from aecore.config.base import Section, format_validation_error
from aecore.config.experiment import load_toml
from aecore.errors import AecoreError, UserError, nearest
from aecore.presets import Preset, presets

Kind = Literal[
    "layers",  # the layer table
    "curves",  # losses by epoch, with learning rate and dead units
    "steps",  # losses by step
    "movement",  # spread of each latent unit and change of each layer, by epoch
    "compared",  # test errors of several runs in one plot
    "wrong-digits",  # share of wrong digits by epoch, several runs in one plot
    "pairs",  # image and reconstruction
    "triplets",  # image, noisy image, reconstruction
    "corruptions",  # one image under several corruptions
    "strip",  # an interpolation
    "samples",  # images decoded from random codes
    "epochs",  # reconstructions epoch by epoch, from the snapshots
    "points",  # a projection of codes
    "plot-3d",  # a projection as an interactive plotly figure
    "denoisers",  # metrics of the network, its noisy input and classical denoisers
]

IMAGE_KINDS = ("pairs", "triplets", "corruptions", "strip", "samples")
"""The kinds of figures whose images are saved in the run; the others use what every run has."""


class Figure(Section):
    """One figure of a report, rebuilt from the runs of `presets`."""

    key: str = Field(pattern=r"^[a-z0-9-]+$")
    """Its name within the report; its images are saved under it in a run's figures.safetensors."""
    kind: Kind
    title: str
    caption: str = ""
    presets: tuple[str, ...] = Field(min_length=1)
    images: tuple[int, ...] = ()
    """Indices of test images."""
    corruption: str = "none"
    corruptions: tuple[str, ...] = ()
    start: int = 0
    end: int = 1
    frames: int = 10
    convention: str = "both ends"
    distribution: str = "normal"
    count: int = 10
    epochs: tuple[int, ...] = ()
    method: str = "tsne"
    dims: int = 2


class Report(Section):
    """A course report."""

    number: str
    title: str
    author: str
    course: str
    summary: str
    did: tuple[str, ...]
    """What it did, in paragraphs."""
    presets: tuple[str, ...]
    found: tuple[str, ...]
    """What running it again showed."""
    figures: tuple[Figure, ...]


@cache
def reports() -> dict[str, Report]:
    """The reports by number. Raises `AecoreError` for a file that is not a valid report or names an unknown preset."""
    loaded = {}
    for entry in sorted(resources.files("aecore.reports").iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            number = entry.name.removesuffix(".toml")
            try:
                report = Report(number=number, **load_toml(Path(str(entry))))
            except ValidationError as error:
                raise AecoreError(f"{entry.name}: {format_validation_error(error)}") from None
            for name in (*report.presets, *(name for figure in report.figures for name in figure.presets)):
                if name not in presets():
                    raise AecoreError(f"{entry.name}: unknown preset '{name}': {nearest(name, presets())}")
            loaded[number] = report
    return loaded


def report(number: str) -> Report:
    """The report with that number. Raises `UserError` with the nearest one."""
    if number not in reports():
        raise UserError(f"unknown report '{number}': {nearest(number, reports())}")
    return reports()[number]


def differences(found: Report) -> list[str]:
    """The discrepancies between the report's text, its code and our measurements, each once."""
    lines = [line for name in found.presets for line in presets()[name].differences]
    return list(dict.fromkeys(lines))


def figures_of(preset: Preset) -> list[Figure]:
    """The figures that are made from the preset's run."""
    if preset.report not in reports():
        return []
    return [figure for figure in reports()[preset.report].figures if preset.name in figure.presets]
