"""The images that a loop logged, by name: what they are in a run, what makes one of somebody's value, and collecting
them, bounded however long the loop runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aecore.errors import DamagedError, UserError
from aecore.runs.run import LOGGED, Run

if TYPE_CHECKING:
    import numpy as np

EPOCHS = " epochs"
"""Behind the name of the images in the file: the epochs of their rows."""
MOST_NAMES, MOST_ROWS = 16, 64
LARGEST_SIDE = 1024
MOST_BYTES = 16_000_000
"""Of all rows of one name; with more, or more than `MOST_ROWS`, every second row is dropped."""

LEAST_MEAN, MOST_MEAN = -0.5, 2.0
"""Between which the mean of an image on the scale from 0 to 1 lies, whatever noise is on it."""

MOST_CLAMPED = 0.05
"""From this share of an image's numbers on, clamping them is worth a word: they may be on another scale."""

Logged = dict[str, tuple["np.ndarray", "np.ndarray"]]
"""By name the epochs int32 (E,), in order, and the images uint8 (E, C, H, W) with one or three channels."""


def read_logged(run: Run) -> Logged:
    """What the run's loop logged; nothing where it logged none. Raises `DamagedError` for a file that holds something
    else."""
    if not run.file(LOGGED).exists():
        return {}
    arrays = run.tensors(LOGGED)
    found: Logged = {}
    for name, images in arrays.items():
        if name.endswith(EPOCHS):
            continue
        epochs = arrays.get(name + EPOCHS)
        fits = images.ndim == 4 and images.shape[1] in (1, 3) and images.dtype.name == "uint8" and images.size
        if not fits or epochs is None or epochs.shape != images.shape[:1] or epochs.dtype.kind != "i":
            raise DamagedError(f"run {run.id}: {LOGGED} holds something else than images")
        found[name] = (epochs, images)
    return found


def as_image(name: str, value: Any) -> np.ndarray:
    """An image uint8 (C, H, W) of one or three channels from an array, a tensor or a picture: (H, W), (H, W, C) or
    (C, H, W), numbers from 0 to 1 or bytes. What noise puts outside is clamped. Raises `UserError` for anything else,
    and for numbers that are plainly on another scale."""
    return _as_bytes(_numbers(name, value))


def _numbers(name: str, value: Any) -> Any:
    """The numbers (C, H, W) of an image as they are: floats on the scale from 0 to 1, bytes or truth values."""
    import numpy as np

    value = value.detach().float().cpu().numpy() if hasattr(value, "detach") and value.is_floating_point() else value
    value = value.detach().cpu().numpy() if hasattr(value, "detach") else value
    try:
        image = _pixels(value) if isinstance(getattr(value, "mode", None), str) else np.asarray(value)
    except Exception:
        image = np.empty(0, object)
    if image.dtype.kind not in "fiub" or image.ndim not in (2, 3) or not image.size:
        raise UserError(f"{name} should be an image (H, W), (H, W, C) or (C, H, W), not {type(value).__name__} "
                        f"of {' × '.join(map(str, image.shape)) or 'no'} numbers")  # fmt: skip
    image: Any = image[None] if image.ndim == 2 else image
    if image.shape[0] not in (1, 3):
        image = image.transpose(2, 0, 1)[:3] if image.shape[2] in (1, 3, 4) else image
    if image.shape[0] not in (1, 3):
        raise UserError(f"{name} should have one or three channels, not a shape of {' × '.join(map(str, image.shape))}")
    if max(image.shape[1:]) > LARGEST_SIDE:
        raise UserError(
            f"{name} is {image.shape[2]} × {image.shape[1]} pixels; at most {LARGEST_SIDE} to a side are kept"
        )
    if image.dtype.kind == "f":
        if not np.isfinite(image).all():
            raise UserError(f"{name} holds NaN or infinity")
        if not LEAST_MEAN <= image.mean(dtype=np.float64) <= MOST_MEAN:  # clamped it would be black or white
            found = f"{image.min():g} to {image.max():g}"
            raise UserError(f"{name} holds numbers from {found}; they should be from 0 to 1, or bytes")
    elif image.dtype.kind != "b" and (image.min() < 0 or image.max() > 255):
        raise UserError(f"{name} holds whole numbers outside of 0 to 255")
    return image


def _as_bytes(image: Any) -> np.ndarray:
    import numpy as np

    from aecore.data.convert import to_uint8

    if image.dtype.kind == "f":
        return to_uint8(image)
    return image.astype(np.uint8) * np.uint8(255) if image.dtype.kind == "b" else np.ascontiguousarray(image, np.uint8)


def _outside(image: Any) -> float:
    """The share of an image's numbers that clamping changes by more than rounding does."""
    import numpy as np

    if image.dtype.kind != "f":
        return 0.0
    return float(np.mean((image < -1 / 510) | (image > 1 + 1 / 510)))


