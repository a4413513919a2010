"""A run's network as ONNX files, from images in [0, 1] to images in [0, 1], compared with the network itself.

The model's own range is part of the graphs. What is told beside the image is a second input: `classes`, of which −1 is
an image of any class, or `level`, of which a negative one is estimated from the image, as the network does by itself.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import aecore
from aecore.errors import AecoreError, DamagedError, UserError
from aecore.inference import load_model
from aecore.interop.folder import Folder
from aecore.models.condition import MEDIAN, Condition, finest_differences
from aecore.models.external import DECODER, ENCODER, WHOLE
from aecore.models.network import Network, known_classes
from aecore.models.onnx_export import OPSET, check_packages, onnx_of
from aecore.runs.json_files import json_bytes
from aecore.runs.run import SNAPSHOTS, WEIGHTS, Run

MODEL, ABOUT = "model.onnx", "about.json"
COMPARED = 20
"""On how many images files and network are compared."""


def onnx_folder(run: Run) -> Folder:
    """`encoder.onnx`, `decoder.onnx` and `model.onnx` (of a network without a code the last alone) and `about.json`,
    which says what goes in and comes out; of a recorded run its own encoder and decoder as they were kept.

    Raises `UserError` where a package is missing or there is no network, `AecoreError` where a file would compute
    something else than the network.
    """
    if run.experiment().model.external:
        return _kept(run)
    check_packages()
    model, plain = load_model(run), load_model(run)
    plain.arrange(plain_linear=True, channels_last=False)  # layers that the exporter can follow
    about, described = _about(run), _described(run, model)
    images, labels, compared_on = _images(run, model)
    told = _told(model, labels)
    contents, files = {}, {}
    with torch.no_grad():
        for name, (part, given, output, expected) in _parts(model, plain, images, told).items():
            inputs, what = given | told, f"the {name.removesuffix('.onnx')} of run {run.id}"
            says = {"inputs": {one: described[one] for one in inputs}, "outputs": {output: described[output]}}
            made = onnx_of(part, inputs, output, expected.float(), what, _metadata(about | says))
            contents[name] = made.content
            files[name] = says | {"difference": made.apart} | _sum(made.content)
    largest = max(part["difference"] for part in files.values())
    facts = {"opset": OPSET, "compared_on": f"{len(images)} {compared_on}", "largest_difference": largest}
    line = f"largest difference from the network on {facts['compared_on']}: {largest:.1e}"
    return Folder(contents | {ABOUT: json_bytes(about | facts | {"files": files})}, facts, (line,))


def _parts(
    model: Network, plain: Network, images: Tensor, told: dict[str, Tensor]
) -> dict[str, tuple[nn.Module, dict[str, Tensor], str, Tensor]]:
    """By the file's name its module, with the layers of `plain`, what goes in by name, the name of what comes out, and
    what that is by the network itself for uint8 `images`."""
    given, unit = model.from_bytes(images), {"images": images.float() / 255}
    if not model.has_code:
        return {MODEL: (_Whole(plain), unit, "reconstruction", _restored(model, given, told))}
    condition = Condition(told.get("classes"))
    codes = model.mean_codes(given, condition)
    output = model.to_unit(model.decode(codes, condition))
    return {
        ENCODER: (_Encoder(plain), unit, "code", codes),
        DECODER: (_Decoder(plain), {"code": codes}, "reconstruction", output),
        MODEL: (_Whole(plain), unit, "reconstruction", output),
    }


class _Encoder(nn.Module):
    """Images (B, C, H, W) in [0, 1], and perhaps classes, to codes (B, n); of a VAE the means."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, classes: Tensor | None = None) -> Tensor:
        return self.network.mean_codes(_ranged(self.network, images), Condition(classes))


class _Decoder(nn.Module):
    """Codes (B, n), and perhaps classes, to images (B, C, H, W) in [0, 1]."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, code: Tensor, classes: Tensor | None = None) -> Tensor:
        return self.network.to_unit(self.network.decode(code, Condition(classes)))


class _Whole(nn.Module):
    """Images to their reconstructions, both (B, C, H, W) in [0, 1], told classes or levels, where there are such."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, told: Tensor | None = None) -> Tensor:
        network, given = self.network, _ranged(self.network, images)
        if network.has_code:
            condition = Condition(told)
            return network.to_unit(network.decode(network.mean_codes(given, condition), condition))
        if told is None:
            return network.to_unit(network(given))
        levels = torch.where(told < 0, _estimated_levels(given), told * (network.high - network.low))
        return network.to_unit(network(given, Condition(None, levels)))


