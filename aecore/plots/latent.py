"""The latent space as figures: projections, a histogram of every unit, errors of individual images."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from aecore.errors import UserError
from aecore.format import drawable
from aecore.latent import projection as projections
from aecore.latent.codes import Codes, read_codes
from aecore.latent.projection_store import Projection, read_projection
from aecore.plots.resolve import RunLike, marked_title, resolve_run
from aecore.plots.style import GRID, MUTED, axis, color, layout
from aecore.runs.run import Run

TITLES = projections.TITLES | {"units": "Code units"}
BINS = 40
MOST_UNITS = 32
ACROSS = 4
"""Histograms per row."""
ROW_PX = 150


def projection(
    run: RunLike, method: str = "tsne", dims: int = 3, *, found: Projection | None = None, classes: tuple[str, ...] = ()
) -> go.Figure:
    """The codes of test images as points in `dims` dimensions, coloured by class; report 004's interactive plot.

    Shows the projection that the run keeps, unless `found` is given. Raises `UserError` where it keeps none.
    """
    run = resolve_run(run)
    found = found or read_projection(run, method, dims)
    if found is None:
        if not run.experiment().model.has_code:
            raise UserError(f"run {run.id}: its network has no code to project")
        raise UserError(
            f"run {run.id} has no {method} in {dims}D yet: compute it with `aecore project {run.id} --method {method} "
            f"--dims {dims}`"
        )
    classes = classes or class_names(run, found.labels)
    digits = all(name.isdecimal() for name in classes)
    points = found.coordinates.round(4).astype(float)
    traces = []
    for label in np.unique(found.labels):
        rows = np.flatnonzero(found.labels == label)
        name = drawable(classes[label] if label < len(classes) else str(label))
        trace = {
            "type": "scatter3d" if found.dims == 3 else "scattergl",
            "mode": "markers",
            "name": name,
            "x": points[rows, 0],
            "y": points[rows, 1],
            "marker": {"size": 2.5 if found.dims == 3 else 4, "color": color(int(label)), "opacity": 0.85},
            "customdata": found.indices[rows].astype(int),
            "hovertemplate": f"{'Digit' if digits else 'Class'}: {name}<br>test image %{{customdata}}<extra></extra>",
        }
        traces.append(trace | ({"z": points[rows, 2]} if found.dims == 3 else {}))
    names = axis_names(found)
    title = f"{marked_title(run)}: {TITLES.get(found.method, found.method)} in {found.dims}D"
    look = layout(
        title,
        f"{TITLES.get(found.method, found.method)} of {len(points):,} codes of {marked_title(run)} in {found.dims}D, "
        f"coloured by {len(traces)} classes.",
        f"{run.id}-{found.method}-{found.dims}d",
        height=620,
        showlegend=True,
    )
    look["legend"] |= {"itemsizing": "constant"}
    if found.dims == 3:
        space = {
            "gridcolor": GRID,
            "zerolinecolor": GRID,
            "showbackground": False,
            "showspikes": False,
            "tickfont": {"size": 10, "color": MUTED},
        }
        space_axes = {
            f"{letter}axis": space | {"title": {"text": name}} for letter, name in zip("xyz", names, strict=True)
        }
        look["scene"] = space_axes | {"aspectmode": "cube", "dragmode": "orbit"}
        look["margin"] = {"l": 0, "r": 0, "t": 56, "b": 0}
    else:
        look |= {"xaxis": axis(names[0]), "yaxis": axis(names[1]), "hovermode": "closest"}
    return go.Figure({"data": traces, "layout": look})


def axis_names(found: Projection) -> list[str]:
    """The titles of a projection's axes."""
    names = TITLES | {"pca": "PC", "units": "unit"}
    return [f"{names.get(found.method, 'axis')} {i + 1}" for i in range(found.dims)]


