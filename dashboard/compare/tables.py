"""Runs side by side: their metrics, the best marked, with differences from a baseline, and the settings that differ.

A few runs have a column each; many have a row each, as a page is longer than it is wide.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import streamlit as st

from aecore.config.experiment import keys as setting_keys
from aecore.config.labels import label_of, value_text
from aecore.metrics.measure_names import MEASURES
from aecore.runs.measures import Measures
from aecore.runs.run import Run
from aecore.runs.summary import MARK, RunSummary
from dashboard.measure.best import clearly_best

FEW = 6
"""The largest number of runs that have a column each."""


def letter(index: int) -> str:
    """What names a run on the page: A to Z, then AA to ZZ."""
    return chr(65 + index) if index < 26 else letter(index // 26 - 1) + letter(index % 26)


class Line(NamedTuple):
    """A row of the table: one value per run, None if it was not measured."""

    title: str
    values: Sequence[float | None]
    form: Callable[[float], str]
    higher: bool | None
    """Whether higher is better; None if neither is."""
    intervals: Sequence[str] = ()
    """Of measures: the ends of each run's 95 % interval as text, empty where there is none."""
    best: Collection[int] | None = None
    """The numbers of the best runs, where that is not for the values alone to say."""


def measured(runs: Sequence[Run], rows: Sequence[RunSummary], corruption: str) -> list[Line]:
    """Size and cost of the runs, and their metrics on the whole test set under one corruption."""

    def whole(value: float) -> str:
        return f"{value:,.0f}"

    entries = [entry_of(run, corruption) for run in runs]

    def metric(name: str, side: str = "metrics") -> list[float | None]:
        return [None if entry is None else entry[side].get(name) for entry in entries]

    lines = [
        Line("Test MSE", metric("mse"), "{:.5f}".format, False),
        Line("PSNR", metric("psnr_db"), "{:.2f} dB".format, True),
        Line("SSIM", metric("ssim"), "{:.4f}".format, True),
        Line("SNR", metric("snr_db"), "{:.2f} dB".format, True),
        Line("Wrong digits", metric("wrong_digit_rate"), "{:.2%}".format, False),
    ]
    if corruption != "none":
        lines.append(Line("PSNR of the noisy input", metric("psnr_db", "noisy_input"), "{:.2f} dB".format, None))
    lines += [
        Line("Parameters", [row.parameters for row in rows], whole, None),
        Line("Code size", [row.code_size for row in rows], whole, None),
        Line("Epochs", [(row.epoch or None) if row.counts == "epoch" else None for row in rows], whole, None),
        Line("Training time", [row.seconds for row in rows], "{:,.1f} s".format, None),
    ]
    return [line for line in lines if any(value is not None for value in line.values)]


def lines_of_measures(found: Sequence[Measures | None]) -> list[Line]:
    """What `aecore measure` found of the runs, None for one of which there is nothing, with its intervals."""
    lines = []
    for named in MEASURES:
        values = [one.value(named.name) if one else None for one in found]
        if any(value is not None for value in values):
            ends = [named.ends(one.measures.get(named.name, {})) if one else "" for one in found]
            lines.append(Line(named.title, values, named.format, named.higher, ends, clearly_best(named, found)))
    return lines


def entry_of(run: Run, corruption: str) -> dict[str, Any] | None:
    return next((entry for entry in run.evaluation() if entry["corruption"] == corruption), None)


def best(line: Line, excluded: Collection[int] = ()) -> set[int]:
    """The runs that are best in a row; none if fewer than two were measured or all are equal. The runs whose number is
    in `excluded` may not be best."""
    if line.best is not None:
        return set(line.best) - set(excluded)
    values = {i: value for i, value in enumerate(line.values) if i not in excluded}
    known = [value for value in values.values() if value is not None and math.isfinite(value)]
    if line.higher is None or len(known) < 2 or len(set(known)) == 1:
        return set()
    top = max(known) if line.higher else min(known)
    return {i for i, value in values.items() if value == top}


