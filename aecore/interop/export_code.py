"""A run's network as plain PyTorch code: one file that defines the class, without this project."""

from __future__ import annotations

from aecore.config.model import Model
from aecore.errors import UserError
from aecore.interop.code_layers import joined, run_lines, sequential, stack
from aecore.models.architecture import plan
from aecore.models.layer import Plan
from aecore.runs.run import Run

_HEAD = '''"""{title}, exported as plain PyTorch.

    model = {name}().eval()
    model.load_state_dict(torch.load("{run}.pth", weights_only=True))

The weights are those of `python -m aecore export {run} --to pth --names own`. Images are float
(N, {channels}, {height}, {width}) from 0 to 1, and so are the outputs, which are not clamped.{more}
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

_BIAS = '''
class Bias(nn.Module):
    """The biases of a layer that uses another layer's weights."""

    def __init__(self, size):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(size))

'''

_LEVELS = '''
class Levels(nn.Module):
    """Rounds each channel to its levels, in [-1, 1]; the gradient passes through."""

    def __init__(self, levels):
        super().__init__()
        self.register_buffer("levels", torch.tensor(levels), persistent=False)

    def forward(self, values):
        levels = self.levels.view(1, -1, *[1] * (values.dim() - 2))
        reach, offset = (levels - 1) * (1 - 1e-3) / 2, torch.where(levels % 2 == 0, 0.5, 0.0)
        bounded = torch.tanh(values + torch.atanh(offset / reach)) * reach - offset
        return (bounded + (bounded.round() - bounded).detach()) / (levels // 2)

'''

_CODEBOOK = '''
class Codebook(nn.Module):
    """Replaces the channels of each place by the nearest vector; the gradient passes through, and it does not learn."""

    def __init__(self, size, width):
        super().__init__()
        self.register_buffer("codebook", torch.zeros(size, width))
        self.register_buffer("counts", torch.zeros(size))
        self.register_buffer("sums", torch.zeros(size, width))

    def forward(self, values):
        rows = values.movedim(1, -1)
        distances = self.codebook.square().sum(1) - 2 * rows @ self.codebook.T
        nearest = self.codebook[distances.argmin(-1)].movedim(-1, 1)
        return values + (nearest - values).detach()

'''

_ONE_HOT = '''
def with_class(values, classes, count):
    """Features or a map with the class behind them; -1, or no classes, for an image of any class."""
    if classes is None:
        classes = torch.full((len(values),), -1)
    given = (classes[:, None] == torch.arange(count)).to(values)
    if values.dim() == 4:
        given = given[:, :, None, None].expand(-1, -1, *values.shape[2:])
    return torch.cat([values, given], dim=1)

'''


def export_code(run: Run, run_name: str = "") -> str:
    """Python code with a class `Autoencoder`, or `Restorer` for a network without a code, that computes what the run's
    model does in evaluation, and trains like it, but for a codebook, which stays as it is. `run_name` is what the run
    is called in it, by default its id.

    Raises `DamagedError` for a run whose experiment cannot be read.
    """
    model, shape = run.experiment().model, run.image_info().image_shape
    if model.external:
        raise UserError(f"run {run.id} was trained in another program's loop: its code is that program's")
    solved = plan(model, shape)
    kinds = {layer.kind for layer in solved.layers}
    title = " ".join(run.experiment().title.replace("\\", " ").replace('"', "'").split())
    name = "Autoencoder" if solved.has_code else "Restorer"
    more = " `classes` are int64 (N,)." if solved.classes else ""
    more += " `level` is the standard deviation of the noise, (N,), on that scale." if model.noise_level else ""
    text = _HEAD.format(
        title=title, run=run_name or run.id, channels=shape[0], height=shape[1], width=shape[2], name=name, more=more
    )
    needed = {
        _GAUSSIAN: "Gaussian" in kinds,
        _AFFINE: bool(kinds & {"Normalise", "Denormalise"}),
        _BIAS: any(layer.tied_to for layer in solved.layers),
        _LEVELS: bool(solved.levels),
        _CODEBOOK: solved.codebook[0] > 0,
        _ONE_HOT: solved.classes > 0,
    }
    text += "".join(part for part, wanted in needed.items() if wanted)
    lines = _autoencoder(model, solved) if solved.has_code else _restorer(model, solved)
    return text + "\n".join(lines) + "\n"


def _autoencoder(model: Model, solved: Plan) -> list[str]:
    low, high = model.value_range
    told, passed = (", classes=None", ", classes") if solved.classes else ("", "")
    quantiser = []
    if solved.levels:
        quantiser = [f"        self.quantiser = Levels({list(solved.levels)})"]
    elif solved.codebook[0]:
        quantiser = [f"        self.quantiser = Codebook{solved.codebook}"]
    return [
        "",
        "class Autoencoder(nn.Module):",
        "    def __init__(self):",
        "        super().__init__()",
        *sequential("encoder", stack(solved.encoder, low)),
        *sequential("decoder", stack(solved.decoder, low)),
        *quantiser,
        "",
        f"    def encode(self, images{told}):",
        f'        """Images to codes (N, {solved.code_size})."""',
        *([f"        images = images * {high - low} + {low}"] if (low, high) != (0.0, 1.0) else []),
        *_encode(solved, low),
        *_code(model, solved),
        "",
        f"    def decode(self, code{told}):",
        '        """Codes to images."""',
        *_decode(solved, low),
        *_back(low, high),
        "",
        f"    def forward(self, images{told}):",
        f"        return self.decode(self.encode(images{passed}){passed})",
    ]


def _restorer(model: Model, solved: Plan) -> list[str]:
    low, high = model.value_range
    told = ", level" if model.noise_level else ""
    lines = [
        "",
        "class Restorer(nn.Module):",
        "    def __init__(self):",
        "        super().__init__()",
        *sequential("body", stack(solved.body, low)),
        "",
        f"    def forward(self, images{told}):",
        *([f"        images = images * {high - low} + {low}"] if (low, high) != (0.0, 1.0) else []),
        "        values = images",
    ]
    if model.noise_level:
        lines += [
            f"        scale = level[:, None, None, None] * {high - low}",
            "        values = torch.cat([images, scale.expand(-1, 1, *images.shape[2:])], dim=1)",
        ]
    lines += run_lines("body", solved.body, None, low)
    if model.kind == "dncnn" or model.residual:
        lines.append(f"        images = images - values{' * scale' if model.noise_level else ''}")
    else:
        lines.append("        images = values")
    return [*lines, *_back(low, high)]


def _back(low: float, high: float) -> list[str]:
    if (low, high) == (0.0, 1.0):
        return ["        return images"]
    return [f"        return (images - {low}) / {high - low}"]


def _encode(solved: Plan, black: float) -> list[str]:
    """From `images` to `features`."""
    given = "images.flatten(1)" if solved.encoder[0].kind in ("Linear", "Gaussian") else "images"
    if solved.classes:
        given = f"with_class({given}, classes, {solved.classes})"
    if not joined(solved.encoder):
        return [f"        features = self.encoder({given})"]
    return [
        f"        values = {given}",
        *run_lines("encoder", solved.encoder, None, black),
        "        features = values",
    ]


def _code(model: Model, solved: Plan) -> list[str]:
    """From `features` to the code that is returned."""
    if model.variational:
        lines = ["        mean, log_variance = features.chunk(2, dim=1)"]
        sampled = "mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)"
        if model.bottleneck.sample == "always":
            return [*lines, f"        return {sampled}"]
        return [*lines, f"        return {sampled} if self.training else mean"]
    lines = ["        features = self.quantiser(features)"] if model.quantised else []
    if not solved.keep or solved.keep >= solved.code_size:
        return [*lines, "        return features.flatten(1)"]
    return [
        *lines,
        "        code = features.flatten(1)",
        f"        kept = code.topk({solved.keep}, dim=1).indices",
        "        return torch.zeros_like(code).scatter(1, kept, code.gather(1, kept))",
    ]


def _decode(solved: Plan, black: float) -> list[str]:
    """From `code` to `images`."""
    shape = ", ".join(map(str, solved.image_shape))
    lines = [f"        code = with_class(code, classes, {solved.classes})"] if solved.classes else []
    mapped = any(layer.kind == "Map" for layer in solved.decoder)
    if joined(solved.decoder):
        run = run_lines("decoder", solved.decoder, None if mapped else solved.map_shape, black)
        lines += ["        values = code", *run, "        images = values"]
    elif solved.map_shape and any(layer.kind == "ConvTranspose2d" for layer in solved.decoder) and not mapped:
        first = next(n for n, (name, _) in enumerate(stack(solved.decoder, 0.0)) if name == "conv1")
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
