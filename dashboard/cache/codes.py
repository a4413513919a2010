"""The codes of a run's images: saved with it for test images, else computed once if the image set is here."""

from __future__ import annotations

import numpy as np

from aecore import data
from aecore.latent.codes import Codes, read_codes
from aecore.runs.store import CODES, WEIGHTS, Run
from aecore.runs.sums import SUMS
from dashboard.cache.images import image_set
from dashboard.cache.keyed import keyed_on
from dashboard.cache.models import model_of


def codes(run: Run, split: str = "test") -> Codes | None:
    """The codes of the run's test images, or of images it was trained on; None if they are not saved and cannot be
    computed here.

    Raises `DamagedError` when the file cannot be read.
    """
    saved = _saved(run) if split == "test" else None
    if saved is not None or not run.file(WEIGHTS).is_file() or not data.prepared(run.experiment().data.source):
        return saved
    return _computed(run, split)


@keyed_on((CODES, SUMS), max_entries=24)
def _saved(run: Run) -> Codes | None:
    return read_codes(run)


@keyed_on((WEIGHTS,), max_entries=4, show_spinner="Encoding the images…")
def _computed(run: Run, split: str) -> Codes:
    import torch

    from aecore.data import thumbnails
    from aecore.data.subset import training_images
    from aecore.latent.encode import measure_codes
    from aecore.metrics.evaluation import NOISE_SEED

    experiment = run.experiment()
    images = image_set(experiment.data.source)
    x, y = (images.x_test, images.y_test) if split == "test" else training_images(images, experiment.data)
    shape: tuple[int, int, int] = x.shape[1:]  # type: ignore[assignment]
    rows = thumbnails.kept_indices(experiment.data.source, shape, len(x))
    model, whole = model_of(run, whole_test_set=True), torch.from_numpy(np.array(x))
    return measure_codes(model, whole, np.array(y), experiment.corruption, NOISE_SEED, rows, split)
