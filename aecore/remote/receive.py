"""Keeping what another machine sends of a run: the receiver's side of `aecore.remote.protocol`, without HTTP.

Everything here may be asked twice, or again after a crash of either side, and ends the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import filelock

from aecore.errors import AecoreError, DamagedError, describe_os_error
from aecore.files import MB, parse_json, read_regular, reason
from aecore.format import printable
from aecore.remote import own
from aecore.remote.protocol import GROWING, LONGEST_HOST, is_sha256, is_whole, most_bytes
from aecore.remote.received import INCOMING, Received
from aecore.runs import sums
from aecore.runs.archive import MOST_BYTES, PROJECTION, RUN_ID, checked_status
from aecore.runs.json_files import read_table, write_table
from aecore.runs.notes import check_text
from aecore.runs.records import notes_of
from aecore.runs.run import EXPERIMENT, NOTES, STATUS, Run, submitted_title
from aecore.runs.staging import commit, staging
from aecore.runs.state import ACTIVE, RESUMABLE, STOP_ASKED
from aecore.runs.store import Store

LOCK, LOCK_WAIT_S = ".receiving.lock", 10
MOST_JSON = 16 * MB
CHUNK = MB


class RefusedError(AecoreError):
    """The receiver does not take this. `code` is that of HTTP, `more` what the sender needs to go on."""

    def __init__(self, message: str, code: int = 400, **more: Any) -> None:
        super().__init__(message)
        self.code, self.more = code, more


def begin(store: Store, asked: Mapping[str, Any], key: str) -> tuple[dict[str, Any], bool]:
    """Make a run, or find the one with this key, and return what is here of it, and whether it was made.

    `asked` has `id`, the sender's; `host`; `experiment`, the text of the file; `status`, the table; and `begins`, true
    where the process that works on the run has just started, so that no earlier wish to stop was meant for it. A run is
    listed from now on: as it is, or where it has already ended as one that arrives, until its status comes.
    """
    run_id, host = str(asked.get("id")), str(asked.get("host"))[:LONGEST_HOST]
    if not re.fullmatch(RUN_ID, run_id):
        raise RefusedError(f"'{run_id[:40]}' is not a valid run id: use letters, digits and -")
    with _one_line(f"run {run_id}"), _alone(store.root / LOCK):
        found = _with_key(store, run_id, key)
        made = found is None
        run = found or _make(store, run_id, host, asked, key)
    with working(store, run.id, key) as (run, received):
        if asked.get("begins") is True:
            run.file(STOP_ASKED).unlink(missing_ok=True)
        growing = {name: _size_and_sum(run.file(name)) for name in GROWING if run.file(name).exists()}
        whole = {name: sha256 for name in received.files if (sha256 := _here(run, received, name))}
        return {"id": run.id, "growing": growing, "whole": whole, "state": _written(run).get("state")}, made


def _make(store: Store, run_id: str, host: str, asked: Mapping[str, Any], key: str) -> Run:
    text = asked.get("experiment")
    if not isinstance(text, str):
        raise RefusedError("the experiment is missing")
    status = _as_kept(asked.get("status"), host)
    if status["state"] not in ACTIVE:
        status |= {"state": "preparing", "stage": None, "remote": status["remote"] | {"arriving": True}}
    with staging(store) as draft:
        draft.write_files({EXPERIMENT: text.encode()})
        write_table(draft.file(STATUS), status)
        try:
            checked_status(draft)
        except AecoreError as error:
            raise RefusedError(f"this is not a valid run: {str(error).replace(f'run {draft.id}', 'the run')}") from None
        Received.of(key, host).write(draft.path)
        return commit(draft.path, run_id, store)


def _with_key(store: Store, run_id: str, key: str) -> Run | None:
    """The run that was received under this key. Raises `RefusedError` where it is the sender's own store, and where the
    run has been deleted here."""
    its = re.compile(re.escape(run_id) + r"(-\d+)*")
    here = store.root / "runs"
    if own.has_key(Run(here / run_id), key):
        raise RefusedError(
            "this server shows the very store that the run is in: there is nothing to send", 409, same=True
        )
    for folder in _folders(here):
        if its.fullmatch(folder.name) and Received.read(folder).knows(key):
            return Run(folder)
    for folder in _folders(store.root / "trash"):
        if its.fullmatch(folder.name.partition(".")[2]) and Received.read(folder).knows(key):
            raise RefusedError("the run was deleted on the server; its trash still has it", 410)
    return None


def _folders(shelf: Path) -> list[Path]:
    with contextlib.suppress(FileNotFoundError), os.scandir(shelf) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir()]
    return []


@contextlib.contextmanager
def working(store: Store, run_id: str, key: str) -> Iterator[tuple[Run, Received]]:
    """The run of that id and key, while no other request changes it; its sender has been heard."""
    run = Run(store.root / "runs" / run_id)
    if not re.fullmatch(RUN_ID, run_id) or not Received.read(run.path).knows(key):
        raise RefusedError(f"this server has no run {printable(run_id)[:60]} from this sender", 404)
    with _one_line(f"run {run_id}"), _alone(run.file(LOCK)):
        received = Received.read(run.path)
        if not received.knows(key):  # it was deleted meanwhile
            with contextlib.suppress(OSError):
                run.file(LOCK).unlink()
                run.path.rmdir()
            raise RefusedError(f"this server has no run {run_id} from this sender any more", 404)
        yield run, received
        received.touch(run.path)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    try:
        with filelock.FileLock(lock, timeout=LOCK_WAIT_S):
            yield
    except filelock.Timeout:
        raise RefusedError("the server is busy with this run; send it again", 503) from None


@contextlib.contextmanager
def _one_line(what: str) -> Iterator[None]:
    """Raise an operating system error of the block as `RefusedError`, in one line without the server's paths."""
    try:
        yield
    except OSError as error:
        line = describe_os_error(OSError(error.errno, error.strerror or str(error)), f"keeping {what} on the server")
        raise RefusedError(line, 507) from None


