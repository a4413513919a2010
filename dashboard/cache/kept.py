"""Results that all sessions share, kept while together they take no more than so many bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from contextlib import nullcontext
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import streamlit as st

MOST_BYTES = 256 << 20
"""Of all results together; the ones that were asked for longest ago go first."""
SMALL = 64
"""Bytes that anything takes at least."""


class Kept:
    """Results by key. The one that was kept last stays, however large it is."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.most, self.bytes = most, 0
        self._results: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], Any], spinner: str = "") -> Any:
        """The result of that key: as it was kept, else as `make` returns it. Of several who ask at once one makes it,
        while the page shows `spinner`, and the others wait."""
        found = self._found(key)
        if found:
            return found[0]
        with self._lock:
            turn = self._making.setdefault(key, threading.Lock())
        with st.spinner(spinner) if spinner else nullcontext(), turn:
            found = self._found(key)
            if found:
                return found[0]
            try:
                result = make()
                self._keep(key, result)
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return result

    def clear(self) -> None:
        with self._lock:
            self._results.clear()
            self.bytes = 0

    def _found(self, key: Hashable) -> tuple[Any, int] | None:
        with self._lock:
            found = self._results.get(key)
            if found:
                self._results.move_to_end(key)
            return found

    def _keep(self, key: Hashable, result: Any) -> None:
        size = size_of(result)
        with self._lock:
            _, before = self._results.pop(key, (None, 0))
            self._results[key] = result, size
            self.bytes += size - before
            while self.bytes > self.most and len(self._results) > 1:
                _, (_, gone) = self._results.popitem(last=False)
                self.bytes -= gone


def size_of(value: Any, depth: int = 8) -> int:
    """About how many bytes a result takes. Arrays that are maps of files take none of their own."""
    if isinstance(value, np.ndarray):
        own = value
        while isinstance(own.base, np.ndarray):
            own = own.base
        return SMALL if isinstance(own, np.memmap) else SMALL + value.nbytes
    if isinstance(value, (bytes, bytearray, str)):
        return SMALL + len(value)
    if depth == 0:
        return SMALL
    if isinstance(value, Mapping):
        return SMALL + sum(size_of(part, depth - 1) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple, set, frozenset)):
        return SMALL + sum(size_of(part, depth - 1) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        return SMALL + sum(size_of(getattr(value, field.name), depth - 1) for field in fields(value))
    return SMALL


KEPT = Kept()
"""What the app keeps."""
