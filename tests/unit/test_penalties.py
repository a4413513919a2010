"""The terms of the loss and what is done to weights, each against a plain reference."""

import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from aecore import data
from aecore.config.sections import Training
from aecore.models.autoencoder import Autoencoder
from aecore.models.build import build
from aecore.models.condition import Condition, estimated_levels
from aecore.models.fast_paths import gradients_of_gradients
from aecore.training.average import Average
from aecore.training.loop import Images, epochs
from aecore.training.loss import cross_entropy, jacobian_norm, kl_divergence, loss_of
from tests.helpers.families import family
from tests.helpers.training import digits, fresh

SHAPE = (1, 12, 12)


def pictures(count: int, shape=SHAPE, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(seed))


def network(name: str, shape=SHAPE, **more) -> Autoencoder:
    made = build(family(name, **more).model, shape, seed=1).train()
    made.rng.seed(5, torch.device("cpu"))
    assert isinstance(made, Autoencoder)
    return made


def test_only_the_largest_numbers_of_a_code_are_kept():
    model = network("k-sparse")
    codes = model.encode(pictures(6)).detach().numpy()
    model.keep = None
    whole = model.encode(pictures(6)).detach().numpy()
    for sparse, full in zip(codes, whole, strict=True):
        kept = np.argsort(-full)[:3]
        expected = np.zeros_like(full)
        expected[kept] = full[kept]
        assert np.array_equal(sparse, expected)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_weight_of_an_l1_penalty(reduction):
    model, images = network("sparse"), pictures(6)
    plain = loss_of(model, images, images, Training(reduction=reduction))
    with_penalty = loss_of(model, images, images, Training(reduction=reduction, sparsity=0.5))
    expected = 0.5 * np.abs(model.encode(images).detach().numpy()).mean() * (6 if reduction == "sum" else 1)
    assert float(with_penalty.total.detach()) == pytest.approx(float(plain.total.detach()) + expected, rel=1e-5)
    assert float(with_penalty.reported(1.0).detach()) == pytest.approx(float(plain.total.detach()))


def jacobians(model: Autoencoder, images: torch.Tensor) -> torch.Tensor:
    """‖J‖² of each image, by PyTorch's own full Jacobian."""
    with gradients_of_gradients():
        return torch.stack(
            [torch.autograd.functional.jacobian(model.encode, image[None]).square().sum() for image in images]
        )


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "none"])
def test_the_contractive_penalty_of_one_layer_is_exact(activation):
    model = network("contractive", model__dense=[], model__bottleneck__activation=activation)
    images = pictures(4).requires_grad_()
    with gradients_of_gradients():
        found = jacobian_norm(model, images, model.encode(images))
    torch.testing.assert_close(found, jacobians(model, images.detach()))


@pytest.mark.parametrize("name", ["conditional", "k-sparse", "fsq-dense"])
def test_a_contractive_penalty_goes_with_other_codes(name):
    """One layer, but more inputs than pixels or more than an activation behind it: estimated, and never a crash."""
    model = network(name, model__dense=[])
    images = pictures(4)
    loss = loss_of(model, images, images, Training(contractive=0.1))
    loss.total.backward()
    assert loss.penalty is not None
    assert float(loss.penalty.detach()) > 0


def test_the_contractive_penalty_of_more_layers_is_right_on_average():
    model = network("contractive", model__bottleneck__activation="tanh")
    images = pictures(3).requires_grad_()
    found = []
    for _ in range(3000):
        with gradients_of_gradients():
            found.append(jacobian_norm(model, images, model.encode(images)).detach())
    mean, spread = torch.stack(found).mean(0), torch.stack(found).std(0) / math.sqrt(3000)
    assert ((mean - jacobians(model, images.detach())).abs() < 5 * spread).all()


