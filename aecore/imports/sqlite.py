"""Databases of other tools, opened to be read and for nothing else."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aecore.errors import UserError
from aecore.files import check_regular


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A database that nothing is written to. Raises `UserError`, in one line, for a file that is none, now or while it
    is read."""
    try:
        check_regular(path)
        with contextlib.closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as base:
            base.execute("PRAGMA query_only = ON")
            base.execute("PRAGMA trusted_schema = OFF")
            base.text_factory = lambda content: content.decode(errors="replace")
            yield base
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    except sqlite3.Error as error:
        raise UserError(f"{path} cannot be read as a database: {error}") from None


def columns(base: sqlite3.Connection, table: str) -> set[str]:
    """The columns of a table of the file; empty where it is none, or a view."""
    is_table = base.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    return {row[1] for row in base.execute(f'PRAGMA table_info("{table}")')} if is_table else set()


def rows(base: sqlite3.Connection, table: str, names: Sequence[str], order: str = "") -> Iterator[tuple[Any, ...]]:
    """These columns of a table, those that it has not as None."""
    known = columns(base, table)
    listed = ", ".join(f'"{name}"' if name in known else "NULL" for name in names)
    yield from base.execute(f'SELECT {listed} FROM "{table}"{f" ORDER BY {order}" if order else ""}')
