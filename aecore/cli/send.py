"""The command that sends runs to a server."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from aecore.cli.as_json import print_json
from aecore.cli.console import print_message
from aecore.cli.options import Json
from aecore.errors import AecoreError, UserError
from aecore.format import count
from aecore.remote import own
from aecore.remote.connection import SendingError
from aecore.remote.mirror import Mirror
from aecore.remote.server import REMOTE, Server, server
from aecore.runs.run import Run
from aecore.runs.state import ACTIVE, RECEIVED, run_state
from aecore.runs.store import Store

commands = typer.Typer()


@commands.command()
def send(
    run_names: Annotated[list[str] | None, typer.Argument(metavar="[RUN…]")] = None, as_json: Json = False
) -> None:
    """Send runs to the server that AECORE_REMOTE names: those given, else all of your own. Again: only what is new."""
    to = server()
    if to is None:
        raise UserError(f"{REMOTE} should name the server, such as https://lab.example.org, and AECORE_TOKEN its token")
    store = Store.default()
    if run_names:
        chosen = [store.find(name) for name in run_names]
    else:
        chosen = [run for run in reversed(store.runs()) if not run.shipped and not run.file(RECEIVED).exists()]
    found, failed = [], False
    for run in chosen:
        try:
            found.append(_send(run, to, asked_for=bool(run_names)))
        except AecoreError as error:
            failed = True
            found.append({"run": run.id, "problem": str(error)})
            if isinstance(error, SendingError) and error.passing:
                raise  # the server is away, for the others too
        if not as_json:
            print_message(_line(found[-1]))
    if as_json:
        print_json(found)
    elif not chosen:
        print_message("there are no runs of your own to send")
    if failed:
        raise typer.Exit(1)


def _send(run: Run, to: Server, asked_for: bool) -> dict[str, Any]:
    if own.known(run, to.address).get("gone") and not asked_for:
        return {"run": run.id, "there": None, "bytes": 0, "state": run_state(run)}
    mirror = Mirror(run, to, live=False)
    try:
        while not mirror.look():
            pass
    except SendingError as trouble:
        if trouble.code == 410:
            own.remember(run, to.address, gone=True)
        raise
    finally:
        mirror.close()
    return {"run": run.id, "there": mirror.id, "bytes": mirror.bytes_sent, "state": run_state(run)}


def _line(entry: dict[str, Any]) -> str:
    if problem := entry.get("problem"):
        return f"run {entry['run']} was not sent: {problem}"
    if entry["there"] is None:
        return f"run {entry['run']} was deleted there; name it to send it again"
    name = f"run {entry['run']}" + (f", there {entry['there']}" if entry["there"] != entry["run"] else "")
    sent = f"{count(entry['bytes'], 'byte')} sent" if entry["bytes"] else "nothing new"
    active = "; it is still at work, so send it again at its end" if entry["state"] in ACTIVE else ""
    return f"{name}: {sent}{active}"
