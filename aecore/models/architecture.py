"""From a model's description to its layers: every size solved, every parameter counted, without torch.

The network is built from this plan and the layer table is printed from it, so that the two cannot disagree.
"""

from __future__ import annotations

import math
from dataclasses import replace

from aecore.config.model import Conv, Model
from aecore.errors import UserError
from aecore.models.layer import Layer, Plan, Shape
from aecore.models.restorer_plan import restorer_plan
from aecore.models.written import written_plan

MOST_PARAMETERS = 2_000_000_000
"""More than this (8 GB of float32 weights) is taken for a typo."""


def plan(model: Model, image_shape: Shape) -> Plan:
    """Solve the layers of `model` for images (C, H, W).

    Of an external network the plan has a layer each for encoder and decoder, whose parameters are not counted. Raises
    `UserError` when a kernel is larger than its input, when a described decoder does not end in the image's
    channels, when the steps of a written network do not follow from one another, or when there are too many parameters.
    """
    if model.external:
        return _external(model, image_shape)
    if not model.has_code:
        solved = restorer_plan(model, image_shape)
    else:
        solved = _described(model, image_shape) if model.encoder is None else written_plan(model, image_shape)
    if solved.parameters > MOST_PARAMETERS:
        raise UserError(
            f"model: {solved.parameters:,} parameters are more than the limit "
            f"({MOST_PARAMETERS:,}); make the layers narrower"
        )
    return solved


def _external(model: Model, image_shape: Shape) -> Plan:
    """Of a network that is not described, what is known: the sizes of image and code."""
    pixels, size = math.prod(image_shape), model.bottleneck.size
    if not model.has_code:
        return Plan(image_shape, (), (), None, (Layer("network", "External", pixels, pixels, image_shape),))
    encoder = Layer("encoder", "External", pixels, size, (size,))
    return Plan(image_shape, (encoder,), (Layer("decoder", "External", size, pixels, image_shape),), None)


def _described(model: Model, image_shape: Shape) -> Plan:
    """The layers that conv, dense and bottleneck describe."""
    down = _convolutions(model, image_shape)
    if down and model.bottleneck.kind == "none" and model.quantised:
        down[-1] = replace(down[-1], activation="none", norm=False, dropout=0.0, residual=False)
    map_shape: Shape | None = down[-1].output_shape if down else None  # type: ignore[assignment]
    features = math.prod(map_shape or image_shape)
    encoder, decoder = list(down), []
    if model.bottleneck.kind != "none":
        size = model.bottleneck.size
        given = features if down else features + model.classes
        encoder += _dense("encoder", (given, *model.dense), model.activation, model)
        last = encoder[-1].outputs if model.dense else given
        gaussian = model.bottleneck.kind == "gaussian"
        encoder.append(
            Layer(
                f"encoder.linear{len(model.dense) + 1}",
                "Gaussian" if gaussian else "Linear",
                last,
                size,
                (size,),
                "none" if gaussian or model.quantised else model.bottleneck.activation,
            )
        )
        mirrored = tuple(reversed(model.dense)) if model.decoder_dense is None else model.decoder_dense
        hidden = (size + model.classes, *mirrored, features) if down else (size + model.classes, *mirrored)
        decoder += _dense("decoder", hidden, model.activation, model)
        if not down:
            before = decoder[-1].outputs if decoder else size + model.classes
            name = f"decoder.linear{len(decoder) + 1}"
            decoder.append(Layer(name, "Linear", before, features, (features,), model.output))
    if map_shape:
        decoder += _transposed(model, down, map_shape, image_shape)
    if model.tied:
        decoder = [replace(layer, tied_to=to.name) for layer, to in zip(decoder, reversed(encoder), strict=True)]
    solved = Plan(
        image_shape,
        tuple(encoder),
        tuple(decoder),
        map_shape,
        classes=model.classes,
        levels=model.bottleneck.levels if model.bottleneck.quantise == "fsq" else (),
        keep=model.bottleneck.keep or 0,
    )
    if model.likelihood == "bernoulli" and solved.resized:
        raise UserError("model.likelihood: a Bernoulli likelihood needs a decoder that ends in the image's size; set "
                        "decoder_fit to 'exact'")  # fmt: skip
    if model.bottleneck.quantise == "vq":
        solved = replace(solved, codebook=(model.bottleneck.codebook, solved.code_map[0]))
    return solved


