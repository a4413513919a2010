"""`.remote.json` of a run of one's own: the key that only its sender knows, and what each server has of it."""

from __future__ import annotations

import contextlib
import copy
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from typing import Any

import filelock

from aecore.errors import DamagedError, told
from aecore.files import atomic_file
from aecore.remote.protocol import is_key
from aecore.runs.json_files import read_table
from aecore.runs.run import Run

REMOTE = ".remote.json"
LOCK_WAIT_S = 5


@told("keeping the run's key")
def key_of(run: Run) -> str:
    """The run's key, made where it has none: with it nobody else's run of the same id can be written to. Raises
    `AecoreError` where it cannot be read or kept."""
    with _changing(run) as table:
        if not is_key(str(table.get("key"))):
            table["key"] = secrets.token_hex(32)
        return table["key"]


def has_key(run: Run, key: str) -> bool:
    """Whether this is the sender's own run."""
    return hmac.compare_digest(str(_read(run).get("key")).encode(), key.encode())


def known(run: Run, server: str) -> dict[str, Any]:
    """What is remembered of a server: `id`, the run's there; of when all of it was sent `here`, the mark of its files,
    and `there`, that of what the server had; `gone`, true once it was deleted there."""
    servers = _read(run).get("servers")
    found = servers.get(server) if isinstance(servers, dict) else None
    return found if isinstance(found, dict) else {}


@told("remembering what was sent")
def remember(run: Run, server: str, **changes: Any) -> None:
    """Change what is remembered of a server."""
    with _changing(run) as table:
        table["servers"] = table.get("servers") or {}
        table["servers"][server] = (table["servers"].get(server) or {}) | changes


def _read(run: Run) -> dict[str, Any]:
    with contextlib.suppress(DamagedError):
        return read_table(run.file(REMOTE), f"run {run.id}")
    return {}


@contextlib.contextmanager
def _changing(run: Run) -> Iterator[dict[str, Any]]:
    """The table, written back where it has changed. One that cannot be read is not replaced: with another key the run
    would come to the server a second time."""
    with filelock.FileLock(run.file(f"{REMOTE}.lock"), timeout=LOCK_WAIT_S):
        before = read_table(run.file(REMOTE), f"run {run.id}") if os.path.lexists(run.file(REMOTE)) else {}
        table = copy.deepcopy(before)
        yield table
        if table != before:
            with atomic_file(run.file(REMOTE), mode=0o600) as file:  # only its owner may read the key
                file.write(json.dumps({"format": 1} | table, indent=1).encode())
