"""The codes of every kept epoch as points in one frame, so that they can be played as a film.

PCA: the components of the last epoch, applied to all; it takes a moment and is computed wherever it is shown. t-SNE
takes minutes and is saved with the run's other projections.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from aecore.errors import DamagedError, OutdatedError
from aecore.files import reason
from aecore.latent.epoch_codes import EpochCodes
from aecore.latent.principal_axes import principal_axes
from aecore.latent.projection import Progress, check, for_tsne
from aecore.latent.projection_store import projection_folder, write_projection
from aecore.metrics.projection import trustworthiness
from aecore.runs import sums
from aecore.runs.run import EPOCH_CODES, PROJECTIONS, Run
from aecore.runs.tensor_files import check_finite, check_shapes, check_whole, read_arrays

METHODS = ("pca", "tsne")
NEXT_ITERATIONS = 200
"""Of t-SNE: an epoch that starts where the one before has ended needs fewer than the first."""


@dataclass(frozen=True)
class EpochProjection:
    """N test images after each of E epochs, in one frame."""

    method: str
    epochs: np.ndarray
    """int32 (E,), ascending."""
    coordinates: np.ndarray
    """float32 (E, N, dims)."""
    labels: np.ndarray
    """uint8 (N,)."""
    indices: np.ndarray
    """int64 (N,), in the test set."""
    faithful: np.ndarray
    """float32 (E,), from 0 to 1: of PCA the share of the epoch's variance that the components preserve, of t-SNE the
    trustworthiness for ten neighbours; NaN where all codes of the epoch are equal."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """`corruption` of the images; of PCA `of_epoch`, whose components they are; of t-SNE `perplexity`, `iterations` of
    the first epoch and of each `next`, `seed`, and `components` where wide codes were reduced to so many first."""
    codes: str = ""
    """SHA-256 of the file of the codes."""

    @property
    def dims(self) -> int:
        return self.coordinates.shape[2]

    @property
    def quality(self) -> dict[str, float]:
        """That of the last epoch, by the names of other projections."""
        name = "explained_variance" if self.method == "pca" else "trustworthiness"
        return {name: float(self.faithful[-1])} if np.isfinite(self.faithful[-1]) else {}

    @property
    def remark(self) -> str:
        """What keeps it from saying anything; usually empty."""
        return "" if np.isfinite(self.faithful).any() else "in every epoch all codes are equal: the code says nothing"

    def save(self, run: Run) -> None:
        """Save it beside the run's other projections."""
        arrays = {
            "epochs": self.epochs.astype(np.int32),
            "coordinates": self.coordinates.astype(np.float32),
            "labels": self.labels.astype(np.uint8),
            "indices": self.indices.astype(np.int32),
            "faithful": self.faithful.astype(np.float32),
        }
        about = {"method": self.method, "parameters": self.parameters, "codes": self.codes}
        content = safetensors.numpy.save(arrays, {"about": json.dumps(about)})
        write_projection(run, projection_file(run, self.method, self.dims), content)


def file_name(method: str, dims: int) -> str:
    return f"{method}-{dims}d-epochs.safetensors"


def projection_file(run: Run, method: str, dims: int) -> Path:
    return projection_folder(run) / file_name(method, dims)


def read_epoch_projection(run: Run, method: str, dims: int) -> EpochProjection | None:
    """The run's saved projection over its epochs of that kind, if there is one. Raises `DamagedError` when it cannot be
    read, `OutdatedError` where it is that of other codes than the run has now."""
    path = projection_file(run, method, dims)
    if not os.path.lexists(path):
        return None
    if path.parent == run.file(PROJECTIONS):
        run.check(f"{PROJECTIONS}/{path.name}")
    try:
        arrays, about = read_arrays(path, "about")
        epochs, count = len(arrays.get("epochs", ())), len(arrays.get("indices", ()))
        shapes: dict[str, tuple[int | None, ...]] = {"epochs": (epochs,), "faithful": (epochs,)}
        shapes |= {"indices": (count,), "labels": (count,)}
        check_shapes(arrays, shapes | {"coordinates": (epochs, count, dims)})
        check_finite(arrays, "coordinates")
        check_whole(arrays, "epochs", "indices", "labels")
        made_from = str(about["codes"])
        if made_from not in sums.digests(run.path, EPOCH_CODES):
            raise OutdatedError(f"run {run.id}: {path.name} was made from other codes than the run has now")
        return EpochProjection(
            method,
            arrays["epochs"].astype(np.int32),
            arrays["coordinates"].astype(np.float32),
            arrays["labels"].astype(np.uint8),
            arrays["indices"].astype(np.int64),
            arrays["faithful"].astype(np.float32),
            dict(about["parameters"]),
            made_from,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"run {run.id}: {path.name} cannot be read: {reason(error)}") from None


