"""One sweep at the top of its page: name, state, what it varies, and the buttons that fit the state.

The buttons act in callbacks, so that no click is lost while the page changes under the pointer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from aecore import demo
from aecore.errors import AecoreError, DamagedError, describe_os_error
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
MOST_ERRORS, MOST_AT_WORK = 5, 4


def heading(seen: Seen, state: str) -> None:
    """Name, state, buttons, and in a line what the sweep is."""
    folder, sweep = seen.folder, seen.sweep
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(plain(sweep.name), anchor=False, width="content")
        state_badge(state)
        st.space("stretch")
        if not (demo.mode() or folder.shipped):
            _buttons(seen, state)
        with st.popover("Download", icon=":material/download:", type="tertiary"), st.container(gap=None):
            _file(folder, "Runs (.csv)", "csv", partial(csv_text, sweep, seen.rows), "A line a run, with every metric")
            _file(folder, "Definition (.toml)", "toml", partial(toml_text, sweep), "For python -m aecore sweep")
    if told := st.session_state.pop(PROBLEM, None):
        st.error(told, icon=":material/error:")
    ships = " It ships with the project." if folder.shipped else ""
    st.caption(f"{about(sweep)} {count(seen.total, 'run')} in all.{ships}")


def about(sweep: Sweep) -> str:
    """What varies, how often, and over what base, in a sentence."""
    varies = [f"**{plain(labels.setting(key))}** ({_values(key, values)})" for key, values in sweep.vary.items()]
    how = {
        "grid": "every combination",
        "random": count(sweep.trials, "combination") + " drawn at random",
        "search": count(sweep.trials, "combination") + " chosen by search",
    }[sweep.method]
    base = sweep.experiment
    epochs = "" if "training.epochs" in sweep.vary else f", {count(base.training.epochs, 'epoch')}"
    data = "" if "data.name" in sweep.vary else f" on {base.data.name}"
    return (
        f"Varies {' and '.join([', '.join(varies[:-1]), varies[-1]] if varies[1:] else varies)}: {how}, "
        f"{count(len(sweep.seeds), 'seed')} each. Base: {plain(base.title)}{plain(data)}{epochs}."
    )


def _values(key: str, values: Range | tuple[Any, ...]) -> str:
    if isinstance(values, Range):
        return f"{labels.value(key, values.low)} to {labels.value(key, values.high)}"
    named = [plain(labels.value(key, value)) for value in values]
    return ", ".join(named) if len(named) < 9 else f"{', '.join(named[:7])}, … {named[-1]}"


def _file(folder: SweepFolder, label: str, kind: str, make: Any, told: str) -> None:
    name = f"{folder.id}.{kind}"
    st.download_button(label, make, name, key=f"sweep-get-{kind}", type="tertiary", help=told, on_click="ignore")


def _buttons(seen: Seen, state: str) -> None:
    folder = seen.folder
    if state in ACTIVE:
        waiting = state == "queued"  # it has no process to tell yet
        icon = ":material/stop:"
        st.button("Stop", icon=icon, key="sweep-stop", disabled=waiting, on_click=_stop, args=(folder,))
    elif state in RESUMABLE or _missing(seen):
        st.button(
            "Go on",
            icon=":material/play_arrow:",
            type="primary",
            key="sweep-go-on",
            help="Carries out what is missing, where it was carried out before; failed runs are tried again.",
            on_click=_go_on,
            args=(folder,),
        )


def _missing(seen: Seen) -> bool:
    """Whether a sweep that is over has something left to do."""
    if any(row.state in RESUMABLE for row in seen.rows):
        return True
    return seen.sweep.method == "grid" and seen.done < seen.total


def _stop(folder: SweepFolder) -> None:
    try:
        runner.stop(folder, wait_s=0)  # the page goes on living; a tick sees the end
        st.toast("Stopping its runs.", icon=":material/stop:")
    except AecoreError as error:
        st.session_state[PROBLEM] = str(error)


def _go_on(folder: SweepFolder) -> None:
    try:
        begin(folder)
    except AecoreError as error:
        st.session_state[PROBLEM] = str(error)


def begin(folder: SweepFolder, device: str = "") -> None:
    """Carry the sweep out on this machine's device, or without one as it was before; where no process can be started
    the sweep itself says so. Raises `UserError` on a demo."""
    try:
        runner.start(folder, "local" if device else "", {"device": device})
    except OSError as error:
        folder.write_status(state="failed", error=describe_os_error(error, "the process of this sweep"), process=None)


def progress(seen: Seen, state: str) -> None:
    """How far it is, what is at work, and what went wrong."""
    status: Mapping[str, Any] = {}
    with contextlib.suppress(DamagedError):  # a shipped sweep has none, and one that nobody has begun
        status = seen.folder.status()
    done, total = seen.done, seen.total
    share = min(done / total, 1.0) if total else 0.0
    if state == "queued":
        st.progress(share, f"Starting: {done:,} of {count(total, 'run')} finished")
    elif state in ACTIVE:
        left = left_s(seen, status)
        told = f", about {duration(left)} left" if left is not None else ""
        st.progress(share, f"{done:,} of {count(total, 'run')} finished{told}")
        _at_work(seen)
    elif state == "interrupted":
        st.warning("Its process ended without a word. Go on carries out what is missing.", icon=":material/power_off:")
    elif state == "stopped" and done < total:
        st.progress(share, f"Stopped with {done:,} of {count(total, 'run')} finished")
    if status.get("error") and state not in ACTIVE:
        st.error(plain(str(status["error"])), icon=":material/error:")
    _errors(seen)


def _at_work(seen: Seen) -> None:
    rows = [row for row in seen.rows if row.state in ACTIVE and row.state != "queued"]
    told = [f"{_run(row)} (epoch {min(row.epoch + 1, row.epochs)} of {row.epochs})" for row in rows[:MOST_AT_WORK]]
    more = f" and {len(rows) - MOST_AT_WORK} more" if len(rows) > MOST_AT_WORK else ""
    st.caption(f"At work: {plain('; '.join(told))}{more}." if told else "At work: preparing the next run.")


def _errors(seen: Seen) -> None:
    """A line a failed run; runs that failed for the same reason share one."""
    reasons: dict[str, list[Row]] = {}
    for row in seen.rows:
        if row.state == "failed":
            reasons.setdefault(row.error or "it did not say why", []).append(row)
    lines = []
    for error, rows in reasons.items():
        also = f" and {count(len(rows) - 1, 'other run')}" if len(rows) > 1 else ""
        lines.append(f"{plain(_run(rows[0]))}{also}: {plain(error)}")
    if lines:
        more = [f"… and {count(len(lines) - MOST_ERRORS, 'other reason')}"] if len(lines) > MOST_ERRORS else []
        failed = sum(map(len, reasons.values()))
        told = f"**{count(failed, 'run')} failed**"
        st.error("  \n".join([told, *lines[:MOST_ERRORS], *more]), icon=":material/error:")


def _run(row: Row) -> str:
    return f"{labels.combination(row.values)}, seed {row.seed}"
