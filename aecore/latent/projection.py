"""Projecting codes to points in two or three dimensions: PCA, t-SNE, the first units of the code, UMAP or PaCMAP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from aecore.errors import AecoreError, UserError, nearest
from aecore.latent import packages
from aecore.metrics.projection import NEIGHBOURS, equal_codes

TITLES = {"pca": "PCA", "tsne": "t-SNE", "units": "Units", "umap": "UMAP", "pacmap": "PaCMAP"}
"""Of every method, as pages and charts call it."""
METHODS = tuple(TITLES)
AT_ONCE = ("pca", "units")
"""Those that take a moment."""
SHIPPED = ("pca", "tsne", "units")
"""Those that need no further package: the gallery's runs have them."""
SEEDED = ("umap", "pacmap")
"""Those whose only option of ours is the seed."""
REPULSION = ("auto", "exact", "grid")
"""How t-SNE's repulsion may be summed: over all pairs, on a grid, or as is faster here."""
MOST_PERPLEXITY, MOST_ITERATIONS = 500, 10_000
TSNE_COMPONENTS = 50
"""Wider codes are reduced to this many principal components before t-SNE."""
WIDEST_EXACT = 4096
"""Of wider codes the principal components are computed in float32: ten thousand of 65,536 numbers, in float64 and
centred, have 10 GB."""
EQUAL_SHARE = 0.5
"""From this share of equal codes on, the parameters say how many there are."""

Progress = Callable[[int, int], None]
"""Called as `progress(done, total)`, in iterations."""
OnMove = Callable[[np.ndarray], object]
"""Called with the coordinates so far, (N, dims), during an optimisation."""


