"""The course of a training run as curves: losses, learning rate, code units, layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from aecore.runs.store import LAYERS, STEPS, Run
from dashboard.cache import jsonl as course
from dashboard.cache import runs
from dashboard.charts.live_chart import Panel, Series, live_chart

MOST_POINTS = 960
"""More points than this are thinned: the screen shows no more."""
MOST_UNITS = 10
"""So many code units have a line of their own."""


def thinned(entries: Sequence[dict[str, Any]], fields: Sequence[str] = ()) -> list[dict[str, Any]]:
    """At most about `MOST_POINTS` entries, the first and the last always among them.

    Of every stretch those where one of the fields is lowest or highest, so that no spike is lost; without fields evenly
    spaced ones.
    """
    count = len(entries)
    if count <= MOST_POINTS:
        return list(entries)
    if not fields:
        return [entries[i] for i in sorted({*range(0, count, -(-count // MOST_POINTS)), count - 1})]
    stretches = MOST_POINTS // (2 * len(fields))
    length = -(-count // stretches)
    kept = {0, count - 1}
    for name in fields:
        values = np.full(stretches * length, np.nan)
        values[:count] = [value if isinstance(value := entry.get(name), int | float) else np.nan for entry in entries]
        known = np.isfinite(values).reshape(stretches, length)
        table, begins = values.reshape(stretches, length), length * np.arange(stretches)
        for filler, place in ((np.inf, np.argmin), (-np.inf, np.argmax)):
            found = begins + place(np.where(known, table, filler), axis=1)
            kept |= set(found[known.any(axis=1)].tolist())
    return [entries[i] for i in sorted(kept)]


def loss_curves(metrics: Sequence[dict[str, Any]], epochs: int, key: str) -> None:
    """Training and test loss on a log axis, and below them the learning rate and the dead latent units."""
    points = thinned(metrics, ("train_loss", "test_loss"))

    def line(name: str, field: str, color: int, step: bool = False) -> Series:
        return series_of(name, points, field, color, step)

    panels = [
        Panel(
            title="Loss",
            height=220,
            log=True,
            series=[line("training loss", "train_loss", 0), line("test loss", "test_loss", 1)],
        )
    ]
    last = metrics[-1]
    if "train_kl" in last:
        parts = [
            line("reconstruction, training", "train_reconstruction", 0),
            line("reconstruction, test", "test_reconstruction", 1),
            line("KL, training", "train_kl", 4),
            line("KL, test", "test_kl", 5),
        ]
        panels.append(Panel(title="Reconstruction and KL divergence", height=140, log=True, series=parts))
    if "wrong_digit_rate" in last:
        wrong = [None if (rate := entry.get("wrong_digit_rate")) is None else 100 * rate for entry in points]
        series: list[Series] = [Series(name="wrong digits", values=wrong, color=6, step=False)]
        panels.append(Panel(title="Wrong digits, % of the test set", height=72, log=False, series=series))
    panels += [
        Panel(title="Learning rate", height=56, log=True, series=[line("rate", "lr", 2, step=True)]),
        Panel(title="Dead code units", height=44, log=False, series=[line("dead", "dead_units", 3, step=True)]),
    ]
    live_chart(
        [entry["epoch"] for entry in points],
        panels,
        (1, max(epochs, last["epoch"], 2)),
        key=key,
        alt=(
            f"Loss curves to epoch {last['epoch']}: training loss {last['train_loss']:.4g}, "
            f"test loss {last['test_loss']:.4g}, learning rate {last['lr']:.3g}"
        ),
    )


def step_curves(run: Run, key: str) -> None:
    """Mean training loss and validation loss every so many steps."""
    lines = thinned(course.lines(run, STEPS), ("train_loss", "validation_loss"))
    if not lines:
        st.caption("This run wrote down no losses between its epochs.")
        return
    series = [
        series_of("training loss", lines, "train_loss", 0),
        series_of("validation loss", lines, "validation_loss", 1),
    ]
    live_chart(
        [line["step"] for line in lines],
        [Panel(title=runs.summary(run).title, height=170, log=True, series=series)],
        (0, lines[-1]["step"]),
        key=key,
        alt=f"Loss by iteration of {run.id}, at last {lines[-1]['train_loss']:.4g}",
        x_name="iteration",
    )


def movement(run: Run, key: str) -> None:
    """Spread of each code unit, the learning rate, and how far each layer moved, by epoch."""
    lines, rates = thinned(course.lines(run, LAYERS)), thinned(course.metrics(run))
    if not lines:
        st.caption("This run wrote down nothing about its layers.")
        return
    units = len(lines[-1].get("code_std", []))
    names = list(lines[-1]["layers"])
    panels = []
    if units:
        spread: list[Series] = [
            Series(name=f"unit {i + 1}", values=[line["code_std"][i] for line in lines], color=i % 10, step=False)
            for i in range(min(units, MOST_UNITS))
        ]
        panels.append(
            Panel(title="Spread of each code unit over the test images", height=170, log=False, series=spread)
        )
    panels.append(
        Panel(title="Learning rate", height=48, log=True, series=[series_of("rate", rates, "lr", 2, step=True)])
    )
    moved: list[Series] = [
        Series(name=name, values=[line["layers"][name]["change"] for line in lines], color=i % 10, step=False)
        for i, name in enumerate(names)
    ]
    panels.append(
        Panel(
            title="How far an epoch moves each layer's weights (root mean square)", height=150, log=True, series=moved
        )
    )
    live_chart(
        [line["epoch"] for line in lines],
        panels,
        (1, max(2, lines[-1]["epoch"])),
        key=key,
        alt=f"Spread of {units} code units and movement of {len(names)} layers of {run.id} by epoch",
    )


def series_of(name: str, lines: Sequence[dict[str, Any]], field: str, color: int, step: bool = False) -> Series:
    """One field of the lines as a line of a chart."""
    return Series(name=name, values=[line.get(field) for line in lines], color=color, step=step)
