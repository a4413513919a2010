"""The layers of networks without a code, which restore images: the DnCNN and the U-Net."""

from __future__ import annotations

from aecore.config.model import Conv, Model
from aecore.errors import UserError
from aecore.models.layer import Layer, Plan, Shape


def restorer_plan(model: Model, image_shape: Shape) -> Plan:
    """The layers of a DnCNN or a U-Net for images (C, H, W). Raises `UserError` where an image is too small for the
    U-Net's levels."""
    body = _dncnn(model, image_shape) if model.kind == "dncnn" else _unet(model, image_shape)
    return Plan(image_shape, (), (), image_shape, body=tuple(body))


def _dncnn(model: Model, image_shape: Shape) -> list[Layer]:
    """Every convolution of the description, and one that comes back to the image's channels."""
    channels, height, width = image_shape
    inputs, layers = channels + model.noise_level, []
    for number, conv in enumerate(model.conv, start=1):
        layers.append(_conv(f"body.conv{number}", inputs, conv, height, width, model))
        inputs = conv.channels
    return [*layers, _last(len(layers) + 1, inputs, image_shape, model)]


def _unet(model: Model, image_shape: Shape) -> list[Layer]:
    """At each level two convolutions; between levels the map is halved by the largest of four pixels on the way down,
    and enlarged to the size that it had there on the way up, where the level's output is put behind its channels."""
    channels, height, width = image_shape
    inputs, layers, levels = channels + model.noise_level, [], []
    count = pools = 0
    for depth, conv in enumerate(model.conv):
        if depth:
            if min(height, width) < 2:
                raise UserError(f"model.conv: {len(model.conv)} levels are too many for images of "
                                f"{image_shape[1]}×{image_shape[2]}: each halves them; name fewer")  # fmt: skip
            height, width, pools = height // 2, width // 2, pools + 1
            shape = (inputs, height, width)
            layers.append(Layer(f"body.max_pool{pools}", "MaxPool2d", inputs, inputs, shape, size=2))
        for _ in range(2):
            count += 1
            layers.append(_conv(f"body.conv{count}", inputs, conv, height, width, model))
            inputs = conv.channels
        levels.append(layers[-1])
    for number, (across, conv) in enumerate(zip(levels[-2::-1], model.conv[-2::-1], strict=True), start=1):
        _, height, width = across.output_shape
        layers.append(Layer(f"body.resize{number}", "Resize", inputs, inputs, (inputs, height, width)))
        joined = inputs + across.outputs
        shape = (joined, height, width)
        layers.append(Layer(f"body.concat{number}", "Concat", inputs, joined, shape, joined=across.name))
        inputs = joined
        for _ in range(2):
            count += 1
            layers.append(_conv(f"body.conv{count}", inputs, conv, height, width, model))
            inputs = conv.channels
    return [*layers, _last(count + 1, inputs, image_shape, model)]


def _conv(name: str, inputs: int, conv: Conv, height: int, width: int, model: Model) -> Layer:
    shape = (conv.channels, height, width)
    window = (conv.kernel, conv.stride, conv.padding)
    return Layer(
        name,
        "Conv2d",
        inputs,
        conv.channels,
        shape,
        model.activation,
        *window,
        norm=model.norm == "batch",
        dropout=model.dropout,
        residual=model.kind == "unet" and model.residual and inputs == conv.channels,
    )


def _last(number: int, inputs: int, image_shape: Shape, model: Model) -> Layer:
    kernel = model.conv[0].kernel if model.kind == "dncnn" else 1
    return Layer(
        f"body.conv{number}", "Conv2d", inputs, image_shape[0], image_shape, model.output, kernel, 1, kernel // 2
    )
