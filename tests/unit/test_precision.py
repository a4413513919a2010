"""bfloat16 steps: a twin of the network that computes in shorter numbers."""

import pytest
import torch

from aecore.errors import UserError
from aecore.models.autoencoder import Autoencoder
from aecore.models.fast_paths import keep_freed_memory
from aecore.training.loss import squared_error
from aecore.training.step import Step
from tests.helpers.training import CONV, DROPOUT, MLP, VAE, digits, fresh, same, train

KINDS = {"mlp": MLP, "conv": CONV, "dropout": DROPOUT, "vae": VAE}


@pytest.mark.parametrize("kind", KINDS)
def test_a_twin_is_the_same_network_with_shorter_numbers(kind):
    model = Autoencoder(KINDS[kind].model, (1, 28, 28), seed=1)
    twin = model.twin(torch.bfloat16)
    assert twin.dtype == torch.bfloat16
    assert twin.rng is model.rng
    own, short = dict(model.named_parameters()), dict(twin.named_parameters())
    assert own.keys() == short.keys()
    for name, weights in own.items():
        assert weights.dtype == torch.float32
        assert (short[name] is weights) == ("_norm" in name)
        assert torch.equal(short[name].float(), weights if "_norm" in name else weights.bfloat16().float())
        assert short[name].stride() == weights.stride()
    images = model.from_bytes(digits().test)
    model.eval()
    twin.eval()
    with torch.no_grad():
        expected, found = model(images), twin(images.bfloat16())
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), expected, rtol=0, atol=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_bfloat16_learns_what_float32_learns(kind):
    images, experiment = digits(), KINDS[kind].changed({"training.lr": 3e-3})
    exact, short = fresh(experiment, images), fresh(experiment, images)
    expected = train(experiment, exact, images).epochs
    found = train(experiment, short, images, precision="bfloat16").epochs
    assert [epoch.train_loss for epoch in found] == pytest.approx([epoch.train_loss for epoch in expected], rel=0.03)
    assert [epoch.test_loss for epoch in found] == pytest.approx([epoch.test_loss for epoch in expected], rel=0.03)
    assert not same(exact.model.state_dict(), short.model.state_dict())
    weights = short.model.state_dict()
    assert all(value.dtype == torch.float32 for name, value in weights.items() if "num_batches" not in name)
    assert any(not torch.equal(value, value.bfloat16().float()) for value in weights.values() if value.dim() > 1)
    assert all(layer["gradient"] > 0 for layer in found[-1].layers.values())


def test_the_loss_of_short_numbers_is_summed_in_long_ones():
    output, target = torch.rand(2, 64, 100, generator=torch.Generator().manual_seed(0)).bfloat16().unbind()
    loss = squared_error(output.requires_grad_(), target)
    assert loss.dtype == torch.float32
    # Each difference is rounded once; their sum is not.
    expected = (output.detach() - target).double().square().mean().item()
    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_noise_is_the_same_in_both_formats():
    images = digits()
    for corruption in ("gaussian:0.3", "salt-pepper:0.2+square:6", "gaussian:0.3:clamp+once"):
        experiment = CONV.changed({"corruption": corruption, "training.batch_size": 50})
        batches = [
            Step(experiment, fresh(experiment, images), images.train, precision).batches.take(torch.arange(40))[:2]
            for precision in ("float32", "bfloat16")
        ]
        for exact, short in zip(*batches, strict=True):
            assert torch.equal(exact.bfloat16(), short)


def test_deterministic_and_bfloat16_exclude_each_other():
    with pytest.raises(UserError, match="deterministic means float32"):
        MLP.changed({"training.deterministic": True, "training.precision": "bfloat16"})


def test_freed_memory_is_kept_once_more_and_again():
    keep_freed_memory()
    keep_freed_memory()
    assert torch.ones(4_000_000).sum() == 4_000_000
