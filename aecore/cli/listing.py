"""The command that lists runs."""

from __future__ import annotations

from typing import Annotated

import typer

from aecore.cli.console import print_message, table
from aecore.cli.options import Json, print_json
from aecore.errors import UserError, nearest
from aecore.runs.listing import SHELVES, in_group, listed, on_shelf
from aecore.runs.store import Store
from aecore.runs.summary import summarise

commands = typer.Typer()


@commands.command()
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
                s.progress,
                "" if s.test_mse is None else f"{s.test_mse:.5f}",
                "" if s.test_psnr_db is None else f"{s.test_psnr_db:.2f}",
                "" if s.test_ssim is None else f"{s.test_ssim:.3f}",
                s.problem or s.mark,
            ]
            for s in summaries
        ],
    )
