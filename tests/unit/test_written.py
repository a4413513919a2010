"""Networks that are written step by step: they compute what PyTorch's own layers in that order compute."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from aecore.config.experiment import Experiment
from aecore.config.steps import parse_step
from aecore.errors import UserError
from aecore.models.architecture import plan
from aecore.models.autoencoder import Autoencoder
from tests.helpers.training import WRITTEN, digits, fresh, train

PLAIN = Experiment().changed({"model.dense": [392]})


def written(encoder: list[str], decoder: list[str]) -> Experiment:
    return PLAIN.changed({"model.encoder": encoder, "model.decoder": decoder})


def load_in_order(model: nn.Module, other: nn.Module) -> None:
    """Give `other` the weights of `model`: those with the same number in the order of the layers."""
    ours, theirs = list(model.state_dict().values()), other.state_dict()
    other.load_state_dict(dict(zip(theirs, ours, strict=True)))


def test_every_step_computes_what_torch_computes():
    model = Autoencoder(PLAIN.changed(WRITTEN).model, (3, 32, 32), seed=1).eval()
    generator = torch.Generator().manual_seed(0)
    for name, values in model.state_dict().items():
        if "norm" in name and values.is_floating_point():
            values.uniform_(0.5, 1.5, generator=generator)
        elif name.endswith("weight"):
            values.mul_(3)  # so that the output depends on the image
    encoder = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.BatchNorm2d(8),
        nn.MaxPool2d(3),
        nn.Conv2d(8, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.LeakyReLU(0.2),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(216, 20),
        nn.Tanh(),
        nn.Linear(20, 6),
        nn.Linear(20, 6),
    ).eval()
    decoder = nn.Sequential(
        nn.Linear(6, 128),
        nn.ReLU(),
        nn.Unflatten(1, (8, 4, 4)),
        nn.Upsample(scale_factor=2),
        nn.ConvTranspose2d(8, 6, 3, 2, 1, 1),
        nn.BatchNorm2d(6),
        nn.SiLU(),
        nn.UpsamplingBilinear2d(scale_factor=2),
        nn.Conv2d(6, 3, 3, padding=2),
    ).eval()
    decoder[7] = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    load_in_order(model.encoder, encoder)
    load_in_order(model.decoder, decoder)
    images = torch.rand(4, 3, 32, 32, generator=generator)
    mean, deviation = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.247, 0.2435, 0.2616])
    seen = nn.functional.pad((images - mean[:, None, None]) / deviation[:, None, None], (2, 2, 2, 2))
    with torch.inference_mode():
        code = encoder[:12](seen)
        output = torch.sigmoid(decoder(code)[:, :, 1:-1, 1:-1] * 0.25 + 0.5)
        assert torch.allclose(model.encode(images), code, atol=1e-5)
        assert torch.allclose(model(images), output, atol=1e-6)
    assert output.std(dim=0).mean() > 1e-3


def test_a_described_network_can_be_written():
    described = PLAIN.changed(
        {"model.conv": ["8k3s2p1", "4k3s2p1"], "model.dense": [20], "model.bottleneck.size": 5, "model.norm": "batch"}
    )
    spelled = written(
        ["conv 8k3s2p1", "norm", "relu", "conv 4k3s2p1", "norm", "relu", "linear 20", "norm", "relu", "linear 5",
         "relu"],
        ["linear 20", "norm", "relu", "linear 196", "norm", "relu", "map 4x7x7", "transposed 8k3s2p1o1", "norm", "relu",
         "transposed 1k3s2p1o1", "sigmoid"],
    )  # fmt: skip
    one, two = (Autoencoder(experiment.model, (1, 28, 28), seed=2).eval() for experiment in (described, spelled))
    assert list(one.state_dict()) == list(two.state_dict())
    images = torch.rand(3, 1, 28, 28)
    with torch.inference_mode():
        assert torch.equal(one(images), two(images))
    assert one.plan.parameters == two.plan.parameters == sum(p.numel() for p in two.parameters())


@pytest.mark.parametrize(
    ("encoder", "decoder", "words"),
    [
        (["linear 8"], ["linear 700"], "its last step gives 700, where the images are 1×28×28"),
        (["linear 8", "conv 4k3"], ["linear 784"], "conv needs a map, not 8 numbers"),
        (["gaussian 8", "relu"], ["linear 784"], "'gaussian' is the encoder's last step"),
        (["linear 8"], ["gaussian 784"], "a step of the encoder"),
        (["conv 4k31"], ["linear 784"], "does not fit a map of 28×28"),
        (["linear 8"], ["map 4x7x7", "conv 1k3"], "needs 196 numbers, not 8"),
        (["normalise 0,0,0/1,1,1", "linear 8"], ["linear 784"], "numbers for 3 channels, the map has 1"),
        (["linear 2000", "linear 262144"], ["linear 262144", "linear 784"], "parameters are more than"),
    ],
)
def test_steps_that_do_not_follow_are_one_line(encoder, decoder, words):
    experiment = written(encoder, decoder)
    with pytest.raises(UserError, match=words) as raised:
        plan(experiment.model, (1, 28, 28))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model.encoder": ["linear 8"]}, "needs both encoder and decoder; decoder is empty"),
        ({"model.encoder": ["linar 8"], "model.decoder": ["linear 784"]}, "'linar 8' is not a step"),
        ({"model.encoder": ["leaky-relu:2"], "model.decoder": ["linear 784"]}, "its slope between 0 and 1"),
        ({"model.encoder": ["tanh:2"], "model.decoder": ["linear 784"]}, "only leaky-relu takes a number"),
        ({"model.encoder": ["conv 8k3p3"], "model.decoder": ["linear 784"]}, "a padding of 3 is more"),
        ({"model.encoder": ["conv 8k3s2o1"], "model.decoder": ["linear 784"]}, "output padding is for transposed"),
        ({"model.encoder": ["linear 0"], "model.decoder": ["linear 784"]}, "0 is not from 1 to"),
        ({"model.encoder": ["normalise 0/0"], "model.decoder": ["linear 784"]}, "is not a step"),
        ({"model.encoder": ["linear 8"], "model.decoder": ["linear 784"], "model.output": "tanh"}, "output describes"),
        ({"model.encoder": ["linear 8"], "model.decoder": ["linear 784"], "model.bottleneck.size": 3}, "bottleneck"),
    ],
)
def test_a_wrong_step_is_one_line(changes, words):
    with pytest.raises(UserError, match=words) as raised:
        PLAIN.changed(changes)
    assert "\n" not in str(raised.value)


@given(st.text("abcdeklmnoprstuvx0123456789 .,/:-", max_size=30))
def test_any_text_is_a_step_or_a_line(text):
    try:
        assert parse_step(text).kind
    except ValueError as refused:
        message = str(refused)
        assert message
        assert "\n" not in message.replace(text, "")


def test_it_trains_and_goes_on_as_any_other():
    experiment = written(
        ["conv 4k3s2p1", "relu", "norm", "max-pool 2", "linear 6"],
        ["linear 196", "relu", "map 4x7x7", "upsample 2", "conv 4k3p1", "dropout 0.1", "upsample 2", "conv 1k3p1",
         "sigmoid"],
    )  # fmt: skip
    experiment = experiment.changed(
        {"data.name": "digits-28", "training.epochs": 4, "training.batch_size": 32, "training.lr": 3e-3}
    )
    images = digits()
    course = train(experiment, fresh(experiment, images), images)
    losses = [epoch.train_loss for epoch in course.epochs]
    assert losses[-1] < 0.8 * losses[0]
