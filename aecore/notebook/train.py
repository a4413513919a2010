"""`aecore.train`: an experiment trained here and now, with its progress."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aecore import jobs
from aecore.cli.progress import Progress
from aecore.config.experiment import Experiment
from aecore.errors import AecoreError
from aecore.presets import preset
from aecore.runs.progress import silent
from aecore.runs.run import Run
from aecore.runs.store import Store


def train(
    what: str | Path | Experiment,
    *,
    epochs: int | None = None,
    name: str = "",
    changes: Mapping[str, Any] | None = None,
    device: str = "auto",
    progress: bool = True,
    store: Store | None = None,
) -> Run:
    """Train a preset by its name, an experiment file by its path, or an `Experiment`, and return the finished run.

    `epochs` and `changes`, settings by their dotted keys such as {"model.bottleneck.size": 4}, are changed first. A bar
    in a terminal or a notebook shows how far it is, unless `progress` is false; the app shows the same run, live, and
    can stop it. Raises `UserError` for an experiment that cannot be trained, `AecoreError` where it was stopped.
    """
    if isinstance(what, Experiment):
        experiment = what
    elif isinstance(what, Path) or what.endswith(".toml") or "/" in what:
        experiment = Experiment.load(Path(what))
    else:
        experiment = preset(what).experiment
    asked: dict[str, Any] = dict(changes or {})
    asked |= {"training.epochs": epochs} if epochs is not None else {}
    asked |= {"name": name} if name else {}
    run = jobs.submit(experiment.changed(asked) if asked else experiment, device, store)
    if progress:
        with Progress() as shown:
            state = jobs.work(run, shown)
    else:
        state = jobs.work(run, silent)
    if state != "finished":
        raise AecoreError(f"run {run.id} is {state}: aecore.requeue and aecore.work continue it")
    return run
