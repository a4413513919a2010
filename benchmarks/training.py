"""Our training loop against the textbook one, for report 000: `python -m benchmarks.training [--quick] [--json FILE]`.

The textbook loop is what a course hands out: a torchvision dataset, `ToTensor`, a shuffling `DataLoader` with 0 or
2 workers, `loss.item()` at every step. All three train the same network from the same first weights with the same
optimiser, an epoch each in turn within one process, so that a change of the machine's speed hits them alike; the
ratio is taken pair by pair. A first round warms up and is not counted.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

from aecore import data
from aecore.experiment import Experiment
from aecore.models.autoencoder import Autoencoder
from aecore.presets import preset
from aecore.training import epochs, new_state
from aecore.training.loop import Images

OURS = "ours"


def ours(experiment: Experiment, images: data.ImageSet) -> Iterator[float]:
    """Our loop: the loss of each epoch, its test pass included in the time as it is in a real run."""
    device = torch.device("cpu")
    train = torch.from_numpy(np.array(images.x_train))
    test = torch.from_numpy(np.array(images.x_test))
    state = new_state(experiment, images.about.image_shape, len(train), device)
    for epoch in epochs(experiment, state, Images(train, test, np.array(images.y_test))):
        yield epoch.train_loss


def textbook(experiment: Experiment, images: data.ImageSet, folder: Path, workers: int) -> Iterator[float]:
    """The course's loop, with the same pass over the test set after each epoch."""
    training = experiment.training
    model = plain_network(Autoencoder(experiment.model, images.about.image_shape, training.seed))
    optimizer = torch.optim.Adam(model.parameters(), lr=training.lr, weight_decay=training.weight_decay)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=training.plateau_patience)
    criterion = nn.MSELoss()
    loaders = [
        DataLoader(
            MNIST(str(folder), train=train, transform=ToTensor()),
            batch_size=training.batch_size,
            shuffle=train,
            num_workers=workers,
        )
        for train in (True, False)
    ]
    while True:
        model.train()
        total = 0.0
        for batch, _ in loaders[0]:
            loss = criterion(model(batch), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        total /= len(loaders[0])
        scheduler.step(total)
        model.eval()
        with torch.no_grad():
            for batch, _ in loaders[1]:
                criterion(model(batch), batch).item()
        yield total


def plain_network(ours: Autoencoder) -> nn.Module:
    """The same network of torch's own layers with the same weights, as a course writes it."""
    shape = ours.plan.image_shape
    layers: list[nn.Module] = [nn.Flatten()]
    for layer in ours.plan.layers:
        linear = nn.Linear(layer.inputs, layer.outputs)
        linear.load_state_dict(ours.get_submodule(layer.name).state_dict())
        layers += [linear, {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}[layer.activation]()]
    return nn.Sequential(*layers, nn.Unflatten(1, shape))


def write_idx(images: data.ImageSet, folder: Path) -> None:
    """MNIST as torchvision expects to find it on the disk."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for stem, x, y in (("train", images.x_train, images.y_train), ("t10k", images.x_test, images.y_test)):
        for name, array in ((f"{stem}-images-idx3-ubyte", x[:, 0]), (f"{stem}-labels-idx1-ubyte", y)):
            sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
            (raw / name).write_bytes(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes())


def measure(loops: dict[str, Iterator[float]], rounds: int, say: Callable[[str], None]) -> dict[str, dict]:
    """Seconds and loss of every loop's epochs, a round being one epoch of each."""
    results: dict[str, dict] = {name: {"seconds": [], "losses": []} for name in loops}
    for turn in range(rounds + 1):
        for name, loop in loops.items():
            begun = time.perf_counter()
            loss = next(loop)
            results[name]["losses"].append(loss)
            if turn:
                results[name]["seconds"].append(time.perf_counter() - begun)
        say(f"round {turn} of {rounds}" + (" (warm-up)" if not turn else ""))
    for result in results.values():
        pairs = zip(result["seconds"], results[OURS]["seconds"], strict=True)
        result["median_s"] = statistics.median(result["seconds"])
        result["ratio"] = statistics.median(theirs / own for theirs, own in pairs)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="epochs of each loop that count")
    parser.add_argument("--quick", action="store_true", help="3 rounds")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    asked = parser.parse_args()
    rounds = 3 if asked.quick else asked.rounds
    experiment = preset("mnist-mlp8").experiment.changed({"training.epochs": rounds + 1})
    images = data.load("mnist")
    errors = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder:
        write_idx(images, Path(folder))
        loops = {
            OURS: ours(experiment, images),
            "textbook, 0 workers": textbook(experiment, images, Path(folder), 0),
            "textbook, 2 workers": textbook(experiment, images, Path(folder), 2),
        }
        results = measure(loops, rounds, errors.print)
    machine = f"{torch.get_num_threads()} threads, {platform.machine()}, torch {torch.__version__}"
    title = f"Report 000, batch {experiment.training.batch_size}, float32, median of {rounds} epochs; {machine}"
    table = Table(title=title)
    for heading in ("loop", "s an epoch", "times ours", f"loss after {rounds + 1} epochs"):
        table.add_column(heading, justify="left" if heading == "loop" else "right")
    for name, result in results.items():
        row = [name, f"{result['median_s']:.2f}", f"{result['ratio']:.2f}", f"{result['losses'][-1]:.4f}"]
        table.add_row(*row)
    Console(width=None if Console().is_terminal else 100).print(table)
    if asked.json:
        asked.json.write_text(json.dumps({"machine": machine, "rounds": rounds, "results": results}, indent=1))


if __name__ == "__main__":
    main()
