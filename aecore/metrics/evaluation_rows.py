"""Evaluations as rows of a table, each output beside what it is held against."""

from __future__ import annotations

from typing import Any

from aecore.config.corruption import Corruption
from aecore.format import count
from aecore.metrics.baselines import input_name

SCORES = ("MSE", "PSNR dB", "SSIM", "SNR dB")
_DIGITS = (("mse", 5), ("psnr_db", 2), ("ssim", 4), ("snr_db", 2))


def evaluation_rows(results: list[dict[str, Any]]) -> list[list[str]]:
    """Rows of corruption, what was measured and `SCORES`: below each output the noisy input's own metrics, those of
    methods without a network, and what the same are over lost pixels alone. The corruption stands in the first row."""
    rows = []
    for result in results:
        for what, key in (("output", "metrics"), ("noisy input", "noisy_input")):
            if key == "noisy_input" and result["corruption"] == "none":
                continue
            text = input_name(Corruption.parse(result["corruption"])) if key == "noisy_input" else what
            rows.append([result["corruption"] if key == "metrics" else "", text, *_scores(result[key])])
        for name, measured in result.get("classical", {}).items():
            rows.append(["", _method(name, measured), *_scores(measured["metrics"])])
        if hole := result.get("inside_hole"):
            entered = input_name(Corruption.parse(result["corruption"]))
            sides = [("output", hole["metrics"]), (entered, hole["noisy_input"])]
            others = result.get("classical", {}).items()
            sides += [(_method(name, own), own["inside_hole"]) for name, own in others if own.get("inside_hole")]
            rows += [["", f"in the hole: {what}", *_scores(values)] for what, values in sides]
    return rows


def _method(name: str, measured: dict[str, Any]) -> str:
    """A method without a network, with its strength and what it was measured on where it has these."""
    strength, images = measured.get("strength"), measured.get("images")
    about = [] if strength is None else [f"strength {strength:g}"]
    return ", ".join([name, *about, *([] if images is None else [count(images, "image")])])


def _scores(values: dict[str, Any]) -> list[str]:
    """Of equal images PSNR and SNR are infinite, which files hold as null; the others never are."""
    return [
        f"{values[name]:.{digits}f}"
        if values.get(name) is not None
        else "∞"
        if name in values and name in ("psnr_db", "snr_db")
        else "–"
        for name, digits in _DIGITS
    ]
