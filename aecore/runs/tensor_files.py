"""Safetensors files of a run as NumPy arrays, whatever they turn out to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import safetensors

from aecore.errors import DamagedError
from aecore.files import check_regular, parse_json, reason


def read_arrays(path: Path, about: str = "") -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a safetensors file by name, and the JSON table that its metadata holds under `about`.

    Raises `FileNotFoundError` where there is none, `ValueError` in one line for one that cannot be read: a pipe, a
    truncated file, a number format that NumPy has not.
    """
    try:
        with safetensors.safe_open(check_regular(path), framework="np") as file:
            table = parse_json((file.metadata() or {})[about]) if about else {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no dict
    except FileNotFoundError:
        raise
    except (safetensors.SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(reason(error)) from None
    if not isinstance(table, dict):
        raise ValueError(f"its metadata '{about}' is not a table")
    return arrays, table


def read_tensors(path: Path, owner: str, *, all_finite: bool = True) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file by name. Raises `DamagedError`, which names the `owner`, where there is none, it
    cannot be read, or with `all_finite` holds something that is no number."""
    try:
        arrays = read_arrays(path)[0]
        check_finite(arrays, *(arrays if all_finite else ()))
        return arrays
    except FileNotFoundError:
        raise DamagedError(f"{owner} has no {path.name}") from None
    except ValueError as error:
        raise DamagedError(f"{owner}: {path.name} cannot be read: {reason(error)}") from None


def check_shapes(arrays: dict[str, np.ndarray], shapes: dict[str, tuple[int | None, ...]]) -> None:
    """Raise `ValueError` unless the arrays are there and of these shapes, None standing for any length."""
    for name, shape in shapes.items():
        if name not in arrays:
            raise ValueError(f"it has no '{name}'")
        found = arrays[name].shape
        if len(found) != len(shape) or any(want not in (None, have) for want, have in zip(shape, found, strict=True)):
            wanted = " × ".join("any" if length is None else str(length) for length in shape)
            raise ValueError(f"'{name}' has the shape {' × '.join(map(str, found)) or 'of one number'}, not {wanted}")


def check_whole(arrays: dict[str, np.ndarray], *names: str) -> None:
    """Raise `ValueError` unless these arrays hold whole numbers from 0 to 2³¹."""
    for name in names:
        values = arrays[name]
        if values.dtype.kind not in "iu" or (len(values) and not 0 <= int(values.min()) <= int(values.max()) < 1 << 31):
            raise ValueError(f"'{name}' holds something else than whole numbers from 0 on")


def check_finite(arrays: dict[str, np.ndarray], *names: str) -> None:
    """Raise `ValueError` where one of these arrays holds something that is no number."""
    for name in names:
        if name in arrays and arrays[name].dtype.kind == "f" and not np.isfinite(arrays[name]).all():
            raise ValueError(f"'{name}' holds values that are no numbers")


def check_panel(arrays: dict[str, np.ndarray]) -> None:
    """Raise `ValueError` unless these are a panel as `Run.snapshots` describes it."""
    clean = arrays["clean"].shape if "clean" in arrays else ()
    check_shapes(arrays, {"clean": (None,) * 4, "epochs": (None,)})
    others = {"labels": clean[:1], "indices": clean[:1], "noisy": clean}  # old panels have fewer
    check_shapes(arrays, {name: shape for name, shape in others.items() if name in arrays})
    check_shapes(arrays, {"reconstructions": (len(arrays["epochs"]), *clean)})
    check_finite(arrays, "epochs", "labels", "indices")
    if any(arrays[name].dtype != np.uint8 for name in ("clean", "noisy", "reconstructions") if name in arrays):
        raise ValueError("its images are not bytes")
