"""What logging costs a training loop: `python -m benchmarks.recording [--quick] [--json FILE]`.

The same loop, a small network on the digits, with a line of three numbers an epoch: without logging, with
`aecore.record` (and its panel of reconstructions), with TensorBoard's `SummaryWriter` and with trackio, where these are
installed. They take turns, so that changes in the machine's speed affect all alike. What counts is the time in the
loop, between the first epoch and the last; how long each takes to begin and to end stands beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

import aecore
from aecore import data
from aecore.devices import devices
from aecore.runs.store import Store

EPOCHS, QUICK_EPOCHS = 60, 10
ROUNDS, QUICK_ROUNDS = 5, 1
AIM = "logging costs under 1 % of a training"
Log = Callable[..., None]


class Net(nn.Module):
    """Dense layers down to a code of 8 numbers and back."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 8))
        self.decoder = nn.Sequential(nn.Linear(8, 256), nn.ReLU(), nn.Linear(256, 784), nn.Unflatten(1, (1, 28, 28)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(images))


@contextlib.contextmanager
def nothing(net: nn.Module, folder: Path) -> Iterator[Log]:
    yield lambda **values: None


@contextlib.contextmanager
def ours(net: nn.Module, folder: Path) -> Iterator[Log]:
    with aecore.record("benchmark", "digits-28", net, store=Store(folder)) as run:
        yield run.log


@contextlib.contextmanager
def tensorboard(net: nn.Module, folder: Path) -> Iterator[Log]:
    from torch.utils.tensorboard import SummaryWriter

    writer, epoch = SummaryWriter(str(folder)), iter(range(1 << 30))

    def log(**values: float) -> None:
        step = next(epoch)
        for name, value in values.items():
            writer.add_scalar(name, value, step)

    yield log
    writer.close()


@contextlib.contextmanager
def trackio(net: nn.Module, folder: Path) -> Iterator[Log]:
    os.environ["TRACKIO_DIR"] = str(folder)
    theirs: Any = import_module("trackio")

    with contextlib.redirect_stdout(sys.stderr):
        theirs.init(project="benchmark", embed=False)
    yield lambda **values: theirs.log(values)
    with contextlib.redirect_stdout(sys.stderr):
        theirs.finish()


WAYS = {"no logging": nothing, "aecore.record": ours, "SummaryWriter": tensorboard, "trackio": trackio}


def train(way: Any, epochs: int, images: torch.Tensor) -> dict[str, float]:
    """Seconds in the loop, until it begins and after it."""
    torch.manual_seed(0)
    net = Net()
    optimizer, loss = torch.optim.Adam(net.parameters(), 1e-3), torch.zeros(())
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        with way(net, Path(folder)) as log:
            loop = time.perf_counter()
            for _ in range(epochs):
                for batch in images.split(128):
                    loss = (net(batch) - batch).square().mean()
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                log(train_loss=loss.item(), lr=1e-3, seen=len(images))
            ended = time.perf_counter()
        return {"loop_s": ended - loop, "begin_s": loop - begun, "end_s": time.perf_counter() - ended}


def installed() -> dict[str, Any]:
    """The ways whose packages are there."""
    found = dict(WAYS)
    for name, package in (("SummaryWriter", "tensorboard"), ("trackio", "trackio")):
        try:
            __import__(package)
        except ImportError:
            print(f"without {name}: pip install {package}", file=sys.stderr)
            del found[name]
    return found


def measure(epochs: int, rounds: int, ways: dict[str, Any]) -> dict[str, dict[str, float]]:
    """For every way the medians over the rounds, and what it adds to the loop without logging of its round."""
    images = torch.from_numpy(np.array(data.load("digits-28").x_train)).float() / 255
    for way in ways.values():
        train(way, 2, images)  # imports, and the first steps
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(train(way, epochs, images))
    alone = [one["loop_s"] for one in found["no logging"]]
    return {
        name: {key: statistics.median(one[key] for one in all_) for key in all_[0]}
        | {"added": statistics.median(one["loop_s"] / base - 1 for one, base in zip(all_, alone, strict=True))}
        for name, all_ in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.recording", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_EPOCHS} epochs, once")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    asked = parser.parse_args()
    epochs = QUICK_EPOCHS if asked.quick else EPOCHS
    found = measure(epochs, QUICK_ROUNDS if asked.quick else ROUNDS, installed())
    table = Table(
        "logging", "loop, s", "added", "begins in, s", "ends in, s", title=devices()[-1].title, caption=f"Aim: {AIM}"
    )
    for name, one in found.items():
        added = "" if name == "no logging" else f"{100 * one['added']:+.1f} %"
        table.add_row(name, f"{one['loop_s']:.2f}", added, f"{one['begin_s']:.2f}", f"{one['end_s']:.2f}")
    Console(width=None if Console().is_terminal else 100).print(table)
    if asked.json:
        asked.json.write_text(json.dumps({"epochs": epochs, "ways": found}, indent=1))


if __name__ == "__main__":
    main()
