"""The presets as a list, which needs none of their settings."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import NamedTuple


class Title(NamedTuple):
    """A preset's name, the number of its report, empty for one of our own, and its title."""

    name: str
    report: str
    title: str


def order(report: str, name: str) -> tuple[str, str]:
    """By which presets are sorted: those of the reports first."""
    return report or "999", name


@cache
def titles() -> tuple[Title, ...]:
    """All presets, in order. They are read once: every page lists runs in this order whenever it is touched."""
    found = []
    for entry in resources.files("aecore.presets").iterdir():
        if entry.name.endswith(".toml"):
            about = tomllib.loads(entry.read_text(encoding="utf-8"))["preset"]
            found.append(Title(entry.name.removesuffix(".toml"), about.get("report", ""), about["title"]))
    return tuple(sorted(found, key=lambda one: order(one.report, one.name)))
