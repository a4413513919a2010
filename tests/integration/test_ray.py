"""Sweeps on Ray: two nodes on this machine that share a directory, and one of them dies."""

import time

import psutil
import pytest

from aecore.errors import AecoreError, UserError
from aecore.runs.run import WEIGHTS, Run
from aecore.runs.store import Store
from aecore.sweeps import runner
from aecore.sweeps import store as sweep_store
from aecore.sweeps.definition import Sweep
from aecore.sweeps.executors import LocalExecutor

ray = pytest.importorskip("ray", reason="Ray is optional: requirements-cluster.txt")
from aecore.sweeps.ray_executor import RayExecutor  # noqa: E402

# In short: tests/unit/test_sweep_runner.py runs the same sweeps without a cluster.
pytestmark = pytest.mark.proof

SETTINGS = {
    "training.epochs": 40,
    "data.train_images": 600,
    "training.batch_size": 50,
    "training.precision": "float32",
    "evaluation.corruptions": ["none"],
}


HEAD = {
    "num_cpus": 0,
    "include_dashboard": False,
    # A dead node is noticed within two seconds, not thirty.
    "_system_config": {
        "health_check_initial_delay_ms": 0,
        "health_check_period_ms": 500,
        "health_check_timeout_ms": 500,
        "health_check_failure_threshold": 3,
    },
}


def sizes(*sizes: int, **settings) -> Sweep:
    return Sweep.parse(
        {"name": "Nodes", "base": "digits-quick", "set": SETTINGS | settings, "vary": {"model.bottleneck.size": sizes}}
    )


@pytest.fixture(scope="module")
def nodes():
    """A head without processors and two nodes with one each, in processes of their own, and the node that will die."""
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args=HEAD)
    lost, _ = started.add_node(num_cpus=1), started.add_node(num_cpus=1)
    yield started, lost
    ray.shutdown()
    started.shutdown()


@pytest.fixture
def address(nodes) -> str:
    return nodes[0].address


@pytest.fixture
def one_thread(monkeypatch):
    """What Ray gives a task of one processor, for the workers here too."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def test_runs_of_a_node_that_dies_are_completed_elsewhere_and_no_bit_differs(
    nodes, address, store, one_thread, forked_jobs
):
    cluster, lost = nodes
    sweep = sizes(2, 4)
    there = sweep_store.create(sweep, store)
    engine = RayExecutor(store, there.path, address, cpus=1)
    assert engine.free_slots() == 2
    killed: list[Run] = []

    for told in runner.run_sweep(there, store, engine, "cpu"):
        if not killed and len(engine.tasks) == 2:
            deadline = time.monotonic() + 60
            while not killed and time.monotonic() < deadline:
                pids = pids_of(lost)
                for run in engine.tasks.values():
                    process = run.status().get("process") or {}
                    if process.get("pid") in pids and len(run.metrics()) >= 3:
                        killed.append(run)
                time.sleep(0.05)
            cluster.remove_node(lost, allow_graceful=False)
        assert told.row.state != "failed", told.row.error
    assert len(killed) == 1
    assert there.state() == "finished"
    rows = sweep_store.rows(there, store)
    assert [row.state for row in rows] == ["finished"] * 2

    # The one that moved from node to node, undisturbed here.
    (moved,) = [row for row in rows if row.run == killed[0].id]
    here = sweep_store.create(sizes(moved.values["model.bottleneck.size"]), store)
    list(runner.run_sweep(here, store, LocalExecutor("cpu"), "cpu"))
    (alone,) = sweep_store.rows(here, store)
    assert (alone.values, alone.measured, alone.train_loss) == (moved.values, moved.measured, moved.train_loss)
    assert bytes_of(store, alone.run) == bytes_of(store, moved.run)


def bytes_of(store: Store, run: str) -> bytes:
    return (store.root / "runs" / run / WEIGHTS).read_bytes()


def pids_of(node) -> set[int]:
    """The processes under a node's raylet."""
    found = set()
    for info in node.all_processes.values():
        for started in info:
            found |= {child.pid for child in psutil.Process(started.process.pid).children(recursive=True)}
    return found


def test_a_stop_ends_the_runs_cleanly_and_they_go_on(address, store):
    there = sweep_store.create(sizes(2, **{"training.epochs": 2000}), store)
    engine = RayExecutor(store, there.path, address, cpus=1)
    told = runner.run_sweep(there, store, engine, "cpu", stopped=lambda: bool(trained(store)))
    ended = [t.row for t in told if t.ended]
    assert [row.state for row in ended] == ["stopped"]
    assert there.state() == "stopped"
    (run,) = store.runs()
    assert run.file("resume.safetensors").exists()
    assert not list(there.path.glob(".s*"))


def trained(store: Store) -> list[Run]:
    return [run for run in store.runs() if len(run.metrics()) >= 2]


def test_more_than_any_node_has_is_told_at_once(address, store):
    there = sweep_store.create(sizes(2), store)
    with pytest.raises(UserError, match="no node of the cluster has 3 CPUs for a run; ask for less"):
        RayExecutor(store, there.path, address, cpus=3)
    with pytest.raises(UserError, match="has 1 CPU and 1 GPU for a run"):
        RayExecutor(store, there.path, address, cpus=1, gpus=1)


def test_a_node_that_does_not_see_the_store_is_named(address, store, monkeypatch):
    from aecore.sweeps import ray_executor as module

    there = sweep_store.create(sizes(2), store)
    monkeypatch.setattr(module, "_read", lambda path: "")
    with pytest.raises(AecoreError, match=f"does not see the store {store.root}"):
        RayExecutor(store, there.path, address)


def test_without_ray_there_is_one_line(store, monkeypatch):
    there = sweep_store.create(sizes(2), store)
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(UserError, match="requirements-cluster"):
        RayExecutor(store, there.path)
