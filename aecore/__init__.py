"""A laboratory for autoencoders: experiments, image sets, models, training, metrics and a store of runs.

The names below are the public ones. They are imported when first used, so that `import aecore` is instant and
torch is loaded only by what needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from aecore.corruption import corrupt
    from aecore.data import CATALOGUE, ImageSet, load, prepare
    from aecore.errors import AecoreError, MistakeError
    from aecore.evaluation import evaluate, reconstructions
    from aecore.experiment import Experiment, difference
    from aecore.foreign import export_pth, import_checkpoint
    from aecore.jobs import start, state, stop, submit, work
    from aecore.models import Autoencoder, plan
    from aecore.packing import pack, unpack
    from aecore.presets import Preset, preset, presets
    from aecore.settings import Corruption
    from aecore.store import Run, Store
    from aecore.summary import RunSummary, summarise
    from aecore.sweeps.definition import Sweep

__all__ = [
    "CATALOGUE",
    "AecoreError",
    "Autoencoder",
    "Corruption",
    "Experiment",
    "ImageSet",
    "MistakeError",
    "Preset",
    "Run",
    "RunSummary",
    "Store",
    "Sweep",
    "corrupt",
    "difference",
    "evaluate",
    "export_pth",
    "import_checkpoint",
    "load",
    "pack",
    "plan",
    "prepare",
    "preset",
    "presets",
    "reconstructions",
    "start",
    "state",
    "stop",
    "submit",
    "summarise",
    "unpack",
    "work",
]

_HOME = {
    "corrupt": "corruption",
    "CATALOGUE": "data",
    "ImageSet": "data",
    "load": "data",
    "prepare": "data",
    "AecoreError": "errors",
    "MistakeError": "errors",
    "evaluate": "evaluation",
    "reconstructions": "evaluation",
    "Corruption": "settings",
    "Experiment": "experiment",
    "difference": "experiment",
    "export_pth": "foreign",
    "import_checkpoint": "foreign",
    "pack": "packing",
    "unpack": "packing",
    "start": "jobs",
    "state": "jobs",
    "stop": "jobs",
    "submit": "jobs",
    "work": "jobs",
    "Autoencoder": "models",
    "plan": "models",
    "Preset": "presets",
    "preset": "presets",
    "presets": "presets",
    "Run": "store",
    "Store": "store",
    "RunSummary": "summary",
    "summarise": "summary",
    "Sweep": "sweeps.definition",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"aecore.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'aecore' has no attribute '{name}'")
