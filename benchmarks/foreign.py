"""Small networks as people write and save them, each trained here for a moment: the inputs of `benchmarks.imports`.

None uses this project's model: what a network computes is what its own `forward` says.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aecore import data

L, C, T = nn.Linear, nn.Conv2d, nn.ConvTranspose2d
R, S, P, U = nn.ReLU, nn.Sigmoid, nn.MaxPool2d, nn.Upsample
B1, B2 = nn.BatchNorm1d, nn.BatchNorm2d
SIDE = 28


def bilinear() -> nn.Module:
    return U(scale_factor=2, mode="bilinear")


class Sides(nn.Module):
    """Two stacks with the names that most people give them."""

    def __init__(self, encoder: list[nn.Module], decoder: list[nn.Module]) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Sequential(*encoder), nn.Sequential(*decoder)

    def forward(self, images: Tensor) -> Tensor:
        return self.decoder(self.encoder(images))


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


class NamedConvolutions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2, self.pool = C(1, 16, 3, padding=1), C(16, 4, 3, padding=1), P(2, 2)
        self.t_conv1, self.t_conv2 = T(4, 16, 2, 2), T(16, 1, 2, 2)

    def forward(self, images: Tensor) -> Tensor:
        code = self.pool(F.relu(self.conv2(self.pool(F.relu(self.conv1(images))))))
        return torch.sigmoid(self.t_conv2(F.relu(self.t_conv1(code))))


class Vae(nn.Module):
    """A VAE whose heads have the given names; trained as an autoencoder of the mean with a small KL term."""

    def __init__(self, names: tuple[str, str] = ("fc_mu", "fc_logvar"), hidden: int = 96, code: int = 8) -> None:
        super().__init__()
        self.names = names
        self.fc1 = L(784, hidden)
        self.add_module(names[0], L(hidden, code))
        self.add_module(names[1], L(hidden, code))
        self.fc3, self.fc4 = L(code, hidden), L(hidden, 784)
        self.between: Callable[[Tensor], Tensor] = F.relu

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.between(self.fc1(images.flatten(1)))
        mean, log_variance = (getattr(self, name)(hidden) for name in self.names)
        code = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean) if self.training else mean
        return torch.sigmoid(self.fc4(F.relu(self.fc3(code))))


class Chunked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), L(784, 96), R(), L(96, 16))
        self.decoder = nn.Sequential(L(8, 96), R(), L(96, 784), S())

    def forward(self, images: Tensor) -> Tensor:
        mean, log_variance = self.encoder(images).chunk(2, 1)
        code = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean) if self.training else mean
        return self.decoder(code)


class ConvolutionalVae(nn.Module):
    def __init__(self, transposed: bool = True) -> None:
        super().__init__()
        self.encoder = nn.Sequential(C(1, 16, 3, 2, 1), R(), C(16, 32, 3, 2, 1), R(), nn.Flatten())
        self.mu, self.logvar, self.lift = L(32 * 49, 8), L(32 * 49, 8), L(8, 32 * 49)
        up = [T(32, 16, 3, 2, 1, 1), R(), T(16, 1, 3, 2, 1, 1), S()]
        other = [U(scale_factor=2), C(32, 16, 3, 1, 1), R(), U(scale_factor=2), C(16, 1, 3, 1, 1), S()]
        self.decoder = nn.Sequential(*(up if transposed else other))

    def forward(self, images: Tensor) -> Tensor:
        features = self.encoder(images)
        mean, log_variance = self.mu(features), self.logvar(features)
        code = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean) if self.training else mean
        return self.decoder(F.relu(self.lift(code)).view(-1, 32, 7, 7))


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


def _without_biases() -> Sides:
    return Sides(
        [nn.Flatten(), L(784, 96, bias=False), R(), L(96, 16, bias=False)],
        [L(16, 96, bias=False), R(), L(96, 784, bias=False), S()],
    )


@dataclass(frozen=True)
class Case:
    """A network, how its images are scaled, and how it is saved."""

    name: str
    make: Callable[[], nn.Module]
    mean: float = 0.0
    deviation: float = 1.0
    pad: int = 0
    save: str = "plain"


def leaky(slope: float) -> Callable[[], nn.Module]:
    return lambda: nn.LeakyReLU(slope)


CASES = (
    Case("MLP, ReLU", lambda: dense(R)),
    Case("MLP, leaky 0.2", lambda: dense(leaky(0.2))),
    Case("MLP, leaky 0.01", lambda: dense(leaky(0.01))),
    Case("MLP, ELU", lambda: dense(nn.ELU)),
    Case("MLP, SELU", lambda: dense(nn.SELU)),
    Case("MLP, GELU", lambda: dense(nn.GELU)),
    Case("MLP, SiLU", lambda: dense(nn.SiLU)),
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
    Case("VAE", Vae),
    Case("VAE, safetensors", Vae, save="safetensors"),
    Case("VAE, fc21 and fc22", lambda: Vae(("fc21", "fc22"))),
    Case("VAE, square heads", lambda: Vae(hidden=24, code=24)),
    Case("VAE, chunked head", Chunked),
    Case("VAE, convolutions", ConvolutionalVae),
    Case("VAE, upsampling decoder", lambda: ConvolutionalVae(transposed=False)),
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
        "stride 3",
        lambda: conv([C(1, 16, 5, 3, 1), R(), C(16, 8, 3, 3), R()], [T(8, 16, 3, 3), R(), T(16, 1, 5, 3, 1, 1), S()]),
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
    Case("in half precision", lambda: dense(leaky(0.2)), save="half"),
    Case("of Lightning, compiled", lambda: dense(nn.ELU), save="lightning"),
    Case("encoder and decoder in two files", lambda: dense(nn.Tanh), save="two"),
)


def prepare(case: Case, images: Tensor) -> Tensor:
    """Images on the [0, 1] scale as the network takes them."""
    return (F.pad(images, [case.pad] * 4) - case.mean) / case.deviation


@dataclass(frozen=True, eq=False)
class Trained:
    """A case's files, and what is true of it."""

    case: Case
    files: list[Path]
    error: float
    """Mean squared error of its own `forward` on the test images, on the [0, 1] scale."""


