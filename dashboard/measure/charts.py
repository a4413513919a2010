"""The measures of one run or several as charts, two side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import plotly.graph_objects as go
import streamlit as st

from aecore import plots
from aecore.errors import UserError
from aecore.plots.measured import Measured
from dashboard.charts.plotly_chart import plotly_chart
from dashboard.measure.url import PAGE

CHARTS: dict[str, tuple[str, Callable[..., go.Figure], str]] = {
    "labels": (
        "How many labels it needs",
        plots.label_efficiency,
        "A linear probe on the code, with its 95 % interval; with few labels the mean of five draws of them.",
    ),
    "rate": (
        "Error against bytes",
        plots.rate_distortion,
        "Each number of the code at 32, 16, 8 and 4 bits; below and left is better. The decoder is not counted.",
    ),
    "classes": (
        "Error by class",
        plots.class_errors,
        "The mean over the test images of each class. Lines on bars are one standard deviation over these images.",
    ),
    "units": (
        "What each unit carries",
        plots.units,
        "A unit that does not vary says nothing. The threshold is made for a VAE: any other code may have any scale.",
    ),
    "roc": ("Anomalies", plots.roc, "In brackets the area under the curve; guessing has 50 %."),
    "correlation": (
        "Correlation of the units",
        plots.unit_correlation,
        "Blue: two units rise together. Orange: one falls as the other rises.",
    ),
}
"""By the name that the address has: heading, figure, and what to know about it. Correlations are those of one run."""
SEVERAL = tuple(name for name in CHARTS if name != "correlation")


def charts(of: Sequence[Measured], key: str) -> None:
    """Those of the charts for which there is something, two in a line; one below the other on a phone."""
    found = []
    for name, (title, draw, words) in CHARTS.items():
        if len(of) > 1 and name not in SEVERAL:
            continue
        try:
            found.append((name, title, draw(*of), words))
        except UserError:  # not measured: the page says elsewhere why
            continue
    for start in range(0, len(found), 2):
        for place, (name, title, figure, words) in zip(
            st.columns(2, gap="large"), found[start : start + 2], strict=False
        ):
            with place:
                st.subheader(title, anchor=False)
                plotly_chart(figure, key=f"{PAGE}-{name}-{key}", name=name, revision=key)
                st.caption(words)
