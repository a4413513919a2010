"""The numbers of one run: each with its interval, beside what it must be held against, and what it means."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import streamlit as st

from aecore.format import count, duration
from aecore.metrics.measure_names import MEASURES, NAMED, Named
from aecore.runs.measures import Measures
from dashboard.format import plain
from dashboard.measure.facts import facts

GROUPS = {
    "Classes in the code": ("linear_probe", "neighbours_1", "neighbours_10"),
    "Reconstruction": ("reconstruction", "rate_distortion"),
    "The code": ("active_units", "codebook", "intrinsic_dimension", "unit_correlation"),
    "New images": ("samples_prior", "samples_gaussian", "samples_mixture", "likelihood"),
    "Anomalies": ("anomaly_error", "anomaly_distance"),
}
OTHERS = {"pca_mse": "PCA of equal size"}
"""What may be lacking beside the measures."""
ROOM = 1.08
"""How much further than its largest number a bar's scale goes."""


def card(found: Measures) -> None:
    """Every measure of a run in a line of its own; a click on one says what it means and when it misleads."""
    parts = []
    for group, names in grouped().items():
        lines = [_line(NAMED[name], found.measures[name]) for name in names if name in found.measures]
        if lines:
            parts.append(f"<h4>{html.escape(group)}</h4>{''.join(lines)}")
    st.html(f'<div class="ae-numbers">{"".join(parts)}</div>')


def grouped() -> dict[str, tuple[str, ...]]:
    """The names of all measures by what they are about; new ones that no group has come last."""
    known = {name for names in GROUPS.values() for name in names}
    others = tuple(named.name for named in MEASURES if named.name not in known)
    return GROUPS | ({"Others": others} if others else {})


def about(found: Measures) -> str:
    """What it was measured on and when, as Markdown."""
    told = found.about
    images = f"{count(_whole(told.get('test_images')), 'test image')} of {plain(str(told.get('data', 'its images')))}, "
    images += "clean" if told.get("corruption", "none") == "none" else plain(str(told["corruption"]))
    learnt = f" Probes and neighbours learn from {count(_whole(told.get('train_images')), 'training image')}."
    took = f" in {duration(told['seconds'])}" if isinstance(told.get("seconds"), (int, float)) else ""
    made = f" Made on {plain(str(told['made'])[:10])}{took}." if told.get("made") else ""
    return f"On {images}; beside each number its 95 % interval over these images.{learnt}{made}"


def lacking(found: Measures) -> str:
    """Which measures there are not, and why, as Markdown; empty where there are all."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, why in found.lacking.items():
        by_reason[why].append(NAMED[name].title if name in NAMED else OTHERS.get(name, name))
    parts = [f"{', '.join(plain(title) for title in titles)}: {plain(why)}." for why, titles in by_reason.items()]
    return f"Not measured. {' '.join(parts)}" if parts else ""


def beside(named: Named, measured: Mapping[str, Any]) -> list[tuple[str, str, float]]:
    """What a number is held against: key, words and value of each."""
    return [(key, words, measured[key]) for key, words in named.beside if isinstance(measured.get(key), (int, float))]


def _line(named: Named, measured: Mapping[str, Any]) -> str:
    ends = named.ends(measured)
    interval = f"<small>{html.escape(ends)}</small>" if ends else ""
    against = "".join(
        f'<span class="ae-at-{key}">{html.escape(words)} <b>{html.escape(named.format(value))}</b></span>'
        for key, words, value in beside(named, measured)
    )
    told = "".join(f"<li>{html.escape(fact)}</li>" for fact in facts(named.name, measured))
    return (
        f"<details><summary><span>{html.escape(named.title)}{better(named)}</span>"
        f"<span class='ae-number'>{html.escape(named.format(measured.get('value')))}{interval}</span>"
        f"{_track(named, measured)}<span class='ae-beside'>{against}</span></summary>"
        f"<div><p>{html.escape(named.meaning)}</p><p><i>When it misleads.</i> {html.escape(named.misleads)}</p>"
        f"{f'<ul>{told}</ul>' if told else ''}</div></details>"
    )


def better(named: Named) -> str:
    """Which way is better, as an arrow; nothing where neither is."""
    if named.higher is None:
        return ""
    arrow, words = ("↑", "higher is better") if named.higher else ("↓", "lower is better")
    return f' <small role="img" aria-label="{words}" title="{words}">{arrow}</small>'


def _track(named: Named, measured: Mapping[str, Any]) -> str:
    """The number as a bar from 0, with its interval as a whisker and a mark for everything that it is held against."""
    value, others = measured.get("value"), beside(named, measured)
    every = (value, measured.get("high"), *(other for *_, other in others))
    numbers = [number for number in every if number is not None]
    if named.kind == "nats" or value is None or min(numbers) < 0:
        return '<span class="ae-track"></span>'
    most = 1.0 if named.kind == "share" or named.name == "unit_correlation" else ROOM * max(numbers)

    def at(number: float) -> str:
        return f"{100 * min(number / (most or 1), 1):.2f}%"

    marks = "".join(f'<i class="ae-at-{key}" style="left:{at(number)}"></i>' for key, _, number in others)
    low, high = measured.get("low"), measured.get("high")
    whisker = ""
    if low is not None and high is not None:
        whisker = f'<em style="left:{at(low)};right:calc(100% - {at(high)})"></em>'
    return f'<span class="ae-track" aria-hidden="true"><b style="width:{at(value)}"></b>{whisker}{marks}</span>'


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
