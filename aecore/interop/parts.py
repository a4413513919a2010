"""The layers of a checkpoint as parts of a network, and one reading of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from torch import Tensor

from aecore.errors import UserError
from aecore.interop.checkpoint import Norm

Kind = Literal["linear", "conv", "transposed"]


class MismatchError(UserError):
    """The layers do not make an autoencoder; the first `fitted` do."""

    def __init__(self, message: str, fitted: int) -> None:
        super().__init__(message)
        self.fitted = fitted


@dataclass(frozen=True, eq=False)
class Part:
    """A layer with weights, and the normalisation that belongs to it."""

    name: str
    kind: Kind
    weight: Tensor
    bias: Tensor | None
    norm: Norm | None = None
    norm_gap: int | None = None
    """How many modules without weights lie between the layer and its normalisation; None where that is not known."""
    gap: int | None = None
    """How many lie between both and the next layer with weights; None where that is not known."""

    @cached_property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.weight.shape)

    @property
    def inputs(self) -> int:
        return self.shape[0] if self.kind == "transposed" else self.shape[1]

    @property
    def outputs(self) -> int:
        return self.shape[1] if self.kind == "transposed" else self.shape[0]

    @cached_property
    def kernel(self) -> int:
        return self.shape[2] if len(self.shape) == 4 else 0


@dataclass(frozen=True, eq=False)
class Skeleton:
    """One reading of a checkpoint: what its layers are and in which order they are applied."""

    encoder: tuple[Part, ...]
    """Its last part gives the code; for a VAE it is the mean."""
    decoder: tuple[Part, ...]
    log_variance: Part | None = None
    """The other head of a VAE."""
    how: str = ""
    """What tells the heads of a VAE apart; empty where it has none."""

    @property
    def variational(self) -> bool:
        return self.log_variance is not None

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.encoder + self.decoder
