"""The command that measures runs: `measure`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from aecore.cli.as_json import print_json
from aecore.cli.console import print_message, table
from aecore.cli.options import Device, Json
from aecore.cli.progress import Progress
from aecore.errors import AecoreError, OutdatedError, UserError
from aecore.format import count, printable
from aecore.metrics.measure_names import MEASURES, NAMED
from aecore.runs.measures import Measures, read_measures
from aecore.runs.progress import Report
from aecore.runs.robustness import Robustness, read_if_sound
from aecore.runs.run import WEIGHTS, Run
from aecore.runs.store import Store
from aecore.runs.summary import MARK, summarise

commands = typer.Typer()


@commands.command()
def measure(
    names: Annotated[list[str] | None, typer.Argument(metavar="[RUN]…")] = None,
    every: Annotated[bool, typer.Option("--all", help="All finished runs of the store.")] = False,
    again: Annotated[bool, typer.Option(help="Measure anew what was measured already.")] = False,
    likelihood: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="Bound a VAE's likelihood with so many samples, such as 5000.")
    ] = 0,
    images: Annotated[int, typer.Option(min=1, help="With --likelihood: on so many test images.")] = 500,
    strengths: Annotated[
        bool,
        typer.Option(
            "--strengths", help="Instead: PSNR under Gaussian noise of rising strength, beside total variation."
        ),
    ] = False,
    device: Device = "auto",
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="As a Markdown table, as in docs/results.md.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure what a run's code is worth: each number with its 95 % interval and what it must be held against.

    It is kept in the run's measures.json; a run that was measured is measured again only with --again, or when its
    weights have changed. With one run the JSON document is one object, otherwise a list of them.
    """
    if bool(names) == every:
        raise UserError("name the runs to measure, or --all for all finished ones")
    if strengths and (likelihood or as_markdown):
        raise UserError("--strengths measures nothing else: leave --likelihood and --markdown out")
    store = Store.default()
    if every:
        rows = [(run, summarise(run)) for run in store.runs()]
        runs = [
            run
            for run, row in rows
            if row.state == "finished" and (run.file(WEIGHTS).exists() if strengths else row.code_size)
        ]
    else:
        runs = [store.find(name) for name in names or []]
    measured: list[tuple[Run, Any]] = []
    failed = 0
    for run in runs:
        if len(runs) > 1:
            print_message(run.id)
        try:
            with Progress() as progress:
                if strengths:
                    measured.append((run, _under_noise(run, again, device, progress)))
                else:
                    measured.append((run, _measured(run, again, likelihood, images, device, progress)))
        except AecoreError as error:
            if len(runs) == 1:
                raise
            print_message(f"{MARK} not measured: {error}")  # one run of many does not keep the others from it
            failed += 1
    runs, found = [run for run, _ in measured], [one for _, one in measured]
    documents = [{**one.as_json(), "run": run.id} for run, one in measured]  # which may be a copy of another
    if as_json:
        print_json(documents if every or len(names or []) > 1 else documents[0])
    elif as_markdown:
        print(markdown_table(runs, found))
    else:
        for run, one in measured:
            (_print_strengths if strengths else _print)(run, one)
    if failed:
        raise typer.Exit(1)


def _under_noise(run: Run, again: bool, device: str, progress: Report) -> Robustness:
    known = None if again else read_if_sound(run)
    if known is None or not known.beside:  # the end of a training measures without total variation
        from aecore.jobs.measuring import work_on_strengths

        return work_on_strengths(run, device, progress)
    return known


def _print_strengths(run: Run, found: Robustness) -> None:
    low, high = run.experiment().model.value_range
    noise = (
        f"Gaussian noise{', clamped' if found.about.get('clamp') else ''}, σ in the model's range [{low:g}, {high:g}]"
    )
    print(printable(f"{run.id}: {count(found.images, 'test image')} of {found.about.get('data')}, PSNR in dB; {noise}"))
    names = {"model": "this model", "input": "input as it is", "tv": "total variation"}
    rows = [[f"{point['level']:g}", *(_decibels(point.get(side)) for side in names)] for point in found.points]
    table(["σ", *names.values()], rows)
    print_message(
        f"total variation with the strength that is best on validation images, on {count(found.beside, 'test image')}"
    )


def _decibels(scores: dict[str, Any] | None) -> str:
    """Without scores it was not measured, without a PSNR that is infinite."""
    if not scores:
        return "–"
    psnr = scores.get("psnr_db")
    return "∞" if psnr is None else f"{psnr:.2f}"


def _measured(run: Run, again: bool, likelihood: int, images: int, device: str, progress: Report) -> Measures:
    known = None
    try:
        known = None if again else read_measures(run)
    except OutdatedError as error:
        print_message(f"{error}; measuring anew")
    if known is None or likelihood:
        from aecore.jobs.measuring import work

        return work(run, device, progress, whole=known is None, samples=likelihood, images=images)
    return known


def _print(run: Run, found: Measures) -> None:
    print(printable(f"{run.id}: {found.about.get('test_images', 0):,} test images of {found.about.get('data')}, clean"))
    rows = []
    for named in MEASURES:
        if measured := found.measures.get(named.name):
            beside = [
                f"{words} {named.format(measured[key])}"
                for key, words in named.beside
                if isinstance(measured.get(key), (int, float))
            ]
            of = f" of {measured['of']:,}" if named.name == "active_units" else ""
            beside = [] if of else beside
            rows.append([named.title, named.with_interval(measured) + of, ", ".join(beside)])
    table(["measure", "value (95 %)", "beside"], rows)
    for name in ("anomaly_error", "anomaly_distance"):
        if (high := found.value(name, "high")) is not None and high < 0.5:
            print_message(f"{MARK} {NAMED[name].title}: worse than guessing, the images left out look more usual")
    for name, why in found.lacking.items():
        print_message(f"{NAMED[name].title if name in NAMED else name}: {printable(why)}")


_COLUMNS = ("active_units", "reconstruction", "linear_probe", "neighbours_1", "samples_gaussian", "intrinsic_dimension")


def markdown_table(runs: list[Run], found: list[Measures]) -> str:
    """A table with a line a run; in brackets what each number is held against."""

    def cell(measured: dict[str, Any] | None, name: str) -> str:
        if not measured:
            return "–"
        named = NAMED[name]
        key, _ = named.beside[0]  # the one that the heading names, and no other
        if name == "active_units":
            return f"{named.format(measured['value'])} of {measured['of']:,}"
        return f"{named.format(measured['value'])}" + (
            f" ({named.format(measured[key])})" if isinstance(measured.get(key), (int, float)) else ""
        )

    heads = ["run", *(f"{NAMED[name].title} ({NAMED[name].beside[0][1]})" for name in _COLUMNS)]
    heads[1] = "Active units"
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for run, one in zip(runs, found, strict=True):
        lines.append("| " + " | ".join([run.id, *(cell(one.measures.get(name), name) for name in _COLUMNS)]) + " |")
    return "\n".join(lines)
