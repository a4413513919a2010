"""The pictures of a report's figures, made once from a run and kept in it, so that pages need neither torch nor data.

figures.safetensors holds, under KEY/PART for each figure's key, uint8 images (N, C, H, W) and what belongs to them.
"""

from __future__ import annotations

import numpy as np
import safetensors.numpy
import torch

from aecore.config.corruption import Corruption
from aecore.data.convert import to_uint8
from aecore.files import atomic_write
from aecore.inference import LoadedRun
from aecore.latent.encode import codes_of
from aecore.latent.interpolation import interpolate, random_codes
from aecore.metrics.evaluation import NOISE_SEED, reconstructions
from aecore.reports.definition import PICTURED, Figure
from aecore.runs.store import FIGURES

SAMPLE_SEED = 40_001
CODES_FOR_RANGE = 2000


def save_figures(trained: LoadedRun, figures: list[Figure]) -> None:
    """Make the pictures of those figures that have some, and write them into the run."""
    tensors: dict[str, np.ndarray] = {}
    for figure in figures:
        if figure.kind in PICTURED:
            parts = pictures(trained, figure)
            tensors |= {f"{figure.key}/{part}": np.ascontiguousarray(value) for part, value in parts.items()}
    if tensors:
        atomic_write(trained.run.file(FIGURES), safetensors.numpy.save(tensors))


def pictures(trained: LoadedRun, figure: Figure) -> dict[str, np.ndarray]:
    """The parts of one figure: images uint8 (N, C, H, W), `labels` and `indices` (N,), `vectors` float32 (N, n)."""
    if figure.kind == "strip":
        return _strip(trained, figure)
    if figure.kind == "samples":
        return _samples(trained, figure)
    if figure.kind == "corruptions":
        return _corruptions(trained, figure)
    chosen = torch.tensor(figure.images)
    clean, noisy, output = _through(trained, chosen, Corruption.parse(figure.corruption))
    parts = {"clean": clean, "output": output, "labels": trained.labels[chosen.numpy()], "indices": chosen.numpy()}
    return parts if figure.kind == "pairs" else parts | {"noisy": noisy}


def _through(trained: LoadedRun, chosen: torch.Tensor, corruption: Corruption) -> tuple[np.ndarray, ...]:
    images = trained.test[chosen.to(trained.test.device)]
    parts = list(reconstructions(trained.model, images, corruption))
    return tuple(to_uint8(torch.from_numpy(np.concatenate(column))) for column in zip(*parts, strict=True))


def _corruptions(trained: LoadedRun, figure: Figure) -> dict[str, np.ndarray]:
    chosen = torch.tensor(figure.images[:1])
    kinds = [Corruption.parse(text) for text in figure.corruptions]
    return {"clean": np.concatenate([_through(trained, chosen, kind)[1] for kind in kinds])}


@torch.inference_mode()
def _strip(trained: LoadedRun, figure: Figure) -> dict[str, np.ndarray]:
    ends = torch.tensor([figure.start, figure.end])
    corruption = Corruption.parse(figure.corruption)
    images = trained.test[ends.to(trained.test.device)]
    codes = codes_of(trained.model, images, corruption, NOISE_SEED)
    line = interpolate(codes[0], codes[1], figure.frames, figure.convention)
    noisy = _through(trained, ends, corruption)[1]
    return {"frames": _decoded(trained, line), "ends": noisy, "labels": trained.labels[ends.numpy()]}


@torch.inference_mode()
def _samples(trained: LoadedRun, figure: Figure) -> dict[str, np.ndarray]:
    codes = codes_of(trained.model, trained.test[:CODES_FOR_RANGE], trained.run.experiment().corruption, NOISE_SEED)
    vectors = random_codes(codes, figure.count, figure.distribution, SAMPLE_SEED)
    return {"frames": _decoded(trained, vectors), "vectors": vectors}


def _decoded(trained: LoadedRun, codes: np.ndarray) -> np.ndarray:
    decoded = trained.model.eval().decode(torch.from_numpy(codes).to(trained.test.device))
    return to_uint8(trained.model.to_unit(decoded))
