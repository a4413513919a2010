"""Measuring in a process of its own: finished, and stopped."""

from __future__ import annotations

import pytest

from aecore.errors import UserError
from aecore.jobs import measuring
from aecore.runs.measures import read_measures
from aecore.runs.process import is_alive
from tests.helpers.processes import wait_for


def test_a_job_works_on_its_own_and_one_that_is_stopped_leaves_what_was_there(trained, forked_jobs):
    measuring.start(trained, device="cpu")
    with pytest.raises(UserError, match="is being measured already"):
        measuring.start(trained)

    def over() -> bool:
        now = measuring.read_progress(trained)
        assert now is None or now.state == "running", now.error
        return now is None

    wait_for(over, 120)
    before = read_measures(trained)
    assert before is not None
    assert before.value("linear_probe")
    measuring.start(trained, again=True, device="cpu")
    running = measuring.read_progress(trained)
    assert running is not None
    measuring.stop(trained)  # at once: such a run is measured in seconds
    assert measuring.read_progress(trained) is None
    assert not is_alive(running.process)
    after = read_measures(trained)
    assert after is not None
    assert after.about["made"] == before.about["made"]
    measuring.stop(trained)  # once more does no harm
