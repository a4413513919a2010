"""An array as a file holds it: its header is known before any of its bytes are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from aecore.errors import UserError


class Stored(NamedTuple):
    """`name` says what it is (`x_train`, `train/images`); `read` gives the array of that shape and type.

    `columns_first`: the file's maker stores arrays column by column (MATLAB), with the images along the last axis.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray]
    columns_first: bool = False
    class_names: tuple[str, ...] = ()
    """For labels whose numbers have names in the file."""


def stored(name: str, array: np.ndarray, *, columns_first: bool = False) -> Stored:
    """An array that is in memory already."""
    return Stored(name, array.shape, array.dtype, lambda: array, columns_first)


@contextmanager
def as_user_errors(text: str, kind: str) -> Iterator[None]:
    """Raise whatever goes wrong in reading a file of that kind as `UserError`."""
    try:
        yield
    except UserError:
        raise
    except ImportError as error:  # Streamlit brings pyarrow, and the command line may be without it
        raise UserError(f"{text}: {kind} is read with {error.name}: pip install {error.name}") from None
    except OSError as error:
        if error.errno:
            raise UserError(f"{text} cannot be read: {error.strerror}") from None
        raise UserError(f"{text} is not {kind}, or damaged: {_first_line(error)}") from None  # a decoder's own
    except Exception as error:  # the errors of decoders for damaged files are not documented
        raise UserError(f"{text} is not {kind}, or damaged: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
