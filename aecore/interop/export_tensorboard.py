"""A run as a log folder of TensorBoard: its curves, its panel, and its codes for the Embedding Projector."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from aecore import data
from aecore.data import thumbnails
from aecore.data.subset import evenly_spaced
from aecore.errors import UserError
from aecore.format import count
from aecore.interop.event_file import Picture, Scalar, event_file
from aecore.interop.folder import Folder
from aecore.latent.codes import Codes, read_codes
from aecore.runs.run import METRICS, SNAPSHOTS, STEPS, Run

MOST_SPRITES = 5_000
"""Points in the projector; more are thinned out evenly."""
LARGEST_SPRITE = 8192
"""Pixels of a side of the sheet of sprites: browsers take no larger texture everywhere."""
CODES, LABELS, SPRITES, CONFIG = "codes.tsv", "labels.tsv", "sprites.png", "projector_config.pbtxt"


@dataclass(frozen=True)
class _Clock:
    """When an epoch ended, as far as the run says: the start of the training and the seconds of it."""

    begin_s: float
    epochs: np.ndarray
    seconds: np.ndarray

    def at(self, epoch: float) -> float:
        return self.begin_s + float(np.interp(epoch, self.epochs, self.seconds))


def tensorboard_folder(run: Run) -> Folder:
    """An event file with every number of every epoch and of every logged step, and the panel's images; and, where the
    run has codes, the files of the Embedding Projector.

    Raises `UserError` for a run that has none of it.
    """
    metrics = run.lines(METRICS)
    clock = _clock(run, metrics)
    scalars = [
        *_scalars("epoch", metrics, lambda entry: entry["epoch"], clock),
        *_scalars("step", _logged_steps(run), lambda entry: entry["step"], clock),
    ]
    pictures = list(_panel(run, clock))
    codes = read_codes(run)
    projector = _projector(run, codes) if codes is not None and codes.codes is not None else {}
    if not (scalars or pictures or projector):
        raise UserError(f"run {run.id} has no epochs, no panel and no codes to export")
    events = sorted([*scalars, *pictures], key=lambda event: event.wall_s)
    files = {f"events.out.tfevents.{int(clock.begin_s)}.aecore": event_file(events, clock.begin_s), **projector}
    points = projector[LABELS].count(b"\n") - 1 if projector else 0
    facts = {"scalars": len(scalars), "images": len(pictures), "points": points}
    line = f"{count(len(scalars), 'number')}, {count(len(pictures), 'image')}, {count(points, 'code')}"
    if not projector:
        line += f" ({_no_codes(run, codes)})"
    return Folder(files, facts, (line,))


def _no_codes(run: Run, codes: Codes | None) -> str:
    if not run.experiment().model.has_code:
        return "the network has no code"
    return "the run has kept none" if codes is None else "they are too wide to be kept with the run"


def _logged_steps(run: Run) -> list[dict[str, Any]]:
    return [entry for entry in run.lines(STEPS) if isinstance(entry.get("step"), int)]


def _scalars(
    prefix: str, entries: list[dict[str, Any]], step: Callable[[dict[str, Any]], int], clock: _Clock
) -> Iterator[Scalar]:
    """Every number of the entries; null, which was not finite, is NaN."""
    for entry in entries:
        for name, value in entry.items():
            if name in ("epoch", "step") or isinstance(value, bool) or not isinstance(value, int | float | None):
                continue
            number = math.nan if value is None else float(value)
            yield Scalar(f"{prefix}/{name}", int(step(entry)), clock.at(entry["epoch"]), number)


def _clock(run: Run, metrics: list[dict[str, Any]]) -> _Clock:
    status = run.status()
    known = [entry for entry in metrics if isinstance(entry.get("seconds"), int | float)]
    epochs = np.array([0.0, *(entry["epoch"] for entry in known)])
    seconds = np.array([0.0, *(entry["seconds"] for entry in known)])
    begin, end = (_time(status.get(key)) for key in ("started", "ended"))
    begin = _time(status.get("submitted")) if begin is None else begin
    if begin is not None and end is not None:
        begin = min(begin, end - seconds[-1])  # a resumed run says when it was resumed
    return _Clock(begin or 0.0, epochs, seconds)


def _time(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None


def _panel(run: Run, clock: _Clock) -> Iterator[Picture]:
    """An image for each time the panel was drawn: the images, what went into the network, what came out."""
    if not run.file(SNAPSHOTS).exists():
        return
    panel = run.snapshots()
    above = [panel[name] for name in ("clean", "noisy") if name in panel]
    across = len(panel["clean"])
    by, steps = _steps(run, panel["epochs"])
    for step, epoch, output in zip(steps, panel["epochs"], panel["reconstructions"], strict=True):
        sheet = thumbnails.sheet_of(np.concatenate([*above, output]), across)
        yield Picture(
            f"{by}/panel", step, clock.at(float(epoch)), _png(sheet), *sheet.size, 1 if sheet.mode == "L" else 3
        )


def _steps(run: Run, epochs: np.ndarray) -> tuple[str, list[int]]:
    """What the rows of the panel are counted by, and the number of each: a step is a whole number, and rows within
    epochs are those of lines of steps.jsonl."""
    if np.issubdtype(epochs.dtype, np.integer):
        return "epoch", [int(epoch) for epoch in epochs]
    lines = [entry for entry in _logged_steps(run) if entry["epoch"] > 0]
    if not lines:
        return "row", list(range(len(epochs)))
    an_epoch = lines[-1]["step"] / lines[-1]["epoch"]
    return "step", [round(float(epoch) * an_epoch) for epoch in epochs]


def _projector(run: Run, codes: Codes) -> dict[str, bytes]:
    """The codes as the Embedding Projector reads them: numbers, labels and, if there are any, pictures."""
    assert codes.codes is not None
    classes = run.image_info().classes
    pictures = _pictures(run, codes)
    most = MOST_SPRITES
    if pictures is not None:
        across = LARGEST_SPRITE // max(pictures.shape[2:])
        most = min(most, across * across)
    rows = evenly_spaced(len(codes.codes), most)
    chosen = codes.codes[rows]
    names = [_cell(classes[label]) if label < len(classes) else str(label) for label in codes.labels.tolist()]
    lines = ["class\timage\tsquared error"]
    lines += [f"{names[row]}\t{codes.indices[row]}\t{codes.errors[row]:.6g}" for row in rows]
    config = [
        "embeddings {",
        '  tensor_name: "codes"',
        f'  tensor_path: "{CODES}"',
        f'  metadata_path: "{LABELS}"',
    ]
    files = {
        CODES: "".join("\t".join(f"{number:.9g}" for number in code) + "\n" for code in chosen.tolist()).encode(),
        LABELS: ("\n".join(lines) + "\n").encode(),
    }
    if pictures is not None:
        height, width = pictures.shape[2:]
        files[SPRITES] = _png(thumbnails.sheet_of(pictures[rows], math.isqrt(len(rows) - 1) + 1))
        config += [
            "  sprite {",
            f'    image_path: "{SPRITES}"',
            f"    single_image_dim: {width}",
            f"    single_image_dim: {height}",
            "  }",
        ]
    return files | {CONFIG: ("\n".join([*config, "}"]) + "\n").encode()}


def _pictures(run: Run, codes: Codes) -> np.ndarray | None:
    """Thumbnails uint8 (N, C, H, W) of the encoded images: kept with the run, shipped with the project, or of an image
    set that is there; None where there are none."""
    if codes.images is not None:
        return codes.images
    name = run.experiment().data.source
    found = thumbnails.shipped(name, codes.indices, codes.labels)
    if found is None and data.prepared(name):
        found = thumbnails.shrink(np.array(data.load(name).x_test[codes.indices]))
    return found


def _cell(text: str) -> str:
    return " ".join(text.split())


def _png(sheet: Any) -> bytes:
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()