def code_histograms(run: RunLike, *, codes: Codes | None = None) -> go.Figure:
    """A histogram of every code unit over the test images: which units vary, and which are dead.

    Of a code of more than 32 units the first 32. Raises `UserError` where the run keeps no codes.
    """
    run = resolve_run(run)
    kept = _kept_codes(run, codes)
    if kept.codes is None:
        raise UserError(f"the code of run {run.id} is too wide to be kept, so there are no histograms")
    values = kept.codes[:, :MOST_UNITS].astype(float)
    units = values.shape[1]
    across, down = min(ACROSS, units), math.ceil(units / ACROSS)
    traces, axes, titles = [], {}, []
    dead = np.ptp(values, axis=0) <= 1e-6
    height = down * ROW_PX + 90
    for unit in range(units):
        row, column = divmod(unit, ACROSS)
        counts, edges = np.histogram(values[:, unit], BINS)
        suffix = "" if unit == 0 else str(unit + 1)
        width, gap = 1 / across, 0.05 / across
        top, bottom = 1 - row / down, 1 - (row + 1) / down + 0.34 / down
        left, right = column * width + gap, (column + 1) * width - gap
        axes[f"xaxis{suffix}"] = axis(anchor=f"y{suffix}", domain=[left, right], nticks=4)
        axes[f"yaxis{suffix}"] = axis(anchor=f"x{suffix}", domain=[bottom, top - 0.1 / down], nticks=3)
        traces.append(
            {
                "type": "bar",
                "name": f"unit {unit + 1}",
                "x": ((edges[:-1] + edges[1:]) / 2).round(6),
                "y": counts,
                "width": float(edges[1] - edges[0]),
                "marker": {"color": color(9 if dead[unit] else 0)},
                "xaxis": f"x{suffix}",
                "yaxis": f"y{suffix}",
                "hovertemplate": "%{y:,} images near %{x:.3~g}",
            }
        )
        text = f"unit {unit + 1}{' (dead)' if dead[unit] else ''}"
        titles.append(
            {"xref": "paper", "yref": "paper", "x": left, "y": top - 0.1 / down, "xanchor": "left", "yanchor": "bottom"}
            | {"text": text, "showarrow": False, "font": {"size": 12, "color": MUTED}}
        )
    total = kept.codes.shape[1]
    title = f"Code units of {marked_title(run)}"
    alt = (
        f"Histograms of {units} of {total} code units over {len(values):,} test images; {int(dead.sum())} of them dead."
    )
    look = layout(title, alt, f"{run.id}-code-units", height=height, showlegend=False, bargap=0)
    look["margin"] = {"l": 40, "r": 16, "t": 40, "b": 20}
    return go.Figure({"data": traces, "layout": look | axes | {"annotations": titles}})


def errors(run: RunLike, *, codes: Codes | None = None, classes: tuple[str, ...] = ()) -> go.Figure:
    """The mean squared error of every test image, on the [0, 1] scale, as a box for each class.

    Raises `UserError` where the run keeps none.
    """
    run = resolve_run(run)
    kept = _kept_codes(run, codes)
    classes = classes or class_names(run, kept.labels)
    traces = []
    for label in np.unique(kept.labels):
        rows = np.flatnonzero(kept.labels == label)
        name = drawable(classes[label] if label < len(classes) else str(label))
        traces.append(
            {
                "type": "box",
                "name": name,
                "x": [name] * len(rows),
                "y": kept.errors[rows].astype(float).round(8),
                "marker": {"color": color(int(label)), "size": 3},
                "line": {"width": 1.5},
                "customdata": kept.indices[rows].astype(int),
                "hovertemplate": "test image %{customdata}: %{y:.4~g}<extra>%{x}</extra>",
            }
        )
    title = f"Reconstruction errors of {marked_title(run)}"
    median = float(np.median(kept.errors))
    alt = f"Mean squared error of {len(kept.errors):,} test images by class, median {median:.4g}."
    look = layout(title, alt, f"{run.id}-errors", height=420, log=["yaxis"], showlegend=False)
    look |= {"xaxis": axis("Class", type="category"), "yaxis": axis("Mean squared error", log=True)}
    return go.Figure({"data": traces, "layout": look})


def class_names(run: Run, labels: np.ndarray) -> tuple[str, ...]:
    """The names of a run's classes, from the run itself if it has them; else the labels."""
    known = run.status().get("data")
    if isinstance(known, dict) and known.get("classes"):
        return tuple(map(str, known["classes"]))
    return tuple(map(str, range(int(labels.max(initial=0)) + 1)))


def _kept_codes(run: Run, codes: Codes | None) -> Codes:
    kept = codes or read_codes(run)
    if kept is None:
        lacks = (
            "has no code"
            if not run.experiment().model.has_code
            else "keeps no codes; they are written when its training ends"
        )
        raise UserError(f"run {run.id} {lacks}")
    return kept
