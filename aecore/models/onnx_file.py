"""Networks as ONNX files, which onnxruntime computes. It is optional: requirements-onnx.txt."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from aecore.errors import AecoreError, UserError

MISSING = "needs onnxruntime: pip install -r requirements-onnx.txt"


class OnnxFunction:
    """A function of tensors with any number of rows, mostly of one in float32, from the content of an ONNX file."""

    def __init__(self, content: bytes, what: str, inputs: int = 1) -> None:
        """`what` names it in messages. Raises `UserError` without onnxruntime, `AecoreError` for a file that it cannot
        run or that has not so many `inputs` and one output."""
        self.what = what
        try:
            import onnxruntime
        except ImportError:
            raise UserError(f"{what} is an ONNX file and {MISSING}") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        try:
            self.session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # of several kinds, which the package does not export
            raise AecoreError(f"{what} cannot be run: {_line(error)}") from None
        self.inputs = [one.name for one in self.session.get_inputs()]
        outputs = self.session.get_outputs()
        if len(self.inputs) != inputs or len(outputs) != 1:
            right = "one of each" if inputs == 1 else f"{inputs} and one"
            raise AecoreError(
                f"{what} has {len(self.inputs)} inputs and {len(outputs)} outputs; it should have {right}"
            )

    def __call__(self, *values: Tensor) -> Tensor:
        """Rows in, rows out, on the same device; what is not whole numbers goes in as float32. Raises `AecoreError` for
        a shape that the file does not take."""
        given = [(part.float() if part.is_floating_point() else part).detach().cpu().numpy() for part in values]
        try:
            (found,) = self.session.run(None, dict(zip(self.inputs, given, strict=True)))
        except Exception as error:
            raise AecoreError(f"{self.what} cannot be run: {_line(error)}") from None
        return torch.from_numpy(found).to(values[0].device)


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
