"""A training loop of one's own, recorded: `python examples/own_loop.py`. It needs no download and no GPU.

Everything but the three lines with `aecore.record`, `run.log` and `run.should_stop` is a loop as any course writes it.
"""

import torch
from torch import nn

import aecore


class Autoencoder(nn.Module):
    """Two convolutions down to a code of 12 numbers, and two back."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(16 * 7 * 7, 12),
        )
        self.decoder = nn.Sequential(
            nn.Linear(12, 16 * 7 * 7),
            nn.Unflatten(1, (16, 7, 7)),
            nn.ReLU(),
            nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 3, stride=2, padding=1, output_padding=1),
            nn.Sigmoid(),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(images))


torch.manual_seed(0)
digits = aecore.load("digits-28")
train = torch.tensor(digits.x_train).float() / 255
test = torch.tensor(digits.x_test).float() / 255
net = Autoencoder()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)

with aecore.record("convolutions of my own", data="digits-28", model=net, epochs=15) as run:
    for _ in range(15):
        net.train()
        losses = []
        for batch in train[torch.randperm(len(train))].split(64):
            loss = nn.functional.mse_loss(net(batch), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        net.eval()
        with torch.no_grad():
            test_loss = nn.functional.mse_loss(net(test), test)
        run.log(train_loss=torch.stack(losses).mean(), test_loss=test_loss, lr=3e-3)
        if run.should_stop:
            break

print(f"{run.id}: test MSE {run.run.evaluation()[0]['metrics']['mse']:.4f}")
