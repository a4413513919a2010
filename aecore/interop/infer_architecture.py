"""Inferring the description of a model from the shapes of a checkpoint's weights, where no preset fits.

Shapes determine widths, channels and kernels. Strides and paddings are searched until the sizes match; everything else
has its default value and is listed as assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aecore.config.model import Conv
from aecore.interop.match_layers import MismatchError, possible_orders
from aecore.interop.read_checkpoint import Checkpoint, Layer
from aecore.interop.strides import convolved, search_strides, transposed, usual_options
from aecore.models.layer import Shape


@dataclass(frozen=True)
class Guess:
    """A model with a checkpoint's shapes: settings by dotted key, and those of them that were assumed."""

    settings: dict[str, Any]
    image_shape: Shape
    assumed: dict[str, Any] = field(default_factory=dict)


def infer_architecture(checkpoint: Checkpoint, shapes: Sequence[Shape], convs: Sequence[Conv] = ()) -> Guess:
    """A model for images of the first of `shapes` (C, H, W) that fits the layers.

    `convs` are the encoder's convolutions where they are known. Raises `MismatchError` that names the first layer which
    no model here has.
    """
    best: MismatchError | None = None
    for layers, norms in possible_orders(checkpoint):
        try:
            return _infer(layers, bool(norms), shapes, convs)
        except MismatchError as error:
            best = error if best is None or error.fitted > best.fitted else best
    assert best is not None
    raise best


def _infer(layers: tuple[Layer, ...], normed: bool, shapes: Sequence[Shape], convs: Sequence[Conv]) -> Guess:
    down, dense, up = _parts(layers)
    settings: dict[str, Any] = {"model.norm": "batch" if normed else "none"}
    if dense:
        settings |= _dense(dense, len(down))
        features = dense[0].shape[1]
        if dense[-1].shape[0] != features:
            raise MismatchError(
                f"{dense[-1].name} gives {dense[-1].shape[0]:,} numbers, where {dense[0].name} takes {features:,}: an "
                "autoencoder's output is as large as its input",
                len(layers) - len(up),
            )
    else:
        features = None
        settings |= {"model.dense": [], "model.bottleneck.kind": "none"}
    if not down:
        fitting = [shape for shape in shapes if math.prod(shape) == features]
        if not fitting:
            raise MismatchError(
                f"{dense[0].name} takes {features:,} numbers, and {_names(shapes)} have as many; "
                "name the images with --data",
                0,
            )
        settings |= {"model.conv": []}
        return Guess(settings, fitting[0], _assumed(settings, {}))
    _chain(down, down[0].shape[1], "Conv2d", 0)
    _chain(up, down[-1].shape[0], "ConvTranspose2d", len(layers) - len(up))
    found, shape = _strides(down, shapes, features, convs)
    settings["model.conv"] = list(map(str, found))
    assumed: dict[str, Any] = {} if convs else {"model.conv": settings["model.conv"]}
    kernels = [layer.shape[2] for layer in up]
    channels = [layer.shape[1] for layer in up]
    mirrored = [layer.shape[1] for layer in reversed(down)]
    if channels != mirrored or kernels != [layer.shape[2] for layer in reversed(down)]:
        settings["model.decoder_conv"] = _up(up, found, shape)
        assumed["model.decoder_conv"] = settings["model.decoder_conv"]
    return Guess(settings, shape, _assumed(settings, assumed))


def _assumed(settings: dict[str, Any], searched: dict[str, Any]) -> dict[str, Any]:
    defaults = {"model.activation": "relu", "model.output": "sigmoid", "model.range": "unit"}
    if settings.get("model.bottleneck.kind") == "dense":
        defaults["model.bottleneck.activation"] = "none"
    if settings.get("model.bottleneck.kind") == "gaussian":
        defaults["model.bottleneck.sample"] = "training"
    return searched | defaults


