"""What a network costs, against PyTorch's own counting."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from aecore import memory
from aecore.config.model import Model
from aecore.data.catalogue import data_set
from aecore.errors import AecoreError, UserError
from aecore.jobs import estimate, out_of_memory, submit
from aecore.jobs.estimate import GB
from aecore.models.architecture import plan
from aecore.models.build import build
from aecore.models.cost import cost
from aecore.presets import preset, presets


def networks():
    seen = {}
    for entry in presets().values():
        model, shape = entry.experiment.model, data_set(entry.experiment.data.source).image_shape
        seen.setdefault((str(model), shape), (model, shape))
    return list(seen.values())


@pytest.mark.parametrize(("model", "shape"), networks())
def test_multiplications_and_what_is_kept_are_those_that_pytorch_counts(model: Model, shape):
    torch.manual_seed(0)
    network, costs = build(model, shape), cost(plan(model, shape))
    images = torch.rand(4, *shape)
    network.rng.seed(0, torch.device("cpu"))
    with FlopCounterMode(display=False) as counter:
        network.eval()(images)
    assert counter.get_total_flops() == 2 * 4 * costs.multiplications
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.shape[:1] == (4,) and not isinstance(tensor, torch.nn.Parameter):
            kept[tensor.untyped_storage().data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = network.train()(images)
    ours, theirs = 4 * costs.kept, sum(kept.values())
    assert output.shape == images.shape
    assert 0.3 < theirs / ours < 1.2, "half where activations write over their input, less where few are kept"


def test_a_training_that_no_memory_would_hold_is_refused_before_it_starts(store, monkeypatch):
    wide = preset("digits-quick").experiment.changed({"training.epochs": 1, "training.batch_size": 512})
    monkeypatch.setattr(estimate, "all_memory", lambda: GB // 2)
    with pytest.raises(UserError, match=r"would take about 0\.\d GB of memory and this machine has 0\.5"):
        submit(wide, "cpu", store)
    assert store.runs() == []
    monkeypatch.undo()


def test_a_worker_waits_for_nothing_where_memory_is_not_free(store, monkeypatch):
    run = submit(preset("digits-quick").experiment.changed({"training.epochs": 1}), "cpu", store)
    monkeypatch.setattr(out_of_memory, "free_memory", lambda: 1 << 20)
    with pytest.raises(AecoreError, match=r"training takes about 0\.\d GB of memory and 0\.0 GB is free now"):
        out_of_memory.check_free(run)


def test_what_a_container_may_take_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    free = memory.free_memory()
    assert free > 1 << 28
    (tmp_path / "memory.max").write_text("max\n")
    assert abs(memory.free_memory() - free) < free / 2
    (tmp_path / "memory.max").write_text(f"{1 << 28}\n")
    (tmp_path / "memory.current").write_text(f"{200 << 20}\n")
    assert memory.free_memory() == 56 << 20
    assert memory.all_memory() == 1 << 28
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {10 << 20}\n")
    assert memory.free_memory() == 66 << 20


def test_a_killed_worker_is_told_apart_from_one_that_memory_ran_out_for(monkeypatch):
    counts = iter([3, 3, 3, 4])
    monkeypatch.setattr(out_of_memory, "_killed_for_memory", lambda: next(counts))
    assert "by somebody, or by the system" in out_of_memory.Watch().what_happened()
    assert "the machine ran out of memory and the system ended the worker" in out_of_memory.Watch().what_happened()
