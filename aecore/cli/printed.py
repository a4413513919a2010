"""Runs, evaluations and verdicts as the command line prints them."""

from __future__ import annotations

from typing import Any

from aecore.cli.console import table
from aecore.errors import AecoreError
from aecore.format import format_value, printable
from aecore.metrics.evaluation_rows import SCORES, evaluation_rows
from aecore.reports.beyond import Reached, aim, spread
from aecore.reports.claims import Verdict
from aecore.runs.measures import read_measures
from aecore.runs.run import Run
from aecore.runs.summary import MARK, summarise


def document(found: Run) -> dict[str, Any]:
    """Everything about a run but its arrays, as JSON; a file that cannot be read is None and named in `problem`."""
    summary = summarise(found)
    collected: dict[str, Any] = {
        "run": found.id,
        "path": str(found.path),
        "state": summary.state,
        "epochs": summary.epoch,
        "title": summary.title,
        "note": summary.note or None,
        "problem": summary.problem or None,
        "remarks": list(summary.remarks),
    }
    readers = {
        "experiment": lambda: found.experiment().model_dump(mode="json"),
        "status": found.status,
        "history": found.metrics,
        "evaluation": found.evaluation,
        "measures": lambda: None if (known := read_measures(found)) is None else known.as_json(),
    }
    for key, read in readers.items():
        try:
            collected[key] = read()
        except AecoreError:
            collected[key] = None
    return collected


def print_run(found: Run) -> None:
    """A run in a few lines on standard output: state, progress, metrics, and what is wrong with it."""
    summary = summarise(found)
    of = f" of {summary.epochs}" if summary.epochs else ""
    progress = f"imported from {summary.imported}" if summary.imported else f"{summary.counts} {summary.epoch}{of}"
    if summary.tracked:
        progress += f", imported from {summary.recorded}"
    if summary.remote:
        progress += f", sent from {summary.remote}"
    print(printable(f"{summary.id}: {summary.state}, {progress}"))
    if summary.title not in summary.id:
        print(f"  {printable(summary.title)}")
    for line in summary.note.splitlines():
        print(f"  {printable(line)}")
    if summary.problem:
        print(f"  {printable(summary.problem)}")
    for remark in summary.remarks:
        print(f"  {MARK} {printable(remark['text'])}")
    if summary.seconds is not None and summary.train_loss is not None:
        print(f"  training loss {summary.train_loss:.5f} after {summary.seconds:.1f} s on {printable(summary.machine)}")
    try:
        evaluations = found.evaluation()
    except AecoreError:
        evaluations = []
    if evaluations:
        print_evaluations(evaluations)


def print_evaluations(results: list[dict[str, Any]]) -> None:
    """Evaluations as a table, the noisy input's own metrics below the output's."""
    images = f"{results[0]['n']:,} test images"
    table(["corruption", images, *SCORES], evaluation_rows(results))


def print_verdicts(found: list[Verdict]) -> None:
    """Reported against measured, a row for each claim, on standard output."""
    table(
        ["run", "number", "reported", "measured", "noisy input", "verdict"],
        [
            [
                v.preset,
                v.claim.quantity,
                format_value(v.claim.reported, v.claim.unit),
                format_value(v.measured, v.claim.unit),
                "" if v.noisy_input is None else format_value(v.noisy_input, v.claim.unit),
                v.word,
            ]
            for v in found
        ],
    )


def print_reached(found: list[Reached]) -> None:
    """What our own presets reach, a row for each goal, on standard output."""
    if not found:
        return
    table(
        ["run", "number", "the report's", "aim", "measured", "seeds", "verdict"],
        [
            [
                each.preset,
                each.goal.quantity,
                "" if each.than is None else format_value(each.than, each.goal.unit),
                aim(each.goal),
                format_value(each.measured, each.goal.unit),
                spread(each.every, each.goal.unit),
                each.word,
            ]
            for each in found
        ],
    )
