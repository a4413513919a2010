"""Checkpoints that cannot be imported: one line that says why, and nothing is left in the store."""

from __future__ import annotations

import zipfile

import pytest
import safetensors.torch
import torch
from torch import nn

from aecore.errors import UserError
from aecore.interop import import_checkpoint
from tests.helpers.checkpoints import (
    Report000,
    Report002,
    Report004,
    flat,
)


class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)


FILES = {
    "text": (b"these are not the weights\n", "neither a PyTorch checkpoint nor safetensors"),
    "empty": (b"", "is empty"),
    "zip": (b"PK\x03\x04" + bytes(80), "truncated or damaged"),
    "pickle": (b"\x80\x04cos\nsystem\n(S'touch /tmp/x'\ntR.", "could run code"),
    "safetensors": ((8).to_bytes(8, "little") + b'{"a":1}}' + bytes(20), "damaged or truncated"),
}


def refused(path, words, store, **chosen) -> None:
    with pytest.raises(UserError) as caught:
        import_checkpoint(path, store, measure=False, **chosen)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert store.runs() == []
    assert not (store.root / "runs").exists() or list((store.root / "runs").iterdir()) == []


@pytest.mark.parametrize("kind", FILES)
def test_a_wrong_file_is_one_line(tmp_path, store, kind):
    path = tmp_path / "wrong.pth"
    path.write_bytes(FILES[kind][0])
    refused(path, FILES[kind][1], store)


def test_so_is_a_file_of_something_else(tmp_path, store):
    path = tmp_path / "model.pth"

    def saved(value):
        torch.save(value, path)
        return path

    state = Report000().state_dict()
    refused(tmp_path / "nothing.pth", "there is no file", store)
    refused(tmp_path, "is a folder", store)
    refused(saved(Whole()), "save only the weights, with torch.save(model.state_dict()", store)
    refused(saved([torch.ones(2)]), "a list without names", store)
    refused(saved({"loss": 1.0}), "holds no weights", store)
    refused(saved({"a": state, "b": state}), "several models (a, b)", store)
    refused(saved(state | {"fc2.weight": torch.full((8, 392), torch.nan)}), "fc2.weight holds values", store)
    refused(saved(nn.LSTM(4, 4).state_dict()), "is not a linear layer", store)
    refused(saved(nn.LayerNorm(4).state_dict()), "is not a linear layer", store)
    refused(saved(nn.Conv2d(1, 4, (3, 5)).state_dict()), "kernels are square", store)
    for name, words in (
        ("m/constants.pkl", "TorchScript"),
        ("m/readme.txt", "neither a PyTorch checkpoint nor a packed"),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, b"x")
        refused(path, words, store)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/data.pkl", bytes(10_000))
    refused(path, "compressed again", store)
    torch.save(state, path)
    path.write_bytes(path.read_bytes()[:-2000])
    refused(path, "truncated or damaged", store)
    safetensors.torch.save_file(state, path)
    path.write_bytes(path.read_bytes()[:-2000])
    refused(path, "damaged or truncated", store)


@pytest.mark.parametrize(
    ("widths", "words"),
    [
        ((784, 30, 4, 30, 700), "gives 700 numbers, where 1 takes 784"),
        ((101, 30, 4, 30, 101), "takes 101 numbers, and no images known here have as many"),
        ((784, 784), "is the only layer"),
    ],
)
def test_layers_that_fit_nothing_are_named(tmp_path, store, widths, words):
    path = tmp_path / "model.pth"
    torch.save(flat(*widths).state_dict(), path)
    refused(path, words, store)


def test_the_first_layer_that_does_not_fit_is_named(tmp_path, store):
    path = tmp_path / "model.pth"
    torch.save(Report002(5).state_dict(), path)
    refused(path, "lin.3.weight is 5×52, where encoder.linear4 is 2×52", store, preset_name="mnist-selu-2")
    torch.save(nn.Sequential(nn.Linear(784, 30), nn.Linear(31, 784)).state_dict(), path)
    refused(path, "1 takes 31 numbers, where 0 gives 30", store)
    torch.save(flat(784, 392, 8, 392).state_dict(), path)
    refused(path, "the file ends after 3 layers, before decoder.linear2", store, preset_name="mnist-mlp8")
    torch.save(flat(784, 392, 8, 392, 784, 10).state_dict(), path)
    refused(path, "comes after the last layer", store, preset_name="mnist-mlp8")
    torch.save(Report004(dropout=True).state_dict(), path)
    refused(path, "7 batch normalisations", store, preset_name="colored-conv")
    pooled = nn.Sequential(nn.Conv2d(1, 4, 5), nn.Linear(4 * 17, 5), nn.Linear(5, 4 * 17), nn.ConvTranspose2d(4, 1, 5))
    torch.save(pooled.state_dict(), path)
    refused(path, "no strides, paddings, pools and upsamplings lead", store)


def test_a_demo_takes_no_checkpoints(tmp_path, store, monkeypatch):
    path = tmp_path / "model.pth"
    torch.save(Report000().state_dict(), path)
    monkeypatch.setenv("AECORE_DEMO", "train")
    refused(path, "switched off", store)
