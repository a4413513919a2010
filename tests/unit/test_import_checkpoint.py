"""Checkpoints as the reports' own scripts wrote them: what comes in is what was saved, to the last bit."""

from __future__ import annotations

import argparse

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from aecore.interop import interpret, read_checkpoint
from tests.helpers.checkpoints import (
    IMAGES,
    Report000,
    Report001,
    Report002,
    Report004,
    flat,
    moved,
    rebuilt,
    same_output,
    understood,
)

REPORTS = {
    "mnist-mlp8": (Report000, 1),
    "cifar-conv": (Report001, 3),
    "mnist-selu-2": (lambda: Report002(2), 1),
    "mnist-selu-6": (lambda: Report002(6), 1),
    "colored-conv": (Report004, 3),
    "colored-dropout": (lambda: Report004(dropout=True), 3),
    "colored-vae": (lambda: Report004(code=20), 3),
}


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_each_reports_network_is_recognised_under_its_own_names(tmp_path, name, suffix):
    make, channels = REPORTS[name]
    model = moved(make())
    found = understood(tmp_path, model.state_dict(), suffix)
    assert found.preset == name
    assert found.assumed == {}
    images = IMAGES[channels] if name != "cifar-conv" else torch.rand(4, 3, 32, 32)
    same_output(found, model, images)
    numbers = [tensor for key, tensor in found.weights.items() if key.endswith("num_batches_tracked")]
    assert all(int(tensor) == 41 for tensor in numbers)
    assert found.weights.keys() == rebuilt(found, tuple(images.shape[1:])).state_dict().keys()


def test_presets_of_one_shape_are_told(tmp_path):
    assert understood(tmp_path, Report000().state_dict()).also_fit == ("mnist-mlp8-plateau",)
    assert "cifar-conv-denoise" in understood(tmp_path, Report001().state_dict()).also_fit
    chosen = understood(tmp_path, Report000().state_dict(), preset_name="mnist-mlp8-plateau")
    assert (chosen.preset, chosen.chosen, chosen.also_fit) == ("mnist-mlp8-plateau", True, ())


