"""Names of layers as the classes in the course reports give them, for weights that these classes load."""

from __future__ import annotations

from collections.abc import Callable

from aecore.errors import UserError
from aecore.models.layer import Layer, Plan


def _numbered(plan: Plan) -> dict[str, str]:
    """fc1, fc2 and so on, in the order of the layers."""
    for layer in plan.layers:
        if layer.kind not in ("Linear", "Activation", "Flatten", "Map") or layer.norm:
            raise UserError(f"--names fc is for linear layers alone, and {layer.name} is {_what(layer)}")
    linear = [layer for layer in plan.layers if layer.kind == "Linear"]
    return {layer.name: f"fc{number}" for number, layer in enumerate(linear, start=1)}


def _sequential(plan: Plan) -> dict[str, str]:
    """The place in a `Sequential` called cnn of each side, where activations and normalisations have places too."""
    found: dict[str, str] = {}
    for side, layers in (("encoder", plan.encoder), ("decoder", plan.decoder)):
        place = 0
        for layer in layers:
            if layer.kind not in ("Conv2d", "ConvTranspose2d", "Activation", "Map") or layer.norm:
                raise UserError(f"--names cnn is for convolutions alone, and {layer.name} is {_what(layer)}")
            if layer.weighted:
                found[layer.name] = f"{side}.cnn.{place}"
            place += (layer.kind != "Map") + (layer.weighted and layer.activation != "none") + bool(layer.dropout)
    return found


def _what(layer: Layer) -> str:
    return f"{layer.kind} with a normalisation" if layer.norm else layer.kind


LAYOUTS: dict[str, Callable[[Plan], dict[str, str]]] = {"fc": _numbered, "cnn": _sequential}
"""By the name of each: from a plan to the names of its layers, by ours. Raises `UserError` for layers that such a class
does not have. `fc` is that of reports 000 and 003 (`self.fc1` to `self.fc4`), `cnn` that of report 001
(`encoder.cnn.0`, `encoder.cnn.2`, `decoder.cnn.0`, `decoder.cnn.2`)."""
