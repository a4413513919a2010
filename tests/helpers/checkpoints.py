"""Networks as the reports' own scripts define and save them, and what is made of their files."""

from __future__ import annotations

from itertools import pairwise

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aecore.interop import interpret, read_checkpoint
from aecore.models.autoencoder import Autoencoder

IMAGES = {1: torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(1))}
IMAGES[3] = torch.rand(6, 3, 28, 28, generator=torch.Generator().manual_seed(2))


def flat(*widths: int, activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """A plain MLP with a function after every layer, the last one a sigmoid."""
    parts: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        parts += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(nn.Flatten(), *parts[:-1], nn.Sigmoid())


class Report000(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(784, 392), nn.Linear(392, 8)
        self.fc3, self.fc4 = nn.Linear(8, 392), nn.Linear(392, 784)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.fc2(torch.relu(self.fc1(x.flatten(1)))))
        return torch.sigmoid(self.fc4(torch.relu(self.fc3(h)))).view_as(x)


class Report001(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU())
        self.decoder = nn.Sequential(nn.ConvTranspose2d(8, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, 3, 3), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))


class Report002(nn.Module):
    def __init__(self, n: int):
        super().__init__()
        widths = [648, 145, 98, 52, n]
        self.cnn = nn.ModuleList([nn.Conv2d(1, 6, 3, 2, 1), nn.Conv2d(6, 39, 3, 2, 1), nn.Conv2d(39, 72, 3, 2)])
        self.lin = nn.ModuleList([nn.Linear(a, b) for a, b in pairwise(widths)])
        back = widths[::-1]
        self.lin_back = nn.ModuleList([nn.Linear(a, b) for a, b in pairwise(back)])
        self.t_cnn = nn.ModuleList(
            [
                nn.ConvTranspose2d(72, 39, 3, 2),
                nn.ConvTranspose2d(39, 6, 3, 2, 1, 1),
                nn.ConvTranspose2d(6, 1, 3, 2, 1, 1),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.cnn:
            x = F.selu(layer(x))
        x = x.flatten(1)
        for layer in self.lin[:-1]:  # type: ignore[union-attr]
            x = F.selu(layer(x))
        x = self.lin[-1](x)
        for layer in self.lin_back:
            x = F.selu(layer(x))
        x = x.view(-1, 72, 3, 3)
        return torch.sigmoid(self.t_cnn[2](F.selu(self.t_cnn[1](F.selu(self.t_cnn[0](x))))))


class Report004(nn.Module):
    def __init__(self, dropout: bool = False, code: int = 0):
        super().__init__()
        widths = [3, 128, 64, 32, 16]

        def block(kind, inputs, outputs, last=False, **more):
            layers = [kind(inputs, outputs, 3, 2, 1, **more)]
            if dropout and not last:
                return [*layers, nn.BatchNorm2d(outputs), nn.ReLU(), nn.Dropout(0.2)]
            return [*layers, nn.Sigmoid() if last else nn.ReLU()]

        down = [block(nn.Conv2d, a, b) for a, b in pairwise(widths)]
        back = widths[::-1]
        up = [block(nn.ConvTranspose2d, a, b, last=b == 3, output_padding=1) for a, b in pairwise(back)]
        self.enc = nn.Sequential(*[layer for part in down for layer in part])
        if code:
            self.fc_mu, self.fc_logvar = nn.Linear(64, code), nn.Linear(64, code)
            self.fc_dec = nn.Linear(code, 64)
        self.dec = nn.Sequential(*[layer for part in up for layer in part])
        self.code = code

    def forward(self, x: Tensor) -> Tensor:
        h = self.enc(x)
        if self.code:
            h = F.relu(self.fc_dec(self.fc_mu(h.flatten(1)))).view(-1, 16, 2, 2)
        return F.interpolate(self.dec(h), (28, 28), mode="bilinear", align_corners=False)


def moved(model: nn.Module) -> nn.Module:
    """With batch statistics and weights of its own, as after a training."""
    generator = torch.Generator().manual_seed(7)
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(tensor + 0.01 * torch.rand(tensor.shape, generator=generator))
        else:
            tensor.fill_(41)
    return model.eval()


def understood(tmp_path, value, suffix: str = ".pth", **chosen):
    path = tmp_path / f"model{suffix}"
    if suffix == ".safetensors":
        safetensors.torch.save_file(value, path)
    else:
        torch.save(value, path)
    return interpret(read_checkpoint(path), **chosen)


def rebuilt(found, shape) -> Autoencoder:
    model = Autoencoder(found.experiment.model, shape)
    model.load_state_dict(found.weights)
    return model.eval()


@torch.no_grad()
def same_output(found, model: nn.Module, images: Tensor) -> None:
    ours = rebuilt(found, tuple(images.shape[1:])).decode(_codes(found, images))
    # Our linear layers multiply in another order than PyTorch's, see models/fast_paths.py.
    torch.testing.assert_close(ours, model(images).view_as(ours), rtol=0, atol=2e-6)


def _codes(found, images: Tensor) -> Tensor:
    model = rebuilt(found, tuple(images.shape[1:]))
    return model.distribution(images)[0] if model.gaussian else model.encode(images)
