"""The event files of TensorBoard: what `SummaryWriter`, Keras and Lightning write. Every folder with such files is a
run; the two of Keras, `train` and `validation`, are one."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aecore.errors import UserError
from aecore.format import count
from aecore.imports.tfrecord import DamagedRecordError, fields, packed, records, signed
from aecore.imports.tracked import Point, Tracked

NAME = "TensorBoard"
MARK = "tfevents"
"""In the name of every event file."""
MOST_RUNS = 10_000
_KERAS = ("train", "validation")
_OTHERS = {3: "histogram", 5: "histogram", 6: "audio clip"}
"""Fields of a summary's value that are neither scalars nor images."""
_PLUGINS = {"histograms": "histogram", "text": "text", "audio": "audio clip"}
_TENSORS = {1: ("f", 5), 2: ("d", 6), 3: ("i", 7), 9: ("q", 10)}
"""By the type of a tensor how `struct` reads its bytes, and the field of its numbers."""


def runs(place: Path) -> Iterator[Tracked]:
    """Every run below a folder, or the one of an event file, each read when it is its turn. Raises `UserError` where
    there is none."""
    found: dict[Path, list[Path]] = {}
    if place.is_file():
        found[place.parent] = [place]
    else:
        for folder, _, names in os.walk(place):
            if events := sorted(name for name in names if MARK in name):
                found[Path(folder)] = [Path(folder) / name for name in events]
    if not found:
        raise UserError(f"{place} holds no event files of TensorBoard, whose names have '{MARK}' in them")
    if len(found) > MOST_RUNS:
        raise UserError(f"{place} holds {len(found):,} runs; name a folder with at most {MOST_RUNS:,}")
    return (_tracked(parts, place, found) for parts in _grouped(sorted(found)))


def _grouped(folders: list[Path]) -> Iterator[list[Path]]:
    """The folders of each run: where a folder has no event files, but a `train` and a `validation` with such, both."""
    known, done = set(folders), set()
    for folder in folders:
        both = [folder.parent / name for name in _KERAS]
        if folder in both and folder.parent not in known and known.issuperset(both):
            if folder.parent not in done:
                done.add(folder.parent)
                yield both
        else:
            yield [folder]


def _tracked(folders: list[Path], place: Path, found: dict[Path, list[Path]]) -> Tracked:
    home = folders[0] if len(folders) == 1 else folders[0].parent
    base = place.parent if place.is_file() else place
    title = str(home.relative_to(base)) if home != base else home.resolve().name
    tracked = Tracked(f"{home.resolve().name}/{found[folders[0]][0].name}", title)
    for folder in folders:
        prefix = f"{folder.name}/" if len(folders) > 1 else ""
        kinds: dict[str, str] = {}
        for path in found[folder]:
            _read(path, tracked, prefix, kinds)
    return tracked


def _read(path: Path, tracked: Tracked, prefix: str, kinds: dict[str, str]) -> None:
    """Add what one event file holds, under names with this prefix. `kinds` has the plugin of each tag, which only its
    first value may name."""
    try:
        for record in records(path):
            event = _event(record)
            if event.starts and event.step > 0:
                _purge(prefix, event.step, tracked)
            for value in event.values:
                _add(value, event, tracked, prefix, kinds)
    except (DamagedRecordError, ValueError, struct.error):
        tracked.said.append(f"{path.name} is damaged: what lies behind the damage is not taken")


@dataclass
class _Event:
    time: float = 0.0
    step: int = 0
    starts: bool = False
    """Whether a program was started again here: what was logged for this step and later ones counts no more."""
    values: list[bytes] = field(default_factory=list)


def _event(record: bytes) -> _Event:
    event = _Event()
    for number, kind, value in fields(record):
        if number == 1 and kind == 1 and isinstance(value, bytes):
            (event.time,) = struct.unpack("<d", value)
        elif number == 2 and isinstance(value, int):
            event.step = signed(value)
        elif number == 5 and isinstance(value, bytes):
            event.values += [part for name, _, part in fields(value) if name == 1 and isinstance(part, bytes)]
        elif number == 7 and isinstance(value, bytes):
            event.starts = any(name == 1 and part == 1 for name, _, part in fields(value))
    return event


