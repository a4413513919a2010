"""The one way in which the app shows a chart: a plotly figure, from `aecore.plots`, that stays mounted.

`st.plotly_chart` mounts anew whenever its figure changes and forgets zoom, camera and hidden series; this component
calls `Plotly.react` on the same node. With it come hover, box zoom, wheel, pan, hiding and isolating of series, a log
switch, reset, a table of the values, and PNG, SVG, CSV and HTML. Plotly's script comes from the installed package.
"""

from __future__ import annotations

import json
from pathlib import Path

import plotly.graph_objects as go

from dashboard.charts.script import ensure_script
from dashboard.components.register import component

# Not isolated, for plotly writes its own rules into the page's head.
_component = component("plotly_chart", Path(__file__).parent / "plotly" / "chart.js", isolated=False)


def plotly_chart(figure: go.Figure, *, key: str, revision: str = "") -> None:
    """Show a figure that `aecore.plots` made; with the same key it is the one before with other data.

    `revision` changes where the axes come to mean something else: the view is then a fresh one.
    """
    content = json.loads(str(figure.to_json()))  # numpy's numbers, base64 and NaN are as plotly's script takes them
    _component(
        key=key,
        data={"figure": content, "script": ensure_script(), "revision": revision},
        width="stretch",
        height="content",
    )
