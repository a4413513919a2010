"""Quantised codes without torch: the vectors there are, their numbers, and how evenly they are used."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from aecore.config.model import Model
from aecore.models.layer import Plan
from aecore.runs.run import WEIGHTS, Run


class CodebookUse(NamedTuple):
    """How the vectors of a quantised code are used by some images."""

    used: int
    of: int
    perplexity: float
    """exp of the entropy of their shares, from 1 (one vector for all) to `of` (each as often as any other)."""


def vectors_of(run: Run) -> np.ndarray:
    """All vectors of a run's quantised code, float32 (K, C), in the order of their numbers. Raises `DamagedError` when
    the weights cannot be read."""
    model = run.experiment().model
    if model.bottleneck.quantise == "vq":
        return np.asarray(run.tensors(WEIGHTS)["quantiser.codebook"], np.float32)
    return scalar_vectors(model)


def scalar_vectors(model: Model) -> np.ndarray:
    """Those of finite scalar quantisation: every combination of levels, the first number counting fastest."""
    levels = model.bottleneck.levels
    axes = [(np.arange(count) - count // 2) / (count // 2) for count in levels]
    grids = np.meshgrid(*reversed(axes), indexing="ij")
    return np.stack([grid.ravel() for grid in reversed(grids)], axis=1).astype(np.float32)


def indices_of(codes: np.ndarray, plan: Plan, vectors: np.ndarray) -> np.ndarray:
    """The numbers of the nearest vectors of codes (N, n), int64 (N, h, w)."""
    channels, height, width = plan.code_map
    rows = codes.reshape(len(codes), channels, height * width).transpose(0, 2, 1).reshape(-1, channels)
    found = np.empty(len(rows), np.int64)
    for start in range(0, len(rows), 10_000):
        piece = rows[start : start + 10_000]
        found[start : start + 10_000] = np.argmin(np.square(vectors).sum(1) - 2 * piece @ vectors.T, axis=1)
    return found.reshape(len(codes), height, width)


def use_of(indices: np.ndarray, of: int) -> CodebookUse:
    """How many of `of` vectors are among these numbers, and how evenly."""
    counts = np.bincount(indices.ravel(), minlength=of)
    shares = counts[counts > 0] / counts.sum()
    return CodebookUse(int((counts > 0).sum()), of, float(np.exp(-(shares * np.log(shares)).sum())))


def shuffled_places(codes: np.ndarray, plan: Plan, count: int, seed: int) -> np.ndarray:
    """Random codes, float32 (count, n): at each place the vector that one of the real `codes` (N, n), drawn for this
    place alone, has there. Every vector is as likely as it is at that place, whatever the others are."""
    draw = np.random.default_rng(seed)
    channels, height, width = plan.code_map
    maps = codes.reshape(len(codes), channels, height * width)
    chosen = draw.integers(0, len(codes), (count, height * width))
    taken = maps[chosen, :, np.arange(height * width)]  # (count, places, channels)
    return np.ascontiguousarray(taken.transpose(0, 2, 1).reshape(count, -1), np.float32)
