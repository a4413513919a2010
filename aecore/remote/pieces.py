"""Putting a sender's files together from pieces. Any of it may come twice, late, or again after a crash of either side,
and ends with the same bytes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from aecore.errors import AecoreError
from aecore.files import MB, parse_json, read_regular, reason
from aecore.format import printable
from aecore.remote.protocol import GROWING, is_sha256, is_whole, most_bytes
from aecore.remote.received import INCOMING, Received, RefusedError, working
from aecore.runs import sums
from aecore.runs.archive import MOST_BYTES, PROJECTION
from aecore.runs.json_files import read_table
from aecore.runs.notes import check_text
from aecore.runs.records import notes_of
from aecore.runs.run import NOTES, Run
from aecore.runs.state import STOP_ASKED
from aecore.runs.store import Store

MOST_JSON = 16 * MB


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
        return {"have": have} | wish_of(run)


def put(
    store: Store,
    run_id: str,
    key: str,
    name: str,
    offset: int,
    size: int,
    sha256: str,
    piece: bytes,
    after: str | None = None,
) -> dict[str, Any]:
    """Add a piece of a file that is replaced as a whole, of `size` bytes with this SHA-256; returns `have`, how much is
    here, and `done`, true once it has taken its place. Raises `RefusedError` as `grow` does, and for a piece that was
    sent when something else was here: `after` is the SHA-256 of what it replaces, empty for nothing, where that counts.

    A file that somebody has changed here since it was received stays as it is.
    """
    if not (is_whole(name) or name in GROWING):
        raise RefusedError(f"'{printable(name)[:60]}' is no file of a run", 404)
    if not is_sha256(sha256) or size < 0:
        raise RefusedError(f"{name}: its size or SHA-256 is missing")
    if size > most_bytes(name):
        raise RefusedError(f"{name} has {size / MB:,.0f} MB; it may have {most_bytes(name) // MB:,}", 413)
    with working(store, run_id, key) as (run, received):
        if (present := here(run, received, name)) == sha256:
            return {"have": size, "done": True} | wish_of(run)
        if after not in (None, present or ""):
            raise RefusedError(f"{name} has been replaced since this was sent", 409)
        part = _part(run, name, sha256)
        _check_room(run, size - sum(file.stat().st_size for file in (part, run.file(name)) if file.exists()))
        try:
            have = _extend(part, offset, piece, size, name)
        except RefusedError:
            part.unlink(missing_ok=True)  # by its name it is what is being sent, so the disk has changed it
            raise
        if have == size:
            _take(run, received, name, part, sha256)
        return {"have": have, "done": have == size} | wish_of(run)


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
    present, known = sums.digest(run.path, name) if target.exists() else "", received.sums_of(name)
    changed_here = bool(present) and present not in known
    # First the sum, then the file: after a crash in between, `here` sees that it has not come yet.
    received.add(name, [present] if present in known else known[-1:], sha256).write(run.path)
    if changed_here:
        part.unlink()
    elif name in sums.SUMMED or PROJECTION.fullmatch(name):
        sums.move_in(run.path, name, part)
    else:
        part.replace(target)


def here(run: Run, received: Received, name: str) -> str | None:
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


def _check_room(run: Run, more: int) -> None:
    """Raise `RefusedError` where the run's files would together be larger than those of a run may be."""
    if more <= 0:
        return
    total = 0
    for folder, _, names in os.walk(run.path):
        total += sum(os.lstat(os.path.join(folder, name)).st_size for name in names)
    if total + more > MOST_BYTES:
        raise RefusedError(f"the run would have more than {MOST_BYTES // MB:,} MB, the most that one may have", 413)


def size_and_sum(path: Path) -> list[Any]:
    """A file's size and SHA-256."""
    return [path.stat().st_size, sums.digest(path.parent, path.name)]


def wish_of(run: Run) -> dict[str, bool]:
    """`stop`, whether somebody here wants the run to stop; every answer has it."""
    return {"stop": run.file(STOP_ASKED).exists()}
