"""Finding the state dict in what a training script has saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from aecore.errors import UserError
from aecore.interop.checkpoint import HOW_TO_SAVE, Skipped, Table, Unsupported

OBJECTS = (
    "the file holds Python objects, which could run code when opened; save only the weights, with "
    f"{HOW_TO_SAVE}, and import that"
)
_WRAPPER_KEYS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "autoencoder", "weights")
_OTHER_KEYS = ("optim", "sched", "scaler", "ema", "args", "config", "hparams", "hyper")


def state_dict_in(value: Any) -> Table:
    """The tensors of a checkpoint by name, taken out of the dictionaries that training scripts wrap them in."""
    if isinstance(value, Skipped):
        raise UserError(OBJECTS)
    if isinstance(value, list) and len(value) == 2 and all(isinstance(part, dict) for part in value):
        return joined({"encoder": value[0], "decoder": value[1]})
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
        return joined({name: holding[name] for name in (sides["enc"], sides["dec"])})
    if holding:
        raise UserError(f"the file holds several models ({', '.join(list(holding)[:4])}); save one of them alone")
    if tensors:  # of other layers, which are named in an error later
        return tensors
    if any(isinstance(part, Skipped) for part in value.values()):
        raise UserError(OBJECTS)
    raise UserError(f"the file holds no weights; save them with {HOW_TO_SAVE}")


def joined(sides: Mapping[str, Any]) -> Table:
    """Encoder and decoder that were saved apart as one state dict."""
    found, modules = Table(), []
    for side, part in sides.items():
        tensors = state_dict_in(part)
        inside = f"{side}." if not all(name.startswith(f"{side}.") for name in tensors) else ""
        found |= {inside + name: tensor for name, tensor in tensors.items()}
        modules += [(inside + name).rstrip(".") for name in tensors.modules]
    found.modules = tuple(modules)
    return found


def _holds_tensors(part: Mapping[Any, Any], depth: int = 3) -> bool:
    return any(
        isinstance(value, Tensor) or (depth and isinstance(value, Mapping) and _holds_tensors(value, depth - 1))
        for value in part.values()
    )


def _is_weight(name: str) -> bool:
    return name.rpartition(".")[2] in ("weight", "bias", "weight_g", "weight_orig")
