"""Matching the layers of a checkpoint to a plan: by shape and order, whatever their names are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from aecore.interop.checkpoint import Checkpoint, Layer, Norm
from aecore.interop.layer_order import LOG_VARIANCE, orders
from aecore.interop.parts import MismatchError
from aecore.models.layer import Plan


@dataclass(frozen=True)
class PlannedLayer:
    """The name and weight shape of a layer in a plan."""

    name: str
    kind: str
    shape: tuple[int, ...]

    @property
    def outputs(self) -> int:
        return self.shape[1] if self.kind == "ConvTranspose2d" else self.shape[0]


def planned_layers(plan: Plan) -> list[PlannedLayer]:
    """The layers of a plan with the shapes of their weights; a Gaussian bottleneck is two."""
    found = []
    for layer in plan.layers:
        if not layer.weighted:
            continue
        if layer.kind in ("Linear", "Gaussian"):
            shape: tuple[int, ...] = (layer.outputs, layer.inputs)
        else:
            pair = (layer.inputs, layer.outputs) if layer.kind == "ConvTranspose2d" else (layer.outputs, layer.inputs)
            shape = (*pair, layer.kernel, layer.kernel)
        heads = (".mean", ".log_variance") if layer.kind == "Gaussian" else ("",)
        found += [PlannedLayer(layer.name + head, layer.kind, shape) for head in heads]
    return found


def planned_norms(plan: Plan) -> list[tuple[str, int]]:
    """Names and widths of a plan's batch normalisations."""
    names = ((layer, layer.name if layer.kind == "Norm" else f"{layer.name}_norm") for layer in plan.layers)
    return [(name, layer.outputs) for layer, name in names if layer.norm or layer.kind == "Norm"]


def match_layers(checkpoint: Checkpoint, plan: Plan) -> dict[str, Tensor]:
    """The checkpoint's weights under the names of the plan's own model, float32.

    Raises `MismatchError` that names the first layer which does not fit, in the order in which most layers fit.
    """
    best: MismatchError | None = None
    for layers, norms in orders(checkpoint):
        try:
            return _match_in_order(layers, norms, plan)
        except MismatchError as error:
            best = error if best is None or error.fitted > best.fitted else best
    assert best is not None
    raise best


def _match_in_order(layers: Sequence[Layer], norms: Sequence[Norm], plan: Plan) -> dict[str, Tensor]:
    planned = planned_layers(plan)
    ordered = _sort_heads(list(layers), planned)
    weights: dict[str, Tensor] = {}
    for number, target in enumerate(planned):
        if number >= len(ordered):
            raise MismatchError(
                f"the file ends after {_count(len(layers), 'layer')}, before {target.name} {_by(target.shape)}", number
            )
        layer = ordered[number]
        if layer.shape != target.shape:
            raise MismatchError(
                f"{layer.name}.weight is {_by(layer.shape)}, where {target.name} is {_by(target.shape)}", number
            )
        if layer.bias is not None and tuple(layer.bias.shape) != (target.outputs,):
            raise MismatchError(
                f"{layer.name}.bias has {_count(layer.bias.numel(), 'value')}, where {target.name} "
                f"({target.kind}) has {target.outputs}",
                number,
            )
        weights[f"{target.name}.weight"] = _copy(layer.weight)
        weights[f"{target.name}.bias"] = torch.zeros(target.outputs) if layer.bias is None else _copy(layer.bias)
    if len(layers) > len(planned):
        extra = ordered[len(planned)]
        message = f"{extra.name} {_by(extra.shape)} comes after the last layer, {planned[-1].name}"
        raise MismatchError(message, len(planned))
    return weights | _match_norms(norms, planned_norms(plan), len(planned))


def _match_norms(norms: Sequence[Norm], wanted: list[tuple[str, int]], fitted: int) -> dict[str, Tensor]:
    if len(norms) != len(wanted):
        raise MismatchError(
            f"the file has {_count(len(norms), 'batch normalisation')}, the model {len(wanted)}: see model.norm",
            fitted,
        )
    weights: dict[str, Tensor] = {}
    for norm, (name, width) in zip(norms, wanted, strict=True):
        if norm.width != width:
            raise MismatchError(f"{norm.name} normalises {norm.width} channels, where {name} has {width}", fitted)
        defaults = {
            "weight": torch.ones(width),
            "bias": torch.zeros(width),
            "num_batches_tracked": torch.zeros((), dtype=torch.int64),
        }
        for part in ("weight", "bias", "running_mean", "running_var"):
            weights[f"{name}.{part}"] = _copy(norm.tensors.get(part, defaults.get(part)))  # type: ignore[arg-type]
        counted = norm.tensors.get("num_batches_tracked", defaults["num_batches_tracked"])
        weights[f"{name}.num_batches_tracked"] = counted.detach().to(torch.int64).reshape(())
    return weights


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().to(torch.float32).contiguous().clone()


def _sort_heads(layers: list[Layer], planned: list[PlannedLayer]) -> list[Layer]:
    """The layers with mean before log-variance, judged by their names, as both heads have one shape."""
    for number, target in enumerate(planned[: len(layers) - 1]):
        if target.name.endswith(".mean"):
            first, second = layers[number], layers[number + 1]
            if LOG_VARIANCE.search(_last(first)) and not LOG_VARIANCE.search(_last(second)):
                layers[number], layers[number + 1] = second, first
    return layers


def _last(layer: Layer) -> str:
    parts = [part for part in layer.name.split(".") if not part.isdecimal()]
    return parts[-1] if parts else ""


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
