"""What can be seen of a run in the browser, each with all that its component needs: loss curves, Replay, Restore,
Interpolate, Generate and the latent space.

Nothing here needs torch or an image set: images are those of the run's panel, or thumbnails. What a run lacks is one
line of a `UserError`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from aecore.data import thumbnails
from aecore.data.colored_mnist import PALETTE
from aecore.errors import AecoreError, UserError
from aecore.format import count
from aecore.latent.codes import Codes, read_codes
from aecore.latent.interpolation import random_codes, shares
from aecore.latent.quantised import shuffled_places, vectors_of
from aecore.models.architecture import plan
from aecore.models.digit_classifier import reads
from aecore.models.layer import Plan
from aecore.runs.json_files import MORE_SAMPLES
from aecore.runs.robustness import read_if_sound as read_robustness
from aecore.runs.run import METRICS, SNAPSHOTS, STEPS, WEIGHTS, Run
from aecore.runs.summary import may_win, summarise
from aecore.viewer import cloud_parts, networks, point_cloud, reel
from aecore.viewer.generation import Places, Told, generation_data
from aecore.viewer.interpolation import interpolation_data
from aecore.viewer.networks import Shipped
from aecore.viewer.payloads import name_of
from aecore.viewer.restoration import restoration_data
from aecore.viewer.units import gains_of, units_of

Kind = Literal["loss", "replay", "denoise", "interpolate", "generate", "latent"]
TITLES: dict[str, str] = {
    "loss": "Loss",
    "replay": "Replay",
    "denoise": "Restore",
    "interpolate": "Interpolate",
    "generate": "Generate",
    "latent": "Latent space",
}
MOST_CHOICES = 12
"""Images to choose from."""
STEPS_BETWEEN, RANDOM = 10, 30
"""Images of a strip, and random codes: as the app shows them at first."""
CLOUD_HEIGHT = 640
"""In pixels."""
FIRST = (3, 4)
"""The classes of the first images, as in the app."""


class View(NamedTuple):
    """A component's data, and by name the assets that these refer to: mappings of JSON values and bytes."""

    kind: Kind
    data: Mapping[str, Any]
    assets: Mapping[str, Mapping[str, Any]]


class Choices(NamedTuple):
    """Images to choose from: uint8 (N, C, H, W), their names, and their labels, -1 where these are unknown."""

    images: np.ndarray
    names: list[str]
    labels: list[int]

    def first(self, label: int, otherwise: int) -> int:
        return self.labels.index(label) if label in self.labels else min(otherwise, len(self.labels) - 1)

    def sent(self) -> dict[str, Any]:
        pixels = np.ascontiguousarray(self.images.transpose(0, 2, 3, 1)).tobytes()
        shape = list(self.images.shape[1:])
        images = base64.b64encode(pixels).decode()
        return {"images": images, "names": self.names, "labels": self.labels, "shape": shape}


def view_of(run: Run, kind: Kind) -> View:
    """One of `TITLES` for the run. Raises `UserError` in one line where the run lacks what it needs, `DamagedError`
    where that cannot be read."""
    makers: dict[Kind, Callable[[Run], View]] = {
        "loss": loss_view,
        "replay": replay_view,
        "denoise": denoise_view,
        "interpolate": interpolate_view,
        "generate": generate_view,
        "latent": latent_view,
    }
    return makers[kind](run)


def loss_view(run: Run) -> View:
    """The losses by epoch."""
    metrics = run.course(METRICS, MORE_SAMPLES)
    train = reel.curve(run.course(STEPS, MORE_SAMPLES) or metrics, "train_loss", ())
    test = reel.curve(metrics, "test_loss", ())
    if not train["epochs"] and not test["epochs"]:
        raise UserError("There is no record of its losses.")
    return View("loss", {"train": train, "test": test}, {})


def replay_view(run: Run) -> View:
    """The panel epoch by epoch."""
    if not run.file(SNAPSHOTS).is_file():
        raise UserError("No images were kept during its training.")
    picture = reel.picture(run, run.snapshots(), run.id)
    made = reel.reel(run, picture, summarise(run).title)
    data = {"runs": [made], "shared": False, "one_noise": False, "start": None, "difference": False, "visit": 0}
    return View("replay", data, {})


