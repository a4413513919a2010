"""What was asked: the runs in a table, their settings, and the layers of their networks."""

from __future__ import annotations

from collections.abc import Sequence

from aecore.config.experiment import keys as setting_keys
from aecore.config.labels import label_of, value_text
from aecore.format import duration
from aecore.models.architecture import plan
from aecore.models.layer_list import layer_list
from aecore.reports.handin.document import Block, Cell, Paragraph, Table
from aecore.reports.handin.subject import Subject
from aecore.runs.summary import import_notes


def overview(subjects: Sequence[Subject]) -> list[Block]:
    """The runs with what they were trained on, and every remark on them."""
    rows = []
    facts = {
        "Id": lambda s: s.run.id,
        "Images": lambda s: s.run.image_info().title if s.summary.images_known else "–",
        "Code size": lambda s: f"{s.summary.code_size:,}" if s.summary.code_size else "–",
        "Parameters": lambda s: f"{s.summary.parameters:,}" if s.summary.parameters else "–",
        "Training corruption": lambda s: "–" if s.summary.tracked else s.experiment.corruption.label,
        "Epochs": lambda s: f"{s.summary.epoch:,} of {s.summary.epochs:,}" if s.summary.epochs else "–",
        "Learning rate": lambda s: f"{s.summary.lr:g}" if s.summary.lr is not None else "–",
        "Seed": lambda s: str(s.summary.seed) if s.summary.seed is not None else "–",
        "Training time": lambda s: duration(s.summary.seconds) if s.summary.seconds is not None else "–",
        "Device": lambda s: s.summary.machine or "–",
        "State": lambda s: s.summary.state,
    }
    for fact, read in facts.items():
        rows.append([Cell(fact), *(Cell(read(subject)) for subject in subjects)])
    head = ["", *(subject.name for subject in subjects)]
    made: list[Block] = [
        Table("runs", "The experiments." if len(subjects) > 1 else "The experiment.", head, rows, words=len(head))
    ]
    for subject in subjects:
        prefix = f"{subject.letter} " if subject.letter else ""
        if subject.summary.remarks:
            made.append(Paragraph(f"{prefix}{subject.summary.mark}.", warning=True))
        if subject.summary.problem:
            made.append(Paragraph(f"{prefix}{subject.summary.problem}.", warning=True))
        if not subject.summary.may_win:
            words = "its file was not understood, so its numbers are those of a network that nobody trained"
            made.append(Paragraph(f"{prefix}{words}.", warning=True))
        if subject.summary.imported:
            lines = "; ".join(import_notes(subject.run.status()))
            made.append(Paragraph(f"{prefix}Imported from {subject.summary.imported}. {lines}".strip()))
        if subject.summary.tracked:
            made.append(Paragraph(f"{prefix}Its curves were imported from {subject.summary.recorded}."))
        elif subject.summary.recorded:
            by = subject.summary.recorded
            made.append(Paragraph(f"{prefix}Trained in a loop of its own, written with {by}, and recorded."))
        if subject.summary.note:
            made.append(Paragraph(f"{prefix}Note: {subject.summary.note}"))
    return made


def layers(subjects: Sequence[Subject]) -> list[Block]:
    """A table of layers for every network, one for all runs that share it."""
    made: list[Block] = []
    shared: dict[tuple, list[Subject]] = {}
    for subject in subjects:
        if subject.experiment.model.external:
            continue  # its layers are not known
        key = (subject.experiment.model.model_dump_json(), subject.run.image_info().image_shape)
        shared.setdefault(key, []).append(subject)
    for number, group in enumerate(shared.values(), 1):
        solved = plan(group[0].experiment.model, group[0].run.image_info().image_shape)
        rows = [[Cell(cell) for cell in row] for row in layer_list(solved)]
        rows.append([Cell("total"), Cell(""), Cell(""), Cell(""), Cell(f"{solved.parameters:,}")])
        caption = f"Layers of {', '.join(subject.name for subject in group)}."
        head = ["Layer", "Kind", "Output", "Then", "Parameters"]
        made.append(Table(f"layers-{number}", caption, head, rows, words=4, long=len(rows) > 24))
    return made


def differing(subjects: Sequence[Subject]) -> list[Block]:
    """The settings in which any two runs differ."""
    flat = [subject.run.settings() for subject in subjects]
    keys = [key for key in setting_keys() if key != "name" and len({repr(values.get(key)) for values in flat}) > 1]
    if not keys:
        return [Paragraph("These runs have the same settings.")]
    rows = [[Cell(label_of(key)), *(Cell(value_text(key, values.get(key))) for values in flat)] for key in keys]
    head = ["Setting", *(subject.name for subject in subjects)]
    return [Table("differences", "The settings that differ.", head, rows, words=len(head))]


def every(subjects: Sequence[Subject]) -> list[Block]:
    """All settings of all runs, by their names on the command line, with corruptions as they are written there."""
    flat = [subject.run.settings() for subject in subjects]
    rows = [[Cell(key), *(Cell(value_text("", values.get(key))) for values in flat)] for key in setting_keys()]
    head = ["Setting", *(subject.name for subject in subjects)]
    return [Table("settings", "All settings.", head, rows, words=len(head), long=True)]
