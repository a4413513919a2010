"""Training loops as others write them, for `aecore.record`."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from aecore import data


class Net(nn.Module):
    """Convolutions with parts `encoder` and `decoder`; normalisation and dropout would show a disturbed training."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(), nn.Linear(784, 6)
        )
        self.decoder = nn.Sequential(
            nn.Linear(6, 784), nn.ReLU(), nn.Unflatten(1, (4, 14, 14)), nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Sigmoid()
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.decoder(self.encoder(images))


class Vae(nn.Module):
    """Rows of numbers through methods `encode`, which gives mean and log-variance, and `decode`."""

    def __init__(self) -> None:
        super().__init__()
        self.into, self.out = nn.Linear(784, 8), nn.Linear(4, 784)

    def encode(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.into(rows).chunk(2, 1)
        return mean, log_variance

    def decode(self, codes: Tensor) -> Tensor:
        return torch.sigmoid(self.out(codes))

    def forward(self, rows: Tensor) -> Tensor:
        return self.decode(self.encode(rows)[0])


def train(network: nn.Module, epochs: int, run: Any = None, images: int = 300) -> list[float]:
    """The losses of so many epochs of Adam on digits; each is logged where there is a run."""
    x = torch.from_numpy(np.array(data.load("digits-28").x_train[:images])).float() / 255
    if isinstance(network, Vae):
        x = x.flatten(1)
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    losses, loss = [], torch.zeros(())
    for epoch in range(epochs):
        for batch in x.split(100):
            loss = (network(batch) - batch).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
        if run is not None:
            run.log(train_loss=loss, lr=1e-2, accuracy=epoch / 10)
            if run.should_stop:
                break
    return losses
