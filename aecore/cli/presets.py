"""The command that lists presets."""

from __future__ import annotations

import typer

from aecore.cli.console import table
from aecore.cli.options import Json, print_json
from aecore.presets.titles import titles

commands = typer.Typer()


@commands.command("presets")
def list_presets(as_json: Json = False) -> None:
    """List the experiments that come with the project."""
    if as_json:
        from aecore.presets import presets

        print_json([entry.model_dump(mode="json") for entry in presets().values()])
        return
    table(["preset", "report", "title"], [[one.name, one.report or "own", one.title] for one in titles()])
