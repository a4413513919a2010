"""What is kept of a run is given up when one of its files changes, and not before."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from aecore.runs.run import EVALUATION, WEIGHTS, Run
from dashboard.cache.kept import Kept, size_of
from dashboard.cache.keyed import keyed_on


def test_it_is_computed_again_when_a_file_it_is_keyed_on_changes(trained, tmp_path):
    calls = []

    @keyed_on((WEIGHTS,))
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
    @keyed_on((WEIGHTS,))
    def one(run: Run) -> str:
        return "one"

    @keyed_on((WEIGHTS,))
    def other(run: Run) -> str:
        return "other"

    assert (one(trained), other(trained)) == ("one", "other")


def test_what_is_kept_is_bounded_in_bytes():
    kept, made = Kept(most=3000), []

    def ask(name: str, size: int) -> int:
        def make() -> np.ndarray:
            made.append(name)
            return np.zeros(size, np.uint8)

        return len(kept.get(name, make))

    for name in "abc":
        ask(name, 800)
    ask("a", 800)
    ask("d", 800)  # b was asked for longest ago
    assert kept.bytes <= 3000
    assert [ask(name, 800) for name in "acd"] == [800] * 3
    assert made == list("abcd")
    ask("large", 10_000)
    assert kept.bytes == size_of(np.zeros(10_000, np.uint8)), "it alone is left"
    ask("large", 0)
    assert made == [*"abcd", "large"]
    kept.clear()
    assert kept.bytes == 0


def test_of_several_who_ask_at_once_one_makes_it_and_an_error_is_not_kept():
    kept, made = Kept(), []
    start = threading.Barrier(4)

    def make() -> str:
        made.append(threading.get_ident())
        if len(made) == 1:
            raise ValueError("the first time")
        return "made"

    def ask(_: int) -> str:
        start.wait()
        try:
            return kept.get("key", make)
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(ask, range(4)))
    assert answers == ["made", "made", "made", "the first time"]
    assert len(made) == 2


def test_sizes(tmp_path):
    np.save(tmp_path / "map.npy", np.zeros(10_000))
    mapped = np.load(tmp_path / "map.npy", mmap_mode="r")
    assert size_of(mapped) == size_of(mapped[5:]) < 100
    assert size_of({"a": [np.zeros(1000, np.float32)], "b": ("x" * 500,)}) > 4500
    assert size_of(Run(tmp_path)) < 500
