"""The commands that manage runs: show, rename, verify, annotate, group, delete, restore, import."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from aecore.cli.as_json import print_json
from aecore.cli.console import print_message, table
from aecore.cli.options import Json, RunName, key_and_value
from aecore.cli.printed import document, print_run
from aecore.cli.progress import Progress
from aecore.errors import UserError
from aecore.format import count, printable
from aecore.runs import archive, notes, sums, trash
from aecore.runs.run import Run
from aecore.runs.store import Store
from aecore.runs.summary import import_notes

commands = typer.Typer()

Changes = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting; may be repeated.")
]


@commands.command()
def show(run_name: RunName, as_json: Json = False) -> None:
    """Show one run: its settings, state and metrics."""
    found = Store.default().find(run_name)
    if as_json:
        print_json(document(found))
    else:
        print_run(found)


@commands.command()
def rename(run_name: RunName, title: str, as_json: Json = False) -> None:
    """Give a run another title; "" restores the first one. Its id stays."""
    found = Store.default().find(run_name)
    notes.rename(found, title)
    _print_notes(found, as_json)


@commands.command()
def verify(
    run_names: Annotated[list[str] | None, typer.Argument(metavar="[RUN…]")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every run of the store.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Record the files as they are now: the change was meant.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare every file that numbers depend on with the SHA-256 that was recorded when it was written."""
    store = Store.default()
    if bool(run_names) == every:
        raise UserError("name the runs to verify, or give --all")
    chosen = store.runs() if every else [store.find(name) for name in run_names or ()]
    found: dict[str, dict[str, str]] = {}
    for run in chosen:
        if accept:
            notes.check_own(run)
            sums.accept(run.path)
        found[run.id] = dict(sums.verify(run.path))
    if as_json:
        print_json(found)
    else:
        table(["run", "files", "result"], [[name, str(len(files)), _verdict(files)] for name, files in found.items()])
    if any(state in ("changed", "missing") for files in found.values() for state in files.values()):
        raise typer.Exit(1)


def _verdict(files: dict[str, str]) -> str:
    """What became of a run's files, the worst first."""
    states = ("changed", "missing", "not verified")
    by_state = {state: [name for name in files if files[name] == state] for state in states}
    parts = [
        f"{state}: {', '.join(names)}" if len(names) < len(files) else state
        for state, names in by_state.items()
        if names
    ]
    return "; ".join(parts) or "verified"


@commands.command()
def annotate(run_name: RunName, text: str, as_json: Json = False) -> None:
    """Write a note to a run; "" removes it."""
    found = Store.default().find(run_name)
    notes.annotate(found, text)
    _print_notes(found, as_json)


@commands.command()
def group(
    run_names: Annotated[list[str], typer.Argument(metavar="RUN…")],
    name: Annotated[str, typer.Option("--to", help='The group; "" takes the runs out of theirs.')],
    as_json: Json = False,
) -> None:
    """Put runs into a group, a label that they share; `runs --group` lists them."""
    store = Store.default()
    name = notes.check_text("group", name)
    found = {(item := store.find(run_name)).id: item for run_name in run_names}
    for item in found.values():
        notes.put_in_group(item, name)
    if as_json:
        print_json({"runs": list(found), "group": name})
    else:
        print_message(f"{', '.join(found)}: {f'in group {name}' if name else 'in no group'}")


def _print_notes(found: Run, as_json: bool) -> None:
    if as_json:
        print_json({"run": found.id, **found.notes()})
    else:
        print_run(found)


