"""The cloud of the Latent space page as files: a figure for a report, and its points as CSV."""

from __future__ import annotations

from aecore import plots
from aecore.drawing import Drawing, chart, noted
from aecore.latent.points_csv import points_csv
from aecore.latent.projection_store import Projection
from aecore.runs.run import Run
from aecore.viewer.point_cloud import note
from dashboard.cache import codes as cached_codes
from dashboard.cache.images import image_info
from dashboard.widgets import figure_export
from dashboard.widgets.figure_export import Extra
from dashboard.widgets.image_files import remarks_of


def menu(run: Run, found: Projection, file: str, key: str) -> None:
    """The menu of files for one projection. In three dimensions the figure is seen from the usual place: the cloud's
    own button saves the view that one has turned it to."""
    points = Extra(
        "Points (CSV)", f"{file}.csv", lambda: table(run, found), "Index, class, coordinates and code of every point"
    )
    figure_export.export(lambda: drawing(run, found), file, key=key, extras=[points])


def drawing(run: Run, found: Projection) -> Drawing:
    """The projection with its legend, and how it was made."""
    figure = plots.projection(run, found.method, found.dims, found=found, classes=image_info(run).classes)
    return noted(chart(figure.to_plotly_json()), [note(found), *remarks_of(run), image_info(run).citation])


def table(run: Run, found: Projection) -> bytes:
    return points_csv(found, image_info(run).classes, cached_codes.codes(run, found.split))
