"""Titles, notes, the trash, and runs that come in whole or not at all."""

from __future__ import annotations

import json
import os
import time

import pytest

from aecore.errors import AecoreError, DamagedError, UserError
from aecore.presets import preset
from aecore.runs import notes as run_notes
from aecore.runs import trash
from aecore.runs.run import Run
from aecore.runs.staging import commit, staging
from aecore.runs.summary import summarise
from tests.helpers.runs import made_run

QUICK = preset("digits-quick").experiment


@pytest.fixture
def shipped(store):
    run = Run(store.root / "gallery" / "shipped")
    run.path.mkdir(parents=True)
    return run


def test_title_and_note_are_kept_beside_the_experiment(trained):
    before = trained.file("experiment.json").read_bytes()
    run_notes.rename(trained, "  My best one: 8 → 2  ")
    run_notes.annotate(trained, "first line\r\nsecond, with ß and 🙂")
    row = summarise(trained)
    assert (row.title, row.note) == ("My best one: 8 → 2", "first line\nsecond, with ß and 🙂")
    assert trained.file("experiment.json").read_bytes() == before
    kept = json.loads(trained.file("notes.json").read_text())
    assert {name: kept[name] for name in kept if name != "sum"} == {"title": row.title, "note": row.note}
    run_notes.rename(trained, "")
    row = summarise(trained)
    assert row.title == trained.status()["title"]
    assert row.note, "renaming leaves the note alone"


@pytest.mark.parametrize(
    ("what", "text", "words"),
    [
        ("title", "two\nlines", "without line breaks"),
        ("title", "a tab\there", "U+0009"),
        ("title", "bell\a", "U+0007"),
        ("title", "turned \u202egnp.exe", "U+202E"),
        ("title", "half \ud800", "U+D800"),
        ("title", "x" * 121, "at most 120 characters, this one has 121"),
        ("note", "x" * 2001, "at most 2,000"),
        ("note", "escape \x1b[31m", "U+001B"),
    ],
)
def test_what_is_no_plain_text_is_refused_in_one_line(trained, what, text, words):
    with pytest.raises(UserError) as caught:
        (run_notes.rename if what == "title" else run_notes.annotate)(trained, text)
    assert words in str(caught.value)
    assert not trained.file("notes.json").exists()


def test_damaged_notes_harm_nothing_and_are_written_anew(trained):
    for content in ("{", '{"title": 3}', "[]"):
        trained.file("notes.json").write_text(content)
        with pytest.raises(DamagedError, match=r"notes\.json"):
            trained.notes()
        row = summarise(trained)
        assert row.state == "finished"
        assert "notes.json" in row.problem
    run_notes.rename(trained, "mended")
    assert summarise(trained).title == "mended"


def test_deleting_and_bringing_back_changes_no_byte(store, trained):
    before = {path.name: path.read_bytes() for path in trained.path.iterdir() if path.is_file()}
    run_notes.rename(trained, "dear")
    before["notes.json"] = trained.file("notes.json").read_bytes()
    gone = trash.delete(trained)
    assert store.runs() == []
    assert [(entry.id, entry.title) for entry in trash.deleted_runs(store)] == [(trained.id, "dear")]
    assert trash.find_deleted(trained.id[:9]) == gone
    back = trash.restore(gone)
    assert back.path == trained.path
    assert {path.name: path.read_bytes() for path in back.path.iterdir() if path.is_file()} == before
    assert trash.deleted_runs(store) == []
    with pytest.raises(UserError, match="no longer there"):
        trash.restore(gone)


def test_an_id_that_was_taken_meanwhile_gets_a_number(store, trained):
    gone = trash.delete(trained)
    Run(store.root / "runs" / trained.id).path.mkdir()
    assert trash.restore(gone).id == f"{trained.id}-2"


def test_the_trash_keeps_a_week(store, trained):
    folder = store.root / "trash"
    for days, name in ((8, "old"), (6, "young")):
        (folder / f"{int((time.time() - days * 86_400) * 1e6):016d}.{name}").mkdir(parents=True)
    (folder / "something else").mkdir()
    gone = trash.delete(trained)
    assert [entry.id for entry in trash.deleted_runs(store)] == [trained.id, "young", "old"], "seen to be old once"
    (seen,) = folder.glob(f"*/{trash.DUE}")
    then = time.time() - 90_000
    os.utime(seen, (then, then))
    trash.delete(trash.restore(gone))
    assert [entry.id for entry in trash.deleted_runs(store)] == [trained.id, "young"]
    for entry in trash.deleted_runs(store):
        trash.purge(entry)
        trash.purge(entry)  # twice is no mistake
    assert [path.name for path in folder.iterdir()] == ["something else"]
    with pytest.raises(UserError, match="there is no deleted run 'young': there are none"):
        trash.find_deleted("young")


def test_a_clock_that_is_ahead_for_a_moment_empties_no_trash(store, trained, monkeypatch):
    kept = trash.delete(trained)
    now, day = time.time(), 86_400
    for clock in (now + 30 * day, now + 60, now + 2 * day, now + 7.5 * day):
        monkeypatch.setattr(trash.time, "time", lambda clock=clock: clock)
        again = made_run(store, "other-20260101-000000", [1])
        trash.purge(trash.delete(again))
        assert kept.path.exists(), clock - now


def test_what_stays_where_it_is(store, trained, shipped):
    with pytest.raises(UserError, match="ships with"):
        trash.delete(shipped)
    with pytest.raises(UserError, match="ships with"):
        run_notes.rename(shipped, "mine")
    with pytest.raises(UserError, match="not in this store"):
        trash.delete(Run(store.root.parent))
    trained.write_status(state="running", process=None)
    with pytest.raises(UserError, match="is running; stop it first"):
        trash.delete(trained)
    assert {run.id for run in store.runs()} == {trained.id, "shipped"}


def test_a_folder_that_cannot_be_written_is_one_line(trained, monkeypatch):
    def refuse(*_):
        raise OSError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.rename", refuse)
    with pytest.raises(AecoreError, match="not allowed to write"):
        trash.delete(trained)
    monkeypatch.setattr("aecore.runs.json_files.atomic_write", refuse)
    with pytest.raises(AecoreError, match="not allowed to write"):
        run_notes.rename(trained, "x")


def test_an_arrival_is_whole_or_not_at_all(store):
    shelf = store.root / "runs"

    def interrupted():
        with staging(store) as run:
            run.file("half").write_text("half")
            assert store.runs() == [], "nobody sees it yet"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(shelf.iterdir()) == []
    with staging(store) as run:
        run.file("whole").write_text("whole")
        assert commit(run.path, "whole", store).id == "whole"
    assert [path.name for path in shelf.iterdir()] == ["whole"]
    stale = shelf / ".arriving-stale"
    stale.mkdir()
    os.utime(stale, (1, 1))
    (shelf / ".arriving-fresh").mkdir()
    with staging(store):
        assert not stale.exists()
    assert (shelf / ".arriving-fresh").exists(), "another process is at it"
