"""Making runs of what other tools recorded, and bringing those up to date that are here already."""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from aecore import access
from aecore.config.experiment import Experiment
from aecore.errors import AecoreError, DamagedError, UserError, describe_os_error, nearest
from aecore.files import atomic_write, reason
from aecore.format import count
from aecore.imports.lines import Lines, lines_of
from aecore.imports.names import names_for
from aecore.imports.pictures import put_aside
from aecore.imports.tracked import Tracked
from aecore.runs import sums
from aecore.runs.json_files import now
from aecore.runs.notes import LONGEST_GROUP, LONGEST_NOTE, LONGEST_TITLE, check_text
from aecore.runs.plain_values import plain
from aecore.runs.run import LOGGED, METRICS, NOTES, UNKNOWN_IMAGES, Run
from aecore.runs.store import Store

TOOLS = ("tensorboard", "mlflow", "trackio", "csv")
_MODULES = {"csv": "table"}
MOST_CONFIG = 1 << 20


@dataclass(frozen=True)
class Outcome:
    """What became of one run of another tool."""

    run: Run
    what: str
    """`added`, `refreshed`, `unchanged`, or `kept` where here is more than there."""
    names: dict[str, str]
    """The name of each curve here, by its name there."""
    said: tuple[str, ...]
    """What its user should know: what was not taken and what was logged twice, a line each."""

    def as_json(self) -> dict[str, Any]:
        return {"run": self.run.id, "what": self.what, "names": self.names, "said": list(self.said)}


@dataclass(frozen=True)
class Found:
    """What became of all runs of another tool."""

    outcomes: tuple[Outcome, ...]
    without_numbers: tuple[str, ...]
    """The titles of runs that hold no numbers and are left out."""

    def as_json(self) -> dict[str, Any]:
        runs = [outcome.as_json() for outcome in self.outcomes]
        return {"runs": runs, "without_numbers": list(self.without_numbers)}


def import_runs(tool: str, place: Path, store: Store | None = None, data_name: str = "") -> Found:
    """Make a run of ours of every run that a tool has recorded in a folder or file, curves and settings alone.

    What was imported before is not added again: a run that has grown is brought up to date, and the title, note and
    group that its user gave it stay. `data_name` says which images the runs were trained on. Raises `UserError` for a
    tool that is not known, and for files that cannot be read; the store is then unchanged.
    """
    access.permit("adding runs")
    if tool not in TOOLS:
        raise UserError(f"--from {tool}: {nearest(tool, TOOLS)}")
    if not place.exists():
        raise UserError(f"there is no folder or file {place}")
    if data_name:
        from aecore import data

        data.data_set(data_name)  # says what is wrong with the name
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as aside:
        module = importlib.import_module(f"aecore.imports.{_MODULES.get(tool, tool)}")
        found = _read(module, place, Path(aside))
        return _stored(tool, module.NAME, place, found, store or Store.default(), data_name or UNKNOWN_IMAGES)


