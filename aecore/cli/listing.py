"""The commands that list presets and runs."""

from __future__ import annotations

from typing import Annotated

import typer

from aecore.cli.lists import print_presets, print_runs
from aecore.cli.options import Json

commands = typer.Typer()


@commands.command()
def presets(as_json: Json = False) -> None:
    """List the experiments that come with the project."""
    print_presets(as_json)


@commands.command()
def runs(
    shelf: Annotated[
        str, typer.Option("--shelf", metavar="all|own|shipped", help="Only one's own runs, or those that ship.")
    ] = "all",
    group: Annotated[str, typer.Option("--group", help="Only the runs of this group.")] = "",
    as_json: Json = False,
) -> None:
    """List the runs: your own, the newest first, then those that ship with the project."""
    print_runs(shelf, group, as_json)
