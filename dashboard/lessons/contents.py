"""The list of lessons, as a part of the Reports page."""

from __future__ import annotations

import streamlit as st

from aecore.format import count
from aecore.lessons.library import lessons
from aecore.runs.store import Store
from dashboard.format import plain
from dashboard.lessons.running import way


def contents() -> None:
    """Each lesson with its title, what it is about, how long it is, and a button that starts it; files that are none
    are named."""
    found, problems = lessons(Store.default())
    st.markdown(
        "A lesson leads through the app in a few steps. Each step opens a page, asks a question, and answers it with "
        "numbers that are read from the runs of this store."
    )
    for lesson in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"lesson-card-{lesson.name}"):
            number = f"{lesson.number} · " if lesson.number else ""
            about = f"{count(len(lesson.steps), 'step')}, about {count(lesson.minutes, 'minute')}"
            title = f"**{number}{plain(lesson.title)}**"
            st.markdown(f"{title}  \n{plain(lesson.summary)} :small[:gray[{about}]]", width="stretch")
            start = f"Start lesson {lesson.number}" if lesson.number else "Start"
            way(lesson, 1, "reports", start, "school", f"start-{lesson.name}")
    for line in problems:
        st.warning(plain(line), icon=":material/school:")
