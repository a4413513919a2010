"""What is done with several runs at once, and that one Undo takes the whole of it back."""

from __future__ import annotations

import shutil

import pytest

from aecore.runs import notes as run_notes
from aecore.runs import trash
from aecore.runs.run import Run
from aecore.runs.store import Store
from tests.helpers.pages import listing, page, texts


@pytest.fixture
def three(gallery, trained) -> list[Run]:
    """Three runs of one's own, the first two stopped."""
    runs = [trained]
    for number in (2, 3):
        runs.append(Run(trained.path.with_name(f"{trained.id}-{number}")))
        shutil.copytree(trained.path, runs[-1].path)
    for run in runs[:2]:
        run.write_status(state="stopped")
    return runs


def ticked(*runs: Run, **query: str):
    app = page(**query)
    app.session_state["ticks"] = [run.id for run in runs]
    app.run()
    assert not app.exception
    return app


def press(app, key: str):
    app.button(key=key).click().run()
    assert not app.exception, app.exception
    return app


def save(app, kind: str, text: str):
    """Fill in the form for a group or a note, and save it."""
    field = next(field for field in (*app.text_input, *app.text_area) if str(field.key).startswith(f"many-{kind}"))
    field.set_value(text)
    next(button for button in app.button if button.label == "Save" and kind in str(button.proto.form_id)).click().run()
    assert not app.exception, app.exception
    return app


def labels(app) -> set[str]:
    return {button.label for button in app.button}


def test_all_ticked_runs_are_deleted_and_one_undo_brings_them_back(three):
    store = Store.default()
    app = press(ticked(*three[:2], run=three[0].id), "many-delete")
    assert "2 runs were deleted." in texts(app)
    assert "run" not in app.query_params, "the open one was among them"
    assert [run.id for run in store.runs() if not run.shipped] == [three[2].id]
    press(app, "undo")
    assert {run.id for run in three} <= {run.id for run in store.runs()}
    assert trash.deleted_runs(store) == []
    assert app.query_params["run"] in (three[0].id, [three[0].id])
    assert set(app.session_state["ticks"]) == {run.id for run in three[:2]}
    assert "undo" not in {button.key for button in app.button}


def test_what_was_restored_elsewhere_is_not_offered_again(three):
    app = press(ticked(*three[:2]), "many-delete")
    for gone in trash.deleted_runs(Store.default()):
        trash.restore(gone)
    app.run()
    assert "were deleted" not in texts(app)


def test_a_note_is_added_and_taken_back(three):
    run_notes.annotate(three[0], "before")
    app = save(ticked(*three), "note", "seen by all")
    assert [run.notes()["note"] for run in three] == ["before\nseen by all", "seen by all", "seen by all"]
    assert "A note was added to 3 runs." in texts(app)
    press(app, "undo")
    assert [run.notes()["note"] for run in three] == ["before", "", ""]


def test_a_group_is_a_column_and_a_word_of_the_filter(three):
    run_notes.put_in_group(three[0], "old")
    app = save(ticked(*three[:2]), "group", "thesis *1*")
    assert [run.notes()["group"] for run in three] == ["thesis *1*", "thesis *1*", ""]
    assert sorted(listing(app)["Group"]) == ["", "", "thesis *1*", "thesis *1*"]
    app.text_input(key="overview-filter").set_value("thesis").run()
    assert set(listing(app)["Run"]) == {run.id for run in three[:2]}
    press(app, "undo")
    assert [run.notes()["group"] for run in three] == ["old", "", ""]


def test_hidden_runs_are_not_acted_on(three):
    app = ticked(*three)
    app.text_input(key="overview-filter").set_value("stopped").run()
    assert "**2 selected**" in texts(app)
    press(app, "many-delete")
    assert [run.id for run in Store.default().runs() if not run.shipped] == [three[2].id]


def test_shipped_runs_and_active_ones_are_left_alone(three):
    three[0].write_status(state="running", process=None)
    app = ticked(*three, Run(Store.default().root / "gallery" / "mnist-mlp8"))
    assert "Delete 2" in labels(app)
    press(app, "many-delete")
    assert {run.id for run in Store.default().runs()} >= {"mnist-mlp8", three[0].id}


def test_only_what_is_possible_is_offered(three, monkeypatch):
    shipped = Run(Store.default().root / "gallery" / "mnist-mlp8")
    assert labels(ticked(shipped)) >= {"Open"}
    assert not {"Delete", "Compare"} & labels(ticked(shipped))
    assert "Compare" in labels(ticked(shipped, three[0]))
    monkeypatch.setenv("AECORE_DEMO", "1")
    assert not {"Delete", "Save"} & labels(ticked(*three))


def test_active_runs_are_asked_to_stop_and_resumed(three, monkeypatch):
    from aecore import jobs
    from dashboard.widgets import many_runs

    asked, begun = [], []

    def stop(run: Run, wait_s: float) -> str:
        asked.append(run.id)
        run.write_status(state="stopped", process=None)
        return "stopped"

    monkeypatch.setattr(jobs, "stop", stop)
    monkeypatch.setattr(jobs, "start", lambda run: begun.append(run.id))
    monkeypatch.setattr(many_runs, "run_state", lambda run: run.status()["state"])
    monkeypatch.setattr("aecore.runs.summary.true_state", lambda status, lock: status["state"])
    monkeypatch.setattr("aecore.jobs.lifecycle.run_state", lambda run: run.status()["state"])
    for run in three[:2]:
        run.write_status(state="running")
    app = press(ticked(*three), "many-stop")
    assert sorted(asked) == sorted(run.id for run in three[:2])
    press(app, "undo")
    assert sorted(begun) == sorted(asked)
    assert [run.status()["state"] for run in three] == ["queued", "queued", "finished"]


def test_columns_are_chosen_for_the_session(three):
    app = page()
    assert "Seed" not in listing(app)
    app.button_group(key="columns").set_value(["Seed", "Device"]).run()
    assert list(listing(app)) == ["Name", "Device", "Seed", "Run"]
    app.switch_page("pages/reports.py").run()
    app.switch_page("pages/overview.py").run()
    assert list(listing(app)) == ["Name", "Device", "Seed", "Run"]


def test_own_and_shipped_are_told_apart(three):
    app = page()
    assert listing(app)["Run"].tolist()[-1] == "mnist-mlp8"
    assert listing(app)["Name"].is_unique
    app.button_group(key="overview-shelf").set_value("Shipped").run()
    assert listing(app)["Run"].tolist() == ["mnist-mlp8"]


def test_the_heading_says_on_what_was_measured(three):
    (run, *_) = three
    noisy = [entry for entry in run.evaluation() if entry["corruption"] != "none"]
    for other in three:
        other.write_json("evaluation.json", {"evaluations": noisy})
    app = page()
    app.button_group(key="columns").set_value(["PSNR, clean", "PSNR, own noise"]).run()
    shown = listing(app).set_index("Run")
    assert shown.loc[run.id, "PSNR, own noise"] == noisy[0]["metrics"]["psnr_db"]
    assert shown["PSNR, clean"].isna()[run.id]


def test_a_link_sets_filter_state_and_columns_as_far_as_they_mean_something(three):
    app = page(shelf="own", states="finished,asleep", columns="seed,no-such", order="no-such")
    assert list(listing(app)) == ["Name", "Seed", "Run"]
    assert app.button_group(key="overview-states").value == ["finished"]
    assert "mnist-mlp8" not in listing(app)["Run"].tolist()
    assert app.query_params["columns"] in ("seed", ["seed"])
