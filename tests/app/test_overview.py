"""The Overview without a browser: what can be done with whole runs."""

import pytest
import streamlit as st

from aecore.interop import import_checkpoint
from aecore.runs import notes as run_notes
from aecore.runs import trash
from aecore.runs.summary import summarise
from dashboard.widgets import run_selection
from tests.helpers.pages import listing, page, texts


def labels(app) -> set[str]:
    return {button.label for button in app.button}


def keyed(widgets, start: str):
    return next(widget for widget in widgets if widget.key and widget.key.startswith(start))


def press(app, label: str):
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception, app.exception
    return app


def test_title_and_note_are_edited_in_place(store, trained):
    app = page(run=trained.id)
    keyed(app.text_input, "title-").set_value("Mine, *plainly*")
    keyed(app.text_area, "note-").set_value("It saw <b>sevens</b>.")
    press(app, "Save")
    row = summarise(trained)
    assert (row.title, row.note) == ("Mine, *plainly*", "It saw <b>sevens</b>.")
    assert listing(app)["Name"].tolist() == ["Mine, *plainly*"]
    assert "Mine, \\*plainly\\*" in [heading.value for heading in app.subheader], "Markdown has no effect"
    assert [text.value for text in app.text] == ["It saw <b>sevens</b>."]


def test_what_cannot_be_a_title_is_told(store, trained):
    app = page(run=trained.id)
    keyed(app.text_input, "title-").set_value("bell\a")
    press(app, "Save")
    assert "without control characters" in texts(app)
    assert not trained.file("notes.json").exists()


def test_deleting_can_be_undone_until_something_else_is_done(gallery, trained):
    run_notes.rename(trained, "Dear")
    app = press(page(run=trained.id), "Delete")
    assert "“Dear” was deleted." in texts(app)
    assert trained.id not in listing(app)["Run"].tolist()
    assert "run" not in app.query_params
    app.run()
    assert "Undo" in labels(app), "it stays"
    press(app, "Undo")
    assert app.query_params["run"] in (trained.id, [trained.id])
    assert "Undo" not in labels(app)
    assert trained.id in listing(app)["Run"].tolist()


def test_the_trash_brings_back_and_empties(gallery, trained):
    app = press(page(run=trained.id), "Delete")
    app = press(page(), "Restore")
    assert trained.id in listing(app)["Run"].tolist()
    press(app, "Delete")
    press(app, "Delete forever")
    assert trash.deleted_runs(gallery) == []
    assert not {"Undo", "Restore", "Delete forever"} & labels(app)


def test_a_shipped_run_offers_nothing_that_changes_it(gallery):
    app = page(run="mnist-mlp8")
    assert not {"Delete", "Save"} & labels(app)


@pytest.mark.parametrize("mode", ["1", "train"])
def test_a_demo_hides_what_it_forbids_and_says_so_once(gallery, trained, monkeypatch, mode):
    trash.restore(trash.delete(trained))
    monkeypatch.setenv("AECORE_DEMO", mode)
    app = page(run=trained.id)
    assert not {"Delete", "Save", "Add", "Restore"} & labels(app)
    assert ("New run" in labels(app)) == (mode == "train")
    assert texts(app).count("Public demo") == 1
    trained.write_status(state="stopped")
    assert "Resume" not in labels(page("train", run=trained.id))


def test_boxes_are_kept_apart_from_the_open_run(monkeypatch):
    state: dict = {"undo-done": "something"}
    query: dict[str, str] = {"run": "b"}
    monkeypatch.setattr(st, "session_state", state)
    monkeypatch.setattr(st, "query_params", query)
    key = run_selection.table_key(["a", "b", "c"], {"elsewhere"})
    state["ticks"] = ["elsewhere", "gone"]
    for rows in ([1], [0, 2], []):
        state[key] = {"selection": {"rows": rows}}
        run_selection.changed()
        assert state["ticks"] == ["elsewhere", *(["a", "b", "c"][row] for row in rows)]
        assert query == {"run": "b"}
    assert "undo-done" in state, "ticking takes no Undo away"
    state["ticks"] = ["c"]
    assert run_selection.table_key(["c", "a"]) != key, "other rows are another table"
    assert run_selection.default(["c", "a"]) == {"selection": {"rows": [0]}}


def test_a_click_on_a_name_opens_its_run(monkeypatch):
    state: dict = {"ticks": ["a"]}
    query: dict[str, str] = {}
    monkeypatch.setattr(st, "session_state", state)
    monkeypatch.setattr(st, "query_params", query)
    key = run_selection.table_key(["a", "b", "c"])
    state[run_selection.name_key(key)] = {"row": 2, "label": "whatever"}
    run_selection.name_clicked()
    assert query == {"run": "c"}
    assert state["ticks"] == ["a"]


def test_the_open_run_is_closed(gallery, trained):
    app = page(run=trained.id)
    assert trained.id in texts(app)
    app.button(key="close").click().run()
    assert trained.id not in texts(app)
    assert "run" not in app.query_params


def test_several_ticked_runs_are_no_detail(gallery, trained):
    app = page()
    app.session_state["ticks"] = [trained.id, "mnist-mlp8"]
    app.run()
    assert not app.exception
    assert not app.subheader


@pytest.fixture
def imported(store, tmp_path):
    import torch
    from torch import nn

    path = tmp_path / "mine.pth"
    torch.save(nn.Sequential(nn.Linear(64, 5), nn.Linear(5, 64)).state_dict(), path)
    return import_checkpoint(path, anyway=True).run


def test_a_run_without_a_course_is_shown_on_every_page(imported):
    app = page(run=imported.id)
    assert listing(app)["Epochs"].tolist() == ["imported"]
    assert "imported from mine.pth" in texts(app)
    assert "Assumed, as they do not follow from the shapes" in texts(app)
    assert "Curves and epochs" not in labels(app)
    assert "no training curves" in texts(page("train", run=imported.id))
    assert "trained elsewhere" in texts(page("replay", run=imported.id))
    assert not page("restore", run=imported.id).error
    assert not page("reports").error


def test_of_an_imported_run_without_images_the_pages_say_so(imported):
    for name in ("snapshots.safetensors", "evaluation.json", "codes.safetensors"):
        imported.file(name).unlink()
    assert "has no snapshots" in texts(page(run=imported.id))
    assert "no training curves" in texts(page("train", run=imported.id))
    assert "has no snapshots" in texts(page("replay", run=imported.id))
