"""One request after the other to a server, with the standard library alone."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

from aecore.errors import AecoreError
from aecore.format import printable
from aecore.remote.protocol import KEY_HEADER, PLACE
from aecore.remote.server import REMOTE, Server

TIMEOUT_S = 20
MOST_ANSWER = 1 << 20


class SendingError(AecoreError):
    """A request was not done, in one line. `code` is that of the answer, 0 without one; `answer` its table; `passing`
    is true where the same request may succeed later."""

    def __init__(
        self, message: str, code: int = 0, answer: Mapping[str, Any] | None = None, passing: bool = True
    ) -> None:
        super().__init__(message)
        self.code, self.answer, self.passing = code, answer or {}, passing


class Connection:
    """A connection to a server, kept open between requests."""

    def __init__(self, server: Server, key: str) -> None:
        self.server, self.key = server, key
        self._open: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: bytes | Mapping[str, Any], **query: str | int) -> dict[str, Any]:
        """The table of the answer. Raises `SendingError`."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        place = urlsplit(self.server.address).path + PLACE + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {self.server.token}", KEY_HEADER: self.key, "Accept": "application/json"}
        for fresh in (self._open is None, True):
            try:
                if fresh:
                    self.close()
                    self._open = _opened(self.server)
                assert self._open is not None
                self._open.request(method, place, data, headers)
                response = self._open.getresponse()
                return self._table(response, response.read(MOST_ANSWER + 1))
            except SendingError:
                self.close()
                raise
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if fresh:
                    raise SendingError(self._reason(error)) from None
                # The server closes connections that nothing has come over for a while.
        raise AssertionError

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _table(self, response: http.client.HTTPResponse, data: bytes) -> dict[str, Any]:
        code, address = response.status, self.server.address
        if 300 <= code < 400:
            target = printable(str(response.headers.get("Location", "elsewhere")))[:200]
            plain = target.startswith("http:") and address.startswith("https:")
            more = "that is not followed, as the token would cross the network in the clear"
            raise SendingError(f"{address} leads to {target}: {more if plain else f'set {REMOTE} to where the app is'}")
        try:
            table = json.loads(data) if len(data) <= MOST_ANSWER else None
        except (ValueError, RecursionError):
            table = None
        if isinstance(table, dict) and 200 <= code < 300 and table.keys() & {"whole", "stop"}:
            return table
        if isinstance(table, dict) and isinstance(table.get("error"), str):
            passing = code in (401, 429) or code >= 500
            raise SendingError(printable(f"{address}: {table['error']}"), code, table, passing)
        if code == 413:
            raise SendingError(f"a proxy before {address} takes no requests of this size", code, passing=False)
        if code in (200, 403, 404, 405):
            raise SendingError(f"{address} takes no runs: start it with 'aecore serve' and a token (docs/remote.md)")
        raise SendingError(f"{address} answers {code} {printable(response.reason)[:60]}")

    def _reason(self, error: BaseException) -> str:
        address = self.server.address
        if isinstance(error, ssl.SSLCertVerificationError):
            why = f"its certificate is not trusted: {error.verify_message}"
            return f"{address}: {why} (SSL_CERT_FILE can name another authority)"
        if isinstance(error, ssl.SSLError):
            return f"{address}: no encrypted connection: {error.reason or error}"
        if isinstance(error, socket.gaierror):
            return f"{address}: there is no machine of that name, or no network"
        if isinstance(error, TimeoutError):
            return f"{address}: no answer within {TIMEOUT_S} s"
        if isinstance(error, ConnectionRefusedError):
            return f"{address}: nothing answers there"
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return f"{address}: the connection broke: {text or type(error).__name__}"


def _opened(server: Server) -> http.client.HTTPConnection:
    """A new connection, through the proxy that the environment names for https."""
    parts = urlsplit(server.address)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    context = ssl.create_default_context()
    named = "" if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get("https", "")
    proxy = urlsplit(named if "://" in named else f"//{named}")  # curl and pip take one without http:// too
    if not proxy.hostname:
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
    through = http.client.HTTPSConnection(proxy.hostname, proxy.port or 8080, timeout=TIMEOUT_S, context=context)
    through.set_tunnel(host, port, _who_asks(proxy))
    return through


def _who_asks(proxy: SplitResult) -> dict[str, str]:
    """The header with the name and the password that the address of a proxy holds."""
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
