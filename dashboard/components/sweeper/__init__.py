"""The same images through every combination of a sweep, chosen by sliders in the browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dashboard.components.register import component

_component = component("sweeper", Path(__file__).with_name("component.js"))


class Setting(NamedTuple):
    """What a slider goes through: a name and its values as text, in order."""

    name: str
    values: Sequence[str]


class Combination(NamedTuple):
    """A combination of values: its row among the images, and what is said of it."""

    row: int
    words: str


def sweeper(
    images: str,
    shape: Sequence[int],
    count: int,
    settings: Sequence[Setting],
    rows: Mapping[tuple[int, ...], Combination],
    first: Sequence[int],
    *,
    corrupted: bool,
    place: str | None,
    visit: int,
    key: str,
) -> None:
    """Show `count` images (C, H, W) of the asset `images`, which has `clean`, `inputs` and `outputs` as bytes, channels
    last. `rows` has the combinations that were trained by the places of their values; it begins with `first`, or at the
    `place` of the address."""
    data: dict[str, Any] = {
        "images": images,
        "shape": list(shape),
        "count": count,
        "settings": [{"name": each.name, "values": list(each.values)} for each in settings],
        "rows": {
            ",".join(map(str, places)): {"row": found.row, "words": found.words} for places, found in rows.items()
        },
        "first": list(first),
        "corrupted": corrupted,
        "place": place,
        "visit": visit,
    }
    _component(key=key, data=data, width="stretch", height="content")
