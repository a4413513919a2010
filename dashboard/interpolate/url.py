"""The Interpolate page's state in its URL."""

from __future__ import annotations

from dashboard import url_state
from dashboard.url_state import Field, number, one_of

PAGE = "interpolate"


STEPS = {
    "both ends": "Both ends (004)",
    "open end": "Without the end (003)",
    "between": "In between (000)",
}


MOST_STEPS = 24
MODES = {
    "two": "Between two images",
    "several": "Through several",
    "four": "Between four",
    "along": "Along a direction",
}
STOPS = (3, 6)
"""Of a way through several images, the fewest and the most."""
MOST_BETWEEN = 7
KINDS = {"classes": "Classes", "points": "Points", "slant": "Slant", "thickness": "Thickness"}
"""What a direction is measured on."""


def position(text: str) -> tuple[float, ...]:
    """A position on the path or on a direction's slider (one number in [0, 1]), or on the plane (two).

    Raises `ValueError` for anything else."""
    values = tuple(float(part) for part in text.split(","))
    if len(values) > 2 or not all(0 <= value <= 1 for value in values):
        raise ValueError(text)
    return values


FIELDS = {
    "run": Field(""),
    "mode": Field("two", one_of(*MODES)),
    "path": Field("line", one_of("line", "arc")),
    "steps": Field("both ends", one_of(*STEPS)),
    "n": Field(10, number(2, MOST_STEPS), str),
    "side": Field(9, number(3, 15), str),
    "noise": Field("none", url_state.corruption),
    "draw": Field(0, number(0, 10**6), str),
    **{name: Field(-1, number(0, 10**7), str) for name in ("a", "b", "c", "d", "e", "f")},
    "stops": Field(4, number(*STOPS), str),
    "between": Field(3, number(0, MOST_BETWEEN), str),
    "along": Field("classes", one_of(*KINDS)),
    "from": Field(-1, number(0, 255), str),
    "to": Field(-1, number(0, 255), str),
    "start": Field(""),
    "end": Field(""),
    "at": Field(None, position, browser=True),
}
