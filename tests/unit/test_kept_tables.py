"""Tables of runs, which pages ask for at every touch, are read again only when they have changed."""

from __future__ import annotations

import json
import os

import pytest

from aecore.errors import DamagedError
from aecore.runs import json_files
from aecore.runs.json_files import read_table, write_table

LONG_AGO = 1_700_000_000


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """The names of the files that were read."""
    names: list[str] = []
    of_disk = json_files.read_regular

    def counted(path, *arguments):
        names.append(path.name)
        return of_disk(path, *arguments)

    monkeypatch.setattr(json_files, "read_regular", counted)
    return names


def written(path, **values):
    write_table(path, values)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


@pytest.fixture
def old(monkeypatch):
    """The time at which a file was put there cannot be set back: here none counts as new."""
    monkeypatch.setattr(json_files, "FRESH_NS", -1)


def test_a_table_is_read_once(tmp_path, read, old):
    path = written(tmp_path / "status.json", state="finished", data={"classes": ["0", "1"]})
    assert [read_table(path, "run a") for _ in range(5)] == [{"state": "finished", "data": {"classes": ["0", "1"]}}] * 5
    assert read == ["status.json"]


def test_it_is_read_again_when_it_was_replaced_or_changed(tmp_path, read, old):
    path = written(tmp_path / "status.json", epoch=1)
    assert read_table(path, "run a")["epoch"] == 1
    written(path, epoch=2)  # of the same size and time
    assert read_table(path, "run a")["epoch"] == 2
    path.write_text('{"epoch": 3}')
    assert read_table(path, "run a")["epoch"] == 3
    path.unlink()
    with pytest.raises(DamagedError, match=r"run a has no status\.json"):
        read_table(path, "run a")


def test_whoever_is_given_it_may_change_it(tmp_path, read, old):
    path = written(tmp_path / "status.json", data={"classes": ["0"]})
    for _ in range(3):
        table = read_table(path, "run a")
        assert table == {"data": {"classes": ["0"]}}
        table["data"]["classes"].append("1")


def test_a_damaged_one_is_not_remembered_as_if_it_were_whole(tmp_path, old):
    path = written(tmp_path / "status.json", epoch=10)
    whole = path.read_text()
    assert read_table(path, "run a")["epoch"] == 10
    path.write_text(whole.replace("10", "11"))
    for _ in range(2):
        with pytest.raises(DamagedError, match="has changed since it was written"):
            read_table(path, "run a")
    path.write_text(whole)
    assert read_table(path, "run a")["epoch"] == 10


def test_one_that_has_just_been_written_may_change_within_the_same_tick_of_the_clock(tmp_path, read):
    path = tmp_path / "status.json"
    path.write_text(json.dumps({"epoch": 1}))
    assert [read_table(path, "run a")["epoch"] for _ in range(2)] == [1, 1]
    assert len(read) == 2


def test_not_more_and_no_longer_ones_are_remembered(tmp_path, read, old, monkeypatch):
    monkeypatch.setattr(json_files, "MOST_TEXTS", 2)
    paths = [written(tmp_path / f"{name}.json", value=name) for name in "abc"]
    long = written(tmp_path / "long.json", value="x" * json_files.LARGEST_TEXT)
    for path in (*paths, long, *paths[::-1], long):
        read_table(path, "")
    assert read == ["a.json", "b.json", "c.json", "long.json", "a.json", "long.json"]
