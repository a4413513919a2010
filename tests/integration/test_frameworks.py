"""Callbacks of other frameworks: trainings become runs, stop where the page asks, and fail with their own error."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from aecore import data
from aecore.inference import load_model
from aecore.runs.state import STOP_ASKED
from tests.helpers.paths import ROOT


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


needs_onnx = pytest.mark.skipif(not installed("onnxscript"), reason="requirements-onnx.txt")
lightning_there = pytest.mark.skipif(not installed("lightning"), reason="requirements-frameworks.txt")
keras_there = pytest.mark.skipif(not installed("keras"), reason="requirements-frameworks.txt")


def digits(count: int = 200) -> torch.Tensor:
    return torch.from_numpy(np.array(data.load("digits-28").x_train[:count])).float() / 255


@pytest.fixture
def trainer_of():
    """A trainer of so many epochs with a callback, and the module to train."""
    import lightning

    class Autoencoder(lightning.LightningModule):
        def __init__(self, width: int = 6) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, width))
            self.decoder = nn.Sequential(nn.Linear(width, 784), nn.Unflatten(1, (1, 28, 28)))
            self.fails = False

        def training_step(self, batch, _):
            if self.fails and self.current_epoch == 1:
                raise ValueError("too hot")
            loss = nn.functional.mse_loss(self.decoder(self.encoder(batch)), batch)
            self.log("train_loss", loss, on_step=False, on_epoch=True)
            return loss

        def validation_step(self, batch, _):
            self.log("val_loss", nn.functional.mse_loss(self.decoder(self.encoder(batch)), batch))

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), 3e-3)

    def make(epochs, *callbacks):
        quiet: dict[str, Any] = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        quiet |= {"enable_model_summary": False, "accelerator": "cpu"}
        trainer = lightning.Trainer(max_epochs=epochs, callbacks=list(callbacks), **quiet)
        loader = torch.utils.data.DataLoader(digits(), batch_size=50)  # pyright: ignore[reportArgumentType]
        module = Autoencoder()
        return module, lambda: trainer.fit(module, loader, loader)

    return make


@lightning_there
@needs_onnx
@pytest.mark.filterwarnings("ignore")
def test_lightning(store, trainer_of):
    from aecore.recording.lightning import LightningCallback

    recorded = LightningCallback("lightning", "digits-28")
    module, fit = trainer_of(3, recorded)
    fit()
    assert recorded.recording is not None
    run = recorded.recording.run
    status, lines = run.status(), run.metrics()
    assert (status["state"], status["epoch"], status["epochs"]) == ("finished", 3, 3)
    assert status["recorded"]["by"].startswith("Lightning 2")
    assert status["recorded"]["config"] == {"width": 6}
    assert [sorted(line) for line in lines] == [["epoch", "lr", "seconds", "train_loss", "val_loss"]] * 3
    assert lines[0]["train_loss"] > lines[2]["train_loss"]
    test = torch.from_numpy(np.array(data.load("digits-28").x_test)).float() / 255
    with torch.no_grad():
        expected = float((module.decoder(module.encoder(test)) - test).square().mean())
        assert torch.allclose(load_model(run).encode(test[:5]), module.encoder(test[:5]), atol=1e-5)
    assert run.evaluation()[0]["metrics"]["mse"] == pytest.approx(expected, rel=1e-4)


@lightning_there
@pytest.mark.filterwarnings("ignore")
def test_lightning_stops_where_the_page_asks_and_fails_with_its_error(store, trainer_of):
    from lightning.pytorch.callbacks import Callback

    from aecore.recording.lightning import LightningCallback

    class Click(Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            if trainer.current_epoch == 1:
                assert recorded.recording is not None
                recorded.recording.run.file(STOP_ASKED).touch()

    recorded = LightningCallback("stopped", "digits-28", model=False)
    trainer_of(50, Click(), recorded)[1]()
    assert recorded.recording is not None
    assert recorded.recording.run.status()["state"] == "stopped"
    assert len(recorded.recording.run.metrics()) in (2, 3)

    recorded = LightningCallback("failing", "digits-28", model=False)
    module, fit = trainer_of(3, recorded)
    module.fails = True
    with pytest.raises(ValueError, match="too hot"):
        fit()
    assert recorded.recording is not None
    status = recorded.recording.run.status()
    assert (status["state"], status["error"]) == ("failed", "ValueError: too hot")


KERAS = """
import json, os, sys
os.environ["KERAS_BACKEND"] = "torch"
import keras, numpy as np, torch
from aecore import data
from aecore.recording import keras as ours
from aecore.runs.state import STOP_ASKED

