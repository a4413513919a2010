"""The lessons that ship with the project and those of a store, and what a step says of the runs that are there."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from aecore.errors import AecoreError, UserError, nearest, read_text
from aecore.lessons import numbers
from aecore.lessons.definition import Lesson, Step, Text, parse_lesson
from aecore.runs.store import Store

FOLDER = "lessons"
"""In a store: its own lessons. One of the name of a shipped lesson takes its place."""
SHIPPED = Path(__file__).parent
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
MOST_FILES = 200
UNKNOWN = "–"


@dataclass(frozen=True)
class Answer:
    """What a step's answer says here. `text` is Markdown, empty where a claim of the step does not hold; `problems` has
    a line for each claim that is false here and each number that is missing."""

    text: str
    problems: tuple[str, ...]


def lesson(name: str, store: Store) -> Lesson:
    """The lesson of that name. Raises `UserError` where there is none, and for a file that is none."""
    files = _files(store)
    if name not in files:
        raise UserError(f"there is no lesson '{name}': {nearest(name, files)}")
    return _read(files[name])


def lessons(store: Store) -> tuple[list[Lesson], list[str]]:
    """All lessons in order, and a line for each file that is none."""
    found, problems = [], []
    for path in _files(store).values():
        try:
            found.append(_read(path))
        except AecoreError as error:
            problems.append(str(error))
    return sorted(found, key=lambda one: (one.number is None, one.number or 0, one.title)), problems


def filled(text: Text, store: Store) -> tuple[str, list[str]]:
    """A text with its numbers, a dash for each that is missing, and a line for each of those."""
    pieces, missing = [], []
    for piece in text:
        if isinstance(piece, str):
            pieces.append(piece)
            continue
        try:
            pieces.append(numbers.written(piece, store))
        except numbers.MissingError as error:
            pieces.append(UNKNOWN)
            missing.append(str(error))
    return "".join(pieces), missing


def answer(step: Step, store: Store) -> Answer:
    """The step's answer with the numbers of this store; without a text where it would be false here or cannot be
    checked."""
    problems = []
    for claim in step.holds:
        try:
            if not numbers.holds(claim, store):
                problems.append(f"does not hold here: {claim.text} ({numbers.told(claim, store)})")
        except numbers.MissingError as error:
            problems.append(f"cannot be checked here: {error}")
    if problems:
        return Answer("", tuple(dict.fromkeys(problems)))
    text, missing = filled(step.answer, store)
    return Answer(text, tuple(dict.fromkeys(missing)))


def _files(store: Store) -> dict[str, Path]:
    """The files of lessons by name, the store's own instead of shipped ones of the same name."""
    own: list[Path] = []
    with contextlib.suppress(OSError):
        own = sorted((store.root / FOLDER).glob("*.md"))[:MOST_FILES]
    return {path.stem: path for path in (*sorted(SHIPPED.glob("*.md")), *own) if not path.name.startswith(".")}


def _read(path: Path) -> Lesson:
    if not NAME.fullmatch(path.stem):
        raise UserError(f"lesson {path.name}: its name may have small letters, digits and dashes only")
    try:
        stamp = os.stat(path)
    except OSError as error:
        raise UserError(f"lesson {path.name} cannot be read: {error.strerror}") from None
    return _parsed(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(MOST_FILES)
def _parsed(path: Path, _changed: int, _size: int) -> Lesson:
    return parse_lesson(path.stem, read_text(path))
