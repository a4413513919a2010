"""A moving average of a network's weights, which often generalises better than the last weights themselves."""

from __future__ import annotations

import copy

import torch

from aecore.models.network import Network


class Average:
    """A copy of a network whose weights follow it: average ← d·average + (1 − d)·weights after every step.

    The decay d grows to its final value as (1 + step) / (10 + step), so that the first steps, which say little, are
    soon forgotten. Statistics of normalisations and codebooks, which are averages themselves, are copied.
    """

    def __init__(self, model: Network, decay: float) -> None:
        self.model, self.decay = model, decay
        # The random numbers stay shared: the copy takes the model's place, not a share of its numbers.
        self.network = copy.deepcopy(model, {id(model.rng): model.rng})
        self.network.requires_grad_(False).eval()
        self.steps = torch.zeros((), device=next(model.parameters()).device)

    @torch.no_grad()
    def update(self) -> None:
        """Take in the model's weights as they are after a step. Nothing is read back from the device."""
        self.steps += 1
        decay = torch.clamp((1 + self.steps) / (10 + self.steps), max=self.decay)
        own, averaged = list(self.model.parameters()), list(self.network.parameters())
        for weights, average in zip(own, averaged, strict=True):
            average.lerp_(weights, 1 - decay)
        for value, copied in zip(self.model.buffers(), self.network.buffers(), strict=True):
            copied.copy_(value)
