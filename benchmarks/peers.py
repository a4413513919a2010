"""TensorBoard and MLflow for comparison: their stores, servers, and the parts of their pages with runs and curves."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.browser import server

CONVERTER = Path(__file__).with_name("peer_stores.py")
START_S = 180


@dataclass(frozen=True)
class Tool:
    """An experiment tracker with a web page. Selectors identify the parts that are timed."""

    name: str
    package: str
    """The package name; empty for this app."""
    runs: str
    """The URL of the list of runs."""
    row: str
    """The selector of a run in the list; `screenful` of them fill it, or one represents all (a canvas)."""
    screenful: int
    filter: str
    """The field that filters the list while typing; empty if there is none."""
    pastes: bool
    """Whether pasted text triggers the filter; otherwise the last letter is typed."""
    curves: Callable[[list[str]], str]
    """The URL of the overlaid test losses of these runs."""
    chart: str
    note: str = ""


OURS = Tool(
    name="this app",
    package="",
    runs="/",
    row='[data-testid="stDataFrame"] canvas',
    screenful=1,
    filter='input[aria-label="Filter"]',
    pastes=True,
    curves=lambda runs: f"/compare?runs={','.join(runs)}",
    chart=".pc[data-drawn] .pc-plot",
)
TENSORBOARD = Tool(
    name="TensorBoard",
    package="tensorboard",
    runs="/",
    row="runs-data-table tb-data-table-content-cell.table-column-run",
    screenful=10,
    filter="runs-data-table tb-filter-input input",
    pastes=False,
    curves=lambda runs: "/?tagFilter=test_loss#timeseries",
    chart="scalar-card line-chart",
    note="TensorBoard keeps 1,000 points of a curve, sampled at random.",
)
MLFLOW = Tool(
    name="MLflow",
    package="mlflow",
    runs="/#/experiments/1/runs",
    row=".ag-row a",
    screenful=10,
    filter="",
    pastes=False,
    curves=lambda runs: "/#/experiments/1/runs?compareRunsMode=CHART",
    chart='[data-testid="experiment-view-compare-runs-card"]:has-text("test_loss") .js-plotly-plot',
    note="MLflow filters by a query language, which is not compared; it lists the newest 100 runs first and draws 320 "
    "points of a curve.",
)


def missing(python: str, tool: Tool) -> str:
    """The reason why the tool cannot be measured with that interpreter; empty if it can."""
    try:
        subprocess.run([python, "-c", f"import {tool.package}"], check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError):
        return f"{python} has no {tool.package}: pip install -r benchmarks/requirements-peers-pages.txt"
    return ""


def version_of(python: str, tool: Tool) -> str:
    """The version of the tool's package in that interpreter."""
    script = f"from importlib.metadata import version; print(version('{tool.package}'))"
    return subprocess.run([python, "-c", script], check=True, capture_output=True, text=True).stdout.strip()


def converting(python: str, tool: Tool, store: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Start converting the store's runs for that tool."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [python, str(CONVERTER), tool.package, str(store), str(folder)]
    with (folder.parent / f"{tool.package}-written.log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder.parent, stdout=log, stderr=log)


@contextlib.contextmanager
def served(python: str, tool: Tool, store: Path, folder: Path, count: int) -> Iterator[tuple[str, float]]:
    """The tool's server, once it serves all `count` runs: its address, and the seconds until then.

    Raises `RuntimeError` if it does not get there.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    if not tool.package:
        with server({"AECORE_STORE": str(store)}, folder.parent / "ours.log") as address:
            yield address, time.monotonic() - begun
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address_options = ["--host", "127.0.0.1", "--port", str(port)]
    command = {
        "tensorboard": ["-m", "tensorboard.main", "--logdir", str(folder), *address_options],
        "mlflow": [
            "-m",
            "mlflow",
            "ui",
            "--backend-store-uri",
            f"sqlite:///{folder}/mlflow.db",
            "--workers",
            "1",
            *address_options,
        ],
    }[tool.package]
    log = folder.parent / f"{tool.package}-served.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python, *command],
            cwd=folder.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
        )
    try:
        address = f"http://127.0.0.1:{port}"
        while _known(tool, address) < min(count, 1000):
            if process.poll() is not None or time.monotonic() - begun > START_S:
                raise RuntimeError(f"{tool.name} did not show {count} runs: {log.read_text()[-300:]}")
            time.sleep(0.1)
        yield address, time.monotonic() - begun
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # MLflow's workers wait for open connections
        process.wait()


def _known(tool: Tool, address: str) -> int:
    """The number of runs its server knows; MLflow returns at most 1,000."""
    try:
        if tool.package == "tensorboard":
            return len(_asked(f"{address}/data/runs"))
        body = {"experiment_ids": ["1"], "max_results": 1000}
        return len(_asked(f"{address}/api/2.0/mlflow/runs/search", body).get("runs", []))
    except (OSError, urllib.error.URLError, ValueError):
        return 0


def _asked(address: str, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(
        address,
        data=None if body is None else json.dumps(body).encode(),
        headers={} if body is None else {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