x, test = (
    images.transpose(0, 2, 3, 1).astype("float32") / 255
    for images in (data.load("digits-28").x_train[:200], data.load("digits-28").x_test)
)
L, twice = keras.layers, {"strides": 2, "padding": "same"}
encoder = keras.Sequential([
    L.Input((28, 28, 1)), L.Conv2D(4, 3, activation="relu", **twice), L.Flatten(), L.Dense(6),
])
decoder = keras.Sequential([
    L.Input((6,)), L.Dense(7 * 7 * 4), L.Reshape((7, 7, 4)), L.Conv2DTranspose(2, 3, **twice),
    L.Conv2DTranspose(1, 3, activation="sigmoid", **twice),
])
model = keras.Sequential([encoder, decoder])
model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mse")
recorded = ours.KerasCallback("keras", "digits-28", encoder=encoder, decoder=decoder)
model.fit(x, x, batch_size=50, epochs=2, validation_split=0.1, verbose=0, callbacks=[recorded])
told = {"run": recorded.recording.id, "codes": encoder.predict(test[:5], verbose=0).tolist()}
told["mse"] = float(np.square(model.predict(test, verbose=0) - test).mean())

# The way by arrays, which JAX and TensorFlow take.
codes = ours.ByNumPy(encoder, None)(torch.from_numpy(test[:5].transpose(0, 3, 1, 2).copy()))
images = ours.ByNumPy(decoder, (1, 28, 28))(codes).numpy()
told["arrays"] = codes.tolist()
told["apart"] = float(np.abs(images - decoder.predict(codes.numpy(), verbose=0).transpose(0, 3, 1, 2)).max())

class Click(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            stopped.recording.run.file(STOP_ASKED).touch()
stopped = ours.KerasCallback("stopped", "digits-28", model=False)
model.fit(x, x, batch_size=50, epochs=50, verbose=0, callbacks=[Click(), stopped])
told["stopped"] = stopped.recording.id
print(json.dumps(told))
"""


@pytest.mark.proof  # in short: test_lightning, which shares all but the order of axes
@keras_there
@needs_onnx
def test_keras(store, tmp_path):
    """In a process of its own: Keras chooses its backend once."""
    (tmp_path / "loop.py").write_text(KERAS)
    done = subprocess.run([sys.executable, tmp_path / "loop.py"], cwd=ROOT, capture_output=True, text=True, check=False,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.strip().splitlines()[-1])
    run, stopped = (store.find(told[name]) for name in ("run", "stopped"))
    status, lines = run.status(), run.metrics()
    assert (status["state"], status["epochs"]) == ("finished", 2)
    assert status["recorded"]["by"].endswith("with torch")
    assert status["recorded"]["network"] == "onnx", status.get("remarks")
    assert [sorted(line) for line in lines] == [["epoch", "lr", "seconds", "train_loss", "val_loss"]] * 2
    assert run.evaluation()[0]["metrics"]["mse"] == pytest.approx(told["mse"], rel=1e-4)
    test = torch.from_numpy(np.array(data.load("digits-28").x_test[:5])).float() / 255
    assert np.allclose(load_model(run).encode(test).numpy(), told["codes"], atol=1e-5)
    assert np.allclose(told["arrays"], told["codes"], atol=1e-6)
    assert told["apart"] < 1e-6
    assert stopped.status()["state"] == "stopped"
    assert len(stopped.metrics()) in (2, 3)
