"""Recording a training by Keras 3: `model.fit(…, callbacks=[KerasCallback("my idea", data="mnist")])`."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from aecore import data as image_sets
from aecore.errors import UserError
from aecore.recording.foreign import first, two_functions
from aecore.recording.recorder import record
from aecore.recording.recording import Recording

try:
    import keras
except ImportError as error:
    if error.name == "keras":
        raise UserError("Keras is not installed (pip install -r requirements-frameworks.txt)") from None
    raise UserError(f"Keras needs {error.name}, or another backend: KERAS_BACKEND=torch") from None


class KerasCallback(keras.callbacks.Callback):
    """A run of every `fit`: a line for each epoch with all that Keras logs; `loss` is the training loss, and a loss on
    validation images keeps its name `val_loss`, unless `test_loss="val_loss"` says that they are the test images.

    The model needs parts `encoder` and `decoder`, or they are given; `model=False` records the curves alone. Images go
    in as Keras has them, (B, H, W, C), (B, H, W) or rows. With `with` an error in `fit` stands in the run. Other
    arguments are those of `aecore.record`.
    """

    def __init__(
        self,
        name: str,
        data: str,
        *,
        encoder: Any = None,
        decoder: Any = None,
        model: Any = None,
        test_loss: str = "test_loss",
        **options: Any,
    ) -> None:
        super().__init__()
        self.name, self.data, self.options = name, data, options
        self.given, self.encoder, self.decoder, self.test_loss = model, encoder, decoder, test_loss
        self.recording: Recording | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        options = dict(self.options)
        options.setdefault("epochs", (self.params or {}).get("epochs"))
        if self.given is not False:
            model = self.model if self.given is None else self.given
            encoder, decoder = two_functions(model, self.encoder, self.decoder)
            shape = image_sets.load(self.data).about.image_shape
            options |= {"encoder": part(encoder), "decoder": part(decoder, shape)}
        program = f"Keras {keras.version()} with {keras.backend.backend()}"
        self.recording = record(self.name, self.data, by=program, **options)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.recording and self.recording.should_stop:
            self.model.stop_training = True  # pyright: ignore[reportOptionalMemberAccess]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.recording is None:
            return
        values = dict(logs or {})
        for theirs, ours in (("loss", "train_loss"), (self.test_loss, "test_loss"), ("learning_rate", "lr")):
            if theirs in values:
                values[ours] = values.pop(theirs)
        optimizer = getattr(self.model, "optimizer", None)
        if "lr" not in values and optimizer is not None:
            values["lr"] = float(np.asarray(keras.ops.convert_to_numpy(optimizer.learning_rate)))
        self.recording.log(**values)

    def on_train_end(self, logs: Any = None) -> None:
        if self.recording is not None:
            self.recording.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.recording is not None:
            self.recording.__exit__(kind, error, traceback)


def part(function: Any, image_shape: tuple[int, int, int] | None = None) -> nn.Module:
    """An encoder, or with the shape (C, H, W) of its images a decoder, of Keras as a module of tensors: images
    (B, C, H, W), codes (B, …)."""
    return InTorch(function, image_shape) if keras.backend.backend() == "torch" else ByNumPy(function, image_shape)


class InTorch(nn.Module):
    """A part that computes with PyTorch, and can be exported."""

    def __init__(self, function: Any, image_shape: tuple[int, int, int] | None) -> None:
        super().__init__()
        self.function, self.image_shape = function, image_shape
        self.axes = _axes(function)

    def forward(self, values: Tensor) -> Tensor:
        """To the order that Keras has, through the part, and back."""
        given = values if self.image_shape else _as_keras(values, self.axes)
        output = first(self.function(given, training=False))
        return _as_ours(output, self.image_shape) if self.image_shape else output


class ByNumPy(InTorch):
    """A part that computes with JAX or TensorFlow, by way of arrays."""

    cannot_be_exported = "Keras exports it as ONNX only where it computes with PyTorch (KERAS_BACKEND=torch)"

    def forward(self, values: Tensor) -> Tensor:
        given = (values if self.image_shape else _as_keras(values, self.axes)).detach().cpu().numpy()
        output = self.function(np.ascontiguousarray(given), training=False)
        while isinstance(output, tuple | list):
            output = output[0]
        found = torch.from_numpy(np.array(keras.ops.convert_to_numpy(output), np.float32)).to(values.device)
        return _as_ours(found, self.image_shape) if self.image_shape else found


def _axes(function: Any) -> int:
    """How many axes a part's input has; 4 where it does not say."""
    shape = getattr(function, "input_shape", None)
    return (
        len(shape) if isinstance(shape, tuple) and all(size is None or isinstance(size, int) for size in shape) else 4
    )


def _channels_last() -> bool:
    return keras.config.image_data_format() == "channels_last"


def _as_keras(images: Tensor, axes: int) -> Tensor:
    """Images (B, C, H, W) as (B, H, W, C), as (B, H, W) if they are grey, or as rows."""
    if axes == 3 and images.shape[1] == 1:
        return images[:, 0]
    images = images.permute(0, 2, 3, 1) if _channels_last() else images
    return images.flatten(1) if axes == 2 else images


def _as_ours(output: Tensor, image_shape: tuple[int, int, int]) -> Tensor:
    """What a decoder of Keras returns, (B, H, W, C), (B, H, W) or rows, as (B, C, H, W)."""
    channels, height, width = image_shape
    if not _channels_last():
        return output.reshape(-1, channels, height, width)
    return output.reshape(-1, height, width, channels).permute(0, 3, 1, 2)
