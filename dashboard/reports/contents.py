"""One report as a page: what it did, its numbers, its contradictions, its runs and figures."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from aecore.format import count
from aecore.presets import presets
from aecore.reports import claims
from aecore.reports.definition import Report, differences
from aecore.runs.run import Run
from aecore.runs.store import Store
from dashboard import style
from dashboard.reports import draw, verdict_table


def _tally(found: list[claims.Verdict]) -> None:
    """How many numbers were reproduced, as a line of badges."""
    looks: list[tuple[claims.Word, str, style.BadgeColor]] = [
        ("reproduced", ":material/check:", "green"),
        ("better", ":material/trending_up:", "blue"),
        ("not reproduced", ":material/close:", "red"),
        ("not measured", ":material/hourglass_empty:", "gray"),
    ]
    with st.container(horizontal=True):
        for word, icon, color in looks:
            number = sum(verdict.word == word for verdict in found)
            if number:
                words = "better than reported" if word == "better" else word
                st.badge(f"{count(number, 'number')} {words}", icon=icon, color=color)


def all_numbers(store: Store) -> None:
    """Every number of every report in one table."""
    found = claims.verdicts(store)
    _tally(found)
    verdict_table(found, with_report=True)
    st.caption("The same table: `python -m aecore results`, made from the runs' own files.")


def one_report(report: Report, store: Store) -> None:
    """One report: what it did, its numbers, where it contradicts itself or its code, and its figures."""
    st.header(report.title, anchor=False)
    st.caption(f"{report.author} · {report.course} · report {report.number}")
    st.markdown(f"**{report.summary}**")
    with st.container(key="report-text"):
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("##### What it did\n" + _bullets(report.did))
            st.markdown("##### What rerunning it showed\n" + _bullets(report.found))
        with right:
            st.markdown("##### Where the report, its code and its figures disagree\n" + _bullets(differences(report)))
    st.subheader("Reported and measured", anchor=False)
    found = claims.verdicts(store, list(report.presets))
    _tally(found)
    verdict_table(found)
    chosen = {name: run for name in report.presets if (run := claims.gallery_run(name, store))}
    _runs_row(report, chosen)
    for figure in report.figures:
        draw(figure, [chosen[name] for name in figure.presets if name in chosen])


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _runs_row(report: Report, chosen: dict[str, Run]) -> None:
    """The runs behind the page, each with links to explore it or to run it again."""
    for name in report.presets:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{presets()[name].title}**")
            if name in chosen:
                query = {"run": name}
                st.page_link("pages/train.py", label="Curves", icon=":material/show_chart:", query_params=query)
                st.page_link("pages/replay.py", label="Replay", icon=":material/slow_motion_video:", query_params=query)
                st.page_link("pages/restore.py", label="Restore", icon=":material/auto_fix_high:", query_params=query)
                st.page_link("pages/latent.py", label="Codes", icon=":material/scatter_plot:", query_params=query)
            again = {"preset": name}
            st.page_link("pages/train.py", label="Run it again", icon=":material/replay:", query_params=again)
