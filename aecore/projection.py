"""Codes drawn as points in two or three dimensions, and numbers that say how far to trust the drawing.

A projection is cached in its run under projections/ and needs neither torch nor the image set to be shown again. Those
made anew of a shipped run, which is read-only, lie in the store beside it and come before the shipped ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from aecore import demo
from aecore.errors import AecoreError, MistakeError, nearest
from aecore.store import PROJECTIONS, DamagedError, Run, write_whole

METHODS = ("pca", "tsne", "units")
NEIGHBOURS = 10
MOST_PERPLEXITY, MOST_ITERATIONS = 500, 10_000
WIDE = 50
"""Codes wider than this are reduced to their first so many principal components before t-SNE looks for neighbours."""

Progress = Callable[[int, int], None]
Moved = Callable[[np.ndarray], object]
"""Told the coordinates (N, dims) while an optimisation goes on."""


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

    def save(self, run: Run, ship: bool = False) -> None:
        """Keep it with its run: in `folder(run)`, or with `ship` in the run itself even where it is a shipped one."""
        target = run.file(PROJECTIONS) if ship else folder(run)
        target.mkdir(parents=True, exist_ok=True)
        arrays = {
            # Half the bytes, and off by no more than a thousandth of a point's distance from the middle.
            "coordinates": self.coordinates.astype(np.float16 if _fits_half(self.coordinates) else np.float32),
            "labels": self.labels,
            "indices": self.indices.astype(np.int32),
        }
        about = json.dumps({"method": self.method, "parameters": self.parameters, "quality": self.quality})
        write_whole(target / file_name(self.method, self.dims), safetensors.numpy.save(arrays, {"about": about}))


def file_name(method: str, dims: int) -> str:
    return f"{method}-{dims}d.safetensors"


def folder(run: Run) -> Path:
    """Where new projections of the run go: into the run, or for a shipped one into projections/ID of the store."""
    return run.path.parent.parent / PROJECTIONS / run.id if run.shipped else run.file(PROJECTIONS)


def places(run: Run, method: str, dims: int) -> tuple[Path, ...]:
    """The files that may hold the run's projection of that kind, the preferred one first."""
    own, shipped = folder(run) / file_name(method, dims), run.file(PROJECTIONS) / file_name(method, dims)
    return (own,) if own == shipped else (own, shipped)


def replaced(run: Run, method: str, dims: int) -> bool:
    """Whether a new projection stands in place of a shipped one."""
    return run.shipped and all(path.exists() for path in places(run, method, dims))


def restore(run: Run, method: str, dims: int) -> None:
    """Forget the new projection that stands in place of a shipped one. Raises `MistakeError` where there is none."""
    demo.refuse("changing projections")
    if not replaced(run, method, dims):
        raise MistakeError(f"no projection of run {run.id} stands in place of its shipped {method} in {dims}D")
    places(run, method, dims)[0].unlink(missing_ok=True)


def cached(run: Run, method: str, dims: int, ship: bool = False) -> Projection | None:
    """The run's saved projection of that kind, if there is one; with `ship` only what is in the run itself.

    Raises `DamagedError` when it cannot be read.
    """
    found = [path for path in places(run, method, dims)[-1 if ship else 0 :] if path.exists()]
    if not found:
        return None
    path = found[0]
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
    device: str = "cpu",
    progress: Progress = lambda done, total: None,
    moved: Moved = lambda points: None,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Coordinates, float32 (N, dims), of codes (N, n), and the parameters they were made with.

    pca: the first principal components; tsne: van der Maaten and Hinton (2008), started from PCA; units: the first
    units of the code as they are. t-SNE is computed on `device` (torch's name) if that is an NVIDIA GPU, else on the
    CPU; it tells its progress every ten iterations, and through `moved` where the points stand by then. Raises
    `MistakeError` for what cannot be drawn so, `AecoreError` for codes that hold no numbers.
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
    """Raise `MistakeError` for what cannot be drawn of so many codes."""
    if method not in METHODS:
        raise MistakeError(f"unknown method '{method}': {nearest(method, METHODS)}")
    if dims not in (2, 3):
        raise MistakeError(f"a projection has 2 or 3 dimensions, not {dims}")
    if code_size < dims:
        raise MistakeError(f"a code of {code_size} has no {dims} dimensions to show")
    if points <= 2 * NEIGHBOURS:
        raise MistakeError(f"a drawing of {points} points says nothing; it takes more than {2 * NEIGHBOURS}")
    if method != "tsne":
        return
    if not 1 <= perplexity <= MOST_PERPLEXITY:
        raise MistakeError(f"t-SNE's perplexity is between 1 and {MOST_PERPLEXITY}, not {perplexity:g}")
    if not 10 <= iterations <= MOST_ITERATIONS:
        raise MistakeError(f"t-SNE takes between 10 and {MOST_ITERATIONS:,} iterations, not {iterations:,}")
    if points < 3 * perplexity + 2:
        raise MistakeError(f"t-SNE with perplexity {perplexity:g} needs more than {3 * perplexity + 1:.0f} points")


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
    from aecore.tsne import embed  # torch, only now

    def told(done: int, points: Callable[[], np.ndarray]) -> None:
        progress(done, iterations)
        moved(points())

    points = embed(codes, dims, perplexity=perplexity, iterations=iterations, seed=seed, device=device, told=told)
    return points, parameters


def place(codes: np.ndarray, points: np.ndarray, new: np.ndarray, method: str) -> np.ndarray:
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
        # Counting who is nearer takes a quarter of the time of sorting every row.
        nearer = [[np.count_nonzero(line < own) for own in owns] for line, owns in zip(distances, theirs, strict=True)]
        penalty += float(np.maximum(np.array(nearer) + 1 - neighbours, 0).sum())
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
