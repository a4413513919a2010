"""Tokens: what a person types in to sign in to a server. access.json in the store has their SHA-256, never themselves.

A token is 192 random bits, so a plain hash suffices: there is nothing to guess that a slow one would protect.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import filelock

from aecore.access.person import ROLES, VISITOR, Role
from aecore.access.place import ACCESS, store_root
from aecore.errors import AecoreError, DamagedError, UserError, describe_os_error, nearest
from aecore.files import atomic_file, parse_json, read_regular, reason

PREFIX = "lab-"
LONGEST_NAME = 60
MOST_BYTES = 1 << 20
LOCK_WAIT_S = 5


@dataclass(frozen=True)
class Token:
    """What is kept of a token."""

    id: str
    role: Role
    name: str
    """The person's; empty for one that several people share, who say their names as they sign in."""
    sha256: str
    created: str


@dataclass(frozen=True)
class Access:
    """access.json."""

    secret: str
    """With it the server signs that somebody has signed in."""
    tokens: tuple[Token, ...]

    def token(self, token_id: str) -> Token | None:
        return next((token for token in self.tokens if token.id == token_id), None)

    def matching(self, text: str) -> Token | None:
        """The token that `text` is. Takes as long for one that is nearly right as for any other."""
        digest = _digest(text)
        found = None
        for token in self.tokens:
            if hmac.compare_digest(token.sha256, digest):
                found = token
        return found


def read_access(root: Path | None = None) -> Access | None:
    """Who may use the store; None where there never were tokens. After the last one is removed nobody is let in.

    Raises `DamagedError` where that cannot be read: nobody is let in then either.
    """
    path = (root or store_root()) / ACCESS
    try:
        table = parse_json(read_regular(path, MOST_BYTES))
        tokens = tuple(Token(**entry) for entry in table["tokens"])
        if not all(
            isinstance(value, str) and token.role in ROLES[1:] for token in tokens for value in asdict(token).values()
        ):
            raise ValueError("a token has a role or text of the wrong kind")
        if not re.fullmatch(r"[0-9a-f]{64}", table["secret"]):
            raise ValueError("its secret is not one")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"{ACCESS} cannot be read, so nobody can sign in: {reason(error)}") from None
    return Access(table["secret"], tokens)


def new_token(role: Role, name: str = "", root: Path | None = None) -> tuple[str, Token]:
    """A new token, and what is kept of it. The text is shown once and cannot be had again."""
    if role not in ROLES[1:]:
        raise UserError(f"there is no role '{role}': {nearest(role, ROLES[1:])}")
    name = check_name(name) if name else ""
    text = PREFIX + secrets.token_urlsafe(24)
    created = datetime.now().astimezone().isoformat(timespec="seconds")
    with _changing(root) as table:
        ids = {token["id"] for token in table["tokens"]}
        token_id = next(one for one in iter(lambda: secrets.token_hex(3), "") if one not in ids)
        token = Token(token_id, role, name, _digest(text), created)
        table["tokens"].append(asdict(token))
    return text, token


def remove_token(token_id: str, root: Path | None = None) -> None:
    """Remove a token; whoever signed in with it is signed out. Raises `UserError` where there is none of that id."""
    with _changing(root) as table:
        left = [token for token in table["tokens"] if token["id"] != token_id]
        if len(left) == len(table["tokens"]):
            ids = [token["id"] for token in left]
            raise UserError(f"there is no token '{token_id}': {nearest(token_id, ids) if ids else 'there are none'}")
        table["tokens"] = left


def check_name(name: str) -> str:
    """A person's name without blanks around it. Raises `UserError` for one that is empty, long or no plain text."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UserError(f"a name has from 1 to {LONGEST_NAME} printable characters")
    if name.casefold() == VISITOR:
        raise UserError(f"'{VISITOR}' is what visitors of a demo are called; choose another name")
    return name


def _digest(text: str) -> str:
    return hashlib.sha256(text.strip().encode(errors="surrogateescape")).hexdigest()


@contextlib.contextmanager
def _changing(root: Path | None) -> Iterator[dict[str, Any]]:
    """The table of access.json, written back at the end, readable for the owner of the store alone."""
    root = root or store_root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(root / f".{ACCESS}.lock", timeout=LOCK_WAIT_S):
            access = read_access(root)
            path = root / ACCESS
            tokens = [asdict(token) for token in access.tokens] if access else []
            table = {"format": 1, "secret": access.secret if access else secrets.token_hex(32), "tokens": tokens}
            yield table
            with atomic_file(path, mode=0o600) as file:  # only its owner may read it
                file.write(json.dumps(table, indent=2).encode())
    except filelock.Timeout:
        raise AecoreError(f"another process is changing {ACCESS}; try again") from None
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"writing {ACCESS}")) from None
