"""The mean logarithm of each image's squared error, which raises the mean PSNR."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aecore.config.sections import Training
from aecore.errors import UserError
from aecore.models.condition import Condition
from aecore.presets import preset
from aecore.training.loop import epochs
from aecore.training.loss import LOG_FLOOR, loss_of
from tests.helpers.families import family
from tests.helpers.training import CONV, digits, fresh

LOG = Training(error="log-squared")


def test_what_is_minimised_is_the_mean_psnr_and_what_is_shown_the_squared_error():
    images = digits(9)
    model = fresh(CONV, images).model
    clean = model.from_bytes(images.train)
    noisy = clean + 0.1 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    loss = loss_of(model, noisy, clean, LOG)
    errors = ((model(noisy) - clean).detach().numpy() ** 2).reshape(9, -1).mean(1)
    psnr = 10 * np.log10(1 / errors)
    assert loss.total.item() == pytest.approx(-psnr.mean() * np.log(10) / 10, rel=1e-4)
    assert loss.reconstruction.item() == pytest.approx(errors.mean(), rel=1e-5)
    assert not loss.reconstruction.requires_grad


def test_every_image_pulls_as_hard_however_small_its_error():
    """The gradient of the sum of logarithms is the sum of each image's own, divided by its error."""
    images = digits(2)
    model = fresh(CONV, images).model
    clean = model.from_bytes(images.train)
    weights = list(model.parameters())
    whole = torch.autograd.grad(loss_of(model, clean, clean, LOG).total, weights)
    parts = []
    for one in (clean[:1], clean[1:]):
        error = torch.nn.functional.mse_loss(model(one), one)
        parts.append([gradient / (error.detach() + LOG_FLOOR) for gradient in torch.autograd.grad(error, weights)])
    for ours, first, second in zip(whole, *parts, strict=True):
        torch.testing.assert_close(ours, (first + second) / 2, rtol=1e-3, atol=1e-6)


def test_an_image_without_noise_leaves_the_gradient_finite():
    """A denoiser that is told a strength of 0 gives the image back: an error of 0, whose logarithm has no value."""
    experiment = family("unet", model__noise_level=True)
    images = digits(4)
    model = fresh(experiment, images).model
    clean = model.from_bytes(images.train)
    loss = loss_of(model, clean, clean, LOG, Condition(levels=torch.tensor([0.0, 0.1, 0.0, 0.3])))
    gradients = torch.autograd.grad(loss.total, list(model.parameters()))
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
    assert torch.isfinite(loss.total)


def test_it_trains():
    experiment = CONV.changed({"training.error": "log-squared", "training.epochs": 12, "training.lr": 3e-3})
    images = digits(200)
    course = [epoch.train_loss for epoch in epochs(experiment, fresh(experiment, images), images)]
    assert course[-1] < course[0]
    assert course[-1] > 0, "the curve is the squared error"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"training.reduction": "sum"}, "set reduction to mean"),
        ({"model.bottleneck.kind": "gaussian"}, "a VAE's divergence"),
        ({"model.likelihood": "bernoulli"}, "has no squared error"),
    ],
)
def test_what_it_does_not_go_with_is_refused(changes, line):
    with pytest.raises(UserError, match=line):
        preset("mnist-mlp8").experiment.changed({"training.error": "log-squared", **changes})
