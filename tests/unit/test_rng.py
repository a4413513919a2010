"""The model's own chance: dropout's masks and the codes of a VAE."""

import math
import threading

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.config.model import Bottleneck, Conv, Model
from aecore.models import Autoencoder
from aecore.models.rng import ModelRng
from aecore.training.probe import temporary_rng
from tests.helpers.training import CPU

CONV = Model(conv=(Conv(channels=6, stride=2, padding=1),), dense=(16,), dropout=0.3)
VAE = Model(dense=(16,), bottleneck=Bottleneck(kind="gaussian", size=4))


def seeded(seed=0):
    rng = ModelRng()
    rng.seed(seed, CPU)
    return rng


def network(model, seed=0):
    made = Autoencoder(model, (1, 8, 8))
    made.rng.seed(seed, CPU)
    return made


@settings(max_examples=25)
@given(share=st.floats(0.02, 0.98), seed=st.integers(0, 999), last=st.booleans())
def test_the_asked_share_is_kept_wherever_it_lies_in_memory(share, seed, last):
    order = torch.channels_last if last else torch.contiguous_format
    like = torch.empty(16, 5, 20, 21).to(memory_format=order)
    kept = seeded(seed).keep_mask(like, share)
    assert kept.stride() == like.stride()
    assert set(kept.unique().tolist()) <= {0.0, 1.0}
    assert abs(kept.mean().item() - share) < 5 * math.sqrt(share * (1 - share) / kept.numel()) + 2**-16
    for axis in range(4):  # no axis is favoured
        others = [other for other in range(4) if other != axis]
        shares = kept.mean(others)
        assert (shares - share).abs().max() < 6 * math.sqrt(share * (1 - share) * len(shares) / kept.numel()) + 2**-16


@pytest.mark.parametrize(("share", "expected"), [(1 - 1e-7, 1.0), (1e-7, 0.0), (1.0, 1.0)])
def test_shares_next_to_one_and_nought_stay_what_they_are(share, expected):
    assert seeded().keep_mask(torch.empty(1001), share).mean().item() == pytest.approx(expected, abs=1e-3)


def test_dropout_scales_what_it_keeps_and_rests_outside_of_training():
    layer = network(CONV).get_submodule("encoder.conv1_dropout")
    ones = torch.ones(64, 6, 4, 4)
    dropped = layer(ones)
    assert dropped.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert dropped.mean().item() == pytest.approx(1, abs=0.03)
    assert torch.equal(layer.eval()(ones), ones)


@pytest.mark.parametrize("model", [CONV, VAE], ids=["dropout", "vae"])
def test_a_models_chance_repeats_from_its_seed_and_leaves_torchs_own_alone(model):
    images = torch.rand(7, 1, 8, 8)
    before = torch.get_rng_state()
    first, again, other = network(model, 1), network(model, 1), network(model, 2)
    outputs = [made(images) for made in (first, again, other)]
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])
    assert not torch.equal(outputs[0], first(images)), "each pass draws anew"
    assert torch.equal(before, torch.get_rng_state())


def test_looking_at_a_model_does_not_change_its_course():
    images = torch.rand(7, 1, 8, 8)
    undisturbed, watched = network(VAE), network(VAE)
    undisturbed(images)
    watched(images)
    with temporary_rng(watched, 99, CPU):
        watched(images)
    assert torch.equal(undisturbed(images), watched(images))


def test_two_threads_draw_from_sequences_of_their_own():
    alone, shared = network(VAE), network(VAE)
    images = torch.rand(7, 1, 8, 8)
    expected = [alone(images) for _ in range(2)]
    outputs = [shared(images)]

    def elsewhere():
        shared.rng.seed(0, CPU)
        outputs.append(shared(images))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    outputs.append(shared(images))
    assert torch.equal(outputs[0], expected[0])
    assert torch.equal(outputs[1], expected[0]), "the same seed, from its start"
    assert torch.equal(outputs[2], expected[1]), "where this thread had left off"


@pytest.mark.parametrize("sample", ["training", "always"])
def test_a_vae_draws_in_training_and_afterwards_only_when_asked_to(sample):
    made = network(VAE.model_copy(update={"bottleneck": Bottleneck(kind="gaussian", size=4, sample=sample)}))
    images = torch.rand(7, 1, 8, 8)
    mean, _ = made.distribution(images)
    assert not torch.equal(made.train().encode(images), mean)
    assert torch.equal(made.eval().encode(images), mean) == (sample == "training")


def test_drawn_codes_have_the_mean_and_variance_that_were_told():
    made = network(VAE)
    mean = torch.tensor([[0.0, 1.0, -2.0, 3.0]]).expand(40_000, 4)
    log_variance = torch.tensor([[0.0, -2.0, 1.0, 2 * math.log(0.1)]]).expand(40_000, 4)
    codes = made.train().sample(mean, log_variance)
    torch.testing.assert_close(codes.mean(0), mean[0], rtol=0, atol=0.04)
    torch.testing.assert_close(codes.std(0), torch.exp(log_variance[0] / 2), rtol=0.02, atol=0)
