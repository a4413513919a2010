"""Files of every other format as people have them, each with what is true of it."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.own_arrays import COLOUR, GREY, LABELS, NAMES, Written, file_case, halves
from benchmarks.own_cases import Case, Refused, Truth, every_sixth


def _idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def _mnist_folder(packed: bool, root: Path) -> Written:
    """The four files of MNIST's folder, plain or packed, or both beside each other as torchvision leaves them."""
    root.mkdir(parents=True, exist_ok=True)
    for split, rows in (("train", slice(0, 24)), ("t10k", slice(24, 36))):
        for name, array in (
            (f"{split}-images-idx3-ubyte", GREY[rows, ..., 0]),
            (f"{split}-labels-idx1-ubyte", LABELS[rows]),
        ):
            content = _idx(array.astype(np.uint8))
            (root / f"{name}.gz").write_bytes(gzip.compress(content))
            if not packed:
                (root / name).write_bytes(content)
    return root, halves(GREY, NAMES)


def _tensors(make: Callable[[Any, Any], Any], truth: Truth | Refused, root: Path) -> Written:
    import torch

    images, labels = torch.from_numpy(GREY[..., 0].copy()), torch.from_numpy(LABELS.copy())
    return file_case("training.pt", lambda path: torch.save(make(images, labels), path), truth, root)


def _torchvision_folder(root: Path) -> Written:
    import torch

    root.mkdir(parents=True, exist_ok=True)
    for name, rows in (("training.pt", slice(0, 24)), ("test.pt", slice(24, 36))):
        torch.save((torch.from_numpy(GREY[rows, ..., 0].copy()), torch.from_numpy(LABELS[rows].copy())), root / name)
    return root, halves(GREY, NAMES)


def _matlab(parts: dict[str, np.ndarray], truth: Truth | Refused, root: Path) -> Written:
    from scipy.io import savemat

    return file_case("images.mat", lambda path: savemat(path, parts, do_compression=True), truth, root)


def _svhn_folder(root: Path) -> Written:
    from scipy.io import savemat

    root.mkdir(parents=True, exist_ok=True)
    for name, rows in (("train_32x32.mat", slice(0, 24)), ("test_32x32.mat", slice(24, 36))):
        savemat(root / name, {"X": COLOUR[rows].transpose(1, 2, 3, 0), "y": LABELS[rows, None] + 1})
    return root, halves(COLOUR, [str(label + 1) for label in LABELS])


