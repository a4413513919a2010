"""The units of a code as figures: what each carries, and how any two go together.

Takes ids, paths or runs, or measures that were read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from aecore.errors import UserError
from aecore.format import count
from aecore.plots.measured import GREY, Measured, file_name, measured, numbers_of, titled
from aecore.plots.panels import Panel, line, stack
from aecore.plots.resolve import RunLike
from aecore.plots.style import PALETTE, PAPER, axis, layout

CORRELATION = [[0, PALETTE[1]], [0.5, PAPER], [1, PALETTE[0]]]
"""From −1 over 0, which has the colour of the ground, to 1."""


def units(*of: Measured | RunLike) -> go.Figure:
    """The units of the code by how much they vary over the test images, the most first, with the threshold above which
    one counts as active; of a VAE also the KL divergence of each from its prior, in the same order. Raises `UserError`
    where it was not measured."""
    able = []
    for run in measured(of):
        found = run.found.measures.get("active_units", {})
        variance, kl = numbers_of(found.get("variance")), numbers_of(found.get("kl"))
        if variance:
            order = sorted(range(len(variance)), key=lambda unit: -variance[unit])
            able.append(
                (run, [variance[i] for i in order], [kl[i] for i in order] if len(kl) == len(order) else [], order)
            )
    if not able:
        raise UserError("the units of the code were not measured")
    most = max(len(order) for *_, order in able)
    limit = float(able[0][0].found.value("active_units", "threshold") or 0.01)
    several = len(able) > 1
    spread, divergence = [], []
    for shade, (run, variance, kl, order) in enumerate(able):
        places = list(range(1, len(order) + 1))
        named = {"mode": "lines+markers", "customdata": [unit + 1 for unit in order]}
        hover = {"hovertemplate": "%{y:.4~g} (unit %{customdata})"}
        # What does not vary at all has no place on a logarithmic axis.
        shown = [value if value > 0 else None for value in variance]
        spread.append(line(run.name if several else "variance", places, shown, shade) | named | hover)
        if kl:
            name = f"{run.name}, KL" if several else "KL divergence"
            divergence.append(line(name, places, kl, shade if several else 4) | named | hover)
    spread.append(
        line(f"threshold {limit:g}", [1, max(most, 2)], [limit, limit], GREY, dash="dot") | {"hoverinfo": "skip"}
    )
    spread[-1].pop("hovertemplate")
    panels = [Panel("Variance over the test images", 200, spread, log=True)]
    if divergence:
        panels.append(Panel("KL divergence (nats)", 140, divergence))
    runs_named = [run for run, *_ in able]
    made = stack(
        panels,
        title=titled("What each unit of the code carries", runs_named),
        alt=_alt_units(able),
        file=file_name(runs_named, "units"),
        x_title="Units, the one that varies most first",
        x_name="place",
        x_range=(0.5, max(most, 2) + 0.5),
    )
    # From one end to the threshold there are many powers of ten.
    return made.update_layout(yaxis={"dtick": 1})


def unit_correlation(of: Measured | RunLike) -> go.Figure:
    """The correlation of every two units of the code over the test images as a heat map. Raises `UserError` where it
    was not measured, or the code is too wide for it."""
    (run,) = measured([of])
    rows = run.found.measures.get("unit_correlation", {}).get("matrix")
    matrix = [numbers_of(row, missing=True) for row in rows] if isinstance(rows, list) else []
    if not matrix or any(len(row) != len(matrix) for row in matrix):
        raise UserError("the correlations of the code's units were not measured")
    names = [str(unit + 1) for unit in range(len(matrix))]
    cells = {
        "type": "heatmap",
        "name": "correlation",
        "x": names,
        "y": names,
        "z": matrix,
        "zmin": -1,
        "zmax": 1,
        "colorscale": CORRELATION,
        "xgap": 1 if len(matrix) <= 32 else 0,
        "ygap": 1 if len(matrix) <= 32 else 0,
        "colorbar": {
            "title": {"text": "", "side": "right"},
            "thickness": 12,
            "outlinewidth": 0,
            "tickvals": [-1, 0, 1],
        },
        "hovertemplate": "units %{y} and %{x}: %{z:.2f}<extra></extra>",
    }
    largest = run.found.value("unit_correlation", "largest")
    look = layout(
        titled("Correlation of the units", [run]),
        f"Correlation of {count(len(matrix), 'unit')} of {run.name}; the largest of any two is {largest or 0:.2f}.",
        file_name([run], "unit-correlation"),
        height=400,
        showlegend=False,
    )
    look |= {
        "xaxis": axis("Unit", type="category", showgrid=False, **_ticks(names)),
        "yaxis": axis("Unit", type="category", showgrid=False, autorange="reversed", **_ticks(names)),
        "hovermode": "closest",
    }
    return go.Figure({"data": [cells], "layout": look})


def _alt_units(able: Sequence[tuple[Measured, list[float], list[float], list[int]]]) -> str:
    parts = []
    for run, variance, *_ in able:
        constant = sum(value <= 0 for value in variance)
        flat = f", {constant} do not vary at all" if constant else ""
        parts.append(
            f"{run.name}: {count(len(variance), 'unit')}, variance from {min(variance):.3g} to {variance[0]:.3g}{flat}"
        )
    return f"Units by variance. {'; '.join(parts)}."


def _ticks(names: Sequence[str]) -> dict[str, Any]:
    """Few enough names along an axis that they do not overlap."""
    step = max(1, -(-len(names) // 16))
    return {"tickvals": list(names[::step]), "ticktext": list(names[::step])}
