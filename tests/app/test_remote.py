"""The page of a run that another machine sends: live, silent, arriving, and without a button that would do nothing."""

from __future__ import annotations

import os

import pytest

from aecore import jobs
from aecore.errors import UserError
from aecore.remote import receive
from aecore.runs.run import Run
from aecore.runs.state import RECEIVED, STOP_ASKED
from aecore.runs.store import Store
from dashboard.cache import runs
from tests.helpers.pages import page, texts

KEY = "1" * 64


@pytest.fixture
def received(gallery):
    def make(state: str) -> Run:
        experiment = '{"name": "mine", "data": {"name": "digits-28"}}'
        status = {
            "state": state,
            "title": "far away",
            "process": {"pid": 1, "started": 1.0, "host": os.uname().nodename},
        }
        asked = {"id": "mine", "host": "gpu-7", "experiment": experiment, "status": status}
        return Run(gallery.root / "runs" / receive.begin(gallery, asked, KEY)[0]["id"])

    return make


def labels(app) -> list[str]:
    return [button.label for button in app.button]


def test_one_that_trains_is_live_and_stop_asks_its_sender(received):
    run = received("running")
    app = page("train", run=run.id)
    assert not app.error
    assert "sent from gpu-7" in texts(app)
    assert "Stop" in labels(app)
    next(button for button in app.button if button.label == "Stop").click().run()
    assert run.file(STOP_ASKED).exists()
    assert "Stopping…" in labels(app)


def test_one_that_has_fallen_silent_says_so_and_is_not_resumed_here(received):
    run = received("running")
    os.utime(run.file(RECEIVED), (1, 1))
    app = page("train", run=run.id)
    assert "Nothing has been heard from gpu-7" in texts(app)
    assert not {"Stop", "Resume"} & set(labels(app))


def test_one_that_is_heard_again_is_live_again(received):
    """In the middle of an epoch, without a change of any file that a list reads."""
    run = received("running")
    os.utime(run.file(RECEIVED), (1, 1))
    assert runs.summary(run).state == "interrupted"
    os.utime(run.file(RECEIVED))
    assert runs.summary(run).state == "running"
    assert "Stop" in labels(page("train", run=run.id))


def test_one_that_waits_elsewhere_does_not_seem_to_start_here(received):
    run = received("queued")
    assert [bar.proto.text for bar in page("train", run=run.id).get("progress")] == ["Queued on gpu-7"]  # type: ignore[attr-defined]
    assert "**far away**: queued on gpu-7" in texts(page("train"))


def test_one_that_ended_elsewhere_arrives_before_it_is_finished(received):
    run = received("finished")
    app = page("train", run=run.id)
    assert not app.error
    assert [bar.proto.text for bar in app.get("progress")] == ["Arriving from gpu-7"]  # type: ignore[attr-defined]
    assert not {"Stop", "Resume"} & set(labels(app))
    with pytest.raises(UserError, match="has ended on gpu-7"):
        jobs.stop(run)
    receive.put_status(Store.default(), run.id, KEY, {"status": {"state": "finished"}, "files": {}})
    app = page("train", run=run.id)
    assert not {"Stop", "Resume"} & set(labels(app))
