"""The measures of runs and the images that belong to them, read again only when their files change."""

from __future__ import annotations

import numpy as np

from aecore.errors import DamagedError, OutdatedError
from aecore.runs.measures import Measures, read_images, read_measures
from aecore.runs.robustness import Robustness
from aecore.runs.robustness import read_if_sound as read_robustness
from aecore.runs.run import MEASURED_IMAGES, MEASURES, ROBUSTNESS, WEIGHTS, Run
from aecore.runs.sums import SUMS
from dashboard.cache.keyed import keyed_on


@keyed_on((MEASURES, WEIGHTS, SUMS))
def measures(run: Run) -> Measures | None:
    """What was measured of the run, None where nothing was. Raises `DamagedError` and `OutdatedError`."""
    return read_measures(run)


@keyed_on((ROBUSTNESS, WEIGHTS, SUMS))
def robustness(run: Run) -> Robustness | None:
    """What noise of every strength does to the run, None where that was not measured with the weights that it has."""
    return read_robustness(run)


@keyed_on((MEASURED_IMAGES, SUMS))
def measured_images(run: Run) -> dict[str, np.ndarray]:
    """The images that belong to them, by name, uint8 (N, C, H, W). Raises `DamagedError`."""
    return read_images(run)


@keyed_on((MEASURES, WEIGHTS, SUMS))
def values(run: Run) -> dict[str, float]:
    """For lists of runs: the value of each measure; none of those that are damaged or of other weights."""
    try:
        found = read_measures(run)
    except (DamagedError, OutdatedError):
        return {}
    known = {name: found.value(name) for name in found.measures} if found else {}
    return {name: value for name, value in known.items() if value is not None}
