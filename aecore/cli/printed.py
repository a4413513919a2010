"""Runs, evaluations and verdicts as the command line prints them."""

from __future__ import annotations

from typing import Any

from aecore.cli.console import table
from aecore.config.corruption import Corruption
from aecore.errors import AecoreError
from aecore.format import count, format_value, printable
from aecore.metrics.baselines import input_name
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
    rows = []
    for result in results:
        for what, key in (("output", "metrics"), ("noisy input", "noisy_input")):
            if key == "noisy_input" and result["corruption"] == "none":
                continue
            text = input_name(Corruption.parse(result["corruption"])) if key == "noisy_input" else what
            rows.append([result["corruption"] if key == "metrics" else "", text, *_scores(result[key])])
        for name, measured in result.get("classical", {}).items():
            rows.append(["", _method(name, measured), *_scores(measured["metrics"])])
        if hole := result.get("inside_hole"):
            entered = input_name(Corruption.parse(result["corruption"]))
            sides = [("output", hole["metrics"]), (entered, hole["noisy_input"])]
            others = result.get("classical", {}).items()
            sides += [(_method(name, own), own["inside_hole"]) for name, own in others if own.get("inside_hole")]
            rows += [["", f"in the hole: {what}", *_scores(values)] for what, values in sides]
    table(["corruption", f"{results[0]['n']:,} test images", "MSE", "PSNR dB", "SSIM", "SNR dB"], rows)


def _method(name: str, measured: dict[str, Any]) -> str:
    """A method without a network, with its strength and what it was measured on where it has these."""
    strength, images = measured.get("strength"), measured.get("images")
    about = [] if strength is None else [f"strength {strength:g}"]
    return ", ".join([name, *about, *([] if images is None else [count(images, "image")])])


def _scores(values: dict[str, Any]) -> list[str]:
    """Of equal images PSNR and SNR are infinite, which files hold as null; the others never are."""
    return [
        f"{values[name]:.{digits}f}"
        if values.get(name) is not None
        else "∞"
        if name in values and name in ("psnr_db", "snr_db")
        else "–"
        for name, digits in _DIGITS
    ]


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


_DIGITS = (("mse", 5), ("psnr_db", 2), ("ssim", 4), ("snr_db", 2))
