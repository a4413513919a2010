"""A run, or several, as one zip file and back, byte for byte.

Only files of the run directory's format are unpacked, and the zip is not trusted: no path leads outside, sizes are
limited, and a zip that is refused leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import IO

from aecore import access
from aecore.errors import AecoreError, UserError, describe_os_error
from aecore.files import MB, whole_zip
from aecore.format import csv_cell
from aecore.runs.notes import check_text
from aecore.runs.records import Table
from aecore.runs.run import (
    CANDIDATES,
    CODES,
    EPOCH_CODES,
    EVALUATION,
    EXPERIMENT,
    FIGURES,
    IMPORTED,
    LAYERS,
    LOG,
    LOGGED,
    MEASURED_IMAGES,
    MEASURES,
    METRICS,
    NOTES,
    PROJECTIONS,
    RESUME,
    ROBUSTNESS,
    SEEDS,
    SNAPSHOTS,
    STATUS,
    STEPS,
    WEIGHTS,
    Run,
    submitted_title,
)
from aecore.runs.staging import commit, staging
from aecore.runs.state import ACTIVE
from aecore.runs.store import Store
from aecore.runs.sums import SUMS

FILES = {
    **dict.fromkeys((EXPERIMENT, STATUS, NOTES, SUMS), 4 * MB),
    **dict.fromkeys((EVALUATION, MEASURES, ROBUSTNESS, SEEDS), 16 * MB),
    **dict.fromkeys((METRICS, STEPS, LAYERS, LOG), 512 * MB),
    **dict.fromkeys((SNAPSHOTS, FIGURES, CODES, CANDIDATES, MEASURED_IMAGES, LOGGED, EPOCH_CODES), 512 * MB),
    **dict.fromkeys((WEIGHTS, RESUME, IMPORTED), 4096 * MB),
}
"""The files of a run directory, and how large each may be."""
MOST_BYTES = 4096 * MB
"""Of all files together."""
MOST_ENTRIES = 1000
MOST_RUNS = 500
"""In one zip; together they may be as large as one."""
PROJECTION = re.compile(PROJECTIONS + r"/[a-z]{1,20}-[23]d(?:-train|-epochs)?\.safetensors")
MOST_PROJECTION = 64 * MB
CHUNK = MB
RUN_ID = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}"
"""What ids of runs from elsewhere may look like."""

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_INCOMPRESSIBLE = (WEIGHTS, RESUME, CODES, EPOCH_CODES, IMPORTED)


def pack(run: Run, file: Path | IO[bytes]) -> None:
    """Write the run as a zip, every file under the run's id. Packing the same run again gives the same bytes.

    Raises `AecoreError` when the zip cannot be written or the run cannot be read.
    """
    pack_all([run], file)


def pack_all(runs: Iterable[Run], file: Path | IO[bytes]) -> None:
    """Write several runs as one zip, each as `pack` does."""
    at_work = ""
    try:
        with zipfile.ZipFile(file, "w") as archive:
            for run in runs:
                at_work = f" run {run.id}"
                _add(archive, run)
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"packing{at_work}")) from None


def _add(archive: zipfile.ZipFile, run: Run) -> None:
    names = [name for name in FILES if run.file(name).is_file()]
    shelf = run.file(PROJECTIONS)
    if shelf.is_dir():
        found = sorted(f"{PROJECTIONS}/{path.name}" for path in shelf.iterdir())
        names += [name for name in found if PROJECTION.fullmatch(name)]
    if EXPERIMENT not in names:
        raise AecoreError(f"run {run.id} has no {EXPERIMENT}: there is nothing to pack")
    for name in names:
        entry = zipfile.ZipInfo(f"{run.id}/{name}", _FIXED_TIME)
        entry.compress_type = zipfile.ZIP_STORED if name in _INCOMPRESSIBLE else zipfile.ZIP_DEFLATED
        entry.external_attr = (stat.S_IFREG | 0o644) << 16
        archive.writestr(entry, run.file(name).read_bytes())


def packed(run: Run) -> bytes:
    """The zip of a run as bytes."""
    return packed_all([run])


def packed_all(runs: Iterable[Run]) -> bytes:
    """The zip of several runs as bytes."""
    buffer = io.BytesIO()
    pack_all(runs, buffer)
    return buffer.getvalue()


def curves_csv(run: Run) -> bytes:
    """The run's metrics.jsonl as CSV: a row for each epoch, a column for each metric, empty where an epoch has none.

    Raises `UserError` for a run that has no epochs.
    """
    metrics = run.metrics()
    if not metrics:
        raise UserError(f"run {run.id} has no epochs to export")
    text = io.StringIO(newline="")
    columns = list(dict.fromkeys(name for entry in metrics for name in entry))
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writerow({name: csv_cell(name) for name in columns})
    writer.writerows(metrics)
    return text.getvalue().encode()


def is_packed(file: Path | IO[bytes]) -> bool:
    """Whether a file is a zip that contains a run."""
    try:
        with zipfile.ZipFile(file) as archive:
            return any(PurePosixPath(name).name == EXPERIMENT for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    finally:
        if not isinstance(file, Path):
            file.seek(0)


def unpack(file: Path | IO[bytes], store: Store | None = None) -> Run:
    """Add a packed run to the store under its own id, or with a number appended where that is taken.

    Raises `UserError` for a file that is not one packed run, is too large, or has paths that lead outside.
    """
    return _unpack(file, store, most_runs=1)[0]


def unpack_all(file: Path | IO[bytes], store: Store | None = None) -> list[Run]:
    """Add every run of a zip to the store as `unpack` does, or none where one of them is refused."""
    return _unpack(file, store, MOST_RUNS)


def _unpack(file: Path | IO[bytes], store: Store | None, most_runs: int) -> list[Run]:
    access.permit("adding runs")
    store = store or Store.default()
    with _opened(file) as archive, contextlib.ExitStack() as stack:
        left, ready = MOST_BYTES, []
        for home in _homes(archive, most_runs):
            members = _members(archive, home, left)
            run_id = home.name
            if not run_id:  # files without a folder: the zip's name serves
                run_id = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(getattr(file, "name", "") or str(file)).stem).strip("-")
            run = stack.enter_context(staging(store))
            left = _inflate(archive, members, run, left)
            _check(run)
            run.give_to(access.current().name)  # whoever it belonged to elsewhere
            ready.append((run, run_id or "run"))
        return [commit(run.path, run_id, store) for run, run_id in ready]


def _opened(file: Path | IO[bytes]) -> zipfile.ZipFile:
    try:
        return whole_zip(zipfile.ZipFile(file))
    except FileNotFoundError:
        raise UserError(f"there is no file {file}") from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise UserError("this is not a zip file, or only part of one") from None
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None


def _homes(archive: zipfile.ZipFile, most_runs: int) -> list[PurePosixPath]:
    """The folders of the runs in a zip; their names are the ids, empty where the files are not in a folder."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES + 100 * (most_runs - 1):
        raise UserError(f"the zip holds {len(entries):,} files; a run has a few dozen")
    for entry in entries:
        _check_entry(entry)
    homes = {PurePosixPath(e.filename).parent for e in entries if PurePosixPath(e.filename).name == EXPERIMENT}
    if not 1 <= len(homes) <= most_runs:
        raise UserError(
            f"the zip holds {len(homes)} runs; it should hold {'one' if most_runs == 1 else f'at most {most_runs}'}"
            if homes
            else f"the zip holds no run: there is no {EXPERIMENT} in it"
        )
    for home in homes:
        if home.name and not re.fullmatch(RUN_ID, home.name):
            raise UserError(f"the zip's folder '{home.name[:40]}' is not a valid run id: use letters, digits and -")
    return sorted(homes)


