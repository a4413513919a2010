"""Splits and classes from names alone: every image is in exactly one place, or is said to be left out."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aecore.data.custom.limits import one_line
from aecore.data.custom.roles import role_of, split_folders, words
from aecore.data.custom.splits import labelled
from aecore.data.custom.understood import Understood

FOLDERS = ("train", "Training", "test", "TEST1", "val", "Valid", "cat", "dog", "images", "masks", "data", "a b", "x")
paths = st.lists(st.sampled_from(FOLDERS), max_size=4).flatmap(
    lambda folders: st.sampled_from(["1.png", "2.png", "cat.3.jpg"]).map(lambda name: "/".join([*folders, name]))
)


@given(st.lists(paths, unique=True, min_size=1, max_size=14))
@settings(max_examples=400)
@example(["train/masks/1.png", "test/train/images/1.png"])
def test_every_image_is_in_one_split_or_said_to_be_left_out(names):
    report = Understood()
    plan = labelled(sorted(names), report)
    left_out = [entry["name"] for entry in report.left_out]
    assert sorted([*plan.names, *left_out]) == sorted(names)
    assert len(plan.labels) == len(plan.names)
    assert set(plan.labels) <= set(range(len(plan.classes)))
    if plan.test is not None:
        assert len(plan.test) == len(plan.names)
        assert not all(plan.test), "something is left to train on"
    assert report.split
    assert report.labels


@given(st.lists(st.sampled_from(["cat", "dog", "eel"]), min_size=2, max_size=9))
def test_the_same_pictures_have_the_same_classes_wherever_the_split_stands(classes):
    """train/cat and cat/train, below any folder that holds everything, mean the same."""
    placed = [(name, "train" if i % 2 else "test", i) for i, name in enumerate(classes)]
    if len({name for name, _, _ in placed}) < 2 or len({split for _, split, _ in placed}) < 2:
        return
    found = []
    for form in ("{split}/{name}/{i}.png", "all/{split}/{name}/{i}.png", "{name}/{split}/{i}.png"):
        names = sorted(form.format(name=name, split=split, i=i) for name, split, i in placed)
        plan = labelled(names, Understood())
        if plan.test is None:  # a class without training images has no split inside it
            return
        rows = zip(plan.names, plan.labels, plan.test, strict=True)
        found.append(sorted((name.rpartition("/")[2], plan.classes[label], test) for name, label, test in rows))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["train", "test"], {"train": "train", "test": "test"}),
        (["Training", "TESTING", "Validation"], {"Training": "train", "TESTING": "test", "Validation": "val"}),
        (["training_set", "test_set", "other"], {"training_set": "train", "test_set": "test"}),
        (["seg_train", "seg_test", "seg_pred"], {"seg_train": "train", "seg_test": "test"}),
        (["train-images", "test1"], {"train-images": "train", "test1": "test"}),
        (["trains", "cars", "planes"], {}),
        (["test", "val"], {}),
        (["train a", "test b"], {"train a": "train"}),
        (["train_test", "cat"], {}),
    ],
)
def test_folders_that_are_splits(names, expected):
    assert split_folders(names) == expected


@pytest.mark.parametrize(
    ("name", "split", "kind"),
    [
        ("x_train", "train", "images"), ("y_test", "test", "labels"), ("X_val", "val", "images"),
        ("trainImages", "train", "images"), ("xtrain", "train", "images"), ("test_labels", "test", "labels"),
        ("t10k-images-idx3-ubyte", "test", "images"), ("train-labels-idx1-ubyte.gz", "train", "labels"),
        ("train_32x32.mat/X", "train", "images"), ("test_32x32.mat/y", "test", "labels"), ("imgs", "", "images"),
        ("training/0", "train", ""), ("arr_0", "", ""), ("dataset/train/images", "train", "images"),
        ("train.csv/label", "train", "labels"), ("target", "", "labels"), ("weights", "", ""),
    ],
)  # fmt: skip
def test_arrays_are_told_apart_by_their_names(name, split, kind):
    assert role_of(name)[:2] == (split, kind)


def test_names_of_any_kind_have_words_and_are_one_line():
    assert words("Тест_train") == ["тест", "train"]
    assert one_line("a\n\x1b[31mb\x00 c") == "a ?[31mb? c"
