"""Slant and thickness of the strokes in images of bright strokes on black, such as handwritten digits. Numpy only.

Both need no threshold that a pixel could jump over: they change smoothly as an image does, also in fractions of a
pixel. `aecore/viewer/components/interpolator/strokes.js` measures the same in the browser.
"""

from __future__ import annotations

import numpy as np

QUANTITIES = ("slant", "thickness")
UNITS = {"slant": "°", "thickness": " px"}
FAINTEST = 0.1
"""An image whose brightest pixel is darker than this, on the [0, 1] scale, has no strokes."""
DARK_BORDER = 0.1
BATCH = 500
"""Images whose contours are found at once, so that memory is bounded."""
MOST_INK = 0.3
"""Images are taken for strokes where the median image has ink on no more than this share of its pixels."""


def brightness(images: np.ndarray) -> np.ndarray:
    """How bright every pixel is relative to the brightest of its image, float64 (N, H, W), of images (N, C, H, W) on
    the [0, 1] scale, clamped to it; of several channels the brightest counts. NaN for images without strokes."""
    bright = np.clip(np.asarray(images, np.float64), 0, 1).max(axis=1)
    most = bright.max(axis=(1, 2), keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(most >= FAINTEST, bright / most, np.nan)


def ink(images: np.ndarray) -> np.ndarray:
    """How much of every pixel is stroke, float64 (N, H, W) from 0 to 1: 0 up to a quarter of the full brightness, 1
    from three quarters, and linear in between: a faint background weighs nothing, and edges stay where they are."""
    return np.clip(2 * brightness(images) - 0.5, 0, 1)


def slant(images: np.ndarray) -> np.ndarray:
    """The slant of every image, in degrees from upright, positive to the right, as italics lean; float64 (N,).

    θ = arctan(−μ₁₁ / μ₀₂), from the second central moments of the ink, y downwards: the angle of the horizontal shear
    that makes the covariance of x and y vanish. It is how Casey, "Moment normalization of handprinted characters", IBM
    J. Res. Dev. 14 (1970), removes a slant, and the slant of Castro et al., "Morpho-MNIST", JMLR 20 (2019). NaN
    without strokes, and for ink of no height.
    """
    weight = ink(images)
    y, x = (np.arange(size, dtype=np.float64) for size in weight.shape[1:])
    with np.errstate(invalid="ignore", divide="ignore"):
        total = weight.sum(axis=(1, 2))
        across = x - (weight.sum(axis=1) @ x / total)[:, None]
        down = y - (weight.sum(axis=2) @ y / total)[:, None]
        covariance = np.einsum("nyx,ny,nx->n", weight, down, across)
        height = np.einsum("nyx,ny->n", weight, down**2)
        found = np.degrees(np.arctan(-covariance / height))
    return np.where(height > 1e-9 * total, found, np.nan)


def thickness(images: np.ndarray) -> np.ndarray:
    """The thickness of the strokes of every image, in pixels, float64 (N,): 2 · area / perimeter.

    This is the plate model of Parfitt et al., "Relationships between surface, volume, and thickness of iliac
    trabecular bone", J. Clin. Invest. 72 (1983). It is exact for closed strokes; an open one of width w and length l
    reads w · l / (l + w), a little less, as its ends count as edges. Area and perimeter are those of the region above
    half of the brightest pixel. NaN without strokes.
    """
    area, perimeter = area_and_perimeter(brightness(images))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(perimeter > 0, 2 * area / perimeter, np.nan)


def measure(quantity: str, images: np.ndarray) -> np.ndarray:
    """`slant` or `thickness` of images (N, C, H, W), float64 (N,)."""
    return {"slant": slant, "thickness": thickness}[quantity](images)


def area_and_perimeter(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Area and perimeter, in pixels, of where `values` (N, H, W) are above one half, each float64 (N,).

    Between the centres of four pixels lie four triangles around their mean, on each of which the values are linear:
    the contour is a line through every triangle that it crosses, and unambiguous. Around the image everything is 0.
    """
    parts = [_area_and_perimeter(values[start : start + BATCH]) for start in range(0, len(values), BATCH)]
    return (
        np.concatenate([area for area, _ in parts] or [np.zeros(0)]),
        np.concatenate([perimeter for _, perimeter in parts] or [np.zeros(0)]),
    )


def _area_and_perimeter(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    padded = np.pad(values - 0.5, ((0, 0), (1, 1), (1, 1)), constant_values=-0.5)
    corners = [padded[:, :-1, :-1], padded[:, :-1, 1:], padded[:, 1:, 1:], padded[:, 1:, :-1]]
    middle = sum(corners) / 4
    area, perimeter = np.zeros(len(values)), np.zeros(len(values))
    for i in range(4):
        triangles = np.stack([corners[i], corners[(i + 1) % 4], middle])
        count = (triangles > 0).sum(axis=0)
        area += 0.25 * (count >= 2).sum(axis=(1, 2))
        crossed = np.nonzero((count == 1) | (count == 2))  # few: the others are all in or all out
        corner, length = _cut(triangles[:, *crossed], count[crossed])
        area += np.bincount(crossed[0], corner, len(values))
        perimeter += np.bincount(crossed[0], length, len(values))
    return area, perimeter


PLACES = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.5]])
"""Of a triangle's corners: the ends of a side of length 1, and half a pixel above its middle."""


def _cut(values: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of triangles with `values` (3, T) at their `PLACES`, of which `count` (T,), one or two, are positive: what the
    corner that the contour cuts off adds to the area, negative where it is outside, and the length of the cut."""
    inside, each = values > 0, np.arange(values.shape[1])
    alone = np.where(count == 1, inside.argmax(axis=0), (~inside).argmax(axis=0))
    ends, area = [], np.where(count == 1, 0.25, -0.25)
    for other in ((alone + 1) % 3, (alone + 2) % 3):
        share = values[alone, each] / (values[alone, each] - values[other, each])
        ends.append(share[:, None] * (PLACES[other] - PLACES[alone]))
        area = area * share
    return area, np.linalg.norm(ends[0] - ends[1], axis=1)


def are_strokes(images: np.ndarray) -> bool:
    """Whether images (N, C, H, W), on the [0, 1] scale, are bright strokes on black, in one or three channels: their
    borders are dark, and ink covers few of their pixels."""
    if images.shape[1] not in (1, 3) or not len(images) or min(images.shape[2:]) < 4:
        return False
    border = np.ones(images.shape[2:], bool)
    border[1:-1, 1:-1] = False
    covered = (ink(images) > 0.5).mean(axis=(1, 2))
    return bool(np.median(images[:, :, border]) < DARK_BORDER and np.median(covered) <= MOST_INK)
