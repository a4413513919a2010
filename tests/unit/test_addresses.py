"""No address brings a page a value that it cannot work with or send to the browser."""

from __future__ import annotations

import json

import pytest

from dashboard.compare.url import FIELDS as COMPARE
from dashboard.generate.url import FIELDS as GENERATE
from dashboard.interpolate.url import FIELDS as INTERPOLATE
from dashboard.latent.controls import FIELDS as LATENT
from dashboard.measure.url import FIELDS as MEASURE
from dashboard.overview.url import FIELDS as OVERVIEW
from dashboard.replay.player import FIELDS as REPLAY
from dashboard.restore.url import FIELDS as RESTORE
from dashboard.url_state import share

ODD = (
    "nan", "-nan", "NaN,0.5", "0.5,nan", "inf", "-inf", "1e999", "-1e999", "9" * 5000, "[" * 3000, "{" * 3000, "\x00",
    "1_0", "٣", " ", "true", "gaussian:nan", "gaussian:1e999", "../../x", "<b>", "a" * 10_000,
)  # fmt: skip
PAGES = {
    "overview": OVERVIEW, "restore": RESTORE, "replay": REPLAY, "interpolate": INTERPOLATE, "latent": LATENT,
    "generate": GENERATE, "measure": MEASURE, "compare": COMPARE,
}  # fmt: skip


@pytest.mark.parametrize(("page", "name"), [(page, name) for page, fields in PAGES.items() for name in fields])
def test_an_odd_text_is_refused_or_a_value_that_json_has(page, name):
    field = PAGES[page][name]
    for text in ODD:
        try:
            value = field.parse(text)
        except ValueError:
            continue
        json.dumps(value, allow_nan=False, default=str)
        field.show(value)


def test_a_share_is_a_finite_number_within_its_bounds():
    assert [share(0.95)(text) for text in ("0.5", "2", "-1")] == [0.5, 0.95, 0.0]
