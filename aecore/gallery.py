"""The gallery: finished runs of the presets that ship with the project."""

from __future__ import annotations

import shutil

from aecore import jobs
from aecore.presets import Preset
from aecore.store import LOG, Run, Store

SHIPPED = ("mnist-mlp8",)


def build(
    preset: Preset,
    store: Store,
    device: str = "auto",
    report: jobs.Report = lambda stage, done, total, note: None,
) -> Run:
    """The shipped run of a preset, trained, evaluated and put on the shelf if it is not there yet."""
    target = Run(store.root / "gallery" / preset.name)
    if jobs.state(target) == "finished":
        return target
    run = jobs.submit(preset.experiment, device, store)
    if jobs.work(run, report) != "finished":
        return run
    for name in (LOG, ".lock"):
        run.file(name).unlink(missing_ok=True)
    evaluations = [{**entry, "run": target.id} for entry in run.evaluation()]
    run.write_json("evaluation.json", {"evaluations": evaluations})
    shutil.rmtree(target.path, ignore_errors=True)
    target.path.parent.mkdir(parents=True, exist_ok=True)
    run.path.rename(target.path)
    return target
