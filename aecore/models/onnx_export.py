"""Writing networks as ONNX files, each compared with the network itself before anybody gets it.

The packages are optional: requirements-onnx.txt.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from aecore.errors import AecoreError, UserError
from aecore.models.onnx_file import OnnxFunction

OPSET = 18
APART = 1e-5
"""How far the file's numbers may be from the network's, relative to the largest where that is above 1."""


class OnnxFile(NamedTuple):
    """The content of an ONNX file, and the largest difference of its numbers from the network's, as `check_apart` has
    it."""

    content: bytes
    apart: float


def check_packages() -> None:
    """Raise `UserError` where a package is missing."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(f"{error.name} is not installed (pip install -r requirements-onnx.txt)") from None


def onnx_of(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    output: str,
    expected: Tensor,
    what: str,
    about: Mapping[str, str] | None = None,
) -> OnnxFile:
    """A module as ONNX with any number of rows. `inputs` by name, each with the same number of rows, two at least, go
    through the file, and what comes out is compared with what is `expected`.

    `what` names it in messages, `about` becomes the file's metadata. Raises `AecoreError` where the module cannot be
    exported or the file computes something else.
    """
    module.eval()
    try:
        with _quiet():
            rows = torch.export.Dim("rows", min=1, max=1 << 20)
            program = torch.onnx.export(
                module,
                tuple(values[:2].clone() for values in inputs.values()),
                dynamo=True,
                dynamic_shapes=tuple({0: rows} for _ in inputs),
                opset_version=OPSET,
                input_names=list(inputs),
                output_names=[output],
            )
            assert program is not None
            proto = program.model_proto
            for key, text in (about or {}).items():
                proto.metadata_props.add(key=key, value=text)
            content = proto.SerializeToString()
    except Exception as error:  # the exporter raises many kinds, of code that it cannot follow
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise AecoreError(f"{what} cannot be exported as ONNX: {reason[:300]}") from None
    found = OnnxFunction(content, what, len(inputs))(*inputs.values())
    return OnnxFile(content, check_apart(found, expected, what))


def check_apart(found: Tensor, expected: Tensor, what: str) -> float:
    """How far numbers are from those expected, relative to the largest where that is above 1. Raises `AecoreError`
    where that is too far, or no number."""
    if found.shape != expected.shape:
        raise AecoreError(
            f"{what} as ONNX computes something else: numbers of shape {tuple(found.shape)}, not "
            f"{tuple(expected.shape)}"
        )
    apart = float((found - expected).abs().max()) / max(1.0, float(expected.abs().max()))
    if not apart <= APART:
        raise AecoreError(f"{what} as ONNX computes something else: {apart:.1e} apart, at most {APART:.0e} is right")
    return apart


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's report of its progress."""
    silent = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(silent), contextlib.redirect_stderr(silent):
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)
