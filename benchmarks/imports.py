"""Importing networks of others: is what we compute what they compute, and do we say where we don't know?

Trains small networks of many forms on `digits-28`, saves them as people do, imports each file and compares the error of
our reconstructions with that of the network's own `forward`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from rich.console import Console
from rich.table import Table

from aecore import data
from aecore.errors import UserError
from aecore.interop.interpret import understand
from aecore.interop.read_checkpoint import read_checkpoints
from benchmarks.foreign import CASES, Case, Trained, train

AGREES = 1e-3
"""Two errors that differ by less than this share are one."""
QUICK = 10

Result = Literal["right", "among three", "wrong", "refused"]


class Row(NamedTuple):
    """What an import made of one network."""

    case: Case
    truth: float
    ours: float | None
    verdict: str
    result: Result
    text: str
    seconds: float


def measure(trained: Trained) -> Row:
    """Import one network's files and compare."""
    began = time.perf_counter()
    images = {"digits-28": data.load("digits-28")}
    try:
        found = understand(read_checkpoints(trained.files), images, changes={"data.name": "digits-28"})
    except UserError as error:
        return Row(trained.case, trained.error, None, "refused", "refused", str(error), time.perf_counter() - began)
    took = time.perf_counter() - began
    assert found.decision is not None
    decision = found.decision
    if decision.verdict == "not understood":
        return Row(trained.case, trained.error, decision.best.error, decision.verdict, "refused", "", took)

    def agrees(error: float | None) -> bool:
        return error is not None and abs(error - trained.error) < AGREES * trained.error

    result: Result = "wrong"
    if agrees(decision.best.error):
        result = "right"
    elif decision.verdict == "undecided" and any(agrees(other.error) for other in decision.candidates[:3]):
        result = "among three"
    return Row(trained.case, trained.error, decision.best.error, decision.verdict, result, decision.best.text, took)


def measure_all(cases: Sequence[Case], steps: int = 500) -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases):
            home = Path(folder) / str(number)
            home.mkdir()
            rows.append(measure(train(case, home, steps)))
            row = rows[-1]
            print(f"{number + 1} of {len(cases)}: {case.name}: {row.verdict}, {row.result}", flush=True)
    return rows


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.imports")
    parser.add_argument("--quick", action="store_true", help=f"every {len(CASES) // QUICK}th network only")
    parser.add_argument("--steps", type=int, default=500, help="how long each network is trained")
    parser.add_argument("--only", default="", help="networks with this in their name")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(2)
    cases = [case for case in CASES if chosen.only in case.name]
    if chosen.quick:
        cases = cases[:: len(CASES) // QUICK]
    rows = measure_all(cases, chosen.steps)
    table = Table(
        "network", "truth", "ours", "verdict", "result", "seconds", title="MSE of a network's own forward, and ours"
    )
    for row in rows:
        ours = "" if row.ours is None else f"{row.ours:.6f}"
        table.add_row(row.case.name, f"{row.truth:.6f}", ours, row.verdict, row.result, f"{row.seconds:.1f}")
    Console(width=120).print(table)
    for row in rows:
        if row.result in ("wrong", "refused"):
            print(f"{row.case.name}: {row.text or 'not understood'}")
    certain = [row for row in rows if row.verdict == "certain"]
    wrong = [row for row in rows if row.result == "wrong"]
    refused = [row for row in rows if row.result == "refused"]
    print(
        f"{len(rows)} networks: {len(certain)} certain, {sum(row.result == 'wrong' for row in certain)} of them wrong; "
        f"{sum(row.verdict == 'undecided' for row in rows)} undecided, "
        f"{sum(row.verdict == 'undecided' for row in wrong)} of them without the truth among the first three; "
        f"{len(refused)} refused"
    )
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
