"""The reports' networks in our training loop and in the textbook one; both report the loss of each epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from aecore import data
from aecore.config.experiment import Experiment
from aecore.models.autoencoder import Autoencoder
from aecore.models.fast_paths import keep_freed_memory
from aecore.models.layer import Layer
from aecore.presets import preset
from aecore.training.checkpoint import new_state
from aecore.training.loop import Images, LoopOptions, epochs
from aecore.training.ways import Way
from benchmarks.interleave import Tell

TEST_SHARE = 6
"""Training images per test image, as in MNIST: every loop runs a test pass after each epoch."""


@dataclass(frozen=True)
class Task:
    """A report's network and optimizer, with clean images and a fixed learning rate, which all loops support."""

    title: str
    experiment: Experiment
    train: np.ndarray
    """uint8 (N, C, H, W)."""
    test: np.ndarray

    @property
    def image_shape(self) -> tuple[int, int, int]:
        _, channels, height, width = self.train.shape
        return channels, height, width


def task(title: str, name: str, images: int, epochs: int) -> Task:
    """The preset's network on the first `images` training images."""
    asked = preset(name).experiment
    changes = {"corruption": "none", "training.schedule": "none", "training.epochs": epochs}
    changes |= {"training.log_every": None, "data.validation_images": 0}
    found = data.load(asked.data.source)
    test = found.x_test[: max(images // TEST_SHARE, 1)]
    return Task(title, asked.changed(changes), np.array(found.x_train[:images]), np.array(test))


def ours(tell: Tell, task: Task, way: Way, device: str = "cpu") -> None:
    """Our loop. Its test pass and all statistics count, as in a real run."""
    keep_freed_memory()
    on = torch.device(device)
    state = new_state(task.experiment, task.image_shape, len(task.train), on)
    way.arrange(state)
    train, test = torch.from_numpy(task.train).to(on), torch.from_numpy(task.test).to(on)
    images = Images(train, test, np.zeros(len(task.test), np.uint8))
    for epoch in epochs(task.experiment, state, images, LoopOptions(way.precision, threads=way.threads)):
        tell(epoch.train_loss)


def in_memory(tell: Tell, task: Task, device: str = "cpu", compiled: bool = False) -> None:
    """PyTorch's own modules and fused Adam over tensors that lie on the device, gathered by index; a test pass after
    each epoch. With `compiled` the network goes through `torch.compile`."""
    training = task.experiment.training
    train, test = (torch.from_numpy(part).to(device) for part in (task.train, task.test))
    low, high = task.experiment.model.value_range
    model: nn.Module = plain_network(network(task)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=training.lr, weight_decay=training.weight_decay, fused=True)
    mode = "reduce-overhead" if device.startswith("cuda") else "default"
    forward = torch.compile(model, mode=mode) if compiled else model
    while True:
        parts = torch.randperm(len(train), device=device).split(training.batch_size)
        total = torch.zeros((), device=device)
        for chosen in parts:
            clean = train[chosen].float().div_(255 / (high - low)).add_(low)
            loss = nn.functional.mse_loss(forward(clean), clean)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach()
        with torch.no_grad():
            for part in test.split(training.batch_size):
                clean = part.float().div_(255 / (high - low)).add_(low)
                nn.functional.mse_loss(forward(clean), clean)
        tell(total.item() / len(parts))


class Pictures(Dataset):
    """Images as in torchvision's MNIST and CIFAR10: each a PIL image, then the transform."""

    def __init__(self, images: np.ndarray, transform) -> None:
        from PIL import Image

        self.images, self.transform = np.ascontiguousarray(images.transpose(0, 2, 3, 1)), transform
        self.picture = Image.fromarray

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        image = self.images[index]
        return self.transform(self.picture(image[:, :, 0] if image.shape[-1] == 1 else image))


def textbook(tell: Tell, task: Task, workers: int, device: str = "cpu") -> None:
    """A typical course's loop: `ToTensor`, a shuffling `DataLoader`, `loss.item()` at every step, a test pass after
    each epoch."""
    from torchvision import transforms  # three seconds: it loads PyTorch's compiler

    training = task.experiment.training
    steps: list[Any] = [transforms.ToTensor()]
    if task.experiment.model.range == "symmetric":
        steps.append(transforms.Normalize([0.5] * len(task.train[0]), [0.5] * len(task.train[0])))
    loaders = [
        DataLoader(
            Pictures(images, transforms.Compose(steps)),
            batch_size=training.batch_size,
            shuffle=shuffled,
            num_workers=workers,
        )
        for images, shuffled in ((task.train, True), (task.test, False))
    ]
    model = plain_network(network(task)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=training.lr, weight_decay=training.weight_decay)
    criterion = nn.MSELoss()
    while True:
        model.train()
        total = 0.0
        for batch in loaders[0]:
            clean = batch.to(device)
            loss = criterion(model(clean), clean)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        model.eval()
        with torch.no_grad():
            for batch in loaders[1]:
                clean = batch.to(device)
                criterion(model(clean), clean).item()
        tell(total / len(loaders[0]))


def network(task: Task) -> Autoencoder:
    """The network with which all loops start."""
    return Autoencoder(task.experiment.model, task.image_shape, task.experiment.training.seed)


def plain_network(ours: Autoencoder) -> nn.Sequential:
    """The same network as plain torch layers with the same weights."""
    return nn.Sequential(plain_half(ours, "encoder"), plain_half(ours, "decoder"))


def plain_half(ours: Autoencoder, half: str) -> nn.Sequential:
    """Encoder (images to codes) or decoder (codes to images) as plain torch layers."""
    plan = ours.plan
    layers: list[nn.Module] = [nn.Flatten()] if half == "encoder" and plan.map_shape is None else []
    before = ""
    for layer in plan.encoder if half == "encoder" else plan.decoder:
        if before == "Conv2d" and layer.kind == "Linear":
            layers.append(nn.Flatten())
        if before == "Linear" and layer.kind == "ConvTranspose2d":
            assert plan.map_shape is not None
            layers.append(nn.Unflatten(1, plan.map_shape))
        before = layer.kind
        plain = _plain_layer(layer)
        plain.load_state_dict(ours.get_submodule(layer.name).state_dict())
        layers += [plain, *([_activation(layer.activation)] if layer.activation != "none" else [])]
    if half == "decoder" and plan.map_shape is None:
        layers.append(nn.Unflatten(1, plan.image_shape))
    if half == "decoder" and plan.resized:
        layers.append(nn.Upsample(plan.image_shape[1:], mode="bilinear"))
    return nn.Sequential(*layers)


def _plain_layer(layer: Layer) -> nn.Module:
    if layer.kind == "Linear":
        return nn.Linear(layer.inputs, layer.outputs)
    sizes = (layer.inputs, layer.outputs, layer.kernel, layer.stride, layer.padding)
    if layer.kind == "Conv2d":
        return nn.Conv2d(*sizes)
    return nn.ConvTranspose2d(*sizes, output_padding=layer.output_padding)


def _activation(name: str) -> nn.Module:
    return {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "selu": nn.SELU}[name]()
