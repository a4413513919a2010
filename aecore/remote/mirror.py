"""Bringing a server's copy of a run up to date: only what is new on the disk here is sent, in an order on which readers
can rely."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote

from aecore.errors import UserError, told
from aecore.files import check_regular, read_regular
from aecore.remote import own
from aecore.remote.connection import Connection, SendingError
from aecore.remote.protocol import GROWING, LONGEST_HOST, MOST_PIECE, is_whole, most_bytes
from aecore.remote.server import Server
from aecore.runs import sums
from aecore.runs.json_files import read_table
from aecore.runs.run import EXPERIMENT, PROJECTIONS, STATUS, Run
from aecore.runs.state import ACTIVE, RECEIVED, run_state

BEAT_S = 5
"""After so long without news a live run says that it still works, and hears whether it is to stop."""
REST = 20
"""A file that is replaced again and again is sent again after so many times as long as sending it took: like saving, it
takes at most a twentieth of the time."""
MOST_TRIES = 3
Stamp = tuple[int, int, int]


@dataclass
class _Upload:
    """A file on its way that is sent whole; the open file stays as it is when another takes its place."""

    name: str
    file: IO[bytes]
    stamp: Stamp
    size: int
    sha256: str
    after: str
    """The SHA-256 of what it replaces there, empty for nothing: what comes late does not replace what came later."""
    begun: float
    offset: int = 0

    def is_outdated(self, run: Run) -> bool:
        """Whether another file has taken its place."""
        try:
            return _stamp(run.file(self.name).stat()) != self.stamp
        except OSError:
            return True


class Mirror:
    """The copy of one run on one server."""

    def __init__(self, run: Run, server: Server, *, live: bool) -> None:
        """`live` says that this process works on the run, or watches who does, and will be heard again. Raises
        `UserError` for a run that is not to be sent, `AecoreError` where its key cannot be kept."""
        if run.shipped:
            raise UserError(f"run {run.id} ships with the project: every server has it")
        if run.file(RECEIVED).exists():
            raise UserError(f"run {run.id} came from another machine; send it from there")
        self.run, self.server, self.live = run, server, live
        self.connection = Connection(server, own.key_of(run))
        self.id = ""
        """The run's id on the server, which may have had another run of that id."""
        self.stop_asked = False
        """Whether somebody there wants it to stop."""
        self.bytes_sent = 0
        self._begins = live
        self._size: dict[str, int] = {}
        """Of files that grow: how much is there."""
        self._whole: dict[str, str] = {}
        """Of the others the SHA-256 of what is there."""
        self._seen: dict[str, Stamp] = {}
        """Files of which the server has what they were with this stamp."""
        self._again: set[str] = set()
        """Files that grow, but whose beginning is another there: they are sent whole."""
        self._due: dict[str, float] = {}
        self._upload: _Upload | None = None
        self._state: str | None = None
        """The state that the run has there."""
        self._told: dict[str, Any] | None = None
        self._told_at = 0.0
        self._tries = 0

    def close(self) -> None:
        self.connection.close()
        self._end_upload()

    @told("sending the run")
    def look(self) -> bool:
        """Send some of what is new, at most one piece of each file; returns whether all is there, the status included,
        or of a run that goes on all that is due.

        Raises `SendingError` where the server does not take it, `DamagedError` for a file that has changed since it was
        written, of which nothing is sent, and `AecoreError` where one cannot be read.
        """
        try:
            return self._look()
        except SendingError as trouble:
            if trouble.code in (404, 409) and not trouble.answer.get("same") and self._tries < MOST_TRIES:
                self._tries += 1  # what is there is not what was thought: see what is
                self._forget()
                return False
            raise

    def _look(self) -> bool:
        status = read_table(self.run.file(STATUS), f"run {self.run.id}")
        ended = status.get("state") not in ACTIVE
        if not self.id and self._begin(status) and not self.live:
            return True
        grown = True
        for name in GROWING:
            grown &= name in self._again or self._grow(name)
        goes_on = self.live and not ended
        if goes_on:
            self._tell(status)
        elif self._upload and self._upload.is_outdated(self.run):
            self._end_upload()
        changed = self._changed(all_of_them=not goes_on)
        if self._upload or changed:
            self._send_piece(changed)
            return False
        if grown and not goes_on:  # last, so that no reader sees the end of a run without its files
            self._tell(status, self._all_sums() if ended else None)
        return grown

    def _begin(self, status: dict[str, Any]) -> bool:
        """Ask what the server has; returns whether that is all that was sent at last, and nothing has changed since."""
        self.run.experiment()  # which checks it
        asked = {
            "id": self.run.id,
            "host": platform.node()[:LONGEST_HOST],
            "experiment": read_regular(self.run.file(EXPERIMENT), most_bytes(EXPERIMENT)).decode(),
            "status": status,
            "begins": self._begins,
        }
        found = self.connection.ask("POST", "", asked)
        self._begins = False
        self.id = str(found["id"])
        self._whole = dict(found["whole"])
        self._size, self._again, self._state = {}, set(), found["state"]
        for name, (size, sha256) in found["growing"].items():
            if not self.run.file(name).exists():
                continue  # what somebody has removed here stays there
            if sums.digest(self.run.path, name, size) == sha256:
                self._size[name] = size
            else:
                self._again.add(name)
        before = own.known(self.run, self.server.address)
        own.remember(self.run, self.server.address, id=self.id, gone=False)
        same_there = before.get("there") == _listing(found["growing"], self._whole, str(found["state"]))
        return same_there and before.get("here") == mark(self.run)

    def _forget(self) -> None:
        """Ask the server anew what it has."""
        self.id, self._told = "", None
        self._seen.clear()
        self._end_upload()

    def _ask(self, method: str, path: str, body: Any, **query: str | int) -> dict[str, Any]:
        found = self.connection.ask(method, f"/{quote(self.id)}/{path}", body, **query)
        self.stop_asked = self.stop_asked or found.get("stop") is True
        return found

    def _grow(self, name: str) -> bool:
        """Send a piece of what has grown; returns whether that was all. The first piece is sent even if it is empty."""
        path = self.run.file(name)
        if not path.exists():
            return True
        if name not in self._size:
            self.run.check(name)
        offset = self._size.get(name, 0)
        with check_regular(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(offset)
            piece = file.read(MOST_PIECE)
        if size < offset:
            self._again.add(name)
        elif piece or name not in self._size:
            self._size[name] = int(self._ask("POST", f"growing/{name}", piece, offset=offset)["have"])
            self.bytes_sent += len(piece)
        return self._size.get(name, 0) >= size

    def _changed(self, all_of_them: bool) -> list[str]:
        """Files to be sent whole, the smallest first; unless all are asked for, only those that are due."""
        found = []
        for name, stamp in self._stamps().items():
            if self._seen.get(name) != stamp and (all_of_them or time.monotonic() >= self._due.get(name, 0.0)):
                found.append((stamp[1], name))
        return [name for _, name in sorted(found)] + sorted(
            name for name in self._again if self.run.file(name).exists()
        )

    def _stamps(self) -> dict[str, Stamp]:
        """The files that are sent whole, as they are now."""
        found = {}
        for folder, before in ((self.run.path, ""), (self.run.file(PROJECTIONS), f"{PROJECTIONS}/")):
            if not folder.is_dir():
                continue
            with os.scandir(folder) as entries:
                for entry in entries:
                    if is_whole(name := before + entry.name) and entry.is_file():
                        found[name] = _stamp(entry.stat())
        return found

    def _send_piece(self, changed: list[str]) -> None:
        """A piece of the file that is on its way, or of the first that has changed."""
        if self._upload is None and not self._start(changed[0]):
            return
        upload = self._upload
        assert upload is not None
        upload.file.seek(upload.offset)
        piece = upload.file.read(min(MOST_PIECE, upload.size - upload.offset))
        if not piece and upload.offset < upload.size:  # somebody has cut it off: what it is now is another file
            self._end_upload()
            return
        query: dict[str, Any] = {"offset": upload.offset, "bytes": upload.size, "sha256": upload.sha256}
        found = self._ask("PUT", f"whole/{quote(upload.name)}", piece, **query, after=upload.after)
        self.bytes_sent += len(piece)
        upload.offset = int(found["have"])
        if found["done"]:
            self._due[upload.name] = time.monotonic() + REST * (time.monotonic() - upload.begun)
            if upload.name in self._again:
                self._again.discard(upload.name)
                self._size[upload.name] = upload.size
            else:
                self._whole[upload.name] = upload.sha256
                self._seen[upload.name] = upload.stamp
            self._end_upload()

    def _start(self, name: str) -> bool:
        """Begin to send a file; returns false where the server has it."""
        path, begun = self.run.file(name), time.monotonic()
        self.run.check(name)
        file = check_regular(path).open("rb")
        stamp = _stamp(os.fstat(file.fileno()))
        sha256 = sums.digest(self.run.path, name, stamp[1] if name in GROWING else None)
        there = self._whole.get(name) == sha256 and name not in self._again
        if there or (name not in GROWING and _stamp(path.stat()) != stamp):
            file.close()
            if there:
                self._seen[name] = stamp
            return False  # or it was replaced at this moment: the next look sees the new one
        self._upload = _Upload(name, file, stamp, stamp[1], sha256, self._whole.get(name, ""), begun)
        return True

    def _end_upload(self) -> None:
        if self._upload:
            self._upload.file.close()
            self._upload = None

    def _tell(self, status: dict[str, Any], files: dict[str, Any] | None = None) -> None:
        """Send the status where it is news, or nothing was heard for a while."""
        ended = files is not None
        if status == self._told and (ended or time.monotonic() - self._told_at < BEAT_S):
            return
        # A run that somebody else's thread sends from here as well has not fallen silent.
        live = not ended and (self.live or run_state(self.run) in ACTIVE)
        self._ask("PUT", "status", {"status": status, "live": live, "files": files, "after": self._state})
        self._told, self._told_at, self._state = status, time.monotonic(), status["state"]
        self._tries = 0
        if files is not None:
            growing = {name: entry for name, entry in files.items() if name in GROWING}
            whole = {name: entry[1] for name, entry in files.items() if name not in GROWING}
            there = _listing(growing, whole, str(status["state"]))
            own.remember(self.run, self.server.address, here=mark(self.run), there=there)

    def _all_sums(self) -> dict[str, list[Any]]:
        """The size and the SHA-256 of every file that is sent, as they are on the disk here."""
        found = {}
        for name in (*(name for name in GROWING if self.run.file(name).exists()), *self._stamps()):
            self.run.check(name)
            found[name] = [self.run.file(name).stat().st_size, sums.digest(self.run.path, name)]
        return found


def mark(run: Run) -> str:
    """What changes as soon as a file of the run does that is sent."""
    stamps = []
    for path in sorted((*run.path.iterdir(), *run.file(PROJECTIONS).glob("*"))):
        name = str(path.relative_to(run.path))
        if name in (*GROWING, STATUS, EXPERIMENT) or is_whole(name):
            stamps.append((name, _stamp(path.stat())))
    return hashlib.sha256(repr(stamps).encode()).hexdigest()


def _listing(growing: dict[str, Any], whole: dict[str, str], state: str) -> str:
    """What a server has of a run, as one number."""
    return hashlib.sha256(json.dumps([growing, whole, state], sort_keys=True).encode()).hexdigest()


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_ino, found.st_size, found.st_mtime_ns
