"""Numbers and tables of claims as text."""

from __future__ import annotations

from aecore.reports.claims import Verdict


def format_value(value: float | None, unit: str = "") -> str:
    """A number for readers: whole or with two decimals, below 1 with four significant digits, a dash for None."""
    if value is None:
        return "–"
    if float(value).is_integer() and abs(value) >= 1:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.2f}" if abs(value) >= 1 else f"{value:.4g}"
    return f"{text} {unit}".strip()


def markdown_table(found: list[Verdict]) -> str:
    """The table of claims beside measurements in Markdown, as in the README."""
    lines = [
        "| report | run | number | reported | measured | the noisy input itself | |",
        "|---|---|---|---|---|---|---|",
    ]
    for v in found:
        beside = "" if v.noisy_input is None else format_value(v.noisy_input, v.claim.unit)
        cells = [v.report, f"`{v.preset}`", v.claim.quantity, format_value(v.claim.reported, v.claim.unit)]
        lines.append("| " + " | ".join([*cells, format_value(v.measured, v.claim.unit), beside, v.word]) + " |")
    return "\n".join(lines)
