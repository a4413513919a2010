"""Images that belong to the measures: the worst reconstructions, and samples beside real images."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from aecore import data
from aecore.data.subset import evenly_spaced
from aecore.drawing import Drawing, Sheet, SheetRow
from aecore.errors import AecoreError
from aecore.metrics.measure_names import NAMED
from aecore.runs.measures import Measures
from aecore.runs.run import Run
from dashboard.cache import runs
from dashboard.cache.images import image_info, test_images
from dashboard.cache.measures import measured_images
from dashboard.format import plain
from dashboard.measure.url import PAGE
from dashboard.widgets import figure_export
from dashboard.widgets.image_grid import img, strip

SAMPLES = ("samples_prior", "samples_gaussian", "samples_mixture")
SHOWN = 16


def worst(run: Run, found: Measures) -> None:
    """The test images that are reconstructed worst, each beside what became of it."""
    images = measured_images(run)
    clean, output = images.get("worst_clean"), images.get("worst")
    rows = found.rows("reconstruction", "worst", ("image", "mse"))
    if clean is None or output is None or not len(clean) == len(output) == len(rows):
        return
    names = [_class_of(run, row) for row in rows]
    alts = [f"test image {row['image']}" for row in rows]
    linked = data.prepared(run.experiment().data.source)  # Restore has only the panel's images without the set
    begins = [f'<a href="{_on_restore(run, row)}">' if linked else "<a>" for row in rows]
    st.subheader("Reconstructed worst", anchor=False)
    figures = "".join(
        f"<figure>{begins[i]}{img(clean[i], alts[i])}{img(output[i], 'its reconstruction')}</a>"
        f"<figcaption>{html.escape(names[i])}<span>MSE {row['mse']:.4f}</span></figcaption></figure>"
        for i, row in enumerate(rows)
    )
    st.html(f'<div class="ae-pairs">{figures}</div>')
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"The {len(rows)} of all test images with the largest error, each with its reconstruction."
            f"{' A click shows it on Restore.' if linked else ''}",
            width="content",
        )
        figure_export.export(
            lambda: _worst_sheet(run, clean, output, rows, names), f"{run.id}-worst", key=f"{PAGE}-worst"
        )


def samples(run: Run, found: Measures, title: str = "New images") -> None:
    """Images decoded from codes drawn at random, a line for each way to draw them, below real ones."""
    lines = sample_lines(run, found)
    if not lines:
        return
    st.subheader(plain(title), anchor=False)
    st.html(f'<div class="ae-samples">{"".join(_line(*line) for line in lines)}</div>')
    figure_export.export(lambda: _sample_sheet(run, lines), f"{run.id}-samples", key=f"{PAGE}-samples-{run.id}")


def sample_lines(run: Run, found: Measures) -> list[tuple[str, str, np.ndarray]]:
    """Name, what was measured of them, and images uint8 (N, C, H, W): real ones first; none without samples."""
    images = measured_images(run)
    lines = [(NAMED[name].title, told(name, found), images[name][:SHOWN]) for name in SAMPLES if name in images]
    if not lines:
        return []
    try:
        real = test_images(run)
    except AecoreError:
        return lines
    chosen = np.asarray(real.clean[evenly_spaced(len(real.clean), SHOWN)])
    return [("Test images", "for comparison", chosen), *lines]


def told(name: str, found: Measures) -> str:
    """What was measured of a kind of samples, in a line."""
    measured = found.measures.get(name, {})
    parts = [f"Fréchet distance {NAMED[name].with_interval(measured)}"] if measured else []
    for key, words in (("readable", "readable"), ("copies", "possible copies")):
        inner = measured.get(key)
        if isinstance(inner, Mapping) and isinstance(inner.get("value"), (int, float)):
            parts.append(f"{100 * inner['value']:.1f} % {words}")
    covered, classes = measured.get("classes_covered"), measured.get("by_class")
    if isinstance(covered, int) and isinstance(classes, list):
        parts.append(f"{covered} of {len(classes)} classes")
    return " · ".join(parts)


def _line(name: str, about: str, images: np.ndarray) -> str:
    title = html.escape(name)
    return f"<p><b>{title}</b> <span>{html.escape(about)}</span></p><div>{img(strip(images), title)}</div>"


def _on_restore(run: Run, row: Mapping[str, Any]) -> str:
    return html.escape(f"restore?{urlencode({'run': run.id, 'first': row['image']})}")


def _class_of(run: Run, row: Mapping[str, Any]) -> str:
    classes, label = image_info(run).classes, row.get("label")
    if isinstance(label, int) and 0 <= label < len(classes):
        return classes[label]
    return f"#{row['image']}"


def _worst_sheet(
    run: Run, clean: np.ndarray, output: np.ndarray, rows: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> Drawing:
    captions = [[f"{row['mse']:.4f}"] for row in rows]
    lines = [SheetRow("clean", clean), SheetRow("reconstructed", output, captions)]
    notes = ["MSE under each image.", image_info(run).citation]
    return Sheet(lines, names, f"{runs.titles([run])[0]}: reconstructed worst", notes, per_block=10).drawing()


def _sample_sheet(run: Run, lines: Sequence[tuple[str, str, np.ndarray]]) -> Drawing:
    rows = [SheetRow(name, images) for name, _, images in lines]
    notes = [f"{name}: {about}." for name, about, _ in lines[1:] if about]
    title = f"{runs.titles([run])[0]}: new images"
    return Sheet(rows, (), title, [*notes, image_info(run).citation], per_block=SHOWN).drawing()
