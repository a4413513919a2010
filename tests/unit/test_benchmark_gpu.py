"""What can be tested of `benchmarks.gpu` without one: its comparison, its tables, its one line."""

from __future__ import annotations

import sys

import pytest
import torch

from aecore.presets import presets
from benchmarks import gpu, gpu_checks


def test_the_same_steps_have_the_same_losses_and_others_not():
    experiment = presets()["digits-quick"].experiment
    once, _ = gpu_checks.first_steps(experiment, "cpu", steps=40)
    again, _ = gpu_checks.first_steps(experiment, "cpu", steps=40)
    assert len(once) == 2
    assert once[1] < once[0], "it learns"
    assert gpu_checks.difference(once, again, False) == 0
    other, _ = gpu_checks.first_steps(experiment.changed({"training.lr": 1e-5}), "cpu", steps=40)
    assert gpu_checks.difference(other, once, False) > max(gpu_checks.TOLERANCE.values())


@pytest.mark.parametrize(
    ("name", "chance"),
    [("mnist-mlp8", False), ("cifar-conv-denoise", True), ("colored-vae", True), ("mnist-conditional", True),
     ("mnist-contractive", True), ("mnist-vae-binary", True), ("mnist-tied", False)],
)  # fmt: skip
def test_where_a_step_draws_numbers_only_means_are_compared(name, chance):
    assert gpu_checks.draws(presets()[name].experiment) is chance


def test_a_part_that_fails_is_in_the_table_and_the_others_too():
    def fails():
        raise RuntimeError("CUDA error: misaligned address\nmore")

    step = {"difference": 0.1, "tolerance": 0.03, "passed": False, "ms_per_step": 1.5, "bfloat16_difference": 0.01}
    found = {
        "machine": {"torch": "2.15.0"},
        "steps": {"one": step, "two": gpu.guarded(fails)},
        "presets": {"one": {"way": "float32, 1 thread", "epoch_s": 0.5, "minutes": 0.25}},
        "tsne": {"2D": gpu.guarded(fails)},
    }
    table = gpu.markdown(found)
    assert "10.00% of 3% **over**" in table
    assert "| two | RuntimeError: CUDA error: misaligned address |" in table
    assert "| one | float32, 1 thread | 0.5 | 15 |" in table
    assert "t-SNE, 2D: RuntimeError" in table


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_it_is_one_line(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks.gpu"])
    with pytest.raises(SystemExit, match="there is no CUDA device here; --device cpu"):
        gpu.main()
