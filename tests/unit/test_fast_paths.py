"""Every fast path against the plain operation that it replaces."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from aecore.models.fast_paths import (
    InPlaceSigmoid,
    InPlaceTanh,
    Linear,
    keep_freed_memory,
    keep_mask,
    plain_keep_mask,
    plain_squared_error,
    squared_error,
)


@settings(max_examples=20)
@given(rows=st.integers(1, 9), inputs=st.integers(1, 40), outputs=st.integers(1, 40), seed=st.integers(0, 99))
def test_the_linear_layer_is_pytorchs_to_rounding(rows, inputs, outputs, seed):
    generator = torch.Generator().manual_seed(seed)
    layer = Linear(inputs, outputs)
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -1, 1, generator=generator)
    values = torch.rand((rows, inputs), generator=generator)
    ours, theirs = values.clone().requires_grad_(), values.clone().requires_grad_()
    output, expected = layer(ours), F.linear(theirs, layer.weight, layer.bias)
    torch.testing.assert_close(output, expected, rtol=1e-5, atol=1e-5)
    mine = torch.autograd.grad(output.square().sum(), [ours, layer.weight, layer.bias])
    plain = torch.autograd.grad(expected.square().sum(), [theirs, layer.weight, layer.bias])
    for gradient, other in zip(mine, plain, strict=True):
        torch.testing.assert_close(gradient, other, rtol=1e-4, atol=1e-4)


def test_the_linear_layer_is_pytorchs_own_in_other_types():
    layer = Linear(5, 3).to(torch.bfloat16)
    values = torch.rand(4, 5, dtype=torch.bfloat16)
    assert torch.equal(layer(values), F.linear(values, layer.weight, layer.bias))


@pytest.mark.parametrize(("fast", "plain"), [(InPlaceSigmoid, nn.Sigmoid), (InPlaceTanh, nn.Tanh)])
def test_activations_in_place_are_the_same_bits(fast, plain):
    values = torch.linspace(-12, 12, 1001)
    ours, theirs = values.clone().requires_grad_(), values.clone().requires_grad_()
    output, expected = fast()(ours * 1), plain()(theirs * 1)
    assert torch.equal(output, expected)
    output.sum().backward()
    expected.sum().backward()
    assert ours.grad is not None
    assert theirs.grad is not None
    assert torch.equal(ours.grad, theirs.grad)
    written = values.clone()
    assert fast()(written).data_ptr() == written.data_ptr()


@settings(max_examples=20)
@given(share=st.floats(0.02, 0.98), seed=st.integers(0, 999), last=st.booleans())
def test_masks_have_the_distribution_of_bernoulli_numbers(share, seed, last):
    like = torch.empty(16, 5, 20, 21).to(memory_format=torch.channels_last if last else torch.contiguous_format)
    masks = [draw(like, share, torch.Generator().manual_seed(seed)) for draw in (keep_mask, plain_keep_mask)]
    for mask in masks:
        assert mask.stride() == like.stride()
        assert set(mask.unique().tolist()) <= {0.0, 1.0}
    spread = math.sqrt(2 * share * (1 - share) / like.numel())
    assert abs(masks[0].mean() - masks[1].mean()) < 5 * spread + 2**-16


def test_a_mask_is_of_16_random_bits_a_value():
    share, count = 0.7, 1001
    mask = keep_mask(torch.empty(count), share, torch.Generator().manual_seed(3))
    words = torch.empty(251, dtype=torch.int64).random_(-(2**63), None, generator=torch.Generator().manual_seed(3))
    uniform = (words.view(torch.int16)[:count].double() + 2**15 + 0.5) / 2**16
    assert torch.equal(mask, (uniform < round(share * 2**16) / 2**16).float())


@settings(max_examples=20)
@given(st.sampled_from(["mean", "sum"]), st.booleans(), st.integers(0, 99))
def test_the_squared_error_and_its_gradient_are_pytorchs_to_rounding(reduction, last, seed):
    generator = torch.Generator().manual_seed(seed)
    output, target = (torch.rand((3, 2, 5, 4), generator=generator) for _ in range(2))
    if last:
        output, target = (values.to(memory_format=torch.channels_last) for values in (output, target))
    ours, theirs = output.clone().requires_grad_(), output.clone().requires_grad_()
    fast, plain = squared_error(ours, target, reduction), plain_squared_error(theirs, target, reduction)
    torch.testing.assert_close(fast, plain)
    (3 * fast).backward()
    (3 * plain).backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_keeping_freed_memory_changes_no_result():
    values = torch.rand(300, 300, generator=torch.Generator().manual_seed(0))
    before = values @ values
    keep_freed_memory()
    assert torch.equal(values @ values, before)
