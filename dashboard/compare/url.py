"""The Compare page's state in its URL."""

from __future__ import annotations

from aecore.plots.curves import AXIS_TITLES, METRIC_TITLES
from dashboard import url_state
from dashboard.compare import clouds
from dashboard.url_state import Field, number, one_of, share

PAGE = "compare"


VIEWS = {
    "numbers": "Curves and metrics",
    "images": "Images",
    "wipe": "Wipe",
    "way": "Interpolation",
    "space": "Latent space",
}


FIELDS = {
    "runs": Field([], lambda text: list(dict.fromkeys(name for name in text.split(",") if name)), ",".join),
    "base": Field(""),
    "view": Field("numbers", one_of(*VIEWS)),
    "curve": Field("test_loss", one_of(*METRIC_TITLES)),
    "x": Field("epoch", one_of(*AXIS_TITLES)),
    "smooth": Field(0.0, share(0.95), "{:g}".format),
    "log": Field(True, lambda text: text != "0", lambda on: "1" if on else "0"),
    "tested": Field("none", url_state.corruption),
    "order": Field(""),
    "sheet": Field(1, number(1, 10**4), str),
    "noise": Field("none", url_state.corruption),
    "draw": Field(0, number(0, 10**6), str),
    "first": Field(0, number(0, 10**7), str),
    "errors": Field(True, lambda text: text != "0", lambda on: "1" if on else "0"),
    "path": Field("line", one_of("line", "arc")),
    "a": Field(-1, number(0, 10**7), str),
    "b": Field(-1, number(0, 10**7), str),
    "at": Field(None, share(), browser=True),
    "wipe": Field(None, browser=True),
    "method": Field("tsne", one_of(*clouds.METHODS)),
    "dims": Field(3, number(2, 3), str),
}
