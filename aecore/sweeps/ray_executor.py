"""Executing a sweep's runs as Ray tasks, on a cluster or on one that is started here (requirements-cluster.txt).

A task whose node dies is restarted elsewhere and resumes from the state that its run last saved. Ray assigns cores and
GPUs to each task; the store is a directory that all nodes share.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import logging
import os
import secrets
import time
from pathlib import Path
from typing import Any

from aecore import jobs
from aecore.devices import devices
from aecore.errors import AecoreError, UserError
from aecore.jobs.detach import python_path
from aecore.runs.run import Run
from aecore.runs.state import ACTIVE, run_state
from aecore.runs.store import Store
from aecore.sweeps.executors import Ended

RETRIES = 3
"""How many node failures a run survives."""
STOP = ".stop"
"""While this file is in the sweep's folder its tasks stop."""
PASSED_ON = ("AECORE_DATA", "AECORE_STORE", "OMP_NUM_THREADS")
NODE_CHECK_S = 120


class RayExecutor:
    """Runs as Ray tasks, each with so many CPUs and GPUs."""

    name = "ray"

    def __init__(self, store: Store, folder: Path, address: str = "", cpus: float = 1, gpus: float = 0) -> None:
        """Connects to the cluster at `address`, or at `RAY_ADDRESS`, or starts one on this machine.

        Raises `UserError` without Ray or with a wrong address, `AecoreError` where a node does not see the store.
        """
        try:
            import ray
        except ImportError:
            raise UserError("running on Ray needs its package: pip install -r requirements-cluster.txt") from None
        self.ray, self.store, self.folder = ray, store, folder
        self.cpus, self.gpus = cpus, gpus
        self.tasks: dict[Any, Run] = {}
        self.connected = not ray.is_initialized()
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment["PYTHONPATH"] = python_path()
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        (folder / STOP).unlink(missing_ok=True)
        try:
            ray.init(
                address=address or None,
                runtime_env={"env_vars": environment},
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                ignore_reinit_error=True,
            )
        except Exception as error:  # a wrong address raises one of a dozen types
            line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise UserError(f"there is no Ray cluster at {address or 'this machine'}: {line}") from None
        self._check_nodes()
        self.task = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=RETRIES)(_work)

    def free_slots(self) -> int:
        return max(self._slots() - len(self.tasks), 0)

    def start(self, run: Run) -> None:
        self.tasks[self.task.remote(str(run.path), str(self.folder / STOP), self.cpus, self.gpus)] = run

    def collect(self, timeout_s: float) -> list[Ended]:
        if not self.tasks:
            time.sleep(min(timeout_s, 0.2))
            return []
        ready, _ = self.ray.wait(list(self.tasks), num_returns=1, timeout=timeout_s)
        found = []
        for task in ready:
            run = self.tasks.pop(task)
            try:
                state = self.ray.get(task)
            except Exception as error:  # its worker or node died too often, or has no aecore
                state = run_state(run)
                if state in ACTIVE:
                    line = str(error).strip().splitlines()[0]
                    jobs.give_up(run, f"Ray could not execute it: {line}")
                    state = "failed"
            found.append((run, state))
        return found

    def stop(self) -> None:
        (self.folder / STOP).touch()

    def close(self) -> None:
        for task in self.tasks:  # tasks that have not reacted to the stop
            self.ray.cancel(task, force=True)
        (self.folder / STOP).unlink(missing_ok=True)
        if self.connected:
            self.ray.shutdown()

    def _slots(self) -> int:
        """How many tasks the living nodes can run at a time."""
        slots = 0
        for node in self.ray.nodes():
            has = node["Resources"] if node["Alive"] else {}
            fits = [int(has.get(name, 0) // asked) for name, asked in (("CPU", self.cpus), ("GPU", self.gpus)) if asked]
            slots += min(fits, default=0)
        return slots

    def _check_nodes(self) -> None:
        """Raise `UserError` where no node can ever execute a run, `AecoreError` where one does not see the store."""
        if not self._slots():
            wanted = f"{self.cpus:g} CPU{'' if self.cpus == 1 else 's'}" + (
                f" and {self.gpus:g} GPU" if self.gpus else ""
            )
            raise UserError(f"no node of the cluster has {wanted} for a run; ask for less")
        token = secrets.token_hex(8)
        probe = self.folder / ".seen"
        probe.write_text(token)
        try:
            for node in self.ray.nodes():
                if not node["Alive"]:
                    continue
                on_node = self.ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                read = self.ray.remote(num_cpus=0, scheduling_strategy=on_node)(_read)
                found = self.ray.get(read.remote(str(probe)), timeout=NODE_CHECK_S)
                if found != token:
                    raise AecoreError(
                        f"node {node['NodeManagerHostname']} does not see the store {self.store.root}: "
                        "all nodes need the same directory at the same path"
                    )
        finally:
            probe.unlink(missing_ok=True)


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _work(path: str, stop: str, cpus: float, gpus: float) -> str:
    """Train a run on the node that Ray chose; a second attempt resumes where the first one was cut off."""
    run = Run(Path(path))
    if run.status().get("state") == "finished":
        return "finished"
    jobs.take_over(run)
    if gpus:
        device = next((device for device in devices() if device.family == "cuda"), None)
        if device is None:
            raise AecoreError("Ray assigned a GPU, but nvidia-smi shows none")
    else:
        device = devices()[-1]
        import torch

        torch.set_num_threads(max(int(cpus), 1))
    checked, stopped = 0.0, False

    def asked_to_stop() -> bool:
        nonlocal checked, stopped
        if not stopped and time.monotonic() - checked > 1:  # a look at a shared disk every step is too slow
            checked, stopped = time.monotonic(), os.path.exists(stop)
        return stopped

    try:
        return jobs.work(run, held=device, stop=asked_to_stop)
    except AecoreError:
        return run_state(run)
