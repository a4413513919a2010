"""The same networks trained by pythae, PyTorch Lightning and Keras 3, each as its own documentation recommends.

All get their images as one float32 tensor in memory, the fastest option each has without a custom loader. Each needs
its packages: benchmarks/requirements-pythae.txt, -lightning.txt, -keras.txt.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from benchmarks.interleave import Tell
from benchmarks.loops import Task, network, plain_half, plain_network

NEEDS = {"pythae": ("pythae",), "lightning": ("lightning",), "keras": ("keras", "jax")}
MANY = 10_000
"""The number of epochs requested from a framework: it is stopped once enough are timed."""


def missing(name: str) -> bool:
    return any(find_spec(package) is None for package in NEEDS[name])


def scaled(task: Task, images) -> Tensor:
    """Stored images as float32 in the model's range."""
    unit = torch.from_numpy(images).float() / 255
    return unit * 2 - 1 if task.experiment.model.range == "symmetric" else unit


def pythae(tell: Tell, task: Task) -> None:
    """pythae's AE with its BaseTrainer. Its loss is summed per image and reported as the mean over values."""
    os.environ["TQDM_DISABLE"] = "1"  # read when tqdm is imported
    from pythae.data.datasets import BaseDataset
    from pythae.models import AE, AEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.trainers.training_callbacks import TrainingCallback

    class Encoder(BaseEncoder):
        def __init__(self, stack: nn.Module) -> None:
            super().__init__()
            self.stack = stack

        def forward(self, x):
            return ModelOutput(embedding=self.stack(x))

    class Decoder(BaseDecoder):
        def __init__(self, stack: nn.Module) -> None:
            super().__init__()
            self.stack = stack

        def forward(self, z):
            return ModelOutput(reconstruction=self.stack(z))

    class ReportLoss(TrainingCallback):
        def __init__(self, tell: Tell) -> None:
            self.tell = tell

        def on_log(self, training_config, logs, **kwargs) -> None:
            self.tell(float(logs["train_epoch_loss"]) / task.train[0].size)

    logging.disable(logging.INFO)  # its loggers set their own level
    training, ours = task.experiment.training, network(task)

    config = AEConfig(input_dim=task.image_shape, latent_dim=ours.plan.code_size)
    model = AE(config, Encoder(plain_half(ours, "encoder")), Decoder(plain_half(ours, "decoder")))
    sets = [BaseDataset(scaled(task, images), torch.zeros(len(images))) for images in (task.train, task.test)]
    with tempfile.TemporaryDirectory() as folder:
        asked = BaseTrainerConfig(
            output_dir=folder,
            num_epochs=MANY,
            learning_rate=training.lr,
            per_device_train_batch_size=training.batch_size,
            per_device_eval_batch_size=training.batch_size,
            optimizer_params={"weight_decay": training.weight_decay},
            no_cuda=True,
        )
        BaseTrainer(model, sets[0], sets[1], training_config=asked, callbacks=[ReportLoss(tell)]).train()


def lightning(tell: Tell, task: Task) -> None:
    """A LightningModule and Lightning's Trainer, logger and checkpoints off."""
    import lightning.pytorch as pl
    from torch.utils.data import DataLoader, TensorDataset

    training, ours = task.experiment.training, network(task)

    class Module(pl.LightningModule):
        def __init__(self, tell: Tell) -> None:
            super().__init__()
            self.network, self.tell, self.losses = plain_network(ours), tell, []

        def training_step(self, batch, _):
            loss = nn.functional.mse_loss(self.network(batch[0]), batch[0])
            self.losses.append(loss.detach())
            return loss

        def validation_step(self, batch, _):
            nn.functional.mse_loss(self.network(batch[0]), batch[0])

        def on_train_epoch_end(self):
            loss = float(torch.stack(self.losses).mean())
            self.losses.clear()
            self.tell(loss)

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=training.lr, weight_decay=training.weight_decay)

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    loaders = [
        DataLoader(TensorDataset(scaled(task, images)), training.batch_size, shuffle=shuffled)
        for images, shuffled in ((task.train, True), (task.test, False))
    ]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its advice to use loader workers, which in-memory tensors do not need
        trainer = pl.Trainer(
            max_epochs=MANY,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        trainer.fit(Module(tell), loaders[0], loaders[1])


def keras(tell: Tell, task: Task) -> None:
    """Keras 3 on JAX: `compile` and `fit`, with the same initial weights. Without weight decay, which its Adam defines
    differently."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras as k
    from keras import layers

    training, ours = task.experiment.training, network(task)
    channels, height, width = task.image_shape
    stack, weights = [layers.Input((height, width, channels))], []
    dense = ours.plan.map_shape is None
    if dense:
        stack.append(layers.Flatten())
    for layer in ours.plan.layers:
        plain = ours.get_submodule(layer.name)
        weight, bias = plain.weight.detach().numpy(), plain.bias.detach().numpy()  # type: ignore[union-attr]
        activation = None if layer.activation == "none" else layer.activation
        if layer.kind == "Linear":
            stack.append(layers.Dense(layer.outputs, activation=activation))
            weights.append([weight.T, bias])
            continue
        if layer.kind == "Conv2d" and layer.padding:
            stack.append(layers.ZeroPadding2D(layer.padding))
        kind = layers.Conv2D if layer.kind == "Conv2d" else layers.Conv2DTranspose
        stack.append(kind(layer.outputs, layer.kernel, layer.stride, activation=activation))
        # (out, in, k, k) to (k, k, in, out); transposed, (in, out, k, k) to (k, k, out, in).
        weights.append([weight.transpose(2, 3, 1, 0), bias])
        if layer.kind == "ConvTranspose2d" and (layer.padding or any(layer.output_padding)):
            crop = [(layer.padding, layer.padding - extra) for extra in layer.output_padding]
            stack.append(layers.Cropping2D(crop))
    if ours.plan.resized:
        stack.append(layers.Resizing(height, width))
    if dense:
        stack.append(layers.Reshape((height, width, channels)))
    model = k.Sequential(stack)
    for layer, values in zip((one for one in model.layers if one.weights), weights, strict=True):
        layer.set_weights(values)
    model.compile(optimizer=k.optimizers.Adam(training.lr), loss="mse")
    train_images, test_images = (scaled(task, i).permute(0, 2, 3, 1).numpy() for i in (task.train, task.test))

    class ReportLoss(k.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None) -> None:
            tell(float((logs or {})["loss"]))

    model.fit(
        train_images,
        train_images,
        batch_size=training.batch_size,
        epochs=MANY,
        shuffle=True,
        validation_data=(test_images, test_images),
        validation_batch_size=training.batch_size,
        verbose=0,  # pyright: ignore[reportArgumentType]
        callbacks=[ReportLoss()],
    )


FRAMEWORKS: dict[str, Callable[[Tell, Task], None]] = {"pythae": pythae, "lightning": lightning, "keras": keras}
