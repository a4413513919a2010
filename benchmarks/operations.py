"""What fewer, larger operations a step give: `python -m benchmarks.operations [--quick] [--json FILE]`.

The networks of reports 000, 001 and 004 take float32 steps on clean images, as a run trains them and with one thing
done in another way: Adam with operations of its own for each tensor, Adam over one buffer that holds all weights,
PyTorch's own squared error, PyTorch's own modules, these compiled by `torch.compile`, and compiled with Adam. Each has
a process of its own; they take turns, and ratios are medians over turns. A first turn, in which the compiler works, is
not counted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from aecore.devices import devices
from aecore.models import subnormals
from aecore.models.fast_paths import keep_freed_memory, plain_squared_error, squared_error
from aecore.models.network import Network
from aecore.training.batches import Batches
from aecore.training.checkpoint import new_state
from aecore.training.optimizers import Adam
from aecore.training.ways import Way
from benchmarks.interleave import Tell, in_turns
from benchmarks.loops import Task, network, plain_network, task

REPORTS = {"000": ("mnist-mlp8", 6), "001": ("cifar-conv", 100), "004": ("colored-conv", 10)}
"""By report the preset and how many steps a turn has."""
OURS = "as a run trains"
ROUNDS = 9


def _data(name: str, steps: int) -> Task:
    batch = task(name, name, 1, 1).experiment.training.batch_size
    return task(name, name, batch * min(steps, 10), 1)


def _flat(model: nn.Module) -> nn.Parameter:
    """One buffer with all weights and one with their gradients, of which the network's own become parts."""
    parts = list(model.parameters())
    whole = nn.Parameter(torch.empty(sum(part.numel() for part in parts)))
    whole.grad = torch.zeros_like(whole)
    at = 0
    for part in parts:
        place = slice(at, at + part.numel())
        values, gradient = (
            buffer[place].as_strided(part.shape, part.stride(), at) for buffer in (whole.data, whole.grad)
        )
        values.copy_(part.data)
        part.data, part.grad = values, gradient
        at += part.numel()
    return whole


def _settings(work: Task) -> dict[str, Any]:
    training = work.experiment.training
    return {"lr": training.lr, "weight_decay": training.weight_decay}


def _optimizer(work: Task, weights: Any, **how: Any) -> torch.optim.Optimizer:
    return Adam(weights, **_settings(work), **how)


Step = Callable[[Tensor], Tensor]
"""Takes a step on clean images (B, C, H, W) and returns the loss before it."""


def _stepping(
    loss_of: Callable[[Tensor], Tensor], optimizer: torch.optim.Optimizer, clear: Callable[[], object]
) -> Step:
    def step(clean: Tensor) -> Tensor:
        clear()
        loss = loss_of(clean)
        loss.backward()
        optimizer.step()
        return loss

    return step


def _as_trained(work: Task, model: Network) -> Step:
    optimizer = _optimizer(work, model.parameters(), fused=True)
    return _stepping(lambda clean: squared_error(model(clean), clean), optimizer, optimizer.zero_grad)


def _each_tensor(work: Task, model: Network) -> Step:
    optimizer = _optimizer(work, model.parameters(), foreach=False, fused=False)
    return _stepping(lambda clean: squared_error(model(clean), clean), optimizer, optimizer.zero_grad)


def _one_buffer(work: Task, model: Network) -> Step:
    whole = _flat(model)
    assert whole.grad is not None
    optimizer = _optimizer(work, [whole], fused=True)
    return _stepping(lambda clean: squared_error(model(clean), clean), optimizer, whole.grad.zero_)


def _own_error(work: Task, model: Network) -> Step:
    optimizer = _optimizer(work, model.parameters(), fused=True)
    return _stepping(lambda clean: plain_squared_error(model(clean), clean), optimizer, optimizer.zero_grad)


def _plain(work: Task, model: Network) -> Step:
    plain = plain_network(network(work))
    optimizer = torch.optim.Adam(plain.parameters(), **_settings(work), fused=True)
    return _stepping(lambda clean: nn.functional.mse_loss(plain(clean), clean), optimizer, optimizer.zero_grad)


