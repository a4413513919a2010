"""The gallery: finished runs of the reports' presets, which ship with the project with everything that pages show."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aecore import jobs
from aecore.config.corruption import Corruption
from aecore.config.experiment import difference
from aecore.errors import AecoreError, UserError
from aecore.latent.projection import SHIPPED
from aecore.latent.projection_store import read_projection
from aecore.presets import Preset, presets
from aecore.reports.beyond import MEASURED, seeds_of, value_of, write_seeds
from aecore.reports.definition import IMAGE_KINDS, figures_of
from aecore.runs import sums
from aecore.runs.measures import read_if_sound
from aecore.runs.progress import Report, silent
from aecore.runs.robustness import read_if_sound as read_robustness
from aecore.runs.run import CODES, EPOCH_CODES, EVALUATION, FIGURES, LOG, Run
from aecore.runs.state import run_state
from aecore.runs.store import Store

POINTS, COLOURED_POINTS = 3000, 10_000
"""Test images in a projection; report 004 shows all of them."""
MOST_NUMBERS, FEWEST_POINTS = 200_000, 500
"""Of wider codes so many images that there are no more numbers than this."""
REPLAYED_FIRST = "mnist-mlp8"
"""The run that the page Replay opens with: its panel keeps every epoch."""
SAMPLE = 500
"""The first test images are also measured alone: a fast check that weights and metrics belong together."""


def shipped() -> list[Preset]:
    """The presets whose runs ship: those of the reports, and those of our own that say so."""
    return [preset for preset in presets().values() if preset.report or preset.ships]


def build(
    preset: Preset,
    store: Store,
    device: str = "auto",
    report: Report = silent,
    trained: Run | None = None,
) -> Run:
    """The shipped run of a preset: trained if there is none yet, then completed with what it lacks. With `trained`, a
    run of the preset from another machine, a copy of it ships instead.

    Raises `AecoreError` when the training was stopped or failed, and `UserError` where `trained` is not this preset.
    """
    target = Run(store.root / "gallery" / preset.name)
    if trained is not None or run_state(target) != "finished" or target.experiment() != preset.experiment:
        run = (
            _trained(preset, store, device, report)
            if trained is None
            else _copied(trained, preset, store, device, report)
        )
        from aecore.reports.shrink import MOST_ROWS, MOST_ROWS_OF_REPORTS, halve, thin_panel

        # Report 002 counts in how many epochs a digit is misread.
        counted = preset.report and preset.experiment.evaluation.wrong_digits
        if preset.name != REPLAYED_FIRST and not counted:
            thin_panel(run, MOST_ROWS if preset.ships else MOST_ROWS_OF_REPORTS)
        halve(run, device, report)
        for name in (
            LOG,
            ".lock",
            CODES,
            EPOCH_CODES,
        ):  # codes are saved again for fewer images: all shipped runs together must stay small
            sums.remove_file(run.path, name)
        evaluations = [{**entry, "run": target.id} for entry in run.evaluation()]
        run.write_json(EVALUATION, {"evaluations": evaluations})
        shutil.rmtree(target.path, ignore_errors=True)
        target.path.parent.mkdir(parents=True, exist_ok=True)
        run.path.rename(target.path)
    complete(target, preset, store, device, report)
    return target


def _trained(preset: Preset, store: Store, device: str, report: Report) -> Run:
    run = jobs.submit(preset.experiment, device, store)
    state = jobs.work(run, report)
    if state != "finished":
        raise AecoreError(f"{preset.name} is {state}, not finished; its files are in {run.path}")
    return run


def _copied(trained: Run, preset: Preset, store: Store, device: str, report: Report) -> Run:
    """A copy of a run, measured again here: a GPU multiplies with fewer digits, and all scores that ship are to
    compare."""
    state = run_state(trained)
    if state != "finished":
        raise UserError(f"run {trained.id} is {state}: only a finished run can ship")
    if changed := difference(preset.experiment, trained.experiment()):
        raise UserError(f"run {trained.id} is not what {preset.name} says: {', '.join(changed)} differ")
    run = Run(store.root / "runs" / f"{preset.name}-to-ship")
    shutil.rmtree(run.path, ignore_errors=True)
    shutil.copytree(trained.path, run.path)
    from aecore.inference import open_run

    loaded = open_run(run, device, report)
    corruptions = preset.experiment.evaluation.corruptions
    run.write_json(EVALUATION, {"evaluations": [loaded.evaluate(corruption, report) for corruption in corruptions]})
    return run


def other_seeds(
    preset: Preset, store: Store, count: int, device: str = "auto", report: Report = silent
) -> list[dict[str, Any]]:
    """Train a preset with other seeds until `count` are known with the shipped one, keep the numbers of its goals
    beside the shipped run, and nothing else of them. Returns what is known. Does nothing for a preset without goals.

    Raises `AecoreError` when a training was stopped or failed.
    """
    shipped_run = Run(store.root / "gallery" / preset.name)
    found = seeds_of(shipped_run)
    first = preset.experiment.training.seed
    for seed in range(first + 1 + len(found), first + count if preset.goals else 0):
        experiment = preset.experiment.changed({"training.seed": seed})
        with TemporaryDirectory() as folder:
            run = jobs.submit(experiment, device, Store(Path(folder)))
            state = jobs.work(run, report)
            if state != "finished":
                raise AecoreError(f"{preset.name} with seed {seed} is {state}, not finished")
            _measure_goals(run, preset, device, report)
            trained = {"seconds": run.metrics()[-1]["seconds"], "device": str(run.status().get("device_name") or "")}
            values = {goal.quantity: value_of(goal, run, store) for goal in preset.goals}
        found = [*found, {"seed": seed} | trained | {"goals": values}]
        write_seeds(shipped_run, found)
    return found


def _measure_goals(run: Run, preset: Preset, device: str, report: Report) -> None:
    """Measure what the preset's goals need beyond an evaluation."""
    from aecore.measures.of_run import measure_likelihood, measure_run

    asked = {goal.metric for goal in preset.goals} & MEASURED
    if asked and read_if_sound(run) is None:
        measure_run(run, device, report)
    if "negative_log_likelihood" in asked:
        measure_likelihood(run, device=device, report=report)


