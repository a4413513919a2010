"""The first page: all runs with their measured numbers, as the app's list has them."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from aecore.errors import AecoreError
from aecore.format import count
from aecore.runs.listing import best
from aecore.runs.run import Run
from aecore.runs.summary import MARK, RunSummary
from aecore.site.pictures import preview
from aecore.site.style import address_of, head, icon, style
from aecore.sweeps import labels
from aecore.viewer.page import document

STAR = "★"
_NOISY = (("noisy_mse", "{:.5f}"), ("noisy_psnr_db", "{:.2f}"), ("noisy_ssim", "{:.3f}"))
_CLEAN = (("test_mse", "{:.5f}"), ("test_psnr_db", "{:.2f}"), ("test_ssim", "{:.3f}"))
_NAMES = ("MSE", "PSNR, dB", "SSIM")


def table_page(rows: Sequence[RunSummary], runs: Mapping[str, Run]) -> str:
    """The page of these rows, each with its run by id."""
    top, noisy = best(rows), any(row.noisy_mse is not None for row in rows)
    groups = [("On clean test images", _CLEAN), *([("Corrupted as in training", _NOISY)] if noisy else [])]
    lines = "\n".join(_row(row, runs[row.id], groups, top) for row in rows)
    spans = "".join(f'<th colspan="3" scope="colgroup">{name}</th>' for name, _ in groups)
    names = "".join(f'<th scope="col" class="number">{name}</th>' for _ in groups for name in _NAMES)
    body = f"""{head()}
<main>
<h1>Runs</h1>
<p class="lead">What was measured of {count(len(rows), "autoencoder")}. The page of each replays its training, and
encodes and decodes in your browser.</p>
<table class="runs">
<thead>
<tr><td colspan="4"></td>{spans}</tr>
<tr><th scope="col">Run</th><th scope="col">Images</th><th scope="col" class="number">Code</th>
<th scope="col" class="number">Parameters</th>{names}</tr>
</thead>
<tbody>
{lines}
</tbody>
</table>
<p class="quiet">{STAR} the best of an image set on its clean test images. MSE is on the [0, 1] scale. {MARK} it has
remarks.</p>
</main>"""
    return document("Autoencoder Lab", body, style=style(), end="", icon=icon())


def _row(
    row: RunSummary,
    run: Run,
    groups: Sequence[tuple[str, Sequence[tuple[str, str]]]],
    top: Mapping[str, frozenset[str]],
) -> str:
    title = html.escape(row.title)
    mark = f'<span class="mark" title="{html.escape(row.mark)}">{MARK}</span> ' if row.remarks else ""
    noise = labels.corruption(row.noise) if row.noise and row.noise != "none" else ""
    small = html.escape(row.problem or "; ".join(part for part in (noise, _state(row)) if part))
    name = f"<span>{mark}<b>{title}</b><small>{small}</small></span>"
    cells = [
        f'<th scope="row"><a href="runs/{address_of(row.id)}">{preview(run)}{name}</a></th>',
        f'<td data-name="Images">{html.escape(images_of(run, row))}</td>',
        _number("Code", None if row.code_size is None else f"{row.code_size:,}"),
        _number("Parameters", None if row.parameters is None else f"{row.parameters:,}"),
    ]
    for _, fields in groups:
        for name, (field, form) in zip(_NAMES, fields, strict=True):
            value = getattr(row, field)
            if field.startswith("test_") and row.tested_on != "none":  # those are of corrupted images alone
                value = None
            star = f'<span title="best">{STAR}</span> ' if row.id in top.get(field, ()) else ""
            whole = name if fields is _CLEAN else f"{name.removesuffix(', dB')}, own noise"
            cells.append(_number(whole, None if value is None else star + form.format(value)))
    return f"<tr>{''.join(cells)}</tr>"


def _number(name: str, text: str | None) -> str:
    empty = "" if text else " empty"
    return f'<td class="number{empty}" data-name="{html.escape(name)}">{text or "–"}</td>'


def _state(row: RunSummary) -> str:
    if row.imported:
        return "imported"
    return row.state if row.state != "finished" else ""


def images_of(run: Run, row: RunSummary) -> str:
    """What the run's images are called: never the path of one's own."""
    try:
        return run.image_info().title
    except AecoreError:
        return "" if "/" in row.data or "\\" in row.data else row.data
