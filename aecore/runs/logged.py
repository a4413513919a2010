"""The images that a recorded loop logged, by name: what they are in a run, and what makes one of somebody's value."""

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
    (C, H, W), numbers from 0 to 1 or bytes. Raises `UserError` for anything else."""
    import numpy as np

    from aecore.data.convert import to_uint8

    value = value.detach().float().cpu().numpy() if hasattr(value, "detach") and value.is_floating_point() else value
    value = value.detach().cpu().numpy() if hasattr(value, "detach") else value
    try:
        image = np.asarray(value)
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
        return to_uint8(image)
    if image.dtype.kind == "b":
        return image.astype(np.uint8) * np.uint8(255)
    if image.min() < 0 or image.max() > 255:
        raise UserError(f"{name} holds whole numbers outside of 0 to 255")
    return np.ascontiguousarray(image, np.uint8)
