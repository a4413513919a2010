"""The head of a sweep's page: name, state, what it varies, and the buttons for its state.

The buttons act in callbacks, so that no click is lost while the page updates.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from aecore import access
from aecore.errors import AecoreError, DamagedError, UserError
from aecore.format import count, duration
from aecore.runs.state import ACTIVE, RESUMABLE
from aecore.sweeps import labels, runner
from aecore.sweeps.definition import Range, Sweep
from aecore.sweeps.store import Row, SweepFolder
from dashboard.cache.sweeps import Seen, left_s
from dashboard.format import plain
from dashboard.style import state_badge
from dashboard.sweep.export import csv_text, toml_text

PROBLEM = "sweep-problem"
MOST_ERRORS, MOST_ACTIVE = 5, 4


def heading(seen: Seen, state: str) -> None:
    """Name, state, buttons, and a one-line description of the sweep."""
    folder, sweep = seen.folder, seen.sweep
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(plain(sweep.name), anchor=False, width="content")
        state_badge(state)
        # From the left: what comes later must not push a button away from under the pointer.
        if access.owns(folder) and not folder.shipped:
            _buttons(seen, state)
        with st.popover("Download", icon=":material/download:", type="tertiary"), st.container(gap=None):
            _file(
                folder, "Runs (.csv)", "csv", partial(csv_text, sweep, seen.rows), "One line per run, with every metric"
            )
            _file(folder, "Definition (.toml)", "toml", partial(toml_text, sweep), "For python -m aecore sweep")
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(plain(problem), icon=":material/error:")
    ships = " It ships with the project." if folder.shipped else ""
    st.caption(f"{about(sweep)} {count(seen.total, 'run')} in all.{ships}")


def about(sweep: Sweep) -> str:
    """What varies, how often, and the base, in one sentence."""
    varies = [f"**{plain(labels.setting(key))}** ({_values(key, values)})" for key, values in sweep.vary.items()]
    how = {
        "grid": "every combination",
        "random": count(sweep.trials, "combination") + " drawn at random",
        "search": count(sweep.trials, "combination") + " chosen by search",
    }[sweep.method]
    base = sweep.experiment
    epochs = "" if "training.epochs" in sweep.vary else f", {count(base.training.epochs, 'epoch')}"
    data = "" if "data.name" in sweep.vary else f" on {plain(base.data.name)}"
    return (
        f"Varies {' and '.join([', '.join(varies[:-1]), varies[-1]] if varies[1:] else varies)}: {how}, "
        f"{count(len(sweep.seeds), 'seed')} each. Base: {plain(base.title)}{data}{epochs}."
    )


def _values(key: str, values: Range | tuple[Any, ...]) -> str:
    if isinstance(values, Range):
        return f"{labels.value(key, values.low)} to {labels.value(key, values.high)}"
    named = [plain(labels.value(key, value)) for value in values]
    return ", ".join(named) if len(named) < 9 else f"{', '.join(named[:7])}, … {named[-1]}"


def _file(folder: SweepFolder, label: str, kind: str, make: Any, about: str) -> None:
    name = f"{folder.id}.{kind}"
    st.download_button(label, make, name, key=f"sweep-get-{kind}", type="tertiary", help=about, on_click="ignore")


def _buttons(seen: Seen, state: str) -> None:
    folder = seen.folder
    if state in ACTIVE:
        waiting = state == "queued"  # it has no process to signal yet
        icon = ":material/stop:"
        st.button("Stop", icon=icon, key="sweep-stop", disabled=waiting, on_click=_stop, args=(folder,))
    elif state in RESUMABLE or _missing(seen):
        st.button(
            "Resume",
            icon=":material/play_arrow:",
            type="primary",
            key="sweep-go-on",
            help="Runs what is missing, on the same device or cluster as before; failed runs are retried.",
            on_click=_resume,
            args=(folder,),
        )


def _missing(seen: Seen) -> bool:
    """Whether a sweep that has ended has runs left to do."""
    if any(row.state in RESUMABLE for row in seen.rows):
        return True
    return seen.sweep.method == "grid" and seen.done < seen.total


def _stop(folder: SweepFolder) -> None:
    try:
        runner.stop(folder, wait_s=0)  # do not block the page; a tick shows the end
        st.toast("Stopping the sweep's runs.", icon=":material/stop:")
    except AecoreError as error:
        st.session_state[PROBLEM] = str(error)


def _resume(folder: SweepFolder) -> None:
    try:
        begin(folder)
    except AecoreError as error:
        st.session_state[PROBLEM] = str(error)


def begin(folder: SweepFolder, device: str = "") -> None:
    """Run the sweep on a device of this machine, or without one as it was run before; if no process can be started,
    the sweep's status says so. Raises `UserError` to those who may not."""
    try:
        runner.start(folder, "local" if device else "", {"device": device})
    except UserError:
        raise
    except AecoreError as error:
        if folder.state() != "failed":  # not even that could be written
            st.session_state[PROBLEM] = str(error)


def progress(seen: Seen, state: str) -> None:
    """Progress, active runs, and errors."""
    status: Mapping[str, Any] = {}
    with contextlib.suppress(DamagedError):  # a shipped sweep has none, nor has one that was never started
        status = seen.folder.status()
    done, total = seen.done, seen.total
    share = min(done / total, 1.0) if total else 0.0
    if state == "queued":
        st.progress(share, f"Starting: {done:,} of {count(total, 'run')} finished")
    elif state in ACTIVE:
        left = left_s(seen, status)
        remaining = f", about {duration(left)} left" if left is not None else ""
        st.progress(share, f"{done:,} of {count(total, 'run')} finished{remaining}")
        _active_runs(seen)
    elif state == "interrupted":
        st.warning("The sweep's process exited unexpectedly. Resume runs what is missing.", icon=":material/power_off:")
    elif state == "stopped" and done < total:
        st.progress(share, f"Stopped with {done:,} of {count(total, 'run')} finished")
    if status.get("error") and state not in ACTIVE:
        st.error(plain(str(status["error"])), icon=":material/error:")
    _errors(seen)


def _active_runs(seen: Seen) -> None:
    rows = [row for row in seen.rows if row.state in ACTIVE and row.state != "queued"]
    named = [f"{_run(row)} (epoch {min(row.epoch + 1, row.epochs)} of {row.epochs})" for row in rows[:MOST_ACTIVE]]
    more = f" and {len(rows) - MOST_ACTIVE} more" if len(rows) > MOST_ACTIVE else ""
    st.caption(f"Running: {plain('; '.join(named))}{more}." if named else "Preparing the next run.")


def _errors(seen: Seen) -> None:
    """One line per failed run; runs that failed for the same reason share one."""
    reasons: dict[str, list[Row]] = {}
    for row in seen.rows:
        if row.state == "failed":
            reasons.setdefault(row.error or "unknown reason", []).append(row)
    lines = []
    for error, rows in reasons.items():
        also = f" and {count(len(rows) - 1, 'other run')}" if len(rows) > 1 else ""
        lines.append(f"{plain(_run(rows[0]))}{also}: {plain(error)}")
    if lines:
        more = [f"… and {count(len(lines) - MOST_ERRORS, 'other reason')}"] if len(lines) > MOST_ERRORS else []
        failed = sum(map(len, reasons.values()))
        title = f"**{count(failed, 'run')} failed**"
        st.error("  \n".join([title, *lines[:MOST_ERRORS], *more]), icon=":material/error:")


def _run(row: Row) -> str:
    return f"{labels.combination(row.values)}, seed {row.seed}"
