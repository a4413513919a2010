"""Images as elements of a page."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from dashboard.widgets.image_grid import img, strip


@pytest.mark.parametrize(("side", "fine"), [(28, False), (48, False), (64, True), (256, True)])
def test_images_with_too_many_pixels_to_be_seen_are_drawn_smoothly(side, fine):
    image = np.random.default_rng(0).integers(0, 256, (3, side, side), dtype=np.uint8)
    element = img(image, "test image 1", "width:100%")
    assert ("ae-fine" in element) == fine
    assert 'alt="test image 1"' in element
    assert 'style="width:100%"' in element
    found = re.search(r'src="data:image/png;base64,([^"]+)"', element)
    assert found
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(found[1])))), np.moveaxis(image, 0, -1))


def test_a_strip_of_small_images_stays_sharp_however_long_it_is():
    assert "ae-fine" not in img(strip(np.zeros((40, 1, 28, 28), np.uint8)), "all")
