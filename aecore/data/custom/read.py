"""Reading the user's images from a folder or file of any kind, and what was understood of them."""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from aecore.data.custom import labels as label_forms
from aecore.data.custom.archive import opener, zip_listing
from aecore.data.custom.arrays import Found, read_arrays
from aecore.data.custom.folder import File, Listing, no_pictures
from aecore.data.custom.formats import ARCHIVE, PARQUET, Kind, bare_name, check_kind, kind_of, refusal
from aecore.data.custom.limits import UNLABELLED
from aecore.data.custom.parquet import Rows, read_rows
from aecore.data.custom.pictures import Picture, read_pictures
from aecore.data.custom.roles import SPLITS, role_of, split_folders
from aecore.data.custom.size import Asked
from aecore.data.custom.splits import Labelled, labelled
from aecore.data.custom.stored import Stored
from aecore.data.custom.understood import Understood
from aecore.data.image_set import Progress
from aecore.errors import UserError

FEW_PICTURES = 3
"""Fewer cannot be trained on."""


def read_folder(
    root: Path, text: str, found: Listing, asked: Asked, progress: Progress, keep: Path | None = None
) -> Found:
    """The images of `folder.listing`: of its pictures, or where it has none of its files of arrays.

    `text` is what messages call the folder; what is done of many pictures is kept in the folder `keep`. Raises
    `UserError` with what would be right.
    """
    if not found.pictures or used_files(root, found) != found.pictures:
        return _folder_of_files(root, text, found, asked, progress)
    report = Understood(kind="a folder of pictures")
    given = [Picture(file.name, partial(_open, root / file.name)) for file in found.pictures]
    report_split_beside(root, report)
    return _pictures(given, found, text, report, asked, progress, keep)


def read_file(path: Path, text: str, asked: Asked, progress: Progress) -> Found:
    """The images of a file. Raises `UserError` with what would be right."""
    kind = check_kind(path.name, first_bytes(path), text)
    report = Understood(kind=kind.words)
    if kind.name == ARCHIVE:
        found = zip_listing(path, text)
        if not found.pictures:
            names = ", ".join(file.name for file in found.others[:4])
            raise UserError(f"{text} holds no pictures{f' but {names}: unpack it and give that' if names else ''}")
        with zipfile.ZipFile(path) as archive:
            given = [Picture(file.name, opener(archive, file.name)) for file in found.pictures]
            return _pictures(given, found, text, report, asked, progress)
    if kind.name == PARQUET:
        return _tables({"": read_rows(path, text)}, text, report, asked, progress)
    assert kind.read is not None  # all other kinds hold arrays
    report_siblings(path, kind, report)
    return read_arrays(kind.read(path, text, "", report), text, report, asked)


def first_bytes(path: Path) -> bytes:
    """The first four bytes of a file, unpacked of a `.gz`; none where it cannot be read, which is said when it is."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            return file.read(4)
    except (OSError, EOFError, zlib.error):
        return b""


def report_siblings(path: Path, kind: Kind, report: Understood) -> None:
    """Remark on files beside this one that seem to belong to it, such as the labels of an IDX file."""
    if kind.name not in ("idx", "npy", "pt", "mat"):
        return
    try:
        names = sorted(one.name for one in path.parent.iterdir() if one.name != path.name)[:10_000]
    except OSError:
        return
    own = role_of(path.name)
    beside = [
        name
        for name in names
        if bare_name(name) != bare_name(path.name)
        and bare_name(name)[-4:] == bare_name(path.name)[-4:]
        and (role_of(name).kind or role_of(name).split)
        and (own.kind or own.split)
    ]
    if beside:
        report.remark(f"beside it lie {', '.join(beside[:4])}: give the folder to use them together")


def report_split_beside(root: Path, report: Understood) -> None:
    """Remark on the folder of another split beside a folder that is itself one: train, where test is there too."""
    if root.name.lower() not in SPLITS:
        return
    with contextlib.suppress(OSError):
        names = sorted(one.name for one in root.parent.iterdir() if one.is_dir() and one.name != root.name)
        others = [name for name, split in split_folders([*names, root.name]).items() if name != root.name and split]
        if others:
            report.remark(f"beside it lies {', '.join(others[:4])}: give the folder above to use both")


def _open(path: Path) -> io.BufferedReader:
    return path.open("rb")


def _pictures(
    given: Sequence[Picture],
    found: Listing,
    text: str,
    report: Understood,
    asked: Asked,
    progress: Progress,
    keep: Path | None = None,
) -> Found:
    """The images of a folder's or an archive's pictures."""
    report.leave_out((file.name for file in found.others), "is no picture of a kind that is read")
    report.leave_out(found.hidden, "is hidden, or made by the system")
    plan = labelled([one.name for one in given], report)
    by_name = {one.name: one for one in given}
    return read_pictures([by_name[name] for name in plan.names], plan, text, report, asked, progress, keep)


def _folder_of_files(root: Path, text: str, found: Listing, asked: Asked, progress: Progress) -> Found:
    """The images of a folder that holds files of arrays, such as MNIST's four IDX files."""
    known = [
        (file, kind) for file in array_files(root, found) if (kind := kind_of(file.name, first_bytes(root / file.name)))
    ]
    if not known:
        names = [file.name for file in found.others]
        for name in names[:20]:
            if why := refusal(name, first_bytes(root / name)):
                raise UserError(f"{text} holds no images, and {name} {why}")
        raise no_pictures(text, names)
    kinds = {kind.name for _, kind in known}
    if len(kinds) > 1:
        raise UserError(
            f"{text} holds no pictures but files of several kinds ({', '.join(sorted(kinds))}): give one of them"
        )
    kind = known[0][1]
    report = Understood(kind=f"a folder of {len(known):,} files: {kind.words}" if len(known) > 1 else kind.words)
    used = {file.name for file, _ in known}
    unused = [file.name for file in (*found.others, *found.pictures) if file.name not in used]
    report.leave_out(unused, "is no file of the same kind")
    report.leave_out(found.hidden, "is hidden, or made by the system")
    if kind.name == PARQUET:
        rows: dict[str, list[Rows]] = {}
        for file, _ in known:
            rows.setdefault(role_of(file.name.rpartition("/")[2]).split, []).append(read_rows(root / file.name, text))
        return _tables({split: _joined(parts, text) for split, parts in rows.items()}, text, report, asked, progress)
    read = kind.read
    if read is None:
        raise UserError(f"{text} holds no pictures but {known[0][0].name}: give that")
    if kind.name == "csv" and any(role_of(file.name).split for file, _ in known):  # beside it lies a list of names
        others = [file.name for file, _ in known if not role_of(file.name).split]
        report.leave_out(others, "is not named after a split, as others are")
        known = [(file, kind) for file, kind in known if file.name not in others]
    arrays: list[Stored] = []
    for file, _ in known:
        folder, _, name = bare_name(file.name).rpartition("/")
        parent = folder.rpartition("/")[2]
        name = f"{parent}/{name}" if role_of(parent).split else name
        arrays += read(root / file.name, f"{text}/{file.name}", name, report)
    return read_arrays(arrays, text, report, asked)


