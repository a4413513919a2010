"""`aecore.compare`: runs side by side, their numbers and the settings in which they differ."""

from __future__ import annotations

import html
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from aecore.config.labels import label_of, value_text
from aecore.errors import UserError
from aecore.plots.resolve import RunLike, marked_title, resolve_run
from aecore.runs.run import Run
from aecore.runs.summary import summarise

METRICS = {"mse": "MSE", "psnr_db": "PSNR (dB)", "ssim": "SSIM"}


@dataclass(frozen=True)
class Comparison:
    """Some runs, a column each. Shows itself as a table in a notebook, as lines of text in a terminal."""

    runs: tuple[Run, ...]
    titles: tuple[str, ...]
    numbers: dict[str, tuple[float | None, ...]]
    """By the name of a quantity a value for each run, None where it was not measured."""
    settings: dict[str, tuple[Any, ...]]
    """By the key of a setting in which they differ a value for each run, None where it is not known."""

    def frame(self) -> Any:
        """All of it as a pandas table, a column for each run. Raises `UserError` where pandas is missing."""
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise UserError("a table needs pandas: pip install pandas") from None
        rows = self.numbers | {label_of(key): values for key, values in self.settings.items()}
        return pandas.DataFrame.from_dict(rows, orient="index", columns=[run.id for run in self.runs])

    def lines(self) -> list[list[str]]:
        """Heading and rows as text."""
        rows = [["", *self.titles]]
        rows += [[name, *("–" if value is None else f"{value:.4g}" for value in values)]
                 for name, values in self.numbers.items()]  # fmt: skip
        rows += [[label_of(key), *("–" if value is None else value_text(key, value) for value in values)]
                 for key, values in self.settings.items()]  # fmt: skip
        return rows

    def __str__(self) -> str:
        rows = self.lines()
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
        return "\n".join(line.rstrip() for line in lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        heading, *rows = [[html.escape(cell) for cell in row] for row in self.lines()]
        top = "".join(f"<th>{cell}</th>" for cell in heading)
        body = "".join(f"<tr><th>{row[0]}</th>{''.join(f'<td>{cell}</td>' for cell in row[1:])}</tr>" for row in rows)
        return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def compare(*runs: RunLike, corruption: str = "none") -> Comparison:
    """Runs by id, path or as objects: their size, their metrics on the whole test set under `corruption`, and the
    settings in which they differ. What was not measured or is not known stays empty.

    Raises `UserError` without at least two runs.
    """
    if len(runs) < 2:
        raise UserError("compare needs at least two runs")
    found = tuple(resolve_run(run) for run in runs)
    rows = [summarise(run) for run in found]
    entries = [next((entry for entry in run.evaluation() if entry["corruption"] == corruption), None) for run in found]
    numbers: dict[str, tuple[float | None, ...]] = {
        "parameters": tuple(row.parameters for row in rows),
        "code size": tuple(row.code_size for row in rows),
        "epochs": tuple(row.epoch for row in rows),
    }
    under = "" if corruption == "none" else f", {corruption}"
    for key, name in METRICS.items():
        numbers[f"test {name}{under}"] = tuple(entry["metrics"].get(key) if entry else None for entry in entries)
    known = [run.settings() for run in found]
    keys = dict.fromkeys(key for settings in known for key in settings if key != "name")
    every = {key: tuple(settings.get(key) for settings in known) for key in keys}
    settings = {key: values for key, values in every.items() if any(value != values[0] for value in values)}
    return Comparison(found, tuple(marked_title(run) for run in found), numbers, settings)
