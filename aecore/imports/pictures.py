"""The images that a tool keeps as files of their own."""

from __future__ import annotations

import re
from pathlib import Path

from aecore.errors import AecoreError, told
from aecore.files import MB, read_regular
from aecore.imports.tracked import Tracked
from aecore.runs.logged import LoggedImages

LARGEST = 64 * MB
MOST = 20_000
"""Of one run: of more the first in the order of their names are taken."""
_MLFLOW = re.compile(r"(?P<key>.+?)[+%]step[+%](?P<step>\d+)[+%]timestamp[+%]\d+[+%][0-9a-z-]+\.(png|jpe?g|webp)")
"""What MLflow calls the images of a key; those whose names end in `compressed` are smaller copies. Versions differ in
the sign between the parts, in the letters of the last one, and in what stands for a / in the key: # or ~."""


def add_file(tracked: Tracked, tag: str, step: int, folder: Path, place: Path) -> None:
    """Take the image at a place in a folder; one that leads out of it, or cannot be read, is counted as left."""
    path = folder / place
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return tracked.leave("image")
        tracked.add_image(tag, step, read_regular(path, LARGEST))
    except (OSError, ValueError, AecoreError):  # a name may hold what no path may
        tracked.leave("image")


def put_aside(tracked: Tracked, file: Path) -> None:
    """Read the images that are files of their own, and move all of the run into one file: those of many runs are more
    than a memory holds. Raises `AecoreError` where that has no room."""
    for image in tracked.files:
        add_file(tracked, *image)
    if tracked.images.rows:
        with told("reading images"):
            file.write_bytes(tracked.images.to_bytes())
        tracked.aside, tracked.images = file, LoggedImages()


def add_artifacts(tracked: Tracked, artifacts: Path) -> None:
    """Note the images that MLflow's `log_image` has put among a run's artifacts, by key and step."""
    folder = artifacts / "images"
    if not folder.is_dir():
        return
    for name in sorted(path.name for path in folder.iterdir())[:MOST]:
        if found := _MLFLOW.fullmatch(name):
            tracked.files.append((re.sub("[~#]", "/", found["key"]), int(found["step"]), folder, Path(name)))
