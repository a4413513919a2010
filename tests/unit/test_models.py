import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.errors import MistakeError
from aecore.experiment import Model
from aecore.models import Autoencoder, plan
from aecore.presets import preset


def test_the_layer_table_is_that_of_report_003():
    solved = plan(preset("mnist-mlp8-plateau").experiment.model, (1, 28, 28))
    assert [layer.parameters for layer in solved.layers] == [307_720, 3_144, 3_528, 308_112]
    assert [layer.output_shape for layer in solved.layers] == [(392,), (8,), (392,), (784,)]
    assert solved.parameters == 622_504
    assert solved.compression == 98


@settings(max_examples=25, deadline=None)
@given(
    dense=st.lists(st.integers(1, 40), max_size=3),
    decoder=st.none() | st.lists(st.integers(1, 40), max_size=3),
    size=st.integers(1, 20),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12)),
    activation=st.sampled_from(["relu", "selu", "tanh", "gelu", "none"]),
)
def test_the_network_is_what_its_plan_says(dense, decoder, size, shape, activation):
    description = Model.model_validate(
        {"dense": dense, "decoder_dense": decoder, "bottleneck": {"size": size}, "activation": activation}
    )
    network = Autoencoder(description, shape)
    assert sum(p.numel() for p in network.parameters()) == plan(description, shape).parameters
    images = torch.rand(2, *shape)
    codes = network.encode(images)
    assert codes.shape == (2, size)
    assert network.decode(codes).shape == images.shape
    assert torch.equal(network(images), network.decode(codes))


def test_one_seed_one_start_and_the_global_generator_is_left_alone():
    description = preset("mnist-mlp8").experiment.model
    before = torch.get_rng_state()
    first, again = (Autoencoder(description, (1, 28, 28), seed=3).state_dict() for _ in range(2))
    other = Autoencoder(description, (1, 28, 28), seed=4).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["encoder.linear1.weight"], other["encoder.linear1.weight"])
    bound = (6 / (784 + 392)) ** 0.5
    weight = first["encoder.linear1.weight"]
    assert 0.99 * bound < weight.abs().max() <= bound, "Xavier-uniform"
    assert torch.all(first["decoder.linear2.bias"] == torch.tensor(0.01))


def test_a_model_larger_than_memory_is_refused_before_it_is_built():
    with pytest.raises(MistakeError, match="parameters are more"):
        plan(Model(dense=(65536, 65536)), (1, 28, 28))


def test_linear_layers_compute_what_torchs_own_do():
    network = Autoencoder(preset("mnist-mlp8").experiment.model, (1, 28, 28), seed=1)
    plain = torch.nn.Sequential(
        torch.nn.Linear(784, 392),
        torch.nn.ReLU(),
        torch.nn.Linear(392, 8),
        torch.nn.ReLU(),
        torch.nn.Linear(8, 392),
        torch.nn.ReLU(),
        torch.nn.Linear(392, 784),
        torch.nn.Sigmoid(),
    )
    with torch.no_grad():
        for ours, theirs in zip(network.parameters(), plain.parameters(), strict=True):
            theirs.copy_(ours)
    images = torch.rand(33, 1, 28, 28, requires_grad=True)
    rows = images.detach().flatten(1).requires_grad_()
    (network(images) ** 2).mean().backward()
    (plain(rows) ** 2).mean().backward()
    torch.testing.assert_close(network(images).flatten(1), plain(rows), rtol=1e-4, atol=1e-6)
    assert images.grad is not None
    assert rows.grad is not None
    torch.testing.assert_close(images.grad.flatten(1), rows.grad, rtol=1e-3, atol=1e-8)
    for ours, theirs in zip(network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-7)
