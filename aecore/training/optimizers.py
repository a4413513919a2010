"""PyTorch's optimizers without its compiler.

Nothing here is compiled, but every step of `torch.optim` first imports the compiler, `torch._dynamo`, to tell it where
to keep out: more than a second in which a run that was just started does nothing. These classes call the same
functions without that. Where a version of PyTorch wraps them in another way, they are called as they are.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import optim

_Base = optim.Optimizer


class _Plain:
    add_param_group, zero_grad = inspect.unwrap(_Base.add_param_group), inspect.unwrap(_Base.zero_grad)
    state_dict, load_state_dict = inspect.unwrap(_Base.state_dict), inspect.unwrap(_Base.load_state_dict)


def _plain_step(base: type[optim.Optimizer]) -> Callable[..., Any]:
    # `torch.optim` turns gradients off in one of the wrappers.
    return torch.no_grad()(inspect.unwrap(base.step))


class Adam(_Plain, optim.Adam):
    """`torch.optim.Adam`."""

    step = _plain_step(optim.Adam)


class AdamW(_Plain, optim.AdamW):
    """`torch.optim.AdamW`."""

    step = _plain_step(optim.AdamW)


class SGD(_Plain, optim.SGD):
    """`torch.optim.SGD`."""

    step = _plain_step(optim.SGD)
