"""The course of a training run as curves: losses, learning rate, dead latent units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.live_chart import Panel, Series, live_chart

MOST_POINTS = 800
"""More points than this are thinned: the screen shows no more."""


def thinned(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most about `MOST_POINTS` entries, evenly spaced, the last always among them."""
    if len(entries) <= MOST_POINTS:
        return list(entries)
    step = -(-len(entries) // MOST_POINTS)
    kept = list(entries[::step])
    return kept if kept[-1] is entries[-1] else [*kept, entries[-1]]


def loss_curves(metrics: Sequence[dict[str, Any]], epochs: int, key: str) -> None:
    """Training and test loss on a log axis, and below them the learning rate and the dead latent units."""
    points = thinned(metrics)

    def line(name: str, field: str, color: int, step: bool = False) -> Series:
        return Series(name=name, values=[entry.get(field) for entry in points], color=color, step=step)

    losses = [line("training loss", "train_loss", 0), line("test loss", "test_loss", 1)]
    last = metrics[-1]
    live_chart(
        [entry["epoch"] for entry in points],
        [
            Panel(title="Loss", height=220, log=True, series=losses),
            Panel(title="Learning rate", height=56, log=True, series=[line("rate", "lr", 2, step=True)]),
            Panel(
                title="Dead code units",
                height=44,
                log=False,
                series=[line("dead", "dead_units", 3, step=True)],
            ),
        ],
        (1, max(epochs, last["epoch"], 2)),
        key=key,
        alt=(
            f"Loss curves to epoch {last['epoch']}: training loss {last['train_loss']:.4g}, "
            f"test loss {last['test_loss']:.4g}, learning rate {last['lr']:.3g}"
        ),
    )
