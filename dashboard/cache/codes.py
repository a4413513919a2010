"""The codes of a run's test images: saved with the run, or computed once if the image set is on this machine."""

from __future__ import annotations

import numpy as np

from aecore import data
from aecore.latent.codes import Codes, read_codes
from aecore.runs.store import CODES, WEIGHTS, Run
from dashboard.cache.images import image_set
from dashboard.cache.keyed import keyed_on
from dashboard.cache.models import model_of


def codes(run: Run) -> Codes | None:
    """The codes of the run's test images; None if they are not saved and cannot be computed here.

    Raises `DamagedError` when the file cannot be read.
    """
    saved = _saved(run)
    if saved is not None or not run.file(WEIGHTS).is_file() or not data.prepared(run.experiment().data.source):
        return saved
    return _computed(run)


@keyed_on((CODES,), max_entries=24)
def _saved(run: Run) -> Codes | None:
    return read_codes(run)


@keyed_on((WEIGHTS,), max_entries=4, show_spinner="Encoding the test images…")
def _computed(run: Run) -> Codes:
    import torch

    from aecore.data import thumbnails
    from aecore.latent.encode import measure_codes
    from aecore.metrics.evaluation import NOISE_SEED

    experiment = run.experiment()
    images = image_set(experiment.data.source)
    shape: tuple[int, int, int] = images.x_test.shape[1:]  # type: ignore[assignment]
    rows = thumbnails.kept_indices(experiment.data.source, shape, len(images.x_test))
    test = torch.from_numpy(np.array(images.x_test))
    model = model_of(run, whole_test_set=True)
    return measure_codes(model, test, np.array(images.y_test), experiment.corruption, NOISE_SEED, rows)