def _purge(prefix: str, step: int, tracked: Tracked) -> None:
    gone = tracked.images.drop_from(step, prefix)
    for tag, points in tracked.series.items():
        if tag.startswith(prefix):
            kept = [point for point in points if point.step < step]
            gone += len(points) - len(kept)
            tracked.series[tag] = kept
    if gone:
        tracked.said.append(f"started again at step {step:,}: {count(gone, 'value')} from before count no more")


def _add(value: bytes, event: _Event, tracked: Tracked, prefix: str, kinds: dict[str, str]) -> None:
    """One value of a summary."""
    tag, scalar, tensor, other, picture = "", None, None, "", None
    for number, kind, part in fields(value):
        if isinstance(part, int):
            continue
        if number == 1:
            tag = part.decode(errors="replace")
        elif number == 2 and kind == 5:
            (scalar,) = struct.unpack("<f", part)
        elif number == 8:
            tensor = part
        elif number == 9:
            plugin, content = _plugin(part)
            if plugin:
                kinds[tag or "?"] = plugin
            if plugin == "hparams":
                tracked.config |= _settings(content)
        elif number == 4:
            picture = next((item for name, _, item in fields(part) if name == 4 and isinstance(item, bytes)), b"")
        elif number in _OTHERS:
            other = _OTHERS[number]
    plugin = kinds.get(tag or "?", "")
    if scalar is None and tensor is not None and plugin in ("", "scalars"):
        scalar = _number(tensor)
        other = "" if scalar is not None else "tensor"
    elif tensor is not None and plugin == "images":
        # Width and height as texts, then the pictures of a batch.
        pictures = [item for name, _, item in fields(tensor) if name == 8 and isinstance(item, bytes)][2:]
        for number, item in enumerate(pictures):
            tracked.add_image(prefix + (f"{tag}/{number}" if len(pictures) > 1 else tag), event.step, item)
    elif tensor is not None:
        other = _PLUGINS.get(plugin, plugin)
    if picture is not None:
        tracked.add_image(prefix + tag, event.step, picture)
    if scalar is not None:
        tracked.series.setdefault(prefix + tag, []).append(Point(event.step, scalar, event.time))
    elif other and other != "hparams":
        tracked.leave(other)


def _plugin(metadata: bytes) -> tuple[str, bytes]:
    """The plugin that a value is for, and the content that it has for it."""
    for number, _, part in fields(metadata):
        if number == 1 and isinstance(part, bytes):
            parts = {name: value for name, _, value in fields(part) if isinstance(value, bytes)}
            return parts.get(1, b"").decode(errors="replace"), parts.get(2, b"")
    return "", b""


def _number(tensor: bytes) -> float | None:
    """The number in a tensor that holds one; None for any other."""
    parts = list(fields(tensor))
    kind = next((value for number, _, value in parts if number == 1), 0)
    if not isinstance(kind, int) or kind not in _TENSORS:
        return None
    code, numbers = _TENSORS[kind]
    content = b"".join(value for number, _, value in parts if number == 4 and isinstance(value, bytes))
    if content:
        size = struct.calcsize(code)
        return float(struct.unpack(f"<{code}", content)[0]) if len(content) == size else None
    listed = packed((part for part in parts if part[0] == numbers), "q" if code in "iq" else code)
    return float(listed[0]) if len(listed) == 1 else None


def _settings(content: bytes) -> dict[str, Any]:
    """The hyperparameters of a session, as the plugin of that name keeps them."""
    found: dict[str, Any] = {}
    for number, _, started in fields(content):
        if number != 3 or not isinstance(started, bytes):
            continue
        for name, _, entry in fields(started):
            if name == 1 and isinstance(entry, bytes):
                pair = {key: value for key, _, value in fields(entry) if isinstance(value, bytes)}
                found[pair.get(1, b"").decode(errors="replace")] = _value(pair.get(2, b""))
    return found


def _value(content: bytes) -> Any:
    """A `google.protobuf.Value` that is a number, a text or a truth value."""
    for number, _, value in fields(content):
        if number == 2 and isinstance(value, bytes):
            return struct.unpack("<d", value)[0]
        if number == 3 and isinstance(value, bytes):
            return value.decode(errors="replace")
        if number == 4:
            return bool(value)
    return None
