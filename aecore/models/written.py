"""From a network that is written step by step to its layers."""

from __future__ import annotations

import math
from dataclasses import replace

from aecore.config.model import Model
from aecore.config.steps import Step, parse_step
from aecore.errors import UserError
from aecore.models.layer import Layer, Plan, Shape

_BARE = {
    "norm": "Norm",
    "activation": "Activation",
    "max-pool": "MaxPool2d",
    "avg-pool": "AvgPool2d",
    "upsample": "Upsample",
    "upsample-bilinear": "UpsampleBilinear",
    "map": "Map",
    "dropout": "Dropout",
    "pad": "Pad",
    "crop": "Crop",
    "normalise": "Normalise",
    "denormalise": "Denormalise",
}
_NAMES = {
    "conv": "conv",
    "transposed": "conv",
    "linear": "linear",
    "gaussian": "linear",
    "upsample-bilinear": "upsample",
}


def written_plan(model: Model, image_shape: Shape) -> Plan:
    """The layers of a model with `encoder` and `decoder`, for images (C, H, W).

    Raises `UserError` that names the first step which does not follow from the one before it, and where the decoder
    does not end in an image of that shape.
    """
    assert model.encoder is not None
    assert model.decoder is not None
    encoder = _side("encoder", [parse_step(text) for text in model.encoder], image_shape)
    code = encoder[-1].output_shape
    decoder = _side("decoder", [parse_step(text) for text in model.decoder], (math.prod(code),))
    end = decoder[-1].output_shape
    if end not in (image_shape, (math.prod(image_shape),)):
        raise UserError(f"model.decoder: its last step gives {_by(end)}, where the images are {_by(image_shape)}")
    maps = [layer.output_shape for layer in encoder if len(layer.output_shape) == 3]
    convolved = any(layer.kind == "Conv2d" for layer in encoder)
    return Plan(image_shape, tuple(encoder), tuple(decoder), maps[-1] if convolved else None)  # type: ignore[arg-type]


def _side(side: str, steps: list[Step], shape: tuple[int, ...]) -> list[Layer]:
    layers: list[Layer] = []
    counts: dict[str, int] = {}
    for step in steps:
        if layers and layers[-1].kind == "Gaussian":
            raise UserError(f"model.{side}: 'gaussian' is the encoder's last step, and {step.kind} follows it")
        if step.kind == "gaussian" and side == "decoder":
            raise UserError("model.decoder: 'gaussian' is a step of the encoder")
        if folded := _folded(layers, step):
            layers[-1] = folded
            continue
        if step.kind in ("linear", "gaussian") and len(shape) == 3:
            layers.append(Layer(f"{side}.flatten", "Flatten", math.prod(shape), math.prod(shape), (math.prod(shape),)))
            shape = layers[-1].output_shape
        name = _NAMES.get(step.kind, step.kind.replace("-", "_"))
        counts[name] = counts.get(name, 0) + 1
        layers.append(_layer(f"{side}.{name}{counts[name]}", step, shape, f"model.{side}"))
        shape = layers[-1].output_shape
    return layers


def _folded(layers: list[Layer], step: Step) -> Layer | None:
    """The last layer with the step in it, where that is the order in which a layer applies them: normalisation,
    activation, dropout."""
    if not layers or not layers[-1].weighted or layers[-1].kind == "Gaussian":
        return None
    last = layers[-1]
    if step.kind == "norm" and not last.norm and last.activation == "none" and not last.dropout:
        return replace(last, norm=True)
    if step.kind == "activation" and last.activation == "none" and not last.dropout:
        return replace(last, activation=step.activation)
    if step.kind == "dropout" and not last.dropout and step.rate:
        return replace(last, dropout=step.rate)
    return None


def _layer(name: str, step: Step, shape: tuple[int, ...], key: str) -> Layer:
    inputs = shape[0]
    if step.kind in ("linear", "gaussian"):
        kind = "Linear" if step.kind == "linear" else "Gaussian"
        return Layer(name, kind, inputs, step.size, (step.size,))
    if step.kind == "map":
        if math.prod(step.shape) != math.prod(shape):
            raise UserError(
                f"{key}: a map of {_by(step.shape)} needs {math.prod(step.shape):,} numbers, not {_by(shape)}"
            )
        return Layer(name, "Map", math.prod(shape), step.shape[0], step.shape)
    if step.kind in ("norm", "activation", "dropout"):
        return Layer(name, _BARE[step.kind], inputs, inputs, shape, step.activation or "none", dropout=step.rate)
    if len(shape) != 3:
        raise UserError(f"{key}: {step.kind} needs a map, not {_by(shape)} numbers; add a step such as 'map 16x7x7'")
    channels, height, width = shape
    sides = [_side_after(step, side) for side in (height, width)]
    if min(sides) < 1 or max(sides) > 8192:
        raise UserError(f"{key}: {step.kind} does not fit a map of {height}×{width}")
    if step.kind in ("conv", "transposed"):
        kind = "Conv2d" if step.kind == "conv" else "ConvTranspose2d"
        window = (step.kernel, step.stride, step.padding, (step.output_padding, step.output_padding))
        return Layer(name, kind, channels, step.size, (step.size, *sides), "none", *window)
    if len(step.mean) not in (0, 1, channels):
        raise UserError(f"{key}: {step.kind} has numbers for {len(step.mean)} channels, the map has {channels}")
    about = {"size": step.size, "mean": step.mean, "deviation": step.deviation}
    return Layer(name, _BARE[step.kind], channels, channels, (channels, *sides), **about)


def _side_after(step: Step, side: int) -> int:
    match step.kind:
        case "conv":
            return (side + 2 * step.padding - step.kernel) // step.stride + 1
        case "transposed":
            return (side - 1) * step.stride - 2 * step.padding + step.kernel + step.output_padding
        case "max-pool" | "avg-pool":
            return side // step.size
        case "upsample" | "upsample-bilinear":
            return side * step.size
        case "pad":
            return side + 2 * step.size
        case "crop":
            return side - 2 * step.size
    return side


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