@pytest.mark.parametrize("dense", [[], [10]])
def test_the_contractive_penalty_has_the_gradient_of_its_value(dense):
    """Against differences of the penalty itself, in double precision and with the same random signs."""
    model = network("contractive", model__dense=dense, model__bottleneck__activation="tanh").double()
    images = pictures(5).double().requires_grad_()
    weight = model.get_parameter("encoder.linear1.weight")

    def penalty() -> torch.Tensor:
        model.rng.seed(1, torch.device("cpu"))
        with gradients_of_gradients():
            return jacobian_norm(model, images, model.encode(images)).mean()

    (gradient,) = torch.autograd.grad(penalty(), weight)
    direction = torch.randn(weight.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    values = []
    for step in (1e-5, -1e-5):
        with torch.no_grad():
            weight += step * direction
        values.append(float(penalty().detach()))
        with torch.no_grad():
            weight -= step * direction
    assert (values[0] - values[1]) / 2e-5 == pytest.approx(float((gradient * direction).sum()), rel=1e-4)


def test_a_linear_network_with_tied_weights_ends_at_the_error_of_pca():
    """Baldi and Hornik 1989: the best linear code is that of the principal components."""
    images = torch.from_numpy(np.array(data.load("digits").x_train[:400]))
    experiment = family(
        "tied",
        model__dense=[],
        model__bottleneck__size=5,
        model__bottleneck__activation="none",
        model__output="none",
        training__lr=0.02,
        training__epochs=1200,
        training__batch_size=400,
        training__schedule="cosine",
    )
    known = Images(images, images[:50], np.zeros(50, np.uint8))
    *_, last = epochs(experiment, fresh(experiment, known), known)
    values = images.flatten(1).numpy() / 255
    pca = PCA(5).fit(values)
    error = np.mean((pca.inverse_transform(pca.transform(values)) - values) ** 2)
    assert last.train_loss == pytest.approx(error, rel=0.01)
    assert last.train_loss > 0.9999 * error, "nothing linear is better"


def test_the_decoder_of_a_tied_network_is_the_encoder_turned_round():
    """Without biases and activations, ⟨decode(code), image⟩ = ⟨code, encode(image)⟩: one is the adjoint of the
    other."""
    plain = {"model__activation": "none", "model__output": "none", "model__bottleneck__activation": "none"}
    model = network("tied-conv", shape=(2, 16, 16), model__bias_init=0.0, **plain).eval()
    names = [name for name, _ in model.named_parameters()]
    assert not [name for name in names if name.startswith("decoder") and name.endswith("weight")]
    code, images = torch.randn(3, 8, generator=torch.Generator().manual_seed(0)), pictures(3, (2, 16, 16))
    with torch.inference_mode():
        outside = (model.decode(code) * images).flatten(1).sum(1)
        inside = (code * model.encode(images)).sum(1)
    torch.testing.assert_close(outside, inside, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("noise", ["given", "estimated"])
def test_an_image_without_noise_leaves_a_dncnn_as_it_came(noise):
    model = build(family("dncnn-levels").model, (3, 20, 20), seed=2).eval()
    images = pictures(2, (3, 20, 20)) if noise == "given" else torch.full((2, 3, 20, 20), 0.4)
    told = Condition(levels=torch.zeros(2)) if noise == "given" else Condition()
    with torch.inference_mode():
        assert torch.equal(model(images, told), images)
        assert not torch.equal(model(images, Condition(levels=torch.full((2,), 0.3))), images)


def test_the_noise_level_is_found_in_smooth_images():
    x = torch.linspace(0, 1, 32)
    smooth = (x[:, None] * x[None, :]).expand(4, 3, 32, 32)
    levels = torch.tensor([0.0, 0.05, 0.2, 0.5])
    noise = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found = estimated_levels(smooth + levels[:, None, None, None] * noise)
    torch.testing.assert_close(found, levels, rtol=0.1, atol=0.002)


def test_the_cross_entropy_is_minus_the_log_probability():
    logits, images = torch.randn(2, 1, 3, 3) * 4, (pictures(2, (1, 3, 3)) > 0.5).float()
    expected = -torch.distributions.Bernoulli(logits=logits).log_prob(images)
    torch.testing.assert_close(cross_entropy(logits, images), expected.sum())
    torch.testing.assert_close(cross_entropy(logits, images, "mean"), expected.mean())


def test_a_bernoulli_vae_minimises_the_negative_bound():
    """ln p(x) of a network with one unit, by numerical integration, lies above the bound that its loss gives."""
    model = network("bernoulli", shape=(1, 4, 4), model__bottleneck__size=1, model__dense=[8])
    images = (pictures(3, (1, 4, 4)) > 0.5).float()
    grid = torch.linspace(-8, 8, 4001)[:, None]
    with torch.no_grad():
        logits = model.decode(grid, logits=True)
        inside = torch.distributions.Bernoulli(logits=logits)
        prior = torch.distributions.Normal(0.0, 1.0).log_prob(grid[:, 0])
        exact = [
            torch.logsumexp(inside.log_prob(image).flatten(1).sum(1) + prior, 0) + math.log(16 / 4000)
            for image in images
        ]
        found = [
            float(loss_of(model, images, images, Training(reduction="sum")).total) / len(images) for _ in range(400)
        ]
    assert np.mean(found) >= -float(torch.stack(exact).mean())


def test_free_bits_stop_the_pull_of_the_prior():
    """A unit whose mean divergence is below the free bits has no gradient from it, and one above has."""
    model, images = network("vae"), pictures(8)
    mean, log_variance = (part.detach() for part in model.distribution(images))
    by_unit = kl_divergence(mean, log_variance).mean(0)
    free = float(by_unit.median()) + 1e-6
    settings = Training(reduction="sum", free_bits=free)
    loss = loss_of(model, images, images, settings)
    assert loss.kl is not None
    expected = by_unit.clamp(min=free).sum() * 8
    torch.testing.assert_close(loss.total - loss.reconstruction, expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(loss.kl, by_unit.sum() * 8)


def test_warmth_weighs_the_divergence():
    model, images = network("vae"), pictures(8)
    found = []
    for warmth in (0.0, 0.5, 1.0):
        model.rng.seed(1, torch.device("cpu"))
        loss = loss_of(model, images, images, Training(reduction="sum", beta=2), warmth=warmth)
        assert loss.kl is not None
        found.append(float((loss.total - loss.reconstruction).detach()))
        full = float(loss.kl.detach())
    assert found == pytest.approx([0, full, 2 * full], rel=1e-4)


def test_the_average_follows_the_weights():
    model = network("dense")
    average = Average(model, 0.5)
    weight = model.get_parameter("encoder.linear1.weight")
    expected = weight.detach().clone()
    for step in range(1, 6):
        with torch.no_grad():
            weight += step
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * weight.detach()
    torch.testing.assert_close(average.network.get_parameter("encoder.linear1.weight"), expected)


def test_an_averaged_run_saves_and_measures_the_average(tmp_path):
    images = digits(192, 60)
    experiment = family("dense", training__average=0.99, training__lr=0.05)
    plain = family("dense", training__lr=0.05)
    state, other = fresh(experiment, images), fresh(plain, images)
    averaged, last = list(epochs(experiment, state, images)), list(epochs(plain, other, images))
    assert averaged[-1].train_loss == last[-1].train_loss, "the training itself is not changed"
    assert averaged[-1].test_loss != last[-1].test_loss
    assert state.measured is not state.model
    assert other.measured is other.model


def test_a_gradient_is_clipped_to_its_norm():
    images = digits(64, 20)
    state = fresh(family("dense", training__optimizer="sgd", training__momentum=0, training__lr=1.0), images)
    before = [weights.detach().clone() for weights in state.model.parameters()]
    experiment = family(
        "dense",
        training__optimizer="sgd",
        training__momentum=0,
        training__lr=1.0,
        training__clip=1e-3,
        training__epochs=1,
        training__batch_size=64,
    )
    list(epochs(experiment, state, images))
    moved = math.sqrt(
        sum(float((a.detach() - b).square().sum()) for a, b in zip(state.model.parameters(), before, strict=True))
    )
    assert moved == pytest.approx(1e-3, rel=1e-3)
