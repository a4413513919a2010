"""The tables of a report: reported and measured values, and what denoisers gain over doing nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from aecore.format import format_value
from aecore.metrics.baselines import TITLES
from aecore.models.digit_classifier import accuracy, reads
from aecore.reports.beyond import Reached, aim, spread
from aecore.reports.claims import Verdict
from aecore.runs.run import Run
from aecore.runs.summary import may_win
from dashboard.format import plain

NETWORK = "this network"
WORDS = {
    "reproduced": "✓ reproduced",
    "better": "▲ better than reported",
    "not reproduced": "✗ not reproduced",
    "not measured": "– not measured",
}


def verdict_table(found: Sequence[Verdict], *, with_report: bool = False) -> None:
    """One row per claim: reported, measured, the noisy input's score, and the verdict."""
    rows = [
        {
            "Report": entry.report,
            "Run": entry.preset,
            "Number": entry.claim.quantity,
            "Reported": format_value(entry.claim.reported, entry.claim.unit),
            "Measured": format_value(entry.measured, entry.claim.unit),
            "Noisy input": "" if entry.noisy_input is None else format_value(entry.noisy_input, entry.claim.unit),
            "Verdict": WORDS[entry.word],
        }
        for entry in found
    ]
    left_out = [] if with_report else ["Report"]
    if not any(row["Noisy input"] for row in rows):
        left_out.append("Noisy input")
    frame = pd.DataFrame(rows).drop(columns=left_out)
    right = st.column_config.TextColumn(alignment="right")
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        column_config={"Reported": right, "Measured": right, "Noisy input": right},
    )
    remarks = dict.fromkeys(f"{entry.claim.quantity}: {entry.claim.note}" for entry in found if entry.claim.note)
    if remarks:
        st.caption("  \n".join(remarks))


def goals_table(found: Sequence[Reached]) -> None:
    """One row for each aim of our own presets: the report's run, the aim, what is measured, and what it cost."""
    words = {"reached": "✓ reached", "not reached": "✗ not reached", "not measured": "– not measured"}
    rows = [
        {
            "Run": entry.preset,
            "Number": entry.goal.quantity,
            "Report's run": format_value(entry.than, entry.goal.unit) if entry.goal.than else "",
            "Aim": aim(entry.goal),
            "Measured": format_value(entry.measured, entry.goal.unit),
            "Seeds: mean ± spread": spread(entry.every, entry.goal.unit),
            "Trained in": entry.trained_in,
            "Parameters": f"{entry.parameters:,}" if entry.parameters else "–",
            "Verdict": words[entry.word],
        }
        for entry in found
    ]
    right = st.column_config.TextColumn(alignment="right")
    texts = ("Run", "Number", "Verdict")
    config = {column: right for column in rows[0] if column not in texts} if rows else {}
    st.dataframe(pd.DataFrame(rows), hide_index=True, height="content", column_config=config)
    remarks = dict.fromkeys(f"{entry.goal.quantity}: {entry.goal.note}" for entry in found if entry.goal.note)
    if remarks:
        st.caption("  \n".join(plain(remark) for remark in remarks))


def denoisers(run: Run, corruption: str) -> None:
    """The noisy input, the network and the classical denoisers on the whole test set, the best of each column marked.

    Raises `AecoreError` when the evaluation cannot be read.
    """
    entry = next((entry for entry in run.evaluation() if entry["corruption"] == corruption), None)
    if entry is None:
        st.caption(f"This run was not evaluated under {corruption}.")
        return
    named: list[tuple[str, dict[str, Any]]] = [
        ("noisy input", entry["noisy_input"]),
        (NETWORK, entry["metrics"]),
    ]
    out = () if may_win(run.status()) else (NETWORK,)
    for name, measured in entry.get("classical", {}).items():
        strength = measured.get("strength")
        title = f"{TITLES.get(name, name)}{'' if strength is None else f' ({strength:g})'}"
        named.append((title, measured["metrics"]))
    data_name = run.experiment().data.name
    columns = [("psnr_db", "PSNR dB", 2, True), ("ssim", "SSIM", 3, True), ("mse", "MSE", 5, False)]
    columns += [("snr_db", "SNR dB", 2, True)]
    if reads(data_name):
        columns.append(("wrong_digit_rate", "Wrong digits", 4, False))
    rows: list[dict[str, str]] = [{"Denoiser": name} for name, _ in named]
    for key, title, digits, higher in columns:
        values = [scores.get(key) for _, scores in named]
        known = [value for value, (name, _) in zip(values, named, strict=True) if value is not None and name not in out]
        best = (max(known) if higher else min(known)) if known else None
        for row, value in zip(rows, values, strict=True):
            is_best = value == best and row["Denoiser"] not in out
            row[title] = "–" if value is None else _cell(key, value, digits, is_best)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height="content",
        column_config={
            title: st.column_config.TextColumn(alignment="right", width="small") for _, title, _, _ in columns
        },
    )
    words = f"{entry['n']:,} test images. ● marks the best in a column; a classical method's strength is in brackets."
    if reads(data_name):
        words += f" The classifier itself misreads {1 - accuracy()[data_name]:.2%} of the clean test images."
    st.caption(words)


def _cell(key: str, value: float, digits: int, best: bool) -> str:
    text = f"{value:.2%}" if key == "wrong_digit_rate" else f"{value:.{digits}f}"
    return f"● {text}" if best else text