WRAPPINGS = {
    "plain": lambda state: state,
    "state_dict": lambda state: {"state_dict": state, "epoch": 3},
    "model_state_dict": lambda state: {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": {"state": {}}},
    "model": lambda state: {"model": state, "loss": 0.1},
    "another name": lambda state: {"my_ae": state, "step": 5},
    "in each other": lambda state: {"checkpoint": {"state_dict": state}} | {"args": {"lr": torch.ones(1)}},
    "module.": lambda state: {f"module.{name}": value for name, value in state.items()},
    "_orig_mod.": lambda state: {f"_orig_mod.module.{name}": value for name, value in state.items()},
    "lightning": lambda state: {"state_dict": {f"model.{name}": value for name, value in state.items()}},
    "sides": lambda state: {
        "encoder": {n: v for n, v in state.items() if n[:3] in ("fc1", "fc2")},
        "decoder": {n: v for n, v in state.items() if n[:3] in ("fc3", "fc4")},
    },
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_wrappers_and_prefixes_are_taken_off(tmp_path, wrapping):
    model = Report000()
    found = understood(tmp_path, WRAPPINGS[wrapping](dict(model.state_dict())))
    assert found.preset == "mnist-mlp8"
    same_output(found, model, IMAGES[1])


def test_what_scripts_save_beside_the_weights_is_no_hindrance(tmp_path):
    state = Report000().state_dict()
    beside = {
        "loss": np.float64(0.1),
        "best": np.float32(0.2),
        "epoch": np.int64(3),
        "args": argparse.Namespace(lr=1e-3),
    }
    assert understood(tmp_path, {"model": state, **beside}).preset == "mnist-mlp8"
    path = tmp_path / "old.pth"
    torch.save({"model": state}, path, _use_new_zipfile_serialization=False)
    assert interpret(read_checkpoint(path)).preset == "mnist-mlp8"


def test_half_precision_and_layers_without_bias(tmp_path):
    model = Report000().half()
    found = understood(tmp_path, model.state_dict())
    assert {tensor.dtype for tensor in found.weights.values()} == {torch.float32}
    same_output(found, model.float(), IMAGES[1])
    plain = nn.Sequential(nn.Flatten(), nn.Linear(784, 392, bias=False), nn.ReLU(), nn.Linear(392, 8, bias=False),
                          nn.ReLU(), nn.Linear(8, 392), nn.ReLU(), nn.Linear(392, 784), nn.Sigmoid())  # fmt: skip
    same_output(understood(tmp_path, plain.state_dict()), plain, IMAGES[1])


def test_the_heads_of_a_vae_are_told_apart_by_name(tmp_path):
    class Swapped(Report004):
        def __init__(self):
            super().__init__(code=20)
            mean, log_variance = self.fc_mu, self.fc_logvar
            del self.fc_mu, self.fc_logvar, self.fc_dec
            self.log_sigma, self.fc_mu, self.fc_dec = log_variance, mean, nn.Linear(20, 64)

    model = moved(Swapped())
    state = model.state_dict()
    order = sorted(state, key=lambda name: (not name.startswith("enc"), name.startswith("dec")))
    found = understood(tmp_path, {name: state[name] for name in order})
    assert found.preset == "colored-vae"
    same_output(found, model, IMAGES[3])


def test_any_widths_make_a_model(tmp_path):
    model = flat(784, 500, 100, 3, 200, 784)
    found = understood(tmp_path, model.state_dict())
    assert found.preset == ""
    assert (found.experiment.model.dense, found.experiment.model.decoder_dense) == ((500, 100), (200,))
    assert found.experiment.model.bottleneck.size == 3
    assert found.assumed["model.activation"] == "relu"
    assert found.assumed["data.name"] == "mnist"
    with_code = understood(
        tmp_path, model.state_dict(), changes={"model.bottleneck.activation": "relu"}, data_name="digits-28"
    )
    assert with_code.experiment.data.name == "digits-28"
    assert not {"model.bottleneck.activation", "data.name"} & set(with_code.assumed)
    same_output(with_code, model, IMAGES[1])
    selu = flat(784, 64, 5, 64, 784, activation=nn.SELU)
    changes = {"model.activation": "selu", "model.bottleneck.activation": "selu"}
    same_output(understood(tmp_path, selu.state_dict(), changes=changes), selu, IMAGES[1])


@pytest.mark.parametrize(("features", "name"), [(64, "digits"), (3072, "cifar10"), (2352, "colored-mnist")])
def test_the_image_set_follows_from_the_shape(tmp_path, features, name):
    found = understood(tmp_path, flat(features, 30, 4, 30, features).state_dict())
    assert found.experiment.data.name == name


def test_strides_and_paddings_are_found_where_sizes_chain(tmp_path):
    class Other(nn.Module):
        def __init__(self):
            super().__init__()
            self.c1, self.c2 = nn.Conv2d(3, 12, 4, 2, 1), nn.Conv2d(12, 24, 4, 2, 1)
            self.fc_mu, self.fc_logvar = nn.Linear(24 * 64, 9), nn.Linear(24 * 64, 9)
            self.back = nn.Linear(9, 24 * 64)
            self.t1, self.t2 = nn.ConvTranspose2d(24, 12, 4, 2, 1), nn.ConvTranspose2d(12, 3, 4, 2, 1)

        def forward(self, x):
            h = F.relu(self.c2(F.relu(self.c1(x)))).flatten(1)
            h = F.relu(self.back(self.fc_mu(h))).view(-1, 24, 8, 8)
            return torch.sigmoid(self.t2(F.relu(self.t1(h))))

    model = Other()
    found = understood(tmp_path, model.state_dict())
    assert found.experiment.data.name == "cifar10"
    assert list(map(str, found.experiment.model.conv)) == ["12k4s2p1", "24k4s2p1"]
    assert found.assumed["model.conv"] == ["12k4s2p1", "24k4s2p1"]
    same_output(found, model, torch.rand(4, 3, 32, 32))


def test_convolutions_alone_take_usual_strides_and_can_be_told(tmp_path):
    down = [nn.Conv2d(1, 16, 3, 2, 1), nn.Conv2d(16, 32, 3, 2, 1), nn.Conv2d(32, 64, 7)]
    up = [nn.ConvTranspose2d(64, 32, 7), *(nn.ConvTranspose2d(a, b, 3, 2, 1, 1) for a, b in ((32, 16), (16, 1)))]
    layers = [part for layer in (*down, *up) for part in (layer, nn.ReLU())]
    model = nn.Sequential(*layers[:-1], nn.Sigmoid())
    assert {"model.conv", "model.encoder"} & understood(tmp_path, model.state_dict()).assumed.keys()
    convs = ["16k3s2p1", "32k3s2p1", "64k7s1p0"]
    found = understood(tmp_path, model.state_dict(), changes={"model.conv": convs})
    assert "model.conv" not in found.assumed
    same_output(found, model, IMAGES[1])


def test_a_decoder_that_does_not_mirror_the_encoder(tmp_path):
    model = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 8, 3, 2, 1), nn.ReLU(),
                          nn.ConvTranspose2d(8, 20, 3, 2, 1, 1), nn.ReLU(), nn.ConvTranspose2d(20, 1, 3, 2, 1, 1),
                          nn.Sigmoid())  # fmt: skip
    found = understood(tmp_path, model.state_dict())
    assert list(map(str, found.experiment.model.decoder_conv or ())) == ["20k3s2p1", "1k3s2p1"]
    same_output(found, model, IMAGES[1])
