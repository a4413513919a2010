"""The two lists that are asked for most, without the parser of the command line: `aecore presets`, `aecore runs`."""

from __future__ import annotations

from aecore.cli.as_json import print_json
from aecore.errors import UserError, nearest


def print_presets(as_json: bool = False) -> None:
    """The experiments that come with the project."""
    if as_json:
        from aecore.presets import presets

        print_json([entry.model_dump(mode="json") for entry in presets().values()])
        return
    from aecore.cli.console import table
    from aecore.presets.titles import titles

    table(["preset", "report", "title"], [[one.name, one.report or "own", one.title] for one in titles()])


def print_runs(shelf: str = "all", group: str = "", as_json: bool = False) -> None:
    """The runs of the store. Raises `UserError` for an unknown shelf."""
    from aecore.runs.listing import SHELVES, in_group, listed, on_shelf
    from aecore.runs.remembered import remembering
    from aecore.runs.store import Store
    from aecore.runs.summary import summarise

    if shelf not in SHELVES:
        raise UserError(f"--shelf {shelf}: {nearest(shelf, SHELVES)}")
    with remembering():
        summaries = on_shelf(listed(map(summarise, Store.default().runs())), shelf)
    if group:
        summaries = in_group(summaries, group)
    if as_json:
        print_json([summary.as_dict() for summary in summaries])
        return
    from aecore.cli.console import print_message, table

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


by_name = {"presets": print_presets, "runs": print_runs}
"""What each of the two commands calls."""
