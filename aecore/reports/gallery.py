"""The gallery: finished runs of the reports' presets that ship with the project, with all that their pages show."""

from __future__ import annotations

import shutil
from typing import Any

from aecore import jobs
from aecore.config.corruption import Corruption
from aecore.errors import AecoreError, UserError
from aecore.latent.projection import METHODS
from aecore.latent.projection_store import read_projection
from aecore.presets import Preset, presets
from aecore.progress import Report
from aecore.reports.definition import PICTURED, figures_of
from aecore.runs.state import run_state
from aecore.runs.store import CODES, EVALUATION, FIGURES, LOG, Run, Store

POINTS, COLOURED_POINTS = 3000, 10_000
"""Test codes in a projection; report 004 shows all of them."""
SAMPLE = 500
"""Measured apart, so that anyone can soon check that weights and figures belong together."""


def shipped() -> list[Preset]:
    """The presets whose runs ship: those of the reports."""
    return [preset for preset in presets().values() if preset.report]


def build(
    preset: Preset,
    store: Store,
    device: str = "auto",
    report: Report = lambda stage, done, total, note: None,
) -> Run:
    """The shipped run of a preset: trained if it is not there yet, then completed with what it lacks.

    Raises `AecoreError` when the training was stopped or failed.
    """
    target = Run(store.root / "gallery" / preset.name)
    if run_state(target) != "finished" or target.experiment() != preset.experiment:
        run = jobs.submit(preset.experiment, device, store)
        state = jobs.work(run, report)
        if state != "finished":
            raise AecoreError(f"{preset.name} is {state}, not finished; what there is of it lies in {run.path}")
        for name in (LOG, ".lock", CODES):  # of fewer images: all runs together must stay small
            run.file(name).unlink(missing_ok=True)
        evaluations = [{**entry, "run": target.id} for entry in run.evaluation()]
        run.write_json(EVALUATION, {"evaluations": evaluations})
        shutil.rmtree(target.path, ignore_errors=True)
        target.path.parent.mkdir(parents=True, exist_ok=True)
        run.path.rename(target.path)
    complete(target, preset, store, device, report)
    return target


def complete(run: Run, preset: Preset, store: Store, device: str, report: Report) -> None:
    """Add what a finished run lacks: classical denoisers, projections, and the pictures of the report's figures.

    A run that lacks nothing is left alone, and needs neither its model nor its images.
    """
    evaluations = run.evaluation()
    unsampled = [entry for entry in evaluations if "sample" not in entry]
    uncompared = [e for e in evaluations if e["corruption"] in _compared(preset) and "classical" not in e]
    unprojected = [
        (method, dims)
        for method in METHODS
        for dims in (2, 3)
        if dims <= run.status()["code_size"] and read_projection(run, method, dims, ship=True) is None
    ]
    uncoded = not run.file(CODES).exists()
    pictured = [figure for figure in figures_of(preset) if figure.kind in PICTURED]
    unpictured = pictured if not run.file(FIGURES).exists() else []
    if not (unsampled or uncompared or uncoded or unprojected or unpictured):
        return
    from aecore.inference import open_run
    from aecore.reports.figures import save_figures

    trained = open_run(run, device, report)
    for entry in unsampled:
        measured = trained.evaluate(_corruption(preset, entry["corruption"]), images=SAMPLE)
        entry["sample"] = {key: measured[key] for key in ("n", "metrics", "noisy_input")}
    for entry in uncompared:
        corruption = _corruption(preset, entry["corruption"])
        entry["classical"] = _measured_elsewhere(run, str(corruption), store) or trained.classical(corruption, report)
        run.write_json(EVALUATION, {"evaluations": evaluations})
    if unsampled:
        run.write_json(EVALUATION, {"evaluations": evaluations})
    points = COLOURED_POINTS if preset.experiment.data.name == "colored-mnist" else POINTS
    if uncoded:
        trained.codes(points).save(run)
    for method, dims in unprojected:
        trained.projection(method, dims, points, report=report).save(run, ship=True)
    save_figures(trained, unpictured)


def _compared(preset: Preset) -> set[str]:
    """The corruptions under which classical denoisers stand beside the network: the first noisy one and those of the
    report's figures."""
    noisy = [str(corruption) for corruption in preset.experiment.evaluation.corruptions if corruption.active]
    shown = {figure.corruption for figure in figures_of(preset) if figure.kind == "denoisers"}
    return set(noisy[:1]) | shown


def _corruption(preset: Preset, text: str) -> Corruption:
    for corruption in preset.experiment.evaluation.corruptions:
        if str(corruption) == text:
            return corruption
    raise UserError(f"{preset.name} is not evaluated under {text}: add it to evaluation.corruptions")


def _measured_elsewhere(run: Run, corruption: str, store: Store) -> dict[str, Any] | None:
    """What another shipped run on the same images, in the same range, already holds: no network is involved."""
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
