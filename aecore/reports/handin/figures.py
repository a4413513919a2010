"""The charts of a report: losses of every run, and what its codes look like in two dimensions."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import plotly.graph_objects as go

from aecore import plots
from aecore.data.subset import evenly_spaced
from aecore.drawing import Drawing, chart
from aecore.errors import AecoreError, UserError
from aecore.latent.codes import read_codes
from aecore.latent.projection_store import Projection, read_projection
from aecore.latent.request import ProjectionRequest, project_codes, subset_of_codes
from aecore.plots.curves import loss_notes
from aecore.plots.latent import TITLES
from aecore.reports.handin.document import Block, Cell, Figure, Paragraph, Table
from aecore.reports.handin.subject import Subject
from aecore.viewer.point_cloud import note, quality_scores

MOST_POINTS = 2000
"""Of a cloud, so that the report stays small."""
CLOUD_PX = 500
"""Two clouds fit on a page."""
KEPT = (("tsne", 2), ("pca", 2), ("units", 2), ("tsne", 3), ("pca", 3))
"""The projections to look for, the best on paper first."""


def curves(subjects: Sequence[Subject]) -> list[Block]:
    """The test losses of all runs over one another, and each run's own curves."""
    made: list[Block] = []
    trained = [subject for subject in subjects if subject.run.course()]
    tested = [subject for subject in trained if any("test_loss" in line for line in subject.run.course())]
    if len(tested) > 1:
        names = [subject.name for subject in tested]
        figure = plots.metric_curves(*(subject.run for subject in tested), names=names)
        notes = loss_notes([subject.run for subject in tested])
        made.append(Figure("losses", " ".join(["Test loss of all runs by epoch.", *notes]), _drawn(figure)))
    for subject in trained:
        with contextlib.suppress(UserError):  # a loop that was recorded may have logged nothing that is drawn
            figure = plots.loss_curves(subject.run)
            made.append(
                Figure(
                    f"{subject.file}curves", f"Training of {subject.name} by {subject.summary.counts}.", _drawn(figure)
                )
            )
    missing = [subject.name for subject in subjects if subject not in trained]
    if missing:
        made.append(Paragraph(f"No training history: {', '.join(missing)}."))
    return made


def clouds(subjects: Sequence[Subject]) -> list[Block]:
    """A projection of every run's codes: a saved one, else a PCA computed for the report, which is said."""
    made: list[Block] = []
    rows = []
    for subject in subjects:
        try:
            found, computed = projection_of(subject)
        except AecoreError as error:
            made.append(Paragraph(f"{subject.name}: no projection, as {error}."))
            continue
        shown = thinned(found)
        classes = subject.run.image_info().classes
        figure = plots.projection(subject.run, found.method, found.dims, found=shown, classes=classes)
        figure.update_layout(title_text=f"{subject.name}: {TITLES[found.method]} in {found.dims}D", height=CLOUD_PX)
        words = note(found)
        if computed:
            words += " Computed for this report; the run has no saved projection."
        if len(shown.labels) < len(found.labels):
            words += f" {len(shown.labels):,} of these points are drawn."
        made.append(Figure(f"{subject.file}codes", f"Codes of {subject.name}. {words}", _drawn(figure)))
        if found.remark:
            made.append(Paragraph(f"{subject.name}: {found.remark}.", warning=True))
        rows += [[Cell(subject.name), Cell(score["name"]), Cell(score["text"])] for score in quality_scores(found)]
    if rows:
        head = ["Run", "Measure", "Value"]
        made.append(Table("projections", "How faithful the projections are.", head, rows, words=2))
    return made


def projection_of(subject: Subject) -> tuple[Projection, bool]:
    """The run's projection, and whether it was computed just now. Raises `AecoreError` without codes."""
    for method, dims in KEPT:
        found = read_projection(subject.run, method, dims)
        if found is not None:
            return found, False
    codes = read_codes(subject.run)
    if codes is None or codes.codes is None:
        raise UserError("its codes are not saved")
    if codes.codes.shape[1] < 2:
        raise UserError("a code of one unit has nothing to project")
    return project_codes(subset_of_codes(codes, 3000), ProjectionRequest("pca", 2)), True


def thinned(found: Projection) -> Projection:
    """The projection with at most `MOST_POINTS` points, evenly spread over the images."""
    rows = evenly_spaced(len(found.labels), MOST_POINTS)
    return Projection(
        found.method, found.coordinates[rows], found.labels[rows], found.indices[rows], found.parameters, found.quality
    )


def _drawn(figure: go.Figure) -> Drawing:
    return chart(figure.to_plotly_json())