def _estimated_levels(images: Tensor) -> Tensor:
    """As `aecore.models.condition.estimated_levels`; ONNX has no median, but the smallest half of the numbers."""
    sizes = finest_differences(images)
    return sizes.topk((sizes.shape[1] + 1) // 2, largest=False).values[:, -1] / MEDIAN


def _ranged(network: Network, images: Tensor) -> Tensor:
    """From [0, 1] to the network's own range."""
    return images if network.low == 0 else images * (network.high - network.low) + network.low


def _images(run: Run, model: Network) -> tuple[Tensor, np.ndarray, str]:
    """The images on which files and network are compared, uint8 (20, C, H, W): those that went into the network for the
    run's panel, or random ones where it has none; their labels uint8 (20,), and what they are."""
    try:
        panel = run.snapshots()
        images, what = panel.get("noisy", panel["clean"]), "images of the run's panel"
        labels = panel.get("labels", np.zeros(len(images), np.uint8))  # which old panels have not
    except DamagedError:
        if run.file(SNAPSHOTS).exists():
            raise
        drawn = np.random.default_rng(0)
        images = drawn.integers(0, 256, (COMPARED, *model.plan.image_shape), np.uint8)
        labels, what = np.arange(COMPARED, dtype=np.uint8), "random images (the run has no panel)"
    chosen = np.arange(COMPARED) % len(images)
    return torch.from_numpy(np.ascontiguousarray(images[chosen])), labels[chosen], what


def _told(model: Network, labels: np.ndarray) -> dict[str, Tensor]:
    """What the network is told beside the images, by the name of the input: of every third image nothing is known."""
    unknown = torch.arange(len(labels)) % 3 == 2
    if (classes := known_classes(model, labels)) is not None:
        return {"classes": torch.where(unknown, -1, classes)}
    if model.takes_levels:
        return {"level": torch.where(unknown, -1.0, torch.linspace(0.05, 0.5, len(labels)))}
    return {}


def _restored(model: Network, images: Tensor, told: dict[str, Tensor]) -> Tensor:
    """What a network without a code makes of images in its range, on the [0, 1] scale."""
    if "level" not in told:
        return model.to_unit(model(images))
    known, unknown = model(images, Condition(None, told["level"] * (model.high - model.low))), model(images)
    return model.to_unit(torch.where(told["level"][:, None, None, None] < 0, unknown, known))


def _kept(run: Run) -> Folder:
    """The files of a network that another program made, encoder and decoder or one, byte for byte as they are kept."""
    if not run.file(WEIGHTS).exists():
        raise UserError(f"run {run.id} has no network: its loop gave none, or it could not be kept as ONNX")
    weights = run.tensors(WEIGHTS)
    names = (ENCODER, DECODER) if run.experiment().model.has_code else (WHOLE,)
    if not weights.keys() >= set(names):
        raise AecoreError(f"the weights of run {run.id} hold no {' and '.join(names)}")
    contents = {name: weights[name].tobytes() for name in names}
    low, high = run.experiment().model.value_range
    about = _about(run) | {"range": [low, high], "layout": "NCHW, float32, as many rows as the files' inputs say"}
    line = f"the network's own files, as they were kept when the run was made: images from {low:g} to {high:g} go in"
    files = {name: _sum(content) for name, content in contents.items()}
    return Folder(contents | {ABOUT: json_bytes(about | {"files": files})}, {"range": [low, high]}, (line,))


def _about(run: Run) -> dict[str, Any]:
    info = run.image_info()
    return {
        "aecore": aecore.__version__,
        "run": run.id,
        "title": run.title(),
        "image_shape": list(info.image_shape),
        "classes": list(info.classes),
        "range": [0, 1],
        "layout": "NCHW, float32, any number of rows",
    }


def _described(run: Run, model: Network) -> dict[str, str]:
    """What each input and output is, by its name."""
    images = f"float32 (N, {', '.join(map(str, model.plan.image_shape))}), from 0 (black) to 1"
    kind = ", the mean of a Gaussian" if model.gaussian else ""
    kind = ", quantised" if run.experiment().model.quantised else kind
    return {
        "images": images,
        "code": f"float32 (N, {model.plan.code_size}){kind}",
        "reconstruction": f"{images}; not clamped",
        "classes": "int64 (N,), the class of each image, from 0; -1 for an image of any class",
        "level": "float32 (N,), the standard deviation of each image's noise on the [0, 1] scale; below 0: estimated "
        "from the image",
    }


def _metadata(about: dict[str, Any]) -> dict[str, str]:
    """What stands in each file, for those who have lost the folder."""
    named = {f"{kind} {name}": text for kind in ("input", "output") for name, text in about[f"{kind}s"].items()}
    return {"made by": f"aecore {about['aecore']}", "run": about["run"], "title": about["title"], **named}


def _sum(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
