"""Weights for plain PyTorch."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from aecore import interop
from aecore.errors import AecoreError
from aecore.inference import load_model
from aecore.interop import read_checkpoint


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