def _compiled(work: Task, model: Network) -> Step:
    plain = plain_network(network(work))
    optimizer = torch.optim.Adam(plain.parameters(), **_settings(work), fused=True)
    loss_of = torch.compile(lambda clean: nn.functional.mse_loss(plain(clean), clean))
    return _stepping(loss_of, optimizer, optimizer.zero_grad)


def _compiled_whole(work: Task, model: Network) -> Step:
    plain = plain_network(network(work))
    optimizer = torch.optim.Adam(plain.parameters(), **_settings(work))
    loss_of = torch.compile(lambda clean: nn.functional.mse_loss(plain(clean), clean))
    update = torch.compile(optimizer.step)

    def step(clean: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss = loss_of(clean)
        loss.backward()
        update()
        return loss

    return step


WAYS: dict[str, Callable[[Task, Network], Step]] = {
    OURS: _as_trained,
    "Adam, an operation a tensor": _each_tensor,
    "Adam over one buffer": _one_buffer,
    "PyTorch's squared error": _own_error,
    "PyTorch's modules": _plain,
    "these compiled": _compiled,
    "compiled with Adam": _compiled_whole,
}
QUICK = (OURS, "Adam over one buffer")


def turns(tell: Tell, name: str, steps: int, way: str) -> None:
    """Turns of `steps` steps; tells the loss of a turn's last, which must fall alike in all ways."""
    keep_freed_memory()
    with subnormals.as_zero():
        work = _data(name, steps)
        train = torch.from_numpy(work.train)
        state = new_state(work.experiment, work.image_shape, len(train), train.device)
        Way("float32").arrange(state)
        step, order = WAYS[way](work, state.model), _order(work, steps)
        batches = Batches(train, work.experiment, state, torch.float32)
        while True:
            losses = [step(batches.take(chosen).clean) for chosen in order]
            tell(losses[-1].item())


def _order(work: Task, steps: int) -> list[Tensor]:
    size, count = work.experiment.training.batch_size, len(work.train)
    return [torch.arange(i * size, (i + 1) * size) % count for i in range(steps)]


def measure(name: str, steps: int, ways: tuple[str, ...], rounds: int) -> dict[str, Any]:
    """Milliseconds a step of each way and the ratio to ours, medians over turns; None where a way does not work."""
    running: dict[str, Iterator[float]] = {way: in_turns(turns, name, steps, way) for way in ways}
    found: dict[str, Any] = dict.fromkeys(ways)
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    losses: dict[str, float] = {}
    for turn in range(rounds + 1):
        for way in list(running):
            begun = time.perf_counter()
            try:
                losses[way] = next(running[way])
            except RuntimeError as error:  # no compiler, or one that cannot do it
                print(f"{name}, {way}: {str(error).splitlines()[0]}", file=sys.stderr)
                del running[way]
                continue
            if turn:
                seconds[way].append((time.perf_counter() - begun) / steps)
    for way in running:
        ratio = statistics.median(a / b for a, b in zip(seconds[way], seconds[OURS], strict=True))
        found[way] = {"ms": 1000 * statistics.median(seconds[way]), "ratio": ratio, "loss": losses[way]}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="report 001 in two ways, two turns")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    asked = parser.parse_args()
    reports = {"001": REPORTS["001"]} if asked.quick else REPORTS
    ways, rounds = (QUICK, 2) if asked.quick else (tuple(WAYS), ROUNDS)
    found = {report: measure(name, steps, ways, rounds) for report, (name, steps) in reports.items()}
    title = f"Milliseconds a step in float32, and times ours; {devices()[-1].title}"
    table = Table("way", *(f"report {report}" for report in found), title=title)
    for way in ways:
        cells = (found[report][way] for report in found)
        table.add_row(way, *(f"{one['ms']:.2f} ({one['ratio']:.2f})" if one else "–" for one in cells))
    Console(width=None if Console().is_terminal else 110).print(table)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
