"""Reading a checkpoint of another program: tensors only, never code."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from aecore.errors import UserError
from aecore.interop.unpickle import REFUSED

MOST_BYTES = 8 * 2**30
HOW_TO_SAVE = 'torch.save(model.state_dict(), "model.pth")'
_OBJECTS = (
    "the file holds Python objects, which could run code when opened; save only the weights, with "
    f"{HOW_TO_SAVE}, and import that"
)

_WRAPPER_KEYS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "autoencoder", "weights")
_OTHER_KEYS = ("optim", "sched", "scaler", "ema", "args", "config", "hparams", "hyper")
_PREFIX = re.compile(r"(module|_orig_mod|model|net|network|autoencoder)\.")

_READER = Path(__file__).with_name("unpickle.py")
_LONGEST_S = 300
"""How long the reader may take; a file of 8 GB takes less."""


class Table(dict[str, Any]):
    """A dictionary of a checkpoint, with the names of all modules, those without weights too, where it has them."""

    modules: tuple[str, ...] = ()


class Skipped(str):
    """The class of an object in a checkpoint that was not built."""


class Unsupported:
    """A tensor of a kind that cannot be read: sparse, quantised or complex."""


@dataclass(frozen=True)
class Norm:
    """A batch normalisation."""

    name: str
    tensors: dict[str, Tensor]

    @property
    def width(self) -> int:
        return len(self.tensors["running_mean"])


@dataclass(frozen=True)
class Layer:
    """A linear layer (weight of two axes), or a convolution in either direction (four)."""

    name: str
    """Its name in the file, without the prefix that all names share."""
    weight: Tensor
    bias: Tensor | None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.weight.shape)


@dataclass(frozen=True)
class Checkpoint:
    """The layers of a file, in its order."""

    layers: tuple[Layer, ...]
    norms: tuple[Norm, ...] = ()
    ordered: bool = True
    """Whether the file keeps the order in which the layers were created; safetensors sorts by name."""
    lengths: Mapping[str, int] = field(default_factory=dict)
    """Of containers with numbered modules: how many there are, those without weights too, where the file says so."""
    words: frozenset[str] = frozenset()
    """Names of modules without weights, such as `relu` or `sigmoid`, in lower case, where the file has them."""
    file: Table = field(default_factory=Table)
    """All tensors under their full names, in the file's order."""


def read_checkpoint(path: Path) -> Checkpoint:
    """The layers in a `.pth`, `.pt` or `.safetensors` file, whatever names and wrappers it uses.

    Raises `UserError` for a file without tensors, for layers that this project does not have, and for weights that are
    not finite.
    """
    return _layers(*_tensors_in(path))


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
    joined = _joined({"encoder": read[encoder][0], "decoder": read[decoder][0]})
    return _layers(joined, read[encoder][1] and read[decoder][1])


def kept_bytes(checkpoint: Checkpoint) -> bytes:
    """The file's tensors as safetensors, with their order and the names of all modules: what a run keeps of it."""
    about = {"order": list(checkpoint.file), "modules": list(checkpoint.file.modules), "ordered": checkpoint.ordered}
    tensors = {name: tensor.contiguous().clone() for name, tensor in checkpoint.file.items()}
    return safetensors.torch.save(tensors, {"checkpoint": json.dumps(about)})


def read_kept(path: Path) -> Checkpoint:
    """The checkpoint that `kept_bytes` wrote. Raises `UserError` where it is missing or damaged."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            about = json.loads((file.metadata() or {})["checkpoint"])
            tensors = Table((name, file.get_tensor(name)) for name in about["order"])
    except (safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
        raise UserError(f"{path.name} of the run cannot be read: {_first_line(error)}") from None
    tensors.modules = tuple(about["modules"])
    return _layers(tensors, bool(about["ordered"]))


def _tensors_in(path: Path) -> tuple[Table, bool]:
    """A file's tensors by name, and whether their order is that in which the layers were created."""
    head = _head(path)
    if len(head) > 8 and head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= 100_000_000:
        return Table(_from_safetensors(path)), False
    return state_dict_in(_from_torch(path, head)), True


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
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
    try:
        return safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
        raise UserError(f"the safetensors file is damaged or truncated: {_first_line(error)}") from None


def _from_torch(path: Path, head: bytes) -> Any:
    if head[:2] == b"PK":
        _check_archive(path)
    elif head[:1] != b"\x80":  # every pickle of torch.save begins so
        raise UserError(f"the file is neither a PyTorch checkpoint nor safetensors; save one with {HOW_TO_SAVE}")
    with tempfile.TemporaryDirectory(prefix="aecore-") as folder:
        target = Path(folder) / "tensors.safetensors"
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
            raise UserError(_OBJECTS)
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
            entries = archive.infolist()
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