def denoise_view(run: Run) -> View:
    """Images that are corrupted by hand, and restored."""
    codes, shipped, assets = _networks(run, with_code=False)
    images = choices(run, codes)
    if -1 in images.labels:  # nobody knows which digits are read wrong
        assets = {name: part for name, part in assets.items() if name != shipped["reader"]}
        shipped = Shipped(**{**shipped, "reader": None})  # type: ignore[typeddict-item]
    data = restoration_data(
        shipped,
        run,
        images.images,
        list(range(len(images.names))),
        images.names,
        images.labels,
        asked=run.experiment().corruption,
        may_win=may_win(run.status()),
        strengths=read_robustness(run),
    )
    return View("denoise", data, assets)


def interpolate_view(run: Run) -> View:
    """The way between two images that are chosen from a line of them."""
    codes, shipped, assets = _networks(run)
    images = choices(run, codes)
    if len(images.labels) < 2:
        raise UserError("It keeps fewer than two images between which to go.")
    first = [images.first(label, i) for i, label in enumerate(FIRST)]
    data = interpolation_data(
        shipped,
        np.zeros((0, *images.images.shape[1:]), np.float32),
        [],
        run.image_info().classes,
        labels=[],
        shares=shares(STEPS_BETWEEN).round(6).tolist(),
    )
    return View("interpolate", data | {"choices": images.sent(), "first": first}, assets)


def generate_view(run: Run) -> View:
    """A slider for every unit of a code; random codes and traversals; a pad to draw on."""
    codes, shipped, assets = _networks(run)
    images, about, model = choices(run, codes), run.image_info(), run.experiment().model
    solved = plan(model, about.image_shape)
    kept = codes.codes if codes is not None else None
    map_shape = solved.map_shape if kept is None else None
    if kept is None and map_shape is None:
        raise UserError(f"A code of {count(solved.code_size, 'number')} has too many units for sliders.")
    units = gains_of(map_shape[0]) if map_shape else units_of(kept, model.variational)  # type: ignore[arg-type]
    random, drawn = (np.zeros((0, solved.code_size), np.float32), "") if kept is None else _random(kept, model, solved)
    told = Told(-1, -1) if model.classes else None
    first = images.first(FIRST[0], 0)
    data = generation_data(
        shipped,
        images.images[first],
        units,
        view="units",
        classes=about.classes,
        map_shape=map_shape,
        vectors=random,
        inks=PALETTE.tolist() if about.image_shape[0] == 3 else [[1.0]],
        told=told,
        places=Places(solved.code_map, vectors_of(run)) if model.quantised and kept is not None else None,
    )
    if model.classes:  # one that the network does not know is none
        images = images._replace(labels=[label if label < model.classes else -1 for label in images.labels])
    views = _ways(solved, wide=kept is None, quantised=model.quantised, told=told is not None, drawn=drawn)
    return View("generate", data | {"choices": images.sent(), "first": first, "views": views}, assets)


def _random(kept: np.ndarray, model: Any, solved: Plan) -> tuple[np.ndarray, str]:
    """Random codes float32 (RANDOM, n) as the app draws them at first, and how that is."""
    if model.quantised:
        return shuffled_places(kept, solved, RANDOM, 0), "each place from a real code"
    if model.variational:
        return random_codes(kept, RANDOM, "normal", 0), "from the prior, N(0, 1)"
    return random_codes(kept, RANDOM, "fitted", 0), "each unit within the range of the real codes"


def _ways(solved: Plan, *, wide: bool, quantised: bool, told: bool, drawn: str) -> list[list[str]]:
    """The views of the generator that the run has: name, title, and what is said below."""
    about = "Grey bars: histogram of the real codes. Double-click a slider to reset it."
    if told:
        about += " The row shows the same code in every class: click one to decode as it."
    if wide and solved.map_shape:
        channels, height, width = solved.map_shape
        about = f"The code is a map of {channels} channels, {height}×{width}: each slider scales a whole channel."
    elif quantised:
        about = "Each square is a place of the code with the number of its vector: choose one, and another vector."
    rows = [["units", "Channels" if wide else "Code" if quantised else "Units", about]]
    if not wide:
        rows.append(["random", "Random codes", f"Drawn {drawn}. Click an image to load its code into the sliders."])
    if not wide and not quantised:
        words = "One row per unit, largest variance first: the code with only this unit changed, from the lowest to "
        rows.append(["traversal", "Traversal", words + "the highest value among the real codes."])
    if not wide:
        rows.append(["draw", "Draw", "Encoded, decoded and classified after every stroke."])
    return rows


