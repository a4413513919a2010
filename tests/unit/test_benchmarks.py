"""The short version of `python -m benchmarks.training`: the same code on the digits, one counted round."""

import io
import multiprocessing
import os
from itertools import islice

import numpy as np
import pytest
import torch
from rich.console import Console
from torch.utils.flop_counter import FlopCounterMode

from aecore import data
from aecore.presets import preset
from benchmarks import frameworks, limits, loops, training
from benchmarks.interleave import in_turns

NETWORKS = ("mnist-mlp8", "cifar-conv", "colored-conv", "mnist-selu-6-clean")


def small(name: str) -> loops.Task:
    """The network of a preset on images made of real digits, in its shape."""
    changes = {"training.epochs": 9, "training.batch_size": 100, "corruption": "none", "training.schedule": "none"}
    changes |= {"training.log_every": None, "data.validation_images": 0}
    experiment = preset(name).experiment.changed(changes)
    found = data.load("digits-28")
    channels, height, _ = data.data_set(experiment.data.name).image_shape
    side = (height - 28) // 2
    pad = [(0, 0), (0, 0), (side, side), (side, side)]
    train, test = (np.pad(np.repeat(images, channels, axis=1), pad) for images in (found.x_train[:300], found.x_test))
    return loops.Task(name, experiment, train, test[:50])


def test_all_loops_train_the_same_network_alike():
    task = small("mnist-mlp8")
    found = training.loops(task, "cpu", frameworks=False)
    found = {name: loop for name, loop in found.items() if name != "textbook, 2 workers"}
    results = training.measure(found, 1, lambda line: None)
    own = results["ours, float32"]
    assert own["times ours, float32"] == 1
    for result in results.values():
        assert len(result["seconds"]) == 1
        assert result["losses"] == pytest.approx(own["losses"], rel=0.1)
        assert result["losses"][-1] < result["losses"][0]
    shown = io.StringIO()
    limit = vars(limits.limit(task, "float32"))
    told = {"loops": results, "limits": dict.fromkeys(("float32", "bfloat16"), limit)}
    training.print_task(Console(file=shown, width=120), "Small", told)
    assert "textbook, 0 workers" in shown.getvalue()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_textbook_network_is_ours(name):
    task = small(name)
    ours = loops.network(task)
    images = ours.from_bytes(torch.from_numpy(task.test[:4]))
    torch.testing.assert_close(ours(images), loops.plain_network(ours)(images), rtol=1e-4, atol=1e-5)
    assert torch.equal(frameworks.scaled(task, task.test[:4]), images)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_limit_counts_the_operations_of_the_network(name):
    """Against PyTorch's own counter, forward and backward; it counts a last layer's bias and sizes as we do."""
    task = small(name)
    plain = loops.plain_network(loops.network(task))
    images = torch.rand(100, *task.image_shape)
    with FlopCounterMode(display=False) as forward:
        output = plain(images)
    with FlopCounterMode(display=False) as backward:
        output.sum().backward()
    counted = limits.limit(task, "float32").flop
    expected = 3 * (forward.get_total_flops() + backward.get_total_flops()) + 0.5 * forward.get_total_flops()
    # Borders that a patch reaches over are counted whole by us.
    assert counted == pytest.approx(expected, rel=0.1)


def test_a_limit_is_more_than_nothing():
    found = limits.limit(small("mnist-mlp8"), "float32")
    assert found.products_s > 0
    assert found.bytes_s > 0


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


@pytest.mark.parametrize("name", frameworks.FRAMEWORKS)
@pytest.mark.parametrize("network", NETWORKS[:3])
def test_a_framework_begins_where_we_do(name, network):
    if frameworks.missing(name):
        pytest.skip(f"{name} is not installed: benchmarks/requirements-{name}.txt")
    task = small(network)
    theirs, own = in_turns(frameworks.FRAMEWORKS[name], task), in_turns(loops.ours, task, "float32")
    assert next(theirs) == pytest.approx(next(own), rel=0.05)
