"""Networks of convolutions with usual strides: pools, upsamplings, normalisations."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.foreign.case import Case, Sides, leaky

L, C, T = nn.Linear, nn.Conv2d, nn.ConvTranspose2d
R, S, P, U, B2 = nn.ReLU, nn.Sigmoid, nn.MaxPool2d, nn.Upsample, nn.BatchNorm2d


def bilinear() -> nn.Module:
    return U(scale_factor=2, mode="bilinear")


class NamedConvolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2, self.pool = C(1, 16, 3, padding=1), C(16, 4, 3, padding=1), P(2, 2)
        self.t_conv1, self.t_conv2 = T(4, 16, 2, 2), T(16, 1, 2, 2)

    def forward(self, images: Tensor) -> Tensor:
        code = self.pool(F.relu(self.conv2(self.pool(F.relu(self.conv1(images))))))
        return torch.sigmoid(self.t_conv2(F.relu(self.t_conv1(code))))


class Interpolating(nn.Module):
    """Upsampling by a function, which leaves no trace in the state dict."""

    def __init__(self) -> None:
        super().__init__()
        self.enc_conv1, self.enc_conv2 = C(1, 16, 3, 2, 1), C(16, 8, 3, 2, 1)
        self.dec_conv1, self.dec_conv2 = C(8, 16, 3, 1, 1), C(16, 1, 3, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        code = F.relu(self.enc_conv2(F.relu(self.enc_conv1(images))))
        hidden = F.relu(self.dec_conv1(F.interpolate(code, scale_factor=2)))
        return torch.sigmoid(self.dec_conv2(F.interpolate(hidden, scale_factor=2)))


def conv(down: list[nn.Module], up: list[nn.Module]) -> Sides:
    return Sides(down, up)


def _strided(act: Callable[[], nn.Module] = R, kernel: int = 3, last: nn.Module | None = None) -> Sides:
    more = kernel % 2
    return conv(
        [C(1, 16, kernel, 2, 1), act(), C(16, 8, kernel, 2, 1), act()],
        [T(8, 16, kernel, 2, 1, more), act(), T(16, 1, kernel, 2, 1, more), last or S()],
    )


CONVOLUTIONS = (
    Case("convolutions, stride 2", _strided),
    Case("convolutions, kernel 4", lambda: _strided(kernel=4)),
    Case("convolutions, leaky 0.2", lambda: _strided(leaky(0.2))),
    Case("convolutions, ELU", lambda: _strided(nn.ELU)),
    Case("convolutions, tanh on [-1, 1]", lambda: _strided(last=nn.Tanh()), 0.5, 0.5),
    Case(
        "convolutions, last 7×7",
        lambda: conv(
            [C(1, 16, 3, 2, 1), R(), C(16, 16, 3, 2, 1), R(), C(16, 32, 7)],
            [T(32, 16, 7), R(), T(16, 16, 3, 2, 1, 1), R(), T(16, 1, 3, 2, 1, 1), S()],
        ),
    ),
    Case(
        "pools and kernel 2",
        lambda: conv(
            [C(1, 16, 3, 1, 1), R(), P(2), C(16, 8, 3, 1, 1), R(), P(2)], [T(8, 16, 2, 2), R(), T(16, 1, 2, 2), S()]
        ),
    ),
    Case("pools by name", NamedConvolutions),
    Case(
        "pools, mirrored",
        lambda: conv(
            [C(1, 16, 3, 1, 1), R(), P(2), C(16, 8, 3, 1, 1), R(), P(2)],
            [T(8, 16, 3, 2, 1, 1), R(), T(16, 1, 3, 2, 1, 1), S()],
        ),
    ),
    Case(
        "mean pools",
        lambda: conv(
            [C(1, 16, 3, 1, 1), R(), nn.AvgPool2d(2), C(16, 8, 3, 1, 1), R(), nn.AvgPool2d(2)],
            [T(8, 16, 2, 2), R(), T(16, 1, 2, 2), S()],
        ),
    ),
    Case(
        "upsampling",
        lambda: conv(
            [C(1, 16, 3, 2, 1), R(), C(16, 8, 3, 2, 1), R()],
            [U(scale_factor=2), C(8, 16, 3, 1, 1), R(), U(scale_factor=2), C(16, 1, 3, 1, 1), S()],
        ),
    ),
    Case(
        "bilinear upsampling",
        lambda: conv(
            [C(1, 16, 3, 2, 1), R(), C(16, 8, 3, 2, 1), R()],
            [
                U(scale_factor=2, mode="bilinear"),
                C(8, 16, 3, 1, 1),
                R(),
                U(scale_factor=2, mode="bilinear"),
                C(16, 1, 3, 1, 1),
                S(),
            ],
        ),
    ),
    Case("upsampling by a function", Interpolating),
    Case(
        "batch norm before",
        lambda: conv(
            [C(1, 16, 3, 2, 1), B2(16), R(), C(16, 8, 3, 2, 1), B2(8), R()],
            [T(8, 16, 3, 2, 1, 1), B2(16), R(), T(16, 1, 3, 2, 1, 1), S()],
        ),
    ),
    Case(
        "batch norm after",
        lambda: conv(
            [C(1, 16, 3, 2, 1), R(), B2(16), C(16, 8, 3, 2, 1), R(), B2(8)],
            [T(8, 16, 3, 2, 1, 1), R(), B2(16), T(16, 1, 3, 2, 1, 1), S()],
        ),
    ),
    Case(
        "batch norm in the encoder",
        lambda: conv(
            [C(1, 16, 3, 2, 1), B2(16), R(), C(16, 8, 3, 2, 1), B2(8), R()],
            [T(8, 16, 3, 2, 1, 1), R(), T(16, 1, 3, 2, 1, 1), S()],
        ),
    ),
    Case(
        "stride 1",
        lambda: conv([C(1, 8, 3, 1, 1), R(), C(8, 4, 3, 1, 1), R()], [T(4, 8, 3, 1, 1), R(), T(8, 1, 3, 1, 1), S()]),
    ),
    Case(
        "convolutions and linear",
        lambda: conv(
            [C(1, 8, 3, 2, 1), R(), C(8, 16, 3, 2, 1), R(), nn.Flatten(), L(784, 12)],
            [L(12, 784), R(), nn.Unflatten(1, (16, 7, 7)), T(16, 8, 3, 2, 1, 1), R(), T(8, 1, 3, 2, 1, 1), S()],
        ),
    ),
    Case(
        "no activation before the map",
        lambda: conv(
            [C(1, 8, 4, 2, 1), R(), C(8, 16, 4, 2, 1), R(), nn.Flatten(), L(784, 12)],
            [L(12, 784), nn.Unflatten(1, (16, 7, 7)), T(16, 8, 4, 2, 1), R(), T(8, 1, 4, 2, 1), S()],
        ),
    ),
)
