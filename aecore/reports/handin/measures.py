"""What a report says the codes are worth: the runs' measures, each with its interval and what it is held against."""

from __future__ import annotations

from collections.abc import Sequence

from aecore.metrics.measure_names import MEASURES, Named
from aecore.reports.handin.document import Block, Cell, Paragraph, Table
from aecore.reports.handin.subject import Subject
from aecore.runs.measures import Measures, read_measures

NOTE = (
    "Measured on the whole test set without noise; in brackets the 95 % interval of the bootstrap over the test "
    "images. PCA has as many components as the code has units."
)


def blocks(subjects: Sequence[Subject]) -> list[Block]:
    """A table of the measures that any run has, and what is to be kept in mind about each; none where no run was
    measured. Raises `DamagedError` or `OutdatedError` as `read_measures` does."""
    found = [(subject, measures) for subject in subjects if (measures := read_measures(subject.run)) is not None]
    if not found:
        return []
    named = [entry for entry in MEASURES if any(entry.name in measures.measures for _, measures in found)]
    rows = [[Cell(entry.title), *(Cell(_cell(entry, measures)) for _, measures in found)] for entry in named]
    head = ["", *(subject.name if subject.letter else "this network" for subject, _ in found)]
    made: list[Block] = [Table("measures", "What the code is worth.", head, rows, note=NOTE)]
    made += [Paragraph(f"{entry.title}: {entry.meaning} {entry.misleads}") for entry in named]
    if missing := [subject.name for subject in subjects if all(subject is not other for other, _ in found)]:
        made.append(Paragraph(f"Not measured: {', '.join(missing)}."))
    return made


def _cell(named: Named, measures: Measures) -> str:
    measured = measures.measures.get(named.name)
    if measured is None:
        return "–"
    beside = [
        f"{words} {named.format(value)}"
        for key, words in named.beside
        if (value := measures.value(named.name, key)) is not None and key != "chance"
    ]
    if named.kind == "count":
        return f"{named.format(measured.get('value'))} of {named.format(measures.value(named.name, 'of'))}"
    return named.with_interval(measured) + (f"; {', '.join(beside)}" if beside else "")
