"""Weights for plain PyTorch."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from aecore import interop
from aecore.errors import AecoreError, UserError
from aecore.inference import load_model
from aecore.interop import read_checkpoint
from aecore.runs.run import Run
from tests.helpers.paths import ROOT


def test_plain_pytorch_loads_what_is_exported(trained, tmp_path):
    """No name of this project is needed: the keys are those of `nn.Module`s with these attributes."""
    path = tmp_path / "out.pth"
    interop.export_pth(trained, path)
    state = torch.load(path, weights_only=True)
    layers = {name.removesuffix(".weight"): tensor.shape for name, tensor in state.items() if name.endswith("weight")}

    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = nn.Module(), nn.Module()
            for name, shape in layers.items():
                side, _, layer = name.partition(".")
                getattr(self, side).add_module(layer, nn.Linear(shape[1], shape[0]))

        def forward(self, x):
            down, code, up, out = map(self.get_submodule, layers)
            return torch.sigmoid(out(F.relu(up(code(F.relu(down(x.flatten(1))))))))

    plain = Plain()
    plain.load_state_dict(state, strict=True)
    images = torch.from_numpy(trained.snapshots()["clean"]).float() / 255
    with torch.no_grad():
        torch.testing.assert_close(plain(images).view_as(images), load_model(trained)(images), rtol=0, atol=2e-6)
    assert interop.interpret(read_checkpoint(path)).preset == "digits-quick"


def test_an_export_without_weights_or_folder_is_one_line(trained, tmp_path):
    with pytest.raises(AecoreError, match=r"could not be exported|could not finish"):
        interop.export_pth(trained, tmp_path / "no such folder" / "x.pth")
    trained.file("weights.safetensors").unlink()
    with pytest.raises(AecoreError, match="no saved weights"):
        interop.export_pth(trained, tmp_path / "x.pth")


class AutoencoderMLP4Layer(nn.Module):
    """The class that reports 000 and 003 describe."""

    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(784, 392), nn.Linear(392, 8)
        self.fc3, self.fc4 = nn.Linear(8, 392), nn.Linear(392, 784)

    def forward(self, x):
        code = F.relu(self.fc2(F.relu(self.fc1(x))))
        return torch.sigmoid(self.fc4(F.relu(self.fc3(code))))


class Side(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.cnn = nn.Sequential(*layers)

    def forward(self, x):
        return self.cnn(x)


class AutoEncoder(nn.Module):
    """The class that report 001 prints."""

    def __init__(self):
        super().__init__()
        self.encoder = Side(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU())
        self.decoder = Side(nn.ConvTranspose2d(8, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, 3, 3), nn.Tanh())
        self.criterion = nn.MSELoss()

    def forward(self, x):
        return self.decoder(self.encoder(x))


@pytest.mark.parametrize(
    ("run", "names", "theirs"),
    [
        ("mnist-mlp8", "fc", AutoencoderMLP4Layer),
        ("mnist-mlp8-plateau", "fc", AutoencoderMLP4Layer),
        ("cifar-conv", "cnn", AutoEncoder),
        ("cifar-conv-denoise", "cnn", AutoEncoder),
    ],
)
def test_the_classes_of_the_reports_load_the_runs_that_reproduce_them(run, names, theirs, tmp_path):
    run, path = Run(ROOT / "checkpoints" / "gallery" / run), tmp_path / "out.pth"
    interop.export_pth(run, path, names)
    model, own = theirs(), load_model(run)
    model.load_state_dict(torch.load(path, weights_only=True), strict=True)
    images = torch.rand(4, *own.plan.image_shape)
    given = images.flatten(1) if names == "fc" else images
    with torch.no_grad():
        torch.testing.assert_close(model(given).view_as(images), own(images), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("run", "names", "line"),
    [
        ("cifar-conv", "fc", "--names fc is for linear layers alone, and encoder.conv1 is Conv2d"),
        ("mnist-mlp8", "cnn", "--names cnn is for convolutions alone, and encoder.linear1 is Linear"),
        ("colored-vae", "fc", "--names fc is for linear layers alone"),
    ],
)
def test_names_of_a_class_without_these_layers_are_refused(run, names, line, tmp_path):
    with pytest.raises(UserError, match=line):
        interop.export_pth(Run(ROOT / "checkpoints" / "gallery" / run), tmp_path / "out.pth", names)
