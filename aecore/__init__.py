"""A laboratory for autoencoders: experiments, image sets, models, training, metrics and a store of runs.

The names below are the public API, in the order in which one needs them. Each is imported when it is first used, so
that `import aecore` is instant and torch is loaded only where it is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from aecore.config.corruption import Corruption
    from aecore.config.experiment import Experiment, difference
    from aecore.data import CATALOGUE, ImageSet, prepare
    from aecore.data.corruption import corrupt
    from aecore.errors import AecoreError, UserError
    from aecore.inference import LoadedRun, load_model, open_run
    from aecore.interop import export_pth, import_checkpoint
    from aecore.jobs import requeue, start, stop, submit, work
    from aecore.loading import load
    from aecore.measures import measure, measure_likelihood
    from aecore.metrics.evaluation import evaluate, reconstructions
    from aecore.models import Autoencoder, plan
    from aecore.notebook.compare import Comparison, compare
    from aecore.notebook.show import show
    from aecore.notebook.train import train
    from aecore.presets import Preset, preset, presets
    from aecore.recording import Recording, record
    from aecore.runs.archive import pack, unpack
    from aecore.runs.measures import Measures, read_measures
    from aecore.runs.run import Run
    from aecore.runs.state import run_state
    from aecore.runs.store import Store
    from aecore.runs.summary import RunSummary, summarise
    from aecore.sweeps.definition import Sweep

_HOME = {
    # Experiments.
    "preset": "presets",
    "presets": "presets",
    "Preset": "presets",
    "Experiment": "config.experiment",
    "difference": "config.experiment",
    "Sweep": "sweeps.definition",
    # Images and their corruption; `load` also loads models.
    "load": "loading",
    "CATALOGUE": "data",
    "ImageSet": "data",
    "prepare": "data",
    "Corruption": "config.corruption",
    "corrupt": "data.corruption",
    # Models.
    "plan": "models",
    "Autoencoder": "models",
    # Training: at once, or as a job.
    "train": "notebook.train",
    "submit": "jobs",
    "start": "jobs",
    "work": "jobs",
    "stop": "jobs",
    "requeue": "jobs",
    "run_state": "runs.state",
    # A training loop of one's own.
    "record": "recording",
    "Recording": "recording",
    # Runs: listing (`runs()`), reading, measuring and using them.
    "Store": "runs.store",
    "Run": "runs.run",
    "RunSummary": "runs.summary",
    "summarise": "runs.summary",
    "open_run": "inference",
    "LoadedRun": "inference",
    "load_model": "inference",
    "evaluate": "metrics.evaluation",
    "reconstructions": "metrics.evaluation",
    "compare": "notebook.compare",
    "Comparison": "notebook.compare",
    "show": "notebook.show",
    "measure": "measures",
    "measure_likelihood": "measures",
    "read_measures": "runs.measures",
    "Measures": "runs.measures",
    # Import and export.
    "pack": "runs.archive",
    "unpack": "runs.archive",
    "import_checkpoint": "interop",
    "export_pth": "interop",
    # Errors.
    "AecoreError": "errors",
    "UserError": "errors",
}

__all__ = [  # noqa: RUF022, the order is that of `_HOME`
    "preset", "presets", "Preset", "Experiment", "difference", "Sweep",
    "CATALOGUE", "ImageSet", "prepare", "load", "Corruption", "corrupt",
    "plan", "Autoencoder",
    "train", "submit", "start", "work", "stop", "requeue", "run_state",
    "record", "Recording",
    "Store", "Run", "RunSummary", "summarise", "open_run", "LoadedRun", "load_model", "evaluate", "reconstructions",
    "compare", "Comparison", "show",
    "measure", "measure_likelihood", "read_measures", "Measures",
    "pack", "unpack", "import_checkpoint", "export_pth",
    "AecoreError", "UserError",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "runs":  # the package, which lists the runs of the store where it is called
        return import_module("aecore.runs")
    if name in _HOME:
        value = getattr(import_module(f"aecore.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'aecore' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
