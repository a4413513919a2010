"""Files of arrays as people have them, each with what is true of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.own_cases import Case, Refused, Truth, every_sixth, first, pictures

GREY, COLOUR = pictures(36), pictures(36, channels=3, seed=1)
LABELS = np.arange(36) // 4
NAMES = [str(label) for label in LABELS]
Written = tuple[Path, Truth | Refused]


def halves(images: np.ndarray, classes: list[str] | None, **more: Any) -> Truth:
    """The truth of images of which the first 24 are for training."""
    known = classes or ["unlabelled"] * len(images)
    return Truth(first(images[:24]), first(images[24:]), known[:24], known[24:], **more)


def _keras(
    images: np.ndarray, truth: np.ndarray, labels: Any, classes: list[str] | None, said: tuple[str, ...], root: Path
) -> Written:
    root.mkdir(parents=True, exist_ok=True)
    parts = {"x_train": images[:24], "x_test": images[24:]}
    if labels is not None:
        parts |= {"y_train": labels[:24], "y_test": labels[24:]}
    np.savez(root / "images.npz", **parts)  # type: ignore[arg-type]
    return root / "images.npz", halves(truth, classes, said=said)


def _values(images: np.ndarray, said: str, root: Path, truth: np.ndarray = GREY) -> Written:
    return _keras(images, truth, LABELS, NAMES, (said,), root)


def _labels(labels: Any, classes: list[str] | None, root: Path, said: tuple[str, ...] = ()) -> Written:
    return _keras(GREY[..., 0], GREY, labels, classes, said, root)


def file_case(name: str, content: Callable[[Path], object], truth: Truth | Refused, root: Path) -> Written:
    root.mkdir(parents=True, exist_ok=True)
    content(root / name)
    return root / name, truth


def _npz(parts: dict[str, np.ndarray], truth: Truth | Refused, root: Path) -> Written:
    return file_case("images.npz", lambda path: np.savez(path, **parts), truth, root)  # type: ignore[arg-type]


class _Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.mkdir, (str(self.path),)


def _trap(root: Path) -> Written:
    """An object array whose pickle would run code."""
    root.mkdir(parents=True, exist_ok=True)
    np.savez(root / "images.npz", x_train=np.array([_Trap(root / "trapped")] * 20, object))  # type: ignore[arg-type]
    return root / "images.npz", Refused("is object")


def cases() -> list[Case]:
    """Every case, in the order of the table."""
    grey, third = GREY[..., 0], {"train": slice(0, 24), "val": slice(24, 30), "test": slice(30, 36)}
    medmnist = {f"{split}_images": grey[rows] for split, rows in third.items()}
    medmnist |= {f"{split}_labels": LABELS[rows, None] for split, rows in third.items()}
    left = Truth(first(GREY[:24]), first(GREY[30:]), NAMES[:24], NAMES[30:], ("left out: val_images",))
    as_val = {key: value for key, value in medmnist.items() if not key.startswith("test")}
    validated = Truth(
        first(GREY[:24]), first(GREY[24:30]), NAMES[:24], NAMES[24:30], ("validation images (val_images)",)
    )
    one_hot = np.eye(9)[LABELS]
    several = one_hot.copy()
    several[:, 0] = 1
    noise = np.random.default_rng(1).integers(0, 256, (36, 432)).astype(np.uint8)
    standard = (GREY - GREY.mean()) / GREY.std()
    sixth, bare = every_sixth(GREY, NAMES), every_sixth(GREY)
    arrays = [
        Case("uint8", partial(_values, grey, "as they are")),
        Case("float64, 0 to 1", partial(_values, grey / 255, "1 is white")),
        Case("float16, 0 to 1", partial(_values, (grey / 255).astype(np.float16), "1 is white")),
        Case("float32, 0 to 255", partial(_values, grey.astype(np.float32), "255 is white")),
        Case("float32, -1 to 1", partial(_values, (grey / 127.5 - 1).astype(np.float32), "-1 is black")),
        Case("float32, a hair over 1", partial(_values, (grey / 255 * 1.0005).astype(np.float32), "cut off")),
        Case("uint16, 16 bits", partial(_values, grey.astype(np.uint16) * 257, "65535 is white")),
        Case("int64", partial(_values, grey.astype(np.int64), "int64 from 0 to 255")),
        Case("bool", partial(_values, grey > 127, "true is white", truth=(GREY > 127) * np.uint8(255))),
        Case(
            "uint8, 0 and 1",
            partial(_values, (grey > 9) * np.uint8(1), "1 became white", truth=(GREY > 9) * np.uint8(255)),
        ),
        Case("standardised", partial(_npz, {"x_train": standard}, Refused("undo a standardisation"))),
        Case("mean subtracted", partial(_npz, {"x_train": GREY / 255 - 0.4}, Refused("expected uint8, or floats"))),
        Case("NaN", partial(_npz, {"x_train": np.where(GREY == 9, np.nan, GREY)}, Refused("not numbers"))),
        Case(
            "int16 from -1000", partial(_npz, {"x_train": grey.astype(np.int16) - 1000}, Refused("subtract the lowest"))
        ),
        Case(
            "two ranges",
            partial(_npz, {"x_train": grey / 255, "x_test": grey * 1.0}, Refused("bring them to one range")),
        ),
        Case("channels first, 3", partial(_values, first(COLOUR), "(N, C, H, W)", truth=COLOUR)),
        Case("channels first, 1", partial(_values, first(GREY), "(N, C, H, W)")),
        Case("channels last, 3", partial(_values, COLOUR, "(N, H, W, C)", truth=COLOUR)),
        Case(
            "opaque fourth channel",
            partial(
                _values,
                np.pad(COLOUR, [(0, 0)] * 3 + [(0, 1)], constant_values=255),
                "fourth channel was left out",
                truth=COLOUR,
            ),
        ),
        Case("rows of 144", partial(_values, GREY.reshape(36, -1), "row by row")),
        Case("rows of 432 in planes", partial(_values, first(COLOUR).reshape(36, -1), "planes", truth=COLOUR)),
        Case("rows of 432 by pixel", partial(_values, COLOUR.reshape(36, -1), "pixel by pixel", truth=COLOUR)),
        Case("rows of 432 of noise", partial(_npz, {"x_train": noise}, Refused("it cannot be told whether"))),
        Case(
            "rows of 100·7", partial(_npz, {"x_train": np.zeros((9, 700), np.uint8)}, Refused("a square image a row"))
        ),
        Case("(H, W, N) with labels", partial(_npz, {"images": grey.transpose(1, 2, 0), "labels": LABELS}, sixth)),
        Case(
            "(H, W, N) without",
            partial(_npz, {"images": grey.transpose(1, 2, 0)}, Refused("it cannot be told whether")),
        ),
        Case("videos", partial(_npz, {"x_train": np.zeros((9, 10, 16, 16), np.uint8)}, Refused("1 or 3 channels"))),
    ]
    flat = np.arange(36, dtype=np.uint8)[:, None, None, None] * np.uint8(7)
    squares, wide = (np.broadcast_to(flat, (36, *shape, 1)) for shape in ((16, 16), (20, 40)))
    padded = squares.copy()
    padded[:, [*range(4), *range(12, 16)]] = 0
    arrays += [
        Case(
            "20×40 arrays, size 16",
            partial(_npz, {"x": wide}, every_sixth(squares, said=("40×20 → 16×16",))),
            "?size=16",
        ),
        Case("20×40 arrays, padded", partial(_npz, {"x": wide}, every_sixth(padded)), "?size=16&fit=pad"),
    ]
    labels = [
        Case("labels (N, 1)", partial(_labels, LABELS[:, None], NAMES)),
        Case("labels one-hot", partial(_labels, one_hot, NAMES)),
        Case("labels in floats", partial(_labels, LABELS.astype(float), NAMES)),
        Case(
            "labels as names", partial(_labels, np.array([f"kind {n}" for n in LABELS]), [f"kind {n}" for n in LABELS])
        ),
        Case("labels negative", partial(_labels, LABELS - 4, [str(n - 4) for n in LABELS])),
        Case("labels large", partial(_labels, LABELS * 1000, [str(n * 1000) for n in LABELS])),
        Case("labels bool", partial(_labels, LABELS > 3, ["true" if n > 3 else "false" for n in LABELS])),
        Case("several labels an image", partial(_labels, several, None, said=("several labels an image",))),
        Case("no labels", partial(_labels, None, None)),
        Case(
            "a label too few",
            partial(_npz, {"x_train": grey, "y_train": LABELS[1:]}, Refused("one label an image, (36,)")),
        ),
        Case(
            "labels with fractions", partial(_npz, {"x_train": grey, "y_train": LABELS / 2}, Refused("holds fractions"))
        ),
    ]
    keys = [
        Case("MedMNIST's keys", partial(_npz, medmnist, left)),
        Case("MedMNIST's keys without test", partial(_npz, as_val, validated)),
        Case("images, labels", partial(_npz, {"images": grey, "labels": LABELS}, sixth)),
        Case("data, target", partial(_npz, {"data": grey, "target": LABELS}, sixth)),
        Case("X, y", partial(_npz, {"X": grey, "y": LABELS}, sixth)),
        Case("arr_0", partial(_npz, {"arr_0": grey}, bare)),
        Case("arr_0, arr_1", partial(_npz, {"arr_0": grey, "arr_1": LABELS}, sixth)),
        Case(
            "images and other numbers", partial(_npz, {"imgs": grey, "ages": LABELS}, every_sixth(GREY, said=("ages",)))
        ),
        Case(
            "two sets of images", partial(_npz, {"noisy": grey, "clean": grey}, Refused("several arrays that may be"))
        ),
        Case("no images", partial(_npz, {"weights": np.zeros(9)}, Refused("holds no x_train but weights"))),
        Case("an object array", _trap),
    ]
    return arrays + labels + keys
