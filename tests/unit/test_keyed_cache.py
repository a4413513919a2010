"""What is kept of a run is given up when one of its files changes, and not before."""

import os

from aecore.runs.store import EVALUATION, WEIGHTS, Run
from dashboard.cache.keyed import keyed_on


def test_it_is_computed_again_when_a_file_it_is_keyed_on_changes(trained, tmp_path):
    calls = []

    @keyed_on((WEIGHTS,), max_entries=4)
    def size(run: Run, factor: int) -> int:
        calls.append(run.id)
        return factor * run.file(WEIGHTS).stat().st_size

    first = size(trained, 2)
    assert size(Run(trained.path), 2) == first
    assert len(calls) == 1
    size(trained, 3)
    assert len(calls) == 2, "other arguments are another entry"
    os.utime(trained.file(EVALUATION), (1, 1))
    size(trained, 2)
    assert len(calls) == 2, "a file that it is not keyed on does not count"
    trained.file(WEIGHTS).write_bytes(b"1234")
    assert size(trained, 2) == 8
    trained.file(WEIGHTS).unlink()
    (tmp_path / WEIGHTS).write_bytes(b"12345")
    assert size(Run(tmp_path), 2) == 10, "another run is another entry"


def test_two_functions_of_one_run_do_not_meet(trained):
    @keyed_on((WEIGHTS,), max_entries=4)
    def one(run: Run) -> str:
        return "one"

    @keyed_on((WEIGHTS,), max_entries=4)
    def other(run: Run) -> str:
        return "other"

    assert (one(trained), other(trained)) == ("one", "other")
