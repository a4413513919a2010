"""A tiny run of `python -m benchmarks.lists`, the app alone."""

import sys
from functools import partial

import pytest

from benchmarks import lists, peers, watching
from benchmarks.peers import OURS
from tests.helpers.server import forked_server

FEW = lists.Counts(sizes=(3,), visits=1, filters=1, curves=2, epochs=300, sessions=(1,), watched_s=1)


@pytest.mark.proof  # in short: tests/browser/test_overview.py watches the list that is timed here
def test_every_measurement_comes_about(browser, nursery, tmp_path, monkeypatch):
    monkeypatch.setattr(lists, "REST_MS", 600)
    monkeypatch.setattr(watching, "WARM_S", 1)
    monkeypatch.setattr(peers, "server", partial(forked_server, nursery))
    bench = lists.Bench(browser, tmp_path, sys.executable, [OURS], lambda line: None)
    parts = {part.name: part.rows for part in lists.measured(bench, FEW)}
    assert set(parts) == {"lists", "curves", "watching"}
    for rows in parts.values():
        assert len(rows) == 1
        assert "error" not in rows[0], rows[0]
    assert parts["lists"][0]["list"]["median"] > 0
    assert parts["curves"][0]["curves"]["median"] > 0
    assert parts["watching"][0]["sent"] > 0
