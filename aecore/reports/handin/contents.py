"""What stands in a report, in which order."""

from __future__ import annotations

import time
from collections.abc import Sequence

from aecore.format import count
from aecore.reports.handin import figures, images, measures, numbers, settings
from aecore.reports.handin.document import Document, Section
from aecore.reports.handin.subject import subjects
from aecore.runs.run import Run


def collect(runs: Sequence[Run]) -> Document:
    """The report on these runs. It needs torch for the images; a projection is computed only where none is saved.

    Raises `UserError` if a run has no results yet, `DamagedError` if one cannot be read.
    """
    found = subjects(runs)
    sheets, interpolations = images.blocks(found)
    several = len(found) > 1
    sections = [
        Section("Experiment" if not several else "Experiments", settings.overview(found)),
        *([Section("Settings that differ", settings.differing(found))] if several else []),
        Section("Results on the test set", numbers.blocks(found)),
        Section("What the code is worth", measures.blocks(found)),
        Section("Images", sheets),
        Section("Training", figures.curves(found)),
        Section("Interpolation", interpolations),
        Section("Latent space", figures.clouds(found)),
        Section("Network" if not several else "Networks", settings.layers(found)),
        Section("All settings", settings.every(found)),
    ]
    title = found[0].summary.marked(found[0].summary.title)
    title = f"Comparison of {count(len(found), 'autoencoder')}" if several else f"Autoencoder {title}"
    infos = [subject.run.image_info() for subject in found if subject.summary.images_known]
    data = " ".join(dict.fromkeys(f"{info.title}: {info.citation}." for info in infos))
    about = f"{time.strftime('%Y-%m-%d')}. {data}"
    return Document(title, about, [section for section in sections if section.blocks])
