"""The images of a report's figures, made once from a run and saved in it, so that pages need neither torch nor data.

figures.safetensors holds them under KEY/PART for each figure's key: uint8 images (N, C, H, W), labels, indices, codes.
"""

from __future__ import annotations

import numpy as np
import safetensors.numpy
import torch

from aecore.config.corruption import Corruption
from aecore.data.convert import to_uint8
from aecore.inference import LoadedRun
from aecore.latent.encode import codes_of
from aecore.latent.interpolation import interpolate, random_codes
from aecore.metrics.evaluation import NOISE_SEED, reconstructions
from aecore.reports.definition import IMAGE_KINDS, Figure
from aecore.runs.run import FIGURES

SAMPLE_SEED = 40_001
CODES_FOR_RANGE = 2000


def save_figures(loaded: LoadedRun, figures: list[Figure]) -> None:
    """Make the images of those figures that have some, and write them into the run."""
    tensors: dict[str, np.ndarray] = {}
    for figure in figures:
        if figure.kind in IMAGE_KINDS:
            parts = figure_images(loaded, figure)
            tensors |= {f"{figure.key}/{part}": np.ascontiguousarray(value) for part, value in parts.items()}
    if tensors:
        loaded.run.write_files({FIGURES: safetensors.numpy.save(tensors)})


def figure_images(loaded: LoadedRun, figure: Figure) -> dict[str, np.ndarray]:
    """The parts of one figure: images uint8 (N, C, H, W), `labels` and `indices` (N,), `vectors` float32 (N, n)."""
    if figure.kind == "strip":
        return _strip(loaded, figure)
    if figure.kind == "samples":
        return _samples(loaded, figure)
    if figure.kind == "corruptions":
        return _corruptions(loaded, figure)
    chosen = torch.tensor(figure.images)
    clean, noisy, output = _reconstruct(loaded, chosen, Corruption.parse(figure.corruption))
    parts = {"clean": clean, "output": output, "labels": loaded.labels[chosen.numpy()], "indices": chosen.numpy()}
    return parts if figure.kind == "pairs" else parts | {"noisy": noisy}


def _reconstruct(loaded: LoadedRun, chosen: torch.Tensor, corruption: Corruption) -> tuple[np.ndarray, ...]:
    images = loaded.test[chosen.to(loaded.test.device)]
    parts = list(reconstructions(loaded.model, images, corruption, classes=loaded.labels[chosen.numpy()]))
    return tuple(to_uint8(torch.from_numpy(np.concatenate(column))) for column in zip(*parts, strict=True))


def _corruptions(loaded: LoadedRun, figure: Figure) -> dict[str, np.ndarray]:
    chosen = torch.tensor(figure.images[:1])
    kinds = [Corruption.parse(text) for text in figure.corruptions]
    return {"clean": np.concatenate([_reconstruct(loaded, chosen, kind)[1] for kind in kinds])}


@torch.inference_mode()
def _strip(loaded: LoadedRun, figure: Figure) -> dict[str, np.ndarray]:
    ends = torch.tensor([figure.start, figure.end])
    corruption = Corruption.parse(figure.corruption)
    images = loaded.test[ends.to(loaded.test.device)]
    codes = codes_of(loaded.model, images, corruption, NOISE_SEED)
    line = interpolate(codes[0], codes[1], figure.frames, figure.convention)
    noisy = _reconstruct(loaded, ends, corruption)[1]
    return {"frames": _decoded(loaded, line), "ends": noisy, "labels": loaded.labels[ends.numpy()]}


@torch.inference_mode()
def _samples(loaded: LoadedRun, figure: Figure) -> dict[str, np.ndarray]:
    codes = codes_of(loaded.model, loaded.test[:CODES_FOR_RANGE], loaded.run.experiment().corruption, NOISE_SEED)
    vectors = random_codes(codes, figure.count, figure.distribution, SAMPLE_SEED)
    return {"frames": _decoded(loaded, vectors), "vectors": vectors}


def _decoded(loaded: LoadedRun, codes: np.ndarray) -> np.ndarray:
    decoded = loaded.model.eval().decode(torch.from_numpy(codes).to(loaded.test.device))
    return to_uint8(loaded.model.to_unit(decoded))