def align(points: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """Points (N, dims) turned, mirrored and moved, but not scaled, so that they lie as near as possible to the same
    rows of `onto` in the sum of squares (orthogonal Procrustes; Schönemann 1966). A layout of t-SNE has no direction of
    its own: this takes away what would otherwise look like a movement of all points."""
    middle, target = points.mean(axis=0), onto.mean(axis=0)
    u, _, vt = np.linalg.svd((points - middle).T.astype(np.float64) @ (onto - target).astype(np.float64))
    return ((points - middle) @ (u @ vt) + target).astype(points.dtype)


def pca_over_epochs(codes: EpochCodes, dims: int) -> EpochProjection:
    """The principal components of the last epoch, applied to the codes of all.

    One linear map for all epochs: what moves has moved in the code. An early epoch may spread in directions that the
    last does not use; `faithful` says how much of it is seen. Where all codes of the last epoch are equal, as after a
    collapse, it is the last epoch before that. Raises `UserError` for codes with fewer units than `dims`.
    """
    check(codes.codes.shape[2], codes.codes.shape[1], "pca", dims)
    variances = codes.codes.var(axis=1, dtype=np.float64).sum(axis=1)
    told = _told(codes)
    of = told[-1] if told else len(codes.epochs) - 1
    last = codes.codes[of].astype(np.float64)
    middle = last.mean(axis=0)
    axes = principal_axes(last - middle, dims)
    points = (codes.codes - middle.astype(np.float32)) @ axes.astype(np.float32)
    kept = points.var(axis=1, dtype=np.float64).sum(axis=1)
    faithful = np.full(len(codes.epochs), np.nan)
    faithful[told] = np.minimum(kept[told] / variances[told], 1)
    parameters = {"corruption": codes.corruption, "of_epoch": int(codes.epochs[of])}
    return _projection("pca", codes, points, faithful, parameters)


def tsne_over_epochs(
    codes: EpochCodes,
    dims: int,
    *,
    perplexity: float = 30,
    iterations: int = 1000,
    seed: int = 0,
    repulsion: str = "auto",
    device: str = "cpu",
    progress: Progress = lambda done, total: None,
    moved: Callable[[np.ndarray], object] = lambda points: None,
    projected: Callable[[], object] = lambda: None,
) -> EpochProjection:
    """t-SNE of every epoch, each started from the points of the epoch before and turned onto them; `iterations` are
    those of the first.

    From the first epoch to the last: t-SNE keeps much of the layout that it starts from, so the points of an epoch may
    show what was there before, but never what was learnt only later. The other way round the groups of the finished
    network would be seen in epochs whose codes do not have them yet. A weak exaggeration at the start of every epoch
    lets groups part that have: of 30 epochs of an MNIST code the last then has the trustworthiness of one drawn alone
    (0.991 and 0.990, without it 0.89), and the points move by 31 % of their spread to the second epoch, by 4 % to the
    last. Points of codes that are all equal lie in the middle, and the next epoch starts from the one before them.

    Raises `UserError` for options that do not fit, `AecoreError` for codes that are not finite. `projected` is called
    before the points are held against the codes.
    """
    from aecore.latent.tsne import embed  # torch, only now

    count = len(codes.indices)
    check(codes.codes.shape[2], count, "tsne", dims, perplexity, iterations, repulsion)
    told = _told(codes)
    points = np.zeros((len(codes.epochs), count, dims), np.float32)
    total = iterations + NEXT_ITERATIONS * max(len(told) - 1, 0)
    before: np.ndarray | None = None
    done, narrowed, ways = 0, dict[str, int](), [repulsion]

    def on_progress(step: int, now: Callable[[], np.ndarray]) -> None:
        progress(done + step, total)
        moved(now())

    for row in told:
        narrow, narrowed = for_tsne(codes.codes[row])
        steps = iterations if before is None else NEXT_ITERATIONS
        options = {"perplexity": perplexity, "iterations": steps, "seed": seed, "device": device}
        calls = {"on_progress": on_progress, "on_choice": ways.append}
        made = embed(narrow, dims, start=before, repulsion=ways[-1], **calls, **options)  # all epochs in one way
        before = points[row] = made if before is None else align(made, before)
        done += steps
    projected()
    faithful = np.full(len(codes.epochs), np.nan)
    faithful[told] = [trustworthiness(codes.codes[row], points[row]) for row in told]
    parameters = {
        "corruption": codes.corruption,
        "perplexity": perplexity,
        "iterations": iterations,
        "next": NEXT_ITERATIONS,
        "seed": seed,
        **narrowed,
        **({"repulsion": ways[-1]} if told else {}),
    }
    return _projection("tsne", codes, points, faithful, parameters)


def _told(codes: EpochCodes) -> list[int]:
    """The rows of the epochs whose codes are not all equal."""
    return [row for row, equal in enumerate(codes.equal) if equal < len(codes.indices)]


def _projection(
    method: str, codes: EpochCodes, points: np.ndarray, faithful: np.ndarray, parameters: dict[str, Any]
) -> EpochProjection:
    return EpochProjection(
        method,
        codes.epochs,
        points.astype(np.float32),
        codes.labels,
        codes.indices,
        faithful.astype(np.float32),
        parameters,
        codes.file,
    )
