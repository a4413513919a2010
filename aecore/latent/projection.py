"""Codes drawn as points in two or three dimensions, and numbers that say how far to trust the drawing.

A projection is cached in its run under projections/ and needs neither torch nor the image set to be shown again. Those
made anew of a shipped run, which is read-only, lie in the store beside it and come before the shipped ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from aecore.errors import AecoreError, UserError, nearest
from aecore.metrics.projection import NEIGHBOURS

METHODS = ("pca", "tsne", "units")


MOST_PERPLEXITY, MOST_ITERATIONS = 500, 10_000


WIDE = 50
"""Codes wider than this are reduced to their first so many principal components before t-SNE looks for neighbours."""


Progress = Callable[[int, int], None]


Moved = Callable[[np.ndarray], object]
"""Told the coordinates (N, dims) while an optimisation goes on."""


def project(
    codes: np.ndarray,
    method: str,
    dims: int,
    *,
    perplexity: float = 30,
    iterations: int = 1000,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress = lambda done, total: None,
    moved: Moved = lambda points: None,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Coordinates, float32 (N, dims), of codes (N, n), and the parameters they were made with.

    pca: the first principal components; tsne: van der Maaten and Hinton (2008), started from PCA; units: the first
    units of the code as they are. t-SNE is computed on `device` (torch's name) if that is an NVIDIA GPU, else on the
    CPU; it tells its progress every ten iterations, and through `moved` where the points stand by then. Raises
    `UserError` for what cannot be drawn so, `AecoreError` for codes that hold no numbers.
    """
    check(codes.shape[1], len(codes), method, dims, perplexity, iterations)
    codes = np.ascontiguousarray(codes, np.float32)
    broken = int((~np.isfinite(codes)).any(1).sum())
    if broken:
        raise AecoreError(
            f"the codes of {broken:,} of the {len(codes):,} images are not finite numbers, so they cannot be drawn; "
            "the network may have diverged"
        )
    if method == "units":
        return codes[:, :dims].copy(), {}
    if method == "pca":
        return _pca(codes, dims)
    return _tsne(codes, dims, perplexity, iterations, seed, device, progress, moved)


def check(code_size: int, points: int, method: str, dims: int, perplexity: float = 30, iterations: int = 1000) -> None:
    """Raise `UserError` for what cannot be drawn of so many codes."""
    if method not in METHODS:
        raise UserError(f"unknown method '{method}': {nearest(method, METHODS)}")
    if dims not in (2, 3):
        raise UserError(f"a projection has 2 or 3 dimensions, not {dims}")
    if code_size < dims:
        raise UserError(f"a code of {code_size} has no {dims} dimensions to show")
    if points <= 2 * NEIGHBOURS:
        raise UserError(f"a drawing of {points} points says nothing; it takes more than {2 * NEIGHBOURS}")
    if method != "tsne":
        return
    if not 1 <= perplexity <= MOST_PERPLEXITY:
        raise UserError(f"t-SNE's perplexity is between 1 and {MOST_PERPLEXITY}, not {perplexity:g}")
    if not 10 <= iterations <= MOST_ITERATIONS:
        raise UserError(f"t-SNE takes between 10 and {MOST_ITERATIONS:,} iterations, not {iterations:,}")
    if points < 3 * perplexity + 2:
        raise UserError(f"t-SNE with perplexity {perplexity:g} needs more than {3 * perplexity + 1:.0f} points")


def _pca(codes: np.ndarray, dims: int) -> tuple[np.ndarray, dict[str, Any]]:
    from sklearn.decomposition import PCA

    model = PCA(dims, random_state=0)
    with np.errstate(invalid="ignore"):  # constant codes have no variance to share out
        points = model.fit_transform(codes.astype(np.float64)).astype(np.float32)
    return points, {"explained_variance": float(np.nan_to_num(model.explained_variance_ratio_).sum())}


def _tsne(
    codes: np.ndarray,
    dims: int,
    perplexity: float,
    iterations: int,
    seed: int,
    device: str,
    progress: Progress,
    moved: Moved,
) -> tuple[np.ndarray, dict[str, Any]]:
    parameters = {"perplexity": perplexity, "iterations": iterations, "seed": seed}
    if codes.shape[1] > WIDE:
        codes = _pca(codes, WIDE)[0]
        parameters["components"] = WIDE
    if not np.any(np.ptp(codes, axis=0)):
        return np.zeros((len(codes), dims), np.float32), parameters  # a dead code has nothing to spread out
    from aecore.latent.tsne import embed  # torch, only now

    def told(done: int, points: Callable[[], np.ndarray]) -> None:
        progress(done, iterations)
        moved(points())

    points = embed(codes, dims, perplexity=perplexity, iterations=iterations, seed=seed, device=device, told=told)
    return points, parameters


def project_new(codes: np.ndarray, points: np.ndarray, new: np.ndarray, method: str) -> np.ndarray:
    """Where new codes (M, n) stand among the drawn `points` (N, dims) of `codes` (N, n), float32 (M, dims).

    PCA and units are affine maps of the code, found again from the pairs: exact. In a t-SNE a new code goes among its
    ten nearest, weighted by 1 / distance².
    """
    if method == "units":
        return new[:, : points.shape[1]].astype(np.float32)
    codes, new = codes.astype(np.float64), new.astype(np.float64)
    if method == "pca":
        middle, centre = codes.mean(0), points.mean(0, dtype=np.float64)
        directions = np.linalg.lstsq(codes - middle, points - centre, rcond=None)[0]
        return ((new - middle) @ directions + centre).astype(np.float32)
    found = []
    for code in new:
        squares = np.square(codes - code).sum(1)
        nearest_rows = np.argsort(squares, kind="stable")[:NEIGHBOURS]
        weights = 1 / np.maximum(squares[nearest_rows], 1e-12)
        found.append(weights @ points[nearest_rows] / weights.sum())
    return np.asarray(found, np.float32)
