"""A run's latent space as one HTML file with points, images, codes and decoder, which opens without a server."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from aecore import data
from aecore.data import thumbnails
from aecore.errors import UserError
from aecore.latent.codes import Codes, read_codes
from aecore.latent.projection import AT_ONCE, METHODS
from aecore.latent.projection_store import Projection, read_projection
from aecore.latent.request import ProjectionRequest, code_size, project_codes
from aecore.runs.run import Run
from aecore.viewer import point_cloud
from aecore.viewer.decoder import decoder_part

_THEME = """
:root {
  color-scheme: light dark;
  --st-background-color: #ffffff; --st-secondary-background-color: #f4f5f8; --st-text-color: #1b2028;
  --st-primary-color: #2f5da8; --st-border-color: #d5d9e0; --st-base-radius: 8px;
  --st-font: system-ui, sans-serif;
  --st-chart-categorical-colors: #4477AA,#DD6A22,#116400,#A02E74,#5135CE,#92684B,#1FA1C0,#999667,#8C4857,#7C7C7D;
}
@media (prefers-color-scheme: dark) {
  :root {
    --st-background-color: #101318; --st-secondary-background-color: #1a1f27; --st-text-color: #e6e9ee;
    --st-primary-color: #3f73ce; --st-border-color: #39414d;
    --st-chart-categorical-colors: #77AADD,#EE8866,#87D4A3,#CE61A3,#936FEC,#FCA504,#8ADDFD,#EAE887,#D76F82,#AAAAAA;
  }
}
body { margin: 0 auto; max-width: 1680px; padding: 16px 20px 12px; background: var(--st-background-color);
  color: var(--st-text-color); font-family: var(--st-font); }
h1 { margin: 0 0 12px; font-size: 20px; }
footer { margin-top: 10px; font-size: 12px; opacity: 0.75; }
"""


def cloud_page(run: Run, method: str = "tsne", dims: int = 3, codes: Codes | None = None) -> str:
    """The page as HTML. PCA and units are computed where they are not saved; a t-SNE must be saved in the run.

    `codes` are those of its images, by default the test images' that the run has saved; with those of training images
    it is a page of these.

    Images come from the image set where it is on this machine, else from the thumbnails in the project or run. Raises
    `UserError` where there is no projection.
    """
    codes = codes or read_codes(run)
    projection = _projection(run, codes, method, dims)
    info = run.image_info()
    title = f"{run.title()}: {point_cloud.projection_title(method, dims)}"
    return page_of(
        projection,
        codes,
        _tiles(run, codes, projection),
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
    parts: dict[str, point_cloud.Payload] = {"points": point_cloud.points_part(projection)}
    if codes is not None:
        parts["codes"] = point_cloud.codes_part(codes)
    if tiles is not None:
        parts["atlas"] = point_cloud.atlas_part(tiles, projection.indices)
    if decoder is not None:
        parts["decoder"] = decoder
    file = f"{name}-{projection.method}-{projection.dims}d"
    view = point_cloud.view(projection, file, title, **{name: name for name in parts})
    settings = {"key": name, "views": [view], "classes": list(classes), "address": True, "file": file}
    content = {"data": settings, "parts": {name: _json_payload(part) for name, part in parts.items()}}
    return _page(title, citation, content)


def _projection(run: Run, codes: Codes | None, method: str, dims: int) -> Projection:
    split = codes.split if codes else "test"
    found = read_projection(run, method, dims, split=split) if method in METHODS and dims in (2, 3) else None
    if found is not None:
        return found
    request = ProjectionRequest(method, dims)
    request.check(code_size(run))
    if method not in AT_ONCE or codes is None or codes.codes is None:
        raise UserError(
            f"run {run.id} has no {method} in {dims}D yet: compute it with `aecore project {run.id} --method {method} "
            f"--dims {dims}{'' if split == 'test' else f' --images {split}'}`"
        )
    return project_codes(codes, request)


def _tiles(run: Run, codes: Codes | None, projection: Projection) -> np.ndarray | None:
    """Thumbnails uint8 (N, C, H, W) of the projected images; None where there are none."""
    name = run.experiment().data.source
    if data.prepared(name):
        images = data.load(name)
        whole = images.x_test if projection.split == "test" else images.x_train
        return thumbnails.shrink(np.array(whole[projection.indices]))
    if projection.split != "test":
        return None
    if codes is not None and codes.images is not None:
        rows = np.searchsorted(codes.indices, projection.indices)
        if rows.max(initial=0) < len(codes.indices) and np.array_equal(codes.indices[rows], projection.indices):
            return codes.images[rows]
    return thumbnails.shipped(name, projection.indices, projection.labels)


def _json_payload(part: point_cloud.Payload) -> dict[str, Any]:
    return {
        key: {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for key, value in part.items()
    }


def _page(title: str, citation: str, content: dict[str, Any]) -> str:
    # Nothing in the content may close its element, so "<" is escaped for JSON.
    escaped = json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{_THEME}{point_cloud.style()}</style>
</head>
<body>
<header><h1>{html.escape(title)}</h1></header>
{point_cloud.markup()}
<footer>{html.escape(citation)}</footer>
<script type="application/json" id="content">{escaped}</script>
<script type="module">
{point_cloud.standalone()}
</script>
</body>
</html>
"""
