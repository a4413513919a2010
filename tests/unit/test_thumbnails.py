"""The pictures that ship: of the right images, in the right colours, without a loss where that is promised."""

import os

import numpy as np
import pytest

from aecore import data
from aecore.data import thumbnails
from aecore.data.subset import evenly_spaced
from aecore.runs.run import Run
from tests.helpers.paths import GALLERY_RUN


def test_mnist_is_the_panel_to_the_bit():
    panel = Run(GALLERY_RUN).snapshots()
    found = thumbnails.shipped("mnist", panel["indices"], panel["labels"])
    assert found is not None
    assert np.array_equal(found, panel["clean"])


def test_coloured_digits_are_the_panel_to_the_bit():
    panel = Run(GALLERY_RUN.with_name("colored-conv")).snapshots()
    found = thumbnails.shipped("colored-mnist", panel["indices"], panel["labels"])
    assert found is not None
    assert np.array_equal(found, panel["clean"])


def test_cifar_is_close_and_only_what_ships():
    rows = evenly_spaced(10_000, 3_000)
    found = thumbnails.shipped("cifar10", rows, np.zeros(3_000, np.uint8))
    assert found is not None
    assert found.shape == (3_000, 3, 32, 32)
    panel = Run(GALLERY_RUN.with_name("cifar-conv")).snapshots()
    both = np.isin(panel["indices"], rows)
    assert both.any()
    mine = found[np.searchsorted(rows, panel["indices"][both])].astype(float)
    assert np.sqrt(((mine - panel["clean"][both]) ** 2).mean()) < 15
    missing = np.setdiff1d(np.arange(10_000), rows)[:2]
    assert thumbnails.shipped("cifar10", missing, np.zeros(2, np.uint8)) is None


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_labels_are_those_of_the_panel(name):
    panel = Run(GALLERY_RUN if name == "mnist" else GALLERY_RUN.with_name("cifar-conv")).snapshots()
    found = thumbnails.shipped_set(name)
    assert found is not None
    numbers, labels = found
    both = np.isin(panel["indices"], numbers)
    assert np.array_equal(labels[np.searchsorted(numbers, panel["indices"][both])], panel["labels"][both])


def test_of_other_sets_nothing_ships():
    assert thumbnails.shipped_set("fashion-mnist") is None
    assert thumbnails.shipped("fashion-mnist", np.arange(3), np.zeros(3, np.uint8)) is None


@pytest.mark.parametrize("name", ["mnist", "colored-mnist"])
def test_all_of_the_set_to_the_bit(name, monkeypatch):
    if "AECORE_USER_DATA" in os.environ:
        monkeypatch.setenv("AECORE_DATA", os.environ["AECORE_USER_DATA"])
    if not data.prepared(name):
        pytest.skip(f"{name} is not on this machine")
    images = data.load(name)
    found = thumbnails.shipped(name, np.arange(10_000), np.array(images.y_test))
    assert found is not None
    assert np.array_equal(found, images.x_test)


def test_chosen_images_have_pictures():
    assert len(thumbnails.kept_indices("mnist", (1, 28, 28), 10_000)) == 10_000
    assert len(thumbnails.kept_indices("cifar10", (3, 32, 32), 10_000)) == 3_000
    assert len(thumbnails.kept_indices("./mine", (3, 640, 480), 5_000)) == 3_906
    assert len(thumbnails.kept_indices("./mine", (1, 8, 8), 300)) == 300


def test_large_images_are_shrunk_in_proportion():
    made = thumbnails.shrink(np.full((2, 3, 100, 50), 7, np.uint8))
    assert made.shape == (2, 3, 32, 16)
    assert (made == 7).all()
    same = np.arange(64, dtype=np.uint8).reshape(1, 1, 8, 8)
    assert np.array_equal(thumbnails.shrink(same), same)
