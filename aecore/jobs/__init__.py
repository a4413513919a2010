"""Jobs: training and projecting in processes of their own, and the queue for devices.

Nothing here imports torch before a process holds its device.
"""

from aecore.jobs.check import check, remarks_before
from aecore.jobs.lifecycle import give_up, requeue, start, stop, submit, take_over, waits_behind
from aecore.jobs.worker import work

__all__ = [
    "check",
    "give_up",
    "remarks_before",
    "requeue",
    "start",
    "stop",
    "submit",
    "take_over",
    "waits_behind",
    "work",
]
