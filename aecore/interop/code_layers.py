"""A plan's layers as PyTorch code: what constructs the modules, and what runs them."""

from __future__ import annotations

from collections.abc import Sequence

from aecore.config.activation import slope
from aecore.models.layer import Layer, Shape

_ACTIVATIONS = {
    "relu": "nn.ReLU()",
    "selu": "nn.SELU()",
    "elu": "nn.ELU()",
    "gelu": "nn.GELU()",
    "silu": "nn.SiLU()",
    "mish": "nn.Mish()",
    "softplus": "nn.Softplus()",
    "relu6": "nn.ReLU6()",
    "tanh": "nn.Tanh()",
    "sigmoid": "nn.Sigmoid()",
}


def sequential(side: str, parts: Sequence[tuple[str, str]]) -> list[str]:
    """The lines that construct the modules of `encoder`, `decoder` or `body`."""
    inside = [f'            ("{name}", {code}),' for name, code in parts]
    return [f"        self.{side} = nn.Sequential(OrderedDict([", *inside, "        ]))"]


def joined(layers: Sequence[Layer]) -> bool:
    """Whether the layers are no mere sequence: some add their input, join another's output or use another's weights."""
    return any(layer.residual or layer.joined or layer.tied_to for layer in layers)


def run_lines(side: str, layers: Sequence[Layer], map_shape: Shape | None, black: float) -> list[str]:
    """The lines that run the modules one by one on `values`, with the connections across."""
    lines: list[str] = []
    wanted = {layer.joined for layer in layers if layer.joined}
    before, shape = "", ()
    for number, layer in enumerate(layers):
        name = layer.name.rpartition(".")[2]
        if before == "Conv2d" and layer.kind in ("Linear", "Gaussian"):
            lines.append("values = values.flatten(1)")
        if layer.kind == "ConvTranspose2d" and map_shape and (number == 0 or len(shape) == 1):
            lines.append(f"values = values.view(-1, {', '.join(map(str, map_shape))})")
        before, shape = layer.kind, layer.output_shape
        if layer.joined:
            lines.append(f"values = torch.cat([values, {_variable(layer.joined)}], dim=1)")
            continue
        if layer.residual:
            lines.append("given = values")
        if layer.tied_to:
            lines.append(_tied(side, name, layer))
        for part, _ in stack([layer], black):
            if not (layer.tied_to and part == name):
                lines.append(f"values = self.{side}.{part}(values)")
        if layer.residual:
            lines.append("values = values + given")
        if layer.name in wanted:
            lines.append(f"{_variable(layer.name)} = values")
    return [f"        {line}" for line in lines]


def _variable(name: str) -> str:
    return f"after_{name.rpartition('.')[2]}"


def _tied(side: str, name: str, layer: Layer) -> str:
    weight, bias = f"self.{layer.tied_to}.weight", f"self.{side}.{name}.bias"
    if layer.kind == "Linear":
        return f"values = F.linear(values, {weight}.T, {bias})"
    window = f"{layer.stride}, {layer.padding}, {layer.output_padding}"
    return f"values = F.conv_transpose2d(values, {weight}, {bias}, {window})"


def stack(layers: Sequence[Layer], black: float) -> list[tuple[str, str]]:
    """Names and constructors of the modules, as `aecore.models.layers` builds them."""
    parts: list[tuple[str, str]] = []
    before = ""
    for layer in layers:
        name = layer.name.rpartition(".")[2]
        if before == "Conv2d" and layer.kind in ("Linear", "Gaussian"):
            parts.append(("flatten", "nn.Flatten()"))
        before = layer.kind
        if not layer.weighted:
            parts.append((name, _bare(layer, black)))
            continue
        parts.append((name, f"Bias({layer.outputs})" if layer.tied_to else _weighted(layer)))
        if layer.norm:
            parts.append((f"{name}_norm", f"nn.BatchNorm{'1' if layer.kind == 'Linear' else '2'}d({layer.outputs})"))
        if layer.activation != "none":
            word = layer.activation.partition(":")[0].replace("-", "_")
            parts.append((f"{name}_{word}", _activation(layer.activation)))
        if layer.dropout:
            parts.append((f"{name}_dropout", f"nn.Dropout({layer.dropout})"))
    return parts


def _activation(name: str) -> str:
    return f"nn.LeakyReLU({slope(name)})" if name.startswith("leaky-relu") else _ACTIVATIONS[name]


def _weighted(layer: Layer) -> str:
    if layer.kind == "Gaussian":
        return f"Gaussian({layer.inputs}, {layer.outputs})"
    if layer.kind == "Linear":
        return f"nn.Linear({layer.inputs}, {layer.outputs})"
    window = f"{layer.inputs}, {layer.outputs}, {layer.kernel}, {layer.stride}, {layer.padding}"
    more = f", {layer.output_padding}" if layer.kind == "ConvTranspose2d" else ""
    return f"nn.{layer.kind}({window}{more})"


def _bare(layer: Layer, black: float) -> str:
    match layer.kind:
        case "Norm":
            return f"nn.BatchNorm{'1' if len(layer.output_shape) == 1 else '2'}d({layer.outputs})"
        case "Activation":
            return _activation(layer.activation)
        case "Dropout":
            return f"nn.Dropout({layer.dropout})"
        case "Flatten":
            return "nn.Flatten()"
        case "Map":
            return f"nn.Unflatten(1, {tuple(layer.output_shape)})"
        case "Resize":
            return f"nn.Upsample(size={tuple(layer.output_shape[1:])})"
        case "Concat":
            return "nn.Identity()"
        case "MaxPool2d" | "AvgPool2d":
            return f"nn.{layer.kind}({layer.size})"
        case "Upsample":
            return f"nn.Upsample(scale_factor={layer.size})"
        case "UpsampleBilinear":
            return f'nn.Upsample(scale_factor={layer.size}, mode="bilinear", align_corners=False)'
        case "Pad":
            return f"nn.ConstantPad2d({layer.size}, {black})"
        case "Crop":
            return f"nn.ZeroPad2d({-layer.size})"
    mean, deviation = list(layer.mean), list(layer.deviation)
    if layer.kind == "Denormalise":
        return f"Affine({deviation}, {mean})"
    return f"Affine({[1 / d for d in deviation]}, {[-m / d for m, d in zip(mean, deviation, strict=True)]})"
