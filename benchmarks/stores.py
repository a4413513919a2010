"""Large stores for benchmarks: any number of realistic synthetic runs, written with the store's own functions.

Their notes say that they are synthetic; no model is trained. The same numbers always give the same files.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aecore.config.experiment import Experiment
from aecore.presets import presets
from aecore.runs.run import EVALUATION, EXPERIMENT, METRICS, NOTES, STATUS, Run
from aecore.runs.store import Store
from aecore.sweeps.definition import Sweep
from aecore.sweeps.store import SweepFolder, create

NOTE = "Synthetic, for a benchmark: no model was trained."
STATES = ("finished", "stopped", "failed", "running")
"""`running` without a process, which is an interrupted run."""
SHARES = (0.88, 0.05, 0.04, 0.03)
IDEAS = ("narrow code", "wide code", "no decay", "late decay", "small batches", "large batches", "noisy", "baseline")
FIRST = time.mktime((2025, 1, 6, 9, 0, 0, 0, 0, -1))
SPIKES_EVERY = 1500
"""The mean number of epochs between two spikes in the loss."""


@dataclass(frozen=True)
class Course:
    """The content of a run's metrics.jsonl; arrays (E,) over its epochs."""

    train_loss: np.ndarray
    test_loss: np.ndarray
    lr: np.ndarray
    images_per_s: np.ndarray
    dead_units: np.ndarray
    seconds: np.ndarray

    def lines(self) -> Iterator[dict[str, Any]]:
        for i in range(len(self.lr)):
            yield {
                "epoch": i + 1,
                "train_loss": float(self.train_loss[i]),
                "test_loss": float(self.test_loss[i]),
                "lr": float(self.lr[i]),
                "images_per_s": float(self.images_per_s[i]),
                "dead_units": int(self.dead_units[i]),
                "seconds": float(self.seconds[i]),
            }


def course(epochs: int, draws: np.random.Generator) -> Course:
    """Losses that fall as a power of the epoch, with noise and a few spikes, and the other metrics."""
    epoch = np.arange(1, epochs + 1)
    floor, start, power = draws.uniform(0.004, 0.03), draws.uniform(0.05, 0.2), draws.uniform(0.4, 1.1)
    clean = floor + start * epoch**-power
    train = clean * draws.normal(1, 0.01, epochs)
    test = clean * 1.03 * draws.normal(1, 0.02, epochs)
    spikes = draws.random(epochs) < 1 / SPIKES_EVERY
    test[spikes] *= draws.uniform(2, 8, int(spikes.sum()))
    speed = draws.uniform(20_000, 90_000) * draws.normal(1, 0.03, epochs)
    return Course(
        train_loss=train.round(9),
        test_loss=test.round(9),
        lr=1e-3 * 0.1 ** np.minimum(epoch * 3 // max(epochs, 3), 2),
        images_per_s=speed.round(3),
        dead_units=np.minimum(epoch // 8, draws.integers(0, 3)),
        seconds=np.cumsum(60_000 / speed).round(6),
    )


def write_store(root: Path, count: int, epochs: int | None = None) -> Store:
    """`count` runs under `root`, each of `epochs` epochs, else of 5 to 40. An existing store is extended."""
    store = Store(root)
    (root / "runs").mkdir(parents=True, exist_ok=True)
    kinds = [preset.experiment for preset in presets().values()]
    for number in range(len(store.runs()), count):
        draws = np.random.default_rng([number, epochs or 0])
        length = epochs or int(draws.integers(5, 41))
        state = "finished" if epochs else str(draws.choice(STATES, p=SHARES))
        experiment = kinds[number % len(kinds)].changed(
            {
                "name": f"{IDEAS[number % len(IDEAS)]} {number}",
                "training.epochs": length,
                "training.seed": number,
                "training.lr": float(draws.choice((1e-4, 3e-4, 1e-3, 3e-3))),
                "training.batch_size": int(draws.choice((128, 256, 512, 2048))),
            }
        )
        _write_run(store, experiment, number, state, course(length, draws))
    return store


def write_sweep(root: Path, count: int) -> SweepFolder:
    """A sweep of `count` finished runs, a multiple of 20: learning rates and code sizes, ten seeds each."""
    sizes, seeds = (2, 8), 10
    rates = [round(1e-4 * 1.01**i, 9) for i in range(count // (len(sizes) * seeds))]
    vary = {"training.lr": rates, "model.bottleneck.size": sizes}
    sweep = Sweep.parse({"name": "Invented", "base": "mnist-mlp8", "vary": vary, "seeds": seeds})
    store = Store(root)
    (root / "runs").mkdir(parents=True, exist_ok=True)
    made = create(sweep, store)
    for number, point in enumerate(sweep.points()):
        draws = np.random.default_rng([number, 1])
        found = course(int(draws.integers(5, 41)), draws)
        experiment = sweep.experiment_of(point, made.id).changed({"training.epochs": len(found.lr)})
        _write_run(store, experiment, number, "finished", found)
    return made


def _write_run(store: Store, experiment: Experiment, number: int, state: str, found: Course) -> None:
    begun = FIRST + 1800 * number
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(begun))
    slug = re.sub(r"[^a-z0-9]+", "-", experiment.title.lower()).strip("-")
    run = Run(store.root / "runs" / f"{slug}-{stamp}")
    run.path.mkdir()
    run.write_json(EXPERIMENT, experiment.model_dump(mode="json"))
    reached = len(found.lr) if state == "finished" else max(1, len(found.lr) * 2 // 3)
    lines = list(found.lines())[:reached]
    # In the format of `Run.append`; one by one, 100,000 epochs would take a minute.
    run.file(METRICS).write_bytes(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    run.write_json(
        STATUS,
        {
            "format": 1,
            "state": state,
            "submitted": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(begun)),
            "epoch": reached,
            "epochs": len(found.lr),
            "requested_device": "cpu",
            "device": "cpu",
            "parameters": 622_504,
            "code_size": 2 ** (number % 6 + 1),
            "process": None,
            "error": "out of memory: choose a smaller training.batch_size" if state == "failed" else None,
        },
    )
    run.write_json(NOTES, {"title": "", "note": NOTE})
    if state == "finished":
        run.write_json(EVALUATION, {"evaluations": [_evaluation(run, float(found.test_loss[-1]))]})


def _evaluation(run: Run, mse: float) -> dict[str, Any]:
    reached = {"mse": mse, "psnr_db": -10 * float(np.log10(mse)), "ssim": 1 - 12 * mse, "snr_db": 8 - 100 * mse}
    perfect = {"mse": 0.0, "psnr_db": None, "ssim": 1.0, "snr_db": None}
    return {
        "run": run.id,
        "split": "test",
        "n": 10_000,
        "corruption": "none",
        "metrics": reached,
        "noisy_input": perfect,
    }
