"""The panel: the same few test images, reconstructed again and again, so that one can watch the model learn."""

from __future__ import annotations

import numpy as np
import safetensors.numpy
import torch
from torch import Tensor

from aecore.config.corruption import Corruption
from aecore.data.convert import to_uint8
from aecore.data.corruption import corrupted
from aecore.errors import DamagedError
from aecore.models.condition import Condition
from aecore.models.digit_classifier.network import read_digits
from aecore.models.network import Network, known_classes
from aecore.runs.run import Run
from aecore.training.probe import temporary_rng
from aecore.training.thinned import ThinnedRows

PER_CLASS = 2
MOST_IMAGES = 20
MOST_ROWS = 128
MOST_BYTES = 2_500_000
"""Beyond this many rows or bytes every second row is dropped, so that a long run's file stays as small as a short
one's."""
NOISE_SEED = 30_001


def panel_indices(labels: np.ndarray) -> np.ndarray:
    """The first two test images of every class, in the order of the test set; at most 20. int64."""
    first = [np.flatnonzero(labels == label)[:PER_CLASS] for label in np.unique(labels)]
    return np.sort(np.concatenate(first))[:MOST_IMAGES].astype(np.int64)


class Snapshots:
    """The panel of one run with its reconstructions so far; all images uint8 (P, C, H, W).

    A row is one reconstruction of the whole panel. Rows are taken every `tick` epochs; the first is always kept.
    """

    def __init__(
        self,
        model: Network,
        images: Tensor,
        labels: np.ndarray,
        corruption: Corruption,
        tick: float = 1.0,
        read: bool = False,
    ) -> None:
        """`images` is the test set, uint8 (N, C, H, W) on the training device; `labels` uint8 (N,). With `read` the
        digit classifier reads every reconstruction."""
        self.model, self.tick, self.read = model, tick, read
        self.indices = panel_indices(labels)
        self.labels = labels[self.indices]
        self.clean = images[torch.from_numpy(self.indices).to(images.device)]
        generator = torch.Generator(images.device).manual_seed(NOISE_SEED)
        made = corrupted(model.from_bytes(self.clean), corruption, generator, model.low, model.high)
        self.input, self.condition = made.images, Condition(known_classes(model, self.labels), made.levels)
        self.noisy = to_uint8(model.to_unit(self.input)) if corruption.active else None
        self.kept = ThinnedRows(min(MOST_ROWS, MOST_BYTES // self.clean.numel()), tick)

    def add(self, epoch: float) -> None:
        """Add the model's reconstructions at `epoch`, if the row of this tick is kept."""
        self.kept.add(epoch, self._row)

    def finish(self, epoch: float) -> None:
        """Make sure that the last epoch is there, whatever the stride."""
        self.kept.finish(epoch, self._row)

    @torch.no_grad()
    def _row(self) -> tuple[np.ndarray, np.ndarray | None]:
        """The reconstructions, and the digits that are read in them."""
        with temporary_rng(self.model, NOISE_SEED + 1, self.input.device):
            output = self.model.to_unit(self.model.eval()(self.input, self.condition))
        return to_uint8(output), read_digits(output) if self.read else None

    def to_bytes(self) -> bytes:
        """The content of snapshots.safetensors."""
        epochs, rows = self.kept.epochs, self.kept.rows
        whole = all(epoch == int(epoch) for epoch in epochs)
        tensors = {
            "clean": self.clean.contiguous().cpu().numpy(),
            "labels": self.labels,
            "indices": self.indices,
            "epochs": np.array(epochs, np.int32 if whole else np.float32),
            "reconstructions": np.stack([images for images, _ in rows]) if rows else self._none(),
        }
        if self.noisy is not None:
            tensors["noisy"] = self.noisy
        if self.read and rows:
            tensors["digits"] = np.stack([digits for _, digits in rows])
        return safetensors.numpy.save(tensors)

    def _none(self) -> np.ndarray:
        return np.zeros((0, *self.clean.shape), np.uint8)

    def restore(self, run: Run, epoch: float) -> None:
        """Load the rows saved before the run was resumed, up to `epoch`; a file that does not fit is ignored."""
        try:
            saved = run.snapshots()
            fits = np.array_equal(saved["indices"], self.indices)
            rows, epochs = list(saved["reconstructions"]), [float(value) for value in saved["epochs"]]
            digits = list(saved["digits"]) if self.read else [None] * len(rows)
        except (DamagedError, KeyError):
            return
        if fits and len(rows) == len(epochs) == len(digits):
            self.kept.restore(epochs, list(zip(rows, digits, strict=True)), epoch)
