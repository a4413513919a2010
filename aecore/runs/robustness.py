"""What noise of every strength does to a run: robustness.json, measured over the whole test set."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aecore.errors import DamagedError, OutdatedError
from aecore.runs import sums
from aecore.runs.json_files import json_bytes, read_table
from aecore.runs.run import ROBUSTNESS, WEIGHTS, Run

SIDES = ("model", "input", "tv")
"""The network's output, the noisy image as it is, and total variation with its best strength."""


@dataclass(frozen=True)
class Robustness:
    """Mean scores under Gaussian noise of rising strength.

    Each of `points` has `level`, the standard deviation in the model's range, and for each side that was measured a
    table of scores on the [0, 1] scale: `mse` and `psnr_db`; None is infinite. `tv` also has its `strength`.
    """

    points: list[dict[str, Any]]
    about: dict[str, Any]
    """`weights` (SHA-256 of the file that was measured), `run`, `data`, `n` test images, `clamp`, `tv_images` where
    total variation was measured, `made`, `seconds`."""

    @property
    def images(self) -> int:
        return int(self.about["n"])

    @property
    def beside(self) -> int:
        """On how many of them total variation was measured too; 0 where it was not."""
        found = self.about.get("tv_images")
        return int(found) if found and _is_count(found) else 0

    def as_json(self) -> dict[str, Any]:
        return {**self.about, "points": self.points}

    def score(self, at: int, side: str, name: str = "psnr_db") -> float | None:
        """A score of the point `at`; None where it is infinite or was not measured."""
        return (self.points[at].get(side) or {}).get(name)


def read_robustness(run: Run) -> Robustness | None:
    """What was measured, None where nothing was. Raises `DamagedError` where it cannot be read, and `OutdatedError`
    where it is that of other weights than the run has now."""
    if not os.path.lexists(run.file(ROBUSTNESS)):
        return None
    run.check(ROBUSTNESS)
    table = read_table(run.file(ROBUSTNESS), f"run {run.id}")
    run.check_made_from(ROBUSTNESS, table.get("weights"))
    points = table.pop("points", None)
    if not isinstance(points, list) or not points or not all(map(_usable, points)) or not _is_count(table.get("n")):
        raise DamagedError(f"run {run.id}: {ROBUSTNESS} does not hold scores by the strength of the noise")
    return Robustness(sorted(points, key=lambda point: point["level"]), table)


def read_if_sound(run: Run) -> Robustness | None:
    """The same, None where it is damaged or outdated too."""
    try:
        return read_robustness(run)
    except (DamagedError, OutdatedError):
        return None


def write_robustness(run: Run, points: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> Robustness:
    """Keep what was measured with its run. Without `weights` in `about` it is what the run has now."""
    weights = about.get("weights") or sums.digest(run.path, WEIGHTS)
    whole = {"format": 1, "run": run.id, **about, "weights": weights, "kind": "gaussian"}
    run.write_files({ROBUSTNESS: json_bytes({**whole, "points": list(points)})})
    return Robustness([dict(point) for point in points], whole)


def _usable(point: Any) -> bool:
    if not isinstance(point, dict) or not _is_number(point.get("level")):
        return False
    sides = [point[side] for side in SIDES if point.get(side) is not None]
    return all(isinstance(side, dict) and all(v is None or _is_number(v) for v in side.values()) for side in sides)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0
