"""A run's network as plain PyTorch code: one file that defines the class, without this project."""

from __future__ import annotations

from collections.abc import Sequence

from aecore.config.activation import slope
from aecore.models.architecture import plan
from aecore.models.layer import Layer, Plan
from aecore.runs.store import Run

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

_HEAD = '''"""{title}, exported as plain PyTorch.

    model = Autoencoder().eval()
    model.load_state_dict(torch.load("{run}.pth", weights_only=True))

The weights are those of `python -m aecore export {run} --to pth --names own`. Images are float
(N, {channels}, {height}, {width}) from 0 to 1, and so are the outputs, which are not clamped.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

'''

_GAUSSIAN = '''
class Gaussian(nn.Module):
    """Two linear layers side by side: mean and log-variance of the code."""

    def __init__(self, inputs, size):
        super().__init__()
        self.mean = nn.Linear(inputs, size)
        self.log_variance = nn.Linear(inputs, size)

    def forward(self, features):
        return torch.cat([self.mean(features), self.log_variance(features)], dim=1)

'''

_AFFINE = '''
class Affine(nn.Module):
    """Each channel times a number plus another; neither is learned."""

    def __init__(self, scale, shift):
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale)[:, None, None], persistent=False)
        self.register_buffer("shift", torch.tensor(shift)[:, None, None], persistent=False)

    def forward(self, images):
        return images * self.scale + self.shift

'''


def export_code(run: Run) -> str:
    """Python code with a class `Autoencoder` that computes what the run's model does in evaluation, and trains like it.

    Raises `DamagedError` for a run whose experiment cannot be read.
    """
    model, shape = run.experiment().model, run.image_info().image_shape
    solved = plan(model, shape)
    low, high = model.value_range
    kinds = {layer.kind for layer in solved.layers}
    title = " ".join(run.experiment().title.replace("\\", " ").replace('"', "'").split())
    text = _HEAD.format(title=title, run=run.id, channels=shape[0], height=shape[1], width=shape[2])
    text += _GAUSSIAN if "Gaussian" in kinds else ""
    text += _AFFINE if kinds & {"Normalise", "Denormalise"} else ""
    encoder, decoder = _stack(solved.encoder, low), _stack(solved.decoder, low)
    lines = [
        "",
        "class Autoencoder(nn.Module):",
        "    def __init__(self):",
        "        super().__init__()",
        *_sequential("encoder", encoder),
        *_sequential("decoder", decoder),
        "",
        "    def encode(self, images):",
        f'        """Images to codes (N, {solved.code_size})."""',
        *([f"        images = images * {high - low} + {low}"] if (low, high) != (0.0, 1.0) else []),
        f"        features = self.encoder({_input(solved)})",
        *_code(model.variational, model.bottleneck.sample == "always"),
        "",
        "    def decode(self, code):",
        '        """Codes to images."""',
        *_decode(solved),
        *(
            [f"        return (images - {low}) / {high - low}"]
            if (low, high) != (0.0, 1.0)
            else ["        return images"]
        ),
        "",
        "    def forward(self, images):",
        "        return self.decode(self.encode(images))",
    ]
    return text + "\n".join(lines) + "\n"


def _sequential(side: str, parts: Sequence[tuple[str, str]]) -> list[str]:
    inside = [f'            ("{name}", {code}),' for name, code in parts]
    return [f"        self.{side} = nn.Sequential(OrderedDict([", *inside, "        ]))"]


def _input(solved: Plan) -> str:
    return "images.flatten(1)" if solved.encoder[0].kind in ("Linear", "Gaussian") else "images"


def _code(variational: bool, always: bool) -> list[str]:
    if not variational:
        return ["        return features.flatten(1)"]
    lines = ["        mean, log_variance = features.chunk(2, dim=1)"]
    sampled = "mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)"
    if always:
        return [*lines, f"        return {sampled}"]
    return [*lines, f"        return {sampled} if self.training else mean"]


def _decode(solved: Plan) -> list[str]:
    shape = ", ".join(map(str, solved.image_shape))
    lines = []
    if solved.map_shape and any(layer.kind == "ConvTranspose2d" for layer in solved.decoder) and not _mapped(solved):
        first = next(n for n, (name, _) in enumerate(_stack(solved.decoder, 0.0)) if name == "conv1")
        lines += [
            f"        features = self.decoder[:{first}](code).view(-1, {', '.join(map(str, solved.map_shape))})",
            f"        images = self.decoder[{first}:](features)",
        ]
    else:
        lines.append("        images = self.decoder(code)")
    if len(solved.decoder[-1].output_shape) == 1:
        lines.append(f"        images = images.view(-1, {shape})")
    elif solved.resized:
        size = solved.image_shape[1:]
        lines.append(f'        images = F.interpolate(images, {size}, mode="bilinear", align_corners=False)')
    return lines


def _mapped(solved: Plan) -> bool:
    return any(layer.kind == "Map" for layer in solved.decoder)


def _stack(layers: Sequence[Layer], black: float) -> list[tuple[str, str]]:
    """Names and constructors of the modules, as `aecore.models.autoencoder` builds them."""
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
        parts.append((name, _weighted(layer)))
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
