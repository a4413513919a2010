"""The Generate page's state in its URL."""

from __future__ import annotations

import numpy as np

from aecore.latent.interpolation import DISTRIBUTIONS
from dashboard.url_state import Field, number, one_of

PAGE = "generate"


VIEWS = {"units": "Units", "random": "Random codes", "traversal": "Traversal", "filters": "Filters", "draw": "Draw"}


MOST_UNITS = 256


def vector(text: str) -> tuple[float, ...]:
    """A code from text. Raises `ValueError` for anything but a list of finite numbers."""
    values = tuple(float(part) for part in text.split(","))
    if len(values) > MOST_UNITS or not np.isfinite(values).all() or np.abs(values).max() > 1e6:
        raise ValueError(text)
    return values


FIELDS = {
    "run": Field(""),
    "view": Field("units", one_of(*VIEWS)),
    "a": Field(-1, number(0, 10**7), str),
    "draw": Field("", one_of(*DISTRIBUTIONS)),
    "seed": Field(0, number(0, 10**6), str),
    "class": Field("", lambda text: str(int(text)), str),
    "n": Field(30, number(5, 120), str),
    "code": Field(None, vector, browser=True),
}
