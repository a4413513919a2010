"""Several runs: their numbers side by side, their curves over one another, their samples one below the other."""

from __future__ import annotations

import html
import statistics
from collections.abc import Sequence

import streamlit as st

from aecore.config.experiment import difference
from aecore.errors import DamagedError
from aecore.metrics.measure_names import NAMED, Named
from aecore.plots.measured import Measured
from aecore.runs.measures import Measures
from aecore.runs.run import Run
from dashboard import page
from dashboard.cache import runs
from dashboard.compare.tables import letter
from dashboard.format import plain
from dashboard.measure import images, job, numbers
from dashboard.measure.best import clearly_best
from dashboard.measure.charts import charts


def several(chosen: Sequence[Run]) -> None:
    """Those of the runs that were measured side by side; the others with a button that measures them."""
    titles = runs.titles(chosen)
    measured: list[tuple[int, Measures]] = []
    for place, run in enumerate(chosen):
        if not run.experiment().model.has_code:
            st.markdown(f"**{letter(place)} {plain(titles[place])}**: it has no code that could be measured.")
            continue
        found, problem = job.known(run)
        if found is not None:
            measured.append((place, found))
        running = job.status(run)
        if found is None and not running:
            st.markdown(f"**{letter(place)} {plain(titles[place])}**: {problem or 'This run was not measured yet.'}")
            job.start_buttons(run, found, problem)
    if not measured:
        return
    sets = sorted({str(found.about.get("data", "")) for _, found in measured})
    if len(sets) > 1:
        st.caption(f"Measured on different images ({plain(', '.join(sets))}): compare with care.")
    names = [f"{letter(place)} {runs.summary(chosen[place]).marked(titles[place])}" for place, _ in measured]
    st.html(
        table(
            [titles[place] for place, _ in measured],
            [letter(place) for place, _ in measured],
            [f for _, f in measured],
            seeds=(repeated := differ_in_seed_alone([chosen[place] for place, _ in measured])),
        )
    )
    said = "In bold what is best by more than the 95 % intervals, of runs on the same images."
    if repeated:
        said += (
            " These runs differ in their seed alone: the last column is their mean ± one sample standard deviation, "
            "which is how far a number moves with another training. The intervals are those of other test images."
        )
    st.caption(said)
    shown = [Measured(name, found) for name, (_, found) in zip(names, measured, strict=True)]
    charts(shown, key=" ".join(run.id for run in chosen))
    for place, found in measured:
        try:
            images.samples(chosen[place], found, f"{letter(place)} {titles[place]}: new images")
        except DamagedError as error:
            page.problem(error)


def differ_in_seed_alone(chosen: Sequence[Run]) -> bool:
    """Whether several runs are the same experiment, trained from different seeds."""
    if len(chosen) < 2:
        return False
    if any(run.status().get("imported") or run.status().get("recorded") for run in chosen):
        return False
    first, *others = [run.experiment() for run in chosen]
    apart = [difference(first, other).keys() - {"name", "evaluation.measure"} for other in others]
    seeds = {first.training.seed, *(other.training.seed for other in others)}
    return all(keys == {"training.seed"} for keys in apart) and len(seeds) == len(chosen)


def table(titles: Sequence[str], letters: Sequence[str], found: Sequence[Measures], *, seeds: bool = False) -> str:
    """A column for each run, with `seeds` one for their mean and spread, and under every measure what it is held
    against."""
    body = []
    for group, names in numbers.grouped().items():
        measured = [NAMED[name] for name in names if any(name in one.measures for one in found)]
        lines = [_lines(named, found, seeds) for named in measured]
        if lines:
            across = len(found) + 1 + seeds
            body.append(f'<tr class="ae-group"><th scope="row" colspan="{across}">{html.escape(group)}</th></tr>')
            body += lines
    heads = "".join(
        f'<th scope="col"><span class="ae-chip">{mark}</span> {html.escape(title)}</th>'
        for mark, title in zip(letters, titles, strict=True)
    )
    if seeds:
        heads += f'<th scope="col">Mean of {len(found)} seeds</th>'
    return (
        f'<div class="ae-wide"><table class="ae-means ae-side"><thead><tr><td></td>{heads}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _lines(named: Named, found: Sequence[Measures], seeds: bool) -> str:
    top = clearly_best(named, found)
    cells = []
    for place, one in enumerate(found):
        measured = one.measures.get(named.name)
        if measured is None:
            cells.append("<td>–</td>")
            continue
        text = html.escape(named.format(measured.get("value")))
        text = f"<strong>{text}</strong>" if place in top else text
        cells.append(f"<td>{text} <small>{html.escape(named.ends(measured))}</small></td>")
    if seeds:
        cells.append(f"<td>{html.escape(_mean(named, [one.value(named.name) for one in found]))}</td>")
    name = f'<span title="{html.escape(f"{named.meaning} {named.misleads}")}">{html.escape(named.title)}</span>'
    lines = [f'<tr><th scope="row">{name}{numbers.better(named)}</th>{"".join(cells)}</tr>']
    for key, words in named.beside:
        values = [one.value(named.name, key) for one in found]
        if any(value is not None for value in values):
            cells = [f"<td>{html.escape(named.format(value))}</td>" for value in values] + ["<td></td>"] * seeds
            lines.append(f'<tr class="ae-base"><th scope="row">{html.escape(words)}</th>{"".join(cells)}</tr>')
    return "".join(lines)


def _mean(named: Named, values: Sequence[float | None]) -> str:
    """`85.1 % ± 0.4`; a dash unless every run has the number."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return "–"
    spread = named.format(statistics.stdev(known)).removesuffix(" %").removesuffix(" nats")
    return f"{named.format(statistics.fmean(known))} ± {spread}"