def latent_view(run: Run) -> View:
    """The point cloud of a saved projection, or of principal components."""
    _check_code(run)
    codes = read_codes(run)
    if codes is None:
        raise UserError("It keeps no codes to draw.")
    projection, info = cloud_parts.preferred(run, codes), run.image_info()
    parts = cloud_parts.parts(run, codes, projection) | {"codes": _codes_asset(codes)}
    names = {what: name_of(what, part) for what, part in parts.items()}
    title = point_cloud.projection_title(projection.method, projection.dims)
    file = f"{run.id}-{projection.method}-{projection.dims}d"
    view = point_cloud.view(projection, file, title, **names)
    data = {"key": run.id, "views": [view], "classes": list(info.classes), "file": file, "height": CLOUD_HEIGHT}
    return View("latent", data, {names[what]: part for what, part in parts.items()})


def choices(run: Run, codes: Codes | None) -> Choices:
    """Images that the visitor can choose from, at their full size: those of the panel, else thumbnails."""
    info = run.image_info()
    images, names, labels = _kept_images(run, codes, info.image_shape)
    known = [-1] * len(images) if labels is None else labels.tolist()
    if labels is not None:
        kinds = [info.classes[label] if label < len(info.classes) else str(label) for label in known]
        names = [f"{name} · {kind}" for name, kind in zip(names, kinds, strict=True)]
    return Choices(images, names, known)


def _kept_images(
    run: Run, codes: Codes | None, shape: tuple[int, int, int]
) -> tuple[np.ndarray, list[str], np.ndarray | None]:
    """Images uint8 (N, C, H, W), which they are, and their labels if these are known."""
    try:
        panel = reel.panel(run, run.snapshots())
    except AecoreError:
        panel = None
    if panel is not None and panel.clean.shape[1:] == shape:
        rows = _some(len(panel.clean), panel.labels)
        numbers = None if panel.indices is None else panel.indices[rows].tolist()
        names = [f"image {row}" for row in rows] if numbers is None else [f"test image {number}" for number in numbers]
        return panel.clean[rows], names, None if panel.labels is None else panel.labels[rows]
    if codes is not None:
        some = _some(len(codes.labels), codes.labels)
        tiles = codes.images[some] if codes.images is not None else None
        if tiles is None:
            tiles = thumbnails.shipped(run.experiment().data.source, codes.indices[some], codes.labels[some])
        if tiles is not None and tiles.shape[1:] == shape:
            return tiles, [f"test image {number}" for number in codes.indices[some]], codes.labels[some]
    raise UserError("It keeps no images of the size that its network takes.")


def _check_code(run: Run) -> None:
    if not run.experiment().model.has_code:
        raise UserError("Its network restores images without a code between: there is none to change or to draw.")


def _some(count: int, labels: np.ndarray | None) -> list[int]:
    """Rows of at most `MOST_CHOICES` of so many images: the first of every class, then others, in their order."""
    first = [] if labels is None else sorted(np.unique(labels, return_index=True)[1].tolist())[:MOST_CHOICES]
    others = [row for row in range(min(count, 2 * MOST_CHOICES)) if row not in first]
    return sorted([*first, *others[: MOST_CHOICES - len(first)]])


def _networks(run: Run, with_code: bool = True) -> tuple[Codes | None, Shipped, dict[str, Mapping[str, Any]]]:
    """The run's codes, its networks for the browser by name, and these as assets: with the codes, which a network then
    must have, or without."""
    if with_code:
        _check_code(run)
    if not run.file(WEIGHTS).is_file():
        raise UserError("Its weights are not here.")
    encoder, decoder = networks.payload(run, "encoder"), networks.payload(run, "decoder")
    if encoder is None or decoder is None:
        raise UserError("Its network is too large for a browser, or has layers that only Python runs: use the app.")
    codes = read_codes(run)
    reader = networks.reader() if reads(run.experiment().data.name) else None
    parts = {
        "encoder": encoder.parts(),
        "decoder": decoder.parts(),
        "reader": reader and reader.parts(),
        "codes": None if not with_code or codes is None or codes.codes is None else _codes_asset(codes),
    }
    names = {key: name_of(key, part) if part else None for key, part in parts.items()}
    assets = {name: parts[key] for key, name in names.items() if name}
    return codes, Shipped(**names), assets  # type: ignore[typeddict-item]


def _codes_asset(codes: Codes) -> dict[str, Any]:
    """The codes for all views alike, as float16 where that is what they are: distances between them stay exact."""
    part = point_cloud.codes_part(codes)
    if codes.codes is None:
        return part
    with np.errstate(over="ignore"):
        half = codes.codes.astype("<f2")
    exact = np.array_equal(half.astype(np.float32), codes.codes)
    kept = half.tobytes() if exact else codes.codes.astype("<f4").tobytes()
    return part | {"codes": kept, "half": exact, "size": codes.codes.shape[1], "labels": codes.labels.tobytes()}
