"""Classes and split of pictures, from their paths alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from aecore.data.custom.limits import MOST_CLASSES, UNLABELLED, one_line
from aecore.data.custom.roles import FILLERS, SPLITS, is_filler, split_folders, words
from aecore.data.custom.understood import Understood

MASKS = frozenset(("mask", "masks", "annotations", "segmentation", "segmentations", "groundtruth", "gt", "labels"))
"""Folders beside one of images that hold a picture of labels for each of them."""


class Labelled(NamedTuple):
    """The label and split of each picture, in the order of the names. `test` marks the test pictures; None without a
    split."""

    names: list[str]
    labels: list[int]
    test: list[bool] | None
    classes: tuple[str, ...]


class _Placed(NamedTuple):
    """A picture: its name, its split (train, test or val, empty without), and the folders below that."""

    name: str
    split: str
    rest: tuple[str, ...]


def labelled(names: Sequence[str], report: Understood) -> Labelled:
    """Classes and split from sorted names: `[train/ or test/][class/…]file`, or `class/[train/ or test/]file`.

    Folders that hold everything are passed over. Fills in the report's split, labels, remarks and what is left out.
    """
    placed = _placed([(name, tuple(name.split("/")[:-1])) for name in names], report)
    splits = {one.split for one in placed}
    chosen = "test" if "test" in splits else "val" if "val" in splits else ""
    if chosen:
        if chosen == "test" and "val" in splits:
            report.leave_out(
                [one.name for one in placed if one.split == "val"], "is a validation image, and there are test images"
            )
        placed = [one for one in placed if one.split in ("train", chosen)]
    else:
        report.split = "none is given: the first image and every sixth after it are the test images"
    placed = _without_masks(placed, report)
    labels, classes = _classes(placed, report)
    test = [one.split == chosen for one in placed] if chosen else None
    return Labelled([one.name for one in placed], labels, test, classes)


def _placed(files: list[tuple[str, tuple[str, ...]]], report: Understood) -> list[_Placed]:
    """Each picture's split and the folders below; pictures of no split are left out where there is one."""
    while True:
        tops = Counter(folders[0] if folders else "" for _, folders in files)
        named = [top for top in tops if top]
        found = split_folders(named)
        if len(set(found.values())) > 1 or (found and not [top for top in named if top not in found]):
            return _by_split(files, found, report)
        by_class = _split_in_classes(files, named)
        if by_class and "" not in tops:
            return _by_split([(name, folders[1::-1] + folders[2:]) for name, folders in files], by_class, report)
        # One folder that holds all others: what is inside it counts.
        if len(tops) == 1 and named and any(len(folders) > 1 for _, folders in files):
            files = [(name, folders[1:]) for name, folders in files]
            continue
        return [_Placed(name, "", folders) for name, folders in files]


def _split_in_classes(files: list[tuple[str, tuple[str, ...]]], tops: Sequence[str]) -> dict[str, str]:
    """The split folders that every top folder has inside it, with pictures nowhere else; none unless so."""
    if len(tops) < 2 or any(len(folders) < 2 for _, folders in files):
        return {}
    inside: dict[str, set[str]] = {top: set() for top in tops}
    for _, folders in files:
        inside[folders[0]].add(folders[1])
    known = split_folders(set().union(*inside.values()))
    every = all(folders and all(name in known for name in folders) for folders in inside.values())
    return known if every and len(set(known.values())) > 1 else {}


def _by_split(files: list[tuple[str, tuple[str, ...]]], found: dict[str, str], report: Understood) -> list[_Placed]:
    placed = [
        _Placed(name, found[folders[0]], folders[1:]) for name, folders in files if folders and folders[0] in found
    ]
    placed = _without_wrappers(placed)
    report.leave_out(
        [name for name, folders in files if not folders or folders[0] not in found],
        "lies in none of the folders of the split",
    )
    by_split = {split: sorted(folder for folder, one in found.items() if one == split) for split in found.values()}
    train = " and ".join(map(one_line, by_split["train"]))
    if "test" in by_split:
        report.split = f"{train} to train on, {' and '.join(map(one_line, by_split['test']))} to test"
    elif "val" in by_split:
        val = " and ".join(map(one_line, by_split["val"]))
        report.split = f"{train} to train on, {val} to test"
        report.remark(f"there are no test images: the validation images ({val}) are the test images")
    return placed


