"""Arrays from a file that `torch.save` wrote: a tensor, several in a row, or several by name.

Only tensors are unpickled (`weights_only`), never code.
"""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

from aecore.data.custom.limits import check_bytes
from aecore.data.custom.stored import Stored, as_user_errors, stored
from aecore.errors import UserError

MOST_TENSORS = 64


def tensor_arrays(path: Path, text: str, name: str = "") -> list[Stored]:
    """The tensors of a `.pt` file, under `name/KEY`. Raises `UserError` where it holds more than tensors."""
    import torch  # only these files need it

    with as_user_errors(text, "a file of tensors"):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                check_bytes(text, (sum(entry.file_size for entry in archive.infolist()),))
    with as_user_errors(text, "a file of tensors"):
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError:
            raise UserError(
                f"{text} holds more than tensors, or is damaged; nothing else is read, as it could run code: write it "
                "with torch.save((images, labels), file)"
            ) from None
    found: list[Stored] = []
    _collect(content, name, found)
    if not found:
        raise UserError(f"{text} holds no tensors: write it with torch.save((images, labels), file)")
    if len(found) > MOST_TENSORS:
        raise UserError(f"{text} holds {len(found):,} tensors, like a model's weights: expected images and labels")
    return found


def _collect(content: Any, name: str, found: list[Stored]) -> None:
    """Append the tensors in nested tuples, lists and dicts to `found`."""
    import torch

    if isinstance(content, torch.Tensor):
        tensor = content.detach()
        if tensor.dtype == torch.bfloat16:
            tensor = tensor.float()
        if tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_complex():
            found.append(stored(name, tensor.numpy()))
    elif isinstance(content, dict):
        for key, part in content.items():
            _collect(part, f"{name}/{key}" if name else str(key), found)
    elif isinstance(content, (tuple, list)):
        for i, part in enumerate(content):
            _collect(part, f"{name}/{i}" if name else str(i), found)
