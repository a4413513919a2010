"""The commands for finished runs: evaluate, project, gallery, results."""

from __future__ import annotations

from typing import Annotated

import typer

from aecore.cli.as_json import print_json
from aecore.cli.console import print_message, table
from aecore.cli.options import Device, Json, RunName
from aecore.cli.printed import print_evaluations, print_reached, print_verdicts
from aecore.cli.progress import Progress
from aecore.config.corruption import Corruption
from aecore.errors import UserError
from aecore.presets import preset
from aecore.reports.beyond import markdown_table as goals_table
from aecore.reports.beyond import reached
from aecore.reports.claims import markdown_table, verdicts
from aecore.runs.store import Store
from aecore.runs.summary import MARK

commands = typer.Typer()


@commands.command()
def evaluate(
    run_name: RunName,
    corruption: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND:LEVEL", help="Such as gaussian:0.2 or downscale:4+jpeg:10; may be repeated."),
    ] = None,
    device: Device = "auto",
    classical: Annotated[bool, typer.Option(help="Also measure methods without a network on the same images.")] = False,
    as_json: Json = False,
) -> None:
    """Measure a run on the whole test set, beside the noisy input's own metrics.

    With one corruption the JSON document is one object, otherwise a list of them.
    """
    from aecore.inference import open_run
    from aecore.models import subnormals

    found = Store.default().find(run_name)
    experiment = found.experiment()
    wanted = [Corruption.parse(text) for text in corruption or []] or list(experiment.evaluation.corruptions)
    with Progress() as progress, subnormals.as_zero():
        loaded = open_run(found, device, progress)
        results = [loaded.evaluate(entry, progress) for entry in wanted]
        for entry, result in zip(wanted, results, strict=True):
            if not (classical and entry.active):
                continue
            if found_ones := loaded.classical(entry, progress):
                result["classical"] = found_ones
            else:
                print_message(f"{entry}: no other method without a network is for it; compare with its input")
    if as_json:
        print_json(results[0] if len(results) == 1 else results)
    else:
        print_evaluations(results)
        for text in dict.fromkeys(result["remark"]["text"] for result in results if "remark" in result):
            print_message(f"{MARK} {text}")


@commands.command("project")
def project_codes(
    run_name: RunName,
    method: Annotated[str, typer.Option(help="pca, tsne, units (of the code, the first), umap, pacmap.")] = "tsne",
    dims: Annotated[int, typer.Option(help="2 or 3.")] = 2,
    points: Annotated[int, typer.Option(help="Number of images.")] = 3000,
    perplexity: Annotated[float, typer.Option(help="Of t-SNE.")] = 30,
    iterations: Annotated[int, typer.Option(help="Of t-SNE.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of t-SNE, UMAP and PaCMAP.")] = 0,
    images: Annotated[str, typer.Option(help="test, or train for the images that the run was trained on.")] = "test",
    over: Annotated[
        str, typer.Option(help="last, or epochs for the codes kept over the training, in one frame (t-SNE).")
    ] = "last",
    repulsion: Annotated[
        str, typer.Option(help="Of t-SNE: exact or grid; auto tries which is faster here, and the result names it.")
    ] = "auto",
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Project a run's codes to points in 2D or 3D, and measure how faithful the projection is.

    It is saved in the run's projections/, or for a run that ships with the project in those of the store.
    """
    from aecore.jobs.projection import work
    from aecore.latent.epoch_projection import EpochProjection
    from aecore.latent.request import ProjectionRequest

    found = Store.default().find(run_name)
    request = ProjectionRequest(method, dims, points, perplexity, iterations, seed, images, over, repulsion)
    with Progress() as progress:
        made = work(found, request, device, progress)
    if as_json:
        about = {"run": found.id, "method": method, "dims": dims, "points": len(made.labels), "images": images}
        about |= {"epochs": made.epochs.tolist()} if isinstance(made, EpochProjection) else {}
        print_json(about | {"parameters": made.parameters, "quality": made.quality, "remark": made.remark or None})
        return
    if made.remark:
        print_message(f"{MARK} {made.remark}")
    if made.quality:
        table(["quality", "0 to 1"], [[name.replace("_", " "), f"{value:.4f}"] for name, value in made.quality.items()])


@commands.command()
def gallery(
    names: Annotated[list[str] | None, typer.Argument(metavar="[PRESET]…")] = None,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="Also train so many seeds of our own presets, for their spread.")
    ] = 1,
    run: Annotated[
        str, typer.Option("--run", help="Ship a copy of this finished run of the preset, trained elsewhere.")
    ] = "",
    device: Device = "auto",
) -> None:
    """Train and complete the shipped runs that are missing, then print reported against measured."""
    from aecore.reports.gallery import build, other_seeds, shipped

    chosen = [preset(name) for name in names] if names else shipped()
    if run and len(names or ()) != 1:
        raise UserError("--run: name the one preset whose run it is")
    given = Store.default().find(run) if run else None
    for entry in chosen:
        print_message(entry.name)
        with Progress() as progress:
            build(entry, Store.default(), device, progress, given)
            other_seeds(entry, Store.default(), seeds, device, progress)
    print_reached(reached(Store.default(), [entry.name for entry in chosen]))
    print_verdicts(verdicts(Store.default(), [entry.name for entry in chosen]))


@commands.command()
def results(
    names: Annotated[list[str] | None, typer.Argument(metavar="[PRESET]…")] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="As a Markdown table, as in docs/results.md.")
    ] = False,
    beyond: Annotated[
        bool, typer.Option("--beyond", help="What our own presets reach, beside the reports' runs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Every claim of the reports beside our measurement, with a verdict; read from the shipped runs."""
    if beyond:
        goals = reached(Store.default(), names or None)
        if as_json:
            print_json([entry.as_dict() for entry in goals])
        elif as_markdown:
            print(goals_table(goals))
        else:
            print_reached(goals)
        return
    found = verdicts(Store.default(), names or None)
    if as_json:
        print_json([entry.as_dict() for entry in found])
    elif as_markdown:
        print(markdown_table(found))
    else:
        print_verdicts(found)
