"""The losses against torch's own, and how a VAE's are logged."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import distributions

from aecore.config.sections import Training
from aecore.models.autoencoder import Autoencoder
from aecore.training.loss import kl_divergence, loss_of
from aecore.training.probe import TEST_NOISE_SEED, probe, temporary_rng
from tests.helpers.training import CONV, CPU, VAE, digits, fresh, train


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(-8, 5)), min_size=1, max_size=20),
)
def test_the_divergence_is_torchs(pairs):
    mean, log_variance = torch.tensor(pairs, dtype=torch.float64).T
    ours = kl_divergence(mean, log_variance)
    told = distributions.Normal(mean, torch.exp(log_variance / 2))
    theirs = distributions.kl_divergence(told, distributions.Normal(torch.zeros(()), torch.ones(())))
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)
    assert ours.min() >= -1e-12


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("beta", [0.0, 1.0, 2.5])
def test_a_vaes_loss_is_error_plus_weighted_divergence(reduction, beta):
    images = digits(12)
    model = fresh(VAE, images).model
    assert isinstance(model, Autoencoder)
    clean = model.from_bytes(images.train)
    with temporary_rng(model, 5, CPU):
        loss = loss_of(model, clean, clean, Training(reduction=reduction, beta=beta))
    with temporary_rng(model, 5, CPU):
        mean, log_variance = model.distribution(clean)
        output = model.decode(model.sample(mean, log_variance))
    told = distributions.Normal(mean, torch.exp(log_variance / 2))
    divergence = distributions.kl_divergence(told, distributions.Normal(0.0, 1.0))
    expected = torch.nn.functional.mse_loss(output, clean, reduction=reduction)
    kl = divergence.sum() if reduction == "sum" else divergence.mean()
    torch.testing.assert_close(loss.reconstruction, expected)
    torch.testing.assert_close(loss.kl, kl)
    torch.testing.assert_close(loss.total, expected + beta * kl)
    plain = torch.autograd.grad(expected + beta * kl, list(model.parameters()))
    for ours, theirs in zip(torch.autograd.grad(loss.total, list(model.parameters())), plain, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)


def test_a_network_without_a_distribution_has_no_divergence():
    images = digits(4)
    model = fresh(CONV, images).model
    loss = loss_of(model, model.from_bytes(images.train), model.from_bytes(images.train), Training())
    assert loss.kl is None
    assert loss.total is loss.reconstruction


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_the_log_counts_a_smaller_last_batch_as_what_it_is(reduction):
    """sum: the loss of an image over all images; mean: the mean of the batches' means, as the reports log it."""
    images = digits(150)
    experiment = VAE.changed(
        {"training.reduction": reduction, "training.epochs": 1, "training.schedule": "none", "training.beta": 2}
    )
    state, plain = fresh(experiment, images), fresh(experiment, images)
    measured = train(experiment, state, images).epochs[0]
    assert len(images.train) % experiment.training.batch_size == 22
    optimizer = torch.optim.Adam(plain.model.parameters(), lr=experiment.training.lr)
    losses = []
    for chosen in torch.randperm(150, generator=plain.order).split(experiment.training.batch_size):
        clean = plain.model.from_bytes(images.train[chosen])
        # Drawn in memory order, channels last: the same for images of one channel.
        noisy = clean + 0.2 * torch.empty_like(clean).normal_(generator=plain.noise)
        loss = loss_of(plain.model, noisy, clean, experiment.training)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
        assert loss.kl is not None
        losses.append([part.item() for part in (loss.total, loss.reconstruction, loss.kl)])
    total, reconstruction, kl = torch.tensor(losses, dtype=torch.float64).sum(0) / (
        150 if reduction == "sum" else len(losses)
    )
    assert measured.train_loss == pytest.approx(total.item(), rel=1e-4)
    assert measured.parts["train_reconstruction"] == pytest.approx(reconstruction.item(), rel=1e-4)
    assert measured.parts["train_kl"] == pytest.approx(kl.item(), rel=1e-3)
    assert measured.train_loss == pytest.approx(
        measured.parts["train_reconstruction"] + 2 * measured.parts["train_kl"], rel=1e-5
    )


@pytest.mark.parametrize("sample", ["training", "always"])
def test_the_test_loss_is_of_the_means_or_of_drawn_codes(sample):
    images = digits(10)
    experiment = VAE.changed({"model.bottleneck.sample": sample, "corruption": "none"})
    model = fresh(experiment, images).model.eval()
    seen = probe(model, images.test, experiment)
    clean = model.from_bytes(images.test)
    with torch.no_grad(), temporary_rng(model, TEST_NOISE_SEED, CPU):
        mean, log_variance = model.distribution(clean)
        loss = loss_of(model, clean, clean, experiment.training)
        error = ((model.decode(mean) - clean) ** 2).sum().item() / 60
    assert seen.kl == pytest.approx(kl_divergence(mean, log_variance).sum().item() / 60, rel=1e-4)
    assert (seen.reconstruction == pytest.approx(error, rel=1e-4)) == (sample == "training")
    if sample == "training":
        assert seen.loss == pytest.approx(loss.total.item() / 60, rel=1e-4)
    assert seen.code_std == pytest.approx(mean.std(0, correction=0).numpy(), rel=1e-4)
