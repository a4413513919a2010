"""That somebody has signed in: a text which the server signs and the browser keeps, instead of the token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time

from aecore.access.person import NOBODY, Person
from aecore.access.tokens import Access, Token

HOURS = 12
"""After how long one signs in again."""
LONGEST = 2000
_ended: dict[str, float] = {}
"""Sessions that were signed out of, until they would have ended anyway."""


def begin(access: Access, token: Token, name: str) -> str:
    """The text for the browser of a person who has shown a token, and who is called `name` if the token has no name."""
    content = {
        "token": token.id,
        "name": token.name or name,
        "until": int(time.time()) + HOURS * 3600,
        "once": secrets.token_hex(8),
    }
    payload = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")  # a cookie without quotes
    return f"{payload}.{_signature(access, payload)}"


def person_of(access: Access, text: str) -> Person:
    """Who that text stands for: nobody if it is not one of ours, has run out, was signed out of, or its token is gone.

    The role is the token's now, not what it was when the person signed in.
    """
    if not (content := _content(access, text)) or content["once"] in _ended:
        return NOBODY
    token = access.token(content["token"])
    if token is None or not time.time() < content["until"] <= time.time() + HOURS * 3600:
        return NOBODY
    return Person(token.name or content["name"], token.role)


def end(access: Access, text: str) -> None:
    """Sign out: nobody is let in with that text again while this server runs."""
    now = time.time()
    for once in [once for once, until in _ended.items() if until < now]:
        del _ended[once]
    if content := _content(access, text):
        _ended[content["once"]] = content["until"]


def _content(access: Access, text: str) -> dict | None:
    payload, _, signature = text.partition(".")
    if len(text) > LONGEST or not hmac.compare_digest(signature.encode(), _signature(access, payload).encode()):
        return None
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def _signature(access: Access, payload: str) -> str:
    return hmac.new(bytes.fromhex(access.secret), payload.encode(), hashlib.sha256).hexdigest()