def grow(store: Store, run_id: str, key: str, name: str, offset: int, piece: bytes) -> dict[str, Any]:
    """Add what is new of a piece that begins at byte `offset` of a file that only grows; returns its size, `have`.

    Raises `RefusedError` with `have` for a piece that would leave a gap, and with `differs` for one that is not what is
    here where they overlap: neither changes anything.
    """
    if name not in GROWING:
        raise RefusedError(f"'{printable(name)[:60]}' is no file of a run that grows", 404)
    with working(store, run_id, key) as (run, _):
        _check_room(run, len(piece))
        have = _extend(run.file(name), offset, piece, most_bytes(name), name)
        return {"have": have} | _wish(run)


def put(
    store: Store, run_id: str, key: str, name: str, offset: int, size: int, sha256: str, piece: bytes
) -> dict[str, Any]:
    """Add a piece of a file that is replaced as a whole, of `size` bytes with this SHA-256; returns `have`, how much is
    here, and `done`, true once it has taken its place. Raises `RefusedError` as `grow` does.

    A file that somebody has changed here since it was received stays as it is.
    """
    if not (is_whole(name) or name in GROWING):
        raise RefusedError(f"'{printable(name)[:60]}' is no file of a run", 404)
    if not is_sha256(sha256) or size < 0:
        raise RefusedError(f"{name}: its size or SHA-256 is missing")
    if size > most_bytes(name):
        raise RefusedError(f"{name} has {size / MB:,.0f} MB; it may have {most_bytes(name) // MB:,}", 413)
    with working(store, run_id, key) as (run, received):
        if _here(run, received, name) == sha256:
            return {"have": size, "done": True} | _wish(run)
        part = _part(run, name, sha256)
        _check_room(run, size - sum(file.stat().st_size for file in (part, run.file(name)) if file.exists()))
        try:
            have = _extend(part, offset, piece, size, name)
        except RefusedError:
            part.unlink(missing_ok=True)  # by its name it is what is being sent, so the disk has changed it
            raise
        if have == size:
            _take(run, received, name, part, sha256)
        return {"have": have, "done": have == size} | _wish(run)


def _part(run: Run, name: str, sha256: str) -> Path:
    """The file that gathers the pieces; those of an earlier content of that name are removed."""
    folder = run.file(INCOMING)
    folder.mkdir(exist_ok=True)
    flat = name.replace("/", "+")
    part = folder / f"{flat}.{sha256}"
    for other in folder.glob(f"{flat}.*"):
        if other != part:
            other.unlink()
    return part


def _extend(path: Path, offset: int, piece: bytes, most: int, name: str) -> int:
    """Append what of a piece is new, and return the file's size then."""
    with path.open("ab+") as file:
        have = file.seek(0, os.SEEK_END)
        if not 0 <= offset <= have:
            raise RefusedError(f"{name}: the piece begins at byte {offset:,}, {have:,} are here", 409, have=have)
        file.seek(offset)
        known = file.read(min(len(piece), have - offset))
        if known != piece[: len(known)]:
            raise RefusedError(f"{name}: what is here is not what was sent", 409, have=have, differs=True)
        new = piece[len(known) :]
        if new and have + len(new) > most:
            raise RefusedError(f"{name} would have more than the {most:,} bytes that it may have", 413)
        file.write(new)
        return have + len(new)


