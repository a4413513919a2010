"""The one way in which the app shows a chart: a plotly figure, from `aecore.plots`, that stays mounted.

`st.plotly_chart` remounts whenever its figure changes and forgets zoom, camera and hidden series; this component
calls `Plotly.react` on the same node. It adds hover, box zoom, wheel zoom, pan, hiding and isolating series, a log
switch, reset, a table of the values, and export to PNG, SVG, CSV and HTML. Plotly's script comes from the installed
package.
"""

from __future__ import annotations

import json
from pathlib import Path

import plotly.graph_objects as go

from dashboard.charts.script import ensure_script
from dashboard.components.register import component

# Not isolated, because plotly writes its own CSS rules into the page's head.
_component = component("plotly_chart", Path(__file__).parent / "plotly" / "chart.js", isolated=False)


def plotly_chart(figure: go.Figure, *, key: str, name: str = "", revision: str = "") -> None:
    """Show a figure from `aecore.plots`; with the same key, an existing chart is updated.

    Change `revision` when the axes take on another meaning: the view is then reset. Under `name`, which no other chart
    of the page has, the browser writes the view into the address: zoom, hidden series and log switch.
    """
    content = json.loads(
        str(figure.to_json())
    )  # numpy numbers, base64 and NaN in the form that plotly's script expects
    _component(
        key=key,
        data={"figure": content, "script": ensure_script(), "revision": revision, "name": name},
        width="stretch",
        height="content",
    )
