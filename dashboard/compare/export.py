"""What runs make of the same images, and of the same interpolation, as figures for a report; clouds side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aecore import plots
from aecore.drawing import Drawing, Ramp, Sheet, SheetRow, beside, chart, noted, stacked
from aecore.latent.projection_store import Projection
from aecore.runs.run import Run
from aecore.viewer.point_cloud import note
from dashboard.cache import models, runs
from dashboard.cache.images import image_info
from dashboard.interpolate.export import Interpolation, decoded_strip
from dashboard.interpolate.export import headings as shares_of
from dashboard.widgets.image_files import as_bytes
from dashboard.widgets.image_picker import Chosen

CLOUD_WIDTH = 480.0
BESIDE = 2
"""Clouds in a row."""


def sheet(chosen: Sequence[Run], names: Sequence[str], found: Chosen, noise: str, errors: float | None) -> Drawing:
    """Clean images, the noisy ones if there is `noise`, then a row per run with the error of every image, the smallest
    in bold; with `errors`, error maps at full intensity for that error. `names` are the runs' letters and titles.
    """
    clean = found.clean.astype(np.float32) / np.float32(255)
    outputs = [models.reconstructed(run, found.shown, found.labels) for run in chosen]
    mse = np.stack([((output - clean) ** 2).mean(axis=(1, 2, 3), dtype=np.float64) for output in outputs])
    able = [i for i, run in enumerate(chosen) if runs.summary(run).may_win]
    ramp = Ramp("0", f"{errors:g} or more", "|output − clean|, under each output", "#E25428") if errors else None
    rows = [SheetRow("clean", as_bytes(clean))]
    rows += [SheetRow("noisy", as_bytes(found.shown))] if noise else []
    means = mse.mean(axis=1)
    for i, (name, output) in enumerate(zip(names, outputs, strict=True)):
        ranked = len(able) > 1 and i in able
        best = frozenset(n for n in range(len(clean)) if ranked and mse[i, n] == mse[able, n].min())
        is_best = ranked and means[i] == means[able].min()
        about = f"mean MSE {means[i]:.4f}{', best' if is_best else ''}"
        rows.append(SheetRow(name, as_bytes(output), [[f"{error:.4f}"] for error in mse[i]], best, about))
        if ramp and errors:
            rows.append(SheetRow("error", ramp.shade(np.abs(output - clean).mean(axis=1) / errors)))
    title = f"The same images through {len(chosen)} runs: {noise or 'clean images'}"
    headings = [name.replace("test image ", "#") for name in found.names]
    return Sheet(rows, headings, title, ["MSE under each image.", *_notes(chosen, names)], ramp).drawing()


def strips(chosen: Sequence[Run], names: Sequence[str], way: Interpolation) -> Drawing:
    """The same interpolation through all runs, one row for each."""
    ends = [as_bytes(way.images[i : i + 1]) for i in (0, 1)]
    frames = [as_bytes(decoded_strip(run, way)) for run in chosen]
    rows = [SheetRow(name, np.concatenate([ends[0], own, ends[1]])) for name, own in zip(names, frames, strict=True)]
    title = f"The same interpolation along {'an arc' if way.path == 'arc' else 'a line'} through {len(chosen)} runs"
    return Sheet(rows, shares_of(way), title, _notes(chosen, names), per_block=len(way.shares) + 2).drawing()


def clouds(chosen: Sequence[Run], found: Sequence[Projection | None], titles: Sequence[str]) -> Drawing:
    """Every run's projection, two in a row, each with how it was made."""
    drawn = []
    for run, projection, title in zip(chosen, found, titles, strict=True):
        if projection is not None:
            figure = plots.projection(
                run, projection.method, projection.dims, found=projection, classes=image_info(run).classes
            )
            figure.update_layout(title_text=title, height=420)
            drawn.append(noted(chart(figure.to_plotly_json(), CLOUD_WIDTH), [note(projection)]))
    return stacked([beside(drawn[i : i + BESIDE]) for i in range(0, len(drawn), BESIDE)])


def _notes(chosen: Sequence[Run], names: Sequence[str]) -> list[str]:
    """What is wrong with which run, by the letter with which its name begins, and where the images are from."""
    marks = [(name.split()[0], runs.summary(run).mark) for name, run in zip(names, chosen, strict=True)]
    return [f"{letter} {mark}." for letter, mark in marks if mark] + [image_info(chosen[0]).citation]
