"""What the files of a run may hold. They are read leniently: what has another type than its readers rely on is dropped
and named, and the rest stands.

A run may come from another version, from a disk that lost a byte or from somebody who means harm; one such file must
neither end a list of runs nor become a number that nobody measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from aecore.config.corruption import Corruption
from aecore.errors import AecoreError

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


def _corruption(text: str) -> str:
    try:
        Corruption.parse(text)
    except AecoreError as error:
        raise ValueError(str(error)) from None
    return text


class _Lenient(BaseModel):
    """Values of other names may be anything; those that are named are of exactly their type or None."""

    model_config = ConfigDict(extra="allow", strict=True)


Count = Annotated[int, Field(ge=0)]
Size = Annotated[int, Field(ge=1, le=1 << 20)]
Metrics = dict[str, FiniteFloat | None]


class _Process(_Lenient):
    pid: Annotated[int, Field(gt=0)]
    started: FiniteFloat
    host: str
    boot: str | None = None
    ticks: int | None = None


class _Data(_Lenient):
    title: str | None = None
    image_shape: Annotated[list[Size], Field(min_length=3, max_length=3)] | None = None
    classes: list[str] | None = None
    citation: str | None = None


class _Remark(_Lenient):
    kind: str
    text: Annotated[str, Field(min_length=1)]
    epoch: Count | None = None
    value: FiniteFloat | None = None
    reference: FiniteFloat | None = None


class _Imported(_Lenient):
    file: str | None = None
    verdict: str | None = None
    preset: str | None = None
    also_fit: list[str] | None = None
    tried: dict[str, Any] | None = None
    assumed: dict[str, Any] | None = None
    remarks: list[str] | None = None


class _Recorded(_Lenient):
    by: str | None = None
    network: str | None = None
    config: dict[str, Any] | None = None
    counts: str | None = None
    source: dict[str, Any] | None = None


class _Remote(_Lenient):
    host: str | None = None
    arriving: bool | None = None


class _Stage(_Lenient):
    what: str
    done: Count
    total: Count


class _Status(_Lenient):
    format: int | None = None
    state: str | None = None
    title: str | None = None
    error: str | None = None
    stage: _Stage | None = None
    device: str | None = None
    device_name: str | None = None
    requested_device: str | None = None
    precision: str | None = None
    submitted: str | None = None
    started: str | None = None
    updated: str | None = None
    ended: str | None = None
    epoch: Count | None = None
    epochs: Count | None = None
    step: Count | None = None
    steps: Count | None = None
    parameters: Count | None = None
    code_size: Size | None = None
    owner: str | None = None
    processes: Size | None = None
    threads: Size | None = None
    versions: dict[str, str] | None = None
    process: _Process | None = None
    data: _Data | None = None
    imported: _Imported | None = None
    recorded: _Recorded | None = None
    remote: _Remote | None = None
    remarks: list[_Remark] | None = None


class _Classical(_Lenient):
    strength: FiniteFloat | None = None
    metrics: Metrics
    images: Count | None = None
    inside_hole: Metrics | None = None


class _Hole(_Lenient):
    metrics: Metrics
    noisy_input: Metrics
    images: Count


class _Sample(_Lenient):
    n: Count
    metrics: Metrics
    noisy_input: Metrics | None = None


class _Evaluation(_Lenient):
    corruption: Annotated[str, AfterValidator(_corruption)]
    n: Count
    metrics: Metrics
    noisy_input: Metrics
    black_mse: FiniteFloat | None = None
    weights: str | None = None
    remark: _Remark | None = None
    classical: dict[str, _Classical] | None = None
    sample: _Sample | None = None
    inside_hole: _Hole | None = None


class _Notes(_Lenient):
    title: str = ""
    note: str = ""
    group: str = ""


def status_of(table: dict[str, Any]) -> Table:
    """A status.json without the values that no reader could use."""
    return _cleaned(table, _Status, inner=("data", "imported", "recorded", "remote", "remarks"))


def notes_of(table: dict[str, Any]) -> Table:
    """A notes.json in the same way."""
    return _cleaned(table, _Notes)


def evaluations_of(entries: Iterable[Any], weights: Callable[[], Collection[str]]) -> Entries[dict[str, Any]]:
    """The entries of an evaluation.json that hold all that every reader relies on, each without what else is wrong.

    `weights` returns the SHA-256 that the run's weights may have, none where there are no weights to compare with:
    entries that name another are left out.
    """
    found: Entries[dict[str, Any]] = Entries()
    dropped = []
    for number, entry in enumerate(entries, 1):
        kept = _cleaned(entry, _Evaluation, required=("corruption", "n", "metrics", "noisy_input"))
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


def _cleaned(table: Any, model: type[BaseModel], inner: tuple[str, ...] = (), required: tuple[str, ...] = ()) -> Table:
    """The table without the values that the model refuses; of the tables and lists `inner`, without theirs alone.

    Empty where a `required` one is refused.
    """
    if not isinstance(table, dict):
        return Table()
    kept, dropped = Table(table), []
    for _ in range(2 + len(table) + 64):
        try:
            model.model_validate(kept)
            break
        except ValidationError as error:
            places = {_place(part["loc"], inner) for part in error.errors(include_url=False, include_input=False)}
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


def _place(loc: tuple[int | str, ...], inner: tuple[str, ...]) -> tuple[str, ...]:
    names = [f"{part:06d}" if isinstance(part, int) else part for part in loc]
    return tuple(names[:2]) if names[0] in inner and len(names) > 1 else (names[0],)
