"""Quantised codes without torch agree with the quantisers, and their use is counted."""

import numpy as np
import pytest
import torch

from aecore.latent.quantised import indices_of, scalar_vectors, shuffled_places, use_of
from aecore.models.architecture import plan
from aecore.models.autoencoder import Autoencoder
from aecore.models.build import build
from aecore.models.quantise import Codebook, FiniteScalar
from tests.helpers.families import family

SHAPE = (1, 28, 28)


def test_the_vectors_of_levels_are_those_of_the_quantiser():
    model = family("fsq").model
    quantiser = FiniteScalar(model.bottleneck.levels)
    assert np.allclose(scalar_vectors(model), quantiser.vectors(torch.arange(quantiser.size)).numpy())


@pytest.mark.parametrize("name", ["fsq", "fsq-dense", "vq"])
def test_numbers_are_those_of_the_network(name):
    model = family(name).model
    network = build(model, SHAPE, seed=1).eval()
    assert isinstance(network, Autoencoder)
    if isinstance(network.quantiser, Codebook):
        network.quantiser.codebook.normal_(generator=torch.Generator().manual_seed(0))
        vectors = network.quantiser.codebook.numpy()
    else:
        vectors = scalar_vectors(model)
    with torch.inference_mode():
        codes = network.encode(torch.rand(5, *SHAPE, generator=torch.Generator().manual_seed(1)))
        wanted = network.indices(codes)
    found = indices_of(codes.numpy(), network.plan, vectors)
    assert found.shape == (5, *network.plan.code_map[1:])
    assert np.array_equal(found, wanted.numpy().reshape(found.shape))


def test_the_use_of_a_codebook():
    assert use_of(np.array([[3, 3], [3, 3]]), 8) == (1, 8, 1.0)
    used, of, perplexity = use_of(np.repeat([0, 2, 5, 7], 10), 8)
    assert (used, of) == (4, 8)
    assert perplexity == pytest.approx(4)
    assert use_of(np.array([0, 0, 0, 1]), 2).perplexity == pytest.approx(
        np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))
    )


def test_random_codes_take_each_place_from_a_real_one():
    solved = plan(family("fsq").model, SHAPE)
    channels, height, width = solved.code_map
    real = np.arange(3 * channels * height * width, dtype=np.float32).reshape(3, -1)
    drawn = shuffled_places(real, solved, 50, seed=0)
    assert drawn.shape == (50, solved.code_size)
    places = drawn.reshape(50, channels, height * width)
    for place in range(height * width):
        known = {tuple(vector) for vector in real.reshape(3, channels, -1)[:, :, place]}
        found = {tuple(vector) for vector in places[:, :, place]}
        assert found <= known
    assert len({tuple(row) for row in drawn}) > 40, "places are drawn one by one"
