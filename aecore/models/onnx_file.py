"""Networks as ONNX files, which onnxruntime computes. It is optional: requirements-onnx.txt."""

from __future__ import annotations

import contextlib
import os
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from aecore.errors import AecoreError, UserError

MISSING = "needs onnxruntime: pip install -r requirements-onnx.txt"
MOST_MEMORY = 8 << 30
"""What all networks of a process may take while they compute: a graph of a few bytes can ask for any amount."""

NOWHERE = os.path.join(os.devnull, "nowhere")
"""Where a file may look for weights outside of it: else it could read whatever lies in the folder of this process."""


class OnnxFunction:
    """A function of tensors with any number of rows, mostly of one in float32, from the content of an ONNX file. A file
    of one input that has a fixed number of rows gets so many at a time."""

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
        options.log_severity_level = 4
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", NOWHERE)
        if _bounded():
            options.add_session_config_entry("session.use_env_allocators", "1")
        try:
            self.session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # of several kinds, which the package does not export
            raise AecoreError(f"{what} cannot be run: {_line(error)}") from None
        given, outputs = self.session.get_inputs(), self.session.get_outputs()
        self.inputs = [one.name for one in given]
        if len(self.inputs) != inputs or len(outputs) != 1:
            right = "one of each" if inputs == 1 else f"{inputs} and one"
            raise AecoreError(
                f"{what} has {len(self.inputs)} inputs and {len(outputs)} outputs; it should have {right}"
            )
        declared = given[0].shape[:1]
        self.rows = declared[0] if inputs == 1 and declared and isinstance(declared[0], int) else 0
        """How many rows the file takes at a time; 0 for any number."""

    def __call__(self, *values: Tensor) -> Tensor:
        """Rows in, rows out, on the same device; what is not whole numbers goes in as float32. Raises `AecoreError` for
        a shape that the file does not take."""
        given = [(part.float() if part.is_floating_point() else part).detach().cpu() for part in values]
        if not self.rows or len(given[0]) == self.rows:
            return self._run(*given).to(values[0].device)
        parts = []
        for part in given[0].split(self.rows):
            missing = self.rows - len(part)  # of the last one; zeros fill it up, and what becomes of them is left out
            whole = F.pad(part, (0, 0) * (part.ndim - 1) + (0, missing)) if missing else part
            parts.append(self._run(whole)[: len(part)])
        return torch.cat(parts).to(values[0].device)

    def _run(self, *values: Tensor) -> Tensor:
        given = [part.numpy() for part in values]
        try:
            (found,) = self.session.run(None, dict(zip(self.inputs, given, strict=True)))
        except Exception as error:
            if "bfc_arena" in str(error):
                raise AecoreError(f"{self.what} asks for more memory than {MOST_MEMORY >> 30} GB") from None
            raise AecoreError(f"{self.what} cannot be run: {_line(error)}") from None
        return torch.from_numpy(found)


@cache
def _bounded() -> bool:
    """Whether this process has an allocator of bounded size for its sessions; made once."""
    import onnxruntime

    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    with contextlib.suppress(Exception):  # where another library of this process has made one, it stays
        onnxruntime.create_and_register_allocator(
            place, onnxruntime.OrtArenaCfg({"max_mem": MOST_MEMORY, "arena_extend_strategy": 1})
        )
        return True
    return False


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
