"""Figures as files: an HTML page that opens without a server, or an image."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import plotly.graph_objects as go

from aecore.drawing import Drawing, chart, write
from aecore.errors import AecoreError, UserError, nearest
from aecore.plots.code_units import unit_correlation, units
from aecore.plots.curves import layer_curves, loss_curves, step_curves
from aecore.plots.latent import code_histograms, errors, projection
from aecore.plots.measures import class_errors, label_efficiency, rate_distortion, roc
from aecore.runs.run import Run

OF_MEASURES: dict[str, Callable[[Run], go.Figure]] = {
    "labels": label_efficiency,
    "rate": rate_distortion,
    "roc": roc,
    "classes": class_errors,
    "units": units,
    "correlation": unit_correlation,
}
"""Those of a run that was measured."""
FIGURES: dict[str, Callable[[Run], go.Figure]] = {
    "loss": loss_curves,
    "steps": step_curves,
    "layers": layer_curves,
    "projection": projection,
    "codes": code_histograms,
    "errors": errors,
    **OF_MEASURES,
}
"""The figures of a run, by name."""
PICTURES = ("png", "svg", "pdf")


def figure_of(run: Run, name: str) -> go.Figure:
    """One of `FIGURES` for the run. Raises `UserError` for another name, and if the run lacks the data for it."""
    if name not in FIGURES:
        raise UserError(f"unknown figure '{name}': {nearest(name, FIGURES)}")
    return FIGURES[name](run)


def figure_bytes(figure: go.Figure, format: str) -> bytes:
    """The figure as `html` with plotly's script included, or as `png` at twice the size, `svg` or `pdf`.

    Pictures are drawn by kaleido if it is installed, which is plotly's own way, else by `aecore.drawing`. Raises
    `UserError` for another format, `AecoreError` if kaleido fails.
    """
    if format == "html":
        return figure.to_html(include_plotlyjs=True, config={"responsive": True, "displaylogo": False}).encode()
    if format not in PICTURES:
        raise UserError(f"unknown format '{format}' for a figure: {nearest(format, ('html', *PICTURES))}")
    if importlib.util.find_spec("kaleido") is None:
        return write(drawing_of(figure), format)
    try:
        return figure.to_image(
            format=format, width=1000, height=figure.layout.height, scale=2 if format == "png" else 1
        )
    except Exception as error:  # kaleido drives a browser, and its exceptions are not documented
        raise AecoreError(f"kaleido could not draw the {format}: {str(error).splitlines()[0]}") from None


def drawing_of(figure: go.Figure) -> Drawing:
    """The figure as a drawing, which needs no browser. Raises `UserError` for a kind of chart that it does not know."""
    return chart(figure.to_plotly_json())


def format_of(path: Path) -> str:
    """The format from a file name's extension; html without one."""
    return path.suffix.removeprefix(".").lower() or "html"