@commands.command()
def delete(
    run_names: Annotated[list[str], typer.Argument(metavar="RUN…")],
    forever: Annotated[bool, typer.Option("--forever", help="Also from the trash; it cannot be restored.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    as_json: Json = False,
) -> None:
    """Move runs to the trash, where they stay for a week; `restore` undoes it."""
    store = Store.default()
    found = {(item := _found(name, store, forever)).id: item for name in run_names}
    if forever and not yes:
        if not sys.stdin.isatty():
            raise UserError(f"deleting {', '.join(found)} forever needs --yes without a terminal to confirm on")
        typer.confirm(f"Delete {', '.join(found)} forever?", abort=True)
    for run_id, item in found.items():
        gone = item if isinstance(item, trash.Deleted) else trash.delete(item, store)
        if forever:
            trash.purge(gone)
        if not as_json:
            back = "" if forever else f"; undo with: python -m aecore restore {run_id}"
            print_message(f"deleted {run_id}{' forever' if forever else back}")
    if as_json:
        print_json({"deleted": list(found), "forever": forever})


def _found(name: str, store: Store, forever: bool) -> Run | trash.Deleted:
    try:
        return store.find(name)
    except UserError:
        if not forever or not trash.deleted_runs(store):
            raise
        return trash.find_deleted(name, store)


@commands.command()
def restore(
    run_name: Annotated[str, typer.Argument(metavar="[RUN]", help="Its id or a unique prefix of it.")] = "",
    as_json: Json = False,
) -> None:
    """Restore a deleted run; without a name, list the runs in the trash."""
    if run_name:
        found = trash.restore(trash.find_deleted(run_name))
        print_json({"run": found.id}) if as_json else print_message(f"restored {found.id}")
        return
    rows = [
        {
            "run": entry.id,
            "title": entry.title,
            "deleted": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(entry.seconds)),
        }
        for entry in trash.deleted_runs()
    ]
    if as_json:
        print_json(rows)
    elif rows:
        table(["run", "title", "deleted"], [list(row.values()) for row in rows])
    else:
        print_message("no run has been deleted in the last week")


@commands.command("import")
def import_file(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="One file, or encoder and decoder; a folder with --from.")
    ],
    preset: Annotated[str, typer.Option(help="The preset whose model this is; inferred if not given.")] = "",
    data: Annotated[str, typer.Option(help="The image set it was trained on; inferred if not given.")] = "",
    changes: Changes = None,
    name: Annotated[str, typer.Option(help="A title for the run.")] = "",
    no_evaluate: Annotated[bool, typer.Option("--no-evaluate", help="Do not measure it on the test set.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Import it even if no reading of it reconstructs images; it is marked.")
    ] = False,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="tensorboard|mlflow|trackio|csv",
            help="The tool that recorded the runs of this folder: each becomes a run, with its curves; what is here "
            "already is brought up to date.",
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Make a run from a network (.pth, .pt, .safetensors, .onnx; encoder and decoder may be two files), add a run that
    was exported as .zip, or with --from the runs of another tool."""
    if source:
        if preset or changes or name or anyway or len(files) > 1:
            raise UserError("--from takes one folder or file, and --data alone beside it")
        _from_tool(source, files[0], data, as_json)
        return
    file = files[0]
    if len(files) == 1 and archive.is_packed(file):
        if preset or data or changes:
            raise UserError("a packed run has its own model and images: --preset, --data and --set are for checkpoints")
        added = archive.unpack_all(file)
        if name:
            for found in added:
                notes.rename(found, name)
        if as_json:
            print_json({"run": added[0].id} if len(added) == 1 else {"runs": [found.id for found in added]})
            return
        for found in added:
            print_message(f"run {found.id}")
            print_run(found)
        return
    from aecore.interop import import_checkpoint  # torch

    with Progress() as progress:
        imported = import_checkpoint(
            files,
            preset_name=preset,
            data_name=data,
            changes=dict(key_and_value(change) for change in changes or []),
            name=name,
            measure=not no_evaluate,
            anyway=anyway,
            report=progress,
        )
    if as_json:
        print_json({"run": imported.run.id, **imported.run.status()["imported"]})
        return
    print_message(f"run {imported.run.id}")
    for line in import_notes(imported.run.status()):
        print_message(line)
    print_run(imported.run)


def _from_tool(source: str, place: Path, data: str, as_json: bool) -> None:
    from aecore.imports import import_runs

    found = import_runs(source, place, data_name=data)
    if as_json:
        print_json(found.as_json())
        return
    for outcome in found.outcomes:
        print(printable(f"{outcome.run.id}: {outcome.what}, {count(len(outcome.names), 'curve')}"))
        for tag, name in outcome.names.items():
            if tag != name:
                print(printable(f"  {tag} is {name}"))
        for line in outcome.said:
            print(printable(f"  {line}"))
    if found.without_numbers:
        print(printable(f"left out, as they hold no numbers: {', '.join(found.without_numbers)}"))
