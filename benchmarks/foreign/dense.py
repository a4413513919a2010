"""Networks of linear layers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.foreign.case import Case, Sides, leaky

L, R, S, B1 = nn.Linear, nn.ReLU, nn.Sigmoid, nn.BatchNorm1d


def dense(inner: Callable[[], nn.Module], *code: nn.Module, last: nn.Module | None = None, size: int = 16) -> Sides:
    """784–96–16–96–784 with one activation inside."""
    encoder = [nn.Flatten(), L(784, 96), inner(), L(96, size), *code]
    return Sides(encoder, [L(size, 96), inner(), L(96, 784), *([S()] if last is None else [last] if last else [])])


class Named(nn.Module):
    """Layers by name, functions in `forward`."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.fc3, self.fc4 = L(784, 80), L(80, 12), L(12, 80), L(80, 784)

    def forward(self, images: Tensor) -> Tensor:
        code = F.relu(self.fc2(F.relu(self.fc1(images.flatten(1)))))
        return torch.sigmoid(self.fc4(F.relu(self.fc3(code))))


def _without_biases() -> Sides:
    return Sides(
        [nn.Flatten(), L(784, 96, bias=False), R(), L(96, 16, bias=False)],
        [L(16, 96, bias=False), R(), L(96, 784, bias=False), S()],
    )


DENSE = (
    Case("MLP, ReLU", lambda: dense(R)),
    Case("MLP, leaky 0.2", lambda: dense(leaky(0.2))),
    Case("MLP, leaky 0.01", lambda: dense(leaky(0.01))),
    Case("MLP, ELU", lambda: dense(nn.ELU)),
    Case("MLP, SELU", lambda: dense(nn.SELU)),
    Case("MLP, GELU", lambda: dense(nn.GELU)),
    Case("MLP, SiLU", lambda: dense(nn.SiLU)),
    Case("MLP, softplus", lambda: dense(nn.Softplus)),
    Case("MLP, Mish", lambda: dense(nn.Mish)),
    Case("MLP, ReLU6", lambda: dense(nn.ReLU6)),
    Case("MLP, tanh", lambda: dense(nn.Tanh)),
    Case("MLP, sigmoid", lambda: dense(S)),
    Case("MLP, ReLU on the code", lambda: dense(R, R())),
    Case("MLP, sigmoid on the code", lambda: dense(R, S())),
    Case("MLP, tanh on the code", lambda: dense(leaky(0.2), nn.Tanh())),
    Case("MLP, tanh on [0, 1]", lambda: dense(R, last=nn.Tanh())),
    Case("MLP, linear output", lambda: dense(R, last=nn.Identity())),
    Case("MLP, ReLU output", lambda: dense(R, last=R())),
    Case("MLP, tanh on [-1, 1]", lambda: dense(R, last=nn.Tanh()), 0.5, 0.5),
    Case("MLP, linear on [-1, 1]", lambda: dense(leaky(0.2), last=nn.Identity()), 0.5, 0.5),
    Case("MLP, MNIST normalisation", lambda: dense(R, last=nn.Identity()), 0.1307, 0.3081),
    Case("MLP, no biases", _without_biases),
    Case(
        "MLP, batch norm",
        lambda: Sides([nn.Flatten(), L(784, 96), B1(96), R(), L(96, 16)], [L(16, 96), B1(96), R(), L(96, 784), S()]),
    ),
    Case(
        "MLP, dropout in the encoder",
        lambda: Sides([nn.Flatten(), L(784, 96), R(), nn.Dropout(0.1), L(96, 16)], [L(16, 96), R(), L(96, 784), S()]),
    ),
    Case(
        "MLP, decoder of other widths",
        lambda: Sides([nn.Flatten(), L(784, 96), nn.Tanh(), L(96, 10)], [L(10, 64), nn.Tanh(), L(64, 784), S()]),
    ),
    Case("fc1 … fc4", Named),
    Case("fc1 … fc4, safetensors", Named, save="safetensors"),
    Case(
        "MLP, images padded to 32",
        lambda: Sides([nn.Flatten(), L(1024, 96), R(), L(96, 16)], [L(16, 96), R(), L(96, 1024), S()]),
        pad=2,
    ),
    Case("in half precision", lambda: dense(leaky(0.2)), save="half"),
    Case("of Lightning, compiled", lambda: dense(nn.ELU), save="lightning"),
    Case("encoder and decoder in two files", lambda: dense(nn.Tanh), save="two"),
)
