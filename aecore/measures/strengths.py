"""What noise of every strength does to a run, beside total variation."""

from __future__ import annotations

import numpy as np

from aecore import access, data
from aecore.data.subset import evenly_spaced
from aecore.errors import told
from aecore.inference import LoadedRun, open_run
from aecore.metrics.robustness import TotalVariation, keep_strengths
from aecore.runs.progress import Report, silent
from aecore.runs.robustness import Robustness
from aecore.runs.run import Run

CLASSICAL_IMAGES = 200
"""Total variation takes a hundred times as long as a small network: it is measured on so many test images."""


@told("measuring")
def measure_strengths(run: Run, device: str = "auto", report: Report = silent) -> Robustness:
    """Measure a run under noise of every strength, with total variation, and keep it. Raises `AecoreError` where its
    images or weights are lacking."""
    access.check("measuring", run, role="manage" if run.shipped else "train")
    return strengths_of(open_run(run, device, report), report)


def strengths_of(loaded: LoadedRun, report: Report = silent) -> Robustness:
    """The same for a run that is loaded, and for whoever trains it."""
    run, experiment = loaded.run, loaded.run.experiment()
    images = data.load(experiment.data.source)
    chosen = evenly_spaced(len(images.x_test), CLASSICAL_IMAGES)
    test = np.asarray(images.x_test[chosen], np.float32) / 255
    beside = TotalVariation(images, experiment, test)
    return keep_strengths(run, loaded.model, loaded.test, loaded.labels, loaded.weights, report, beside)
