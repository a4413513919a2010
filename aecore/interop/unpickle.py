"""Reading a file of `torch.save` without building what is in it: a program of its own, run in a child process.

`python -I unpickle.py FILE TARGET` writes the tensors to TARGET as safetensors, named by number, and prints the tree of
dictionaries and lists that holds them as JSON. Classes that the file names are never imported: what a training script
saved beside its weights is skipped. Only the standard library and NumPy are used, and every size is checked against the
file, so that a hostile file can at worst end this process.

Formats: the zip archive of PyTorch 1.6 and later (`data.pkl`, `data/0`, …) and the pickle stream before it.
"""

from __future__ import annotations

import io
import json
import math
import pickle
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

try:
    import resource
except ImportError:  # Windows
    resource = None

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
"""How the stream format begins (torch/serialization.py)."""
MOST_VALUES = 2**31
MOST_BYTES = 8 * 2**30
MOST_ENTRIES, DEEPEST = 20_000, 12
MOST_REPEATED = 64 * 2**20
"""Bytes that tensors may take beyond their share of the file: views of one storage repeat its bytes."""
REFUSED = 3
"""Exit status for a file that was understood as one that cannot be read; the reason is on stderr."""

_TYPES = {
    "Double": "F64",
    "Float": "F32",
    "Half": "F16",
    "BFloat16": "BF16",
    "Long": "I64",
    "Int": "I32",
    "Short": "I16",
    "Char": "I8",
    "Byte": "U8",
    "Bool": "BOOL",
    "Untyped": "U8",
}
_DTYPES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint8": "U8",
    "bool": "BOOL",
}
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


class RefusedError(Exception):
    """The file cannot be read; the message is for its user."""


class Skipped:
    """Stands for an object of a class that is not built, whatever a pickle does with it."""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Skipped:
        return object.__new__(cls)

    def __init__(self, *_args: Any, **_kwargs: Any) -> None: ...

    def __setstate__(self, _state: Any) -> None: ...

    def __setitem__(self, _key: Any, _value: Any) -> None: ...

    def append(self, _value: Any) -> None: ...

    def extend(self, _values: Any) -> None: ...

    def add(self, _value: Any) -> None: ...


class Table(dict):
    """A dictionary of any kind, with the names of the modules that a state dict keeps beside its tensors."""

    modules: tuple[str, ...] = ()

    def __init__(self, *args: Any) -> None:
        super().__init__(*(arg for arg in args if isinstance(arg, dict | list)))

    def __setstate__(self, state: Any) -> None:
        kept = state.get("_metadata") if isinstance(state, dict) else None
        if isinstance(kept, dict):
            self.modules = tuple(name for name in kept if isinstance(name, str))[:MOST_ENTRIES]


class Kind(str):
    """The type of a storage or tensor, in the words of safetensors; empty for one that is not supported."""


class Storage:
    """The bytes that tensors look into; those of the stream format come after the tensors."""

    def __init__(self, kind: str, count: int) -> None:
        self.kind, self.count, self.data = kind, count, b""


class Tensor:
    """A view into a storage: size and strides in elements."""

    def __init__(self, storage: Any, offset: Any, size: Any, stride: Any, kind: str | None = None) -> None:
        self.storage, self.kind = storage, storage.kind if kind is None else kind
        self.offset, self.size, self.stride = offset, size, stride

    def __setstate__(self, _state: Any) -> None: ...

    @property
    def bytes(self) -> int:
        """How many it takes when it is built. Raises `RefusedError` for an impossible size."""
        if not all(type(n) is int and n >= 0 for n in self.size):
            raise RefusedError("a tensor has an impossible size")
        return math.prod(self.size) * _BYTES[self.kind]

    def numpy(self) -> np.ndarray:
        """Its elements in C order, as bytes-wide items. Raises `RefusedError` where it looks beyond its storage."""
        width = _BYTES[self.kind]
        numbers = [self.offset, *self.size, *self.stride]
        if len(self.size) != len(self.stride) or not all(type(n) is int and n >= 0 for n in numbers):
            raise RefusedError("a tensor has an impossible size")
        if math.prod(self.size) > MOST_VALUES:
            raise RefusedError(f"a tensor has {math.prod(self.size):,} values, more than a layer may have")
        held = len(self.storage.data) // width
        last = self.offset + sum((n - 1) * step for n, step in zip(self.size, self.stride, strict=True))
        if math.prod(self.size) and last >= held:
            raise RefusedError("the file is truncated or damaged: a tensor is longer than its data")
        if not math.prod(self.size):
            return np.empty(self.size, f"V{width}")
        flat = np.frombuffer(self.storage.data, f"V{width}", held)
        strides = [step * width for step in self.stride]
        return np.ascontiguousarray(np.lib.stride_tricks.as_strided(flat[self.offset :], self.size, strides))