def _members(archive: zipfile.ZipFile, home: PurePosixPath, most_bytes: int) -> dict[str, zipfile.ZipInfo]:
    """The files of the run in that folder by name in the run directory."""
    members: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename)
        if entry.is_dir() or not path.is_relative_to(home):
            continue
        name = str(path.relative_to(home))
        if name not in FILES and not PROJECTION.fullmatch(name):
            continue  # not a file of the format: ignored
        if name in members:
            raise UserError(f"the zip holds {name} twice")
        members[name] = entry
    total = sum(entry.file_size for entry in members.values())
    if total > most_bytes:
        total += MOST_BYTES - most_bytes  # the runs before it
        raise UserError(f"the zip would unpack to {total / MB:,.0f} MB; a run has at most {MOST_BYTES // MB:,}")
    return members


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name, path = entry.filename, PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
        raise UserError(f"the zip holds '{name[:60]}', which leads outside its folder")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UserError(f"the zip holds '{name[:60]}', a link or device; a run has regular files only")
    if entry.flag_bits & 1:
        raise UserError("the zip is encrypted; pack it without a password")


def _inflate(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], run: Run, left: int) -> int:
    """Write the files and return how many of the bytes `left` are left. The limits apply to the bytes that are written,
    whatever the zip's directory says."""
    for name, entry in members.items():
        bound = min(FILES.get(name, MOST_PROJECTION), left)
        target = run.file(name)
        target.parent.mkdir(exist_ok=True)
        written = 0
        try:
            with archive.open(entry) as source, target.open("wb") as file:
                while chunk := source.read(CHUNK):
                    written += len(chunk)
                    if written > bound:
                        raise UserError(
                            f"{name} in the zip is larger than {bound // MB:,} MB, more than a run's file may be"
                        )
                    file.write(chunk)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
            raise UserError(f"the zip is damaged: {name} cannot be unpacked") from None
        left -= written
    return left


def checked_status(run: Run) -> Table:
    """The status of a run that came from elsewhere. Raises `AecoreError` where its experiment, status or notes cannot
    be read, or a text of them is none that may be shown."""
    run.experiment()
    status = run.status()
    for what, text in (*run.notes().items(), ("title", submitted_title(status))):
        check_text(what, text)
    return status


def _check(run: Run) -> None:
    """Raise `UserError` unless the unpacked files are a run; reset a state that refers to a process elsewhere."""
    try:
        status = checked_status(run)
    except AecoreError as error:
        raise UserError(
            f"the zip does not hold a valid run: {str(error).replace(f'run {run.id}', 'the run')}"
        ) from None
    if status.get("state") in ACTIVE:
        run.write_status(state="stopped", process=None)
    elif status.get("process") is not None:
        run.write_status(process=None)
