"""New codes: on a line or an arc between two, on a plane between four, or random. Needs no torch."""

from __future__ import annotations

import numpy as np

from aecore.errors import UserError, nearest

CONVENTIONS = ("both ends", "open end", "between")
PATHS = ("line", "arc")
DISTRIBUTIONS = ("uniform", "normal", "fitted", "gaussian", "mixture", "places")
COMPONENTS = 10
"""Normal distributions of a mixture."""


def shares(frames: int, convention: str = "both ends") -> np.ndarray:
    """The position of each frame on the path, from 0 at the start to 1 at the end, float64 (frames,).

    The reports' three conventions: "both ends" goes from start to end (004), "open end" is i/frames and never reaches
    the end (003), "between" leaves out both ends (000, whose strip has the images themselves there). Raises
    `UserError` for another.
    """
    if convention == "both ends":
        return np.linspace(0, 1, frames)
    if convention == "open end":
        return np.arange(frames) / frames
    if convention == "between":
        return np.arange(1, frames + 1) / (frames + 1)
    raise UserError(f"unknown convention '{convention}': {nearest(convention, CONVENTIONS)}")


def along(start: np.ndarray, end: np.ndarray, at: np.ndarray, path: str = "line") -> np.ndarray:
    """Codes between `start` and `end`, both (n,), at shares `at` (F,), float32 (F, n).

    "line" is straight. "arc" turns from one direction to the other at even speed, after Shoemake, "Animating Rotation
    with Quaternion Curves", SIGGRAPH 1985: sin((1 − t)·θ)/sin θ · start + sin(t·θ)/sin θ · end, θ the angle between
    them; it keeps the length that codes of a VAE's prior have. Where there is no arc, as one is zero or they point in
    the same or opposite directions, it is the line.
    """
    if path not in PATHS:
        raise UserError(f"unknown path '{path}': {nearest(path, PATHS)}")
    start, end, at = start.astype(np.float64), end.astype(np.float64), np.asarray(at, np.float64)[:, None]
    lengths = np.linalg.norm(start) * np.linalg.norm(end)
    angle = np.arccos(np.clip(start @ end / lengths, -1, 1)) if lengths > 0 else 0.0
    if path == "line" or np.sin(angle) < 1e-6:
        return (start + at * (end - start)).astype(np.float32)
    return ((np.sin((1 - at) * angle) * start + np.sin(at * angle) * end) / np.sin(angle)).astype(np.float32)


def legs(at: np.ndarray, stops: int) -> tuple[np.ndarray, np.ndarray]:
    """On a way through so many stops that lie evenly on it, for shares of the way `at` (F,): from which stop on, int
    (F,), and how far to the next, float64 (F,) in [0, 1]."""
    whole = np.asarray(at, np.float64) * (stops - 1)
    # A stop that a share only misses by rounding is met.
    whole = np.where(np.abs(whole - whole.round()) < 1e-6, whole.round(), whole)
    first = np.clip(np.floor(whole), 0, stops - 2).astype(int)
    return first, whole - first


def through(stops: np.ndarray, at: np.ndarray, path: str = "line") -> np.ndarray:
    """Codes on the way through `stops`, (K, n) with K at least 2, at shares `at` (F,) of the whole way, float32 (F, n).

    Each leg, from one stop to the next, is a path of `along` and the same share of the way."""
    first, rest = legs(at, len(stops))
    codes = np.empty((len(first), stops.shape[1]), np.float32)
    for leg in np.unique(first):
        on = first == leg
        codes[on] = along(stops[leg], stops[leg + 1], rest[on], path)
    return codes


def interpolate(
    start: np.ndarray, end: np.ndarray, frames: int, convention: str = "both ends", path: str = "line"
) -> np.ndarray:
    """Codes between `start` and `end`, both (n,), by a convention of `shares` on a path of `along`: (frames, n)."""
    return along(start, end, shares(frames, convention), path)


def plane(corners: np.ndarray, side: int) -> np.ndarray:
    """Codes between four, (4, n): top left, top right, bottom left, bottom right, mixed bilinearly; (side, side, n)."""
    across = np.linspace(0, 1, side)[None, :, None]
    down = np.linspace(0, 1, side)[:, None, None]
    top, bottom = (corners[i] + across * (corners[i + 1] - corners[i]) for i in (0, 2))
    return (top + down * (bottom - top)).astype(np.float32)


def random_codes(codes: np.ndarray, count: int, distribution: str, seed: int) -> np.ndarray:
    """Random codes, float32 (count, n): "uniform" in [0, 1), "normal" N(0, 1), "fitted", uniform within the range that
    real `codes` (N, n) span in each unit, "gaussian" or "mixture", from one normal distribution or from ten that are
    fitted to them."""
    draw = np.random.default_rng(seed)
    shape = (count, codes.shape[1])
    if distribution == "uniform":
        return draw.random(shape).astype(np.float32)
    if distribution == "normal":
        return draw.standard_normal(shape).astype(np.float32)
    if distribution == "fitted":
        return draw.uniform(codes.min(0), codes.max(0), shape).astype(np.float32)
    if distribution in ("gaussian", "mixture"):
        return fitted_codes(codes, 1 if distribution == "gaussian" else COMPONENTS, count, seed)
    raise UserError(f"unknown distribution '{distribution}': {nearest(distribution, DISTRIBUTIONS)}")


def fitted_codes(codes: np.ndarray, components: int, count: int, seed: int = 0) -> np.ndarray:
    """Codes, float32 (count, n), from so many normal distributions with full covariances, fitted to real `codes` (N, n)
    by expectation maximisation (Dempster, Laird and Rubin 1977)."""
    from sklearn.mixture import GaussianMixture

    codes = codes.astype(np.float64)
    spread = codes.std(axis=0)
    scaled = (codes - codes.mean(axis=0)) / np.where(spread > 1e-9, spread, 1)
    mixture = GaussianMixture(components, random_state=seed, reg_covar=1e-5, max_iter=60, tol=1e-3)
    drawn = mixture.fit(scaled).sample(count)[0]
    drawn = drawn[np.random.default_rng(seed).permutation(count)]  # sorted by component
    return (drawn * spread + codes.mean(axis=0)).astype(np.float32).reshape(count, codes.shape[1])
