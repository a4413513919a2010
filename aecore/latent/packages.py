"""Projections by packages that one may install beside (requirements-projections.txt): UMAP and PaCMAP.

Each call gives points float32 (N, dims) of finite codes (N, n) and the parameters that are no options of ours.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from aecore.errors import UserError

MODULES = {"umap": "umap", "pacmap": "pacmap"}
NAMES = {"umap": "umap-learn", "pacmap": "pacmap"}
"""As the package index knows them."""
REQUIREMENTS = "requirements-projections.txt"
UMAP_NEIGHBOURS, UMAP_MIN_DIST = 15, 0.1
PACMAP_NEIGHBOURS = 10

Progress = Callable[[int, int], None]


def installed(method: str) -> bool:
    """Whether the package of a method is there; true for methods that need none."""
    return method not in MODULES or importlib.util.find_spec(MODULES[method]) is not None


def require(method: str) -> None:
    """Raise `UserError` where the method's package is not installed."""
    if not installed(method):
        raise UserError(f"{method} needs the package {NAMES[method]}: pip install -r {REQUIREMENTS}")


def umap(codes: np.ndarray, dims: int, seed: int, progress: Progress) -> tuple[np.ndarray, dict[str, Any]]:
    """UMAP (McInnes, Healy and Melville 2018) with its usual 15 neighbours and a least distance of 0.1. One thread, as
    a seed asks for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP  # type: ignore[import-not-found]

        model = UMAP(
            n_components=dims,
            n_neighbors=min(UMAP_NEIGHBOURS, len(codes) - 1),
            min_dist=UMAP_MIN_DIST,
            random_state=seed,
            n_jobs=1,
            tqdm_kwds={"disable": False, "file": _Bar(progress), "bar_format": "{n_fmt} {total_fmt}", "desc": ""},
        )
        points = np.asarray(model.fit_transform(codes), np.float32)
    return points, {
        "neighbours": UMAP_NEIGHBOURS,
        "min_dist": UMAP_MIN_DIST,
        "implementation": f"umap-learn {importlib.metadata.version('umap-learn')}",
    }


def pacmap(codes: np.ndarray, dims: int, seed: int) -> tuple[np.ndarray, dict[str, Any]]:
    """PaCMAP (Wang et al. 2021) with its usual 10 neighbours; it says nothing of how far it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pacmap import PaCMAP  # type: ignore[import-not-found]

        model = PaCMAP(n_components=dims, n_neighbors=PACMAP_NEIGHBOURS, random_state=seed)
        points = np.asarray(model.fit_transform(np.asarray(codes, np.float32)), np.float32)
    return points, {
        "neighbours": PACMAP_NEIGHBOURS,
        "implementation": f"pacmap {importlib.metadata.version('pacmap')}",
    }


class _Bar(io.TextIOBase):
    """Where a progress bar is written whose format is `done total`: each line becomes a call of `progress`."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def write(self, text: str) -> int:
        numbers = text.split()
        if len(numbers) == 2 and all(number.isdigit() for number in numbers):
            self.progress(int(numbers[0]), int(numbers[1]))
        return len(text)
