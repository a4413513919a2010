"""What was found of the contents of runs' files before: `listed.jsonl` in the user's cache.

A list of runs validates hundreds of small tables that nearly all are as they were the last time, and building the
schemas for it takes longer than all else. So what was found is kept under the SHA-256 of the content itself, never
under a file's name or time: every file is still read and compared with its sum, and a content that differs in one byte
is another one. The names also depend on the sources of the rules and on pydantic's version, so that other rules find
nothing. Only what is sound is kept; what is damaged is looked at anew each time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from aecore.data.place import data_root
from aecore.files import MB, atomic_write, parse_json, read_regular

T = TypeVar("T")

MOST_OTHERS = 4000
"""Entries that are kept though they were not needed this time, the last ones; a run has some six."""
MOST_BYTES = 64 * MB
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH

_found: _Found | None = None


class _Found:
    """The entries from before, and those that this process needed."""

    def __init__(self, rules: str, known: dict[str, Any]) -> None:
        self.rules, self.known = rules, known
        self.used: dict[str, Any] = {}

    def once(self, kind: str, content: Any, find: Callable[[], T]) -> T:
        text = f"{self.rules} {kind} {json.dumps(content)}"
        name = hashlib.sha256(text.encode()).hexdigest()[:40]
        value = self.known[name] if name in self.known else find()
        if value:
            self.used[name] = value
        return value


def once(kind: str, content: Any, find: Callable[[], T]) -> T:
    """`find()`, or inside `remembering` what it returned for that content before. It may depend on nothing else, and
    what it returns is JSON; false and empty results are not kept, nor what it raises."""
    return _found.once(kind, content, find) if _found else find()


def path() -> Path:
    """Where the file is: beside the prepared image sets. Its first line is the SHA-256 of the second."""
    return data_root() / "listed.jsonl"


@contextlib.contextmanager
def remembering() -> Iterator[None]:
    """Within it `once` knows what was found before, and at its end that is kept. Without the file, or where it cannot
    be read or written, everything is found again."""
    global _found
    rules = _rules()
    if not rules:
        yield
        return
    known = _read()
    _found = found = _Found(rules, known)
    try:
        yield
    finally:
        _found = None
    if found.used.keys() - known.keys():
        others = [(name, value) for name, value in known.items() if name not in found.used]
        _write(dict(others[-MOST_OTHERS:]) | found.used)


def _read() -> dict[str, Any]:
    try:
        said, _, text = read_regular(path(), MOST_BYTES).partition(b"\n")
        if _is_ours() and parse_json(said) == hashlib.sha256(text).hexdigest():
            return parse_json(text)
    except (OSError, ValueError):
        pass
    return {}


def _write(found: dict[str, Any]) -> None:
    text = json.dumps(found, separators=(",", ":")).encode()
    with contextlib.suppress(OSError):
        if not path().exists() or _is_ours():
            path().parent.mkdir(parents=True, exist_ok=True)
            atomic_write(path(), json.dumps(hashlib.sha256(text).hexdigest()).encode() + b"\n" + text)


def _is_ours() -> bool:
    """Whether nobody else could have written it: people may share a cache, and need not trust each other."""
    about = path().stat()
    return os.name != "posix" or (about.st_uid == os.geteuid() and not about.st_mode & OTHERS_MAY_WRITE)


def _rules() -> str:
    """The SHA-256 of everything that decides what is found; empty where that cannot be read."""
    digest = hashlib.sha256(sys.version.encode())
    here = Path(__file__).parent
    pydantic = find_spec("pydantic")
    if pydantic is None or not pydantic.origin:
        return ""
    try:
        sources = [
            here.parent / "errors.py",
            *sorted(here.glob("*.py")),
            *sorted((here.parent / "config").glob("*.py")),
        ]
        for source in (*sorted(sources), Path(pydantic.origin).with_name("version.py")):
            digest.update(source.read_bytes())
    except OSError:
        return ""
    return digest.hexdigest()
