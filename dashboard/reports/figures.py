"""Drawing the figures of a report from its runs; a missing run is reported, and the rest is still drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import streamlit as st

from aecore.config.corruption import Corruption
from aecore.errors import AecoreError, DamagedError
from aecore.models.architecture import plan
from aecore.reports.definition import Figure
from aecore.runs.run import Run
from dashboard.cache import runs
from dashboard.cache.images import image_info
from dashboard.charts.run_charts import comparison_chart, layer_chart, loss_chart, projection_chart, step_chart
from dashboard.format import plain
from dashboard.reports import tables
from dashboard.reports.cloud import cloud
from dashboard.reports.grid import Row, export, grid
from dashboard.widgets.image_files import title_of
from dashboard.widgets.layer_table import layer_table


def draw(figure: Figure, chosen: Sequence[Run]) -> None:
    """The figure's title, caption and content; a problem with a run is reported in its place."""
    st.subheader(figure.title, anchor=figure.key, help=None)
    if figure.caption:
        st.caption(figure.caption)
    if not chosen:
        names = " ".join(figure.presets)
        st.info(
            f"This figure needs a finished run: `python -m aecore gallery {names}`", icon=":material/hourglass_empty:"
        )
        return
    try:
        _KINDS[figure.kind](figure, chosen)
    except AecoreError as error:
        st.error(plain(str(error)), icon=":material/broken_image:")
    except KeyError as error:
        st.error(f"{chosen[0].id} has no data for this figure ({plain(str(error))})", icon=":material/broken_image:")


def _layers(_figure: Figure, chosen: Sequence[Run]) -> None:
    shape = image_info(chosen[0]).image_shape
    layer_table(plan(chosen[0].experiment().model, shape))


def _curves(figure: Figure, chosen: Sequence[Run]) -> None:
    for run in chosen:
        loss_chart(run, key=f"{figure.key}-{run.id}")


def _steps(figure: Figure, chosen: Sequence[Run]) -> None:
    for run in chosen:
        step_chart(run, key=f"{figure.key}-{run.id}")


def _movement(figure: Figure, chosen: Sequence[Run]) -> None:
    for run in chosen:
        layer_chart(run, key=f"{figure.key}-{run.id}")


def _compared(figure: Figure, chosen: Sequence[Run]) -> None:
    comparison_chart(chosen, "test_loss", figure.key)


def _wrong_digits(figure: Figure, chosen: Sequence[Run]) -> None:
    comparison_chart(chosen, "wrong_digit_rate", figure.key, log=False)
    known = tables.accuracy()["mnist"]
    st.caption(f"The classifier's accuracy on the clean test images is {known:.2%}.")


def _pictures(figure: Figure, chosen: Sequence[Run]) -> None:
    for run in chosen:
        parts = _parts(figure, run)
        classes = image_info(run).classes
        headings = [classes[label] for label in parts["labels"]]
        noise = Corruption.parse(figure.corruption)
        rows = [Row("clean", parts["clean"])]
        if "noisy" in parts:
            rows.append(Row(noise.label, parts["noisy"]))
        _show(figure, [*rows, Row("output", parts["output"])], headings, run)


def _corruptions(figure: Figure, chosen: Sequence[Run]) -> None:
    images = _parts(figure, chosen[0])["clean"]
    _show(figure, [Row("", images)], [Corruption.parse(text).label for text in figure.corruptions], chosen[0])


def _strip(figure: Figure, chosen: Sequence[Run]) -> None:
    for run in chosen:
        parts = _parts(figure, run)
        frames, ends, count = parts["frames"], parts["ends"], figure.frames
        shares = {
            "both ends": [f"{i}/{count - 1}" for i in range(count)],
            "open end": [f"{i}/{count}" for i in range(count)],
            "between": [f"{i + 1}/{count + 1}" for i in range(count)],
        }[figure.convention]
        headings = ["from", *shares, "to"]
        _show(figure, [Row("", np.concatenate([ends[:1], frames, ends[1:]]))], headings, run, alt="interpolation")


def _samples(figure: Figure, chosen: Sequence[Run]) -> None:
    for run in chosen:
        parts = _parts(figure, run)
        vectors, frames = parts["vectors"], parts["frames"]
        few = vectors.shape[1] <= 8
        headings = ["\n".join(f"{value:.2f}" for value in vector) for vector in vectors] if few else []
        name = f"code of {vectors.shape[1]}" if len(chosen) > 1 else ""
        for start in range(0, len(frames), 10):
            part = slice(start, start + 10)
            grid([Row(name, frames[part])], headings[part], alt="sample")
        export([Row(name, frames)], headings, f"{figure.title}: {title_of(run)}", f"{figure.key}-{run.id}", 10)


