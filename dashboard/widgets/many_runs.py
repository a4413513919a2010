"""What is done with several runs at once: delete, stop, note, group. Each act can be taken back as a whole.

They act in callbacks, so that no click is lost on a live page. A run that refuses, a shipped one or one that is still
running, does not keep the others from it: the notice says which and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

import streamlit as st

from aecore import jobs
from aecore.errors import AecoreError
from aecore.format import count
from aecore.runs import notes as run_notes
from aecore.runs import trash
from aecore.runs.run import Run
from aecore.runs.state import ACTIVE, RESUMABLE, run_state
from aecore.runs.store import Store
from dashboard.format import plain
from dashboard.widgets import run_selection, undo

Made = TypeVar("Made")


def delete(runs: Sequence[Run]) -> None:
    """Move the runs to the trash; one of them may be open."""
    undo.forget()
    gone = _each(runs, trash.delete)
    if not gone:
        return
    deleted = [entry for _, entry in gone]
    was_open = st.query_params.get("run")
    if was_open in {entry.id for entry in deleted}:
        st.query_params.pop("run", None)
    else:
        was_open = None
    ticked = [entry.id for entry in deleted if entry.id in run_selection.ticks()]
    run_selection.tick([run_id for run_id in run_selection.ticks() if run_id not in ticked])
    said = f"“{plain(deleted[0].title)}” was deleted." if len(deleted) == 1 else f"{len(deleted)} runs were deleted."
    undo.remember(
        undo.Done(
            said,
            partial(_restore, deleted, was_open, ticked),
            over=lambda: not any(entry.path.is_dir() for entry in deleted),
        )
    )


def _restore(deleted: Sequence[trash.Deleted], was_open: str | None, ticked: Sequence[str]) -> None:
    back = _each([entry for entry in deleted if entry.path.is_dir()], trash.restore)
    # Under another id where the old one has been taken meanwhile.
    now = {entry.id: run.id for entry, run in back}
    if was_open in now:
        st.query_params["run"] = now[was_open]
    run_selection.tick(run_selection.ticks() + [now[run_id] for run_id in ticked if run_id in now])


def stop(runs: Sequence[Run]) -> bool:
    """Ask the workers of the active runs to stop after their epoch; called again, it asks those that are left.

    A run that was queued a moment ago is waited for, so this may take a while. Returns true.
    """
    undo.forget()
    asked = [run for run in runs if run_state(run) in ACTIVE]
    stopped = [run for run, _ in _each(asked, lambda run: jobs.stop(run, wait_s=0))]
    if stopped:
        undo.remember(
            undo.Done(
                f"{count(len(stopped), 'run')} {'stops' if len(stopped) == 1 else 'stop'} after this epoch.",
                partial(_resume, stopped),
                possible=lambda: all(run_state(run) not in ACTIVE for run in stopped),
                over=lambda: not any(run_state(run) in ACTIVE or _can_resume(run) for run in stopped),
                label="Resume",
            )
        )
    return True


def _resume(runs: Iterable[Run]) -> None:
    def again(run: Run) -> None:
        jobs.requeue(run)
        jobs.start(run)

    _each([run for run in runs if _can_resume(run)], again)


def _can_resume(run: Run) -> bool:
    """Whether a run can be resumed here: not one of another program's loop, nor one that another machine sends."""
    if run_state(run) not in RESUMABLE:
        return False
    status = run.status()
    return not (status.get("recorded") or status.get("remote"))


def add_note(runs: Sequence[Run], text: str) -> None:
    """Add a paragraph to the note of each run."""

    def longer(run: Run) -> None:
        before = run.notes()["note"]
        run_notes.annotate(run, f"{before}\n{text}" if before else text)

    if text.strip():
        _noted(runs, "note", longer, run_notes.annotate, "A note was added to {}.")


def put_in_group(runs: Sequence[Run], group: str) -> None:
    """Put the runs into a group, or with an empty name into none."""
    group = group.strip()
    said = f"{{}} in group “{plain(group)}”." if group else "{} in no group."
    _noted(runs, "group", lambda run: run_notes.put_in_group(run, group), run_notes.put_in_group, said)


def _noted(
    runs: Sequence[Run],
    what: str,
    change: Callable[[Run], None],
    write: Callable[[Run, str], None],
    said: str,
) -> None:
    undo.forget()

    def changed(run: Run) -> str:
        before = run.notes()[what]
        change(run)
        return before

    before = _each(runs, changed)
    if before:
        # A run that was deleted meanwhile keeps what it has.
        def take_back() -> None:
            listed = [(run, text) for run, text in before if Store.default().listed(run.id)]
            _each(listed, lambda entry: write(*entry))

        undo.remember(undo.Done(said.format(count(len(before), "run")), take_back))


Given = TypeVar("Given")


def _each(given: Iterable[Given], act: Callable[[Given], Made]) -> list[tuple[Given, Made]]:
    """Do something with each and return what came of it; the problem of those that refuse is shown in one line."""
    done, problems = [], []
    for one in given:
        try:
            done.append((one, act(one)))
        except (AecoreError, OSError) as error:
            problems.append(str(error))
    if problems:
        more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
        undo.report(f"{problems[0]}.{more}" if done or more else problems[0])
    return done