def _pixels(picture: Any) -> np.ndarray:
    """The numbers of a picture of Pillow, (H, W) or (3, H, W), which may hold its colours as others than red, green and
    blue, or as places in a palette."""
    import numpy as np

    if picture.mode in ("1", "L", "F") or picture.mode.startswith("I"):
        return np.asarray(picture)
    pixels = np.asarray(picture.convert("L" if picture.mode == "LA" else "RGB"))
    return pixels.transpose(2, 0, 1) if pixels.ndim == 3 else pixels


def decoded(name: str, content: bytes) -> np.ndarray:
    """The first picture of a PNG, JPEG, GIF or WebP file as an image uint8 (C, H, W). Raises `UserError` for anything
    else, and for one that is larger than what is kept, before its pixels are read."""
    import io

    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "GIF", "WEBP")) as picture:
            if max(picture.size) > LARGEST_SIDE:
                raise UserError(f"{name} is larger than {LARGEST_SIDE} pixels to a side")
            pixels = _pixels(picture)
            return as_image(name, pixels / 65_535 if picture.mode.startswith("I") else pixels)  # of 16 bits
    except UserError:
        raise
    except Exception as error:  # damaged pictures fail in many ways
        raise UserError(f"{name} is no picture: {error}") from None


class LoggedImages:
    """By name the rows so far, an epoch and an image each."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[int, np.ndarray]] = {}
        self.strides: dict[str, int] = {}
        self.said: set[str] = set()
        """Names of whose images it was said that they are clamped."""
        self.changed = False
        """Whether there are rows that are in no file yet, as whoever writes it says."""

    def add(self, name: str, epoch: int, value: Any) -> str:
        """Add an image; a second one of an epoch replaces the first. Returns a line where many of its numbers were
        clamped, once for a name: of noise that is right, of images from -1 to 1 it is not, and which it is cannot be
        told. Raises `UserError` for what is no image, or of another size than those before it."""
        if name.endswith(EPOCHS) or name == "__metadata__":
            raise UserError(f"'{name}' cannot be the name of an image")
        numbers = _numbers(name, value)
        image = _as_bytes(numbers)
        rows = self.rows.get(name, {})
        if not rows and len(self.rows) >= MOST_NAMES:
            raise UserError(f"{name} is one name too many: images of {MOST_NAMES} names are kept")
        if rows and (before := next(iter(rows.values())).shape) != image.shape:
            sizes = [" × ".join(map(str, shape)) for shape in (image.shape, before)]
            raise UserError(f"{name} is {sizes[0]} (channels, height, width), and was {sizes[1]} before")
        self.rows[name] = rows | {epoch: image}
        self.changed = True
        self._thin(name)
        if (outside := _outside(numbers)) < MOST_CLAMPED or name in self.said:
            return ""
        self.said.add(name)
        return (
            f"of the image {name}, {100 * outside:.0f} % of the numbers lay outside of 0 to 1 and were clamped; "
            "images from -1 to 1 should be logged as (x + 1) / 2"
        )

    def drop_from(self, epoch: int, prefix: str = "") -> int:
        """Forget the rows of this epoch and later ones, of names that begin with `prefix`; returns how many."""
        before = sum(map(len, self.rows.values()))
        kept = {
            name: {at: image for at, image in rows.items() if at < epoch or not name.startswith(prefix)}
            for name, rows in self.rows.items()
        }
        self.rows = {name: rows for name, rows in kept.items() if rows}
        return before - sum(map(len, self.rows.values()))

    def _thin(self, name: str) -> None:
        """Keep the first row of every `stride` epochs, and the last of all; while they are too many, the stride
        doubles."""
        rows = self.rows[name]
        most = max(min(MOST_ROWS, MOST_BYTES // next(iter(rows.values())).size), 2)
        first, last = min(rows), max(rows)
        while True:
            stride = self.strides.setdefault(name, 1)
            firsts = {(epoch - first) // stride: epoch for epoch in sorted(rows, reverse=True)}
            kept = {*firsts.values(), last}
            if len(kept) <= most:
                break
            self.strides[name] = 2 * stride
        self.rows[name] = {epoch: image for epoch, image in rows.items() if epoch in kept}

    def to_bytes(self) -> bytes:
        """The file as `read_logged` reads it."""
        import numpy as np
        import safetensors.numpy

        tensors: dict[str, np.ndarray] = {}
        for name, rows in self.rows.items():
            epochs = sorted(rows)
            tensors[name] = np.stack([rows[epoch] for epoch in epochs])
            tensors[name + EPOCHS] = np.array(epochs, np.int32)
        return safetensors.numpy.save(tensors)
