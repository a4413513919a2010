"""The benchmark of the app: that its figures mean what its tables say, and a tiny run of it. No speed is asserted: the
bounds below are times that the measured pages wait by themselves."""

from __future__ import annotations

import io
import json
import math
from dataclasses import asdict, replace
from typing import Any

import pytest
from rich.console import Console

from benchmarks import app, pages, probing, tables
from benchmarks.probing import Lab

COUNTS = app.Counts(visits=1, switches=1, touches=1, drag_s=0.3)
CANVAS = "<body style='margin:0' data-at=0><canvas id=c width=600 height=400></canvas>"
BURN = "const burn = (ms) => { const end = performance.now() + ms; while (performance.now() < end); };"
DRAW = (
    "const pen = c.getContext('2d'); const draw = () => { pen.fillStyle = `hsl(${document.body.dataset.at} 90% 50%)`; "
)
DRAW += "pen.fillRect(0, 0, 600, 400); };"


@pytest.fixture
def lab(browser, address):
    with probing.context_of(browser) as context:
        yield Lab(browser, context, address)


def made(script: str, **more: Any) -> pages.Move:
    """A page with a canvas and that script, to be moved over."""
    path = f"data:text/html,{CANVAS}<script>{BURN}{DRAW}{script}</script>"
    return replace(pages.FLOOR, path=path.replace("%", "%25"), **more)


def test_a_move_is_timed_from_the_hand_to_the_picture(lab):
    """20 ms of script, then 60 ms of waiting, then another colour."""
    later = (
        "setTimeout(() => { document.body.dataset.at = (Number(document.body.dataset.at) + 40) % 360; draw(); }, 60)"
    )
    row = probing.touch_moves(lab, made(f"c.onpointermove = () => {{ burn(20); {later} }}"), 3)
    assert [row[name]["n"] for name in ("script", "drawn", "shown")] == [3, 3, 3]
    for script, drawn, shown in zip(*(row[name]["values"] for name in ("script", "drawn", "shown")), strict=True):
        assert 20 <= script <= drawn - 59 < drawn <= shown


def test_a_picture_that_does_not_change_is_no_measurement(lab):
    told = "document.body.dataset.at = performance.now(); pen.fillRect(0, 0, 9, 9)"
    same = made(f"c.width = c.height = 290; c.style.width = '600px'; c.onpointermove = () => {{ {told} }}")
    with pytest.raises(probing.UnmeasuredError, match="the content is the same"):
        probing.touch_moves(lab, same, 2)
    with pytest.raises(probing.UnmeasuredError, match="did not change the content"):
        probing.touch_moves(lab, made(""), 1)


def test_frames_are_those_in_which_the_page_drew(lab):
    """A page that counts by itself, draws at every second frame that it asks for, and works 4 ms for each."""
    frame = "document.body.dataset.at = ++asked; if (asked % 2) draw(); burn(4)"
    move = "c.onpointermove = () => { pending ||= requestAnimationFrame(() => { pending = 0; %s }); }"
    row = probing.drag(lab, made(f"let asked = 0, pending = 0; {move % frame}"), 0.4)
    assert row["fps"] > 0
    assert min(row["script"]["values"]) >= 4
    assert row["script"]["n"] == row["gap"]["n"] + 1
    assert min(row["gap"]["values"]) > 20  # never two frames of the 60 a second in a row


def test_a_visit_is_timed_to_the_heading_and_to_the_picture(lab):
    add = "setTimeout(() => document.body.insertAdjacentHTML('beforeend', '%s'), %d)"
    late = add % ("<h1>Late</h1>", 120) + ";" + add % ("<p class=shown>A picture</p>", 240)
    there = replace(lab, address="data:text/html,")
    view = pages.View("late", f"<body><script>{late}</script>", "Late", ".shown", "a picture")
    times = probing.visit(there, view)
    assert 0.12 <= times["heading"] < times["picture"]
    assert times["picture"] >= 0.24


def test_the_95th_percentile_is_the_nearest_rank():
    assert probing.spread([3.0, 1.0, 2.0])["p95"] == 3.0
    told = probing.spread([float(value) for value in range(20, 0, -1)])
    assert (told["median"], told["p95"], told["n"]) == (10.5, 19.0, 20)
    with pytest.raises(probing.UnmeasuredError):
        probing.spread([])


@pytest.fixture
def parts(lab, app_store, monkeypatch):
    """A few rows of every table, once each, from a store that lacks one of the runs."""
    few = {
        "VIEWS": ("Overview",),
        "MOVES": ("Replay, slider", "Interpolate, plane"),
        "ASKS": ("Restore, noise level",),
        "DRAGS": ("Replay, slider",),
        "VISITS": ("Interpolate",),
    }
    for name, rows in few.items():
        monkeypatch.setattr(pages, name, [one for one in getattr(pages, name) if one.name in rows])
        assert len(getattr(pages, name)) == len(rows)
    runs = {run.id for run in app_store.runs()}
    return {part.name: part for part in app.measured(lab, COUNTS, runs, lambda line: None)}


@pytest.mark.proof  # in short: the measurements above, on pages whose times are known
def test_a_tiny_run_fills_every_row(parts):
    for part in parts.values():
        assert part.rows
        for row in part.rows:
            if row["name"] == "Interpolate, plane":
                assert row["error"] == f"the store has no run {pages.PLANE}"
                continue
            assert "error" not in row, row["error"]
            for column in part.columns:
                value = row[column.field]
                figures = [value["median"], value["p95"], *value["values"]] if isinstance(value, dict) else [value]
                assert all(math.isfinite(figure) and figure >= 0 for figure in figures), (row, column)
    for row in parts["pages"].rows:
        assert row["heading"]["median"] <= row["picture"]["median"]
        assert row["switch_heading"]["median"] <= row["switch_picture"]["median"]
    for row in parts["touches through the server"].rows:
        assert row["sent"]["median"] + row["server"]["median"] <= row["shown"]["median"]
    sent = {row["name"]: row["received"] + row["fetched"] for row in parts["bytes"].rows}
    assert sent["Interpolate: first visit"] > 1_000, "with its weights"
    assert sent["Interpolate: another image"] < sent["Interpolate: first visit"] / 10

    told = json.loads(json.dumps({name: asdict(part) for name, part in parts.items()}, allow_nan=False))
    assert told["frames"]["columns"][0]["target"] == "60"
    page = io.StringIO()
    console = Console(file=page, width=200)
    for part in parts.values():
        tables.print_part(console, part)
        assert all(column.meaning in page.getvalue() for column in part.columns)
    assert "Not measured, Interpolate, plane: the store has no run mnist-selu-2-clean" in page.getvalue()
    assert "WebGL is drawn by" in page.getvalue()
