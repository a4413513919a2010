"""Slant and thickness, of shapes whose slant and thickness are known, and against scikit-image's contours."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from skimage.measure import find_contours

from aecore.data import thumbnails
from aecore.metrics import strokes
from tests.helpers.paths import ROOT

SIZE, FINER = 40, 16


def drawn(inside) -> np.ndarray:
    """The shape `inside(x, y)`, x to the right and y up from the middle in pixels, with smooth edges: (1, 1, S, S)."""
    y, x = (np.mgrid[: SIZE * FINER, : SIZE * FINER] + 0.5) / FINER - SIZE / 2
    return inside(x, -y).reshape(SIZE, FINER, SIZE, FINER).mean(axis=(1, 3)).astype(np.float32)[None, None]


def bar(angle: float, width: float, height: float = 24) -> np.ndarray:
    """An upright bar of this width and height, sheared to the right by an angle in degrees, a little off the middle."""
    shear = np.tan(np.radians(angle))
    return drawn(lambda x, y: (abs(x - 0.3 - shear * y) <= width / 2) & (abs(y) <= height / 2))


@pytest.mark.parametrize("angle", [-40, -15, 0, 5, 20, 40])
@pytest.mark.parametrize("width", [2, 3, 5])
def test_sheared_bars(angle, width):
    image = bar(angle, width)
    assert strokes.slant(image)[0] == pytest.approx(angle, abs=0.2)
    area, perimeter = width * 24, 2 * width + 2 * 24 / np.cos(np.radians(angle))
    assert strokes.thickness(image)[0] == pytest.approx(2 * area / perimeter, rel=0.025)


@pytest.mark.parametrize("width", [1.5, 2, 3, 4])
def test_a_ring_is_as_thick_as_it_is_drawn(width):
    image = drawn(lambda x, y: abs(np.hypot(x, y) - 11) <= width / 2)
    assert strokes.thickness(image)[0] == pytest.approx(width, rel=0.02)
    assert strokes.slant(image)[0] == pytest.approx(0, abs=0.01)


def test_neither_brightness_nor_a_faint_background_nor_other_channels_matter():
    image = bar(20, 3)
    for other in (
        0.4 * image,
        2 * image - 0.5,
        np.maximum(image, 0.2 * image.max()),
        np.pad(image, ((0,), (1,), (0,), (0,))),
    ):
        assert strokes.slant(other)[0] == pytest.approx(strokes.slant(image)[0], abs=0.1)
        assert strokes.thickness(other)[0] == pytest.approx(strokes.thickness(image)[0], rel=0.04)


def test_contours_of_digits_are_those_of_scikit_image():
    numbers, labels = thumbnails.shipped_set("mnist")  # type: ignore[misc]
    images = thumbnails.shipped("mnist", numbers[:40], labels[:40]) / np.float32(255)  # type: ignore[operator]
    bright = strokes.brightness(images)
    area, perimeter = strokes.area_and_perimeter(bright)
    for i, image in enumerate(bright):
        contours = find_contours(np.pad(image, 1), 0.5)
        length = sum(np.linalg.norm(np.diff(line, axis=0), axis=1).sum() for line in contours)
        inside = sum(0.5 * (line[:-1, 0] * line[1:, 1] - line[1:, 0] * line[:-1, 1]).sum() for line in contours)
        assert perimeter[i] == pytest.approx(length, rel=0.03)
        assert area[i] == pytest.approx(abs(inside), rel=0.03)


def test_an_image_without_strokes_has_neither():
    images = np.stack(
        [np.zeros((1, 28, 28)), np.full((1, 28, 28), 0.05), np.full((1, 28, 28), np.nan), bar(0, 3)[0, :, 6:34, 6:34]]
    )
    assert np.isnan(strokes.slant(images)).tolist() == [True, True, True, False]
    assert np.isnan(strokes.thickness(images)).tolist() == [True, True, True, False]
    line = np.zeros((1, 1, 9, 9))
    line[..., 4, :] = 1
    assert np.isnan(strokes.slant(line)[0]), "it has no height to be slanted in"


def test_which_images_are_strokes():
    def shipped(name: str) -> np.ndarray:
        numbers, labels = thumbnails.shipped_set(name)  # type: ignore[misc]
        return thumbnails.shipped(name, numbers[:200], labels[:200]).astype(np.float32) / 255  # type: ignore[union-attr]

    assert strokes.are_strokes(shipped("mnist"))
    assert strokes.are_strokes(shipped("colored-mnist"))
    assert not strokes.are_strokes(shipped("cifar10"))
    assert not strokes.are_strokes(1 - shipped("mnist")), "ink on paper"
    assert not strokes.are_strokes(np.repeat(shipped("mnist"), 2, axis=1)), "two channels"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_browser_measures_digits_alike():
    numbers, labels = thumbnails.shipped_set("mnist")  # type: ignore[misc]
    images = thumbnails.shipped("mnist", numbers[:50], labels[:50]) / np.float32(255)  # type: ignore[operator]
    script = f"""
import {{ MEASURES }} from "{(ROOT / "aecore/viewer/components/interpolator/strokes.js").as_uri()}";
const images = JSON.parse(await new Response(process.stdin).text());
const measured = ["slant", "thickness"].map((name) => images.map((image) => MEASURES[name](image, [1, 28, 28])));
console.log(JSON.stringify(measured));
"""
    given = json.dumps(images.reshape(50, -1).tolist())
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script], input=given, capture_output=True, text=True, check=True
    )
    for quantity, found in zip(strokes.QUANTITIES, json.loads(done.stdout), strict=True):
        assert found == pytest.approx(strokes.measure(quantity, images), abs=1e-4)
