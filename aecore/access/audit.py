"""audit.jsonl in the store: who did what, and what was refused to whom.

It is written where several people use a store: with tokens or logins, or on a demo. One line an act; the file is set
aside as audit.1.jsonl when it is large.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import threading
from datetime import datetime
from pathlib import Path

from aecore.access.person import PERSON, Person
from aecore.access.place import ACCESS, store_root
from aecore.format import printable

AUDIT, BEFORE = "audit.jsonl", "audit.1.jsonl"
MOST_BYTES = 10 << 20
_LONGEST = 200
_lock = threading.Lock()


def record(person: Person, act: str, on: str = "", refused: str = "", root: Path | None = None) -> None:
    """Add a line, where the store keeps such a file; never fails, as a full disk must not keep anyone from deleting."""
    root = root or store_root()
    if person.name == "" and PERSON not in os.environ and not (root / ACCESS).exists():
        return
    line = {
        "time": datetime.now().astimezone().isoformat(timespec="seconds"),
        "person": person.name or ("unknown" if person.role == "none" else f"{_system_user()} (at the machine)"),
        "role": person.role,
        "act": act,
    }
    line |= {key: printable(text)[:_LONGEST] for key, text in (("on", on), ("refused", refused)) if text}
    data = (json.dumps(line, ensure_ascii=False) + "\n").encode()
    with contextlib.suppress(OSError), _lock:
        path = root / AUDIT
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size + len(data) > MOST_BYTES:
                path.replace(root / BEFORE)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, data)  # at once: lines of several processes do not mix
        finally:
            os.close(handle)


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user without a name
        return "somebody"
