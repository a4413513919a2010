"""A stand-in for the Hugging Face Hub on this machine: it answers what huggingface_hub asks in a push and a fetch of
small files. Nothing here has been compared with the real one but those questions."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote


class Hub(ThreadingHTTPServer):
    """Repositories by their name `USER/NAME`, each with its files as of the last commit."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.tokens: set[str | None] = set()
        """What came with the requests that change something."""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def commit(self, name: str) -> str:
        """A repository's state as the 40 digits of a commit."""
        return hashlib.sha1(repr(sorted(self.repositories[name].items())).encode()).hexdigest()


class _Answer(BaseHTTPRequestHandler):
    server: Hub  # type: ignore[assignment]

    def do_POST(self) -> None:
        body = self._body()
        self.server.tokens.add(self.headers.get("authorization"))
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            self.server.repositories.setdefault(name, {})
            self._json({"url": f"{self.server.endpoint}/{name}", "name": name})
        elif self.path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif "/preupload/" in self.path:
            files = [{"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                     for file in json.loads(body)["files"]]  # fmt: skip
            self._json({"files": files})
        elif "/commit/" in self.path and (name := self._repository()) is not None:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    value = line["value"]
                    self.server.repositories[name][value["path"]] = base64.b64decode(value["content"])
            commit = self.server.commit(name)
            address = f"{self.server.endpoint}/{name}/commit/{commit}"
            self._json({"success": True, "commitOid": commit, "commitUrl": address})
        else:
            self._json({"error": "there is no such thing here"}, 404)

    def do_GET(self) -> None:
        name = self._repository()
        if name is None:
            self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
        elif "/tree/" in self.path:
            self._json([{"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                        for path, content in self.server.repositories[name].items()])  # fmt: skip
        elif self.path.startswith("/api/"):
            files = [{"rfilename": path} for path in self.server.repositories[name]]
            self._json({"id": name, "sha": self.server.commit(name), "siblings": files})
        else:
            content = self.server.repositories[name][unquote(self.path.split("/resolve/")[1].partition("/")[2])]
            self._send(content, 200, {"X-Repo-Commit": self.server.commit(name),
                                      "ETag": f'"{hashlib.sha1(content).hexdigest()}"'})  # fmt: skip

    def do_HEAD(self) -> None:
        self.do_GET()

    def _repository(self) -> str | None:
        parts = self.path.removeprefix("/api/models").strip("/").split("/")
        name = "/".join(parts[:2])
        return name if name in self.server.repositories else None

    def _body(self) -> bytes:
        if "chunked" not in (self.headers.get("transfer-encoding") or ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._send(json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})})

    def _send(self, content: bytes, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Not on the tests' output."""
