"""The title, note and group that the user gives a run."""

from __future__ import annotations

import unicodedata

from aecore import access
from aecore.errors import AecoreError, DamagedError, UserError, describe_os_error
from aecore.runs.run import NO_NOTES, NOTES, Run

LONGEST_TITLE, LONGEST_NOTE, LONGEST_GROUP = 120, 2000, 40
_LONGEST = {"title": LONGEST_TITLE, "note": LONGEST_NOTE, "group": LONGEST_GROUP}
_BIDI_CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that change the order in which text is displayed, so that one title could look like another."""


def rename(run: Run, title: str) -> None:
    """Give a run another title; an empty one restores the first. Its id stays, and links to it remain valid.

    Raises `UserError` for a shipped run and for a title that is too long or more than a line.
    """
    access.permit("renaming runs", run)
    _write_notes(run, title=check_text("title", title))


def annotate(run: Run, note: str) -> None:
    """Write a note to a run; an empty one removes it. Raises `UserError` as `rename` does."""
    access.permit("writing notes", run)
    _write_notes(run, note=check_text("note", note))


def put_in_group(run: Run, group: str) -> None:
    """Put a run into a group, a label that several runs share; an empty one takes it out. Raises `UserError` as
    `rename` does."""
    access.permit("grouping runs", run)
    _write_notes(run, group=check_text("group", group))


def check_text(what: str, text: str) -> str:
    """A `title`, `note` or `group` without surrounding blanks.

    Raises `UserError` for one that is too long or not plain text.
    """
    text = text.replace("\r\n", "\n").strip()
    longest = _LONGEST[what]
    if len(text) > longest:
        raise UserError(f"a {what} has at most {longest:,} characters, this one has {len(text):,}")
    allowed = "\n\t" if what == "note" else ""
    for character in text:
        if character not in allowed and (
            unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _BIDI_CONTROLS
        ):
            kind = "line breaks" if character in "\n\u2028\u2029" else f"control characters (U+{ord(character):04X})"
            raise UserError(f"a {what} is plain text without {kind}")
    return text


def _write_notes(run: Run, **changes: str) -> None:
    check_own(run)
    try:
        texts = run.notes()
    except DamagedError:
        texts = dict(NO_NOTES)
    try:
        found = texts | changes
        # Without a group the file is what it was before there were groups.
        run.write_json(NOTES, {key: text for key, text in found.items() if text or key != "group"})
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"writing to run {run.id}")) from None


def check_own(run: Run) -> None:
    """Raise `UserError` for a shipped run."""
    if run.shipped:
        raise UserError(f"run {run.id} ships with the project and is read-only")
