"""Lessons: their files, the numbers that they name, and that those that ship are true of the runs that ship."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from aecore.cli.app import run
from aecore.errors import UserError
from aecore.lessons import library, numbers
from aecore.lessons.definition import CARRIED, PAGES, Lesson, parse_address, parse_lesson
from aecore.runs.run import Run
from aecore.runs.store import Store
from dashboard.compare.url import FIELDS as COMPARE
from dashboard.generate.url import FIELDS as GENERATE
from dashboard.interpolate.url import FIELDS as INTERPOLATE
from dashboard.latent.controls import FIELDS as LATENT
from dashboard.measure.url import FIELDS as MEASURE
from dashboard.overview.url import FIELDS as OVERVIEW
from dashboard.replay.player import FIELDS as REPLAY
from dashboard.reports.url import FIELDS as REPORTS
from dashboard.restore.url import FIELDS as RESTORE
from dashboard.widgets.run_monitor import FIELDS as WATCH
from tests.helpers.paths import ROOT

EMPTY = Store(ROOT / "tests/data/no-store")
"""A store without lessons of its own."""
NAMES = ("bottleneck", "noise", "code-size", "dead-units", "vae-collapse", "tsne", "overfitting")
FIELDS = {
    "overview": OVERVIEW, "restore": RESTORE, "replay": REPLAY, "interpolate": INTERPOLATE, "latent": LATENT,
    "generate": GENERATE, "measure": MEASURE, "compare": COMPARE, "reports": REPORTS, "train": {"run": None, **WATCH},
}  # fmt: skip

HEAD = '+++\ntitle = "Mine"\nsummary = "What it is about."\nminutes = 5\n+++\n'
STEP = """
## First
open: /restore?run=mine&noise=gaussian:0.3%2Bsquare:8

Some **text**.

question: How large?

