"""The optimizers are PyTorch's, to the bit, and need no compiler."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import optim
from torch.optim.lr_scheduler import CosineAnnealingLR

from aecore.training import optimizers
from tests.helpers.paths import ROOT

CASES: dict[str, dict[str, Any]] = {
    "Adam": {"lr": 1e-2, "weight_decay": 1e-3},
    "AdamW": {"lr": 1e-2, "weight_decay": 1e-2},
    "SGD": {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-3},
}


def trained(kind: Any, settings: dict[str, Any], fused: bool) -> dict[str, torch.Tensor]:
    """Seven steps with a schedule, the state saved and loaded into another optimizer in the middle."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.Tanh(), torch.nn.Linear(5, 6))
    images = torch.rand(16, 6)
    optimizer = kind(model.parameters(), fused=fused, **settings)
    for step in range(7):
        if step == 3:
            kept, optimizer = optimizer.state_dict(), kind(model.parameters(), fused=fused, **settings)
            optimizer.load_state_dict(kept)
        schedule = CosineAnnealingLR(optimizer, T_max=9)
        optimizer.zero_grad(set_to_none=step % 2 == 0)
        torch.nn.functional.mse_loss(model(images), images).backward()
        optimizer.step()
        schedule.step()
    return model.state_dict()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_it_trains_as_pytorchs_own_does(name, fused):
    ours = trained(getattr(optimizers, name), CASES[name], fused)
    theirs = trained(getattr(optim, name), CASES[name], fused)
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


def test_a_network_and_its_steps_load_neither_compiler_nor_tracer():
    """Both are seconds of every process that trains."""
    script = (
        "import sys, torch; from aecore.models import Autoencoder; from aecore.presets import preset; "
        "from aecore.training.optimizers import Adam; "
        "model = Autoencoder(preset('colored-vae').experiment.model, (3, 28, 28)); "
        "optimizer = Adam(model.parameters()); before = [weights.clone() for weights in model.parameters()]; "
        "model(torch.rand(2, 3, 28, 28)).sum().backward(); "
        "optimizer.step(); optimizer.zero_grad(); optimizer.load_state_dict(optimizer.state_dict()); "
        "assert 'torch._dynamo' not in sys.modules; assert 'sympy' not in sys.modules; "
        "assert not any(map(torch.equal, before, model.parameters()))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
