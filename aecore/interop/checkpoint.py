"""What is in a checkpoint: its layers and normalisations, taken from tensors by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from aecore.errors import UserError

HOW_TO_SAVE = 'torch.save(model.state_dict(), "model.pth")'


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
    file: Table = field(default_factory=Table)
    """All tensors under their full names, in the file's order."""


def shared_prefix(names: Sequence[str]) -> str:
    """What wrappers add to all names: `module.`, `_orig_mod.`, `model.`, `vae.`; not the name of a side."""
    prefix = ""
    while True:
        first, dot, _ = names[0][len(prefix) :].partition(".")
        longer = f"{prefix}{first}."
        inner = all(name.startswith(longer) and "." in name[len(longer) :] for name in names)
        if not dot or not inner or first.isdecimal() or re.match(r"enc|dec", first):
            return prefix
        prefix = longer


def layers_of(tensors: Table, ordered: bool) -> Checkpoint:
    if not tensors:
        raise UserError(f"the file holds no layers with weights; save them with {HOW_TO_SAVE}")
    prefix = shared_prefix(list(tensors))
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
    return Checkpoint(tuple(layers), tuple(norms), ordered, _lengths(modules), tensors)


def _lengths(modules: Sequence[str]) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for name in modules:
        home, _, last = name.rpartition(".")
        if last.isdecimal():
            lengths[home] = max(lengths.get(home, 0), int(last) + 1)
    return lengths


def _check_values(name: str, tensor: Tensor | Unsupported) -> None:
    if isinstance(tensor, Unsupported) or tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex():
        raise UserError(f"{name} is a sparse, quantised or complex tensor; save plain floating-point weights")
    if tensor.numel() > 2**31:
        raise UserError(f"{name} has {tensor.numel():,} values, more than a layer may have")
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        raise UserError(f"{name} holds values that are NaN or infinite: the training had diverged")
