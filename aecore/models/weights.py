"""Saving and loading a model's weights as safetensors."""

from __future__ import annotations

from pathlib import Path

import safetensors
import safetensors.torch
import torch

from aecore.errors import DamagedError
from aecore.files import check_regular
from aecore.models.network import Network


def weights_bytes(model: Network) -> bytes:
    """The content of weights.safetensors: the tensors of the model's `state_dict`."""
    return safetensors.torch.save(
        {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    )


def load_weights(model: Network, path: Path) -> None:
    """Load weights.safetensors into `model`. Raises `DamagedError` when the file does not fit the model."""
    try:
        tensors = safetensors.torch.load_file(check_regular(path))
        if wrong := [name for name, value in tensors.items() if not torch.isfinite(value).all()]:
            raise DamagedError(f"{path} holds values that are no numbers, first in '{wrong[0]}'")
        model.load_state_dict(tensors)
    except FileNotFoundError:
        raise DamagedError(f"there are no saved weights yet ({path})") from None
    except (safetensors.SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise DamagedError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None
