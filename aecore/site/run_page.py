"""The page of a run: its numbers, its panel, and the app's components."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

from aecore.errors import AecoreError
from aecore.format import count, duration
from aecore.metrics.evaluation_rows import SCORES, evaluation_rows
from aecore.runs.run import Run
from aecore.runs.summary import MARK, RunSummary
from aecore.site.pictures import sheet
from aecore.site.style import foot, head, icon, style
from aecore.site.table import images_of
from aecore.sweeps import labels
from aecore.viewer.page import document, place
from aecore.viewer.views import TITLES, Kind, View, view_of

ABOUT: dict[Kind, str] = {
    "loss": "By epoch.",
    "replay": "Test images and losses epoch by epoch.",
    "denoise": "More noise, and less: what the network makes of it, beside what goes in.",
    "interpolate": "From one image to another: decoded from the codes between theirs, and as a cross-fade of pixels.",
    "generate": "Change the code, and see what is decoded from it.",
    "latent": "The codes of test images: each point is an image, and near points have near codes.",
}


class RunPage(NamedTuple):
    """A page, and the views whose payloads it needs; `left_out` says of each part that it lacks why."""

    text: str
    views: list[View]
    left_out: dict[Kind, str]


def run_page(run: Run, row: RunSummary, script: str, folder: str) -> RunPage:
    """The page of a run; `script` is the address of the components' script, `folder` that of the payloads."""
    views, left_out = _views(run)
    parts = [_section(view.kind, place(view)) for view in views]
    parts.append(_lacks(left_out))
    links = "".join(f'<a href="#{view.kind}">{TITLES[view.kind]}</a>' for view in views)
    body = f"""{head("../index.html")}
<main>
<h1>{f'<span class="mark">{MARK}</span> ' if row.remarks else ""}{html.escape(row.title)}</h1>
{_facts(run, row)}
{_words(row)}
<div class="first">
{sheet(run)}
{_evaluations(run)}
</div>
<nav class="parts">{links}</nav>
{"".join(parts)}
</main>
{foot(_citation(run))}"""
    end = f'<script src="{html.escape(script)}" defer></script>'
    title = f"{row.title} – Autoencoder Lab"
    page = document(title, body, views=views, folder=folder, style=style(), end=end, icon=icon())
    return RunPage(page, views, left_out)


def _views(run: Run) -> tuple[list[View], dict[Kind, str]]:
    """The views that the run has, and why it lacks the others. The replayer has the loss curves too."""
    views: list[View] = []
    left_out: dict[Kind, str] = {}
    kinds: tuple[Kind, ...] = ("replay", "loss", "denoise", "interpolate", "generate", "latent")
    for kind in kinds:
        if kind == "loss" and views:
            continue
        try:
            views.append(view_of(run, kind))
        except AecoreError as error:
            left_out[kind] = str(error)
    return views, left_out


def _section(kind: Kind, content: str) -> str:
    title = "Replay and loss curves" if kind == "replay" else TITLES[kind]
    return f'<section id="{kind}">\n<h2>{title}</h2>\n<p class="about">{ABOUT[kind]}</p>\n{content}</section>\n'


def _lacks(left_out: dict[Kind, str]) -> str:
    """The parts that the page lacks, those that lack the same in one line."""
    if not left_out:
        return ""
    reasons = dict.fromkeys(left_out.values())
    lines = "".join(
        f"<dt>{', '.join(TITLES[kind] for kind, own in left_out.items() if own == why)}</dt><dd>{html.escape(why)}</dd>"
        for why in reasons
    )
    return f'<section>\n<h2>Not on this page</h2>\n<dl class="lacks">{lines}</dl>\n</section>\n'


def _facts(run: Run, row: RunSummary) -> str:
    """What it is, in a few words."""
    noise = labels.corruption(row.noise) if row.noise and row.noise != "none" else ""
    trained = "imported" if row.imported else f"{row.progress.replace('/', ' / ')} epochs"
    facts = [
        images_of(run, row),
        f"trained on: {noise}" if noise else "",
        f"a code of {count(row.code_size, 'number')}" if row.code_size else "no code",
        count(row.parameters, "parameter") if row.parameters is not None else "",
        trained if row.epoch or row.imported else "",
        f"{duration(row.seconds)} of training" if row.seconds else "",
        row.state if row.state != "finished" else "",
    ]
    return f'<p class="facts">{"".join(f"<span>{html.escape(fact)}</span>" for fact in facts if fact)}</p>'


def _words(row: RunSummary) -> str:
    """Remarks, problems and the note."""
    lines = [f"{MARK} {remark['text']}" for remark in row.remarks] + ([row.problem] if row.problem else [])
    said = "".join(f'<p class="remark">{html.escape(line)}</p>\n' for line in lines)
    return said + "".join(f'<p class="note">{html.escape(line)}</p>\n' for line in row.note.splitlines() if line)


def _evaluations(run: Run) -> str:
    """All evaluations as a table."""
    try:
        results = list(run.evaluation())
    except AecoreError as error:
        return f'<p class="quiet">{html.escape(str(error))}</p>'
    if not results:
        return '<p class="quiet">It was not measured on test images.</p>'
    top = "".join(f'<th scope="col" class="number">{name}</th>' for name in SCORES)
    lines = "".join(map(_evaluation, evaluation_rows(results)))
    images = count(int(results[0]["n"]), "test image")
    return f"""<div class="wide"><table class="evaluations">
<thead><tr><th scope="col">Images</th><th scope="col">{images}</th>{top}</tr></thead>
<tbody>{lines}</tbody>
</table></div>"""


def _evaluation(cells: Sequence[str]) -> str:
    under, what, *scores = cells
    words = html.escape(labels.corruption(under)) if under else ""
    numbers = "".join(f'<td class="number">{score}</td>' for score in scores)
    kind = ' class="output"' if under else ""
    return f'<tr{kind}><th scope="row">{words}</th><td>{html.escape(what)}</td>{numbers}</tr>'


def _citation(run: Run) -> str:
    try:
        return html.escape(run.image_info().citation.rstrip("."))
    except AecoreError:
        return ""
