"""Where a run that another machine sends begins and ends: the receiver's side of `aecore.remote.protocol`, without
HTTP. What is between, its files, is in `aecore.remote.pieces`. Either may be asked twice, and ends the same.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aecore.errors import AecoreError, DamagedError
from aecore.format import printable
from aecore.remote import own
from aecore.remote.pieces import here, size_and_sum, wish_of
from aecore.remote.protocol import GROWING, LONGEST_HOST, is_whole
from aecore.remote.received import INCOMING, LOCK, Received, RefusedError, alone, one_line, working
from aecore.runs import sums
from aecore.runs.archive import RUN_ID, checked_status
from aecore.runs.json_files import read_table, write_table
from aecore.runs.notes import check_text
from aecore.runs.run import EXPERIMENT, STATUS, Run, submitted_title
from aecore.runs.staging import commit, staging
from aecore.runs.state import ACTIVE, RESUMABLE, STOP_ASKED
from aecore.runs.store import Store


def begin(store: Store, asked: Mapping[str, Any], key: str) -> tuple[dict[str, Any], bool]:
    """Make a run, or find the one with this key, and return what is here of it, and whether it was made.

    `asked` has `id`, the sender's; `host`; `experiment`, the text of the file; `status`, the table; and `begins`, true
    where the process that works on the run has just started, so that no earlier wish to stop was meant for it. A run is
    listed from now on: as it is, or where it has already ended as one that arrives, until its status comes.
    """
    run_id, host = str(asked.get("id")), str(asked.get("host") or "")[:LONGEST_HOST]
    if not re.fullmatch(RUN_ID, run_id):
        raise RefusedError(f"'{run_id[:40]}' is not a valid run id: use letters, digits and -")
    with one_line(f"run {run_id}"), alone(store.root / LOCK):
        found = _with_key(store, run_id, key)
        made = found is None
        run = found or _make(store, run_id, host, asked, key)
    with working(store, run.id, key) as (run, received):
        if asked.get("begins") is True:
            run.file(STOP_ASKED).unlink(missing_ok=True)
        growing = {name: size_and_sum(run.file(name)) for name in GROWING if run.file(name).exists()}
        whole = {name: sha256 for name in received.files if (sha256 := here(run, received, name))}
        return {"id": run.id, "growing": growing, "whole": whole, "state": _written(run).get("state")}, made


def _make(store: Store, run_id: str, host: str, asked: Mapping[str, Any], key: str) -> Run:
    text = asked.get("experiment")
    if not isinstance(text, str):
        raise RefusedError("the experiment is missing")
    try:
        experiment = text.encode()
    except UnicodeEncodeError as error:
        raise RefusedError(f"the experiment is no text: {error.reason}") from None
    status = _as_kept(asked.get("status"), host)
    if status["state"] not in ACTIVE:
        status |= {"state": "preparing", "stage": None, "remote": status["remote"] | {"arriving": True}}
    with staging(store) as draft:
        draft.write_files({EXPERIMENT: experiment})
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
    shelf = store.root / "runs"
    if own.has_key(Run(shelf / run_id), key):
        raise RefusedError(
            "this server shows the very store that the run is in: there is nothing to send", 409, same=True
        )
    for folder in _folders(shelf):
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


def put_status(store: Store, run_id: str, key: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Write the run's status; returns `stop`, whether somebody here wants it to stop.

    `asked` has `status`; `live`, whether a process will be heard of again; of a run that has ended `files`, by name the
    size and the SHA-256 of each of its files; and `after`, the state that it had here, where that counts. Raises
    `RefusedError` with `differ`, the names of the files that are missing here or others, and for a status that was sent
    when the run had another state here; the status then stays as it was.
    """
    with working(store, run_id, key) as (run, received):
        status = _as_kept(asked.get("status"), received.host)
        ended, written = status["state"] not in ACTIVE, _written(run)
        if status != written and asked.get("after") not in (None, written.get("state")):
            raise RefusedError(f"the run is {written.get('state')} since this was sent", 409)
        if ended:
            _check_all(run, received, asked.get("files"))
            for name in GROWING:
                with contextlib.suppress(FileNotFoundError), run.file(name).open("rb") as file:
                    os.fsync(file.fileno())
            sums.record(run.path, sums.GROWING.__contains__)
        if status != written:
            write_table(run.file(STATUS), status)
        if ended:
            run.file(STOP_ASKED).unlink(missing_ok=True)
            shutil.rmtree(run.file(INCOMING), ignore_errors=True)
        wish = wish_of(run)
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
            if not run.file(name).exists() or entry != size_and_sum(run.file(name)):
                differ.append(name)
        elif not (is_whole(name) and isinstance(entry, list) and entry[-1:] == [here(run, received, name)]):
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
    remote = {"host": " ".join(printable(host).split()) or "another machine"}  # in a container one may have no name
    return kept | ({"process": None} if "process" in kept else {}) | {"remote": remote}