def _png(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def _parquet(path: Path, rows: slice, names: bool) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    column = [{"bytes": _png(image), "path": f"{i}.png"} for i, image in enumerate(COLOUR[rows])]
    table = pa.table({"image": column, "label": pa.array(LABELS[rows], pa.int64())})
    if names:
        features = {"label": {"names": [f"kind {i}" for i in range(9)], "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, path)


def _parquet_file(root: Path) -> Written:
    _parquet(root / "train.parquet", slice(0, 36), names=True)
    return root / "train.parquet", every_sixth(COLOUR, [f"kind {label}" for label in LABELS])


def _parquet_folder(root: Path) -> Written:
    for i, rows in enumerate((slice(0, 12), slice(12, 24))):
        _parquet(root / "data" / f"train-{i:05}-of-00002.parquet", rows, names=False)
    _parquet(root / "data" / "test-00000-of-00001.parquet", slice(24, 36), names=False)
    return root, halves(COLOUR, NAMES)


def _csv(header: bool, label: str, packed: bool, root: Path) -> Written:
    titles = [f"pixel{i}" for i in range(144)]
    rows = [[*map(str, image.ravel())] for image in GREY]
    if label:
        titles = [label, *titles]
        rows = [[str(number), *row] for number, row in zip(LABELS, rows, strict=True)]
    text = "\n".join(",".join(row) for row in ([titles] if header else []) + rows) + "\n"
    name = "train.csv.gz" if packed else "train.csv"
    content = gzip.compress(text.encode()) if packed else text.encode()
    return file_case(name, lambda path: path.write_bytes(content), every_sixth(GREY, NAMES if label else None), root)


def _npy_folder(root: Path) -> Written:
    root.mkdir(parents=True, exist_ok=True)
    for name, array in (
        ("X_train", GREY[:24]),
        ("y_train", LABELS[:24]),
        ("X_test", GREY[24:]),
        ("y_test", LABELS[24:]),
    ):
        np.save(root / f"{name}.npy", array)
    return root, halves(GREY, NAMES)


def _preview(root: Path) -> Written:
    """Arrays with a picture of some of them beside them."""
    path, truth = _npy_folder(root)
    Image.fromarray(COLOUR[0]).save(path / "preview.png")
    assert isinstance(truth, Truth)
    return path, replace(truth, said=("left out: preview.png",))


def _bomb(root: Path) -> Written:
    """A header that says there are more images than memory holds, packed to a few bytes."""
    root.mkdir(parents=True, exist_ok=True)
    with gzip.open(root / "images-idx3-ubyte.gz", "wb") as file:
        file.write(bytes([0, 0, 8, 3]) + struct.pack(">3I", 10_000_000, 28, 28) + bytes(1000))
    return root / "images-idx3-ubyte.gz", Refused("not as long as its header says")


def cases() -> list[Case]:
    """Every case, in the order of the table."""
    grey, bare = GREY[..., 0], every_sixth(GREY)
    sixth, sixth_colour = every_sixth(GREY, NAMES), every_sixth(COLOUR, NAMES)
    return [
        Case(".npy", partial(file_case, "a.npy", lambda path: np.save(path, grey), bare)),
        Case("a folder of .npy", _npy_folder),
        Case("a folder of .npy and a preview", _preview),
        Case("IDX", partial(file_case, "a-idx3-ubyte", lambda path: path.write_bytes(_idx(grey)), bare)),
        Case(
            "IDX in .gz",
            partial(file_case, "a-idx3-ubyte.gz", lambda path: path.write_bytes(gzip.compress(_idx(grey))), bare),
        ),
        Case("MNIST's folder, packed", partial(_mnist_folder, True)),
        Case("MNIST's folder, both", partial(_mnist_folder, False)),
        Case("a .gz bomb", _bomb),
        Case("torchvision's training.pt", partial(_tensors, lambda x, y: (x, y), sixth)),
        Case("torchvision's folder", _torchvision_folder),
        Case("a dict of tensors", partial(_tensors, lambda x, y: {"images": x, "labels": y}, sixth)),
        Case("a .pt of objects", partial(_tensors, lambda x, y: Path("."), Refused("holds more than tensors"))),
        Case("SVHN's .mat", partial(_matlab, {"X": COLOUR.transpose(1, 2, 3, 0), "y": LABELS[:, None]}, sixth_colour)),
        Case("SVHN's folder", _svhn_folder),
        Case("a .mat of columns", partial(_matlab, {"data": GREY.reshape(36, -1).T, "label": LABELS[None]}, sixth)),
        Case("Parquet of pictures", _parquet_file),
        Case("a folder of Parquet", _parquet_folder),
        Case(
            "no Parquet, named so",
            partial(file_case, "a.parquet", lambda path: path.write_bytes(b"PAR1 PAR1"), Refused("Parquet")),
        ),
        Case("Kaggle's .csv", partial(_csv, True, "label", False)),
        Case("a .csv without titles", partial(_csv, False, "label", False)),
        Case("a .csv without labels", partial(_csv, True, "", False)),
        Case("a .csv in .gz", partial(_csv, True, "class", True)),
        Case(
            "a .csv of something else",
            partial(file_case, "a.csv", lambda path: path.write_text("name,age\nx,1\n"), Refused("2 columns")),
        ),
        Case(
            "CIFAR's pickle",
            partial(
                file_case,
                "data_batch_1",
                lambda path: path.write_bytes(pickle.dumps({"data": grey})),
                Refused("is a pickle"),
            ),
        ),
        Case("HDF5", partial(file_case, "a.h5", lambda path: path.write_bytes(b"\x89HDF\r\n"), Refused("is HDF5"))),
        Case(
            "a .tar.gz",
            partial(file_case, "a.tar.gz", lambda path: path.write_bytes(b"\x1f\x8b"), Refused("unpack it")),
        ),
    ]
