"""What `aecore.load` gives: an image set by its name or path, or a model by its folder or repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from aecore.data.catalogue import CATALOGUE
from aecore.data.image_set import Progress
from aecore.data.load_set import load as load_images
from aecore.runs.run import EXPERIMENT, WEIGHTS, Run

_HUB = "hub:"


def load(name: str | Path, progress: Progress = lambda what, done, total: None) -> Any:
    """What a name stands for, the first of these that it is:

    1. of the catalogue, such as `"mnist"`: an `ImageSet`, prepared first if need be;
    2. `"hub:USER/NAME"`: the model of a repository of the Hugging Face Hub;
    3. a folder with both `config.json` and `model.safetensors`, as `export --to hub` writes it: its model;
    4. the folder of a run, with `experiment.json` and `weights.safetensors`: its model;
    5. any other path: the `ImageSet` of images of one's own.

    A model is a `Network` in evaluation mode on the CPU, as `load_model` gives that of a run. A `Path` is never a name
    of the catalogue. Raises `UserError` for what is none of these, and `DamagedError` for a model that cannot be read.
    """
    if isinstance(name, str):
        if name in CATALOGUE:
            return load_images(name, progress)
        if name.startswith(_HUB):
            from aecore.interop.hub import fetch, load_folder  # torch

            return load_folder(fetch(name.removeprefix(_HUB)))
    folder = Path(name).expanduser()
    if all((folder / part).is_file() for part in ("config.json", "model.safetensors")):
        from aecore.interop.hub import load_folder

        return load_folder(folder)
    if all((folder / part).is_file() for part in (EXPERIMENT, WEIGHTS)):
        return Run(folder.absolute()).model()
    return load_images(name if isinstance(name, str) else os.path.abspath(folder), progress)
