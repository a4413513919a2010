"""Writing the site: whole or not at all, and never over what is not its own."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aecore.errors import AecoreError, UserError, describe_os_error
from aecore.files import parse_json, read_regular
from aecore.runs.listing import distinct, listed
from aecore.runs.run import Run
from aecore.runs.summary import RunSummary, summarise
from aecore.site.run_page import run_page
from aecore.site.table import table_page
from aecore.temporary import temporary_folder
from aecore.viewer.page import payloads, script
from aecore.viewer.payloads import script_of

CONTENTS = "aecore-site.json"
"""Lists the files of a site, by which it is recognised."""
FORMAT, MOST_CONTENTS = 1, 8 << 20
SCRIPT, RUNS, DATA = "app.js", "runs", "data"


@dataclass(frozen=True)
class Site:
    """What was written."""

    files: list[str]
    """By their paths in the folder, with "/" between names."""
    bytes: int
    left_out: Mapping[str, Mapping[str, str]]
    """By run and part what a page lacks and why."""


def write_site(runs: Sequence[Run], target: Path) -> Site:
    """Write the pages of these runs into a new or empty folder, or in the place of a site that was written there.

    Raises `UserError` where anything else is there, or no run is given.
    """
    if not runs:
        raise UserError("there is no run to show yet; start one with: python -m aecore train digits-quick")
    check_place(target)
    by_id = {run.id: run for run in runs}
    rows = listed(summarise(run) for run in by_id.values()) if len(by_id) > 1 else distinct([summarise(runs[0])])
    try:
        with temporary_folder(target.absolute().parent, target.name) as made:
            site = _fill(made, rows, by_id)
            check_place(target)
            _put(made, target.absolute())
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"writing {target}")) from None
    return site


def _fill(folder: Path, rows: Sequence[RunSummary], runs: Mapping[str, Run]) -> Site:
    sizes: dict[str, int] = {}
    left_out: dict[str, Mapping[str, str]] = {}

    def write(path: str, text: str) -> None:
        if path not in sizes:  # several runs share what has the same content
            content = text.encode()
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            sizes[path] = len(content)

    write(SCRIPT, script())
    for row in rows:
        page = run_page(runs[row.id], row, f"../{SCRIPT}", f"../{DATA}/")
        write(f"{RUNS}/{row.id}.html", page.text)
        for name, content in payloads(page.views).items():
            write(f"{DATA}/{name}.js", script_of(name, content))
        if page.left_out:
            left_out[row.id] = {str(kind): why for kind, why in page.left_out.items()}
    write("index.html", table_page(rows, runs))
    write(CONTENTS, json.dumps({"format": FORMAT, "files": sorted([*sizes, CONTENTS])}, indent=1))
    return Site(sorted(sizes), sum(sizes.values()), left_out)


def check_place(target: Path) -> None:
    """Raise `UserError` unless a site can be written there without losing what is there."""
    if not target.absolute().parent.is_dir():
        raise UserError(f"there is no folder {target.absolute().parent} to write {target.name} to")
    if target.is_symlink():
        raise UserError(f"{target} is a link; name the folder itself")
    if Path.cwd().is_relative_to(target.resolve()):  # it is replaced as a whole
        raise UserError(f"{target} is the folder that this runs in; start from outside of it")
    if not target.is_dir():
        if os.path.lexists(target):
            raise UserError(f"{target} is a file; a site needs a folder")
        return
    found = _files_in(target)
    if found and (foreign := found - _written_before(target)):
        first = sorted(foreign)[0]
        raise UserError(f"the folder {target} holds files that are no site's, such as {first}; name a new folder")


def _files_in(folder: Path) -> set[str]:
    return {
        (Path(at) / name).relative_to(folder).as_posix()
        for at, folders, files in os.walk(folder)
        for name in [*files, *(name for name in folders if (Path(at) / name).is_symlink())]
    }


def _written_before(folder: Path) -> set[str]:
    """The files of the site in the folder, as its list has them; none without one."""
    try:
        known = parse_json(read_regular(folder / CONTENTS, MOST_CONTENTS))
    except (OSError, ValueError):
        return set()
    files = known.get("files") if isinstance(known, dict) and known.get("format") == FORMAT else None
    return {name for name in files if isinstance(name, str)} if isinstance(files, list) else set()


def _put(made: Path, target: Path) -> None:
    """Move a whole site to its place. Where another is there, it is moved into the temporary folder's neighbourhood
    first and comes back if anything fails."""
    if not target.is_dir() or not any(target.iterdir()):
        made.rename(target)  # also over an empty folder
        return
    with temporary_folder(target.parent, target.name) as old:
        target.rename(old)  # over the empty folder; it is removed at the end
        try:
            made.rename(target)
        except BaseException:
            with contextlib.suppress(OSError):
                old.rename(target)
            raise
