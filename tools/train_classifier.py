"""Train the digit classifier that ships with the project: `python -m tools.train_classifier`.

Digits are augmented with brightness 0.4 to 1 and shifts of up to two pixels, so that pale colours and slightly
displaced reconstructions are read correctly too. Writes the weights with the accuracy on each test set.
"""

from __future__ import annotations

import json

import numpy as np
import safetensors.torch
import torch
from torch.nn import functional as F

from aecore import data
from aecore.models.digit_classifier import SETS, WEIGHTS
from aecore.models.digit_classifier.network import DigitClassifier, classifier, read_digits

EPOCHS, BATCH, SEED = 8, 128, 0


def main() -> None:
    torch.manual_seed(SEED)
    images = data.load("mnist")
    x = torch.from_numpy(np.array(images.x_train)).float() / 255
    y = torch.from_numpy(images.y_train.astype(np.int64))
    model = DigitClassifier()
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=EPOCHS * -(-len(x) // BATCH))
    for epoch in range(1, EPOCHS + 1):
        total = 0.0
        for chosen in torch.randperm(len(x)).split(BATCH):
            batch = x[chosen] * torch.empty(len(chosen), 1, 1, 1).uniform_(0.4, 1)
            across, down = torch.randint(-2, 3, (2,)).tolist()
            loss = F.cross_entropy(model(batch.roll((down, across), (2, 3))), y[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(chosen)
        print(f"epoch {epoch}: loss {total / len(x):.4f}")
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    safetensors.torch.save_file(weights, WEIGHTS, {"accuracy": "{}"})
    classifier.cache_clear()
    measured = {}
    for name in SETS:
        test = data.load(name)
        read = read_digits(torch.from_numpy(np.array(test.x_test)).float() / 255)
        measured[name] = float(np.mean(read == test.y_test))
        print(f"{name}: {measured[name]:.4f} of {len(read):,} test images read correctly")
    safetensors.torch.save_file(weights, WEIGHTS, {"accuracy": json.dumps(measured)})


if __name__ == "__main__":
    main()
