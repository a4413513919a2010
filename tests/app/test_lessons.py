"""Lessons on pages: the list of them, the bar of a running one, and that every step of those that ship opens."""

from __future__ import annotations

import os
import shutil

import pytest

from aecore.lessons import library
from aecore.runs.store import Store
from tests.helpers.pages import page, texts
from tests.helpers.paths import ROOT

EMPTY = Store(ROOT / "tests/data/no-store")
ANSWER = "lesson-answer"


@pytest.fixture
def shipped(store: Store) -> Store:
    """All runs that ship, as links: pages only read them."""
    store.root.mkdir(parents=True, exist_ok=True)
    os.symlink(ROOT / "checkpoints/gallery", store.root / "gallery", target_is_directory=True)
    return store


def buttons(app) -> set[str]:
    """The labels of buttons and of links to pages."""
    return {node.label for node in (*app.button, *app.get("page_link"))}  # type: ignore[attr-defined]


def test_the_reports_page_lists_the_lessons_and_names_a_wrong_file(gallery):
    folder = gallery.root / library.FOLDER
    folder.mkdir()
    (folder / "wrong.md").write_text("# Mine\n")
    app = page("reports", report="lessons")
    assert {f"Start lesson {number}" for number in range(1, 8)} <= buttons(app)
    assert "**2 · Noise, and the baseline that beats you**" in texts(app)
    assert "5 steps, about 12 minutes" in texts(app)
    assert ["line 1" in warning.value for warning in app.warning] == [True]
    assert "Question." not in texts(app)


def test_the_overview_leads_to_them(gallery, monkeypatch):
    assert "Take a lesson" in buttons(page())
    monkeypatch.setenv("AECORE_DEMO", "1")
    assert "Take a lesson" in buttons(page())


def test_nothing_is_there_while_no_lesson_runs(gallery):
    app = page("measure", run="mnist-mlp8")
    assert not [button for button in app.button if (button.key or "").startswith("lesson")]
    assert "lesson" not in app.query_params


def test_the_bar_asks_and_the_answer_has_the_runs_own_number(gallery):
    app = page("measure", run="mnist-mlp8", lesson="tsne", step="5")
    assert "step 5 of 5" in texts(app)
    assert "**Measure in the code**" in texts(app)
    assert "**Question.** Does the code tell the digits apart" in texts(app)
    assert "**Answer.**" not in texts(app)
    assert {"Back", "Finish", "Leave"} <= buttons(app)
    app.button(key=ANSWER).click().run()
    assert "**91.9\u00a0%** of the cases by their codes" in texts(app)
    assert "Read from the files of mnist-mlp8." in texts(app)
    app.button(key=ANSWER).click().run()
    assert "**Answer.**" not in texts(app)


def test_it_is_left_and_the_page_stays(gallery):
    app = page("measure", run="mnist-mlp8", lesson="tsne", step="5")
    app.button(key="lesson-leave").click().run()
    assert "Question." not in texts(app)
    assert [title.value for title in app.title] == ["Measure"]
    assert not {"lesson", "step"} & set(app.query_params)
    assert "Question." not in texts(app.run())


def test_an_answer_that_is_false_or_cannot_be_checked_here_is_not_shown(gallery):
    """The lesson is about two runs, of which this store has one."""
    app = page("measure", run="mnist-mlp8", lesson="code-size", step="3")
    app.button(key=ANSWER).click().run()
    assert "**Answer.**" not in texts(app)
    assert "cannot be given for the runs here" in texts(app)
    assert "there is no run mnist-selu-2 here" in texts(app)


@pytest.mark.parametrize("step", ["0", "-1", "99", "x", "", "9" * 5000, "٣"])
def test_an_odd_step_is_the_nearest_or_the_first(gallery, step):
    app = page("measure", run="mnist-mlp8", lesson="tsne", step=step)
    assert f"step {5 if step == '99' else 1} of 5" in texts(app) or step == "٣"
    assert not app.error


@pytest.mark.parametrize("name", ["nois", "../../x", "", "x" * 300])
def test_an_unknown_lesson_is_one_line_above_a_page_that_works(gallery, name):
    app = page("measure", run="mnist-mlp8", lesson=name)
    assert [title.value for title in app.title] == ["Measure"]
    assert len(app.warning) == (1 if name else 0)
    assert "Question." not in texts(app)
    if name == "nois":
        assert "did you mean 'noise'?" in app.warning[0].value


def test_a_menu_without_a_lesson_in_its_address_keeps_it(gallery):
    app = page("measure", run="mnist-mlp8", lesson="tsne", step="5")
    app.query_params.clear()
    app.switch_page("pages/latent.py").run()
    assert [title.value for title in app.title] == ["Latent space"]
    assert "step 5 of 5" in texts(app)


@pytest.mark.parametrize("mode", ["", "1"])
def test_a_store_of_a_teacher_has_its_own(gallery, monkeypatch, mode):
    monkeypatch.setenv("AECORE_DEMO", mode)
    folder = gallery.root / library.FOLDER
    folder.mkdir()
    shutil.copy(library.SHIPPED / "tsne.md", folder / "mine.md")
    text = (folder / "mine.md").read_text().replace("number = 6\n", "").replace("What t-SNE", "Was t-SNE")
    (folder / "mine.md").write_text(text)
    assert "**Was t-SNE does not say**" in texts(page("reports", report="lessons"))
    assert "**Was t-SNE does not say** · step 1 of 5" in texts(page("latent", lesson="mine"))


STEPS = {
    (step.page, step.query): (lesson.name, str(number))
    for lesson in library.lessons(EMPTY)[0]
    for number, step in enumerate(lesson.steps, 1)
}
"""Each address once."""


@pytest.mark.parametrize("address", STEPS, ids=["-".join(place) for place in STEPS.values()])
def test_every_step_that_ships_opens(shipped, address):
    (name, query), (lesson, number) = address, STEPS[address]
    app = page(name, **dict(query), lesson=lesson, step=number)
    assert not app.error, [error.value for error in app.error]
    assert f"step {number} of" in texts(app)
    # As the page itself writes it: one that it writes anew would be a second entry in the browser's history.
    assert {key: "".join(text) for key, text in app.query_params.items()} == {
        **dict(query),
        "lesson": lesson,
        "step": number,
    }
