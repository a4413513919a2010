"""Networks of convolutions whose strides, paddings and kernels are unusual or many."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.foreign.case import Case, Sides, leaky

L, C, T = nn.Linear, nn.Conv2d, nn.ConvTranspose2d
R, S, B2 = nn.ReLU, nn.Sigmoid, nn.BatchNorm2d


class NamedNorms(nn.Module):
    """Normalisations that are numbered by themselves, so that `bn3` belongs to `deconv1`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = C(1, 16, 3, 2, 1), B2(16)
        self.conv2, self.bn2 = C(16, 8, 3, 2, 1), B2(8)
        self.fc, self.fc2 = L(392, 16), L(16, 392)
        self.deconv1, self.bn3 = T(8, 16, 3, 2, 1, 1), B2(16)
        self.deconv2 = T(16, 1, 3, 2, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        hidden = F.leaky_relu(self.bn2(self.conv2(F.leaky_relu(self.bn1(self.conv1(images)), 0.2))), 0.2)
        hidden = self.fc2(self.fc(hidden.flatten(1))).view(-1, 8, 7, 7)
        return torch.sigmoid(self.deconv2(F.leaky_relu(self.bn3(self.deconv1(hidden)), 0.2)))


STRIDES = (
    Case(
        "stride 3",
        lambda: Sides([C(1, 16, 5, 3, 1), R(), C(16, 8, 3, 3), R()], [T(8, 16, 3, 3), R(), T(16, 1, 5, 3, 1, 1), S()]),
    ),
    Case(
        "strides 3 and 2, no padding",
        lambda: Sides([C(1, 16, 4, 3), R(), C(16, 8, 3, 2), R()], [T(8, 16, 3, 2), R(), T(16, 1, 4, 3), S()]),
    ),
    Case(
        "stride 3, kernel 7, leaky 0.2",
        lambda: Sides(
            [C(1, 16, 7, 3, 2), leaky(0.2)(), C(16, 8, 3, 1, 1), leaky(0.2)()],
            [T(8, 16, 3, 1, 1), leaky(0.2)(), T(16, 1, 7, 3, 2, 1), S()],
        ),
    ),
    Case(
        "strides 3, 1 and 2",
        lambda: Sides(
            [C(1, 16, 3, 3, 1), R(), C(16, 16, 3, 1), R(), C(16, 8, 2, 2), R()],
            [T(8, 16, 2, 2), R(), T(16, 16, 3, 1), R(), T(16, 1, 3, 3, 1), S()],
        ),
    ),
    Case(
        "strides 2 and 3, GELU",
        lambda: Sides(
            [C(1, 16, 3, 2, 1), nn.GELU(), C(16, 8, 5, 3, 2), nn.GELU()],
            [T(8, 16, 5, 3, 2, 1), nn.GELU(), T(16, 1, 3, 2, 1, 1), S()],
        ),
    ),
    Case(
        "stride 4",
        lambda: Sides([C(1, 16, 4, 4), R(), C(16, 8, 3, 2, 1), R()], [T(8, 16, 3, 2, 1), R(), T(16, 1, 4, 4), S()]),
    ),
    Case(
        "stride 2, no padding",
        lambda: Sides([C(1, 16, 3, 2), R(), C(16, 8, 3, 2), R()], [T(8, 16, 3, 2), R(), T(16, 1, 3, 2, 0, 1), S()]),
    ),
    Case(
        "kernel 5, stride 2, no padding",
        lambda: Sides(
            [C(1, 16, 5, 2), R(), C(16, 8, 5, 2), R()], [T(8, 16, 5, 2, 0, 1), R(), T(16, 1, 5, 2, 0, 1), S()]
        ),
    ),
    Case(
        "kernel 5, stride 2, padding 1",
        lambda: Sides(
            [C(1, 16, 5, 2, 1), R(), C(16, 8, 5, 2, 1), R()], [T(8, 16, 5, 2, 1), R(), T(16, 1, 5, 2, 1, 1), S()]
        ),
    ),
    Case(
        "kernel 5, stride 1, no padding",
        lambda: Sides([C(1, 12, 5), R(), C(12, 8, 5), R()], [T(8, 12, 5), R(), T(12, 1, 5), S()]),
    ),
    Case(
        "kernel 2, stride 2",
        lambda: Sides([C(1, 16, 2, 2), R(), C(16, 8, 2, 2), R()], [T(8, 16, 2, 2), R(), T(16, 1, 2, 2), S()]),
    ),
    Case(
        "stride 3 and linear",
        lambda: Sides(
            [C(1, 8, 5, 3, 1), R(), C(8, 16, 3, 2, 1), R(), nn.Flatten(), L(400, 12)],
            [L(12, 400), R(), nn.Unflatten(1, (16, 5, 5)), T(16, 8, 3, 2, 1), R(), T(8, 1, 5, 3, 1, 1), S()],
        ),
    ),
    Case(
        "four convolutions on each side",
        lambda: Sides(
            [C(1, 8, 3, 1, 1), R(), C(8, 16, 3, 2, 1), R(), C(16, 16, 3, 1, 1), R(), C(16, 8, 3, 2, 1), R()],
            [T(8, 16, 3, 2, 1, 1), R(), T(16, 16, 3, 1, 1), R(), T(16, 8, 3, 2, 1, 1), R(), T(8, 1, 3, 1, 1), S()],
        ),
    ),
    Case(
        "code of 1×1",
        lambda: Sides(
            [C(1, 16, 4, 2, 1, bias=False), B2(16), leaky(0.2)(), C(16, 32, 4, 2, 1), leaky(0.2)(), C(32, 16, 7)],
            [T(16, 32, 7), R(), T(32, 16, 4, 2, 1, bias=False), B2(16), R(), T(16, 1, 4, 2, 1), nn.Tanh()],
        ),
        0.5,
        0.5,
    ),
    Case("norms with numbers of their own", NamedNorms),
)