def _without_wrappers(placed: list[_Placed]) -> list[_Placed]:
    """Without a folder that holds all pictures of a split and is named as a split or as images: test/test/1.jpg."""
    for split in {one.split for one in placed}:
        inside = [one for one in placed if one.split == split]
        tops = {one.rest[0] if one.rest else "" for one in inside}
        top = tops.pop()
        if not tops and top and all(word in SPLITS or word in FILLERS for word in words(top)) and words(top):
            placed = [one._replace(rest=one.rest[1:]) if one.split == split else one for one in placed]
    return placed


def _without_masks(placed: list[_Placed], report: Understood) -> list[_Placed]:
    """Without the second of two folders of which one is for images and the other for masks."""
    folders = sorted({one.rest[0] if one.rest else "" for one in placed})
    fillers = [folder for folder in folders if folder and is_filler(folder)]
    masks = [folder for folder in folders if set(words(folder)) & MASKS]
    if len(folders) != 2 or len(fillers) != 1 or len(masks) != 1 or fillers == masks:
        return placed
    if {one.split for one in placed if one.rest[0] != masks[0]} != {one.split for one in placed}:
        return placed  # images in one split and masks in the other: they belong to something else
    report.leave_out(
        [one.name for one in placed if one.rest[0] == masks[0]], "is a mask: give their own path to train on them"
    )
    return [one for one in placed if one.rest[0] != masks[0]]


def _classes(placed: list[_Placed], report: Understood) -> tuple[list[int], tuple[str, ...]]:
    """The label of each picture and the classes' names: the first folder below the split."""
    tops = [one.rest[0] if one.rest else "" for one in placed]
    folders = sorted({top for top in tops if top})
    if not folders or (len(folders) == 1 and is_filler(folders[0])):
        report.labels = "none, the images are unlabelled"
        _remark_names(placed, report)
        return [0] * len(placed), UNLABELLED
    loose = "" in tops
    if len(folders) + loose > MOST_CLASSES:
        report.labels = f"none, as there are {len(folders):,} folders and {MOST_CLASSES} classes at most"
        report.remark(f"{len(folders):,} folders are too many for classes: the images were taken without labels")
        return [0] * len(placed), UNLABELLED
    number = {folder: i for i, folder in enumerate(folders)}
    like_splits = [folder for folder in folders if folder.lower() in SPLITS]
    if like_splits and len(folders) > 1:
        names = ", ".join(map(one_line, like_splits))
        report.remark(f"taken as a class, as there is no split without folders train and test beside it: {names}")
    if loose:
        number[""] = len(folders)
        bare = [one for one in placed if not one.rest]
        where = {one.split for one in bare}
        what = "the test images" if where <= {"test", "val"} and where != {""} else f"{len(bare):,} images"
        if where <= {"test", "val"} and any(one.rest for one in placed if one.split in where):
            what = f"{len(bare):,} test images"
        report.remark(f"{what} lie in no class's folder: their class is '{UNLABELLED[0]}'")
    deeper = sorted({"/".join(one.rest[:2]) for one in placed if len(one.rest) > 1})
    if deeper:
        names = ", ".join(map(one_line, deeper[:3])) + (", …" if len(deeper) > 3 else "")
        report.remark(f"folders below those of the classes count for nothing ({names})")
    report.labels = "from the folders" if len(folders) > 1 else f"one, from the folder {one_line(folders[0])}"
    return [number[top] for top in tops], (*map(one_line, folders), *(UNLABELLED if loose else ()))


def _remark_names(placed: list[_Placed], report: Understood) -> None:
    """A remark where the files' names begin with what looks like classes: cat.0.jpg, dog.0.jpg."""
    starts = Counter(one.name.rpartition("/")[2].split(".")[0] for one in placed if one.split in ("", "train"))
    begun = [start for start in starts if start.isalpha()]
    dotted = all(one.name.rpartition("/")[2].count(".") > 1 for one in placed if one.split in ("", "train"))
    if dotted and 2 <= len(begun) == len(starts) <= 32:
        names = ", ".join(map(one_line, sorted(begun)[:4]))
        report.remark(f"the files' names begin with {names}: give each a folder if these are classes")
