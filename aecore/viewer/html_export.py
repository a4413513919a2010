"""A run's latent space as one HTML file with points, images, codes and decoder, which opens without a server."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from aecore.latent.codes import Codes, read_codes
from aecore.latent.projection_store import Projection
from aecore.runs.run import Run
from aecore.viewer import page, point_cloud
from aecore.viewer.cloud_parts import parts_of, preferred, projection_of, tiles_of
from aecore.viewer.decoder import decoder_part
from aecore.viewer.payloads import as_json

_LAYOUT = """
body { margin: 0 auto; max-width: 1680px; padding: 16px 20px 12px; }
h1 { margin: 0 0 12px; font-size: 20px; }
footer { margin-top: 10px; font-size: 12px; opacity: 0.75; }
"""


def cloud_page(run: Run, method: str = "tsne", dims: int = 3, codes: Codes | None = None) -> str:
    """The page as HTML; with an empty `method`, of the projection that shows most. PCA and units are computed where
    they are not saved; a t-SNE must be saved in the run.

    `codes` are those of its images, by default the test images' that the run has saved; with those of training images
    it is a page of these.

    Images come from the image set where it is on this machine, else from the thumbnails in the project or run. Raises
    `UserError` where there is no projection.
    """
    codes = codes or read_codes(run)
    projection = projection_of(run, codes, method, dims) if method else preferred(run, codes)
    info = run.image_info()
    title = f"{run.title()}: {point_cloud.projection_title(projection.method, projection.dims)}"
    return page_of(
        projection,
        codes,
        tiles_of(run, codes, projection),
        decoder=decoder_part(run, codes),
        name=run.id,
        title=title,
        classes=info.classes,
        citation=info.citation,
    )


def page_of(
    projection: Projection,
    codes: Codes | None,
    tiles: np.ndarray | None,
    *,
    decoder: point_cloud.Payload | None = None,
    name: str,
    title: str,
    classes: Sequence[str],
    citation: str = "",
) -> str:
    """The page of a projection of anything: with codes where one looks for neighbours, and with thumbnails uint8
    (N, C, H, W) where there are images. `name` begins the names of files that are saved from it."""
    parts = parts_of(projection, codes, tiles, decoder)
    file = f"{name}-{projection.method}-{projection.dims}d"
    view = point_cloud.view(projection, file, title, **{name: name for name in parts})
    settings = {"key": name, "views": [view], "classes": list(classes), "address": True, "file": file}
    content = {"data": settings, "parts": parts}
    return _page(title, citation, content)


def _page(title: str, citation: str, content: dict[str, object]) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{page.theme()}{_LAYOUT}{point_cloud.style()}</style>
</head>
<body>
<header><h1>{html.escape(title)}</h1></header>
{point_cloud.markup()}
<footer>{html.escape(citation)}</footer>
<script type="application/json" id="content">{as_json(content)}</script>
<script type="module">
{point_cloud.standalone()}
</script>
</body>
</html>
"""
