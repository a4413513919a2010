"""A run's snapshots as one image, with names, epochs and loss curves, ready for the browser."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict

import numpy as np
from PIL import Image

from aecore.data.catalogue import data_set
from aecore.errors import AecoreError, DamagedError
from aecore.runs.json_files import MORE_SAMPLES
from aecore.runs.run import METRICS, STEPS, Run
from aecore.runs.thin import thin

LONGEST_SIDE = 8192
"""Some browsers and GPUs refuse wider or taller images."""
MOST_PIXELS = 16_000_000
"""Above this, every second epoch is dropped: 64 MB once the browser has decoded it."""
NOT_READ = 255


class Curve(TypedDict):
    epochs: list[float]
    values: list[float]


class Reel(TypedDict):
    """Everything the browser needs of a run. Tiles are in reading order, `per_line` per line: clean, noisy, epochs."""

    id: str
    title: str
    stamp: str
    atlas: str
    per_line: int
    width: int
    height: int
    count: int
    noisy: bool
    epochs: list[float]
    names: list[str]
    digits: list[list[int | None]] | None
    """The digit that the classifier reads in each reconstruction, if it is not the label."""
    digits_read: list[list[int]] | None
    """Correctly read digits and digits read, per epoch."""
    train: Curve
    test: Curve


@dataclass(frozen=True)
class Panel:
    """The tensors of a snapshots file, validated; rows sorted by epoch. Images are uint8 (P, C, H, W)."""

    clean: np.ndarray
    noisy: np.ndarray | None
    labels: np.ndarray | None
    indices: np.ndarray | None
    epochs: list[float]
    reconstructions: np.ndarray
    digits: np.ndarray | None

    def rows(self, kept: Sequence[int]) -> Panel:
        return replace(
            self,
            epochs=[self.epochs[row] for row in kept],
            reconstructions=self.reconstructions[kept],
            digits=None if self.digits is None else self.digits[kept],
        )


def panel(run: Run, tensors: Mapping[str, np.ndarray]) -> Panel:
    """The run's panel from the `tensors` of its snapshots. Raises `DamagedError` if they do not contain one."""
    clean, epochs, images = tensors["clean"], tensors["epochs"], tensors["reconstructions"]
    if not images.size:
        raise DamagedError(f"run {run.id} has no snapshot yet")

    def fitting(name: str, shape: tuple[int, ...]) -> np.ndarray | None:
        found = tensors.get(name)
        return found if found is not None and found.shape == shape else None

    whole = Panel(
        clean=clean,
        noisy=fitting("noisy", clean.shape),
        labels=fitting("labels", clean.shape[:1]),
        indices=fitting("indices", clean.shape[:1]),
        epochs=[float(f"{epoch:.6g}") for epoch in epochs.tolist()],  # as float32, 0.24 has many digits
        reconstructions=images,
        digits=fitting("digits", images.shape[:2]),
    )
    latest = {epoch: row for row, epoch in enumerate(whole.epochs)}
    return whole.rows([latest[epoch] for epoch in sorted(latest)])


def same_images(one: Panel, other: Panel) -> bool:
    """Whether two panels show the same images in the same order and can share columns."""
    return (
        one.indices is not None
        and other.indices is not None
        and np.array_equal(one.indices, other.indices)
        and np.array_equal(one.clean, other.clean)
    )


def same_noise(one: Panel, other: Panel) -> bool:
    return one.noisy is not None and other.noisy is not None and np.array_equal(one.noisy, other.noisy)


@dataclass(frozen=True)
class Picture:
    """A panel as one PNG; this panel may have fewer rows than the file."""

    uri: str
    per_line: int
    panel: Panel
    stamp: str


def picture(run: Run, tensors: Mapping[str, np.ndarray], stamp: str) -> Picture:
    """The panel in the `tensors` of a run's snapshots; `stamp` identifies their content. Raises `DamagedError`."""
    shown = bounded(panel(run, tensors))
    parts = [shown.clean[None], *([] if shown.noisy is None else [shown.noisy[None]]), shown.reconstructions]
    tiles = np.concatenate(parts).reshape(-1, *shown.clean.shape[1:])
    uri, per_line = atlas(tiles, len(shown.clean))
    return Picture(uri, per_line, shown, stamp)


