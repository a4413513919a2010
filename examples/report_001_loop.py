"""Report 001's denoiser in a loop as the report describes it, recorded: `python examples/report_001_loop.py`.

CIFAR-10 in [-1, 1], four convolutions of 3×3 without padding, Gaussian noise of 0.1 drawn anew for every batch and
clamped, Adam with 1e-4 and weight decay, batches of 16, three epochs; validation every 100 batches. Nothing of the loop
is ours but the lines with `run`. `--data`, `--images` and `--epochs` make it shorter, or of other images.
"""

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import aecore


class Autoencoder(nn.Module):
    """1,611 parameters for images of three channels."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(channels, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU())
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(8, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, channels, 3), nn.Tanh()
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(images))


def noisy(images: torch.Tensor) -> torch.Tensor:
    return (images + 0.1 * torch.randn_like(images)).clamp(-1, 1)


def main(data: str, count: int, epochs: int) -> None:
    torch.manual_seed(0)
    images = aecore.load(data)
    whole = torch.tensor(images.x_train[: count + count // 9]).float() / 127.5 - 1
    train, held_out = whole[:count], whole[count:]
    loader = DataLoader(TensorDataset(train), 16, shuffle=True)
    net, criterion = Autoencoder(whole.shape[1]), nn.MSELoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4, weight_decay=1e-5)

    noise = "gaussian:0.1:clamp"
    with aecore.record(
        "report 001's loop", data, net, range="symmetric", corruption=noise, evaluate=[noise, "none"], epochs=epochs
    ) as run:
        for _ in range(epochs):
            losses: list[float] = []
            validation = float("nan")
            for step, (clean,) in enumerate(loader, 1):
                loss = criterion(net(noisy(clean)), clean)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
                if step % 100 == 0 or step == len(loader):
                    with torch.no_grad():
                        validation = criterion(net(noisy(held_out)), held_out).item()
            run.log(train_loss=sum(losses[-100:]) / len(losses[-100:]), validation_loss=validation, lr=1e-4)
            if run.should_stop:
                break

    found = run.run.evaluation()[0]
    output, given = found["metrics"], found["noisy_input"]
    print(f"{run.id}: PSNR {output['psnr_db']:.2f} dB, SSIM {output['ssim']:.3f}")
    print(f"the noisy images themselves: {given['psnr_db']:.2f} dB, {given['ssim']:.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="cifar10")
    parser.add_argument("--images", type=int, default=45_000, help="for training; a ninth as many for validation")
    parser.add_argument("--epochs", type=int, default=3)
    given = parser.parse_args()
    main(given.data, given.images, given.epochs)
