"""With which images the pages begin."""

import numpy as np
import pytest

from dashboard.widgets.image_picker import FIRST, first_row


def test_digits_begin_with_those_of_the_reports():
    labels = np.random.default_rng(0).integers(0, 10, 500)
    assert {name: labels[first_row(labels, name)] for name in FIRST} == FIRST


@pytest.mark.parametrize("classes", [1, 2, 3, 9])
def test_both_ends_of_a_path_are_never_one_image(classes):
    """Image sets of one's own have few classes, or one for all."""
    labels = np.repeat(np.arange(classes), 20)
    rows = [first_row(labels, name) for name in FIRST]
    assert len(set(rows)) == len(rows)
    assert len(set(labels[rows].tolist())) == min(classes, len(FIRST))


def test_fewer_images_than_ends():
    assert {first_row(np.zeros(2, np.uint8), name) for name in FIRST} == {0, 1}
