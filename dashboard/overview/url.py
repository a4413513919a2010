"""The Overview page's state in its address, besides the run that is open."""

from __future__ import annotations

from dashboard.url_state import Field, one_of
from dashboard.widgets import run_columns, run_table


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


PAGE = run_table.PAGE
FIELDS = {
    "filter": Field(""),
    "shelf": Field("All", lambda text: one_of(*run_table.SHELVES)(text.capitalize()), str.lower),
    "states": Field([], _names, ",".join),
    "order": Field(run_table.NEWEST, run_table.order_named, run_columns.slug),
    "columns": Field(None, run_columns.chosen_from, run_columns.chosen_as_text),
}
"""`columns` is None for the usual ones, which depend on the runs."""
