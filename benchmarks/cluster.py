"""A sweep run locally and on Ray with one and two workers: `python -m benchmarks.cluster [--quick] [--json FILE]`.

The same runs each time, with one thread each; the weights of all runs are compared bit for bit. Ray's nodes are
processes of this machine that share the store's directory; the time to start them is not counted, but their workers'
first imports are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from aecore.runs.run import WEIGHTS
from aecore.runs.store import Store
from aecore.sweeps import runner
from aecore.sweeps import store as sweep_store
from aecore.sweeps.definition import Sweep
from aecore.sweeps.executors import Executor, LocalExecutor
from aecore.sweeps.ray_executor import RayExecutor


def sweep(quick: bool) -> Sweep:
    """Runs of report 002's network on part of MNIST; quick: of a small one on the digits."""
    settings: dict[str, Any] = {"training.precision": "float32", "evaluation.corruptions": ["none"]}
    if quick:
        settings |= {"training.epochs": 8}
    else:
        settings |= {"training.epochs": 2, "data.train_images": 10_000, "evaluation.wrong_digits": False}
    return Sweep.parse(
        {
            "name": "Speed-up",
            "base": "digits-quick" if quick else "mnist-selu-6",
            "set": settings,
            "vary": {"model.bottleneck.size": [2, 4, 8, 16]},
            "seeds": 1 if quick else 2,
        }
    )


def run_on(wanted: Sweep, store: Store, name: str, executor_of: Any) -> tuple[float, dict[str, str]]:
    """Seconds, and the hash of every run's weights by its values and seed."""
    made = sweep_store.create(wanted.model_copy(update={"name": name}), store)
    executor: Executor = executor_of(made)
    begun = time.perf_counter()
    for update in runner.run_sweep(made, store, executor, "cpu"):
        if update.ended and update.row.state != "finished":
            raise SystemExit(f"{update.row.run} is {update.row.state}: {update.row.error}")
    seconds = time.perf_counter() - begun
    weights = {}
    for row in sweep_store.rows(made, store):
        data = (store.root / "runs" / row.run / WEIGHTS).read_bytes()
        weights[json.dumps([row.values, row.seed])] = hashlib.sha256(data).hexdigest()
    return seconds, weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small network on the digits")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    from ray.cluster_utils import Cluster

    wanted, found = sweep(asked.quick), []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        found.append(("local", *run_on(wanted, store, "Local", lambda made: LocalExecutor("cpu"))))
        for workers in (1, 2):
            cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
            for _ in range(workers):
                cluster.add_node(num_cpus=1)
            address = str(cluster.address)
            name = f"Ray, {workers} worker{'' if workers == 1 else 's'}"
            found.append(
                (
                    name,
                    *run_on(wanted, store, name, lambda made, a=address: RayExecutor(store, made.path, a, cpus=1)),
                )
            )
            cluster.shutdown()
    runs = len(found[0][2])
    table = Table(title=f"{runs} runs, one thread each, on {os.cpu_count()} cores")
    for heading in ("", "s", "times one worker", "same weights as local"):
        table.add_column(heading, justify="right" if heading else "left")
    alone = found[1][1]
    for name, seconds, weights in found:
        same = sum(weights[key] == value for key, value in found[0][2].items())
        table.add_row(name, f"{seconds:.1f}", f"{alone / seconds:.2f}", f"{same} of {runs}")
    Console(width=None if Console().is_terminal else 100).print(table)
    if asked.json:
        results = [{"name": name, "seconds": seconds, "weights": weights} for name, seconds, weights in found]
        asked.json.write_text(json.dumps({"runs": runs, "cores": os.cpu_count(), "results": results}, indent=1))


if __name__ == "__main__":
    main()