def train(case: Case, folder: Path, steps: int = 500) -> Trained:
    """Train a case on `digits-28` for some steps of Adam and save it as it says."""
    digits = data.load("digits-28")
    known, unseen = (torch.from_numpy(np.array(part)).float() / 255 for part in (digits.x_train, digits.x_test))
    torch.manual_seed(zlib.crc32(case.name.encode()))
    model = case.make()
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    for _ in range(steps):
        batch = prepare(case, known[torch.randint(0, len(known), (64,))])
        loss = F.mse_loss(model(batch).reshape(batch.shape), batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.eval()
    files = _saved(case, model, folder)
    with torch.inference_mode():
        output = model(prepare(case, unseen)).reshape(-1, 1, SIDE + 2 * case.pad, SIDE + 2 * case.pad)
        output = output * case.deviation + case.mean
        if case.pad:
            output = output[:, :, case.pad : -case.pad, case.pad : -case.pad]
        return Trained(case, files, float((output - unseen).square().mean()))


def _saved(case: Case, model: nn.Module, folder: Path) -> list[Path]:
    path = folder / f"{case.name.replace(' ', '-').replace(',', '').replace('/', '-')}.pth"
    state: Any = model.state_dict()
    if case.save == "safetensors":
        path = path.with_suffix(".safetensors")
        safetensors.torch.save_file(dict(state), path)
        return [path]
    if case.save == "two":
        assert isinstance(model, Sides)
        paths = [folder / "encoder.pth", folder / "decoder.pth"]
        for part, at in zip((model.encoder, model.decoder), paths, strict=True):
            torch.save(part.state_dict(), at)
        return paths
    if case.save == "half":
        model.half()
        state = model.state_dict()
        torch.save(state, path)
        model.float()
        return [path]
    if case.save == "lightning":
        state = {"epoch": 3, "state_dict": {f"model._orig_mod.{name}": value for name, value in state.items()}}
    torch.save(state, path)
    return [path]
