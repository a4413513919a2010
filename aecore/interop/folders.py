"""The exports of a run that are several files, by the name of their format."""

from __future__ import annotations

from aecore.interop.export_onnx import onnx_folder
from aecore.interop.export_tensorboard import tensorboard_folder
from aecore.interop.folder import Folder
from aecore.interop.hub import hub_folder
from aecore.runs.run import Run

_MAKERS = {"onnx": onnx_folder, "tensorboard": tensorboard_folder, "hub": hub_folder}


def folder_of(run: Run, to: str) -> Folder:
    """The run in the format `onnx`, `tensorboard` or `hub`. Raises `UserError` where it has nothing for that, or a
    package is missing."""
    return _MAKERS[to](run)


def zip_of(run: Run, to: str) -> bytes:
    """The same as a zip of the folder."""
    return folder_of(run, to).as_zip(f"{run.id}-{to}")
