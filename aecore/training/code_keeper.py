"""Keeps the codes of the same test images over the epochs, so that one can watch the latent space come to be."""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from torch import Tensor

from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment
from aecore.data import thumbnails
from aecore.data.subset import evenly_spaced
from aecore.errors import DamagedError
from aecore.latent.encode import inputs_of
from aecore.latent.epoch_codes import EpochRow, as_file, epoch_row, input_bytes, read_rows, room
from aecore.metrics.evaluation import NOISE_SEED
from aecore.models.condition import Condition
from aecore.models.network import Network, known_classes
from aecore.runs.run import Run
from aecore.training.probe import temporary_rng
from aecore.training.thinned import ThinnedRows


class CodeKeeper:
    """The codes of one run's test images so far. Rows come after every epoch, and are thinned as the run goes on."""

    def __init__(
        self, model: Network, images: Tensor, labels: np.ndarray, corruption: Corruption, indices: np.ndarray, most: int
    ) -> None:
        """`images` is the test set, uint8 (N, C, H, W) on the training device; `labels` uint8 (N,); `indices` are those
        that are kept, ascending, and `most` at how many epochs."""
        self.model, self.images, self.corruption, self.indices = model, images, corruption, indices
        self.labels = labels[indices]
        self.classes = known_classes(model, self.labels)
        self.inputs: list[Tensor] | None = None
        """What the model is given, once its noise is drawn."""
        self.kept = ThinnedRows(most - 1)  # the last epoch may be one more
        self.written: list[float] = []

    @classmethod
    def of(cls, model: Network, images: Tensor, labels: np.ndarray, experiment: Experiment) -> Self | None:
        """One for this network and test set; None where there is nothing to keep, or the experiment wants nothing."""
        if not (model.has_code and experiment.training.keep_codes):
            return None
        corruption = experiment.corruption
        shape: tuple[int, int, int] = tuple(images.shape[1:])  # type: ignore[assignment]
        known = thumbnails.kept_indices(experiment.data.name, shape, len(images))  # only these have images to show
        count, epochs = room(model.plan.code_size, len(known), input_bytes(corruption, shape))
        if not count:
            return None
        return cls(model, images, labels, corruption, known[evenly_spaced(len(known), count)], epochs)

    def add(self, epoch: int) -> None:
        """Add the codes after `epoch`, if its row is kept."""
        self.kept.add(epoch, self._row)

    def finish(self, epoch: int) -> None:
        """Make sure that the last epoch is there."""
        self.kept.finish(epoch, self._row)

    @torch.no_grad()
    def _row(self) -> EpochRow | None:
        """The codes as the model has them now, those of codes.safetensors after the last epoch."""
        self.model.eval()
        parts, done = [], 0
        with temporary_rng(self.model, NOISE_SEED + 1, self.images.device):
            for inputs in self._inputs():
                told = None if self.classes is None else self.classes[done : done + len(inputs)]
                parts.append(self.model.mean_codes(inputs, Condition(told)).float().cpu().numpy())
                done += len(inputs)
        return epoch_row(np.concatenate(parts))

    def _inputs(self) -> list[Tensor]:
        if self.inputs is not None:
            return self.inputs
        made = list(inputs_of(self.model, self.images, self.corruption, NOISE_SEED, self.indices))
        self.inputs = made if self.corruption.active else None
        return made

    @property
    def changed(self) -> bool:
        """Whether the rows are others than when they were last `saved`."""
        return self.kept.epochs != self.written

    def to_bytes(self) -> bytes:
        """The content of epoch_codes.safetensors; at least one row."""
        return as_file(self.kept.epochs, self.kept.rows, self.labels, self.indices, str(self.corruption))

    def saved(self) -> None:
        """They have been written as they are now."""
        self.written = list(self.kept.epochs)

    def restore(self, run: Run, epoch: int) -> None:
        """Load the rows saved before the run was resumed, up to `epoch`; a file that does not fit is ignored."""
        try:
            found = read_rows(run)
        except DamagedError:
            return
        if found is None:
            return
        arrays, rows, _ = found
        if np.array_equal(arrays["indices"], self.indices) and rows[0].mean.shape == (self.model.plan.code_size,):
            self.kept.restore(arrays["epochs"].tolist(), rows, epoch)
