"""`python -m aecore …`: everything the app does, without the app.

`--json` prints one JSON document on standard output and nothing else there; progress goes to standard error.
A user error exits with 2, a failure with 1, each with one line.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from aecore import data, jobs
from aecore.cli.console import Progress, document, print_message, print_run, table
from aecore.cli.doctor import doctor_app
from aecore.cli.evaluate import evaluate_app
from aecore.cli.measure import measure_app
from aecore.cli.options import Device, Json, RunName, print_json
from aecore.cli.report import report_app
from aecore.cli.runs import key_and_value, runs_app
from aecore.cli.sweep import sweep_app
from aecore.cli.tokens import tokens_app
from aecore.config.experiment import Experiment
from aecore.errors import AecoreError, UserError, describe_os_error, nearest
from aecore.format import printable
from aecore.jobs import helper_rank
from aecore.presets import preset, presets
from aecore.runs.listing import SHELVES, in_group, listed, on_shelf
from aecore.runs.store import Run, Store
from aecore.runs.summary import MARK, summarise
from aecore.sweeps.runner import stop as stop_sweep
from aecore.sweeps.store import find as find_sweep
from aecore.sweeps.store import sweeps
from aecore.training.rank import get_rank

app = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    help="A laboratory for autoencoders. RUN is a run's id, a unique prefix of it, or a path.",
)
data_app = typer.Typer(help="List or prepare image sets.")
app.add_typer(data_app, name="data")
app.add_typer(tokens_app, name="tokens")
app.add_typer(evaluate_app)
app.add_typer(measure_app)
app.add_typer(runs_app)
app.add_typer(report_app)
app.add_typer(sweep_app)
app.add_typer(doctor_app)

# Typer may bundle a copy of click or use the installed one; its public BadParameter leads to the right UsageError.
UsageError: type[typer.BadParameter] = typer.BadParameter.__mro__[1]

DISTRIBUTED = ("train", "resume", "work")
"""The commands that torchrun may start in several processes."""


@app.callback()
def without_command(context: typer.Context) -> None:
    command, here = context.invoked_subcommand, get_rank()
    if here.world > 1 and command not in DISTRIBUTED:
        raise UserError(f"torchrun has started {here.world} processes, which works for train and resume only")
    if not here.first:
        raise typer.Exit(int(helper_rank.assist() == "failed"))
    if command is None:
        print(context.get_help())


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        status = typer.main.get_command(app).main(arguments, "aecore", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except typer.Exit as done:
        return done.exit_code
    except UsageError as error:
        message = error.format_message().strip()
        return _fail(f"{message[0].lower()}{message[1:]}".rstrip(".") if message else "see aecore --help", 2)
    except (typer.Abort, KeyboardInterrupt):
        return _fail("interrupted", 130)
    except AecoreError as error:
        if debug:
            traceback.print_exc()
        return _fail(str(error), 2 if isinstance(error, UserError) else 1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone
        return 0
    except OSError as error:
        if debug:
            traceback.print_exc()
        return _fail(describe_os_error(error, "the command"), 1)
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _fail(f"{type(error).__name__}: {error} (--debug shows where)", 1)
    finally:
        with contextlib.suppress(UserError):
            helper_rank.dismiss()


def _fail(message: str, status: int) -> int:
    if status == 2 and os.environ.get("RANK", "0") != "0":
        return status  # every process that torchrun started has the same error; rank 0 prints it
    print(f"aecore: {printable(' '.join(message.split()))}", file=sys.stderr)
    return status


@app.command("presets")
def list_presets(as_json: Json = False) -> None:
    """List the experiments that come with the project."""
    if as_json:
        print_json([entry.model_dump(mode="json") for entry in presets().values()])
        return
    table(
        ["preset", "report", "title"],
        [[entry.name, entry.report or "own", entry.title] for entry in presets().values()],
    )


@data_app.command("list")
def data_list(as_json: Json = False) -> None:
    """List the image sets, and which of them are ready."""
    sets = [
        {
            "name": entry.name,
            "title": entry.title,
            "image_shape": list(entry.image_shape),
            "train_images": entry.train_images,
            "test_images": entry.test_images,
            "ready": data.prepared(entry.name),
            "citation": entry.citation,
        }
        for entry in data.CATALOGUE.values()
    ]
    if as_json:
        print_json(sets)
        return
    table(
        ["name", "image", "train", "test", "ready", "source"],
        [
            [
                entry["name"],
                "×".join(map(str, entry["image_shape"])),
                f"{entry['train_images']:,}",
                f"{entry['test_images']:,}",
                "yes" if entry["ready"] else "no",
                entry["citation"],
            ]
            for entry in sets
        ],
    )


@data_app.command("prepare")
def data_prepare(
    name: Annotated[str, typer.Argument(metavar="NAME|PATH", help="A set of the catalogue, or images of your own.")],
    size: Annotated[int, typer.Option(help="Of your own images: make squares of this side; 0 for as they are.")] = 0,
    fit: Annotated[str, typer.Option(help="Of your own images: crop or pad those that are not square.")] = "crop",
    as_json: Json = False,
) -> None:
    """Download an image set, or verify every byte of a prepared one.

    Of your own images it says what was understood: how many of which class, their size and values, what was left out.
    """
    given = name
    if size or fit != "crop":
        name = Experiment().changed({"data.name": name, "data.size": size, "data.fit": fit}).data.source
    with Progress() as progress:
        result = data.prepare(name, lambda what, done, total: progress("preparing", done, total, what))
    folder, understood = data.cached_at(name), data.understood(name)
    if as_json:
        about = {"understood": understood.as_json()} if understood else {}
        print_json({"name": given, "result": result, "path": str(folder), **about})
    else:
        words = {
            "ready": "is ready",
            "prepared": "is now ready",
            "rebuilt": "was damaged and has been rebuilt",
        }
        print_message(f"{given} {words[result]} in {folder}")
        for line in understood.lines() if understood else ():
            print(line)


@app.command()
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


@app.command()
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


@app.command()
def runs(
    shelf: Annotated[
        str, typer.Option("--shelf", metavar="all|own|shipped", help="Only one's own runs, or those that ship.")
    ] = "all",
    group: Annotated[str, typer.Option("--group", help="Only the runs of this group.")] = "",
    as_json: Json = False,
) -> None:
    """List the runs: your own, the newest first, then those that ship with the project."""
    if shelf not in SHELVES:
        raise UserError(f"--shelf {shelf}: {nearest(shelf, SHELVES)}")
    summaries = on_shelf(listed(map(summarise, Store.default().runs())), shelf)
    if group:
        summaries = in_group(summaries, group)
    if as_json:
        print_json([summary.as_dict() for summary in summaries])
        return
    if not summaries:
        chosen = " in this group" if group else f" that are {shelf}" if shelf != "all" else ""
        start = "" if chosen else " yet; start one with: python -m aecore train digits-quick"
        print_message(f"no runs{chosen or start}")
        return
    grouped = any(s.group for s in summaries)
    table(
        ["run", "title", *(["group"] if grouped else []), "data", "code", "state", "epochs", "MSE", "PSNR", "SSIM", ""],
        [
            [
                s.id,
                "" if s.title == s.id else s.title,
                *([s.group] if grouped else []),
                s.data,
                f"{s.code_size:,}" if s.code_size else "",
                s.state,
                "imported" if s.imported else f"{s.epoch:,}/{s.epochs:,}",
                "" if s.test_mse is None else f"{s.test_mse:.5f}",
                "" if s.test_psnr_db is None else f"{s.test_psnr_db:.2f}",
                "" if s.test_ssim is None else f"{s.test_ssim:.3f}",
                s.problem or s.mark,
            ]
            for s in summaries
        ],
    )


@app.command()
def show(run_name: RunName, as_json: Json = False) -> None:
    """Show one run: its settings, state and metrics."""
    found = Store.default().find(run_name)
    if as_json:
        print_json(document(found))
    else:
        print_run(found)


@app.command()
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


@app.command(hidden=True)
def work(path: str) -> None:
    """Train a queued run to its end; started by `train --detach` and by the app."""
    jobs.work(Store.default().find(path))
