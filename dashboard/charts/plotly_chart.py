"""The one way in which the app shows a chart: a plotly figure, from `aecore.plots`, that stays mounted.

`st.plotly_chart` remounts whenever its figure changes and forgets zoom, camera and hidden series; this component
calls `Plotly.react` on the same node. It adds hover, box zoom, wheel zoom, pan, hiding and isolating series, a log
switch, reset, a table of the values, and export to PNG, SVG, PDF, CSV and HTML. Plotly's script comes from the
installed package.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from aecore.drawing import chart, write
from dashboard.charts.script import ensure_script
from dashboard.components.register import component

# Not isolated, because plotly writes its own CSS rules into the page's head.
_component = component("plotly_chart", Path(__file__).parent / "plotly" / "chart.js", isolated=False)

PDF = "chart-pdf-"
"""How the keys of the buttons for PDF files begin, which dashboard/style.css hides."""


def plotly_chart(figure: go.Figure, *, key: str, name: str = "", revision: str = "") -> None:
    """Show a figure from `aecore.plots`; with the same key, an existing chart is updated.

    Change `revision` when the axes take on another meaning: the view is then reset. Under `name`, which no other chart
    of the page has, the browser writes the view into the address: zoom, hidden series and log switch.
    """
    content = json.loads(
        str(figure.to_json())
    )  # numpy numbers, base64 and NaN in the form that plotly's script expects
    place = f"{PDF}{key}"
    _component(
        key=key,
        data={
            "figure": content,
            "script": ensure_script(),
            "revision": revision,
            "name": name,
            "pdf": _class_of(place),
        },
        width="stretch",
        height="content",
    )
    # Plotly's script writes no PDF. This button does; the style hides it, and the chart's own menu presses it.
    with st.container(key=place):
        st.download_button(
            "PDF",
            lambda: write(chart(content), "pdf"),
            f"{content['layout']['meta']['file']}.pdf",
            key=f"get-{place}",
            on_click="ignore",
        )


def _class_of(key: str) -> str:
    """The class that Streamlit gives the container of that key."""
    return "st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", key.strip())
