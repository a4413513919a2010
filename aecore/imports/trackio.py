"""The runs that Trackio keeps: a database for each project."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from aecore.errors import UserError
from aecore.files import parse_json
from aecore.imports.sqlite import columns, opened, rows
from aecore.imports.tracked import Point, Tracked

NAME = "Trackio"
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""JSON has no such numbers; they are written as texts."""


def runs(place: Path) -> list[Tracked]:
    """Every run of a project's database, or of all in a folder. Raises `UserError` where there is none."""
    found: list[Tracked] = []
    for path in [place] if place.is_file() else sorted(place.glob("*.db")):
        found += _of_database(path)
    if not found:
        raise UserError(f"{place} holds no runs of Trackio: it keeps a database PROJECT.db for each project")
    return found


def _of_database(path: Path) -> list[Tracked]:
    found: dict[str, Tracked] = {}
    with opened(path) as base:
        if not {"run_name", "step", "metrics"} <= columns(base, "metrics"):
            return []
        wanted = ("run_id", "run_name", "step", "metrics", "timestamp")
        for key, name, step, values, time in rows(base, "metrics", wanted, "id"):
            tracked = _of(found, path, key, name)
            when = _seconds(time)
            for tag, value in _flat(_table(values, path)):
                if isinstance(value, Path):
                    tracked.files.append((tag, int(step or 0), path.parent / "media", value))
                elif isinstance(value, float):
                    tracked.series.setdefault(tag, []).append(Point(int(step or 0), value, when))
                else:
                    tracked.leave(str(value))
        if "config" in columns(base, "configs"):
            for key, name, config in rows(base, "configs", ("run_id", "run_name", "config")):
                table = _table(config, path)
                _of(found, path, key, name).config |= {k: v for k, v in table.items() if not k.startswith("_")}
        if columns(base, "system_metrics"):
            for key, name in rows(base, "system_metrics", ("run_id", "run_name")):
                _of(found, path, key, name).leave("line of the machine's own numbers")
    return list(found.values())


def _of(found: dict[str, Tracked], path: Path, key: Any, name: Any) -> Tracked:
    known = str(key or name)
    if known not in found:
        found[known] = Tracked(f"{path.stem}/{known}", str(name), group=path.stem)
    return found[known]


def _table(content: Any, path: Path) -> Mapping[str, Any]:
    try:
        table = parse_json(content)
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} holds a line that is no table of values: {error}") from None
    return table if isinstance(table, dict) else {}


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float | str | Path]]:
    """Every value by its name, those of tables in it under both names: a number, the place of an image among the
    project's media, or the kind of what is neither."""
    for name, value in table.items():
        tag = f"{prefix}{name}"
        if isinstance(value, bool | int | float):
            yield tag, float(value)
        elif isinstance(value, str):
            yield tag, _WORDS.get(value, "text")
        elif isinstance(value, dict) and value.get("_type") == "trackio.image" and value.get("file_path"):
            yield tag, Path(str(value["file_path"]))
        elif isinstance(value, dict) and "_type" in value:
            yield tag, str(value["_type"]).removeprefix("trackio.")
        elif isinstance(value, dict):
            yield from _flat(value, f"{tag}/")
        elif value is not None:
            yield tag, "list"


def _seconds(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError):
        return None
