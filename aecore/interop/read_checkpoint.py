"""Reading a checkpoint of another program: tensors only, never code."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from aecore.errors import UserError
from aecore.files import check_regular, parse_json, whole_zip
from aecore.interop.checkpoint import HOW_TO_SAVE, Checkpoint, Skipped, Table, Unsupported, layers_of
from aecore.interop.state_dict import OBJECTS, joined, state_dict_in
from aecore.interop.unpickle import MOST_ENTRIES, REFUSED
from aecore.temporary import temporary_folder

MOST_BYTES = 8 * 2**30
MOST_HEADER = 8 * 2**20
"""Of the table of a safetensors file."""


_READER = Path(__file__).with_name("unpickle.py")
_LONGEST_S = 300
"""How long the reader may take; a file of 8 GB takes less."""


def read_checkpoint(path: Path) -> Checkpoint:
    """The layers in a `.pth`, `.pt` or `.safetensors` file, whatever names and wrappers it uses.

    Raises `UserError` for a file without tensors, for layers that this project does not have, and for weights that are
    not finite.
    """
    return layers_of(*_tensors_in(path))


def read_checkpoints(paths: Sequence[Path]) -> Checkpoint:
    """The layers of one file, or of two that hold an encoder and a decoder. Raises `UserError`."""
    if len(paths) == 1:
        return read_checkpoint(paths[0])
    if len(paths) != 2:
        raise UserError(f"{len(paths)} files were given: a model is one file, or encoder and decoder in two")
    read = {path: _tensors_in(path) for path in paths}

    def is_decoder(path: Path) -> bool:
        names = " ".join([path.stem, *read[path][0]]).lower()
        return "dec" in names and "enc" not in path.stem.lower()

    encoder, decoder = sorted(paths, key=is_decoder)
    both = joined({"encoder": read[encoder][0], "decoder": read[decoder][0]})
    return layers_of(both, read[encoder][1] and read[decoder][1])


def kept_bytes(checkpoint: Checkpoint) -> bytes:
    """The file's tensors as safetensors, with their order and the names of all modules: what a run keeps of it."""
    about = {"order": list(checkpoint.file), "modules": list(checkpoint.file.modules), "ordered": checkpoint.ordered}
    tensors = {name: tensor.contiguous().clone() for name, tensor in checkpoint.file.items()}
    return safetensors.torch.save(tensors, {"checkpoint": json.dumps(about)})


def read_kept(path: Path) -> Checkpoint:
    """The checkpoint that `kept_bytes` wrote. Raises `UserError` where it is missing or damaged."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            about = parse_json((file.metadata() or {})["checkpoint"])
            tensors = Table((name, file.get_tensor(name)) for name in about["order"])
    except (safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
        raise UserError(f"{path.name} of the run cannot be read: {_first_line(error)}") from None
    tensors.modules = tuple(about["modules"])
    return layers_of(tensors, bool(about["ordered"]))


def _tensors_in(path: Path) -> tuple[Table, bool]:
    """A file's tensors by name, and whether their order is that in which the layers were created."""
    head = _head(path)
    if len(head) > 8 and head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= 100_000_000:
        return Table(_from_safetensors(path)), False
    return state_dict_in(_from_torch(path, head)), True


def _head(path: Path) -> bytes:
    try:
        with check_regular(path).open("rb") as file:  # a pipe would block for ever
            head = file.read(64)
            size = file.seek(0, io.SEEK_END)
    except FileNotFoundError:
        raise UserError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder, not a checkpoint") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    if not head:
        raise UserError("the file is empty")
    if size > MOST_BYTES:
        raise UserError(f"the file has {size / 2**30:.1f} GB, more than the limit of {MOST_BYTES // 2**30} GB")
    return head


def _from_safetensors(path: Path) -> dict[str, Tensor]:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > MOST_HEADER or file.read(length).count(b'"data_offsets"') > MOST_ENTRIES:
            raise UserError("the file holds more entries than a checkpoint has")
    try:
        return safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
        raise UserError(f"the safetensors file is damaged or truncated: {_first_line(error)}") from None


def _from_torch(path: Path, head: bytes) -> Any:
    if head[:2] == b"PK":
        _check_archive(path)
    elif head[:1] != b"\x80":  # every pickle of torch.save begins so
        raise UserError(f"the file is neither a PyTorch checkpoint nor safetensors; save one with {HOW_TO_SAVE}")
    with temporary_folder(Path(tempfile.gettempdir()), "aecore") as folder:
        target = folder / "tensors.safetensors"
        tree = _run_reader(path, target)
        tensors = safetensors.torch.load_file(target)
    return _planted(tree, tensors)


def _run_reader(path: Path, target: Path) -> Any:
    """What the reader printed about a file. In a process of its own: whatever a hostile file does to it, this one goes
    on."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_READER), str(path.absolute()), str(target)],
            capture_output=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            timeout=_LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"reading the file took more than {_LONGEST_S} s: it is no checkpoint of a model") from None
    if done.returncode == 0:
        return json.loads(done.stdout)
    said = done.stderr.decode(errors="replace").strip().splitlines()
    if done.returncode == REFUSED:
        if said[-1] == "objects":
            raise UserError(OBJECTS)
        raise UserError(said[-1])
    if done.returncode < 0:
        raise UserError("the file cannot be read: it makes the reader crash, so it is damaged or made to do harm")
    raise UserError(f"the file cannot be read, it may be truncated: {said[-1][:160] if said else 'no reason given'}")


def _planted(tree: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The tree that the reader printed with its tensors in place."""
    if not isinstance(tree, dict):
        return None
    if "table" in tree:
        table = Table((name, _planted(part, tensors)) for name, part in tree["table"])
        table.modules = tuple(tree["modules"])
        return table
    if "list" in tree:
        return [_planted(part, tensors) for part in tree["list"]]
    if "tensor" in tree:
        return tensors[str(tree["tensor"])]
    return Unsupported() if "unsupported" in tree else Skipped(tree["object"])


def _check_archive(path: Path) -> None:
    """Raise `UserError` unless a zip is one of torch.save: its entries are stored, so it cannot be a zip bomb."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = whole_zip(archive).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise UserError(
            "the file is truncated or damaged: it begins like a checkpoint but does not end like one"
        ) from None
    names = [entry.filename for entry in entries]
    if any(name.endswith("/constants.pkl") for name in names):
        raise UserError(f"the file is a TorchScript program; save the weights alone, with {HOW_TO_SAVE}")
    if not any(name.endswith("data.pkl") for name in names):
        raise UserError("the zip file is neither a PyTorch checkpoint nor a packed run")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise UserError("the file has been compressed again; torch.save does not do that")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160].rstrip(".") if lines else type(error).__name__
