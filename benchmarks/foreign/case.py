"""A network of another program with how it is trained and saved, and what networks are written with."""

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

SIDE = 28


class Sides(nn.Module):
    """Two stacks with the names that most people give them."""

    def __init__(self, encoder: list[nn.Module], decoder: list[nn.Module]) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Sequential(*encoder), nn.Sequential(*decoder)

    def forward(self, images: Tensor) -> Tensor:
        return self.decoder(self.encoder(images))


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
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    for _ in range(steps):
        batch = prepare(case, known[torch.randint(0, len(known), (64,))])
        loss = F.mse_loss(model(batch).reshape(batch.shape), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
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
