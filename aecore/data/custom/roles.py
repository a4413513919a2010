"""What an array or a folder is for, from its name: its split (training, validation, test) and images or labels."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

SPLITS = {
    **dict.fromkeys(("train", "training", "trainset", "trainingset", "traindata", "tr"), "train"),
    **dict.fromkeys(("test", "testing", "tests", "testset", "testingset", "testdata", "te"), "test"),
    **dict.fromkeys(("val", "valid", "validation", "valset", "validset", "validationset", "dev"), "val"),
}
"""The usual names of splits, in lower case."""
IMAGES = frozenset(
    ("x", "image", "images", "img", "imgs", "data", "feature", "features", "input", "inputs", "pixels", "pictures")
)
LABELS = frozenset(
    (
        "y",
        "label",
        "labels",
        "lab",
        "labs",
        "lbl",
        "target",
        "targets",
        "class",
        "classes",
        "category",
        "digit",
        "answers",
    )
)
FILLERS = frozenset(("set", "data", "dataset", "images", "image", "imgs", "img", "pictures", "photos", "folder"))
"""Words beside a split's name that mean nothing more: training_set."""

_GLUED = re.compile(r"^(x|y)(train|test|val|valid)$|^(train|test|val|valid)(x|y)$")


class Role(NamedTuple):
    """`split` is train, val, test or empty; `kind` is images, labels or empty; `strange` counts words that say
    neither."""

    split: str
    kind: str
    strange: int


def words(name: str) -> list[str]:
    """The words of a name in lower case: `X_train` is x, train; `train_32x32/X` is train, x; `trainImages` likewise."""
    name = re.sub(r"\.(npy|gz|mat|pt|pth|parquet|csv|idx\d?)\b", " ", name, flags=re.IGNORECASE)
    name = re.sub(r"t10k", "test", name, flags=re.IGNORECASE)
    name = re.sub(r"\d+x\d+|idx\d?|ubyte", " ", name, flags=re.IGNORECASE)
    name = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    found = []
    for word in re.findall(r"[^\W\d_]+", name.lower()):
        glued = _GLUED.match(word)
        found += [part for part in glued.groups() if part] if glued else [word]
    return found


def role_of(name: str) -> Role:
    """The role of an array of that name."""
    parts = words(name)
    splits = {SPLITS[word] for word in parts if word in SPLITS}
    labels, images = any(word in LABELS for word in parts), any(word in IMAGES for word in parts)
    # "data/label" and "X/y": labels are the narrower word.
    kind = "labels" if labels else "images" if images else ""
    known = SPLITS.keys() | LABELS | IMAGES | FILLERS
    return Role(
        splits.pop() if len(splits) == 1 else "", kind, sum(word not in known and word != "arr" for word in parts)
    )


def split_folders(names: Iterable[str]) -> dict[str, str]:
    """Those of the folders that are splits, with their split; none unless one of them is for training.

    The other words of their names must be the same: seg_train and seg_test, not trains and test drives.
    """
    by_rest: dict[tuple[str, ...], dict[str, str]] = {}
    for name in names:
        parts = words(name)
        splits = [SPLITS[word] for word in parts if word in SPLITS]
        if len(splits) == 1:
            rest = tuple(word for word in parts if word not in SPLITS and word not in FILLERS)
            by_rest.setdefault(rest, {})[name] = splits[0]
    candidates = [found for found in by_rest.values() if "train" in found.values()]
    return max(candidates, key=lambda found: (len(set(found.values())), len(found)), default={})


def is_filler(name: str) -> bool:
    """Whether a folder's name says only that it holds images."""
    parts = words(name)
    return bool(parts) and all(word in FILLERS for word in parts)
