"""`python -m aecore …`: everything the app does, without the app.

`--json` prints one JSON document on standard output and nothing else there; progress goes to standard error.
A mistake exits with 2, a failure with 1, each with one line.
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from aecore import data, jobs
from aecore.cli_output import Progress, document, print_evaluations, print_run, print_verdicts, table, tell
from aecore.errors import AecoreError, MistakeError
from aecore.experiment import Experiment, typed_value
from aecore.presets import preset, presets
from aecore.results import markdown, verdicts
from aecore.settings import Corruption
from aecore.store import Run, Store
from aecore.summary import summarise

app = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    help="A laboratory for autoencoders. RUN is a run's id, a unique beginning of it, or a path.",
)
data_app = typer.Typer(help="The image sets.")
app.add_typer(data_app, name="data")

# typer carries its own copy of click, or uses the installed one: its public BadParameter tells which.
UsageError: type[typer.BadParameter] = typer.BadParameter.__mro__[1]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, a unique beginning of it, or a path.")]


@app.callback()
def without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help())


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        status = typer.main.get_command(app).main(arguments, "aecore", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except typer.Exit as done:
        return done.exit_code
    except UsageError as error:
        message = error.format_message().strip()
        return _fail(f"{message[0].lower()}{message[1:]}".rstrip(".") if message else "see aecore --help", 2)
    except (typer.Abort, KeyboardInterrupt):
        return _fail("interrupted", 130)
    except AecoreError as error:
        if debug:
            traceback.print_exc()
        return _fail(str(error), 2 if isinstance(error, MistakeError) else 1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone; nobody is left to tell
        return 0
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _fail(f"{type(error).__name__}: {error} (--debug shows where)", 1)


def _fail(message: str, status: int) -> int:
    print(f"aecore: {' '.join(message.split())}", file=sys.stderr)
    return status


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, allow_nan=False))


@app.command("presets")
def list_presets(as_json: Json = False) -> None:
    """The experiments that come with the project."""
    if as_json:
        _print_json([entry.model_dump(mode="json") for entry in presets().values()])
        return
    table(
        ["preset", "report", "what"],
        [[entry.name, entry.report or "own", entry.title] for entry in presets().values()],
    )


@data_app.command("list")
def data_list(as_json: Json = False) -> None:
    """The image sets, and which of them are ready."""
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
        _print_json(sets)
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
def data_prepare(name: str, as_json: Json = False) -> None:
    """Fetch an image set, or check the one that is there byte by byte."""
    with Progress() as progress:
        result = data.prepare(name, lambda what, done, total: progress("preparing", done, total, what))
    folder = data.cached_at(name)
    if as_json:
        _print_json({"name": name, "result": result, "path": str(folder)})
    else:
        words = {
            "ready": "is ready",
            "prepared": "is now ready",
            "rebuilt": "was damaged and has been rebuilt",
        }
        tell(f"{name} {words[result]} in {folder}")


@app.command()
def train(
    what: Annotated[str, typer.Argument(metavar="PRESET|FILE.toml")],
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting; may be repeated."),
    ] = None,
    name: Annotated[str, typer.Option(help="A title for the run.")] = "",
    device: Device = "auto",
    detach: Annotated[bool, typer.Option("--detach", help="Start in the background and return.")] = False,
    as_json: Json = False,
) -> None:
    """Train a preset or an experiment file. Ctrl-C stops cleanly; `resume` goes on."""
    looks_like_file = what.endswith(".toml") or "/" in what
    experiment = Experiment.load(Path(what)) if looks_like_file else preset(what).experiment
    settings: dict[str, Any] = dict(_key_and_value(change) for change in changes or [])
    experiment = experiment.changed(settings | ({"name": name} if name else {}))
    created = jobs.submit(experiment, device)
    _carry_out(created, detach, as_json)


@app.command()
def resume(run_name: RunName, detach: Annotated[bool, typer.Option("--detach")] = False, as_json: Json = False) -> None:
    """Go on with a run that was stopped, interrupted or failed."""
    found = Store.default().find(run_name)
    jobs.requeue(found)
    _carry_out(found, detach, as_json)


def _carry_out(created: Run, detach: bool, as_json: bool) -> None:
    """Start a queued run in the background, or work on it here and show how it goes."""
    if detach:
        jobs.start(created)
        _print_json({"run": created.id, "state": "queued"}) if as_json else print(created.id)
        return
    if not as_json:
        tell(f"run {created.id}")
    with Progress() as progress:
        state = jobs.work(created, progress)
    if as_json:
        _print_json(document(created))
    elif state == "stopped":
        tell(f"stopped; go on with: python -m aecore resume {created.id}")
    else:
        print_run(created)


def _key_and_value(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise MistakeError(f"--set {text}: should look like training.epochs=2")
    return key.strip(), typed_value(value)


@app.command()
def runs(as_json: Json = False) -> None:
    """All runs, the shipped ones first, then the newest."""
    summaries = [summarise(found) for found in Store.default().runs()]
    if as_json:
        _print_json([summary.as_dict() for summary in summaries])
        return
    if not summaries:
        tell("no runs yet; start one with: python -m aecore train digits-quick")
        return
    table(
        ["run", "data", "code", "state", "epochs", "MSE", "PSNR", "SSIM", ""],
        [
            [
                s.id,
                s.data,
                str(s.code_size or ""),
                s.state,
                f"{s.epoch}/{s.epochs}",
                "" if s.test_mse is None else f"{s.test_mse:.5f}",
                "" if s.test_psnr_db is None else f"{s.test_psnr_db:.2f}",
                "" if s.test_ssim is None else f"{s.test_ssim:.3f}",
                s.problem,
            ]
            for s in summaries
        ],
    )


@app.command()
def show(run_name: RunName, as_json: Json = False) -> None:
    """One run: its settings, its course and its figures."""
    found = Store.default().find(run_name)
    if as_json:
        _print_json(document(found))
    else:
        print_run(found)


@app.command()
def stop(run_name: RunName, as_json: Json = False) -> None:
    """Stop a run after the epoch it is in; it can be resumed."""
    found = Store.default().find(run_name)
    state = jobs.stop(found, wait_s=60)
    _print_json({"run": found.id, "state": state}) if as_json else tell(f"run {found.id} is {state}")


@app.command()
def delete(run_name: RunName, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Delete a run for good."""
    found = Store.default().find(run_name)
    if not yes:
        if not sys.stdin.isatty():
            raise MistakeError(f"deleting {found.id} needs --yes where nobody can be asked")
        typer.confirm(f"Delete {found.path}?", abort=True)
    jobs.delete(found)
    tell(f"deleted {found.id}")


