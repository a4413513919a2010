"""`aecore.show`: a component of the app in a notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass

from aecore.errors import UserError, nearest
from aecore.plots.resolve import RunLike, resolve_run
from aecore.runs.summary import summarise
from aecore.viewer.page import view_page
from aecore.viewer.views import TITLES, Kind, view_of

HEIGHTS: dict[str, int] = {
    "loss": 240,
    "replay": 640,
    "denoise": 900,
    "interpolate": 780,
    "generate": 780,
    "latent": 1120,
}
"""In pixels: what fits in a notebook's column of 900 or more; a lower one scrolls."""


@dataclass(frozen=True)
class Shown:
    """A component with its run's data. Shows itself in a notebook."""

    title: str
    page: str
    """A whole HTML page, which opens by itself too."""
    height: int
    """In pixels."""

    def _repr_html_(self) -> str:
        # The frame may run its own script and offer files; it cannot read or change the notebook around it.
        return (
            f'<iframe title="{html.escape(self.title)}" srcdoc="{html.escape(self.page)}" '
            'sandbox="allow-scripts allow-downloads" allow="fullscreen" loading="lazy" '
            f'style="width: 100%; height: {self.height}px; border: 0"></iframe>'
        )

    def __repr__(self) -> str:
        return f"{self.title}, {len(self.page):,} characters of HTML: display it in a notebook"


def show(run: RunLike, view: Kind = "replay", *, height: int | None = None) -> Shown:
    """A part of the app for a run, by id, path or as an object: "replay" (its images epoch by epoch), "denoise" (noise
    that grows by hand, and what the network makes of it), "interpolate" (the way between two images), "generate"
    (sliders for its code), "latent" (its codes as a point cloud) or "loss".

    It is the same page as the static site's (`aecore export --to site`), in a frame that holds all of it. So it needs
    no server and no package (anywidget would be one, with a bundle of its own), works wherever a notebook shows HTML
    with scripts, as Jupyter, VS Code and Colab do, and stays in the saved notebook. `height` is in pixels.

    Raises `UserError` where the run lacks what the view shows.
    """
    if view not in TITLES:
        raise UserError(f"view '{view}': {nearest(view, TITLES)}")
    if height is not None and height < 1:
        raise UserError(f"height {height}: a number of pixels, 1 or more")
    found = resolve_run(run)
    title = f"{summarise(found).title}: {TITLES[view]}"
    return Shown(title, view_page(title, view_of(found, view)), height or HEIGHTS[view])
