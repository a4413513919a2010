"""The numbers of a report, straight from each run's evaluation.json, with the rounding that pages use."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from aecore.config.corruption import Corruption
from aecore.errors import AecoreError
from aecore.metrics.baselines import TITLES
from aecore.models.digit_classifier import accuracy, reads
from aecore.reports.handin.document import Block, Cell, Paragraph, Table
from aecore.reports.handin.subject import Subject

TOLERANCE = 1e-6
"""Noisy inputs whose metrics differ by no more, relatively, are the same."""
CLASSICAL = {name: title.lower() for name, title in TITLES.items()}


class Metric(NamedTuple):
    key: str
    title: str
    form: Callable[[float], str]
    higher: bool


METRICS = (
    Metric("mse", "MSE", "{:.5f}".format, False),
    Metric("psnr_db", "PSNR (dB)", "{:.2f}".format, True),
    Metric("ssim", "SSIM", "{:.4f}".format, True),
    Metric("snr_db", "SNR (dB)", "{:.2f}".format, True),
    Metric("wrong_digit_rate", "Wrong digits", "{:.2%}".format, False),
)


class Line(NamedTuple):
    """One treatment of the test images; `may_win` is whether it may be the best of its column."""

    name: str
    values: Mapping[str, Any]
    images: int
    may_win: bool


def blocks(subjects: Sequence[Subject]) -> list[Block]:
    """A table for every corruption that any of the runs was measured under, each with what must be said about it."""
    tested = list(dict.fromkeys(entry["corruption"] for subject in subjects for entry in subject.run.evaluation()))
    if not tested:
        return [Paragraph("No run has been measured on the test set yet.", warning=True)]
    made: list[Block] = []
    for corruption in tested:
        made += _under(subjects, corruption, len([block for block in made if isinstance(block, Table)]))
    if any(reads(subject.experiment.data.source) for subject in subjects):
        rates = {s.experiment.data.source for s in subjects if reads(s.experiment.data.source)}
        known = ", ".join(f"{1 - accuracy()[name]:.2%} of {name}" for name in sorted(rates))
        made.append(
            Paragraph(f"Wrong digits: read as another digit by a classifier that itself misreads {known} (clean).")
        )
    return made


def entry_of(subject: Subject, corruption: str) -> dict[str, Any] | None:
    return next((entry for entry in subject.run.evaluation() if entry["corruption"] == corruption), None)


def _under(subjects: Sequence[Subject], corruption: str, before: int) -> list[Block]:
    """One corruption: a table for all runs that were measured on the same images, after `before` other tables."""
    groups: list[list[tuple[Subject, dict[str, Any]]]] = []
    missing = []
    for subject in subjects:
        entry = entry_of(subject, corruption)
        if entry is None:
            missing.append(subject.name)
            continue
        own = next((group for group in groups if same_noise([group[0], (subject, entry)])), None)
        if own is None:
            groups.append(own := [])
        own.append((subject, entry))
    made: list[Block] = []
    if len(groups) > 1:
        images = f"{'noisy ' if corruption != 'none' else ''}test images"
        label = _label(corruption)
        text = f"{label[:1].upper()}{label[1:]}: not all runs were measured on the same {images}; "
        made.append(Paragraph(f"{text}only runs in one table can be compared.", warning=True))
    for number, group in enumerate(groups, before + 1):
        made.append(_table(group, corruption, number))
        made += [_warned(subject) for subject, _ in group if subject.summary.remarks or not subject.summary.may_win]
    if missing:
        made.append(Paragraph(f"Not measured ({_label(corruption)}): {', '.join(missing)}."))
    return made


def _table(group: Sequence[tuple[Subject, Mapping[str, Any]]], corruption: str, number: int) -> Table:
    lines = []
    if corruption != "none":
        lines.append(Line("noisy input", group[0][1]["noisy_input"], group[0][1]["n"], True))
    for subject, entry in group:
        name = subject.name if subject.letter else "this network"
        lines.append(Line(name, entry["metrics"], entry["n"], subject.summary.may_win))
    lines += _classical(group)
    metrics = [metric for metric in METRICS if any(metric.key in line.values for line in lines)]
    rows = [
        [Cell(line.name), *(_cell(line, metric, lines) for metric in metrics), Cell(f"{line.images:,}")]
        for line in lines
    ]
    notes = []
    if len(group) > 1:
        notes.append(f"All runs on the same {'noisy ' if corruption != 'none' else ''}images.")
    if any(cell.strong for row in rows for cell in row):
        notes.append("The best of each column is bold.")
    if any(entry.get("classical") for _, entry in group):
        notes.append("In brackets: a classical method's strength, chosen on validation images.")
    head = ["", *(metric.title for metric in metrics), "Images"]
    caption = f"{group[0][0].run.image_info().title}, test set: {_label(corruption)}."
    return Table(f"metrics-{number}", caption, head, rows, note=" ".join(notes))


def same_noise(found: Sequence[tuple[Subject, Mapping[str, Any]]]) -> bool:
    """Whether all runs were measured on the same noisy images: as many of the same set, with the same metrics."""
    if len({(subject.experiment.data.source, entry["n"]) for subject, entry in found}) > 1:
        return False
    first = found[0][1]["noisy_input"]
    pairs = [
        (first.get(key), entry["noisy_input"].get(key)) for _, entry in found for key in ("mse", "psnr_db", "ssim")
    ]
    return all(
        a == b if a is None or b is None else math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=1e-12) for a, b in pairs
    )


def _classical(group: Sequence[tuple[Subject, Mapping[str, Any]]]) -> list[Line]:
    """The classical denoisers, once: of the first run that has them, as all have the same noisy images."""
    measured = next((entry for _, entry in group if entry.get("classical")), None)
    if measured is None:
        return []
    found = []
    for name, own in measured["classical"].items():
        strength = own.get("strength")
        title = f"{CLASSICAL.get(name, name)}{'' if strength is None else f' ({strength:g})'}"
        found.append(Line(title, own["metrics"], own.get("images") or measured["n"], True))
    return found


def _cell(line: Line, metric: Metric, lines: Sequence[Line]) -> Cell:
    value = line.values.get(metric.key)
    if value is None:
        return Cell("∞" if metric.key in line.values else "–")  # evaluation.json has null for infinite
    rivals = [other.values[metric.key] for other in lines if other.may_win and metric.key in other.values]
    if None in rivals or len(set(rivals)) < 2:  # next to an infinite mean, as of images left untouched, none is best
        return Cell(metric.form(value))
    best = max(rivals) if metric.higher else min(rivals)
    return Cell(metric.form(value), line.may_win and value == best)


def _warned(subject: Subject) -> Paragraph:
    """What is wrong with a run, beside its numbers."""
    said = [f"{subject.summary.mark}."] if subject.summary.remarks else []
    said += [] if subject.summary.may_win else ["Its file was not understood: it is never called the best."]
    return Paragraph(f"{subject.letter} {' '.join(said)}".strip(), warning=True)


def _label(corruption: str) -> str:
    try:
        return "clean images" if corruption == "none" else Corruption.parse(corruption).label
    except AecoreError:  # written by a later version
        return corruption
