"""t-SNE (van der Maaten and Hinton 2008), on a CPU or an NVIDIA GPU.

The affinities are those of the nearest 3·perplexity neighbours, as in other implementations. The repulsion of few
points is computed exactly, that of many on a grid, and in between as a trial finds faster (`aecore.latent.repulsion`);
on a GPU always exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from aecore.latent.affinities import affinities
from aecore.latent.pool import threads_for
from aecore.latent.principal_axes import principal_axes
from aecore.latent.repulsion import WAYS, Forces, choose

EXAGGERATION = 12.0
"""Factor on the attraction of neighbours in the early iterations, in which groups form."""
EXAGGERATED = 250
"""The number of those iterations; a quarter of all where there are less than a thousand."""
EXAGGERATION_AGAIN, EXAGGERATED_AGAIN = 4.0, 0.3
"""Where the points of other codes are the start: the factor, and the share of the iterations. Without it the points
stay tangled up in the old layout, with a larger one they lose it."""
EARLY_MOMENTUM, MOMENTUM = 0.5, 0.8
LONGEST_STEP = 5.0
INITIAL_STD = 1e-4
"""Standard deviation of the first axis at the start."""
REPORT_EVERY = 10
"""Iterations between two reports."""

OnProgress = Callable[[int, Callable[[], np.ndarray]], object]
"""Called as `on_progress(done, points)` with the iterations done and a function that returns the coordinates."""


def embed(
    codes: np.ndarray,
    dims: int,
    *,
    perplexity: float = 30,
    iterations: int = 1000,
    seed: int = 0,
    device: str = "cpu",
    start: np.ndarray | None = None,
    repulsion: str = "auto",
    on_progress: OnProgress = lambda done, points: None,
    on_choice: Callable[[str], object] = lambda way: None,
) -> np.ndarray:
    """Points float32 (N, dims) of codes, finite, (N, n), not all equal; N at least 3·perplexity + 1, n at least `dims`.

    Starts from the first principal components with a little noise from `seed`. Or from `start`, the points (N, dims) of
    similar codes, with a shorter and weaker exaggeration. Computed on `device` (torch's name) if that is an available
    NVIDIA GPU, else on the CPU.

    `repulsion` is `exact`, `grid` (on a CPU) or `auto`, and `on_choice` is called with the one that is taken: with it,
    one seed gives one result on a machine.
    """
    on_gpu = device.startswith("cuda") and torch.cuda.is_available() and repulsion != "grid"
    torch_device = torch.device(device if on_gpu else "cpu")
    wide = np.asarray(codes, np.float64)
    wide = wide - wide.mean(0)
    wide /= np.abs(wide).max()  # t-SNE does not depend on the scale, and squares of large numbers overflow
    points = (_start(wide, dims, seed) if start is None else torch.tensor(start, dtype=torch.float32)).to(torch_device)
    early = min(EXAGGERATED, iterations // 4) if start is None else round(EXAGGERATED_AGAIN * iterations)
    early_exaggeration = EXAGGERATION if start is None else EXAGGERATION_AGAIN
    pulls = affinities(torch.from_numpy(wide).to(torch_device), perplexity)
    if repulsion == "auto":
        repulsion = "exact" if on_gpu else choose(pulls, points, perplexity, iterations)
    on_choice(repulsion)
    with threads_for(torch_device) as pool:
        forces = WAYS[repulsion](pulls, dims, pool)
        for phase, count in ((0, early), (early, iterations - early)):
            exaggeration, momentum = (1.0, MOMENTUM) if phase else (early_exaggeration, EARLY_MOMENTUM)
            steps = _descend(points, forces, exaggeration, momentum)
            for done in range(phase + 1, phase + count + 1):
                next(steps)
                if done % REPORT_EVERY == 0 or done == iterations:
                    on_progress(done, lambda: points.cpu().numpy().copy())
    return points.cpu().numpy()


def _start(codes: np.ndarray, dims: int, seed: int) -> Tensor:
    """The first principal components of codes around zero, float32 (N, dims), small."""
    points = codes @ principal_axes(codes, dims)
    points *= INITIAL_STD / points[:, 0].std()
    # Without noise equal codes would stay together, and an axis without variance would stay flat.
    points += np.random.default_rng(seed).normal(0, INITIAL_STD / 100, points.shape)
    return torch.from_numpy(points).float()


def _descend(points: Tensor, forces: Forces, exaggeration: float, momentum: float) -> Iterator[None]:
    """Gradient descent with momentum and a gain for each coordinate, a step each time; changes `points` in place."""
    rate = len(points) / exaggeration
    step, gains = torch.zeros_like(points), torch.ones_like(points)
    while True:
        gradient = forces.gradient(points, exaggeration)
        turned = (gradient < 0) == (step < 0)  # the last step went too far
        gains = torch.where(turned, gains * 0.8, gains + 0.2).clamp_(min=0.01)
        step.mul_(momentum).sub_(gradient.mul_(gains), alpha=rate)
        length = step.norm(dim=1, keepdim=True)
        step.mul_(LONGEST_STEP / length.clamp_(min=LONGEST_STEP))
        points.add_(step)
        points.sub_(points.mean(0))
        yield
