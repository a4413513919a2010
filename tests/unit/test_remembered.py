"""What was found of runs' files before is found by their content alone, and nothing else of it is trusted."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from aecore.runs import records, remembered, run
from aecore.runs.remembered import once, path, remembering
from aecore.runs.store import Store
from aecore.runs.summary import RunSummary, summarise
from tests.helpers.cli import as_json
from tests.helpers.paths import ROOT


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of the test's own."""
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "cache"))
    return path()


@pytest.fixture
def looked(monkeypatch):
    """What was validated."""
    found = []
    refused, valid = records._refused, run._experiment

    def count_tables(table, kind, inner):
        found.append(kind)
        return refused(table, kind, inner)

    def count_experiments(text):
        found.append("experiment")
        return valid(text)

    monkeypatch.setattr(records, "_refused", count_tables)
    monkeypatch.setattr(run, "_experiment", count_experiments)
    return found


def listing(store: Store) -> list[RunSummary]:
    with remembering():
        return [summarise(each) for each in store.runs()]


def test_what_was_validated_is_not_validated_again(cache, old_store, looked):
    first = listing(old_store)
    assert {"experiment", "Status", "Evaluation", "Notes"} == set(looked)
    assert not [row.problem for row in first if row.problem]
    looked.clear()
    assert listing(old_store) == first
    assert not looked
    assert [summarise(each) for each in old_store.runs()] == first


def test_the_second_list_needs_no_schema_no_parser_and_no_processes(cache, gallery):
    code = (
        "import sys; from aecore.cli.app import run; run(['runs']); print(*sorted({'pydantic', 'typer', 'numpy', "
        "'psutil', 'filelock', 'aecore.config.experiment'} & set(sys.modules)), file=sys.stderr)"
    )
    done = [subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True) for _ in range(2)]
    assert "mnist-mlp8" in done[0].stdout
    assert done[0].stdout == done[1].stdout
    assert "pydantic" in done[0].stderr
    assert done[1].stderr.split() == []


def test_the_lists_with_and_without_the_parser_are_the_same(capsys, cache, gallery, monkeypatch):
    from aecore.cli import app

    quick = [as_json(capsys, name) for name in ("runs", "presets")]
    monkeypatch.setattr(app, "LISTS", ())
    assert [as_json(capsys, name) for name in ("runs", "presets")] == quick


def test_a_content_that_changed_is_another_one_whatever_its_size_and_time(cache, trained, store):
    (trained.path / "sums.json").unlink()  # as runs from before the sums
    (row,) = listing(store)
    file = trained.file("experiment.json")
    before, text = file.stat(), file.read_text()
    changed = text.replace(f'"epochs": {row.epochs}', f'"epochs": {row.epochs + 1}')
    assert len(changed) == len(text)
    assert changed != text
    file.write_text(changed)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [again.epochs for again in listing(store)] == [row.epochs + 1]


@pytest.mark.parametrize("name", ["experiment.json", "status.json", "evaluation.json"])
def test_a_byte_that_changed_is_noticed_in_the_second_list_too(cache, trained, store, name):
    (row,) = listing(store)
    assert not row.problem
    file = trained.file(name)
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b"digits", b"digitz", 1).replace(b'"mse": 0.0', b'"mse": 0.1', 1))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    for _ in range(2):
        (row,) = listing(store)
        assert "changed since it was written" in row.problem
        assert row.state == "damaged"


def test_what_is_wrong_is_said_each_time(cache, trained, store):
    (trained.path / "sums.json").unlink()
    experiment = json.loads(trained.file("experiment.json").read_text())
    trained.file("experiment.json").write_text(json.dumps(experiment | {"nonsense": 1}))
    status = json.loads(trained.file("status.json").read_text()) | {"epochs": "many", "sum": None}
    del status["sum"]
    trained.file("status.json").write_text(json.dumps(status))
    first, second = listing(store), listing(store)
    assert first == second == [summarise(trained)]
    assert "nonsense" in first[0].problem
    assert "status.json is damaged: epochs" in first[0].problem


def test_other_rules_find_nothing(cache, gallery, looked, monkeypatch):
    listing(gallery)
    looked.clear()
    monkeypatch.setattr(remembered, "_rules", lambda: "of another version")
    listing(gallery)
    assert "experiment" in looked


def _a_digit(text: bytes) -> bytes:
    at = text.rindex(b'"lr":') + 7
    return text[:at] + (b"7" if text[at : at + 1] != b"7" else b"8") + text[at + 1 :]


@pytest.mark.parametrize("change", [_a_digit, lambda text: text[:-20], lambda text: b"", lambda text: b"\xff[" * 9])
def test_a_damaged_cache_is_no_cache(cache, gallery, looked, change):
    before = listing(gallery)
    cache.write_bytes(change(cache.read_bytes()))
    looked.clear()
    assert listing(gallery) == before
    assert "experiment" in looked
    looked.clear()
    assert listing(gallery) == before
    assert not looked, "it was written anew"


@pytest.mark.skipif(os.name != "posix", reason="owners and modes of files are those of POSIX")
def test_a_cache_that_others_may_write_is_neither_read_nor_written(cache, gallery, looked):
    listing(gallery)
    cache.chmod(0o666)
    before = cache.read_bytes()
    looked.clear()
    listing(gallery)
    assert "experiment" in looked
    assert cache.read_bytes() == before


def test_without_a_place_to_write_everything_is_found_again(gallery, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "file" / "cache"))
    assert [row.problem for row in listing(gallery)] == [""]


def test_what_is_no_longer_needed_goes_at_last(cache, monkeypatch):
    monkeypatch.setattr(remembered, "MOST_OTHERS", 2)
    for first in (0, 3, 6):
        with remembering():
            assert [once("square", number, lambda n=number: n + 1) for number in range(first, first + 3)]
    found = []
    with remembering():
        for number in range(9):
            once("square", number, lambda n=number: found.append(n))
    assert found == [0, 1, 2, 3]


def test_outside_of_a_list_nothing_is_remembered(cache, gallery, looked):
    for _ in range(2):
        summarise(gallery.runs()[0])
    assert looked.count("Status") == 2
    assert not cache.exists()
