"""A training by Lightning, recorded: `python examples/lightning_loop.py`.

It needs `pip install -r requirements-frameworks.txt`. The callback is all that knows of this project.
"""

import lightning
import torch
from torch import nn

import aecore
from aecore.recording.lightning import LightningCallback


class Autoencoder(lightning.LightningModule):
    """Linear layers down to a code of 10 numbers and back."""

    def __init__(self, code_size: int = 10, lr: float = 2e-3) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.SiLU(), nn.Linear(128, code_size))
        self.decoder = nn.Sequential(
            nn.Linear(code_size, 128), nn.SiLU(), nn.Linear(128, 784), nn.Sigmoid(), nn.Unflatten(1, (1, 28, 28))
        )
        self.lr = lr

    def loss(self, images: torch.Tensor) -> torch.Tensor:
        return nn.functional.mse_loss(self.decoder(self.encoder(images)), images)

    def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
        loss = self.loss(batch[0])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: list[torch.Tensor], _: int) -> None:
        self.log("val_loss", self.loss(batch[0]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), self.lr)


lightning.seed_everything(0)
digits = aecore.load("digits-28")
train, held_out = (torch.tensor(digits.x_train).float() / 255).split([1300, 200])
loader, validation = (
    torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images), 64, shuffle=shuffle)
    for images, shuffle in ((train, True), (held_out, False))
)
recorded = LightningCallback("by Lightning", data="digits-28")
trainer = lightning.Trainer(
    max_epochs=12, callbacks=[recorded], accelerator="cpu", logger=False, enable_checkpointing=False
)
trainer.fit(Autoencoder(), loader, validation)

assert recorded.recording is not None
run = recorded.recording.run
print(f"{run.id}: test MSE {run.evaluation()[0]['metrics']['mse']:.4f}")
