"""Codes drawn as points in two or three dimensions, and numbers that say how far to trust the drawing.

A projection is cached in its run under projections/ and needs neither torch nor the image set to be shown again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from aecore.errors import MistakeError, nearest
from aecore.store import PROJECTIONS, DamagedError, Run, write_whole

METHODS = ("pca", "tsne", "units")
NEIGHBOURS = 10
EXAGGERATED = 250
"""Of t-SNE's iterations, so many are spent on early exaggeration, as openTSNE and scikit-learn do."""
WIDE = 50
"""Codes wider than this are reduced to their first so many principal components before t-SNE looks for neighbours."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Projection:
    """N codes as points. `coordinates` float32 (N, dims), `labels` uint8 (N,), `indices` int64 (N,) in the test set."""

    method: str
    coordinates: np.ndarray
    labels: np.ndarray
    indices: np.ndarray
    parameters: dict[str, Any] = field(default_factory=dict)
    """How it was made: perplexity, iterations, seed, corruption of the images."""
    quality: dict[str, float] = field(default_factory=dict)
    """trustworthiness, knn_accuracy (of the drawing), code_knn_accuracy (of the codes themselves) and, of PCA,
    explained_variance; all from 0 to 1."""

    @property
    def dims(self) -> int:
        return self.coordinates.shape[1]

    def save(self, run: Run) -> None:
        """Write it into its run."""
        folder = run.file(PROJECTIONS)
        folder.mkdir(exist_ok=True)
        arrays = {
            # Half the bytes, and off by no more than a thousandth of a point's distance from the middle.
            "coordinates": self.coordinates.astype(np.float16 if _fits_half(self.coordinates) else np.float32),
            "labels": self.labels,
            "indices": self.indices.astype(np.int32),
        }
        about = json.dumps({"method": self.method, "parameters": self.parameters, "quality": self.quality})
        write_whole(
            folder / f"{self.method}-{self.dims}d.safetensors", safetensors.numpy.save(arrays, {"about": about})
        )


def cached(run: Run, method: str, dims: int) -> Projection | None:
    """The run's saved projection of that kind, if there is one. Raises `DamagedError` when it cannot be read."""
    path = run.file(PROJECTIONS) / f"{method}-{dims}d.safetensors"
    if not path.exists():
        return None
    try:
        with safetensors.safe_open(path, framework="np") as file:
            about = json.loads(file.metadata()["about"])
            arrays = {name: file.get_tensor(name) for name in ("coordinates", "labels", "indices")}
        count = len(arrays["coordinates"])
        if arrays["coordinates"].shape != (count, dims) or any(len(a) != count for a in arrays.values()):
            raise ValueError("its arrays do not fit together")
        arrays["coordinates"] = arrays["coordinates"].astype(np.float32)
        arrays["indices"] = arrays["indices"].astype(np.int64)
        return Projection(method, **arrays, parameters=dict(about["parameters"]), quality=dict(about["quality"]))
    except (safetensors.SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"run {run.id}: {path.name} cannot be read: {str(error).splitlines()[0]}") from None


def _fits_half(coordinates: np.ndarray) -> bool:
    """Whether float16 holds them: none too large, and the drawing wide enough around its middle."""
    largest = np.abs(coordinates).max(initial=0)
    return bool(1e-2 < largest < 6e4) and float(np.ptp(coordinates, axis=0).max(initial=0)) > 0.2 * largest


