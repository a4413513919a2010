"""The network computes what plain modules of torch with the same weights compute, and starts as they start."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from aecore.config.model import Model
from aecore.models import Autoencoder
from aecore.presets import preset
from tests.helpers.training import copy


class Resized(nn.Module):
    def forward(self, images):
        return F.interpolate(images, (28, 28), mode="bilinear", align_corners=False)


class Gaussian(nn.Module):
    """The mean of a code, with the layer for its log-variance beside it."""

    def __init__(self, inputs, size):
        super().__init__()
        self.mean, self.log_variance = nn.Linear(inputs, size), nn.Linear(inputs, size)

    def forward(self, features):
        return self.mean(features)


def report_000():
    layers = [nn.Linear(784, 392), nn.ReLU(), nn.Linear(392, 8), nn.ReLU(), nn.Linear(8, 392), nn.ReLU()]
    return [nn.Flatten(), *layers, nn.Linear(392, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28))]


def report_001():
    down = [nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU()]
    return [*down, nn.ConvTranspose2d(8, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, 3, 3), nn.Tanh()]


def report_002():
    def dense(*widths):
        return [part for pair in pairwise(widths) for part in (nn.Linear(*pair), nn.SELU())]

    down = [nn.Conv2d(1, 6, 3, 2, 1), nn.SELU(), nn.Conv2d(6, 39, 3, 2, 1), nn.SELU(), nn.Conv2d(39, 72, 3, 2)]
    up = [nn.ConvTranspose2d(72, 39, 3, 2), nn.SELU(), nn.ConvTranspose2d(39, 6, 3, 2, 1, 1), nn.SELU()]
    codes = [*dense(648, 145, 98, 52), nn.Linear(52, 2), *dense(2, 52, 98, 145, 648), nn.Unflatten(1, (72, 3, 3))]
    return [*down, nn.SELU(), nn.Flatten(), *codes, *up, nn.ConvTranspose2d(6, 1, 3, 2, 1, 1), nn.Sigmoid()]


def report_004(hidden=lambda channels: [nn.ReLU()], middle=()):
    layers: list[nn.Module] = []
    for inputs, outputs in ((3, 128), (128, 64), (64, 32), (32, 16)):
        layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), *hidden(outputs)]
    layers += middle
    for inputs, outputs in ((16, 32), (32, 64), (64, 128)):
        layers += [nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, 1), *hidden(outputs)]
    return [*layers, nn.ConvTranspose2d(128, 3, 3, 2, 1, 1), nn.Sigmoid(), Resized()]


def normed(channels):
    return [nn.BatchNorm2d(channels), nn.ReLU(), nn.Dropout(0.2)]


BETWEEN = (nn.Flatten(), Gaussian(64, 20), nn.Linear(20, 64), nn.ReLU(), nn.Unflatten(1, (16, 2, 2)))

TWINS = {
    "mnist-mlp8": (report_000, (1, 28, 28)),
    "cifar-conv": (report_001, (3, 32, 32)),
    "mnist-selu-2": (report_002, (1, 28, 28)),
    "colored-conv": (report_004, (3, 28, 28)),
    "colored-dropout": (lambda: report_004(normed), (3, 28, 28)),
    "colored-vae": (lambda: report_004(middle=BETWEEN), (3, 28, 28)),
}


def twins(name, **changes):
    make, shape = TWINS[name]
    model = preset(name).experiment.changed({f"model.{key}": value for key, value in changes.items()}).model
    return Autoencoder(model, shape, seed=1), nn.Sequential(*make()), shape


def pictures(count, shape):
    return torch.rand((count, *shape), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", TWINS)
def test_the_network_computes_what_torchs_own_modules_do(name):
    network, plain, shape = twins(name)
    with torch.no_grad():
        for _ in range(3):  # batch normalisation gathers something
            network(pictures(8, shape))
    copy(network.state_dict().values(), plain.state_dict().values())
    network.eval()
    network.samples_always = False  # the mean's path
    plain.eval()
    images = pictures(5, shape)
    with torch.no_grad():
        output = network(images)
    assert output.shape == images.shape
    torch.testing.assert_close(output, plain(images), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mnist-mlp8", torch.float32),  # with the linear layers' own backward pass
        ("cifar-conv", torch.float64),  # elsewhere so exact that no rounding opens or closes a ReLU
        ("mnist-selu-2", torch.float64),
        ("colored-dropout", torch.float64),
    ],
)
def test_so_are_its_gradients_and_what_normalisation_gathers(name, kind):
    network, plain, shape = twins(name)
    network.to(kind)
    plain.to(kind)
    copy(network.state_dict().values(), plain.state_dict().values())
    for module in [*network.modules(), *plain.modules()]:
        if isinstance(module, nn.Dropout) or type(module).__name__ == "_Dropout":
            module.eval()  # the masks are drawn elsewhere; everything else is in training
    images = pictures(33, shape).to(kind)
    ours, theirs = images.clone().requires_grad_(), images.clone().requires_grad_()
    (network(ours) ** 2).mean().backward()
    (plain(theirs) ** 2).mean().backward()
    assert ours.grad is not None
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-7)
    for mine, other in zip(network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad, rtol=1e-3, atol=1e-6)
    for mine, other in zip(network.buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ["dense", "gaussian"])
@pytest.mark.parametrize("conv", [(), ("4k3s2p1",)], ids=["dense", "convolutions"])
def test_torchs_own_linear_layers_serve_as_well(monkeypatch, conv, kind):
    """They do on every device but the CPU."""
    model = Model.model_validate({"conv": conv, "dense": [9], "bottleneck": {"kind": kind, "size": 4}})
    network, images = Autoencoder(model, (1, 12, 12)).eval(), pictures(5, (1, 12, 12))
    output = network(images)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    torch.testing.assert_close(network(images), output, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["cifar-conv", "mnist-selu-2", "colored-dropout", "colored-vae"])
def test_the_default_start_is_torchs_own_number_for_number(name):
    network, plain, _ = twins(name, init="pytorch")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for module in plain.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
                module.reset_parameters()
    for ours, theirs in zip(network.parameters(), plain.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_xavier_uniform_and_the_bias_are_as_asked():
    first = Autoencoder(preset("mnist-mlp8").experiment.model, (1, 28, 28), seed=3).state_dict()
    bound = (6 / (784 + 392)) ** 0.5
    weight = first["encoder.linear1.weight"]
    assert 0.99 * bound < weight.abs().max() <= bound
    assert torch.all(first["decoder.linear2.bias"] == torch.tensor(0.01))


@pytest.mark.parametrize("name", ["mnist-mlp8", "colored-dropout", "colored-vae"])
def test_one_seed_one_start_and_the_global_generator_is_left_alone(name):
    description = preset(name).experiment.model
    before = torch.get_rng_state()
    first, again = (Autoencoder(description, (3, 28, 28), seed=3).state_dict() for _ in range(2))
    other = Autoencoder(description, (3, 28, 28), seed=4).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(first[name], again[name]) for name in first)
    weight = next(iter(first))
    assert not torch.equal(first[weight], other[weight])


@pytest.mark.parametrize(("chosen", "low"), [("unit", 0.0), ("symmetric", -1.0)])
def test_bytes_become_the_models_range_and_come_back(chosen, low):
    network = Autoencoder(Model(range=chosen, dense=()), (1, 16, 16))
    stored = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    images = network.from_bytes(stored)
    assert (images.min(), images.max()) == (low, 1.0)
    torch.testing.assert_close(network.to_unit(images), stored / 255, rtol=0, atol=1e-6)