class Unsupported:
    """A tensor of a kind that is named in an error: sparse, quantised, complex."""

    def __init__(self, *_args: Any) -> None: ...

    def __setstate__(self, _state: Any) -> None: ...


def _rebuild(storage: Any, offset: Any, size: Any, stride: Any, *_rest: Any) -> Any:
    if not isinstance(storage, Storage):
        return Unsupported()
    return Tensor(storage, offset, tuple(size), tuple(stride)) if storage.kind else Unsupported()


def _rebuild_typed(
    storage: Any, offset: Any, size: Any, stride: Any, _grad: Any, _hooks: Any, kind: Any, *_: Any
) -> Any:
    if not isinstance(storage, Storage) or not isinstance(kind, Kind) or not kind:
        return Unsupported()
    return Tensor(storage, offset, tuple(size), tuple(stride), str(kind))


def _first(value: Any, *_rest: Any) -> Any:
    return value


def _from_type(function: Any, _kind: Any, args: Any, *_rest: Any) -> Any:
    allowed = (_rebuild, _rebuild_typed, _first)
    return function(*args) if function in allowed and isinstance(args, tuple) else Unsupported()


_REBUILD = {
    "_rebuild_tensor": _rebuild,
    "_rebuild_tensor_v2": _rebuild,
    "_rebuild_tensor_v3": _rebuild_typed,
    "_rebuild_parameter": _first,
    "_rebuild_parameter_with_state": _first,
    "_rebuild_from_type_v2": _from_type,
    "_rebuild_from_type": _from_type,
    "_rebuild_qtensor": Unsupported,
    "_rebuild_sparse_tensor": Unsupported,
    "_rebuild_sparse_csr_tensor": Unsupported,
    "_rebuild_nested_tensor": Unsupported,
}


class Unpickler(pickle.Unpickler):
    """Builds dictionaries, lists, numbers and views of storages; every other class becomes `Skipped`."""

    def __init__(self, file: Any, storages: dict[str, Storage]) -> None:
        super().__init__(file, encoding="utf-8", errors="replace")
        self.storages = storages

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in (("collections", "OrderedDict"), ("collections", "defaultdict"), ("builtins", "dict")):
            return Table
        if module in ("torch._utils", "torch._tensor") and name in _REBUILD:
            return _REBUILD[name]
        if module in ("torch", "torch.cuda", "torch.storage") and name.endswith("Storage"):
            return Kind(_TYPES.get(name.removesuffix("Storage"), ""))
        if module == "torch" and name in _DTYPES:
            return Kind(_DTYPES[name])
        return type("Skipped", (Skipped,), {"__qualname__": f"{module}.{name}"})

    def persistent_load(self, pid: Any) -> Any:
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage" or not isinstance(pid[1], Kind):
            raise RefusedError("the file refers to data that it does not hold")
        key, count = str(pid[2]), pid[4]
        if type(count) is not int or count < 0:
            raise RefusedError("the file refers to data that it does not hold")
        if key not in self.storages:
            self.storages[key] = Storage(str(pid[1]), count)
        return self.storages[key]


def read(path: Path) -> Any:
    """The object in a file of `torch.save`. Raises `RefusedError`, or whatever a damaged pickle leads to."""
    storages: dict[str, Storage] = {}
    with path.open("rb") as file:
        if file.read(2) == b"PK":
            return _from_archive(path, storages)
        file.seek(0)
        return _from_stream(file, storages)


