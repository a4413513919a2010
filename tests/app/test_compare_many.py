"""Compare with more runs than have a column each."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from aecore.runs.run import Run
from aecore.runs.store import Store
from dashboard.compare import tables
from tests.helpers.pages import components, page
from tests.helpers.paths import GALLERY_RUN

FIFTY = 50


@pytest.fixture
def fifty(store: Store) -> list[Run]:
    """Fifty runs whose error grows with their number, the last one first in the address."""
    runs = []
    for number in range(FIFTY):
        run = Run(store.root / "runs" / f"mine-20260101-0000{number:02}")
        shutil.copytree(GALLERY_RUN, run.path)
        run.write_status(title=f"Number {number}")
        measured = json.loads(run.file("evaluation.json").read_text())
        for entry in measured["evaluations"]:
            entry["metrics"]["mse"] = 0.01 + number / 1000
        run.write_json("evaluation.json", measured)
        runs.append(run)
    return runs[::-1]


def opened(runs: list[Run], **more: str):
    return page("compare", runs=",".join(run.id for run in runs), **more)


def rows_of(html: str) -> list[str]:
    return [re.sub(r"<[^>]+>", " ", row).split("–")[0] for row in re.findall(r"<tr>(.*?)</tr>", html)[1:]]


def test_fifty_runs_have_a_row_each_in_the_order_asked_for(fifty):
    app = opened(fifty, order="Test MSE")
    assert not app.exception
    table = next(element.proto.body for element in app.get("html") if "ae-means ae-turned" in element.proto.body)
    rows = rows_of(table)
    assert len(rows) == FIFTY
    # The letter is that of the run's place in the address, not in the table.
    assert rows[0].split()[:3] == ["AX", "Number", "0"]
    assert rows[-1].split()[:3] == ["A", "Number", "49"]
    assert "0.01000" in rows[0]
    assert table.index("best") < table.index("Number 1<")
    chart = json.loads(components(app, "plotly_chart")[0].json)["figure"]
    assert len(chart["data"]) == FIFTY
    looks = {(trace["line"]["color"], trace["line"]["dash"]) for trace in chart["data"]}
    assert len(looks) == FIFTY, "no two curves look the same"


def test_images_come_in_sheets_and_a_letter_stays_with_its_run(fifty):
    app = opened(fifty[:12], view="images", sheet="2")
    sent = json.loads(components(app, "compare")[0].json)
    assert [(run["title"], run["number"]) for run in sent["runs"]] == [("Number 39", 10), ("Number 38", 11)]


def test_a_run_that_is_left_out_does_not_move_the_letters(fifty):
    fifty[0].file("weights.safetensors").unlink()
    app = opened(fifty[:3], view="images")
    sent = json.loads(components(app, "compare")[0].json)
    assert [(run["title"], run["number"]) for run in sent["runs"]] == [("Number 48", 1), ("Number 47", 2)]


def test_six_runs_have_a_column_each(fifty):
    app = opened(fifty[:6])
    html = "".join(element.proto.body for element in app.get("html"))
    assert "ae-means ae-turned" not in html
    assert all(f'<span class="ae-chip">{letter}</span>' in html for letter in "ABCDEF")


def test_letters_go_on_after_z():
    assert [tables.letter(i) for i in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


def test_runs_without_a_value_come_last_in_any_order():
    def order(values, higher):
        return tables.ordered(tables.Line("x", values, str, higher))

    assert order([3, None, 1, float("nan"), 2], False) == [2, 4, 0, 1, 3]
    assert order([3, None, 1, float("inf")], True) == [3, 0, 2, 1]
