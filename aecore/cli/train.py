"""The commands that train: a new run, one that was stopped, and stopping."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from aecore import data, jobs
from aecore.cli.as_json import print_json
from aecore.cli.console import print_message
from aecore.cli.options import Device, Json, RunName, key_and_value
from aecore.cli.printed import document, print_run
from aecore.cli.progress import Progress
from aecore.config.experiment import Experiment
from aecore.errors import UserError
from aecore.presets import preset
from aecore.runs.run import Run
from aecore.runs.store import Store
from aecore.runs.summary import MARK, summarise
from aecore.sweeps.runner import stop as stop_sweep
from aecore.sweeps.store import find as find_sweep
from aecore.sweeps.store import sweeps
from aecore.training.rank import get_rank

commands = typer.Typer()


@commands.command()
def train(
    what: Annotated[str, typer.Argument(metavar="PRESET|FILE.toml")],
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting; may be repeated."),
    ] = None,
    name: Annotated[str, typer.Option(help="A title for the run.")] = "",
    device: Device = "auto",
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="float32, and the same result bit for bit every time; slower.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Start in the background and return.")] = False,
    as_json: Json = False,
) -> None:
    """Train a preset or an experiment file. Ctrl-C stops cleanly; `resume` continues.

    On several GPUs: torchrun --standalone --nproc-per-node 2 -m aecore train …
    """
    _check_torchrun(detach)
    if int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")):
        raise UserError(
            "torchrun has restarted the processes; use --max-restarts with `resume RUN`, which continues the run"
        )
    looks_like_file = what.endswith(".toml") or "/" in what
    experiment = Experiment.load(Path(what)) if looks_like_file else preset(what).experiment
    settings: dict[str, Any] = dict(key_and_value(change) for change in changes or [])
    settings |= {"name": name} if name else {}
    settings |= {"training.deterministic": True} if deterministic else {}
    experiment = experiment.changed(settings)
    created = jobs.submit(experiment, device)
    if not as_json and (understood := data.understood(experiment.data.source)):
        for line in understood.lines():
            print_message(line)
    for remark in summarise(created).remarks:
        print_message(f"{MARK} {remark['text']}")
    _run_job(created, detach, as_json)


@commands.command()
def resume(
    run_name: RunName,
    detach: Annotated[bool, typer.Option("--detach")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Even if its status says otherwise, as long as no process works on it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Resume a run that was stopped, interrupted or failed."""
    _check_torchrun(detach)
    found = Store.default().find(run_name)
    jobs.requeue(found, force)
    _run_job(found, detach, as_json)


def _check_torchrun(detach: bool) -> None:
    """Raise `UserError` for options that several processes cannot use."""
    if detach and get_rank().world > 1:
        raise UserError("a run in several processes cannot be detached: leave out --detach or torchrun")


def _run_job(created: Run, detach: bool, as_json: bool) -> None:
    """Start a queued run in the background, or train it here and show the progress."""
    if detach:
        jobs.start(created)
        print_json({"run": created.id, "state": "queued"}) if as_json else print(created.id)
        return
    if not as_json:
        print_message(f"run {created.id}")
    with Progress() as progress:
        state = jobs.work(created, progress)
    if as_json:
        print_json(document(created))
    elif state == "stopped":
        print_message(f"stopped; resume with: python -m aecore resume {created.id}")
    else:
        print_run(created)


@commands.command()
def stop(run_name: RunName, as_json: Json = False) -> None:
    """Stop a run after its current epoch, or a sweep with all its runs; both can be resumed."""
    store = Store.default()
    if any(found.id == run_name for found in sweeps(store)):
        state = stop_sweep(find_sweep(run_name, store))
        print_json({"sweep": run_name, "state": state}) if as_json else print_message(f"sweep {run_name} is {state}")
        return
    found = store.find(run_name)
    state = jobs.stop(found, wait_s=60)
    print_json({"run": found.id, "state": state}) if as_json else print_message(f"run {found.id} is {state}")


@commands.command(hidden=True)
def work(path: str) -> None:
    """Train a queued run to its end; started by `train --detach` and by the app."""
    jobs.work(Store.default().find(path))
