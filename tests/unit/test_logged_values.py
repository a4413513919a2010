"""What a loop may log: names, and one number of whatever was given."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import aecore
from aecore.errors import UserError
from aecore.recording.values import checked_name, number_of


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, 1.0), (True, 1.0), (np.float32(0.5), 0.5), (torch.tensor([2.0], requires_grad=True), 2.0), ("3", 3.0)],
)
def test_numbers(value, number):
    assert number_of("a", value) == number


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), torch.tensor(float("inf"))])
def test_what_is_not_finite_is_a_gap(value):
    assert number_of("a", value) is None


@pytest.mark.parametrize("value", [None, "x", [1, 2], torch.ones(2), {}, 10**400])
def test_what_is_no_number_is_said(value):
    with pytest.raises(UserError, match="a should be one number, not"):
        number_of("a", value)


def test_even_the_name_that_methods_call_themselves_by_ends_no_loop(store):
    values = {"self": 1.5, "loss": 2}
    with aecore.record("names", "digits-28", store=store) as run:
        run.log(**values)
    assert [(line["self"], line["loss"]) for line in run.run.metrics()] == [(1.5, 2)]


def test_names():
    assert checked_name("train/loss 2") == "train/loss 2"
    for name in ("", "epoch", "seconds", "2a", "a\nb", "a" * 81):
        with pytest.raises(UserError, match="cannot be the name of a value"):
            checked_name(name)
