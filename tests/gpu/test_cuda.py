"""The same checks on a CUDA device; skipped with the reason where there is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aecore import data, jobs
from aecore.corruption import corrupt
from aecore.settings import Corruption
from aecore.presets import preset
from aecore.training import epochs, new_state, restore, state_bytes

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]

QUICK = preset("digits-quick").experiment.changed({"training.epochs": 4})


def start(device: torch.device):
    images = data.load("digits-28")
    train = torch.from_numpy(np.array(images.x_train)).to(device)
    test = torch.from_numpy(np.array(images.x_test)).to(device)
    return new_state(QUICK, (1, 28, 28), len(train), device), train, test


def test_training_on_cuda_starts_alike_and_learns_as_well_as_on_the_cpu():
    results = {}
    for name in ("cpu", "cuda"):
        state, train, test = start(torch.device(name))
        results[name] = (
            state.model.state_dict()["encoder.linear1.weight"].cpu().clone(),
            list(epochs(QUICK, state, train, test)),
        )
    assert torch.equal(results["cpu"][0], results["cuda"][0])
    assert results["cuda"][1][-1].test_loss == pytest.approx(results["cpu"][1][-1].test_loss, rel=0.15)


def test_state_goes_to_the_disk_and_back_on_cuda(tmp_path):
    device = torch.device("cuda")
    state, train, test = start(device)
    next(epochs(QUICK, state, train, test))
    path = tmp_path / "resume.safetensors"
    path.write_bytes(state_bytes(state))
    again, _, _ = start(device)
    restore(again, path)
    assert torch.equal(again.order.get_state(), state.order.get_state())
    assert all(
        torch.equal(a, b)
        for a, b in zip(state.model.state_dict().values(), again.model.state_dict().values(), strict=True)
    )
    assert len(list(epochs(QUICK, again, train, test))) == 3


def test_noise_is_drawn_on_the_device():
    generator = torch.Generator("cuda").manual_seed(0)
    noisy = corrupt(torch.zeros(8, 1, 28, 28, device="cuda"), Corruption(kind="gaussian", level=0.2), generator)
    assert noisy.device.type == "cuda"
    assert noisy.std().item() == pytest.approx(0.2, rel=0.05)


def test_a_whole_job_on_cuda(store):
    run = jobs.submit(QUICK, "cuda")
    assert jobs.work(run) == "finished"
    assert run.status()["device"].startswith("cuda")
