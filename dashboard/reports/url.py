"""The Reports page's state in its address."""

from __future__ import annotations

from aecore.reports.definition import reports
from aecore.reports.tasks import tasks
from dashboard.url_state import Field, one_of

PAGE = "reports"
ALL, BEYOND, LESSONS = "All numbers", "beyond", "lessons"
OPTIONS = [*reports(), ALL, BEYOND, LESSONS]
AGAINST = {"parameters": "Parameters", "seconds": "Training time"}
FIELDS = {
    "report": Field(OPTIONS[0], one_of(*OPTIONS)),
    "task": Field("", one_of(*tasks())),
    "against": Field("parameters", one_of(*AGAINST)),
}
