"""The command that writes a run for other programs: as one file, or as a folder of files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aecore.cli.console import print_message
from aecore.cli.options import Json, RunName, print_json
from aecore.errors import AecoreError, UserError, describe_os_error, nearest
from aecore.files import atomic_write
from aecore.runs import archive
from aecore.runs.run import Run
from aecore.runs.store import Store

if TYPE_CHECKING:
    from aecore.interop.folder import Folder

commands = typer.Typer()


@commands.command("export")
def export_run(
    run_name: RunName,
    to: Annotated[str, typer.Option(metavar="zip|pth|py|csv|html|figure|onnx|tensorboard|hub", help="The format.")],
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
    Hugging Face)."""
    if names and to != "pth":
        raise UserError(f"--names is for --to pth, not for --to {to}")
    if push and to != "hub":
        raise UserError(f"--push is for --to hub, not for --to {to}")
    if push and output:
        raise UserError("--push uploads instead of writing: leave out --output, or do one after the other")
    if to not in (formats := (*EXPORTS, "figure", *FOLDERS)):
        raise UserError(f"--to {to}: {nearest(to, formats)}")
    found = Store.default().find(run_name)
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

    for method, dims in (("tsne", 3), ("tsne", 2), ("pca", 3)):
        with contextlib.suppress(UserError):  # not computed yet, or the code has no third unit
            return cloud_page(run, method, dims).encode()
    return cloud_page(run, "pca", 2).encode()


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
