"""A sweep carried out here and on Ray with one and two workers: `python -m benchmarks.cluster [--quick] [--json FILE]`.

The same runs each time, on one thread each; every run's weights are compared bit for bit. Ray's nodes are processes of
this machine that share the store's directory; starting them is not counted, their workers' first imports are.
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

from aecore.runs.store import WEIGHTS, Store
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


def carried_out(wanted: Sweep, store: Store, name: str, engine_of: Any) -> tuple[float, dict[str, str]]:
    """Seconds, and every run's weights as a hash by its values and seed."""
    made = sweep_store.create(wanted.model_copy(update={"name": name}), store)
    engine: Executor = engine_of(made)
    begun = time.perf_counter()
    for told in runner.run_sweep(made, store, engine, "cpu"):
        if told.ended and told.row.state != "finished":
            raise SystemExit(f"{told.row.run} is {told.row.state}: {told.row.error}")
    seconds = time.perf_counter() - begun
    weights = {}
    for row in sweep_store.rows(made, store):
        data = (store.root / "runs" / row.run / WEIGHTS).read_bytes()
        weights[json.dumps([row.values, row.seed])] = hashlib.sha256(data).hexdigest()
    return seconds, weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small network on the digits")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    from ray.cluster_utils import Cluster

    wanted, found = sweep(asked.quick), []
    with tempfile.TemporaryDirectory() as place:
        store = Store(Path(place))
        found.append(("local", *carried_out(wanted, store, "Local", lambda made: LocalExecutor("cpu"))))
        for workers in (1, 2):
            cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
            for _ in range(workers):
                cluster.add_node(num_cpus=1)
            address = str(cluster.address)
            name = f"Ray, {workers} worker{'' if workers == 1 else 's'}"
            found.append(
                (
                    name,
                    *carried_out(wanted, store, name, lambda made, a=address: RayExecutor(store, made.path, a, cpus=1)),
                )
            )
            cluster.shutdown()
    runs = len(found[0][2])
    table = Table(title=f"{runs} runs, one thread each, on {os.cpu_count()} cores")
    for heading in ("", "s", "times one worker", "weights as on local"):
        table.add_column(heading, justify="right" if heading else "left")
    alone = found[1][1]
    for name, seconds, weights in found:
        same = sum(weights[key] == value for key, value in found[0][2].items())
        table.add_row(name, f"{seconds:.1f}", f"{alone / seconds:.2f}", f"{same} of {runs}")
    Console(width=None if Console().is_terminal else 100).print(table)
    if asked.json:
        told = [{"name": name, "seconds": seconds, "weights": weights} for name, seconds, weights in found]
        asked.json.write_text(json.dumps({"runs": runs, "cores": os.cpu_count(), "results": told}, indent=1))


if __name__ == "__main__":
    main()
