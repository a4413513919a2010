"""The endpoint that takes runs from other machines, on the app's port; only where `aecore serve` was given a token.

Whoever sends proves with the token that they may, in a header that no other site can make a browser send. Nothing of a
request is written to a log.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from aecore.access import Person, audit
from aecore.errors import AecoreError, UserError
from aecore.files import parse_json
from aecore.remote import pieces, receive
from aecore.remote.protocol import KEY_HEADER, MOST_PIECE, MOST_TABLE, PLACE, is_key
from aecore.remote.received import RefusedError
from aecore.runs.store import Store
from dashboard.server.sign_in import Attempts

Work = Callable[[Request, bytes], dict[str, Any]]
attempts = Attempts()
_let_in: set[str] = set()
"""Addresses from which the token was shown: strangers elsewhere who guess do not keep them out."""


def routes_for(token: str) -> list[Route]:
    """The endpoint's addresses, below the path of the app, for senders who show this token."""
    place = ("/" + str(st.get_option("server.baseUrlPath") or "").strip("/")).rstrip("/") + PLACE
    asked: tuple[tuple[str, str, int, Work], ...] = (
        (place, "POST", MOST_TABLE, _begin),
        (place + "/{run}/status", "PUT", MOST_TABLE, _status),
        (place + "/{run}/growing/{name:path}", "POST", MOST_PIECE, _grow),
        (place + "/{run}/whole/{name:path}", "PUT", MOST_PIECE, _put),
    )
    digest = _digest(token)
    return [Route(path, _answering(digest, most, work), methods=[method]) for path, method, most, work in asked]


def _answering(token: str, most: int, work: Work) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            _check_token(request, token)
            length = request.headers.get("content-length", "")
            if not (length.isascii() and length.isdigit()):
                raise RefusedError("the length of the request is missing", 411)
            if int(length) > most:
                raise RefusedError(f"a request here has at most {most:,} bytes, this one {int(length):,}", 413)
            return _answer(await run_in_threadpool(work, request, await _body(request, most)))
        except ClientDisconnect:
            return Response(status_code=400)
        except RefusedError as problem:
            return _answer({"error": str(problem)} | problem.more, problem.code)
        except AecoreError as problem:
            return _answer({"error": str(problem)}, 400 if isinstance(problem, UserError) else 507)

    return answer


def _answer(table: Mapping[str, Any], code: int = 200) -> Response:
    """A table as JSON in ASCII: it may quote half a character of a request, which UTF-8 has no bytes for."""
    return Response(json.dumps(table), code, media_type="application/json")


async def _body(request: Request, most: int) -> bytes:
    """The request's body. It is counted too: one that comes in chunks has whatever length it likes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise RefusedError(f"a request here has at most {most:,} bytes", 413)
    return bytes(body)


def _check_token(request: Request, token: str) -> None:
    address = request.client.host if request.client else ""
    if attempts.too_many(address, alone=address in _let_in):
        raise RefusedError("too many wrong tokens within a minute; try again in a minute", 429)
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and hmac.compare_digest(_digest(text.strip()), token):
        _let_in.add(address)
        return
    if text:
        attempts.failed_from(address)
    why = "the token is not the one that this server was started with" if text else "a token is missing"
    raise RefusedError(why, 401)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _key(request: Request) -> str:
    key = request.headers.get(KEY_HEADER, "")
    if not is_key(key):
        raise RefusedError(f"the run's key is missing ({KEY_HEADER})")
    return key


def _table(body: bytes) -> Mapping[str, Any]:
    try:
        found = parse_json(body)
    except ValueError as error:
        raise RefusedError(f"the request is not valid: {error}") from None
    if not isinstance(found, dict):
        raise RefusedError("the request holds no table")
    return found


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise RefusedError(f"{name} should be a number of bytes")
    return int(text)


def _place(request: Request) -> tuple[Store, str, str]:
    return Store.default(), request.path_params["run"], _key(request)


def _begin(request: Request, body: bytes) -> dict[str, Any]:
    found, made = receive.begin(Store.default(), asked := _table(body), _key(request))
    if made:
        address = request.client.host if request.client else ""
        audit.record(
            Person("a sender with the server's token", "train"),
            "sending a run",
            on=f"{found['id']} from {str(asked.get('host'))[:60]}, {address}",
        )
    return found


def _grow(request: Request, body: bytes) -> dict[str, Any]:
    return pieces.grow(*_place(request), request.path_params["name"], _number(request, "offset"), body)


def _put(request: Request, body: bytes) -> dict[str, Any]:
    sha256 = request.query_params.get("sha256", "")
    offset, size = _number(request, "offset"), _number(request, "bytes")
    after = request.query_params.get("after")
    return pieces.put(*_place(request), request.path_params["name"], offset, size, sha256, body, after)


def _status(request: Request, body: bytes) -> dict[str, Any]:
    return receive.put_status(*_place(request), _table(body))
