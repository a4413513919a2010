"""Measure: what a run's code is worth: each number with its interval, beside what it must be held against."""

from dashboard import page
from dashboard.measure.choose import choose
from dashboard.measure.one import one
from dashboard.measure.several import several
from dashboard.navigation import route
from dashboard.widgets import run_picker

route()


def view() -> None:
    chosen = choose()
    if len(chosen) == 1 and run_picker.has_code(chosen[0], "what is measured here needs"):
        one(chosen[0])
    elif len(chosen) > 1:
        several(chosen)


page.heading("Measure")
page.draw(view)
