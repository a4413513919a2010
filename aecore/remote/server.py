"""Where runs are sent, and the token that lets a sender in. Who neither sends nor receives imports this alone."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aecore.errors import UserError

REMOTE, TOKEN = "AECORE_REMOTE", "AECORE_TOKEN"
SERVED_TOKEN = "AECORE_SERVED_TOKEN"
"""How `aecore serve` tells the app its token: command lines can be read by others on the machine."""
LOCAL = ("localhost", "127.0.0.1", "::1")
_TOKEN = re.compile(r"[!-~]{16,512}")


@dataclass(frozen=True)
class Server:
    """The server that `AECORE_REMOTE` names."""

    address: str
    """Without a slash at its end."""
    token: str = field(repr=False)


def server() -> Server | None:
    """The server that the environment names; None where it names none. Raises `UserError` for an address or a token
    that cannot be one."""
    address = os.environ.get(REMOTE, "").strip().rstrip("/")
    if not address:
        return None
    right = "should look like https://lab.example.org"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UserError(f"{REMOTE}: {right}: {error}") from None
    if parts.username or parts.password:
        raise UserError(f"{REMOTE}: holds a name or a password; the token belongs into {TOKEN}")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or not address.isascii():
        raise UserError(f"{REMOTE}: {right}, got '{address[:100]}'")
    if parts.scheme == "http" and host not in LOCAL:
        raise UserError(
            f"{REMOTE}: http would show the token to the network; use https, or http://localhost through a tunnel "
            f"(ssh -L 8501:localhost:8501 {host})"
        )
    token = os.environ.get(TOKEN, "")
    if not token.strip():
        raise UserError(f"{REMOTE} is set and {TOKEN} is not: it is what the server was started with")
    return Server(address, checked_token(token, TOKEN))


def checked_token(text: str, where: str) -> str:
    """The token; `where` names the setting that has it. Raises `UserError`, which does not quote it, for one that is
    too short to keep anybody out or cannot be sent."""
    text = text.strip()
    if not _TOKEN.fullmatch(text):
        what = f"has {len(text)} characters" if len(text) < 16 else "has blanks or other characters, or more than 512"
        raise UserError(
            f"{where}: a token has from 16 to 512 letters, digits or signs without blanks, such as what "
            f"'openssl rand -hex 32' prints; this one {what}"
        )
    return text
