"""Measure: what a run's code is worth: each number with its interval, beside what it must be held against."""

from dashboard import page
from dashboard.measure.choose import choose
from dashboard.measure.one import one
from dashboard.measure.several import several
from dashboard.navigation import route

route()


def view() -> None:
    chosen = choose()
    if len(chosen) == 1:
        one(chosen[0])
    elif chosen:
        several(chosen)


page.heading("Measure")
page.draw(view)