answer: It has **{mine status parameters}** parameters.
holds: mine status parameters > 3
"""


@pytest.fixture(scope="module")
def ships(tmp_path_factory) -> Store:
    """The store as it ships, without what whoever runs the tests has put beside it; it is only read."""
    root = tmp_path_factory.mktemp("ships")
    (root / "gallery").symlink_to(ROOT / "checkpoints/gallery", target_is_directory=True)
    return Store(root)


@pytest.fixture
def mine(store: Store) -> Run:
    """A run of which just enough is written to read numbers from."""
    made = Run(store.root / "runs" / "mine")
    made.path.mkdir(parents=True)
    made.write_json("experiment.json", {})
    made.write_json("status.json", {"format": 1, "state": "finished", "parameters": 12, "title": "twelve"})
    lines = [{"epoch": 1, "test_loss": 4.0}, {"epoch": 2, "test_loss": 1.0}, {"epoch": 3, "test_loss": 2.0}]
    made.file("metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    scores = {"mse": 0.25, "psnr_db": 6.5, "ssim": 0.5, "snr_db": 2.0}
    entry = {"n": 9, "split": "test", "black_mse": 0.5, "corruption": "gaussian:0.3+square:8", "metrics": scores}
    made.write_json("evaluation.json", {"evaluations": [entry | {"noisy_input": scores | {"psnr_db": None}}]})
    return made


def number(text: str, store: Store) -> float:
    return numbers.value(numbers.parse_expression(text), store)


def lesson(name: str) -> Lesson:
    return library.lesson(name, EMPTY)


def put(store: Store, name: str, content: str) -> Path:
    path = store.root / library.FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_of_a_shipped_lesson_holds_for_the_shipped_runs(name, ships):
    for step in lesson(name).steps:
        assert 3 <= len(lesson(name).steps) <= 6
        assert step.holds, f"{step.title}: nothing checks its answer"
        found = library.answer(step, ships)
        assert found.text, (step.title, found.problems)
        for part in (step.text, step.question, step.answer):
            assert library.filled(part, ships)[1] == [], step.title


@pytest.mark.parametrize("name", NAMES)
def test_every_address_of_a_shipped_lesson_has_values_that_its_page_takes(name, ships):
    for step in lesson(name).steps:
        for field, text in step.query:
            known = FIELDS[step.page]
            assert field in known, (step.title, field)
            if known[field] is not None:
                known[field].parse(text)
            if field in ("run", "runs"):
                assert all(ships.listed(one) for one in text.split(",")), (step.title, text)


def test_the_answers_have_the_numbers_of_the_files(ships):
    """Beside the files themselves, read as JSON."""
    text = library.answer(lesson("noise").steps[0], ships).text
    path = ROOT / "checkpoints/gallery/cifar-conv-denoise/evaluation.json"
    entries = json.loads(path.read_text())["evaluations"]
    entry = next(one for one in entries if one["corruption"] == "gaussian:0.1:clamp")
    shown = [float(found) for found in re.findall(r"([\d.]+)\u00a0dB", text)]
    assert shown == [round(entry[part]["psnr_db"], 2) for part in ("noisy_input", "metrics")]


def test_the_lessons_are_those_in_this_order_and_none_is_wrong():
    found, problems = library.lessons(EMPTY)
    assert [one.name for one in found] == list(NAMES)
    assert problems == []


def test_no_digit_is_typed_into_an_answer():
    """Every number there is read; those of lessons, dimensions and layers are words."""
    for name in NAMES:
        for step in lesson(name).steps:
            typed = "".join(piece for piece in step.answer if isinstance(piece, str))
            assert not re.search(r"\d", typed.replace("Lesson 4", "")), (name, step.title)


def test_paths_expressions_and_claims_read_what_is_there(mine, store):
    assert number("mine status parameters", store) == 12
    assert number("mine metrics first test_loss / mine metrics last test_loss", store) == 2
    assert number("mine metrics best epoch", store) == 2
    assert number("mine metrics 3 test_loss - 0.5", store) == 1.5
    # A corruption's words may stand in any order, as everywhere.
    assert number("mine evaluation square:8+gaussian:0.3 metrics mse", store) == 0.25
    assert number("mine evaluation gaussian:0.3+square:8 black_mse", store) == 0.5
    assert numbers.holds(numbers.parse_claim("mine metrics best test_loss < mine metrics last test_loss"), store)
    assert numbers.holds(numbers.parse_claim("mine status parameters = 12"), store)
    assert not numbers.holds(numbers.parse_claim("mine status parameters + 1 <= 12"), store)
    shown = [
        numbers.written(numbers.parse_hole(f"mine metrics 2 test_loss{unit}"), store) for unit in ("", " | %", "|dB")
    ]
    assert shown == ["1", "100.0\u00a0%", "1\u00a0dB"]


def test_lists_are_read_by_place_and_extremes(ships):
    variance = number("colored-vae measures active_units variance largest", ships)
    table = json.loads((ROOT / "checkpoints/gallery/colored-vae/measures.json").read_text())["measures"]
    assert variance == max(table["active_units"]["variance"])
    assert number("colored-vae measures active_units variance 3", ships) == table["active_units"]["variance"][3]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nobody status parameters", "there is no run nobody here"),
        ("mine status title", "is not a number"),
        ("mine status colour", "has no number 'mine status colour'"),
        ("mine metrics 7 test_loss", "has no epoch 7"),
        ("mine metrics last dead_units", "has no number"),
        ("mine evaluation none metrics mse", "was not evaluated under none"),
        ("mine evaluation gaussian:0.3+square:8 noisy_input psnr_db", "infinite or does not apply"),
        ("mine measures linear_probe value", "aecore measure mine"),
        ("mine projection tsne 2 trustworthiness", "no projection tsne in 2D"),
        ("mine status parameters / 0", "which is 0"),
    ],
)
def test_a_number_that_is_missing_is_said(mine, store, text, says):
    with pytest.raises(numbers.MissingError, match=re.escape(says)):
        number(text, store)
    shown, missing = library.filled((numbers.parse_hole(text), "!"), store)
    assert shown == "–!"
    assert len(missing) == 1


def test_a_false_claim_takes_the_answers_place(mine, store):
    content = HEAD + STEP.replace("parameters > 3", "parameters > 30")
    step = parse_lesson("mine", content).steps[0]
    found = library.answer(step, store)
    assert found.text == ""
    assert found.problems == ("does not hold here: mine status parameters > 30 (12 > 30)",)
    shutil.rmtree(mine.path)
    assert library.answer(step, store).problems == ("cannot be checked here: there is no run mine here",)


def test_a_step_is_what_its_file_says(mine, store):
    (step,) = parse_lesson("mine", HEAD + STEP).steps
    assert (step.title, step.page) == ("First", "restore")
    assert dict(step.query) == {"run": "mine", "noise": "gaussian:0.3+square:8"}
    assert step.text == ("Some **text**.",)
    assert library.answer(step, store).text == "It has **12** parameters."


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("+++\ntitle", "title", "line 1: it begins with a head in TOML"),
        ('title = "Mine"', "title = Mine", "line 1: its head is not TOML"),
        ("minutes = 5", "minutes = 0", "minutes"),
        ("minutes = 5", "minutes = 5\ncolour = 1", "colour"),
        ("## First", "# First", "a step begins with its title"),
        ("open: /restore", "open: https://host/restore", "is not an address of the app"),
        ("open: /restore", "open: /restor", "did you mean 'restore'?"),
        ("square:8", "square:8#camera=2d", "after the #"),
        ("run=mine&", "run=mine&step=2&", "'step' in"),
        ("run=mine&", "run=mine&run=mine&", "'run' stands twice"),
        ("open:", "opens:", "the step has no 'open:'"),
        ("question: How large?", "question:", "nothing follows 'question:'"),
        ("question: How large?", "question: a\n\nquestion: b", "a second 'question:'"),
        ("Some **text**.", "", "the step has no text"),
        ("Some **text**.", "x" * 1201, "1,201 characters"),
        ("{mine status parameters}", "12", "names no number of a run"),
        ("{mine status parameters}", "{mine status parameters", "a brace without its counterpart"),
        ("{mine status parameters}", "{mine state parameters}", "did you mean 'status'?"),
        ("{mine status parameters}", "{mine status}", "ends too soon"),
        ("{mine status parameters}", "{mine evaluation fog:3 mse}", "fog"),
        ("{mine status parameters}", "{mine status a * 2 * 3}", "at most one"),
        ("{mine status parameters}", "{mine metrics later mse}", "is no epoch"),
        ("{mine status parameters}", "{mine projection tsne 4 x}", "is no number of dimensions"),
        ("parameters > 3", "parameters above 3", "is not a comparison"),
        ("parameters > 3", "parameters >", "is not a number"),
    ],
)
def test_a_wrong_file_is_one_clear_line(store, before, after, says):
    content = HEAD + STEP
    assert before in content
    put(store, "broken.md", content.replace(before, after, 1))
    with pytest.raises(UserError, match=re.escape(says)) as error:
        library.lesson("broken", store)
    assert "lesson broken.md, line " in str(error.value)
    found, problems = library.lessons(store)
    assert len(found) == len(NAMES)
    assert problems == [str(error.value)]


def test_a_store_has_lessons_of_its_own_and_may_replace_a_shipped_one(mine, store):
    put(store, "extra.md", HEAD + STEP)
    put(store, "noise.md", HEAD.replace("Mine", "Rauschen") + STEP)
    put(store, ".hidden.md", "")
    (store.root / library.FOLDER / "folder.md").mkdir()
    found, problems = library.lessons(store)
    titles = {one.name: one.title for one in found}
    assert titles.keys() == {*NAMES, "extra"}
    assert titles["noise"] == "Rauschen"
    assert len(problems) == 1
    assert "folder" in problems[0]
    path = put(store, "extra.md", HEAD.replace("Mine", "Changed") + STEP)
    path.touch()
    assert library.lesson("extra", store).title == "Changed"
    with pytest.raises(UserError, match="did you mean 'extra'"):
        library.lesson("extr", store)
    with pytest.raises(UserError, match="there is no lesson"):
        library.lesson("../../secrets", store)


def test_the_command_prints_a_lesson_as_it_reads_here_and_fails_for_one_that_does_not_hold(mine, store, capsys):
    put(store, "extra.md", HEAD + STEP)
    assert run(["lessons"]) == 0
    assert re.search(r"extra +1 +Mine", capsys.readouterr().out)
    assert run(["lessons", "extra"]) == 0
    assert "1. First\nSome **text**.\nHow large?\nIt has **12** parameters.\n" in capsys.readouterr().out
    put(store, "extra.md", HEAD + STEP.replace("> 3", "> 300"))
    assert run(["lessons", "extra"]) == 1
    said = capsys.readouterr()
    assert "It has" not in said.out
    assert "step 1: does not hold here: mine status parameters > 300 (12 > 300)" in said.err
    put(store, "extra.md", HEAD)
    assert run(["lessons"]) == 1
    assert "lesson extra.md, line 5: it has 0 steps" in capsys.readouterr().err
    assert run(["lessons", "extra"]) == 2


def test_the_example_in_the_documentation_is_a_lesson_that_holds(ships):
    text = (ROOT / "docs/lessons.md").read_text()
    example = re.search(r"^    \+\+\+\n(?:    .*\n|\n)+", text, re.MULTILINE)
    assert example
    (step,) = parse_lesson("noise", re.sub(r"^    ", "", example[0], flags=re.MULTILINE)).steps
    assert library.answer(step, ships).text.startswith("No: 25.28")


def test_no_page_has_a_parameter_that_a_lesson_sets():
    assert {*PAGES} == {path.stem for path in (ROOT / "pages").glob("*.py")}
    assert not [name for fields in FIELDS.values() for name in fields if name in CARRIED]


def complaint(parse: Callable[[str], object], text: str) -> str | None:
    """What is wrong with a text, None where nothing is."""
    try:
        parse(text)
    except UserError as error:
        return str(error)
    return None


@settings(max_examples=50)
@given(some.text(max_size=200))
def test_any_text_is_a_number_or_one_line(text):
    for parse in (numbers.parse_expression, numbers.parse_claim, numbers.parse_hole, parse_address):
        assert "\n" not in (complaint(parse, text) or "")


PIECES = (
    *("##", "## x", "open:", "open: /", "holds:", "holds: 1 < 2", "question:", "question: a", "answer: {a status b}"),
    *("text", "{", "}", "+++", "", "{1}"),
)


@given(some.lists(some.sampled_from(PIECES), max_size=14))
def test_any_lines_are_a_lesson_or_one_line(lines):
    wrong = complaint(lambda text: parse_lesson("any", text), HEAD + "\n".join(lines))
    assert wrong is None or re.match(r"lesson any\.md, line \d+: .", wrong)
