"""A run's latent space as one HTML file that opens without a server; points, images, codes and decoder are in it."""

from __future__ import annotations

import base64
import html
import json
from typing import Any

import numpy as np

from aecore import cloud, data, pictures
from aecore.codes import Codes, read_codes
from aecore.errors import AecoreError, MistakeError
from aecore.models import portable
from aecore.models.plan import plan
from aecore.projecting import Request, draw
from aecore.projection import METHODS, Projection, cached
from aecore.store import WEIGHTS, Run

MOST_DECODER_BYTES = 8_000_000
"""A larger decoder is left out; the page then shows images without reconstructions."""

_THEME = """
:root {
  color-scheme: light dark;
  --st-background-color: #ffffff; --st-secondary-background-color: #f4f5f8; --st-text-color: #1b2028;
  --st-primary-color: #2f5da8; --st-border-color: #d5d9e0; --st-base-radius: 8px;
  --st-font: system-ui, sans-serif;
  --st-chart-categorical-colors: #4477AA,#EE7733,#228833,#CC3377,#7755BB,#AA7744,#33AACC,#999933,#BB5566,#777777;
}
@media (prefers-color-scheme: dark) {
  :root {
    --st-background-color: #101318; --st-secondary-background-color: #1a1f27; --st-text-color: #e6e9ee;
    --st-primary-color: #6e9be6; --st-border-color: #39414d;
    --st-chart-categorical-colors: #77AADD,#EE8866,#66BB77,#E377AA,#A78BE0,#C79A6B,#66CCEE,#BBBB55,#DD7788,#AAAAAA;
  }
}
body { margin: 0 auto; max-width: 1680px; padding: 16px 20px 12px; background: var(--st-background-color);
  color: var(--st-text-color); font-family: var(--st-font); }
h1 { margin: 0 0 12px; font-size: 20px; }
footer { margin-top: 10px; font-size: 12px; opacity: 0.75; }
"""


def cloud_page(run: Run, method: str = "tsne", dims: int = 3) -> str:
    """The page, as text. PCA and units are drawn for it where they were not yet; a t-SNE must be there.

    Images come from the image set where it is on this machine, else from what travels with the project or the run.
    Raises `MistakeError` where there is nothing to show.
    """
    codes = read_codes(run)
    projection = _projection(run, codes, method, dims)
    about = _about(run)
    parts: dict[str, cloud.Part] = {"points": cloud.points_part(projection)}
    if codes is not None:
        parts["codes"] = cloud.codes_part(codes)
    tiles = _tiles(run, codes, projection)
    if tiles is not None:
        parts["atlas"] = cloud.atlas_part(tiles, projection.indices)
    decoder = decoder_part(run, codes)
    if decoder is not None:
        parts["decoder"] = decoder
    title = f"{run.title()}: {cloud.words(method, dims)}"
    view = cloud.view(projection, f"{run.id}-{method}-{dims}d", title, **{name: name for name in parts})
    shown = {
        "key": run.id,
        "views": [view],
        "classes": about["classes"],
        "address": True,
        "file": f"{run.id}-{method}-{dims}d",
    }
    content = {"data": shown, "parts": {name: _packed(part) for name, part in parts.items()}}
    return _written(title, about["citation"], content)


def decoder_part(run: Run, codes: Codes | None) -> cloud.Part | None:
    """The run's decoder for the browser; for codes too wide to be kept, with the encoder before it. None where there is
    none or it is too large."""
    if codes is None or not run.file(WEIGHTS).is_file():
        return None
    model, shape = run.experiment().model, _about(run)["image_shape"]
    solved, tensors = plan(model, shape), run.tensors(WEIGHTS)
    low, high = (0.0, 1.0) if model.range == "unit" else (-1.0, 1.0)
    made = portable.decoder(solved, tensors, low, high)
    if made.weights.nbytes > MOST_DECODER_BYTES:
        return None
    part = {
        "header": {"ops": list(made.ops), "image_shape": list(shape), "code_size": solved.code_size},
        "weights": made.weights.astype("<f4").tobytes(),
    }
    if codes.codes is None:
        before = portable.encoder(solved, tensors, low, high)
        part |= {"before": {"ops": list(before.ops)}, "before_weights": before.weights.astype("<f4").tobytes()}
    return part


def _projection(run: Run, codes: Codes | None, method: str, dims: int) -> Projection:
    found = cached(run, method, dims) if method in METHODS and dims in (2, 3) else None
    if found is not None:
        return found
    request = Request(method, dims)
    request.check(int(run.status()["code_size"]))
    if method == "tsne" or codes is None or codes.codes is None:
        raise MistakeError(
            f"run {run.id} has no {method} in {dims}D yet: make it with `aecore project {run.id} --method {method} "
            f"--dims {dims}`"
        )
    return draw(codes, request)


def _tiles(run: Run, codes: Codes | None, projection: Projection) -> np.ndarray | None:
    """Small pictures uint8 (N, C, H, W) of the drawn test images; None where they are nowhere to be had."""
    name = run.experiment().data.name
    if data.prepared(name):
        return pictures.small(np.array(data.load(name).x_test[projection.indices]))
    if codes is not None and codes.images is not None:
        rows = np.searchsorted(codes.indices, projection.indices)
        if rows.max(initial=0) < len(codes.indices) and np.array_equal(codes.indices[rows], projection.indices):
            return codes.images[rows]
    return pictures.shipped(name, projection.indices, projection.labels)


def _about(run: Run) -> dict[str, Any]:
    """Shape, classes and citation of the images, as the run itself says; older runs ask the catalogue."""
    told = run.status().get("data")
    if isinstance(told, dict) and {"image_shape", "classes", "citation"} <= told.keys():
        return {**told, "image_shape": tuple(map(int, told["image_shape"])), "classes": list(map(str, told["classes"]))}
    try:
        known = data.data_set(run.experiment().data.name)
    except AecoreError:
        raise MistakeError(f"run {run.id} does not say what its images are") from None
    return {"image_shape": known.image_shape, "classes": list(known.classes), "citation": known.citation}


def _packed(part: cloud.Part) -> dict[str, Any]:
    return {
        key: {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
        for key, value in part.items()
    }


def _written(title: str, citation: str, content: dict[str, Any]) -> str:
    # Nothing in the content may end its element: "<" is written so that only JSON reads it as such.
    packed = json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>{_THEME}{cloud.style()}</style>
</head>
<body>
<header><h1>{html.escape(title)}</h1></header>
{cloud.markup()}
<footer>{html.escape(citation)}</footer>
<script type="application/json" id="content">{packed}</script>
<script type="module">
{cloud.script()}
{cloud.standalone()}
</script>
</body>
</html>
"""