def _dense(side: str, widths: tuple[int, ...], activation: str, model: Model) -> list[Layer]:
    return [
        Layer(
            f"{side}.linear{i + 1}",
            "Linear",
            widths[i],
            widths[i + 1],
            (widths[i + 1],),
            activation,
            norm=model.norm == "batch",
            dropout=model.dropout,
            residual=model.residual and widths[i] == widths[i + 1],
        )
        for i in range(len(widths) - 1)
    ]


def _convolutions(model: Model, image_shape: Shape) -> list[Layer]:
    """The encoder's convolutions; out = ⌊(in + 2·padding − kernel) / stride⌋ + 1 in each direction."""
    layers: list[Layer] = []
    channels, height, width = image_shape
    channels += model.classes  # a plane for each class
    for i, conv in enumerate(model.conv, start=1):
        sizes = [(side + 2 * conv.padding - conv.kernel) // conv.stride + 1 for side in (height, width)]
        if min(sizes) < 1:
            raise UserError(
                f"model.conv: layer {i} ({conv}) has a kernel larger than what is left of the image, "
                f"{height}×{width}; use fewer layers, smaller strides or more padding"
            )
        shape = (conv.channels, *sizes)
        layers.append(_conv_layer(f"encoder.conv{i}", "Conv2d", channels, shape, conv, model, model.activation))
        channels, height, width = shape
    return layers


def _transposed(model: Model, down: list[Layer], start: Shape, image_shape: Shape) -> list[Layer]:
    """The decoder's transposed convolutions, out = (in − 1)·stride − 2·padding + kernel + output padding."""
    mirrored = model.decoder_conv is None
    if model.decoder_conv is None:
        channels = [*(layer.outputs for layer in reversed(down[:-1])), image_shape[0]]
        convs = [
            conv.model_copy(update={"channels": wanted})
            for conv, wanted in zip(reversed(model.conv), channels, strict=True)
        ]
        targets = [layer.output_shape[1:] for layer in reversed(down[:-1])] + [image_shape[1:]]
    else:
        convs, targets = list(model.decoder_conv), []
        if convs[-1].channels != image_shape[0]:
            raise UserError(
                f"model.decoder_conv: the last layer makes the image and needs {image_shape[0]} channels, "
                f"not {convs[-1].channels}"
            )
    layers: list[Layer] = []
    channels, height, width = start
    for i, conv in enumerate(convs, start=1):
        bare = [(side - 1) * conv.stride - 2 * conv.padding + conv.kernel for side in (height, width)]
        if mirrored and model.decoder_fit == "exact":
            # The pixels that the encoder's floor division dropped; always less than the stride.
            missing = [target - side for target, side in zip(targets[i - 1], bare, strict=True)]
        else:
            missing = [conv.stride - 1] * 2
        sizes = [side + more for side, more in zip(bare, missing, strict=True)]
        if min(sizes) < 1:
            raise UserError(f"model.decoder_conv: layer {i} ({conv}) leaves nothing of a {height}×{width} map")
        last = i == len(convs)
        layers.append(
            _conv_layer(
                f"decoder.conv{i}",
                "ConvTranspose2d",
                channels,
                (conv.channels, *sizes),
                conv,
                model,
                model.output if last else model.activation,
                hidden=not last,
                output_padding=(missing[0], missing[1]),
            )
        )
        channels, height, width = conv.channels, *sizes
    return layers


def _conv_layer(
    name: str,
    kind: str,
    inputs: int,
    shape: tuple[int, ...],
    conv: Conv,
    model: Model,
    activation: str,
    hidden: bool = True,
    output_padding: tuple[int, int] = (0, 0),
) -> Layer:
    same = 2 * conv.padding == conv.kernel - 1
    return Layer(
        name,
        kind,
        inputs,
        conv.channels,
        shape,
        activation,
        conv.kernel,
        conv.stride,
        conv.padding,
        output_padding,
        norm=hidden and model.norm == "batch",
        dropout=model.dropout if hidden else 0.0,
        residual=hidden and model.residual and conv.stride == 1 and inputs == conv.channels and same,
    )
