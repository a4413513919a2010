"""Recording a training by Lightning: `Trainer(callbacks=[LightningCallback("my idea", data="mnist")])`."""

from __future__ import annotations

import contextlib
from typing import Any

from aecore.errors import UserError
from aecore.recording.recorder import record
from aecore.recording.recording import Recording

try:
    from lightning import __version__ as version
    from lightning.pytorch.callbacks import Callback
except ImportError:
    raise UserError("Lightning is not installed (pip install -r requirements-frameworks.txt)") from None

TRAIN_LOSS = ("train_loss", "loss", "train/loss", "train_loss_epoch", "loss/train")


class LightningCallback(Callback):
    """A run of every `fit`: a line for each epoch with all that was logged for the epoch or for the progress bar, and
    the learning rate. The module is recorded itself if it has methods `encode` and `decode` or parts `encoder` and
    `decoder`; otherwise give `model`, or `encoder` and `decoder`, or `model=False` for the curves alone.

    The first of `train_loss` and `loss` is taken as the training loss. A loss on validation images keeps its name: it
    is not that of the test images, unless `test_loss` names it. Other arguments are those of `aecore.record`.
    """

    def __init__(self, name: str, data: str, *, test_loss: str = "test_loss", **options: Any) -> None:
        super().__init__()
        self.name, self.data, self.test_loss, self.options = name, data, test_loss, options
        self.recording: Recording | None = None

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        if not trainer.is_global_zero:
            return
        options = dict(self.options)
        if not options.keys() & {"model", "encoder", "decoder"}:
            options["model"] = pl_module
        if options.get("model") is False:
            options["model"] = None
        epochs = trainer.max_epochs
        options.setdefault("epochs", epochs if epochs and epochs > 0 else None)
        options.setdefault("config", dict(pl_module.hparams))
        self.recording = record(self.name, self.data, by=f"Lightning {version}", **options)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.recording and self.recording.should_stop:
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if self.recording is None:
            return
        values = {name: value for name, value in trainer.callback_metrics.items() if value.numel() == 1}
        found = next((name for name in TRAIN_LOSS if name in values), None)
        if found is not None:
            values["train_loss"] = values.pop(found)
        if self.test_loss in values:
            values["test_loss"] = values.pop(self.test_loss)
        with contextlib.suppress(IndexError, KeyError):  # of a loop with no optimiser of Lightning's
            values.setdefault("lr", trainer.optimizers[0].param_groups[0]["lr"])
        self.recording.log(**values)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        if self.recording is not None:
            self.recording.__exit__(type(exception), exception, exception.__traceback__)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        if self.recording is not None:
            self.recording.finish()