def complete(run: Run, preset: Preset, store: Store, device: str, report: Report) -> None:
    """Add what a finished run lacks: classical denoisers, codes, projections, the images of the report's figures,
    measures, and what noise of every strength does to it.

    For a run that lacks nothing neither model nor images are loaded.
    """
    evaluations = run.evaluation()
    unsampled = [entry for entry in evaluations if "sample" not in entry]
    uncompared = [e for e in evaluations if e["corruption"] in _compared(preset) and "classical" not in e]
    unprojected = [
        (method, dims)
        for method in SHIPPED
        for dims in (2, 3)
        if dims <= (run.status().get("code_size") or 0) and read_projection(run, method, dims, ship=True) is None
    ]
    has_code = run.experiment().model.has_code
    uncoded = has_code and not run.file(CODES).exists()
    with_images = [figure for figure in figures_of(preset) if figure.kind in IMAGE_KINDS]
    missing_figures = with_images if not run.file(FIGURES).exists() else []
    unmeasured = has_code and read_if_sound(run) is None
    unhurt = read_robustness(run) is None
    if not (unsampled or uncompared or uncoded or unprojected or missing_figures or unmeasured or unhurt):
        return
    from aecore.inference import open_run
    from aecore.measures.of_run import measure_run
    from aecore.measures.strengths import strengths_of
    from aecore.reports.figures import save_figures

    loaded = open_run(run, device, report)
    for entry in unsampled:
        measured = loaded.evaluate(_corruption(preset, entry["corruption"]), images=SAMPLE)
        entry["sample"] = {key: measured[key] for key in ("n", "metrics", "noisy_input")}
    for entry in uncompared:
        corruption = _corruption(preset, entry["corruption"])
        entry["classical"] = _measured_in_another(run, str(corruption), store) or loaded.classical(corruption, report)
        run.write_json(EVALUATION, {"evaluations": evaluations})
    if unsampled:
        run.write_json(EVALUATION, {"evaluations": evaluations})
    points = COLOURED_POINTS if preset.experiment.data.name == "colored-mnist" else POINTS
    if preset.ships and (size := run.status().get("code_size")):
        points = min(points, max(MOST_NUMBERS // size, FEWEST_POINTS))
    if uncoded:
        loaded.codes(points).save(run)
    for method, dims in unprojected:
        loaded.projection(method, dims, points, report=report).save(run, ship=True)
    save_figures(loaded, missing_figures)
    if unmeasured:
        measure_run(run, device, report)
        _measure_goals(run, preset, device, report)
    if unhurt:
        strengths_of(loaded, report)


def _compared(preset: Preset) -> set[str]:
    """The corruptions under which classical denoisers are measured: the first noisy one and those of the report's
    figures."""
    noisy = [str(corruption) for corruption in preset.experiment.evaluation.corruptions if corruption.active]
    in_figures = {figure.corruption for figure in figures_of(preset) if figure.kind == "denoisers"}
    return set(noisy[:1]) | in_figures


def _corruption(preset: Preset, text: str) -> Corruption:
    for corruption in preset.experiment.evaluation.corruptions:
        if str(corruption) == text:
            return corruption
    raise UserError(f"{preset.name} is not evaluated under {text}: add it to evaluation.corruptions")


def _measured_in_another(run: Run, corruption: str, store: Store) -> dict[str, Any] | None:
    """The classical metrics of another shipped run with the same images and range, as they need no network."""
    own = run.experiment()
    for other in store.runs():
        if not other.shipped or other.id == run.id or run_state(other) != "finished":
            continue
        theirs = other.experiment()
        if (theirs.data, theirs.model.range) != (own.data, own.model.range):
            continue
        for entry in other.evaluation():
            if entry["corruption"] == corruption and "classical" in entry:
                return entry["classical"]
    return None