@app.command()
def evaluate(
    run_name: RunName,
    corruption: Annotated[
        list[str] | None, typer.Option(metavar="KIND:LEVEL", help="Such as gaussian:0.2; may be repeated.")
    ] = None,
    device: Device = "auto",
    classical: Annotated[bool, typer.Option(help="Measure scikit-image's denoisers on the same images too.")] = False,
    as_json: Json = False,
) -> None:
    """Measure a run on the whole test set, beside the noisy input's own figures.

    With one corruption the JSON document is one object, otherwise a list of them.
    """
    from aecore.trained import open_run

    found = Store.default().find(run_name)
    experiment = found.experiment()
    wanted = [Corruption.parse(text) for text in corruption or []] or list(experiment.evaluation.corruptions)
    with Progress() as progress:
        trained = open_run(found, device, progress)
        results = [trained.evaluate(entry, progress) for entry in wanted]
        for entry, result in zip(wanted, results, strict=True):
            if classical and entry.active:
                result["classical"] = trained.classical(entry, progress)
    if as_json:
        _print_json(results[0] if len(results) == 1 else results)
    else:
        print_evaluations(results)


@app.command("project")
def project_codes(
    run_name: RunName,
    method: Annotated[str, typer.Option(help="pca, tsne, or units for the code's own first units.")] = "tsne",
    dims: Annotated[int, typer.Option(help="2 or 3.")] = 2,
    points: Annotated[int, typer.Option(min=50, help="How many test images.")] = 3000,
    perplexity: Annotated[float, typer.Option(min=1, help="Of t-SNE.")] = 30,
    iterations: Annotated[int, typer.Option(min=10, help="Of t-SNE.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Of t-SNE.")] = 0,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Draw a run's codes as points, and say how far to trust the drawing; it is kept in the run."""
    from aecore.trained import open_run

    found = Store.default().find(run_name)
    options = {"perplexity": perplexity, "iterations": iterations, "seed": seed} if method == "tsne" else {}
    with Progress() as progress:
        trained = open_run(found, device, progress)
        made = trained.projection(method, dims, points, report=progress, **options)
    made.save(found)
    about = {"run": found.id, "method": method, "dims": dims, "points": len(made.labels)}
    if as_json:
        _print_json(about | {"parameters": made.parameters, "quality": made.quality})
    else:
        table(["quality", "0 to 1"], [[name.replace("_", " "), f"{value:.4f}"] for name, value in made.quality.items()])


@app.command()
def gallery(
    names: Annotated[list[str] | None, typer.Argument(metavar="[PRESET]…")] = None,
    device: Device = "auto",
) -> None:
    """Train and complete the runs that ship and are not there yet, then print reported against measured."""
    from aecore.gallery import build, shipped

    chosen = [preset(name) for name in names] if names else shipped()
    for entry in chosen:
        tell(entry.name)
        with Progress() as progress:
            build(entry, Store.default(), device, progress)
    print_verdicts(verdicts(Store.default(), [entry.name for entry in chosen]))


@app.command()
def results(
    names: Annotated[list[str] | None, typer.Argument(metavar="[PRESET]…")] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="As a table for a README.")] = False,
    as_json: Json = False,
) -> None:
    """Every number that the reports state beside ours, with a verdict; read from the shipped runs' own files."""
    found = verdicts(Store.default(), names or None)
    if as_json:
        _print_json([entry.as_dict() for entry in found])
    elif as_markdown:
        print(markdown(found))
    else:
        print_verdicts(found)


@app.command(hidden=True)
def work(path: str) -> None:
    """Work on a queued run to its end; started by `train --detach` and by the app."""
    jobs.work(Store.default().find(path))
