"""The bar above every page while a lesson runs: what to read, a question, its answer, and the way to the next step."""

from __future__ import annotations

import streamlit as st

from aecore.errors import UserError
from aecore.lessons.definition import Lesson
from aecore.lessons.library import answer, filled
from aecore.runs.store import Store
from dashboard import page, url_state
from dashboard.components.lesson import keep_lesson
from dashboard.format import plain
from dashboard.lessons.running import arrive, leave, way

SHOWN = "lesson-answer-shown"
"""In the session: the lesson and step whose answer is shown."""


def bar(here: str) -> None:
    """Above the page `here`; nothing while no lesson runs."""
    try:
        running = arrive()
    except UserError as error:
        st.warning(plain(str(error)), icon=":material/school:")
        return
    if running is not None:
        page.fragment(_draw)(here, *running)


def _draw(here: str, lesson: Lesson, number: int) -> None:
    with st.container(key="lesson", border=True):
        keep_lesson(here, f"Lesson: {lesson.title}", url_state.carried())
        with st.container(horizontal=True, vertical_alignment="center", key="lesson-head"):
            place = f"step {number} of {len(lesson.steps)}"
            st.markdown(f":material/school: **{plain(lesson.title)}** · {place}", width="stretch")
            if st.button("Leave", icon=":material/close:", type="tertiary", key="lesson-leave"):
                leave()
                st.rerun()
        left, right = st.columns([3, 2], gap="large")
        with left:
            _text(lesson, number)
        with right:
            _question(lesson, number)
        _ways(here, lesson, number)


def _text(lesson: Lesson, number: int) -> None:
    step = lesson.steps[number - 1]
    text, missing = filled(step.text, Store.default())
    st.markdown(f"**{plain(step.title)}**\n\n{text}")
    _missing(missing)


def _question(lesson: Lesson, number: int) -> None:
    """The question, and its answer once it was asked for; its numbers are read now, from the runs of this store."""
    step, store = lesson.steps[number - 1], Store.default()
    text, missing = filled(step.question, store)
    st.markdown(f"**Question.** {text}")
    _missing(missing)
    shown = st.session_state.get(SHOWN) == (lesson.name, number)
    label, icon = ("Hide the answer", "visibility_off") if shown else ("Show the answer", "visibility")
    now = None if shown else (lesson.name, number)
    st.button(label, icon=f":material/{icon}:", key="lesson-answer", on_click=_show, args=(now,))
    if not shown:
        return
    found = answer(step, store)
    if found.text:
        st.markdown(f"**Answer.** {found.text}")
        runs = list(dict.fromkeys(plain(path.run) for path in step.paths()))
        st.caption(f"Read from the files of {', '.join(runs)}.")
    else:
        st.warning("The answer cannot be given for the runs here.", icon=":material/rule:")
    _missing(found.problems)


def _show(what: tuple[str, int] | None) -> None:
    st.session_state[SHOWN] = what


def _missing(lines: tuple[str, ...] | list[str]) -> None:
    for line in lines:
        st.caption(f":material/info: {plain(line)}")


def _ways(here: str, lesson: Lesson, number: int) -> None:
    """To the steps before and after, and back to the view that this one is about."""
    with st.container(horizontal=True, vertical_alignment="center", key="lesson-ways"):
        if number > 1:
            way(lesson, number - 1, here, "Back", "arrow_back", "back")
        if number < len(lesson.steps):
            way(lesson, number + 1, here, "Next", "arrow_forward", "next")
        elif st.button("Finish", icon=":material/check:", key="lesson-finish"):
            url_state.carry({})
            st.switch_page("pages/reports.py", query_params={"report": "lessons"})
        way(lesson, number, here, "Set up the page again", "restart_alt", "again")
