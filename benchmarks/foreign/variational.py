"""Variational autoencoders, with heads of several forms."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.foreign.case import Case

L, C, T = nn.Linear, nn.Conv2d, nn.ConvTranspose2d
R, S, U = nn.ReLU, nn.Sigmoid, nn.Upsample


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


VARIATIONAL = (
    Case("VAE", Vae),
    Case("VAE, safetensors", Vae, save="safetensors"),
    Case("VAE, fc21 and fc22", lambda: Vae(("fc21", "fc22"))),
    Case("VAE, square heads", lambda: Vae(hidden=24, code=24)),
    Case("VAE, chunked head", Chunked),
    Case("VAE, convolutions", ConvolutionalVae),
    Case("VAE, upsampling decoder", lambda: ConvolutionalVae(transposed=False)),
)