def metrics_table(
    lines: Sequence[Line],
    titles: Sequence[str],
    baseline: int | None,
    remarked: Collection[int] = (),
    excluded: Collection[int] = (),
    order: Sequence[int] | None = None,
) -> None:
    """One column or row per run; with a baseline, every other value shows its difference from it. The runs whose number
    is in `remarked` have a mark in the heading and wherever they are best; those in `excluded` may not be best. `order`
    has the numbers of the runs as they are to be shown, by default as they are."""
    body = []
    for line in lines:
        marked = best(line, excluded)
        cells = [_cell(line, i, i in marked, baseline, i in remarked) for i in range(len(titles))]
        body.append((html.escape(line.title), cells))
    _table(titles, body, baseline, remarked, order=order)


def ordered(line: Line) -> list[int]:
    """The numbers of the runs by that line, the best first, or the largest where neither is better; those without a
    value last."""
    sign = 1 if line.higher is False else -1
    known = {i: value for i, value in enumerate(line.values) if value is not None and not math.isnan(value)}
    return sorted(range(len(line.values)), key=lambda i: (i not in known, sign * known.get(i, 0.0)))


def _cell(line: Line, i: int, is_best: bool, baseline: int | None, is_remarked: bool) -> str:
    value = line.values[i]
    if value is None:
        return "<td>–</td>"
    text, ends = html.escape(line.form(value)), line.intervals[i] if line.intervals else ""
    mark = f" {MARK}" if is_remarked else ""
    text = f"<strong>{text}</strong>" if is_best else text
    text += f" <small>{html.escape(ends)}</small>" if ends else ""
    text += f" <small>best{mark}</small>" if is_best else ""
    own = None if baseline is None or i == baseline else line.values[baseline]
    if own is None or line.higher is None:
        return f"<td>{text}</td>"
    sign = "+" if value > own else "−" if value < own else "±"
    better = "" if value == own else "ae-up" if (value > own) == line.higher else "ae-down"
    return f'<td>{text}<small class="ae-against {better}">{sign}{html.escape(line.form(abs(value - own)))}</small></td>'


def settings_table(
    settings: Sequence[Mapping[str, Any]],
    titles: Sequence[str],
    baseline: int | None,
    order: Sequence[int] | None = None,
) -> int:
    """The settings, by dotted key, in which any two runs differ; returns their number. What is not known of a run has a
    dash."""
    keys = [key for key in setting_keys() if key != "name" and len({repr(values.get(key)) for values in settings}) > 1]
    body = []
    for key in keys:
        reference = settings[baseline or 0].get(key)
        cells = [
            f"<td>{'<strong>' if values.get(key) != reference else ''}{html.escape(value_text(key, values.get(key)))}"
            f"{'</strong>' if values.get(key) != reference else ''}</td>"
            for values in settings
        ]
        body.append((f'<span title="{html.escape(key)}">{html.escape(label_of(key))}</span>', cells))
    if body:
        _table(titles, body, baseline, kind="ae-means ae-settings", order=order)
    return len(keys)


def _table(
    titles: Sequence[str],
    body: Sequence[tuple[str, Sequence[str]]],
    baseline: int | None,
    remarked: Collection[int] = (),
    kind: str = "ae-means",
    order: Sequence[int] | None = None,
) -> None:
    """`body` has a line's name, as HTML, and its cell for every run."""
    names = [
        f'<span class="ae-chip">{letter(i)}</span> {html.escape(title)}'
        f"{f' {MARK}' if i in remarked else ''}"
        f"{' <small>baseline</small>' if i == baseline else ''}"
        for i, title in enumerate(titles)
    ]
    shown = range(len(titles)) if order is None else order
    if len(titles) > FEW:
        kind += " ae-turned"
        head = [name for name, _ in body]
        rows = [(names[i], [cells[i] for _, cells in body]) for i in shown]
    else:
        head = [names[i] for i in shown]
        rows = [(name, [cells[i] for i in shown]) for name, cells in body]
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    lines = "".join(f'<tr><th scope="row">{name}</th>{"".join(cells)}</tr>' for name, cells in rows)
    st.html(
        f'<div class="ae-wide"><table class="{kind}"><thead><tr><td></td>{columns}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )
