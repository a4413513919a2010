"""What its user does with a whole run: name it, write a note to it, delete it, and get it back.

A deleted run lies in `trash/` of the store for a week. Shipped runs are read-only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from aecore import demo, jobs
from aecore.arriving import settle
from aecore.errors import AecoreError, MistakeError, describe_os_error, nearest
from aecore.store import NOTES, DamagedError, Run, Store

LONGEST_TITLE, LONGEST_NOTE = 120, 2000
KEPT_DAYS = 7
"""What was deleted longer ago is removed for good when something else is deleted."""

_TURNS_TEXT = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""They change the order in which what follows is shown, so that a title could pass for another."""


def rename(run: Run, title: str) -> None:
    """Give a run another title; an empty one brings back its first. Its id stays, and so do links to it.

    Raises `MistakeError` for a shipped run and for a title that is too long or more than a line.
    """
    demo.refuse("renaming runs")
    _write_notes(run, title=checked("title", title))


def annotate(run: Run, note: str) -> None:
    """Write a note to a run; an empty one removes it. Raises `MistakeError` as `rename` does."""
    demo.refuse("writing notes")
    _write_notes(run, note=checked("note", note))


def checked(what: str, text: str) -> str:
    """A `title` or a `note`, without blanks around it. Raises `MistakeError` for one that is too long or not plain."""
    text = text.replace("\r\n", "\n").strip()
    longest = LONGEST_TITLE if what == "title" else LONGEST_NOTE
    if len(text) > longest:
        raise MistakeError(f"a {what} has at most {longest:,} characters, this one has {len(text):,}")
    allowed = "" if what == "title" else "\n\t"
    for character in text:
        if character not in allowed and (
            unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _TURNS_TEXT
        ):
            kind = "line breaks" if character in "\n\u2028\u2029" else f"control characters (U+{ord(character):04X})"
            raise MistakeError(f"a {what} is plain text without {kind}")
    return text


def _write_notes(run: Run, **changes: str) -> None:
    _check_own(run)
    try:
        texts = run.notes()
    except DamagedError:
        texts = {"title": "", "note": ""}
    try:
        run.write_json(NOTES, texts | changes)
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"writing to run {run.id}")) from None


def _check_own(run: Run) -> None:
    if run.shipped:
        raise MistakeError(f"run {run.id} ships with the project and stays as it is")


@dataclass(frozen=True)
class Deleted:
    """A run in the trash. Its folder is named after the time and the id."""

    path: Path

    @property
    def run(self) -> Run:
        return Run(self.path)

    @property
    def id(self) -> str:
        """The run's id, which it gets back when it is restored."""
        return self.path.name.partition(".")[2]

    @property
    def seconds(self) -> float:
        """When it was deleted, in seconds since 1970."""
        return int(self.path.name.partition(".")[0]) / 1e6

    @property
    def title(self) -> str:
        """What the run was called, as far as it can be read."""
        try:
            return self.run.title()
        except AecoreError:
            return self.id


def trash(store: Store | None = None) -> list[Deleted]:
    """The deleted runs, the last one first."""
    folder = (store or Store.default()).root / "trash"
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_dir()]
    except FileNotFoundError:
        return []
    found = [Deleted(folder / name) for name in names if name.partition(".")[0].isdecimal() and "." in name]
    return sorted(found, key=lambda deleted: deleted.path.name, reverse=True)


def delete(run: Run, store: Store | None = None) -> Deleted:
    """Move a run to the trash, from where `restore` brings it back for a week.

    Raises `MistakeError` for a shipped run, one that is at work, and one outside of the store.
    """
    demo.refuse("deleting runs")
    store = store or Store.default()
    _check_own(run)
    if run.path.resolve().parent != (store.root / "runs").resolve():
        raise MistakeError(f"run {run.id} is not in this store ({store.root}); remove its folder by hand")
    if (state := jobs.state(run)) in jobs.ACTIVE:
        raise MistakeError(f"run {run.id} is {state}; stop it first")
    for old in trash(store):
        if time.time() - old.seconds > KEPT_DAYS * 86_400:
            with contextlib.suppress(AecoreError):  # it hinders nobody; the next time will do
                purge(old)
    folder = store.root / "trash"
    try:
        folder.mkdir(exist_ok=True)
        gone = Deleted(folder / f"{time.time_ns() // 1000:016d}.{run.id}")
        run.path.rename(gone.path)  # at once, so that no reader meets half a run
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"deleting run {run.id}")) from None
    return gone


def restore(deleted: Deleted) -> Run:
    """Bring a deleted run back under its id, or with a number behind it where another run has taken that."""
    demo.refuse("restoring runs")
    return settle(deleted.path, deleted.id, Store(deleted.path.parent.parent))


def find_deleted(reference: str, store: Store | None = None) -> Deleted:
    """The run in the trash with that id or unique beginning of one; of several with one id the last that was deleted.

    Raises `MistakeError` where there is none or where the beginning fits several.
    """
    latest: dict[str, Deleted] = {}
    for deleted in trash(store):
        latest.setdefault(deleted.id, deleted)
    if reference in latest:
        return latest[reference]
    matching = [run_id for run_id in latest if reference and run_id.startswith(reference)]
    if len(matching) == 1:
        return latest[matching[0]]
    if matching:
        raise MistakeError(f"'{reference}' fits {len(matching)} deleted runs: {', '.join(matching[:3])}")
    raise MistakeError(f"there is no deleted run '{reference}': {nearest(reference, list(latest)[:20])}")


def purge(deleted: Deleted) -> None:
    """Remove a deleted run for good."""
    demo.refuse("deleting runs")
    try:
        shutil.rmtree(deleted.path)
    except FileNotFoundError:
        pass  # another process was faster
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"deleting run {deleted.id}")) from None