def _take(run: Run, received: Received, name: str, part: Path, sha256: str) -> None:
    """Let a file that is complete take its place."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    if sums.digest(run.path, str(part.relative_to(run.path))) != sha256:
        part.unlink()
        raise RefusedError(f"{name} arrived damaged; send it again", 409, have=0)
    _check_content(name, part)
    target = run.file(name)
    if name in GROWING:
        sums.forget(run.path, name)
        part.replace(target)
        return
    changed_here = target.exists() and sums.digest(run.path, name) not in received.sums_of(name)
    # First the sum, then the file: after a crash in between, `_here` sees that it has not come yet.
    received.add(name, sha256).write(run.path)
    if changed_here:
        part.unlink()
    elif name in sums.SUMMED or PROJECTION.fullmatch(name):
        sums.move_in(run.path, name, part)
    else:
        part.replace(target)


def _here(run: Run, received: Received, name: str) -> str | None:
    """The SHA-256 of what was last received of a file, though somebody may have changed it here since; None where
    nothing has come, or a crash kept it from its place."""
    if not (known := received.sums_of(name)):
        return None
    present = sums.digest(run.path, name) if run.file(name).exists() else None
    return None if present != known[-1] and present in (None, known[0]) else known[-1]


def _check_content(name: str, part: Path) -> None:
    """Raise `RefusedError` for a JSON file that is none, or notes that may not be shown."""
    if not name.endswith(".json"):
        return
    try:
        if name == NOTES:
            for what, text in notes_of(read_table(part, "the run")).items():
                check_text(what, str(text))
        else:
            parse_json(read_regular(part, MOST_JSON))
    except (AecoreError, ValueError, KeyError) as error:
        part.unlink()
        raise RefusedError(f"{name} is not valid: {reason(error).replace(part.name, name)}", 422) from None


def put_status(store: Store, run_id: str, key: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Write the run's status; returns `stop`, whether somebody here wants it to stop.

    `asked` has `status`; `live`, whether a process will be heard of again; and of a run that has ended `files`, by name
    the size and the SHA-256 of each of its files. Raises `RefusedError` with `differ`, the names of those that are
    missing here or others, and the status stays as it was.
    """
    with working(store, run_id, key) as (run, received):
        status = _as_kept(asked.get("status"), received.host)
        ended = status["state"] not in ACTIVE
        if ended:
            _check_all(run, received, asked.get("files"))
            for name in GROWING:
                with contextlib.suppress(FileNotFoundError), run.file(name).open("rb") as file:
                    os.fsync(file.fileno())
            sums.record(run.path, sums.GROWING.__contains__)
        if status != _written(run):
            write_table(run.file(STATUS), status)
        if ended:
            run.file(STOP_ASKED).unlink(missing_ok=True)
            shutil.rmtree(run.file(INCOMING), ignore_errors=True)
        wish = _wish(run)
    if asked.get("live") is not True:
        received.fall_silent(run.path)
    return wish


def _written(run: Run) -> dict[str, Any]:
    with contextlib.suppress(DamagedError):
        return read_table(run.file(STATUS), f"run {run.id}")
    return {}


def _check_all(run: Run, received: Received, files: object) -> None:
    if not isinstance(files, dict):
        raise RefusedError("a run that has ended needs the sums of its files")
    differ = []
    for name, entry in files.items():
        if name in GROWING:
            if not run.file(name).exists() or entry != _size_and_sum(run.file(name)):
                differ.append(name)
        elif not (is_whole(name) and isinstance(entry, list) and entry[-1:] == [_here(run, received, name)]):
            differ.append(name)
    if differ:
        raise RefusedError(
            f"not all files are here as they were sent: {', '.join(map(str, differ))}", 409, differ=differ
        )


def _as_kept(status: object, host: str) -> dict[str, Any]:
    """A sender's status as it is kept: of the process it says only on which machine it is, and the run belongs to the
    owner of this store. Raises `RefusedError` for what is no status."""
    if not isinstance(status, dict) or status.get("state") not in (*ACTIVE, *RESUMABLE, "finished"):
        raise RefusedError("this is not the status of a run")
    check_text("title", submitted_title(status))
    kept = {name: value for name, value in status.items() if name not in ("sum", "owner", "remote")}
    remote = {"host": " ".join(printable(host).split())}
    return kept | ({"process": None} if "process" in kept else {}) | {"remote": remote}


def _check_room(run: Run, more: int) -> None:
    """Raise `RefusedError` where the run's files would together be larger than those of a run may be."""
    if more <= 0:
        return
    total = 0
    for folder, _, names in os.walk(run.path):
        total += sum(os.lstat(os.path.join(folder, name)).st_size for name in names)
    if total + more > MOST_BYTES:
        raise RefusedError(f"the run would have more than {MOST_BYTES // MB:,} MB, the most that one may have", 413)


def _size_and_sum(path: Path) -> list[Any]:
    """A file's size and SHA-256."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return [size, digest.hexdigest()]


def _wish(run: Run) -> dict[str, bool]:
    return {"stop": run.file(STOP_ASKED).exists()}
