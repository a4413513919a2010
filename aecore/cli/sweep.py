"""The commands for sweeps: run one, list them, show one's table."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Annotated

import typer

from aecore.cli.as_json import print_json
from aecore.cli.console import print_message, table
from aecore.cli.options import Device, Json
from aecore.cli.progress import Bar
from aecore.errors import AecoreError, UserError
from aecore.jobs.signals import stop_flag
from aecore.runs.store import Store
from aecore.runs.summary import MARK
from aecore.sweeps import runner, statistics
from aecore.sweeps import store as sweep_store
from aecore.sweeps.definition import Point, Sweep, format_setting
from aecore.sweeps.executors import Executor, LocalExecutor, work_many

commands = typer.Typer()

SweepName = Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep's id or a unique prefix of it.")]


@commands.command()
def sweep(
    what: Annotated[str, typer.Argument(metavar="FILE.toml|SWEEP")],
    on: Annotated[str, typer.Option(metavar="local|ray", help="Where its runs are executed.")] = "local",
    address: Annotated[str, typer.Option(help="ray: address of the cluster; one is started here if empty.")] = "",
    cpus: Annotated[float, typer.Option(help="ray: CPUs for each run.")] = 1,
    gpus: Annotated[float, typer.Option(help="ray: GPUs for each run; may be a fraction.")] = 0,
    device: Device = "auto",
    extend: Annotated[
        str, typer.Option(metavar="SWEEP", help="Extend that sweep to this file's values and seeds.")
    ] = "",
    detach: Annotated[bool, typer.Option("--detach", help="Start in the background and return.")] = False,
    as_json: Json = False,
) -> None:
    """Run a sweep from a file, or resume one. Ctrl-C stops cleanly; only missing runs are trained."""
    if on not in runner.EXECUTORS:
        raise UserError(f"--on: should be local or ray, got '{on}'")
    for name, value in (("--cpus", cpus), ("--gpus", gpus)):
        if not (math.isfinite(value) and value >= 0) or (name == "--cpus" and value == 0):
            raise UserError(f"{name}: should be a number above 0, got {value:g}")
    store = Store.default()
    runner.check_store(store)
    chosen = _chosen(what, extend, device, store)
    options = {"address": address, "cpus": cpus, "gpus": gpus} if on == "ray" else {"device": device}
    if detach:
        runner.start(chosen, on, options)
        print_json({"sweep": chosen.id, "state": "queued"}) if as_json else print(chosen.id)
        return
    print_message(f"sweep {chosen.id}: {chosen.sweep().combinations * len(chosen.sweep().seeds):,} runs")
    # A second Ctrl-C must not wait for the runs to end, as an exception would on its way out.
    with stop_flag(lambda: os._exit(130)) as stopped:
        executor = _executor(on, store, chosen, address, cpus, gpus, device)
        with Bar() as bar:
            for event in runner.run_sweep(chosen, store, executor, device, stopped.is_set, options):
                bar(event.done, event.total, "" if event.ended else _label(event.row))
                if event.ended:
                    print_message(_end_of_run(event, chosen.sweep()))
        if stopped.is_set():
            print_message(f"stopped; resume with: python -m aecore sweep {chosen.id}")
    _print(chosen, store, as_json)
    if problem := chosen.status().get("error"):
        raise AecoreError(f"sweep {chosen.id}: {problem}")


def _end_of_run(event: runner.SweepEvent, sweep: Sweep) -> str:
    row, score = event.row, event.row.score(sweep.goal, sweep.under)
    result = "" if score is None else f", {sweep.goal} {score:.5g}"
    spent = "" if row.seconds is None else f", {row.seconds:.1f} s"
    mark = f"  {MARK} {'; '.join(row.remarks)}" if row.remarks else ""
    return f"{event.done:>5,}/{event.total:,}  {_label(row)}: {row.state}{result}{spent}{_error(row)}{mark}"


def _chosen(what: str, extend: str, device: str, store: Store) -> sweep_store.SweepFolder:
    """The sweep of that id, or the one that a file defines or extends."""
    if not (what.endswith(".toml") or "/" in what):
        if extend:
            raise UserError("--extend: needs a file with the values and seeds to extend the sweep to")
        return sweep_store.find(what, store)
    wanted = Sweep.load(Path(what))
    runner.check(wanted, device)
    if not extend:
        return sweep_store.create(wanted, store)
    found = sweep_store.find(extend, store)
    sweep_store.extend(found, wanted)
    return found


def _executor(
    on: str, store: Store, chosen: sweep_store.SweepFolder, address: str, cpus: float, gpus: float, device: str
) -> Executor:
    if on == "local":
        return LocalExecutor(device)
    from aecore.sweeps.ray_executor import RayExecutor

    return RayExecutor(store, chosen.path, address, cpus, gpus)


@commands.command("sweeps")
def list_sweeps(
    what: Annotated[str, typer.Argument(metavar="[SWEEP]", help="Show this one's table.")] = "",
    as_json: Json = False,
) -> None:
    """All sweeps, or one as a table: a row for each combination, with mean and spread over its seeds."""
    store = Store.default()
    if what:
        _print(sweep_store.find(what, store), store, as_json)
        return
    found = []
    for each in sweep_store.sweeps(store):
        rows = sweep_store.rows(each, store)
        definition = each.sweep()
        found.append(
            {
                "sweep": each.id,
                "name": definition.name,
                "state": each.state(),
                "finished": sum(row.state == "finished" for row in rows),
                "runs": definition.combinations * len(definition.seeds),
                "varies": list(definition.vary),
                "goal": definition.goal,
            }
        )
    if as_json:
        print_json(found)
    elif not found:
        print_message("no sweeps yet; start one with: python -m aecore sweep FILE.toml")
    else:
        lines = [[f["sweep"], f["state"], f"{f['finished']:,}/{f['runs']:,}", ", ".join(f["varies"])] for f in found]
        table(["sweep", "state", "finished", "varies"], lines)


def _print(chosen: sweep_store.SweepFolder, store: Store, as_json: bool) -> None:
    sweep, rows = chosen.sweep(), sweep_store.rows(chosen, store)
    found = statistics.best(statistics.groups(sweep, rows, sweep.goal, sweep.under), sweep.better)
    remarks = statistics.remarked(rows)
    if as_json:
        print_json(
            {
                "sweep": chosen.id,
                "state": chosen.state(),
                "goal": sweep.goal,
                "under": sweep.under,
                "combinations": [
                    {"values": g.values, "mean": g.mean, "std": g.std, "figures": g.scores, "runs": g.runs}
                    | {"remarks": {run: remarks[run] for run in g.runs if run in remarks}}
                    for g in found
                ],
            }
        )
        return
    for row in rows:
        if row.state == "failed":
            print_message(f"{row.run}: failed{_error(row)}")
    if not found:
        print_message("none of its runs has finished yet")
        return
    headings = [key.rpartition(".")[2].replace("_", " ") for key in sweep.vary]
    lines = [
        [
            *[format_setting(value) for value in group.values.values()],
            f"{group.mean:.5g}",
            "" if group.std is None else f"± {group.std:.2g}",
            str(len(group.scores)),
            statistics.mark(group, remarks),
        ]
        for group in found
    ]
    table([*headings, _goal_heading(sweep), "spread", "runs", ""], lines)


def _goal_heading(sweep: Sweep) -> str:
    where = {"none": "", "own": ", own corruption"}.get(sweep.under, f", {sweep.under}")
    return f"{sweep.goal}{where}"


def _label(row: sweep_store.Row) -> str:
    return f"{Point(row.values, row.seed).label}, seed {row.seed}"


def _error(row: sweep_store.Row) -> str:
    return f" ({row.error})" if row.error else ""


@commands.command("work-many", hidden=True)
def work_on_many() -> None:
    """Train the queued runs named on standard input; started by a sweep."""
    work_many()