def reel(run: Run, picture: Picture, title: str) -> Reel:
    """The run ready for the browser. Raises `DamagedError`."""
    shown, metrics = picture.panel, run.course(METRICS, MORE_SAMPLES)
    return {
        "id": run.id,
        "title": title,
        "stamp": picture.stamp,
        "atlas": picture.uri,
        "per_line": picture.per_line,
        "width": shown.clean.shape[3],
        "height": shown.clean.shape[2],
        "count": len(shown.clean),
        "noisy": shown.noisy is not None,
        "epochs": shown.epochs,
        "names": image_names(run, shown),
        "digits": misread(shown),
        "digits_read": read_right(shown),
        # If losses were logged within epochs, the training curve is as fine as the images.
        "train": curve(run.course(STEPS, MORE_SAMPLES) or metrics, "train_loss", shown.epochs),
        "test": curve(metrics, "test_loss", shown.epochs),
    }


def bounded(whole: Panel) -> Panel:
    """The panel with every second row dropped until it is small enough; the last row is always kept."""
    while whole.reconstructions[:, :, 0].size > MOST_PIXELS and len(whole.epochs) > 2:
        count = len(whole.epochs)
        whole = whole.rows(sorted({*range(0, count, 2), count - 1}))
    return whole


def atlas(tiles: np.ndarray, together: int) -> tuple[str, int]:
    """Tiles (N, C, H, W) as one PNG data URI, and the number per line: `together` unless that is too tall."""
    count, channels, height, width = tiles.shape
    tiles = tiles if channels in (1, 3) else tiles[:, :1]
    per_line = together
    if math.ceil(count / per_line) * height > LONGEST_SIDE or per_line * width > LONGEST_SIDE:
        per_line = max(1, min(math.isqrt(count * height // width) + 1, LONGEST_SIDE // width))
    lines = math.ceil(count / per_line)
    if lines * height > LONGEST_SIDE or per_line * width > LONGEST_SIDE:
        raise AecoreError(f"{count} images of {width}×{height} pixels are too many to replay")
    padded = np.zeros((lines * per_line, *tiles.shape[1:]), np.uint8)
    padded[:count] = tiles
    sheet = padded.reshape(lines, per_line, -1, height, width).transpose(0, 3, 1, 4, 2)
    sheet = sheet.reshape(lines * height, per_line * width, -1)
    buffer = io.BytesIO()
    Image.fromarray(sheet[:, :, 0] if sheet.shape[2] == 1 else sheet).save(buffer, "PNG", compress_level=4)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode(), per_line


def image_names(run: Run, shown: Panel) -> list[str]:
    """A name for each image: `test image 12 · 7`."""
    try:
        classes = data_set(run.experiment().data.source).classes
    except AecoreError:
        classes = ()
    names = []
    for i in range(len(shown.clean)):
        number = i if shown.indices is None else int(shown.indices[i])
        name = f"test image {number}" if shown.indices is not None else f"image {number}"
        if shown.labels is not None:
            label = int(shown.labels[i])
            name += f" · {classes[label] if label < len(classes) else label}"
        names.append(name)
    return names


def misread(shown: Panel) -> list[list[int | None]] | None:
    if shown.digits is None or shown.labels is None:
        return None
    labels = shown.labels.tolist()
    return [
        [None if digit in (label, NOT_READ) else digit for digit, label in zip(row, labels, strict=True)]
        for row in shown.digits.tolist()
    ]


def read_right(shown: Panel) -> list[list[int]] | None:
    if shown.digits is None or shown.labels is None:
        return None
    return [[int((row == shown.labels).sum()), int((row != NOT_READ).sum())] for row in shown.digits]


def curve(entries: Sequence[Mapping[str, Any]], field: str, epochs: Iterable[float]) -> Curve:
    """One loss by epoch, thinned, but with every epoch that has images."""

    def near(epoch: float) -> int:
        return round(epoch * 1000)

    def is_number(value: Any) -> bool:
        return isinstance(value, int | float) and math.isfinite(value)

    wanted = {near(epoch) for epoch in epochs}
    known = [dict(entry) for entry in entries if is_number(entry.get(field))]
    kept = {entry["epoch"]: entry[field] for entry in thin(known, (field,))}
    kept |= {entry["epoch"]: entry[field] for entry in known if near(entry["epoch"]) in wanted}
    return {"epochs": sorted(kept), "values": [kept[epoch] for epoch in sorted(kept)]}
