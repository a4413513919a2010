"""The command that writes a run for other programs: as one file, or as a folder of files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aecore.cli.as_json import print_json
from aecore.cli.console import print_message
from aecore.cli.options import Json
from aecore.errors import AecoreError, UserError, describe_os_error, nearest
from aecore.files import atomic_write
from aecore.format import count
from aecore.runs import archive
from aecore.runs.run import Run
from aecore.runs.store import Store

if TYPE_CHECKING:
    from aecore.interop.folder import Folder

commands = typer.Typer()


@commands.command("export")
def export_run(
    to: Annotated[
        str, typer.Option(metavar="zip|pth|py|csv|html|figure|onnx|tensorboard|hub|site", help="The format.")
    ],
    names_given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN [DIR]",
            help="A run's id, a unique prefix of it, or a path; for --to site also the folder, as with --output.",
            show_default=False,
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All runs instead of one, for --to site.")] = False,
    figure: Annotated[
        str,
        typer.Option(
            metavar="loss|steps|layers|projection|codes|errors|labels|rate|roc|classes|units|correlation",
            help="Which figure, for --to figure; from labels on those of a run that was measured.",
        ),
    ] = "loss",
    names: Annotated[
        str,
        typer.Option(
            metavar="own|file|fc|cnn|a,b,…",
            help="For --to pth, so that a class loads it with strict=True: our names of the layers (own), those of an "
            "imported file (file), fc1 to fc4 as in reports 000 and 003 (fc), encoder.cnn.0 and so on as in report "
            "001 (cnn), or one name for each layer.",
        ),
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option(help="The file to write, or the folder; by default named after the run."),
    ] = None,
    push: Annotated[
        str,
        typer.Option(metavar="USER/NAME", help="For --to hub: upload it to that repository instead of writing it."),
    ] = "",
    as_json: Json = False,
) -> None:
    """Write a run as one file: zip (the whole run), pth (its weights for PyTorch), py (its network as plain
    PyTorch code), csv (its curves), html (its latent
    space as an interactive point cloud in one page), figure (a plotly figure as .html, or by the ending of --output as
    .png, .svg or .pdf). Or as a folder, a zip if --output ends so: onnx (its network for ONNX Runtime and others),
    tensorboard (its curves, images and codes as a log folder), hub (model, card and pictures as a repository of
    Hugging Face). Or as a folder of pages for any static host: site (one run, or with --all all of them)."""
    if names and to != "pth":
        raise UserError(f"--names is for --to pth, not for --to {to}")
    if push and to != "hub":
        raise UserError(f"--push is for --to hub, not for --to {to}")
    if push and output:
        raise UserError("--push uploads instead of writing: leave out --output, or do one after the other")
    if to not in (formats := (*EXPORTS, "figure", *FOLDERS, "site")):
        raise UserError(f"--to {to}: {nearest(to, formats)}")
    given = list(names_given or ())
    if to == "site":
        _site(given, every, output, as_json)
        return
    if every:
        raise UserError(f"--all is for --to site, not for --to {to}: name a run")
    if len(given) != 1:
        raise UserError(f"--to {to} takes one run: {'none is given' if not given else ', '.join(given)}")
    found = Store.default().find(given[0])
    if push:
        _upload(found, push, as_json)
        return
    target = output or Path(_usual_name(found, to, figure))
    if not target.parent.is_dir():
        raise UserError(f"there is no folder {target.parent} to write {target.name} to")
    told: dict[str, Any] = {"run": found.id, "to": to, "path": str(target)}
    if to in FOLDERS:
        from aecore.interop.folder import check_free  # torch
        from aecore.interop.folders import folder_of

        check_free(target)
        folder = folder_of(found, to)
        folder.write(target)
        _tell(told | {"files": sorted(folder.files)}, folder, f"wrote {target}", as_json)
        return
    if target.is_dir():
        raise UserError(f"{target} is a folder; --output needs a file name")
    try:
        atomic_write(target, _content(found, to, figure, names, target))
    except OSError as error:
        raise AecoreError(describe_os_error(error, f"writing {target}")) from None
    told["bytes"] = target.stat().st_size
    print_json(told) if as_json else print_message(f"wrote {target}")


def _site(given: list[str], every: bool, output: Path | None, as_json: bool) -> None:
    """Write the pages of a run or of all runs; `given` are the run, unless it is `every` one, and the folder."""
    from aecore.site import check_place, write_site

    wanted = "--all --to site takes a folder" if every else "--to site takes a run, or --all, and a folder"
    names, folders = ([], given) if every else (given[:1], given[1:])
    if (not every and not names) or len(folders) + (output is not None) > 1:
        raise UserError(
            f"{wanted}: {', '.join([*given, *([f'--output {output}'] if output else [])]) or 'none is given'}"
        )
    store = Store.default()
    runs = store.runs() if every else [store.find(names[0])]
    target = output or Path(folders[0] if folders else "site" if every else f"{runs[0].id}-site")
    check_place(target)
    site = write_site(runs, target)
    pages = len({run.id for run in runs})
    told = {"runs": pages, "to": "site", "path": str(target), "files": len(site.files), "bytes": site.bytes}
    if as_json:
        print_json(told | {"left_out": site.left_out})
        return
    for run_id, parts in site.left_out.items():
        for why in dict.fromkeys(parts.values()):
            lacking = ", ".join(part for part, own in parts.items() if own == why)
            print_message(f"{run_id}: without {lacking}. {why}")
    print_message(f"wrote {target}: {count(pages, 'run')}, {count(len(site.files), 'file')}, {site.bytes:,} bytes")


def _usual_name(run: Run, to: str, figure: str) -> str:
    if to in FOLDERS:
        return f"{run.id}-{to}"
    return f"{run.id}-{figure}.html" if to == "figure" else f"{run.id}.{to}"


def _tell(told: dict[str, Any], folder: Folder, done: str, as_json: bool) -> None:
    if as_json:
        print_json(told | folder.facts)
        return
    for line in (*folder.lines, done):
        print_message(line)


def _upload(run: Run, name: str, as_json: bool) -> None:
    from aecore.interop.hub import hub_folder, push

    folder = hub_folder(run)
    address = push(folder, name)
    _tell({"run": run.id, "to": "hub", "address": address, "files": sorted(folder.files)}, folder, address, as_json)


def _content(run: Run, to: str, figure: str, names: str, target: Path) -> bytes:
    if to == "figure":
        return _figure(run, figure, target)
    return _pth(run, names) if to == "pth" else EXPORTS[to](run)


def _figure(run: Run, name: str, target: Path) -> bytes:
    from aecore.plots.save import figure_bytes, figure_of, format_of  # plotly

    return figure_bytes(figure_of(run, name), format_of(target))


def _pth(run: Run, names: str = "") -> bytes:
    from aecore.interop import pth_bytes  # torch

    return pth_bytes(run, names)


def _py(run: Run) -> bytes:
    from aecore.interop.export_code import export_code

    return export_code(run).encode()


def _html(run: Run) -> bytes:
    from aecore.viewer.html_export import cloud_page

    return cloud_page(run, method="").encode()


EXPORTS: dict[str, Callable[[Run], bytes]] = {
    "zip": archive.packed,
    "pth": _pth,
    "py": _py,
    "csv": archive.curves_csv,
    "html": _html,
}
"""The formats of `--to` that are one file: functions from a run to its content."""

FOLDERS = ("onnx", "tensorboard", "hub")
"""Those that are several, of `aecore.interop.folders`; they may be written as a zip too."""
