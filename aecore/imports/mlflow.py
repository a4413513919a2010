"""The runs that MLflow keeps: in a folder `mlruns` of text files, or in its database `mlflow.db`."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from aecore.errors import UserError
from aecore.files import MB, read_regular
from aecore.imports.pictures import add_artifacts
from aecore.imports.sqlite import columns, opened, rows
from aecore.imports.tracked import Point, Tracked

NAME = "MLflow"
_STATES = {"FAILED": "failed", "KILLED": "stopped"}
_FILE_STATES = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
_MOST_FILE = 256 * MB
_MOST_FILES = 1_000_000
_ARTIFACTS = ("mlruns", "mlartifacts")
"""Beside a database, the folders in which it has its files unless it was told otherwise."""
_TITLE, _NOTE, _IMAGES = "mlflow.runName", "mlflow.note.content", "mlflow.loggedImages"


def runs(place: Path) -> list[Tracked]:
    """Every run of a database, of a folder of text files, or of what lies in a folder under the usual names. Raises
    `UserError` where there is none."""
    if place.is_file():
        return _of_database(place)
    found: list[Tracked] = []
    databases = sorted(place.glob("*.db"))
    for path in databases:
        with opened(path) as base:
            if "run_uuid" not in columns(base, "runs"):
                continue
        found += _of_database(path)
    for folder in (place, place / "mlruns"):
        if folder.is_dir():
            found += _of_folder(folder)
    if not found:
        raise UserError(f"{place} holds no runs of MLflow: neither a database mlflow.db nor a folder mlruns with any")
    return found


def _of_database(path: Path) -> list[Tracked]:
    with opened(path) as base:
        if "run_uuid" not in columns(base, "runs"):
            raise UserError(f"{path} is no database of MLflow: it has no table of runs")
        groups = dict(rows(base, "experiments", ("experiment_id", "name")))
        found: dict[str, Tracked] = {}
        wanted = ("run_uuid", "name", "status", "start_time", "end_time", "experiment_id", "lifecycle_stage")
        for key, name, status, start, end, number, stage in rows(base, "runs", wanted):
            if stage == "deleted":
                continue
            tracked = found[key] = Tracked(str(key), str(name or key))
            _describe(tracked, str(status), start, end, str(groups.get(number) or ""))
            for folder in _ARTIFACTS:
                add_artifacts(tracked, path.parent / folder / str(number) / str(key) / "artifacts")
        for key, name, value in rows(base, "params", ("run_uuid", "key", "value")):
            if key in found:
                found[key].config[str(name)] = value
        for key, name, value in rows(base, "tags", ("run_uuid", "key", "value")):
            if key in found:
                _tag(found[key], str(name), str(value or ""))
                if name == _IMAGES and not found[key].files:
                    found[key].leave("set of images that is not beside the database")
        # In the order of writing: of two values for one step the later one counts.
        wanted = ("run_uuid", "key", "step", "value", "timestamp", "is_nan")
        for key, name, step, value, time, is_nan in rows(base, "metrics", wanted, "timestamp, rowid"):
            if key in found:
                number = math.nan if is_nan else _finite_or_not(float(value))
                found[key].series.setdefault(str(name), []).append(Point(int(step or 0), number, _seconds(time)))
    return list(found.values())


def _finite_or_not(value: float) -> float:
    """The database keeps the largest numbers that there are for infinity."""
    return math.copysign(math.inf, value) if abs(value) == sys.float_info.max else value


def _of_folder(folder: Path) -> list[Tracked]:
    found = []
    for experiment in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        group = _meta(experiment / "meta.yaml")
        if group.get("lifecycle_stage") == "deleted":
            continue
        for home in sorted(path for path in experiment.iterdir() if path.is_dir()):
            about = _meta(home / "meta.yaml")
            key = about.get("run_id") or about.get("run_uuid")
            if not key or about.get("lifecycle_stage") == "deleted":
                continue
            tracked = Tracked(key, about.get("run_name") or key)
            status = _FILE_STATES.get(about.get("status", ""), about.get("status", ""))
            _describe(tracked, status, about.get("start_time"), about.get("end_time"), group.get("name", ""))
            tracked.config |= _texts(home / "params")
            for name, value in _texts(home / "tags").items():
                _tag(tracked, name, value)
            add_artifacts(tracked, home / "artifacts")
            for name, text in _texts(home / "metrics").items():
                tracked.series[name] = [_point(line, home, name) for line in text.splitlines() if line.strip()]
            found.append(tracked)
    return found


def _point(line: str, home: Path, name: str) -> Point:
    """A line of a metric: time in milliseconds, value and, since long ago, step."""
    parts = line.split()
    try:
        return Point(int(parts[2]) if len(parts) > 2 else 0, float(parts[1]), _seconds(parts[0]))
    except (ValueError, IndexError):
        raise UserError(f"{home / 'metrics' / name}: '{line[:60]}' should be time, value and step") from None


def _describe(tracked: Tracked, status: str, start: object, end: object, group: str) -> None:
    tracked.state = _STATES.get(status, "finished")
    tracked.started, tracked.ended = _seconds(start), _seconds(end)
    tracked.group = "" if group == "Default" else group
    if status == "FAILED":
        tracked.error = "failed, as MLflow has it"
    if status in ("RUNNING", "SCHEDULED"):
        tracked.state = "stopped"
        tracked.said.append("MLflow has it as running: import again for what it logs from now on")


def _tag(tracked: Tracked, name: str, value: str) -> None:
    if name == _TITLE and value:
        tracked.title = value
    elif name == _NOTE:
        tracked.note = value
    elif not name.startswith("mlflow."):
        tracked.config[f"tag {name}"] = value


def _seconds(milliseconds: object) -> float | None:
    try:
        return None if milliseconds in (None, "", "null") else int(float(str(milliseconds))) / 1000
    except (ValueError, OverflowError):
        return None


def _texts(folder: Path) -> dict[str, str]:
    """The files below a folder by their path in it, which is their name."""
    found: dict[str, str] = {}
    for place, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(place) / name
            if len(found) >= _MOST_FILES:
                raise UserError(f"{folder} holds more than {_MOST_FILES:,} files")
            found[path.relative_to(folder).as_posix()] = _text(path)
    return found


def _text(path: Path) -> str:
    try:
        return read_regular(path, _MOST_FILE).decode(errors="replace")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None


def _meta(path: Path) -> Mapping[str, str]:
    """The values of a meta.yaml, which has one a line; empty without it."""
    if not path.is_file():
        return {}
    found = {}
    for line in _text(path).splitlines():
        if pair := re.match(r"(\w+):\s*(.*?)\s*$", line):
            found[pair[1]] = _unquoted(pair[2])
    return found


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return "" if text == "null" else text