def _read(module: Any, place: Path, aside: Path) -> list[Tracked]:
    """All runs, and their images in files of the folder `aside`."""
    found: list[Tracked] = []
    try:
        for tracked in module.runs(place):
            put_aside(tracked, aside / str(len(found)))
            found.append(tracked)
    except OSError as error:
        raise UserError(f"{place} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, OverflowError) as error:  # a database may hold anything in any column
        raise UserError(f"{place} holds something else than {module.NAME} writes: {reason(error)}") from None
    return found


def _stored(tool: str, by: str, place: Path, found: list[Tracked], store: Store, data_name: str) -> Found:
    read = [(tracked, names := names_for(tracked.series), lines_of(tracked, names)) for tracked in found]
    with_values = [entry for entry in read if entry[2].entries]
    if not with_values:
        why = "".join(f": {line}" for tracked in found for line in tracked.said[:1])[:300]
        raise UserError(f"{place} holds {count(len(found), 'run')} of {by}, and no numbers{why}")
    here = _here(store, tool)
    outcomes, seen = [], set()
    for tracked, names, lines in with_values:
        key = tracked.key
        if key in seen:  # a copied folder: both are runs
            key = f"{tracked.title}#{key}"
        seen.add(key)
        made = _Made(tool, by, key, tracked, lines, data_name)
        known = here.get(key)
        outcomes.append(_refreshed(known, made, names) if known else _added(store, made, names))
    return Found(tuple(outcomes), tuple(tracked.title for tracked, _, lines in read if not lines.entries))


@dataclass(frozen=True)
class _Made:
    """A run as it is written."""

    tool: str
    by: str
    key: str
    tracked: Tracked
    lines: Lines
    data_name: str

    @property
    def doubts(self) -> list[str]:
        """What concerns the numbers, and stands on the run."""
        return [*self.tracked.said, *self.lines.said]

    @cached_property
    def images(self) -> bytes:
        """The file of logged images; empty where there are none."""
        return self.tracked.aside.read_bytes() if self.tracked.aside else b""

    @property
    def said(self) -> tuple[str, ...]:
        return (*self.doubts, *([left] if (left := self.tracked.left_out) else []))

    def status(self, content: bytes) -> dict[str, Any]:
        tracked, lines = self.tracked, self.lines
        config = plain(tracked.config)
        if len(json.dumps(config)) > MOST_CONFIG:
            config = {"left out": "more than a megabyte of settings"}
        table = {
            "state": tracked.state,
            "title": _line(tracked.title, LONGEST_TITLE) or self.by,
            "submitted": _iso(tracked.started or lines.first) or now(),
            "started": _iso(tracked.started or lines.first),
            "ended": _iso(tracked.ended or lines.last),
            "epoch": int(lines.entries[-1]["epoch"]),
            "epochs": None,
            "process": None,
            "error": tracked.error,
            "remarks": [{"kind": "recording", "text": text} for text in self.doubts],
            "recorded": {"by": self.by, "network": None, "config": config, "counts": tracked.counts},
        }
        told = {key: value for key, value in table.items() if key != "submitted"}
        if self.images:
            told["images"] = hashlib.sha256(self.images).hexdigest()
        digest = hashlib.sha256(content + json.dumps(told, sort_keys=True).encode()).hexdigest()
        source = {"tool": self.tool, "key": self.key, "values": lines.values, "sha256": digest}
        table["recorded"]["source"] = source
        return table


def _added(store: Store, made: _Made, names: dict[str, str]) -> Outcome:
    content = made.lines.to_bytes()
    status = made.status(content)
    experiment = Experiment.parse({
        "name": status["title"], "data": {"name": made.data_name}, "model": {"kind": "external-restorer"},
    })  # fmt: skip
    owner = {"owner": person} if (person := access.current().name) else {}
    about = {} if made.data_name == UNKNOWN_IMAGES else {"data": _images(made.data_name)}
    notes = {"title": "", "note": _paragraph(made.tracked.note), "group": _line(made.tracked.group, LONGEST_GROUP)}

    def prepare(draft: Run) -> None:
        draft.write_status(**status, **owner, **about)
        atomic_write(draft.file(METRICS), content)
        sums.record(draft.path, sums.GROWING.__contains__)
        if made.images:
            draft.write_files({LOGGED: made.images})
        if notes["note"] or notes["group"]:
            draft.write_json(NOTES, {key: text for key, text in notes.items() if text or key != "group"})

    run = _written(lambda: store.create(experiment, prepare))
    return Outcome(run, "added", names, made.said)


def _refreshed(run: Run, made: _Made, names: dict[str, str]) -> Outcome:
    content = made.lines.to_bytes()
    status, before = made.status(content), (run.status().get("recorded") or {}).get("source") or {}
    after = status["recorded"]["source"]
    said = made.said
    if before.get("sha256") == after["sha256"]:
        return Outcome(run, "unchanged", names, said)
    if isinstance(before.get("values"), int) and before["values"] > after["values"]:
        fewer = f"left as it is: it has {before['values']:,} values here and {after['values']:,} there"
        return Outcome(run, "kept", names, (fewer, *said))
    access.permit("adding runs", run)

    def write() -> Run:
        sums.forget(run.path, METRICS)  # a crash in between leaves a file without a sum, not one with a wrong one
        atomic_write(run.file(METRICS), content)
        sums.record(run.path, sums.GROWING.__contains__)
        if made.images:
            run.write_files({LOGGED: made.images})
        run.write_status(**status)
        return run

    return Outcome(_written(write), "refreshed", names, said)


def _written(write: Callable[[], Run]) -> Run:
    try:
        return write()
    except OSError as error:
        raise AecoreError(describe_os_error(error, "writing the run")) from None


def _here(store: Store, tool: str) -> dict[str, Run]:
    """The runs that were imported from a tool before, by what the tool knows them by."""
    found = {}
    for run in store.runs():
        try:
            source = (run.status().get("recorded") or {}).get("source")
        except DamagedError:
            continue
        if not run.shipped and isinstance(source, dict) and source.get("tool") == tool:
            found.setdefault(str(source.get("key")), run)
    return found


def _images(name: str) -> dict[str, Any]:
    from aecore import data

    return data.data_set(name).info.as_json()


def _line(text: str, longest: int) -> str:
    """A title or group as there may be, of whatever text."""
    plain_text = " ".join(re.sub(r"[^\w\s!-~°-ÿ–—·]+", " ", text).split())[:longest].strip()
    return check_text("group" if longest == LONGEST_GROUP else "title", plain_text)


def _paragraph(text: str) -> str:
    kept = "".join(character for character in text if character in "\n\t" or character.isprintable())
    return check_text("note", kept[:LONGEST_NOTE])


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"
    except (OverflowError, ValueError, OSError):
        return None