def _epochs(figure: Figure, chosen: Sequence[Run]) -> None:
    if len(figure.images) == 1:
        rows = [_course(run, figure.images[0], figure.epochs) for run in chosen]
        headings = [f"epoch {epoch}" for epoch in figure.epochs]
        grid(rows, headings, alt=f"reconstruction of test image {figure.images[0]}")
        export(rows, headings, f"{figure.title}: {', '.join(map(title_of, chosen))}", figure.key, len(headings))
        return
    for run, column in zip(chosen, st.columns(len(chosen)), strict=True):
        with column:
            st.markdown(f"**{run.id}**")
            panel = runs.snapshots(run)
            columns = [_column(panel, image) for image in figure.images]
            rows = [Row("noisy", panel["noisy"][columns])] if "noisy" in panel else []
            rows += [
                Row(f"epoch {epoch}", panel["reconstructions"][_row(panel, epoch)][columns]) for epoch in figure.epochs
            ]
            _show(figure, rows, [], run)


def _show(figure: Figure, rows: Sequence[Row], headings: Sequence[str], run: Run, alt: str = "image") -> None:
    """A grid of one run's images, and its files."""
    grid(rows, headings, alt)
    across = max((len(row.images) for row in rows), default=1)
    export(rows, headings, f"{figure.title}: {title_of(run)}", f"{figure.key}-{run.id}", across)


def _course(run: Run, image: int, epochs: Sequence[int]) -> Row:
    """One image at several epochs; where the classifier misread it, with the digit it read below."""
    panel = runs.snapshots(run)
    column, found = _column(panel, image), [_row(panel, epoch) for epoch in epochs]
    notes = []
    if "digits" in panel:
        right = int(panel["labels"][column])
        read = [int(panel["digits"][row, column]) for row in found]
        notes = [f"read as {digit}" if digit != right else "" for digit in read]
    name = f"code of {runs.summary(run).code_size:,}"
    return Row(name, panel["reconstructions"][found, column], notes)


def _column(panel: Mapping[str, np.ndarray], image: int) -> int:
    columns = np.flatnonzero(panel["indices"] == image)
    if not len(columns):
        raise DamagedError(f"test image {image} is not in the run's snapshots")
    return int(columns[0])


def _row(panel: Mapping[str, np.ndarray], epoch: int) -> int:
    return max(0, int(np.searchsorted(panel["epochs"], epoch, side="right")) - 1)


def _points(figure: Figure, chosen: Sequence[Run]) -> None:
    for run in chosen:
        found = runs.projection(run, figure.method, figure.dims)
        if found is None:
            st.caption(
                f"Not computed yet: `python -m aecore project {run.id} --method {figure.method} --dims {figure.dims}`"
            )
            continue
        cloud(run, found, key=f"{figure.key}-{run.id}")


def _plot_3d(figure: Figure, chosen: Sequence[Run]) -> None:
    for run in chosen:
        projection_chart(run, figure.method, figure.dims, key=f"{figure.key}-{run.id}")


def _denoisers(figure: Figure, chosen: Sequence[Run]) -> None:
    for run in chosen:
        tables.denoisers(run, figure.corruption)


def _parts(figure: Figure, run: Run) -> dict[str, np.ndarray]:
    """The figure's images from the run's file. Raises `DamagedError` without them."""
    prefix = f"{figure.key}/"
    kept = {name.removeprefix(prefix): value for name, value in runs.figures(run).items() if name.startswith(prefix)}
    if not kept:
        raise DamagedError(f"run {run.id} has no images for “{figure.title}”")
    return kept


_KINDS: dict[str, Callable[[Figure, Sequence[Run]], None]] = {
    "layers": _layers,
    "curves": _curves,
    "steps": _steps,
    "movement": _movement,
    "compared": _compared,
    "wrong-digits": _wrong_digits,
    "pairs": _pictures,
    "triplets": _pictures,
    "corruptions": _corruptions,
    "strip": _strip,
    "samples": _samples,
    "epochs": _epochs,
    "points": _points,
    "plot-3d": _plot_3d,
    "denoisers": _denoisers,
}