def project(
    codes: np.ndarray,
    method: str,
    dims: int,
    *,
    perplexity: float = 30,
    iterations: int = 1000,
    seed: int = 0,
    repulsion: str = "auto",
    device: str = "cpu",
    progress: Progress = lambda done, total: None,
    moved: OnMove = lambda points: None,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Coordinates, float32 (N, dims), of codes (N, n), and the parameters they were made with.

    pca: the first principal components; tsne: van der Maaten and Hinton (2008), started from PCA; units: the first
    units of the code as they are; umap and pacmap: see `aecore.latent.packages`. If all codes are equal, so are all
    points; from half of them on the parameters have `equal_codes`, how many are. t-SNE is computed on `device` (torch's
    name) if that is an NVIDIA GPU, else on the CPU, with one way of `REPULSION`, which the parameters name; every ten
    iterations it calls `progress`, and `moved` with the points so far. Raises `UserError` for options
    that do not fit the codes or need a package that is not installed, `AecoreError` for codes that are not finite.
    """
    check(codes.shape[1], len(codes), method, dims, perplexity, iterations, repulsion)
    codes = np.ascontiguousarray(codes, np.float32)
    broken = int((~np.isfinite(codes)).any(1).sum())
    if broken:
        raise AecoreError(
            f"the codes of {broken:,} of the {len(codes):,} images are not finite, so they cannot be projected; "
            "the network may have diverged"
        )
    equal = equal_codes(codes)
    about = {"equal_codes": equal} if equal >= EQUAL_SHARE * len(codes) else {}
    if equal == len(codes) and method != "units":
        options = {"perplexity": perplexity, "iterations": iterations, "seed": seed} if method == "tsne" else {}
        options = {"seed": seed} if method in SEEDED else options
        return np.zeros((len(codes), dims), np.float32), options | about  # any other layout would be that of rounding
    points, made = _project(codes, method, dims, perplexity, iterations, seed, repulsion, device, progress, moved)
    return points, made | about


def _project(
    codes: np.ndarray,
    method: str,
    dims: int,
    perplexity: float,
    iterations: int,
    seed: int,
    repulsion: str,
    device: str,
    progress: Progress,
    moved: OnMove,
) -> tuple[np.ndarray, dict[str, Any]]:
    if method == "units":
        return codes[:, :dims].copy(), {}
    if method == "pca":
        return _pca(codes, dims)
    if method == "umap":
        return _with_seed(seed, packages.umap(codes, dims, seed, progress))
    if method == "pacmap":
        return _with_seed(seed, packages.pacmap(codes, dims, seed))
    return _tsne(codes, dims, perplexity, iterations, seed, repulsion, device, progress, moved)


def _with_seed(seed: int, made: tuple[np.ndarray, dict[str, Any]]) -> tuple[np.ndarray, dict[str, Any]]:
    return made[0], {"seed": seed} | made[1]


def available_methods() -> tuple[str, ...]:
    """The methods that can be computed here."""
    return tuple(method for method in METHODS if packages.installed(method))


def check(
    code_size: int,
    points: int,
    method: str,
    dims: int,
    perplexity: float = 30,
    iterations: int = 1000,
    repulsion: str = "auto",
) -> None:
    """Raise `UserError` for a projection that is not possible with so many codes of that size."""
    if method not in METHODS:
        raise UserError(f"unknown method '{method}': {nearest(method, METHODS)}")
    packages.require(method)
    if dims not in (2, 3):
        raise UserError(f"a projection has 2 or 3 dimensions, not {dims}")
    if code_size < dims:
        raise UserError(f"a code of size {code_size} cannot be projected to {dims} dimensions")
    if points <= 2 * NEIGHBOURS:
        raise UserError(f"a projection needs more than {2 * NEIGHBOURS} points, not {points}")
    if method != "tsne":
        return
    if repulsion not in REPULSION:
        raise UserError(f"unknown repulsion '{repulsion}': {nearest(repulsion, REPULSION)}")
    if not 1 <= perplexity <= MOST_PERPLEXITY:
        raise UserError(f"t-SNE's perplexity is between 1 and {MOST_PERPLEXITY}, not {perplexity:g}")
    if not 10 <= iterations <= MOST_ITERATIONS:
        raise UserError(f"t-SNE takes between 10 and {MOST_ITERATIONS:,} iterations, not {iterations:,}")
    if points < 3 * perplexity + 2:
        raise UserError(f"t-SNE with perplexity {perplexity:g} needs more than {3 * perplexity + 1:.0f} points")


def _pca(codes: np.ndarray, dims: int) -> tuple[np.ndarray, dict[str, Any]]:
    from sklearn.decomposition import PCA

    model = PCA(dims, random_state=0)
    exact = np.float64 if codes.shape[1] <= WIDEST_EXACT else np.float32
    points = model.fit_transform(codes.astype(exact)).astype(np.float32)
    return points, {"explained_variance": float(model.explained_variance_ratio_.sum())}


def for_tsne(codes: np.ndarray) -> tuple[np.ndarray, dict[str, int]]:
    """What t-SNE is computed from, of finite codes (N, n): where they are wide, as many of their principal components
    as `components` says, which is then the second result."""
    if codes.shape[1] <= TSNE_COMPONENTS:
        return codes, {}
    components = min(TSNE_COMPONENTS, len(codes))  # of so few points these are all that there are
    # t-SNE does not depend on the scale, and the components of large numbers overflow.
    return _pca(codes / np.abs(codes).max(), components)[0], {"components": components}


def _tsne(
    codes: np.ndarray,
    dims: int,
    perplexity: float,
    iterations: int,
    seed: int,
    repulsion: str,
    device: str,
    progress: Progress,
    moved: OnMove,
) -> tuple[np.ndarray, dict[str, Any]]:
    codes, narrowed = for_tsne(codes)
    parameters = {"perplexity": perplexity, "iterations": iterations, "seed": seed} | narrowed
    from aecore.latent.tsne import embed  # torch, only now

    def on_progress(done: int, points: Callable[[], np.ndarray]) -> None:
        progress(done, iterations)
        moved(points())

    ways: list[str] = []
    options = {"perplexity": perplexity, "iterations": iterations, "seed": seed, "device": device}
    points = embed(codes, dims, repulsion=repulsion, on_progress=on_progress, on_choice=ways.append, **options)
    return points, parameters | {"repulsion": ways[0]}


def project_new(codes: np.ndarray, points: np.ndarray, new: np.ndarray, method: str) -> np.ndarray:
    """The coordinates of new codes (M, n) in the projection of `codes` (N, n) to `points` (N, dims), float32 (M, dims).

    PCA and units are affine maps of the code, recovered exactly from the pairs. Elsewhere a new code gets the mean of
    its ten nearest neighbours' points, weighted by 1 / distance².
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
