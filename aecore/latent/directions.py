"""Directions in the latent space: the difference of two mean codes, or how codes change with a measured quantity. Numpy
only.

A direction is a vector, float64 (n,), that is added to a code once for every unit: the whole way from one mean code to
the other, a degree of slant, a pixel of thickness.
"""

from __future__ import annotations

import base64
import binascii
import math

import numpy as np

from aecore.errors import UserError

FEWEST = 10
"""Fewer codes than this give no regression."""
MOST_POINTS = 1000
"""The most points of a selection that an address carries; of more, these are evenly spaced ones."""
LONGEST = 4000
"""The most characters of a selection in an address: enough for `MOST_POINTS` with large gaps between their numbers."""
LARGEST_INDEX = 2**31 - 1
STEPS = 4
"""A slider reaches this many round steps to either side."""


def difference(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The mean of the codes `end` (M, n) minus the mean of the codes `start` (N, n), float64 (n,).

    Raises `UserError` where one is empty or both have the same mean.
    """
    if not len(start) or not len(end):
        raise UserError("a direction needs at least one code at either end")
    found = end.mean(axis=0, dtype=np.float64) - start.mean(axis=0, dtype=np.float64)
    if not np.isfinite(found).all():
        raise UserError("some of these codes are not finite numbers")
    if not found.any():
        raise UserError("both mean codes are the same: there is no direction between them")
    return found


def regression(codes: np.ndarray, values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The change of the code, float64 (n,), that goes with one unit of a quantity: the least-squares regression of the
    codes (N, n) on its `values` (N,) within the classes of `labels` (N,). NaN values are left out.

    It is the code that is regressed on the quantity, as the code is what the slider moves: the result is the mean
    difference between codes whose images differ by one unit, and stays where codes are. The opposite regression would
    give weights that read the quantity from a code; these also cancel whatever else varies, in units that may hardly
    move in real codes (Haufe et al., "On the interpretation of weight vectors of linear models in multivariate
    neuroimaging", NeuroImage 87, 2014). The means of every class are taken off first: sevens slant more than fives, and
    the direction must not lead from one to the other.

    Raises `UserError` for fewer than `FEWEST` values, and where they do not vary or no code follows them.
    """
    known = np.isfinite(values) & np.isfinite(codes).all(axis=1)
    if known.sum() < FEWEST:
        raise UserError(f"only {known.sum()} of {len(values)} images can be measured: at least {FEWEST} are needed")
    within = _within(np.column_stack([values[known], codes[known]]).astype(np.float64), labels[known])
    quantity, code = within[:, 0], within[:, 1:]
    square = quantity @ quantity
    if square <= 1e-12 * len(quantity) * max(1.0, float(np.square(values[known]).max())):
        raise UserError("it is the same in all images of a class: there is no direction to measure")
    found = quantity @ code / square
    if not found.any():
        raise UserError("no unit of the code changes with it")
    return found


def spread_within(values: np.ndarray, labels: np.ndarray) -> float:
    """The standard deviation of `values` (N,) within the classes of `labels` (N,); NaN values are left out."""
    known = np.isfinite(values)
    return float(_within(values[known, None].astype(np.float64), labels[known]).std()) if known.any() else math.nan


def _within(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Rows (N, k) minus the mean row of their class."""
    _, place = np.unique(labels, return_inverse=True)
    sums = np.zeros((place.max(initial=-1) + 1, rows.shape[1]))
    np.add.at(sums, place, rows)
    return rows - (sums / np.bincount(place)[:, None])[place]


def length_in_deviations(direction: np.ndarray, codes: np.ndarray) -> float:
    """The length of a direction (n,), in standard deviations of codes (N, n) along it; infinite where they do not vary
    along it."""
    length = float(np.linalg.norm(direction))
    along = float((codes.astype(np.float64) @ (direction / length)).std()) if length else 0.0
    return length / along if along > 0 else math.inf


def round_step(spread: float) -> float:
    """The step of a slider for a quantity with that standard deviation: `STEPS` of them, a round number each, are
    about two and a half standard deviations."""
    wanted = 2.5 * spread / STEPS
    power = 10.0 ** math.floor(math.log10(wanted))
    return power * min((1.0, 2.0, 2.5, 5.0, 10.0), key=lambda digit: abs(math.log(digit * power / wanted)))


def pack_points(indices: np.ndarray) -> str:
    """The numbers of test images as a short text for an address: gaps between ascending numbers, seven bits a byte with
    the last part of each marked by a clear top bit, in the URL's base 64. `aecore/viewer/js/selection.js` does the
    same."""
    packed = bytearray()
    before = -1
    for index in np.unique(np.asarray(indices, np.int64)).tolist():
        gap, before = index - before - 1, index
        parts = [gap & 127]
        while gap := gap >> 7:
            parts.append(gap & 127 | 128)
        packed.extend(reversed(parts))
    return base64.urlsafe_b64encode(bytes(packed)).decode().rstrip("=")


def unpack_points(text: str) -> np.ndarray:
    """The numbers of test images in a text of `pack_points`, int64 (N,), ascending. Raises `UserError` with one line
    for anything else."""
    broken = UserError("the address's selection of points is damaged: select them in Latent space again")
    if len(text) > LONGEST:
        raise UserError(f"the address's selection of points is longer than the {LONGEST:,} characters that can be read")
    try:
        packed = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise broken from None
    found, gap, before = [], 0, -1
    for byte in packed:
        gap = gap << 7 | byte & 127
        if gap > LARGEST_INDEX:
            raise broken
        if byte < 128:
            before, gap = before + gap + 1, 0
            found.append(before)
    if not found or packed[-1] >= 128 or before > LARGEST_INDEX or len(found) > MOST_POINTS:
        raise broken
    return np.array(found, np.int64)