def project(
    codes: np.ndarray,
    method: str,
    dims: int,
    *,
    perplexity: float = 30,
    iterations: int = 1000,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Coordinates, float32 (N, dims), of codes (N, n), and the parameters they were made with.

    pca: the first principal components; tsne: van der Maaten and Hinton (2008) by openTSNE, started from PCA; units:
    the first units of the code as they are. Raises `MistakeError` for what cannot be drawn so.
    """
    if method not in METHODS:
        raise MistakeError(f"unknown method '{method}': {nearest(method, METHODS)}")
    if dims not in (2, 3):
        raise MistakeError(f"a projection has 2 or 3 dimensions, not {dims}")
    if codes.shape[1] < dims:
        raise MistakeError(f"a code of {codes.shape[1]} has no {dims} dimensions to show")
    if len(codes) <= 2 * NEIGHBOURS:
        raise MistakeError(f"a drawing of {len(codes)} points says nothing; it takes more than {2 * NEIGHBOURS}")
    codes = np.ascontiguousarray(codes, np.float32)
    if method == "units":
        return codes[:, :dims].copy(), {}
    if method == "pca":
        return _pca(codes, dims)
    if len(codes) < 3 * perplexity + 2:
        raise MistakeError(f"t-SNE with perplexity {perplexity:g} needs more than {3 * perplexity + 1:.0f} points")
    return _tsne(codes, dims, perplexity, iterations, seed, progress)


def _pca(codes: np.ndarray, dims: int) -> tuple[np.ndarray, dict[str, Any]]:
    from sklearn.decomposition import PCA

    model = PCA(dims, random_state=0)
    with np.errstate(invalid="ignore"):  # constant codes have no variance to share out
        points = model.fit_transform(codes.astype(np.float64)).astype(np.float32)
    return points, {"explained_variance": float(np.nan_to_num(model.explained_variance_ratio_).sum())}


def _tsne(
    codes: np.ndarray, dims: int, perplexity: float, iterations: int, seed: int, progress: Progress
) -> tuple[np.ndarray, dict[str, Any]]:
    from openTSNE import TSNE

    parameters = {"perplexity": perplexity, "iterations": iterations, "seed": seed}
    if codes.shape[1] > WIDE:
        codes = _pca(codes, WIDE)[0]
        parameters["components"] = WIDE
    if not np.any(codes.std(0)):
        return np.zeros((len(codes), dims), np.float32), parameters  # a dead code has nothing to spread out
    done = 0

    def every(iteration: int, _error: float, _embedding: np.ndarray) -> None:
        nonlocal done
        done += 10
        progress(min(done, iterations), iterations)

    early = min(EXAGGERATED, iterations // 4)
    embedding = TSNE(
        dims,
        perplexity=perplexity,  # type: ignore[arg-type]  # any positive number does
        early_exaggeration_iter=early,
        n_iter=iterations - early,
        # Interpolation on a grid is made for two dimensions; the tree of Barnes and Hut serves three.
        negative_gradient_method="fft" if dims == 2 else "bh",
        random_state=seed,
        n_jobs=-1,
        callbacks=every,
        callbacks_every_iters=10,
    ).fit(codes)
    progress(iterations, iterations)
    return np.asarray(embedding, np.float32), parameters


def quality(codes: np.ndarray, points: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Trustworthiness, and how many labels the ten nearest neighbours tell, in the drawing and in the codes."""
    return {
        "trustworthiness": trustworthiness(codes, points),
        "knn_accuracy": knn_accuracy(points, labels),
        "code_knn_accuracy": knn_accuracy(codes, labels),
    }


def trustworthiness(codes: np.ndarray, points: np.ndarray, neighbours: int = NEIGHBOURS) -> float:
    """How far neighbours in the drawing are neighbours in the codes, 0 to 1 (Venna and Kaski 2001).

    1 − 2 / (N·k·(2N − 3k − 1)) · Σ over points i and drawn neighbours j of max(0, rank of j in the codes − k). Needs
    k < N / 2. Memory grows with N only, not with N².
    """
    count = len(codes)
    if neighbours >= count / 2:
        raise ValueError(f"{neighbours} neighbours are too many for {count} points")
    drawn = _nearest(points, neighbours)
    codes = np.asarray(codes, np.float64)
    squares = np.einsum("ij,ij->i", codes, codes)
    penalty = 0.0
    for start in range(0, count, 200):
        rows = slice(start, min(start + 200, count))
        distances = squares[None] - 2 * codes[rows] @ codes.T  # the row's own square changes no rank
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
        theirs = np.take_along_axis(distances, drawn[rows], axis=1)
        distances.sort(axis=1)
        ranks = np.stack([np.searchsorted(line, own) + 1 for line, own in zip(distances, theirs, strict=True)])
        penalty += float(np.maximum(ranks - neighbours, 0).sum())
    return 1 - penalty * 2 / (count * neighbours * (2 * count - 3 * neighbours - 1))


def knn_accuracy(points: np.ndarray, labels: np.ndarray, neighbours: int = NEIGHBOURS) -> float:
    """Share of points whose label is the commonest among their nearest neighbours, themselves left out."""
    near = labels[_nearest(points, neighbours)]
    classes = np.unique(labels)
    votes = np.stack([(near == label).sum(1) for label in classes], axis=1)
    return float(np.mean(classes[votes.argmax(1)] == labels))


def _nearest(points: np.ndarray, neighbours: int) -> np.ndarray:
    """Numbers of the nearest points of every point, itself left out, int (N, k)."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=neighbours).fit(points)
    return search.kneighbors(return_distance=False)
