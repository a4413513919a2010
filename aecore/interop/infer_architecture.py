"""From the shapes of a checkpoint's weights to a description of its model, where no preset fits.

Shapes tell widths, channels and kernels. Strides and paddings are tried until the sizes chain; what shapes cannot tell
takes its usual value and is listed as assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aecore.config.model import Conv
from aecore.interop.match_layers import MisfitError, orders
from aecore.interop.read_checkpoint import Checkpoint, Layer
from aecore.models.architecture import Shape

Options = list[tuple[int, int]]
"""Strides and paddings."""


@dataclass(frozen=True)
class Guess:
    """A model that has a checkpoint's shapes: settings by dotted key, and those of them that were assumed."""

    settings: dict[str, Any]
    image_shape: Shape
    assumed: dict[str, Any] = field(default_factory=dict)


def infer(checkpoint: Checkpoint, shapes: Sequence[Shape], convs: Sequence[Conv] = ()) -> Guess:
    """A model for images of the first of `shapes` (C, H, W) that the layers can be laid over.

    `convs` gives the encoder's convolutions where they are known. Raises `MisfitError` that names the first layer
    which belongs to nothing that is built here.
    """
    best: MisfitError | None = None
    for layers, norms in orders(checkpoint):
        try:
            return _infer(layers, bool(norms), shapes, convs)
        except MisfitError as error:
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
            raise MisfitError(
                f"{dense[-1].name} gives {dense[-1].shape[0]:,} numbers, where {dense[0].name} takes {features:,}: an "
                "autoencoder's decoder ends where its encoder begins",
                len(layers) - len(up),
            )
    else:
        features = None
        settings |= {"model.dense": [], "model.bottleneck.kind": "none"}
    if not down:
        fitting = [shape for shape in shapes if math.prod(shape) == features]
        if not fitting:
            raise MisfitError(
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
    told: dict[str, Any] = {} if convs else {"model.conv": settings["model.conv"]}
    kernels = [layer.shape[2] for layer in up]
    channels = [layer.shape[1] for layer in up]
    mirrored = [layer.shape[1] for layer in reversed(down)]
    if channels != mirrored or kernels != [layer.shape[2] for layer in reversed(down)]:
        settings["model.decoder_conv"] = _up(up, found, shape)
        told["model.decoder_conv"] = settings["model.decoder_conv"]
    return Guess(settings, shape, _assumed(settings, told))


def _assumed(settings: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    usual = {"model.activation": "relu", "model.output": "sigmoid", "model.range": "unit"}
    if settings.get("model.bottleneck.kind") == "dense":
        usual["model.bottleneck.activation"] = "none"
    if settings.get("model.bottleneck.kind") == "gaussian":
        usual["model.bottleneck.sample"] = "training"
    return told | usual


def _parts(layers: tuple[Layer, ...]) -> tuple[list[Layer], list[Layer], list[Layer]]:
    """The encoder's convolutions, the linear layers, the decoder's convolutions."""
    linear = [number for number, layer in enumerate(layers) if len(layer.shape) == 2]
    if not linear:
        split = _split(layers)
        return list(layers[:split]), [], list(layers[split:])
    first, last = linear[0], linear[-1]
    for number in range(first, last + 1):
        if len(layers[number].shape) == 4:
            raise MisfitError(f"{layers[number].name} is a convolution between linear layers", number)
    down, up = list(layers[:first]), list(layers[last + 1 :])
    if bool(down) != bool(up):
        lone = (down or up)[0]
        raise MisfitError(
            f"{lone.name} is a convolution, and the {'decoder' if down else 'encoder'} has none: here both sides have "
            "them or neither",
            0 if down else last + 1,
        )
    return down, list(layers[first : last + 1]), up


def _split(layers: tuple[Layer, ...]) -> int:
    """Where the decoder begins in a row of convolutions: where channels and kernels mirror, else as names tell."""
    possible = []
    for split in range(1, len(layers)):
        down, up = layers[:split], layers[split:]
        try:
            _chain(down, down[0].shape[1], "Conv2d", 0)
            _chain(up, down[-1].shape[0], "ConvTranspose2d", split)
        except MisfitError:
            continue
        if up[-1].shape[1] == down[0].shape[1]:
            possible.append(split)
    if not possible:
        _chain(layers, layers[0].shape[1], "Conv2d", 0)
        raise MisfitError(f"{layers[-1].name} does not lead back to an image", len(layers) - 1)
    mirrored = [
        split
        for split in possible
        if [layer.shape[1] for layer in layers[split:]] == [layer.shape[1] for layer in reversed(layers[:split])]
        and [layer.shape[2] for layer in layers[split:]] == [layer.shape[2] for layer in reversed(layers[:split])]
    ]
    return min(mirrored or possible, key=lambda split: abs(split - len(layers) / 2))


def _chain(convs: Sequence[Layer], channels: int, kind: str, number: int) -> None:
    """Raise `MisfitError` at the first convolution that does not take what the one before gives."""
    for layer in convs:
        axes = (0, 1) if kind == "ConvTranspose2d" else (1, 0)
        inputs, outputs = layer.shape[axes[0]], layer.shape[axes[1]]
        if inputs != channels or (layer.bias is not None and len(layer.bias) != outputs):
            hint = ": here decoders are made of transposed convolutions" if kind == "ConvTranspose2d" else ""
            raise MisfitError(
                f"{layer.name} ({'×'.join(map(str, layer.shape))}) is no {kind} of {channels} channels{hint}", number
            )
        channels, number = outputs, number + 1


def _dense(layers: list[Layer], before: int) -> dict[str, Any]:
    """Widths of the linear layers and where the code is among them."""
    gaussian = _heads(layers)
    chained = layers if gaussian is None else [*layers[: gaussian + 1], *layers[gaussian + 2 :]]
    for number in range(1, len(chained)):
        if chained[number].shape[1] != chained[number - 1].shape[0]:
            raise MisfitError(
                f"{chained[number].name} takes {chained[number].shape[1]:,} numbers, where {chained[number - 1].name} "
                f"gives {chained[number - 1].shape[0]:,}",
                before + number,
            )
    widths = [layer.shape[0] for layer in chained]
    if len(widths) < 2:
        raise MisfitError(f"{chained[0].name} is the only linear layer: an autoencoder has one on each side", before)
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
    """Where two linear layers stand side by side, mean and log-variance of a Gaussian code."""
    for number in range(len(layers) - 1):
        one, two = layers[number], layers[number + 1]
        after = layers[number + 2].shape[1] if number + 2 < len(layers) else None
        if one.shape == two.shape and one.shape[0] != one.shape[1] and after == one.shape[0]:
            return number
    return None


def _options(kernel: int) -> Options:
    """Strides and paddings worth trying for a kernel, the usual ones first."""
    same = (kernel - 1) // 2
    tried = [(2, same), (1, same), (1, 0), (2, 0), (2, 1), (1, 1)]
    return [option for option in dict.fromkeys(tried) if option[1] < kernel]


def _strides(
    down: list[Layer], shapes: Sequence[Shape], features: int | None, convs: Sequence[Conv]
) -> tuple[list[Conv], Shape]:
    """The encoder's convolutions with strides and paddings for the first image shape whose sizes chain."""
    seen = [(layer.shape[0], layer.shape[2]) for layer in down]
    if convs and [(conv.channels, conv.kernel) for conv in convs] != seen:
        shown = ", ".join(f"{channels}k{kernel}" for channels, kernel in seen)
        raise MisfitError(
            f"model.conv: the file's convolutions are {shown} with strides and paddings of your choice", 0
        )
    fitting = [shape for shape in shapes if shape[0] == down[0].shape[1]]
    if not fitting:
        raise MisfitError(
            f"{down[0].name} takes {down[0].shape[1]} channels, and {_names(shapes)} have as many; "
            "name the images with --data",
            0,
        )
    for shape in fitting:
        area = None if features is None else features / down[-1].shape[0]
        options = [[(conv.stride, conv.padding)] for conv in convs] or [_options(kernel) for _, kernel in seen]
        chosen = _search(
            shape[1:], [kernel for _, kernel in seen], options, _smaller, lambda h, w, a=area: a in (None, h * w)
        )
        if chosen:
            return [
                Conv(channels=channels, kernel=kernel, stride=stride, padding=padding)
                for (channels, kernel), (stride, padding) in zip(seen, chosen, strict=True)
            ], shape
    sizes = ", ".join(f"{h}×{w}" for _, h, w in fitting)
    raise MisfitError(
        f"the first linear layer takes {features:,} numbers: with strides of 1 or 2 the convolutions do not get there "
        f"from images of {sizes}; pooling layers are not built here",
        len(down),
    )


def _up(up: list[Layer], down: Sequence[Conv], shape: Shape) -> list[str]:
    """The decoder's convolutions where they do not mirror the encoder's."""
    if up[-1].shape[1] != shape[0]:
        raise MisfitError(f"{up[-1].name} gives {up[-1].shape[1]} channels, the image has {shape[0]}", len(down))
    height, width = shape[1:]
    for conv in down:
        height, width = (
            _smaller(height, conv.kernel, conv.stride, conv.padding),
            _smaller(width, conv.kernel, conv.stride, conv.padding),
        )
    kernels = [layer.shape[2] for layer in up]
    chosen = _search(
        (height, width), kernels, [_options(kernel) for kernel in kernels], _larger, lambda h, w: (h, w) == shape[1:]
    )
    if not chosen:
        raise MisfitError(
            f"the decoder's {len(up)} transposed convolutions do not lead from {height}×{width} back to "
            f"{shape[1]}×{shape[2]} pixels with strides of 1 or 2; give model.decoder_conv with --set",
            len(down),
        )
    return [
        f"{layer.shape[1]}k{layer.shape[2]}s{stride}p{padding}"
        for layer, (stride, padding) in zip(up, chosen, strict=True)
    ]


def _smaller(side: int, kernel: int, stride: int, padding: int) -> int:
    return (side + 2 * padding - kernel) // stride + 1


def _larger(side: int, kernel: int, stride: int, padding: int) -> int:
    """A transposed convolution with the largest output padding, as described decoders have them."""
    return (side - 1) * stride - 2 * padding + kernel + stride - 1


def _search(start, kernels, options, step, reached) -> list[tuple[int, int]] | None:
    """Strides and paddings, one a kernel, that lead from size `start` to one that is `reached`: the usual ones first,
    then those that change least from layer to layer."""
    paths: dict[tuple, tuple[float, list[tuple[int, int]]]] = {(*start, None): (0.0, [])}
    for kernel, choices in zip(kernels, options, strict=True):
        longer: dict[tuple, tuple[float, list[tuple[int, int]]]] = {}
        for (height, width, before), (cost, path) in paths.items():
            for rank, (stride, padding) in enumerate(choices):
                sizes = (step(height, kernel, stride, padding), step(width, kernel, stride, padding))
                if min(sizes) < 1 or max(sizes) > 4096:
                    continue
                key = (*sizes, (stride, padding))
                total = cost + rank / 4 + (before not in (None, (stride, padding)))
                if key not in longer or total < longer[key][0]:
                    longer[key] = (total, [*path, (stride, padding)])
        paths = longer
    ends = [value for (height, width, _), value in paths.items() if reached(height, width)]
    return min(ends, key=lambda value: value[0])[1] if ends else None


def _names(shapes: Sequence[Shape]) -> str:
    if len(shapes) == 1:
        return f"images of {'×'.join(map(str, shapes[0]))} do not"
    return "no images known here"
