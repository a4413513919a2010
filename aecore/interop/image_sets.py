"""The image sets on which a file of another program is tried."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from aecore import data
from aecore.errors import AecoreError
from aecore.runs.progress import Report

MOST_SETS = 4
"""On how many image sets of one shape a network is tried."""


def loaded_sets(names: Sequence[str], measure: bool, report: Report, remarks: list[str]) -> dict[str, data.ImageSet]:
    """Of image sets, the likeliest first: the first one, downloaded where measuring needs it, and others that are here.
    Empty, with a remark, where none can be loaded."""
    here = [name for name in names if data.prepared(name)]
    first = list(names[:1]) if measure or not here else []
    wanted = [*first, *(name for name in here if name not in first)][:MOST_SETS]
    sets: dict[str, data.ImageSet] = {}
    problem: AecoreError | None = None
    for name in wanted:
        if not measure and not data.prepared(name):
            continue
        try:
            sets[name] = data.load(name, lambda what, done, total: report("preparing", done, total, what))
        except AecoreError as error:
            problem = problem or error
    if problem and not sets:
        remarks.append(f"not measured, as the images cannot be loaded: {problem}")
    return sets


def source_of(paths: Sequence[Path], file_name: str) -> dict[str, object]:
    """What a run keeps of where it came from: `file`, `sha256`, `files`."""
    return {
        "file": file_name,
        "sha256": _sha256(paths[0]),
        "files": [{"name": part.name, "sha256": _sha256(part)} for part in paths],
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
