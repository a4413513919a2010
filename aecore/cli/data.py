"""The commands about image sets."""

from __future__ import annotations

from typing import Annotated

import typer

from aecore import data
from aecore.cli.as_json import print_json
from aecore.cli.console import print_message, table
from aecore.cli.options import Json
from aecore.cli.progress import Progress
from aecore.config.experiment import Experiment

commands = typer.Typer()
data_app = typer.Typer(help="List or prepare image sets.")
commands.add_typer(data_app, name="data")


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
