"""Axes: which values they span, where their ticks are, and where a value lies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aecore.drawing.values import texts_of, values_of

PADDING = 0.05
"""Of the span of the data, on each side of an axis without a range of its own."""
CATEGORY_ENDS = 0.5


@dataclass(frozen=True)
class Scale:
    """One axis of plotly's: `kind` is linear, log or category; `low` and `high` are its ends, of a logarithmic axis
    their powers of ten, of one of categories their positions."""

    kind: str
    low: float
    high: float
    categories: Sequence[str] = ()
    flipped: bool = False

    def share(self, value: Any) -> float:
        """Where a value lies, from 0 at the axis' start to 1 at its end; NaN where it has no place."""
        at = self.number(value)
        share = (at - self.low) / ((self.high - self.low) or 1)
        return 1 - share if self.flipped else share

    def number(self, value: Any) -> float:
        """A value as `low` and `high` are."""
        if self.kind == "category":
            return float(self.categories.index(str(value))) if str(value) in self.categories else math.nan
        if value is None:
            return math.nan
        if self.kind == "log":
            return math.log10(value) if value > 0 else math.nan
        return float(value)


@dataclass(frozen=True)
class Tick:
    value: Any
    text: str


def scale_of(
    axis: Mapping[str, Any], data: Sequence[Any], *, ends: Iterable[float] = (), padding: float = PADDING
) -> Scale:
    """The scale of an axis of a plotly layout for these data; `ends` are further values that it must show."""
    kind = axis.get("type") or ("category" if any(isinstance(value, str) for value in data) else "linear")
    flipped = axis.get("autorange") == "reversed"
    if kind == "category":
        names = list(dict.fromkeys([*texts_of(axis.get("categoryarray")), *map(str, data)]))
        return Scale(kind, -CATEGORY_ENDS, max(len(names), 1) - 1 + CATEGORY_ENDS, names, flipped)
    if axis.get("range") is not None:
        low, high = map(float, values_of(axis["range"]))
        return Scale(kind, low, high)
    known = np.array([float(value) for value in [*data, *ends] if value is not None], float)
    known = known[np.isfinite(known) & ((known > 0) | (kind != "log"))]
    if kind == "log":
        known = np.log10(known)
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    room = padding * (high - low) if high > low else (0.1 if kind == "log" else abs(high) * 0.1 or 1.0)
    zero = axis.get("rangemode") == "tozero" and kind != "log"
    if zero and low >= 0:
        return Scale(kind, 0.0, high + (room if high else 1.0), (), flipped)
    return Scale(kind, low - room, high + room, (), flipped)


def ticks_of(axis: Mapping[str, Any], scale: Scale, fits: int) -> list[Tick]:
    """The ticks within the scale; `fits` is how many labels have room, if the axis does not say."""
    if axis.get("tickvals") is not None:
        given = values_of(axis["tickvals"])
        texts = texts_of(axis.get("ticktext")) or [tick_text(value) for value in given]
        ticks = [Tick(value, text) for value, text in zip(given, texts, strict=True)]
        return [tick for tick in ticks if _inside(scale, tick.value)]
    if scale.kind == "category":
        return [Tick(name, name) for name in scale.categories]
    wanted = int(axis.get("nticks") or fits)
    if scale.kind == "log":
        return _log_ticks(scale, axis.get("dtick"), fits)
    step = axis.get("dtick")
    step = float(step) if isinstance(step, int | float) else nice_step(scale.high - scale.low, wanted)
    first = math.ceil(min(scale.low, scale.high) / step - 1e-9)
    last = math.floor(max(scale.low, scale.high) / step + 1e-9)
    if last - first > 200:  # a step that was meant for other data
        return ticks_of({}, scale, fits)
    return [Tick(i * step, tick_text(float(f"{i * step:.10g}"))) for i in range(first, last + 1)]


def nice_step(span: float, wanted: int) -> float:
    """1, 2 or 5 times a power of ten, for about so many ticks."""
    rough = abs(span) / max(wanted, 1) or 1.0
    power = 10 ** math.floor(math.log10(rough))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= rough * 0.999)


def tick_text(value: float) -> str:
    """A number as an axis has it: without needless zeros, with a minus sign, exponents only far from 1."""
    if value == 0:
        return "0"
    if not 1e-6 <= abs(value) < 1e15:
        return f"{value:g}".replace("e-0", "e-").replace("-", "−")
    digits = max(0, 5 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def _log_ticks(scale: Scale, step: Any, fits: int) -> list[Tick]:
    """Powers of ten, with 2 and 5 or all digits between them where the axis asks for it and there is room."""
    digits: tuple[int, ...] = {"D1": tuple(range(1, 10)), "D2": (1, 2, 5)}.get(step, (1,))
    low, high = sorted((scale.low, scale.high))
    values: list[float] = []
    for chosen in dict.fromkeys((digits, (1, 2, 5) if len(digits) > 1 else digits, (1,))):
        values = [
            digit * 10.0**power
            for power in range(math.floor(low) - 1, math.ceil(high) + 1)
            for digit in chosen
            if low - 1e-9 <= math.log10(digit) + power <= high + 1e-9
        ]
        if len(values) <= max(fits * 1.6, 4):
            break
    every = max(1, math.ceil(len(values) / max(fits * 1.6, 4)))
    return [Tick(value, tick_text(float(f"{value:.6g}"))) for value in values[::every]]


def _inside(scale: Scale, value: Any) -> bool:
    at = scale.number(value)
    low, high = sorted((scale.low, scale.high))
    room = 1e-6 * (high - low)
    return low - room <= at <= high + room