def used_files(root: Path, found: Listing) -> list[File]:
    """The files that are read of a folder: its pictures, or files of arrays where it has too few pictures to train on,
    such as a preview beside them."""
    if len(found.pictures) >= FEW_PICTURES:
        return found.pictures
    return array_files(root, found) or found.pictures


def array_files(root: Path, found: Listing) -> list[File]:
    """The files of arrays in a folder without pictures; one that is there packed and unpacked counts once."""
    known = [file for file in found.others if kind_of(file.name, first_bytes(root / file.name))]
    plain = {bare_name(file.name) for file in known if not file.name.lower().endswith(".gz")}
    return [file for file in known if not file.name.lower().endswith(".gz") or bare_name(file.name) not in plain]


def _joined(parts: Sequence[Rows], text: str) -> Rows:
    """The rows of several files of one split, one after another."""
    labels = [part.labels for part in parts if part.labels is not None]
    if labels and len(labels) < len(parts):
        raise UserError(f"{text}: only some of its files have labels: give labels in all or in none")
    pictures = [picture for part in parts for picture in part.pictures]
    return Rows(pictures, np.concatenate(labels) if labels else None, parts[0].names, parts[0].label)


def _tables(rows: dict[str, Rows], text: str, report: Understood, asked: Asked, progress: Progress) -> Found:
    """The images of tables of pictures, by split."""
    if len(rows) == 1:
        rows = {"train": next(iter(rows.values()))}
        report.split = "none is given: the first image and every sixth after it are the test images"
        test = ""
    else:
        if "train" not in rows:
            raise UserError(
                f"{text} holds files of several splits and none is named train: name the training images so"
            )
        test = "test" if "test" in rows else "val"
        for split in [split for split in rows if split not in ("train", test)]:
            names = [f"{len(rows.pop(split).pictures):,} pictures of {split or 'no split'}"]
            report.leave_out(names, "are neither training nor test images")
        if test not in rows:
            raise UserError(f"{text} holds files of unclear splits: name them train… and test…")
        report.split = f"the files named train to train on, those named {test} to test"
        if test == "val":
            report.remark("there are no test images: the validation images are the test images")
    given, labels = [], {}
    for split, part in rows.items():
        given += [
            (split, Picture(f"{split or 'row'} {i:,}", partial(io.BytesIO, picture)))
            for i, picture in enumerate(part.pictures)
        ]
        if part.labels is not None:
            labels[split] = part.labels
    known = label_forms.classes_of(
        labels,
        {split: len(part.pictures) for split, part in rows.items()},
        {split: f"the column {part.label}" for split, part in rows.items()},
        text,
        report,
        rows["train"].names,
    )
    numbers = np.concatenate([known.labels[split] for split in rows]).tolist() if rows else []
    plan = Labelled(
        [picture.name for _, picture in given],
        numbers,
        [split == test for split, _ in given] if test else None,
        known.names or UNLABELLED,
    )
    return read_pictures([picture for _, picture in given], plan, text, report, asked, progress)