def _from_archive(path: Path, storages: dict[str, Storage]) -> Any:
    with zipfile.ZipFile(path) as archive:
        main = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        folder = main.removesuffix("data.pkl")
        if f"{folder}byteorder" in archive.namelist() and archive.read(f"{folder}byteorder") == b"big":
            raise RefusedError("the file was written by a big-endian machine, which is not supported")
        value = Unpickler(io.BytesIO(archive.read(main)), storages).load()
        for key, storage in storages.items():
            try:
                storage.data = archive.read(f"{folder}data/{key}")
            except KeyError:
                raise RefusedError("the file is truncated or damaged: data of a tensor is missing") from None
    return value


def _from_stream(file: Any, storages: dict[str, Storage]) -> Any:
    def next_pickle() -> Any:
        return Unpickler(file, storages).load()

    if next_pickle() != MAGIC or next_pickle() != PROTOCOL:
        raise RefusedError("objects")
    system = next_pickle()
    if isinstance(system, dict) and system.get("little_endian") is False:
        raise RefusedError("the file was written by a big-endian machine, which is not supported")
    value, keys = next_pickle(), next_pickle()
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        storage = storages.get(str(key))
        if storage is None or not 0 <= count <= MOST_BYTES:
            raise RefusedError("the file is truncated or damaged: data of a tensor is missing")
        length = count * _BYTES.get(storage.kind, 1)
        storage.data = file.read(length)
        if len(storage.data) != length:
            raise RefusedError("the file is truncated or damaged: a tensor is longer than its data")
    return value


class _Writer:
    """The tree as JSON, and the tensors that it points to."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.entries = 0

    def tree(self, value: Any, depth: int = 0) -> Any:
        self.entries += 1
        if self.entries > MOST_ENTRIES:
            raise RefusedError("the file holds more entries than a checkpoint has")
        if isinstance(value, Tensor):
            self.tensors.append(value)
            return {"tensor": len(self.tensors) - 1}
        if isinstance(value, Unsupported):
            return {"unsupported": True}
        if isinstance(value, dict) and depth < DEEPEST:
            parts = [[str(key)[:500], self.tree(part, depth + 1)] for key, part in value.items()]
            return {"table": parts, "modules": list(value.modules if isinstance(value, Table) else ())}
        if isinstance(value, list | tuple) and depth < DEEPEST:
            held = [self.tree(part, depth + 1) for part in value[:1000]]
            return {"list": held} if any(isinstance(part, dict) for part in held) else None
        return {"object": type(value).__qualname__} if isinstance(value, Skipped) else None

    def save(self, path: Path, most: int) -> None:
        """Write the tensors as safetensors. Raises `RefusedError` where they would take more than `most` bytes, before
        any of them is built."""
        if sum(tensor.bytes for tensor in self.tensors) > most:
            raise RefusedError("its tensors repeat their data: they would take far more memory than the file")
        header, at, arrays = {}, 0, []
        for number, tensor in enumerate(self.tensors):
            array = tensor.numpy()
            span = [at, at + array.nbytes]
            header[str(number)] = {"dtype": tensor.kind, "shape": list(tensor.size), "data_offsets": span}
            at = span[1]
            arrays.append(array)
        text = json.dumps(header).encode()
        with path.open("wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for array in arrays:
                file.write(array.tobytes())


def _limit_memory(path: Path) -> None:
    """A few bytes of pickle can ask for any amount of memory; more than a checkpoint of that size needs is refused."""
    if resource is None:
        return
    try:  # with many cores NumPy alone reserves gigabytes
        reserved = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        reserved = 2**30
    most = reserved + 2**29 + 6 * path.stat().st_size
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))


def main(path: str, target: str) -> int:
    _limit_memory(Path(path))
    try:
        writer = _Writer()
        tree = writer.tree(read(Path(path)))
        writer.save(Path(target), min(MOST_BYTES, 4 * Path(path).stat().st_size + MOST_REPEATED))
    except RefusedError as error:
        print(error, file=sys.stderr)
        return REFUSED
    except MemoryError:
        print("the file asks for more memory than a checkpoint of its size needs", file=sys.stderr)
        return REFUSED
    print(json.dumps(tree))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
