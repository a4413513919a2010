"""Quantised codes against plain references: which vectors there are, which is nearest, what gradients do."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aecore.models.quantise import COMMITMENT, DECAY, Codebook, FiniteScalar
from aecore.models.rng import ModelRng

LEVELS = st.lists(st.integers(3, 9), min_size=1, max_size=4).map(tuple)


def seeded() -> ModelRng:
    rng = ModelRng()
    rng.seed(0, torch.device("cpu"))
    return rng


@given(LEVELS)
def test_there_are_as_many_vectors_as_combinations_of_levels(levels):
    """A wide sweep of inputs meets each level of each number, and none else; numbers and vectors are inverse."""
    quantiser = FiniteScalar(levels)
    sweep = torch.linspace(-9, 9, 4001)[:, None].expand(-1, len(levels))
    codes, extra = quantiser(sweep)
    assert extra is None
    for number, count in enumerate(levels):
        found = codes[:, number].unique()
        assert len(found) == count
        steps = found.diff()
        torch.testing.assert_close(steps, torch.full_like(steps, 1 / (count // 2)))
    every = torch.arange(quantiser.size)
    vectors = quantiser.vectors(every)
    assert len({tuple(row) for row in vectors.tolist()}) == np.prod(levels)
    assert torch.equal(quantiser.indices(vectors), every)
    ours = set(itertools.product(*[codes[:, number].unique().tolist() for number in range(len(levels))]))
    assert {tuple(row) for row in vectors.tolist()} == ours


def test_zero_is_a_level_and_the_gradient_passes_the_rounding():
    quantiser = FiniteScalar((8, 5, 4))
    values = torch.tensor([[0.0, 0.0, 0.0], [0.3, -1.2, 2.0]], requires_grad=True)
    codes, _ = quantiser(values)
    assert torch.equal(codes[0], torch.zeros(3))
    codes.sum().backward()
    # The derivative of the bounding function alone, by differences.
    bounded = [
        quantiser._bounded(values.detach().double() + shift) / quantiser._half(values) for shift in (1e-5, -1e-5)
    ]
    expected = (bounded[0] - bounded[1]) / 2e-5
    torch.testing.assert_close(values.grad, expected.float(), atol=1e-3, rtol=1e-3)


def test_maps_are_quantised_place_by_place():
    values = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    fsq = FiniteScalar((8, 5, 3))
    codes, _ = fsq(values)
    rows, _ = fsq(values.movedim(1, -1).reshape(-1, 3))
    assert torch.equal(codes.movedim(1, -1).reshape(-1, 3), rows)
    assert fsq.indices(codes).shape == (2, 4, 5)
    assert torch.equal(fsq.vectors(fsq.indices(codes)), codes)


def test_the_nearest_vector_of_a_codebook():
    generator = torch.Generator().manual_seed(1)
    book = Codebook(7, 3, seeded()).eval()
    book.codebook.normal_(generator=generator)
    values = torch.randn(2, 3, 4, 4, generator=generator).requires_grad_()
    codes, commitment = book(values)
    rows = values.detach().movedim(1, -1).reshape(-1, 3).numpy()
    vectors = book.codebook.numpy()
    nearest = np.array([np.argmin([np.sum((row - vector) ** 2) for vector in vectors]) for row in rows])
    assert np.allclose(codes.detach().movedim(1, -1).reshape(-1, 3).numpy(), vectors[nearest], atol=1e-6)
    assert np.array_equal(book.indices(codes.detach()).flatten().numpy(), nearest)
    torch.testing.assert_close(book.vectors(book.indices(codes.detach())), codes.detach())
    expected = COMMITMENT * np.mean((rows - vectors[nearest]) ** 2)
    assert float(commitment.detach()) == pytest.approx(expected, rel=1e-5)
    # Straight through: the gradient at the output is that of the input; the commitment adds its own.
    codes.sum().backward()
    torch.testing.assert_close(values.grad, torch.ones_like(values))


def test_a_codebook_follows_the_encoder_as_moving_averages():
    book = Codebook(2, 1, seeded()).train()
    book.counts.fill_(1.0)
    book.codebook.copy_(torch.tensor([[0.0], [10.0]]))
    book.sums.copy_(book.codebook)
    values = torch.tensor([[1.0], [2.0], [9.0]])
    book(values)
    counts = DECAY * np.array([1, 1]) + (1 - DECAY) * np.array([2, 1])
    sums = DECAY * np.array([0, 10]) + (1 - DECAY) * np.array([3, 9])
    assert np.allclose(book.codebook[:, 0].numpy(), sums / counts, rtol=1e-5)


def test_vectors_that_nobody_uses_begin_again_at_what_the_encoder_gives():
    generator = torch.Generator().manual_seed(2)
    book = Codebook(16, 2, seeded()).train()
    for _ in range(60):
        book(5 + torch.randn(64, 2, generator=generator))
    used = book.eval().indices(5 + torch.randn(512, 2, generator=generator)).unique()
    assert len(used) >= 12


def test_a_codebook_learns_the_clusters_of_its_inputs():
    generator = torch.Generator().manual_seed(3)
    centers = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])
    book = Codebook(4, 2, seeded()).train()
    for _ in range(400):
        chosen = torch.randint(0, 4, (64,), generator=generator)
        book(centers[chosen] + 0.1 * torch.randn(64, 2, generator=generator))
    distances = torch.cdist(centers, book.codebook).min(1).values
    assert float(distances.max()) < 0.2
