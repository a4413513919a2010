"""Display names of a sweep's settings, values and metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aecore.config.corruption import Corruption
from aecore.config.labels import SECTIONS, label_of
from aecore.errors import UserError
from aecore.format import count
from aecore.metrics.measure_names import MEASURES, Named
from aecore.sweeps.definition import format_setting

DIGITS = 4
"""Means are shown with this many significant digits, spreads with the same number of decimals."""


@dataclass(frozen=True)
class Metric:
    """How one of `definition.GOALS` is displayed: `scale` converts it to its `unit`."""

    title: str
    unit: str = ""
    scale: float = 1.0
    decimals: int | None = None
    """None for as many as `DIGITS` requires."""


def _of_measure(named: Named) -> Metric:
    if named.kind == "share":
        return Metric(named.title, "%", 100, 1)
    places = {"count": 1, "distance": 1, "nats": 1}.get(named.kind)
    return Metric(named.title, "nats" if named.kind == "nats" else "", decimals=places)


METRICS = {
    "mse": Metric("MSE"),
    "psnr_db": Metric("PSNR", "dB", decimals=2),
    "ssim": Metric("SSIM", decimals=4),
    "snr_db": Metric("SNR", "dB", decimals=2),
    "wrong_digit_rate": Metric("Wrong digits", "%", 100, 2),
    "test_loss": Metric("Test loss"),
    "train_loss": Metric("Training loss"),
    "seconds": Metric("Training time", "s"),
    **{named.name: _of_measure(named) for named in MEASURES},
}


def setting(key: str) -> str:
    """A setting's name: `Code size`, `Training corruption`."""
    return SECTIONS["corruption"] if key == "corruption" else label_of(key)


def setting_choice(key: str) -> str:
    """The same followed by its key, which is unambiguous."""
    return f"{setting(key)}  ({key})"


def lower(title: str) -> str:
    """A title within a sentence: `code size`."""
    return f"{title[0].lower()}{title[1:]}"


def value(key: str, found: Any) -> str:
    """A setting's value in a label: `8`, `Gaussian noise, σ 0.3`, `392–8`."""
    if key == "corruption":
        return corruption(str(found))
    if isinstance(found, bool):
        return "yes" if found else "no"
    return "default" if found is None else format_setting(found)


def combination(values: Mapping[str, Any]) -> str:
    """`code size 8, Gaussian noise, σ 0.3`: values that mean nothing by themselves are named."""
    return ", ".join(
        value(key, found) if key == "corruption" else f"{lower(setting(key))} {value(key, found)}"
        for key, found in values.items()
    )


def corruption(text: str) -> str:
    """A corruption in words: `clean`, `Gaussian noise, σ 0.3 + a black 8×8 square`."""
    try:
        parsed = Corruption.parse(text)
    except UserError:
        return text
    return (parsed.label if parsed.active else "clean") + (", drawn once" if parsed.once else "")


def tested(under: str) -> str:
    """The test images in words: `clean test images`."""
    if under == "own":
        return "test images corrupted as in training"
    try:
        return Corruption.parse(under).of("test images")
    except UserError:
        return f"test images with {under}"


def tested_label(under: str) -> str:
    """The same as an option in a list."""
    return {"own": "as trained", "none": "clean images"}.get(under) or corruption(under)


def heading(goal: str, under: str, measured: bool) -> str:
    """The title of a chart: the metric, the test images and the unit."""
    metric = METRICS[goal]
    unit = f", {metric.unit}" if metric.unit else ""
    return f"{metric.title}{f' on {tested(under)}' if measured else ''}{unit}"


def decimals(goal: str, mean: float) -> int:
    """The number of decimals for a mean of this metric, given in its unit."""
    fixed = METRICS[goal].decimals
    if fixed is not None:
        return fixed
    if not mean or not math.isfinite(mean):
        return DIGITS
    return min(max(DIGITS - 1 - math.floor(math.log10(abs(mean))), 0), 8)


def score(goal: str, mean: float, std: float | None) -> str:
    """`0.01234 ± 0.00012`, `23.45 ± 0.10 dB`; without a spread the mean alone."""
    about = METRICS[goal]
    mean, places = mean * about.scale, decimals(goal, mean * about.scale)
    unit = f" {about.unit}" if about.unit else ""
    if std is None:
        return f"{mean:,.{places}f}{unit}"
    return f"{mean:,.{places}f} ± {std * about.scale:,.{places}f}{unit}"


def seeds(number: int) -> str:
    """The number of seeds in a mean."""
    return f"mean of {count(number, 'seed')}" if number > 1 else "1 seed, no spread"
