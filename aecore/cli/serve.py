"""The command that starts the app."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import aecore
from aecore.cli.console import print_message
from aecore.errors import UserError
from aecore.remote.server import REMOTE, SERVED_TOKEN, TOKEN, checked_token

commands = typer.Typer()
APP = "streamlit_app.py"


@commands.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8501,
    address: Annotated[str, typer.Option(help="Where it listens: 0.0.0.0 for every address of this machine.")] = "",
    token: Annotated[
        str,
        typer.Option(envvar=TOKEN, show_envvar=True, help="Take runs from machines that show this token."),
    ] = "",
) -> None:
    """Start the app. With a token it also takes runs from other machines, on the same port (docs/remote.md)."""
    app = Path(aecore.__file__).parents[1] / APP
    if not app.is_file():
        raise UserError(f"there is no {APP} beside the package ({app.parent}): the app comes with the project's folder")
    # The app takes SERVED_TOKEN out before it starts a process. TOKEN stays for a server that itself sends elsewhere.
    hidden = (SERVED_TOKEN,) if os.environ.get(REMOTE) else (SERVED_TOKEN, TOKEN)
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    if token:
        environment[SERVED_TOKEN] = checked_token(token, "--token")
    else:
        print_message("no token: runs of other machines are not taken (--token or AECORE_TOKEN, docs/remote.md)")
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    command += ["--server.address", address] if address else []
    sys.stderr.flush()
    os.execve(sys.executable, command, environment)
