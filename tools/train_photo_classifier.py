"""Train the photo classifier that ships with the project: `python -m tools.train_photo_classifier`.

Photographs are augmented by mirroring and shifts of up to four pixels. Writes the weights, with the batch
normalisations folded in, as float16, and the accuracy of what was written on the test images.
"""

from __future__ import annotations

import json
import time
from itertools import pairwise

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from aecore import data
from aecore.models.photo_classifier import WEIGHTS
from aecore.models.photo_classifier.network import PhotoClassifier, classifier, features

EPOCHS, BATCH, SEED = 12, 128, 0


def main() -> None:
    torch.manual_seed(SEED)
    images = data.load("cifar10")
    x = torch.from_numpy(np.array(images.x_train)).float() / 255
    y = torch.from_numpy(images.y_train.astype(np.int64))
    model = PhotoClassifier(normalised=True).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=EPOCHS * -(-len(x) // BATCH))
    for epoch in range(1, EPOCHS + 1):
        total, begun = 0.0, time.monotonic()
        for chosen in torch.randperm(len(x)).split(BATCH):
            batch = augmented(x[chosen]).contiguous(memory_format=torch.channels_last)
            loss = F.cross_entropy(model(batch), y[chosen], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
        print(f"epoch {epoch}: loss {total / len(x):.4f}, {time.monotonic() - begun:.0f} s", flush=True)
    weights = {name: value.half().contiguous() for name, value in folded(model.eval()).items()}
    safetensors.torch.save_file(weights, WEIGHTS, {"accuracy": "{}"})
    classifier.cache_clear()
    read = features(torch.from_numpy(np.array(images.x_test)).float() / 255)[1].argmax(1)
    accuracy = float(np.mean(read == images.y_test))
    print(f"cifar10: {accuracy:.4f} of {len(read):,} test images read correctly")
    safetensors.torch.save_file(weights, WEIGHTS, {"accuracy": json.dumps({"cifar10": accuracy})})


def augmented(batch: Tensor) -> Tensor:
    """Images (B, 3, 32, 32), half of them mirrored, and all of a batch shifted by up to four pixels."""
    mirrored = torch.where(torch.rand(len(batch), 1, 1, 1) < 0.5, batch.flip(3), batch)
    across, down = torch.randint(0, 9, (2,)).tolist()
    return F.pad(mirrored, (4, 4, 4, 4), mode="reflect")[:, :, down : down + 32, across : across + 32]


def folded(model: PhotoClassifier) -> dict[str, Tensor]:
    """The weights of the same network without batch normalisations."""
    plain, target = [], PhotoClassifier()
    layers = list(model.body)
    for convolution, norm in pairwise(layers):
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            plain.append(fuse_conv_bn_eval(convolution, norm))
    places = [layer for layer in target.body if isinstance(layer, nn.Conv2d)]
    for place, layer in zip(places, plain, strict=True):
        place.load_state_dict(layer.state_dict())
    target.head.load_state_dict(model.head.state_dict())
    return target.state_dict()


if __name__ == "__main__":
    main()
