"""The commands for sweeps: carry one out, list them, show one's table."""

from __future__ import annotations

import math
import os
import signal
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from aecore.cli.console import Bar, table, tell
from aecore.cli.options import Device, Json, print_json
from aecore.errors import UserError
from aecore.runs.store import Store
from aecore.sweeps import runner, statistics
from aecore.sweeps import store as sweep_store
from aecore.sweeps.definition import Sweep, shown
from aecore.sweeps.executors import Engine, Local, work_many

sweeping = typer.Typer()

SweepName = Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep's id or a unique beginning of it.")]


@sweeping.command()
def sweep(
    what: Annotated[str, typer.Argument(metavar="FILE.toml|SWEEP")],
    on: Annotated[str, typer.Option(metavar="local|ray", help="Where its runs are carried out.")] = "local",
    address: Annotated[str, typer.Option(help="ray: the cluster's; without one it is started here.")] = "",
    cpus: Annotated[float, typer.Option(help="ray: processors a run.")] = 1,
    gpus: Annotated[float, typer.Option(help="ray: GPUs a run; may be a fraction.")] = 0,
    device: Device = "auto",
    extend: Annotated[str, typer.Option(metavar="SWEEP", help="Give that sweep this file's values and seeds.")] = "",
    detach: Annotated[bool, typer.Option("--detach", help="Start in the background and return.")] = False,
    as_json: Json = False,
) -> None:
    """Carry out a sweep from a file, or go on with one. Ctrl-C stops cleanly; only what is missing runs again."""
    if on not in runner.ENGINES:
        raise UserError(f"--on: should be local or ray, got '{on}'")
    for name, value in (("--cpus", cpus), ("--gpus", gpus)):
        if not (math.isfinite(value) and value >= 0) or (name == "--cpus" and value == 0):
            raise UserError(f"{name}: should be a number above 0, got {value:g}")
    store = Store.default()
    runner.check_store(store)
    chosen = _chosen(what, extend, device, store)
    options = {"address": address, "cpus": cpus, "gpus": gpus} if on == "ray" else {"device": device}
    if detach:
        runner.begin(chosen, on, options)
        print_json({"sweep": chosen.id, "state": "queued"}) if as_json else print(chosen.id)
        return
    tell(f"sweep {chosen.id}: {chosen.sweep().combinations * len(chosen.sweep().seeds):,} runs")
    stopped = _stop_flag()
    engine = _engine(on, store, chosen, address, cpus, gpus, device)
    with Bar() as bar:
        for told in runner.carry_out(chosen, store, engine, device, stopped.is_set, options):
            row = told.row
            bar(told.done, told.total, _label(row) if not told.ended else "")
            if told.ended:
                figure = row.figure(chosen.sweep().goal, chosen.sweep().under)
                result = "" if figure is None else f", {chosen.sweep().goal} {figure:.5g}"
                spent = "" if row.seconds is None else f", {row.seconds:.1f} s"
                tell(f"{told.done:>5,}/{told.total:,}  {_label(row)}: {row.state}{result}{spent}{_because(row)}")
    if stopped.is_set():
        tell(f"stopped; go on with: python -m aecore sweep {chosen.id}")
    _print(chosen, store, as_json)


def _chosen(what: str, extend: str, device: str, store: Store) -> sweep_store.SweepFolder:
    """The sweep that is meant, made or extended where a file says so."""
    if not (what.endswith(".toml") or "/" in what):
        if extend:
            raise UserError("--extend: goes with a file, whose values and seeds the sweep is given")
        return sweep_store.find(what, store)
    wanted = Sweep.load(Path(what))
    runner.check(wanted, device)
    if not extend:
        return sweep_store.create(wanted, store)
    found = sweep_store.find(extend, store)
    sweep_store.extend(found, wanted)
    return found


def _engine(
    on: str, store: Store, chosen: sweep_store.SweepFolder, address: str, cpus: float, gpus: float, device: str
) -> Engine:
    if on == "local":
        return Local(device)
    from aecore.sweeps.ray_executor import OnRay

    return OnRay(store, chosen.path, address, cpus, gpus)


def _stop_flag() -> threading.Event:
    """An event that SIGTERM and the first Ctrl-C set; a second Ctrl-C ends the process at once."""
    flag = threading.Event()

    def on_signal(number: int, _frame: object) -> None:
        if flag.is_set() and number == signal.SIGINT:
            os._exit(130)
        flag.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return flag


@sweeping.command("sweeps")
def list_sweeps(
    what: Annotated[str, typer.Argument(metavar="[SWEEP]", help="Show this one's table.")] = "",
    as_json: Json = False,
) -> None:
    """All sweeps, or one of them as a table: a line a combination, mean and spread over its seeds."""
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
        tell("no sweeps yet; start one with: python -m aecore sweep FILE.toml")
    else:
        lines = [[f["sweep"], f["state"], f"{f['finished']:,}/{f['runs']:,}", ", ".join(f["varies"])] for f in found]
        table(["sweep", "state", "finished", "varies"], lines)


def _print(chosen: sweep_store.SweepFolder, store: Store, as_json: bool) -> None:
    sweep, rows = chosen.sweep(), sweep_store.rows(chosen, store)
    found = statistics.best(statistics.groups(sweep, rows, sweep.goal, sweep.under), sweep.better)
    if as_json:
        print_json(
            {
                "sweep": chosen.id,
                "state": chosen.state(),
                "goal": sweep.goal,
                "under": sweep.under,
                "combinations": [
                    {"values": g.values, "mean": g.mean, "std": g.std, "figures": g.figures, "runs": g.runs}
                    for g in found
                ],
            }
        )
        return
    for row in rows:
        if row.state == "failed":
            tell(f"{row.run}: failed{_because(row)}")
    if not found:
        tell("no run of it has finished yet")
        return
    headings = [key.rpartition(".")[2].replace("_", " ") for key in sweep.vary]
    lines = [
        [
            *[shown(value) for value in group.values.values()],
            f"{group.mean:.5g}",
            "" if group.std is None else f"± {group.std:.2g}",
            str(len(group.figures)),
        ]
        for group in found
    ]
    table([*headings, _goal_words(sweep), "spread", "runs"], lines)


def _goal_words(sweep: Sweep) -> str:
    where = {"none": "", "own": ", own corruption"}.get(sweep.under, f", {sweep.under}")
    return f"{sweep.goal}{where}"


def _label(row: sweep_store.Row) -> str:
    values: list[Any] = [f"{key.rpartition('.')[2].replace('_', ' ')} {shown(v)}" for key, v in row.values.items()]
    return ", ".join([*values, f"seed {row.seed}"])


def _because(row: sweep_store.Row) -> str:
    return f" ({row.error})" if row.error else ""


@sweeping.command("work-many", hidden=True)
def work_on_many() -> None:
    """Work on the queued runs named on standard input; started by a sweep."""
    work_many()
