"""A run's networks for the browser, as operations and weights that `js/network.js` runs. Needs no torch."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from aecore.config.model import Model
from aecore.errors import AecoreError
from aecore.latent.codes import Codes
from aecore.models import browser_export
from aecore.models.architecture import plan
from aecore.models.layer import Plan
from aecore.models.onnx_browser import translated
from aecore.runs.run import WEIGHTS, Run
from aecore.viewer import point_cloud

MOST_DECODER_BYTES = 8_000_000
"""A larger decoder is left out of an exported page, which then shows images without reconstructions."""


class NetworkPayload(NamedTuple):
    """One side of an autoencoder for the browser."""

    header: dict[str, Any]
    """JSON: `ops`, `image_shape` [C, H, W], `code_size`."""
    weights: bytes
    """float32, little-endian."""
    products: int
    """Multiplications for one image or code."""


def network_payload(run: Run, side: Literal["decoder", "encoder"] = "decoder") -> NetworkPayload | None:
    """The run's decoder or encoder; None for another program's network that only Python can run.

    Raises `DamagedError` when the weights cannot be read, `AecoreError` when they do not fit the model.
    """
    model, shape = run.experiment().model, run.image_info().image_shape
    solved = plan(model, shape)
    network = _translated(model, run, side) if model.external else _exported(model, solved, run, side)
    if network is None:
        return None
    header = {"ops": list(network.ops), "image_shape": list(shape), "code_size": solved.code_size}
    return NetworkPayload(header, network.weights.astype("<f4").tobytes(), network.products)


def _translated(model: Model, run: Run, side: Literal["decoder", "encoder"]) -> browser_export.Network | None:
    """One side of a network that is kept as ONNX; None where the browser lacks one of its operations, or the packages
    that read it are missing here."""
    name, kept = f"{side}.onnx", run.tensors(WEIGHTS)
    if not model.has_code or name not in kept:
        return None
    size = model.bottleneck.size if side == "decoder" else None
    try:
        return translated(kept[name].tobytes(), run.image_info().image_shape, size, *model.value_range)
    except AecoreError:  # the server computes it, and the page says so
        return None


def _exported(model: Model, solved: Plan, run: Run, side: Literal["decoder", "encoder"]) -> browser_export.Network:
    """A network without a code is all decoder: what is decoded is the image itself."""
    if solved.has_code:
        export = browser_export.encoder if side == "encoder" else browser_export.decoder
        return export(solved, run.tensors(WEIGHTS), *model.value_range)
    if side == "encoder":
        return browser_export.nothing()
    adds = model.kind == "dncnn" or model.residual
    return browser_export.restorer(solved, run.tensors(WEIGHTS), *model.value_range, adds, model.noise_level)


def decoder_part(run: Run, codes: Codes | None) -> point_cloud.Payload | None:
    """The decoder for an exported page; where codes are too wide to be saved, with the encoder. None where the run has
    none or it is too large."""
    if codes is None or not run.file(WEIGHTS).is_file():
        return None
    decoder = network_payload(run)
    if decoder is None or len(decoder.weights) > MOST_DECODER_BYTES:
        return None
    part: point_cloud.Payload = {"header": decoder.header, "weights": decoder.weights}
    if codes.codes is None:
        encoder = network_payload(run, "encoder")
        assert encoder is not None
        part |= {"before": {"ops": encoder.header["ops"]}, "before_weights": encoder.weights}
    return part
