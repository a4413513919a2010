"""The panel: the same few test images, reconstructed at every epoch, so that learning can be watched."""

from __future__ import annotations

import numpy as np
import safetensors.numpy
import torch
from torch import Tensor, nn

from aecore.corruption import corrupt
from aecore.experiment import Corruption
from aecore.store import DamagedError, Run

PER_CLASS = 2
MOST_IMAGES = 20
MOST_EPOCHS = 128
"""More rows than this and every second one is dropped, so that a long run's file stays as small as a short one's."""
NOISE_SEED = 30_001


def panel_indices(labels: np.ndarray) -> np.ndarray:
    """The first two test images of every class, in the order of the test set; at most 20. int64."""
    first = [np.flatnonzero(labels == label)[:PER_CLASS] for label in np.unique(labels)]
    return np.sort(np.concatenate(first))[:MOST_IMAGES].astype(np.int64)


class Snapshots:
    """The panel of one run with its reconstructions so far; all images uint8 (P, C, H, W)."""

    def __init__(self, images: Tensor, labels: np.ndarray, corruption: Corruption) -> None:
        """`images` is the test set, uint8 (N, C, H, W) on the training device; `labels` uint8 (N,)."""
        self.indices = panel_indices(labels)
        self.labels = labels[self.indices]
        self.clean = images[torch.from_numpy(self.indices).to(images.device)]
        generator = torch.Generator(images.device).manual_seed(NOISE_SEED)
        self.input = corrupt(self.clean.float().div_(255), corruption, generator)
        self.noisy = None if corruption.kind == "none" else to_uint8(self.input)
        self.epochs: list[int] = []
        self.rows: list[np.ndarray] = []
        self.stride = 1

    @torch.no_grad()
    def add(self, epoch: int, model: nn.Module) -> None:
        """Take the model's reconstructions after `epoch`, if this epoch's row is kept."""
        if epoch % self.stride and epoch != 1:
            return
        self.epochs.append(epoch)
        self.rows.append(to_uint8(model.eval()(self.input)))
        if len(self.epochs) > MOST_EPOCHS:
            self.stride *= 2
            self._keep(lambda kept: kept == 1 or kept % self.stride == 0)

    def finish(self, epoch: int, model: nn.Module) -> None:
        """Make sure that the last epoch is there, whatever the stride."""
        if epoch and (not self.epochs or self.epochs[-1] != epoch):
            stride, self.stride = self.stride, 1
            self.add(epoch, model)
            self.stride = max(stride, self.stride)

    def to_bytes(self) -> bytes:
        """The content of snapshots.safetensors."""
        tensors = {
            "clean": self.clean.cpu().numpy(),
            "labels": self.labels,
            "indices": self.indices,
            "epochs": np.array(self.epochs, np.int32),
            "reconstructions": np.stack(self.rows) if self.rows else np.zeros((0, *self.clean.shape), np.uint8),
        }
        if self.noisy is not None:
            tensors["noisy"] = self.noisy
        return safetensors.numpy.save(tensors)

    def take_up(self, run: Run, epoch: int) -> None:
        """Bring back the rows of an earlier start, up to `epoch`; a file that does not fit is left aside."""
        try:
            saved = run.snapshots()
            fits = np.array_equal(saved["indices"], self.indices)
            rows, epochs = list(saved["reconstructions"]), [int(value) for value in saved["epochs"]]
        except (DamagedError, KeyError):
            return
        if fits and len(rows) == len(epochs):
            self.epochs, self.rows = epochs, rows
            self._keep(lambda kept: kept <= epoch)
            # Rows beyond the first tell the stride that was in use when they were taken.
            self.stride = max(1, self.epochs[2] - self.epochs[1]) if len(self.epochs) > 2 else 1

    def _keep(self, wanted) -> None:
        kept = [(epoch, row) for epoch, row in zip(self.epochs, self.rows, strict=True) if wanted(epoch)]
        self.epochs, self.rows = [epoch for epoch, _ in kept], [row for _, row in kept]


def to_uint8(images: Tensor) -> np.ndarray:
    """Float images (…, H, W) in [0, 1] to uint8 on the CPU, rounded, values outside the range cut."""
    return images.clamp(0, 1).mul(255).round().to(torch.uint8).cpu().numpy()
