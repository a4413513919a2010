"""Laying the layers of a checkpoint over a plan: by shape and order, whatever their names are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from aecore.errors import UserError
from aecore.interop.read_checkpoint import Checkpoint, Layer, Norm
from aecore.models.architecture import Plan

_LOG_VARIANCE = re.compile(r"log|var|sigma|std", re.IGNORECASE)


class MisfitError(UserError):
    """The layers do not fit a plan; `fitted` of them did."""

    def __init__(self, message: str, fitted: int) -> None:
        super().__init__(message)
        self.fitted = fitted


@dataclass(frozen=True)
class Wanted:
    """A layer as a plan has it."""

    name: str
    kind: str
    shape: tuple[int, ...]

    @property
    def outputs(self) -> int:
        return self.shape[1] if self.kind == "ConvTranspose2d" else self.shape[0]


def wanted_layers(plan: Plan) -> list[Wanted]:
    """The layers of a plan with the shapes of their weights; a Gaussian bottleneck is two."""
    found = []
    for layer in plan.layers:
        if layer.kind in ("Linear", "Gaussian"):
            shape: tuple[int, ...] = (layer.outputs, layer.inputs)
        else:
            pair = (layer.inputs, layer.outputs) if layer.kind == "ConvTranspose2d" else (layer.outputs, layer.inputs)
            shape = (*pair, layer.kernel, layer.kernel)
        heads = (".mean", ".log_variance") if layer.kind == "Gaussian" else ("",)
        found += [Wanted(layer.name + head, layer.kind, shape) for head in heads]
    return found


def wanted_norms(plan: Plan) -> list[tuple[str, int]]:
    """Names and widths of a plan's batch normalisations."""
    return [(f"{layer.name}_norm", layer.outputs) for layer in plan.layers if layer.norm]


def fit(checkpoint: Checkpoint, plan: Plan) -> dict[str, Tensor]:
    """The checkpoint's weights under the names of the plan's own model, float32.

    Raises `MisfitError` that names the first layer which does not fit, in the order that fits furthest.
    """
    best: MisfitError | None = None
    for layers, norms in orders(checkpoint):
        try:
            return _fit_in_order(layers, norms, plan)
        except MisfitError as error:
            best = error if best is None or error.fitted > best.fitted else best
    assert best is not None
    raise best


def _fit_in_order(layers: tuple[Layer, ...], norms: tuple[Norm, ...], plan: Plan) -> dict[str, Tensor]:
    wanted = wanted_layers(plan)
    heads_first = _heads_sorted(list(layers), wanted)
    weights: dict[str, Tensor] = {}
    for number, place in enumerate(wanted):
        if number >= len(heads_first):
            raise MisfitError(
                f"the file ends after {_count(len(layers), 'layer')}, before {place.name} {_by(place.shape)}", number
            )
        layer = heads_first[number]
        if layer.shape != place.shape:
            raise MisfitError(
                f"{layer.name}.weight is {_by(layer.shape)}, where {place.name} is {_by(place.shape)}", number
            )
        if layer.bias is not None and tuple(layer.bias.shape) != (place.outputs,):
            raise MisfitError(
                f"{layer.name}.bias has {_count(layer.bias.numel(), 'value')}, where {place.name} "
                f"({place.kind}) has {place.outputs}",
                number,
            )
        weights[f"{place.name}.weight"] = _own(layer.weight)
        weights[f"{place.name}.bias"] = torch.zeros(place.outputs) if layer.bias is None else _own(layer.bias)
    if len(layers) > len(wanted):
        extra = heads_first[len(wanted)]
        raise MisfitError(f"{extra.name} {_by(extra.shape)} comes after the last layer, {wanted[-1].name}", len(wanted))
    return weights | _fit_norms(norms, wanted_norms(plan), len(wanted))


def _fit_norms(norms: tuple[Norm, ...], wanted: list[tuple[str, int]], fitted: int) -> dict[str, Tensor]:
    if len(norms) != len(wanted):
        raise MisfitError(
            f"the file has {_count(len(norms), 'batch normalisation')}, the model {len(wanted)}: see model.norm",
            fitted,
        )
    weights: dict[str, Tensor] = {}
    for norm, (name, width) in zip(norms, wanted, strict=True):
        if norm.width != width:
            raise MisfitError(f"{norm.name} normalises {norm.width} channels, where {name} has {width}", fitted)
        defaults = {
            "weight": torch.ones(width),
            "bias": torch.zeros(width),
            "num_batches_tracked": torch.zeros((), dtype=torch.int64),
        }
        for part in ("weight", "bias", "running_mean", "running_var"):
            weights[f"{name}.{part}"] = _own(norm.tensors.get(part, defaults.get(part)))  # type: ignore[arg-type]
        counted = norm.tensors.get("num_batches_tracked", defaults["num_batches_tracked"])
        weights[f"{name}.num_batches_tracked"] = counted.detach().to(torch.int64).reshape(())
    return weights


def _own(tensor: Tensor) -> Tensor:
    return tensor.detach().to(torch.float32).contiguous().clone()


def _heads_sorted(layers: list[Layer], wanted: list[Wanted]) -> list[Layer]:
    """The layers with mean before log-variance, as their names tell; two heads of one shape say nothing themselves."""
    for number, place in enumerate(wanted[: len(layers) - 1]):
        if place.name.endswith(".mean"):
            first, second = layers[number], layers[number + 1]
            if _LOG_VARIANCE.search(_last(first)) and not _LOG_VARIANCE.search(_last(second)):
                layers[number], layers[number + 1] = second, first
    return layers


def _last(layer: Layer) -> str:
    parts = [part for part in layer.name.split(".") if not part.isdecimal()]
    return parts[-1] if parts else ""


def orders(checkpoint: Checkpoint) -> Iterator[tuple[tuple[Layer, ...], tuple[Norm, ...]]]:
    """The orders in which a checkpoint's layers may have been meant, the likeliest first."""
    if checkpoint.ordered:
        yield checkpoint.layers, checkpoint.norms

    def by_name(item: Layer | Norm) -> tuple:
        return _side(item.name), _natural(item.name)

    def by_kind(item: Layer | Norm) -> tuple:
        side = _side(item.name)
        linear = isinstance(item, Layer) and item.weight.ndim == 2
        return side, linear if side < 2 else not linear, _natural(item.name)

    for key in (by_name, by_kind):
        yield tuple(sorted(checkpoint.layers, key=key)), tuple(sorted(checkpoint.norms, key=by_name))


def _side(name: str) -> int:
    """0 for the encoder, 2 for the decoder, 1 for what does not say."""
    for part in name.lower().split("."):
        if re.match(r"enc|down", part):
            return 0
        if re.match(r"dec|up|gen", part) or re.search(r"deconv|trans|_dec|convt", part):
            return 2
        if re.search(r"_enc|^q_", part):
            return 0
    return 1


def _natural(name: str) -> tuple:
    """Sorts `net.2` before `net.10`."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)|\.", name) if part
    )


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
