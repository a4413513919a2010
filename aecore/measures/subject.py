"""What is measured: a run's model, its images and their codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aecore import data
from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment
from aecore.data.subset import evenly_spaced, training_images
from aecore.devices import choose
from aecore.inference import load_model
from aecore.latent.encode import codes_of
from aecore.measures.baselines import Baselines
from aecore.models.condition import Condition
from aecore.models.image_features import Extractor, Features, extractor
from aecore.models.network import Network, known_classes
from aecore.runs.progress import Report, silent
from aecore.runs.run import Run

BATCH = 500
CLEAN = Corruption()
MOST_NUMBERS, FEWEST = 320_000_000, 1000
"""So many numbers, of pixels or of codes, are held at once: of wider ones fewer images are measured, evenly spaced."""


@dataclass
class Subject:
    """A run with its images, uint8 (N, C, H, W), and labels, uint8 (N,); what is measured goes in clean.

    The training images are those that the run was trained on. Of very large images or codes, both are a part of theirs.
    """

    run: Run
    experiment: Experiment
    model: Network
    device: torch.device
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    places: np.ndarray
    """int64 (N,): where the test images are in the test set."""
    classes: tuple[str, ...]
    baselines: Baselines
    report: Report = silent
    measures: dict[str, dict[str, Any]] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    images: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def open(cls, run: Run, device: str = "auto", report: Report = silent) -> Subject:
        """Load the run's model and images, fetching these if need be."""
        experiment, where = run.experiment(), torch.device(choose(device)[0].name)
        model = load_model(run, where)
        name = experiment.data.source
        images = data.load(name, lambda what, done, total: report("preparing", done, total, what))
        x, y = training_images(images, experiment.data)
        most = max(FEWEST, MOST_NUMBERS // max(model.plan.code_size, int(np.prod(x.shape[1:]))))
        train, test = some(len(x), most), some(len(images.x_test), most)
        if len(train) < len(x):
            x, y = x[train], y[train]
        return cls(
            run,
            experiment,
            model,
            where,
            x,
            np.asarray(y),
            images.x_test if len(test) == len(images.x_test) else images.x_test[test],
            np.asarray(images.y_test[test]),
            test,
            run.image_info().classes,
            Baselines(name, x, f"{experiment.data.leave_out} {len(test)}"),
            report,
        )

    @property
    def units(self) -> int:
        """Numbers in a code."""
        return self.model.plan.code_size

    @property
    def values(self) -> int:
        """Numbers in an image."""
        return int(np.prod(self.x_test.shape[1:]))

    @cached_property
    def train_codes(self) -> np.ndarray:
        """float32 (N, n)."""
        return self.codes(self.x_train, self.y_train)

    @cached_property
    def test_codes(self) -> np.ndarray:
        return self.codes(self.x_test, self.y_test)

    @cached_property
    def test_errors(self) -> np.ndarray:
        """The mean squared error of every test image, [0, 1] scale, float64 (N,)."""
        return self.errors(self.test_codes, self.x_test, self.y_test)

    @cached_property
    def seen(self) -> np.ndarray | slice:
        """The test images of classes that were trained on: of the others none can be told from a code."""
        left_out = self.experiment.data.leave_out
        return np.flatnonzero(~np.isin(self.y_test, left_out)) if left_out else slice(None)

    @cached_property
    def extractor(self) -> Extractor | None:
        """What compares sets of these images, None where nothing does."""
        return extractor(self.experiment.data.source)

    @cached_property
    def test_features(self) -> Features:
        """Those of the test images of classes that were trained on."""
        assert self.extractor is not None
        return self.extractor.features(torch.from_numpy(np.asarray(self.x_test[self.seen], np.float32) / 255))

    def codes(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """float32 (N, n) of images uint8 (N, C, H, W); a conditional model is told the labels uint8 (N,)."""
        rows = [slice(start, start + 10 * BATCH) for start in range(0, len(images), 10 * BATCH)]
        batches = [codes_of(self.model, self.to_device(images[r]), CLEAN, 0, labels=labels[r]) for r in rows]
        return np.concatenate(batches)

    def to_device(self, images: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(images)).to(self.device)

    @torch.inference_mode()
    def decoded(self, codes: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Images float32 (N, C, H, W) on the [0, 1] scale, not clamped; of the classes `labels` (N,), which a
        conditional model is told."""
        given = torch.from_numpy(np.ascontiguousarray(codes, np.float32)).to(self.device)
        told = Condition(known_classes(self.model, labels)).split(BATCH, len(codes))
        parts = [
            self.model.to_unit(self.model.decode(part, condition)).float().cpu()
            for part, condition in zip(given.split(BATCH), told, strict=True)
        ]
        return torch.cat(parts).contiguous().numpy()

    def errors(self, codes: np.ndarray, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The mean squared error of each image uint8 (N, C, H, W) as decoded from its code and, where the model is told
        it, its label uint8 (N,); float64 (N,)."""
        found = []
        for start in range(0, len(codes), 10 * BATCH):
            rows = slice(start, start + 10 * BATCH)
            apart = self.decoded(codes[rows], labels[rows]) - np.asarray(images[rows], np.float32) / 255
            found.append(np.square(apart, dtype=np.float64).reshape(len(apart), -1).mean(axis=1))
        return np.concatenate(found)

    @property
    def labelled(self) -> str:
        """Why the labels tell nothing; empty where they tell classes apart."""
        if len(self.classes) < 2 or len(np.unique(self.y_train)) < 2:
            return "the images have no labels" if len(self.classes) < 2 else "all training images are of one class"
        return ""


def some(count: int, most: int) -> np.ndarray:
    """Row numbers of at most `most` of `count` images, evenly spaced."""
    return evenly_spaced(count, max(1, most))
