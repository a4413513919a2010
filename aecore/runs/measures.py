"""What was measured of a finished run, beyond its evaluation: measures.json, and the images that belong to it."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors.numpy

from aecore.errors import DamagedError, OutdatedError
from aecore.runs import sums
from aecore.runs.json_files import json_bytes, read_table
from aecore.runs.run import MEASURED_IMAGES, MEASURES, WEIGHTS, Run

NUMBERS = ("value", "low", "high")


@dataclass(frozen=True)
class Measures:
    """The measures of a run by name, each a table with a `value`, its 95 % interval `low` and `high` where it has one,
    and the numbers that it must be held against; and why others are lacking, by name."""

    measures: dict[str, dict[str, Any]]
    lacking: dict[str, str]
    about: dict[str, Any]
    """`weights` (SHA-256 of the file that was measured), `data`, `train_images`, `test_images`, `made`, `seconds`."""

    def value(self, name: str, key: str = "value") -> float | None:
        """A number of a measure, None where it has none."""
        found = self.measures.get(name, {}).get(key)
        return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None

    def rows(self, name: str, key: str, numbers: Sequence[str] = ()) -> list[dict[str, Any]]:
        """The tables in a list of a measure, such as `by_class`, that have these numbers; none where there is no such
        list."""
        found = self.measures.get(name, {}).get(key)
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        return [row for row in rows if all(_is_number(row.get(number)) for number in numbers)]

    def as_json(self) -> dict[str, Any]:
        return {"format": 1, **self.about, "measures": self.measures, "lacking": self.lacking}


def read_measures(run: Run) -> Measures | None:
    """The run's measures, None where nothing was measured. Raises `DamagedError` where they cannot be read, and
    `OutdatedError` where they are those of other weights than the run has now."""
    if not os.path.lexists(run.file(MEASURES)):
        return None
    run.check(MEASURES)
    table = read_table(run.file(MEASURES), f"run {run.id}")
    run.check_made_from(MEASURES, table.get("weights"))
    found, lacking = table.pop("measures", None), table.pop("lacking", None)
    if not isinstance(found, dict) or not isinstance(lacking, dict):
        raise DamagedError(f"run {run.id}: {MEASURES} does not hold measures")
    kept = {name: part for name, part in found.items() if isinstance(part, dict) and _usable(part)}
    return Measures(kept, {name: text for name, text in lacking.items() if isinstance(text, str)}, table)


def read_if_sound(run: Run) -> Measures | None:
    """The same for lists of runs, None where they are damaged or outdated too."""
    try:
        return read_measures(run)
    except (DamagedError, OutdatedError):
        return None


def read_images(run: Run) -> dict[str, np.ndarray]:
    """The images that belong to the measures, by name, uint8 (N, C, H, W); none where there are no such."""
    if not os.path.lexists(run.file(MEASURED_IMAGES)):
        return {}
    return {
        name: images
        for name, images in run.tensors(MEASURED_IMAGES).items()
        if images.ndim == 4 and images.dtype == np.uint8
    }


def write_measures(run: Run, found: Measures, images: Mapping[str, np.ndarray] | None = None) -> None:
    """Keep measures with their run; without `images` those that are there stay. Without `weights` in `about` they are
    those of the weights that the run has now."""
    about = {"weights": found.about.get("weights") or sums.digest(run.path, WEIGHTS)}
    files = {MEASURES: json_bytes(_finite(found.as_json() | about))}
    if images is not None:
        arrays = {name: np.ascontiguousarray(part, np.uint8) for name, part in images.items()}
        files[MEASURED_IMAGES] = safetensors.numpy.save(arrays)
    run.write_files(files)


def _usable(part: Mapping[str, Any]) -> bool:
    """Whether the numbers that every reader relies on are numbers."""
    return all(part.get(name) is None or _is_number(part[name]) for name in NUMBERS)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: None instead. Six digits are more than an interval allows."""
    if isinstance(value, Mapping):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    if isinstance(value, np.ndarray):
        return _finite(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
