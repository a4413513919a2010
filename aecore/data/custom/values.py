"""Which stored values are black and white: one scale for the whole set, chosen from the range of all its images."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from aecore.errors import UserError

DEPTHS = (8, 10, 12, 14, 16)
"""Bits that cameras and scanners have; whole numbers above 255 are scaled by the fewest that hold the brightest."""
OVERSHOOT = 0.01
"""How far floats may leave their range, as a share of it: resampling does that."""
NEARLY_BLACK = 32
"""A set whose brightest byte is not above this is remarked."""
PIECE = 1 << 22
"""Values that are examined at a time."""


class Range(NamedTuple):
    """The range of stored values; `kind` is NumPy's: b, u, i or f. `whole`: no value has a fraction."""

    kind: str
    dtype: str
    low: float
    high: float
    whole: bool
    finite: bool


class Scale(NamedTuple):
    """The stored values that become 0 and 255, in words, and a remark that may be empty."""

    black: float
    white: float
    words: str
    remark: str = ""

    @property
    def as_stored(self) -> bool:
        return (self.black, self.white) == (0, 255)


def range_of(arrays: Iterable[np.ndarray]) -> Range | None:
    """The range of all values of numeric arrays of any shape, read in pieces; None without any value."""
    kind, dtype, low, high, whole, finite = "", "", np.inf, -np.inf, True, True
    for array in arrays:
        kind, dtype = array.dtype.kind, array.dtype.name
        rows = max(1, PIECE // max(1, array[:1].size))
        for start in range(0, len(array), rows):
            piece = array[start : start + rows]
            if not piece.size:
                continue
            if kind == "f":
                piece = piece.astype(np.float64)
                finite = finite and bool(np.isfinite(piece).all())
                if not finite:
                    return Range(kind, dtype, 0, 0, False, False)
                whole = whole and bool((piece == np.rint(piece)).all())
            low, high = min(low, float(piece.min())), max(high, float(piece.max()))
    return Range(kind, dtype, low, high, whole, finite) if high >= low else None


def joined(ranges: Iterable[Range]) -> Range | None:
    """The range of several sets of values together."""
    known = list(ranges)
    if not known:
        return None
    return Range(
        known[0].kind if len({one.kind for one in known}) == 1 else "i",
        ", ".join(dict.fromkeys(one.dtype for one in known)),
        min(one.low for one in known),
        max(one.high for one in known),
        all(one.whole for one in known),
        all(one.finite for one in known),
    )


def choose_scale(values: Range, what: str) -> Scale:
    """The scale for values of that range. Raises `UserError`, which begins with `what`, where it is not certain."""
    if not values.finite:
        raise UserError(f"{what} holds values that are not numbers (NaN or infinite): replace them")
    if values.kind == "b":
        return Scale(0, 1, "false is black, true is white")
    return _of_floats(values, what) if values.kind == "f" else _of_whole_numbers(values, what)


def differs(part: Range, scale: Scale) -> bool:
    """Whether a part of a set has a range of its own that is not the scale of the whole: 0 to 1 among 0 to 255."""
    if part.high == part.low:
        return False
    try:
        own = choose_scale(part, "")
    except UserError:
        return False
    mixed = (own.black, own.white) != (scale.black, scale.white)
    return mixed and (part.kind == "f" or own.white == 1)


def _of_whole_numbers(values: Range, what: str) -> Scale:
    low, high = values.low, values.high
    if low < 0:
        raise UserError(
            f"{what} is {values.dtype} with values from {low:g} to {high:g}; expected whole numbers from 0 on: "
            f"subtract the lowest value, {low:g}"
        )
    if high == 1:
        return Scale(0, 1, "0 is black, 1 is white", "every value is 0 or 1: 1 became white (255), not nearly black")
    if high <= 255:
        return Scale(0, 255, "used as they are", _dark(high, 255))
    bits = next((bits for bits in DEPTHS if high < 1 << bits), 0)
    if not bits:
        raise UserError(f"{what} is {values.dtype} with values up to {high:g}; expected 16 bits, 65535, at most")
    white = (1 << bits) - 1
    return Scale(0, white, f"0 is black, {white} is white ({bits} bits, the fewest that hold them)", _dark(high, white))


def _of_floats(values: Range, what: str) -> Scale:
    low, high = values.low, values.high
    near = OVERSHOOT
    if low >= -near and high <= 1 + near:
        outside = "values outside 0 to 1 by up to a hundredth were cut off" if low < 0 or high > 1 + 1e-6 else ""
        return Scale(0, 1, "0 is black, 1 is white", outside or _dark(high, 1))
    if low >= 0 and high <= 255 and values.whole:
        return Scale(0, 255, "0 is black, 255 is white", _dark(high, 255))
    if low >= -255 * near and 128 <= high <= 255 * (1 + near):
        outside = "values outside 0 to 255 by up to a hundredth were cut off" if low < 0 or high > 255 else ""
        return Scale(0, 255, "0 is black, 255 is white", outside)
    if low >= 0 and values.whole and 255 < high <= 65535:
        return _of_whole_numbers(values._replace(kind="u"), what)
    if -1 - near <= low <= -0.75 and 0.75 <= high <= 1 + near:
        outside = "values outside -1 to 1 by up to a hundredth were cut off" if low < -1 or high > 1 else ""
        return Scale(-1, 1, "-1 is black, 1 is white", outside)
    raise UserError(
        f"{what} is {values.dtype} with values from {low:g} to {high:g}; expected uint8, or floats from 0 to 1, from 0 "
        "to 255 or from -1 to 1: undo a standardisation (multiply by the standard deviation, add the mean)"
    )


def to_bytes(values: np.ndarray, scale: Scale) -> np.ndarray:
    """Values of any shape as uint8, rounded; what lies outside the scale is cut off."""
    if scale.as_stored and values.dtype == np.uint8:
        return values
    made = np.empty(values.shape, np.uint8)
    rows = max(1, PIECE // max(1, values[:1].size))
    for start in range(0, len(values), rows):  # in pieces, without another copy of the floats
        piece = values[start : start + rows].astype(np.float64)
        shares = (piece - scale.black) / (scale.white - scale.black)
        made[start : start + rows] = np.rint(np.clip(shares, 0, 1) * 255)
    return made


def describe(values: Range) -> str:
    """`uint16 from 0 to 4080`."""
    return f"{values.dtype} from {values.low:.6g} to {values.high:.6g}"


def _dark(high: float, white: float) -> str:
    """A remark on a set whose brightest value is almost black."""
    if high == 0:
        return "every value is 0: all images are black"
    if high / white * 255 > NEARLY_BLACK:
        return ""
    return f"the brightest value is {high:g} of {white:g}: the images are nearly black; multiply them if that is wrong"