def _parts(layers: tuple[Layer, ...]) -> tuple[list[Layer], list[Layer], list[Layer]]:
    """The encoder's convolutions, the linear layers, the decoder's convolutions."""
    linear = [number for number, layer in enumerate(layers) if len(layer.shape) == 2]
    if not linear:
        split = _split(layers)
        return list(layers[:split]), [], list(layers[split:])
    first, last = linear[0], linear[-1]
    for number in range(first, last + 1):
        if len(layers[number].shape) == 4:
            raise MismatchError(f"{layers[number].name} is a convolution between linear layers", number)
    down, up = list(layers[:first]), list(layers[last + 1 :])
    if bool(down) != bool(up):
        lone = (down or up)[0]
        raise MismatchError(
            f"{lone.name} is a convolution, but the {'decoder' if down else 'encoder'} has none: here both sides have "
            "convolutions or neither",
            0 if down else last + 1,
        )
    return down, list(layers[first : last + 1]), up


def _split(layers: tuple[Layer, ...]) -> int:
    """The index at which the decoder begins in a list of convolutions: where channels and kernels are mirrored, else
    nearest to the middle."""
    possible = []
    for split in range(1, len(layers)):
        down, up = layers[:split], layers[split:]
        try:
            _chain(down, down[0].shape[1], "Conv2d", 0)
            _chain(up, down[-1].shape[0], "ConvTranspose2d", split)
        except MismatchError:
            continue
        if up[-1].shape[1] == down[0].shape[1]:
            possible.append(split)
    if not possible:
        _chain(layers, layers[0].shape[1], "Conv2d", 0)
        raise MismatchError(f"{layers[-1].name} does not lead back to an image", len(layers) - 1)
    mirrored = [
        split
        for split in possible
        if [layer.shape[1] for layer in layers[split:]] == [layer.shape[1] for layer in reversed(layers[:split])]
        and [layer.shape[2] for layer in layers[split:]] == [layer.shape[2] for layer in reversed(layers[:split])]
    ]
    return min(mirrored or possible, key=lambda split: abs(split - len(layers) / 2))


def _chain(convs: Sequence[Layer], channels: int, kind: str, number: int) -> None:
    """Raise `MismatchError` at the first convolution whose input channels are not the output channels before it."""
    for layer in convs:
        axes = (0, 1) if kind == "ConvTranspose2d" else (1, 0)
        inputs, outputs = layer.shape[axes[0]], layer.shape[axes[1]]
        if inputs != channels or (layer.bias is not None and len(layer.bias) != outputs):
            hint = ": here decoders consist of transposed convolutions" if kind == "ConvTranspose2d" else ""
            raise MismatchError(
                f"{layer.name} ({'×'.join(map(str, layer.shape))}) is not a {kind} of {channels} channels{hint}", number
            )
        channels, number = outputs, number + 1


def _dense(layers: list[Layer], before: int) -> dict[str, Any]:
    """Settings from the linear layers: their widths, and which of them is the bottleneck."""
    gaussian = _heads(layers)
    chained = layers if gaussian is None else [*layers[: gaussian + 1], *layers[gaussian + 2 :]]
    for number in range(1, len(chained)):
        if chained[number].shape[1] != chained[number - 1].shape[0]:
            raise MismatchError(
                f"{chained[number].name} takes {chained[number].shape[1]:,} numbers, where {chained[number - 1].name} "
                f"gives {chained[number - 1].shape[0]:,}",
                before + number,
            )
    widths = [layer.shape[0] for layer in chained]
    if len(widths) < 2:
        raise MismatchError(f"{chained[0].name} is the only linear layer: an autoencoder has one on each side", before)
    if gaussian is None:
        narrowest = min(widths[:-1])
        at = min(
            (number for number, width in enumerate(widths[:-1]) if width == narrowest),
            key=lambda number: abs(number + 1 - len(widths) / 2),
        )
    else:
        at = gaussian
    encoder, decoder = widths[:at], widths[at + 1 : -1]
    settings: dict[str, Any] = {
        "model.dense": encoder,
        "model.bottleneck.kind": "dense" if gaussian is None else "gaussian",
        "model.bottleneck.size": widths[at],
    }
    if decoder != encoder[::-1]:
        settings["model.decoder_dense"] = decoder
    return settings


