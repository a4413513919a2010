"""`benchmarks.training` on little: every loop in a process of its own, and they take turns."""

from __future__ import annotations

import io
import multiprocessing
import os
from itertools import islice

import pytest
import torch
from rich.console import Console

from aecore.training.ways import Way, choose
from benchmarks import frameworks, limits, loops, training
from benchmarks.interleave import in_turns
from tests.helpers.benchmarks import NETWORKS, small


@pytest.mark.proof  # in short: test_a_framework_begins_where_we_do and the floor below
def test_all_loops_train_the_same_network_alike():
    task = small("mnist-mlp8")
    found = training.loops(task, Way(threads=1), "cpu", frameworks=False)
    found = {name: loop for name, loop in found.items() if name != "textbook, 2 workers"}
    results = training.measure(found, 1, lambda line: None)
    own = results[training.CHOSEN]
    assert own["times ours"] == 1
    for result in results.values():
        assert len(result["seconds"]) == 1
        assert result["losses"] == pytest.approx(own["losses"], rel=0.1)
        assert result["losses"][-1] < result["losses"][0]
    shown = io.StringIO()
    limit = vars(limits.limit(task, "float32"))
    told = {"loops": results, "limits": {"float32": limit}, "way": Way()._asdict()}
    training.print_task(Console(file=shown, width=120), "Small", told)
    assert "textbook, 0 workers" in shown.getvalue()


@pytest.mark.parametrize(
    "network", [NETWORKS[0], *(pytest.param(name, marks=pytest.mark.proof) for name in NETWORKS[1:3])]
)
def test_what_a_run_chooses_is_not_slower_than_plain_modules(network):
    """The floor, with slack for a busy machine: the best of a few epochs of each, which take turns."""
    task = small(network)
    train, ratios = torch.from_numpy(task.train), []
    for _ in range(4):
        way = choose(task.experiment, train, 1000, again=True).way
        found = {"plain": in_turns(loops.in_memory, task), training.CHOSEN: in_turns(loops.ours, task, way)}
        results = training.measure(found, 3, lambda line: None)
        ratios.append(min(results[training.CHOSEN]["seconds"]) / min(results["plain"]["seconds"]))
        if ratios[-1] < 1.3:
            return
    pytest.fail(f"an epoch takes {min(ratios):.2f} times as long as that of plain modules")


def three_epochs(tell, begun):
    for epoch in range(1, 4):
        begun.write_text(str(epoch))
        tell(1 / epoch)
    raise ValueError("over")


def gone(tell):
    os._exit(3)


def test_a_loop_stands_still_between_its_epochs_and_ends_with_the_iterator(tmp_path):
    begun = tmp_path / "begun"
    losses = in_turns(three_epochs, begun)
    assert next(losses) == 1
    assert begun.read_text() == "1"
    assert list(islice(losses, 2)) == [1 / 2, 1 / 3]
    assert begun.read_text() == "3"
    with pytest.raises(RuntimeError, match="three_epochs: ValueError: over"):
        next(losses)
    with pytest.raises(RuntimeError, match="gone exited unexpectedly"):
        next(in_turns(gone))
    left = in_turns(three_epochs, begun)
    next(left)
    (process,) = multiprocessing.active_children()
    left.close()
    assert not process.is_alive()


@pytest.mark.proof  # in short: the loops of PyTorch below
@pytest.mark.parametrize("name", frameworks.FRAMEWORKS)
@pytest.mark.parametrize("network", NETWORKS[:3])
def test_a_framework_begins_where_we_do(name, network):
    if frameworks.missing(name):
        pytest.skip(f"{name} is not installed: benchmarks/requirements-{name}.txt")
    task = small(network)
    theirs, own = in_turns(frameworks.FRAMEWORKS[name], task), in_turns(loops.ours, task, Way())
    assert next(theirs) == pytest.approx(next(own), rel=0.05)