def state_dict_in(value: Any) -> Table:
    """The tensors of a checkpoint by name, taken out of the dictionaries that training scripts wrap them in."""
    if isinstance(value, Skipped):
        raise UserError(_OBJECTS)
    if isinstance(value, list) and len(value) == 2 and all(isinstance(part, dict) for part in value):
        return _joined({"encoder": value[0], "decoder": value[1]})
    if not isinstance(value, Mapping):
        what = "a list" if isinstance(value, list) else "a single tensor" if isinstance(value, Tensor) else "data"
        raise UserError(f"the file holds {what} without names, not a state dict; save one with {HOW_TO_SAVE}")
    tensors = Table({str(name): part for name, part in value.items() if isinstance(part, Tensor | Unsupported)})
    tensors.modules = getattr(value, "modules", ())
    if any(_is_weight(name) for name in tensors):
        return tensors
    inner = {str(name): part for name, part in value.items() if isinstance(part, Mapping)}
    inner = {name: part for name, part in inner.items() if not name.lower().startswith(_OTHER_KEYS)}
    for name in _WRAPPER_KEYS:
        if name in inner:
            return state_dict_in(inner[name])
    holding = {name: part for name, part in inner.items() if _holds_tensors(part)}
    if len(holding) == 1:
        return state_dict_in(next(iter(holding.values())))
    sides = {side: next((name for name in holding if name.lower().startswith(side)), None) for side in ("enc", "dec")}
    if sides["enc"] and sides["dec"]:  # saved apart
        return _joined({name: holding[name] for name in (sides["enc"], sides["dec"])})
    if holding:
        raise UserError(f"the file holds several models ({', '.join(list(holding)[:4])}); save one of them alone")
    if tensors:  # of other layers, which are named in an error later
        return tensors
    if any(isinstance(part, Skipped) for part in value.values()):
        raise UserError(_OBJECTS)
    raise UserError(f"the file holds no weights; save them with {HOW_TO_SAVE}")


def _joined(sides: Mapping[str, Any]) -> Table:
    """Encoder and decoder that were saved apart as one state dict."""
    joined, modules = Table(), []
    for side, part in sides.items():
        tensors = state_dict_in(part)
        inside = f"{side}." if not all(name.startswith(f"{side}.") for name in tensors) else ""
        joined |= {inside + name: tensor for name, tensor in tensors.items()}
        modules += [(inside + name).rstrip(".") for name in tensors.modules]
    joined.modules = tuple(modules)
    return joined


def _holds_tensors(part: Mapping[Any, Any], depth: int = 3) -> bool:
    return any(
        isinstance(value, Tensor) or (depth and isinstance(value, Mapping) and _holds_tensors(value, depth - 1))
        for value in part.values()
    )


def _is_weight(name: str) -> bool:
    return name.rpartition(".")[2] in ("weight", "bias", "weight_g", "weight_orig")


def _shared_prefix(names: Sequence[str]) -> str:
    """What wrappers add to all names: `module.`, `_orig_mod.`, `model.`, `vae.`; not the name of a side."""
    prefix = ""
    while True:
        first, dot, _ = names[0][len(prefix) :].partition(".")
        longer = f"{prefix}{first}."
        inner = all(name.startswith(longer) and "." in name[len(longer) :] for name in names)
        if not dot or not inner or first.isdecimal() or re.match(r"enc|dec", first):
            return prefix
        prefix = longer


def _layers(tensors: Table, ordered: bool) -> Checkpoint:
    if not tensors:
        raise UserError(f"the file holds no layers with weights; save them with {HOW_TO_SAVE}")
    prefix = _shared_prefix(list(tensors))
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        _check_values(name, tensor)
        home, _, part = name.removeprefix(prefix).rpartition(".")
        groups.setdefault(home, {})[part] = tensor
    layers, norms = [], []
    for home, parts in groups.items():
        weight = parts.get("weight")
        if "running_mean" in parts and "running_var" in parts:
            norms.append(Norm(home, parts))
        elif weight is not None and weight.ndim in (2, 4) and parts.keys() <= {"weight", "bias"}:
            if weight.ndim == 4 and weight.shape[2] != weight.shape[3]:
                raise UserError(f"{home} has a kernel of {weight.shape[2]}×{weight.shape[3]}; here kernels are square")
            layers.append(Layer(home, weight, parts.get("bias")))
        else:
            listed = ", ".join(f"{part} {tuple(tensor.shape)}" for part, tensor in list(parts.items())[:3])
            raise UserError(
                f"{home or 'the file'} ({listed}) is not a linear layer, convolution or batch normalisation; other "
                "layers are not supported"
            )
    if not layers:
        raise UserError(f"the file holds no layers with weights; save them with {HOW_TO_SAVE}")
    modules = [name.removeprefix(prefix) for name in tensors.modules if name.startswith(prefix) and name != prefix]
    weighted = {item.name for item in (*layers, *norms)}
    return Checkpoint(tuple(layers), tuple(norms), ordered, _lengths(modules), _words(modules, weighted), tensors)


def _lengths(modules: Sequence[str]) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for name in modules:
        home, _, last = name.rpartition(".")
        if last.isdecimal():
            lengths[home] = max(lengths.get(home, 0), int(last) + 1)
    return lengths


def _words(modules: Sequence[str], weighted: Collection[str]) -> frozenset[str]:
    inner = {part for name in modules for part in [name.rpartition(".")[0]]}
    bare = [name for name in modules if name and name not in weighted and name not in inner]
    return frozenset(last.lower() for name in bare if not (last := name.rpartition(".")[2]).isdecimal())


def _check_values(name: str, tensor: Tensor | Unsupported) -> None:
    if isinstance(tensor, Unsupported) or tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex():
        raise UserError(f"{name} is a sparse, quantised or complex tensor; save plain floating-point weights")
    if tensor.numel() > 2**31:
        raise UserError(f"{name} has {tensor.numel():,} values, more than a layer may have")
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        raise UserError(f"{name} holds values that are NaN or infinite: the training had diverged")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160].rstrip(".") if lines else type(error).__name__