def _heads(layers: list[Layer]) -> int | None:
    """The index of two parallel linear layers, mean and log-variance of a Gaussian code; None where there are none."""
    for number in range(len(layers) - 1):
        one, two = layers[number], layers[number + 1]
        after = layers[number + 2].shape[1] if number + 2 < len(layers) else None
        if one.shape == two.shape and one.shape[0] != one.shape[1] and after == one.shape[0]:
            return number
    return None


def _strides(
    down: list[Layer], shapes: Sequence[Shape], features: int | None, convs: Sequence[Conv]
) -> tuple[list[Conv], Shape]:
    """The encoder's convolutions with strides and paddings, for the first image shape whose sizes match."""
    present = [(layer.shape[0], layer.shape[2]) for layer in down]
    if convs and [(conv.channels, conv.kernel) for conv in convs] != present:
        listed = ", ".join(f"{channels}k{kernel}" for channels, kernel in present)
        raise MismatchError(f"model.conv: the file's convolutions are {listed}; give strides and paddings for these", 0)
    fitting = [shape for shape in shapes if shape[0] == down[0].shape[1]]
    if not fitting:
        raise MismatchError(
            f"{down[0].name} takes {down[0].shape[1]} channels, and {_names(shapes)} have as many; "
            "name the images with --data",
            0,
        )
    for shape in fitting:
        area = None if features is None else features / down[-1].shape[0]
        options = [[(conv.stride, conv.padding)] for conv in convs] or [usual_options(kernel) for _, kernel in present]
        chosen = search_strides(
            shape[1:], [kernel for _, kernel in present], options, convolved, lambda h, w, a=area: a in (None, h * w)
        )
        if chosen:
            return [
                Conv(channels=channels, kernel=kernel, stride=stride, padding=padding)
                for (channels, kernel), (stride, padding) in zip(present, chosen, strict=True)
            ], shape
    sizes = ", ".join(f"{h}×{w}" for _, h, w in fitting)
    raise MismatchError(
        f"the first linear layer takes {features:,} numbers: with strides of 1 or 2 the convolutions do not lead there "
        f"from images of {sizes}; pooling layers are not supported",
        len(down),
    )


def _up(up: list[Layer], down: Sequence[Conv], shape: Shape) -> list[str]:
    """The decoder's convolutions in written form, where they do not mirror the encoder's."""
    if up[-1].shape[1] != shape[0]:
        raise MismatchError(f"{up[-1].name} gives {up[-1].shape[1]} channels, the image has {shape[0]}", len(down))
    height, width = shape[1:]
    for conv in down:
        height, width = (
            convolved(height, conv.kernel, conv.stride, conv.padding),
            convolved(width, conv.kernel, conv.stride, conv.padding),
        )
    kernels = [layer.shape[2] for layer in up]
    chosen = search_strides(
        (height, width),
        kernels,
        [usual_options(kernel) for kernel in kernels],
        transposed,
        lambda h, w: (h, w) == shape[1:],
    )
    if not chosen:
        raise MismatchError(
            f"the decoder's {len(up)} transposed convolutions do not lead from {height}×{width} back to "
            f"{shape[1]}×{shape[2]} pixels with strides of 1 or 2; give model.decoder_conv with --set",
            len(down),
        )
    return [
        f"{layer.shape[1]}k{layer.shape[2]}s{stride}p{padding}"
        for layer, (stride, padding) in zip(up, chosen, strict=True)
    ]


def _names(shapes: Sequence[Shape]) -> str:
    if len(shapes) == 1:
        return f"images of {'×'.join(map(str, shapes[0]))} do not"
    return "no images known here"
