"""What the files of a run may hold. They are read leniently: what has another type than its readers rely on is dropped
and named, and the rest stands.

A run may come from another version, from a disk that lost a byte or from somebody who means harm; one such file must
neither end a list of runs nor become a number that nobody measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from typing import Any, Generic, Literal, TypeVar

from aecore.runs.remembered import once

T = TypeVar("T")

MOST_EPOCHS = 1_000_000_000
IN_EVERY_EVALUATION = ("mse", "psnr_db", "ssim", "snr_db")
"""The metrics without which an entry is left out. A new metric must not be one of them: older runs lack it."""


class Table(dict[str, Any]):
    """A table whose known values have the types that its readers rely on."""

    dropped: tuple[str, ...] = ()
    """What was in the file and was not of that type: `process`, `data.image_shape`."""


class Entries(list[T], Generic[T]):
    """A list of entries that have what their readers rely on."""

    dropped: tuple[str, ...] = ()
    """The same for entries: `entry 2`, `entry 2: sample`."""
    other_weights: bool = False
    """Whether entries were left out because they were measured with other weights than the run has now."""


def status_of(table: dict[str, Any]) -> Table:
    """A status.json without the values that no reader could use."""
    return _cleaned(table, "Status", inner=("data", "imported", "recorded", "remote", "remarks"))


def notes_of(table: dict[str, Any]) -> Table:
    """A notes.json in the same way."""
    return _cleaned(table, "Notes")


def evaluations_of(entries: Iterable[Any], weights: Callable[[], Collection[str]]) -> Entries[dict[str, Any]]:
    """The entries of an evaluation.json that hold all that every reader relies on, each without what else is wrong.

    `weights` returns the SHA-256 that the run's weights may have, none where there are no weights to compare with:
    entries that name another are left out.
    """
    found: Entries[dict[str, Any]] = Entries()
    dropped = []
    for number, entry in enumerate(entries, 1):
        kept = _cleaned(entry, "Evaluation", required=("corruption", "n", "metrics", "noisy_input"))
        whole = all(
            set(IN_EVERY_EVALUATION) <= kept.get(name, {}).keys() and kept[name]["mse"] is not None
            for name in ("metrics", "noisy_input")
        )
        if whole and (made_from := kept.get("weights")) and (known := weights()) and made_from not in known:
            found.other_weights = True
        elif whole and isinstance(kept.get("corruption"), str):
            found.append(kept)
            dropped += [f"entry {number}: {name}" for name in kept.dropped]
        else:
            dropped.append(f"entry {number}")
    found.dropped = tuple(dropped)
    return found


def epochs_of(entries: Iterable[Any]) -> list[dict[str, Any]]:
    """The lines of a `.jsonl` file that belong to an epoch, without numbers that are none."""
    found = []
    for entry in entries:
        epoch = entry.get("epoch") if isinstance(entry, dict) else None
        if not isinstance(epoch, (int, float)) or isinstance(epoch, bool) or not 0 <= epoch <= MOST_EPOCHS:
            continue
        if any(_unusable(value) for value in entry.values()):
            entry = {key: value for key, value in entry.items() if not _unusable(value)}
        found.append(entry)
    return found


def _unusable(value: Any) -> bool:
    """Whether a value of an epoch is neither a finite number nor a table or list of such, nor None."""
    if type(value) is float:
        return not math.isfinite(value)
    if type(value) is int:
        return abs(value) > 1 << 53
    if isinstance(value, dict | list):
        return any(map(_unusable, value.values() if isinstance(value, dict) else value))
    return value is not None


def _cleaned(
    table: Any,
    kind: Literal["Status", "Evaluation", "Notes"],
    inner: tuple[str, ...] = (),
    required: tuple[str, ...] = (),
) -> Table:
    """The table without the values that the type refuses; of the tables and lists `inner`, without theirs alone.

    Empty where a `required` one is refused.
    """
    if not isinstance(table, dict):
        return Table()
    if once(kind, table, lambda: _refused(table, kind, ()) == set()):
        return Table(table)
    kept, dropped = Table(table), []
    for _ in range(2 + len(table) + 64):
        places = _refused(kept, kind, inner)
        if not places:
            break
        for place in sorted(places, reverse=True):  # of a list the last first, so that the numbers of others stay
            if place[0] in required:
                return Table()
            within = kept.get(place[0])
            if len(place) == 2 and isinstance(within, dict) and place[1] in within:
                kept[place[0]] = {name: value for name, value in within.items() if name != place[1]}
            elif len(place) == 2 and isinstance(within, list):
                kept[place[0]] = [value for i, value in enumerate(within) if f"{i:06d}" != place[1]]
            elif place[0] in kept:
                del kept[place[0]]
            dropped.append(".".join(part.lstrip("0") or "0" for part in place))
    kept.dropped = tuple(dict.fromkeys(dropped))
    return kept


def _refused(table: dict[str, Any], kind: str, inner: tuple[str, ...]) -> set[tuple[str, ...]]:
    """Where the type refuses something."""
    from pydantic import ValidationError

    from aecore.runs import record_types

    try:
        getattr(record_types, kind).model_validate(table)
    except ValidationError as error:
        return {_place(part["loc"], inner) for part in error.errors(include_url=False, include_input=False)}
    return set()


def _place(loc: tuple[int | str, ...], inner: tuple[str, ...]) -> tuple[str, ...]:
    names = [f"{part:06d}" if isinstance(part, int) else part for part in loc]
    return tuple(names[:2]) if names[0] in inner and len(names) > 1 else (names[0],)
