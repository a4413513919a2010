"""The sections of an experiment: every setting with its type, its bounds and its description.

Users see the descriptions in the app's form.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from aecore.config.base import MAIN, Section
from aecore.config.corruption import Corruption
from aecore.config.image_source import OWN_LARGEST_SIDE, OWN_SMALLEST_SIDE, Fit, ImageSource


class Data(Section):
    """The images."""

    name: str = Field(default="mnist", min_length=1, max_length=1024, json_schema_extra=MAIN)
    """The image set: a name from the catalogue, or the path of images of your own: a folder, an .npz, a .zip, …"""
    size: int = Field(default=0, ge=0, le=OWN_LARGEST_SIDE)
    """Images of your own become squares of this side, in pixels; 0 for as they are, where all are alike and no side is
    over 256, else 64."""
    fit: Fit = "crop"
    """Images of your own that become squares are cropped to their centre, or padded with black."""
    train_images: int | None = Field(default=None, ge=1)
    """Train on this many of the first images only; empty for all of them."""
    validation_images: int = Field(default=0, ge=0, le=1_000_000)
    """Held out from the end of the training images, never trained on: for validation passes and for choosing
    settings."""

    redraw: bool = False
    """mnist-binary: in training draw anew, for every batch, which pixels are white, from the grey images."""
    leave_out: tuple[int, ...] = Field(default=(), max_length=255)
    """Classes whose images are left out of training, by their number, counted from 0; they stay among the test images,
    where `aecore measure` tells how well the model finds them."""

    @field_validator("leave_out")
    @classmethod
    def _classes(cls, classes: tuple[int, ...]) -> tuple[int, ...]:
        if wrong := [number for number in classes if not 0 <= number <= 255]:
            raise ValueError(f"should be classes from 0 to 255, got {wrong[0]}")
        return tuple(sorted(set(classes)))

    @field_validator("size")
    @classmethod
    def _not_too_small(cls, size: int) -> int:
        if 0 < size < OWN_SMALLEST_SIDE:
            raise ValueError(f"should be 0 or from {OWN_SMALLEST_SIDE} to {OWN_LARGEST_SIDE} pixels, got {size}")
        return size

    @property
    def source(self) -> str:
        """The images that are read: the name, for images of one's own with the size and fit that are asked for."""
        return str(ImageSource(self.name, self.size, self.fit)) if self.size or self.fit != "crop" else self.name


class Training(Section):
    """How the model is trained. The loss is the squared error of the pixels, or their cross-entropy, plus the KL
    divergence for a VAE and penalties on the code."""

    epochs: int = Field(default=50, ge=1, le=100_000, json_schema_extra=MAIN)
    """Passes over the training images."""
    batch_size: int = Field(default=2048, ge=1, le=1_000_000, json_schema_extra=MAIN)
    """Images per step."""
    lr: float = Field(default=1e-3, gt=0, le=10, json_schema_extra=MAIN)
    """Learning rate at the start; for one-cycle, its highest value."""
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    """The optimizer."""
    weight_decay: float = Field(default=0.0, ge=0, le=10)
    """Adam and SGD add it to the gradient, AdamW decays the weights directly."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Momentum; used by SGD only."""
    schedule: Literal["none", "plateau", "cosine", "one-cycle"] = "none"
    """How the learning rate changes. plateau lowers it when the training loss stops improving."""
    plateau_patience: int = Field(default=10, ge=0, le=100_000)
    """plateau: epochs without a lower training loss before the rate drops."""
    plateau_factor: float = Field(default=0.1, gt=0, lt=1)
    """plateau: what the rate is multiplied by when it drops."""
    reduction: Literal["mean", "sum"] = "mean"
    """mean: error averaged over pixels and images, KL over units and images; sum: both summed over a batch (logged
    per image)."""
    error: Literal["squared", "log-squared"] = "squared"
    """log-squared minimises the mean over the images of the logarithm of each one's mean squared error, which raises
    the mean PSNR (Chen et al. 2022): an image counts alike, whether little noise is to be removed or much. Curves show
    the squared error all the same."""
    beta: float = Field(default=1.0, ge=0, le=1e6)
    """Weight of the KL divergence in a VAE's loss (Higgins et al., 2017)."""
    kl_warmup: int = Field(default=0, ge=0, le=100_000)
    """Epochs in which the weight of the KL divergence grows from 0 to β (Sønderby et al. 2016)."""
    free_bits: float = Field(default=0.0, ge=0, le=100)
    """Nats of KL divergence that a code's unit has for free (Kingma et al. 2016): below them it is not lowered further.
    With reduction 'mean' or 'sum' alike, for each unit, as a mean over the batch."""
    sparsity: float = Field(default=0.0, ge=0, le=1e6)
    """Weight of the mean absolute value of the code's numbers in the loss: a sparse autoencoder (L1)."""
    contractive: float = Field(default=0.0, ge=0, le=1e6)
    """Weight of ‖∂code/∂image‖² in the loss: a contractive autoencoder (Rifai et al. 2011). Estimated with one random
    vector where the encoder has more than one layer."""
    prototypical: float = Field(default=0.0, ge=0, le=1e6)
    """Weight of the prototypical loss (Snell et al. 2017): the cross-entropy of telling an image's class by which of
    the batch's classes has the mean code nearest to its own. Codes of one class draw together; only training needs the
    classes."""
    clip: float | None = Field(default=None, gt=0, le=1e6)
    """Scale the gradient of a step down to this norm where it is larger; empty for never."""
    average: float = Field(default=0.0, ge=0, lt=1)
    """Decay of a moving average of the weights, such as 0.999, with which the model is measured and saved; 0 for the
    last weights themselves."""
    restart_every: int | None = Field(default=None, ge=1, le=100_000)
    """Reset optimizer and schedule every so many epochs, as running a notebook's cell again does."""
    log_every: int | None = Field(default=None, ge=1, le=1_000_000)
    """Also log the mean loss of every so many steps, with a pass over the validation images."""
    keep_codes: bool = True
    """Keep the codes of up to 2,000 test images at up to 40 epochs, in at most 10 MB, so that Latent space can show how
    they came to be; codes of more than 256 numbers are never kept."""
    seed: int = Field(default=0, ge=0, le=2**31 - 1, json_schema_extra=MAIN)
    """Determines the initial weights, the order of images and the noise."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Number format of the steps' arithmetic. auto times both for a moment where the run is long enough, and takes the
    faster. Weights and their updates are always float32."""
    deterministic: bool = False
    """float32 without a trial, so that a seed gives the same result, bit for bit, on one machine."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.deterministic and self.precision == "bfloat16":
            raise ValueError("deterministic means float32; leave precision at auto, or deterministic off")
        if self.error == "log-squared" and self.reduction == "sum":
            raise ValueError("a log-squared error is a mean over the images: set reduction to mean")
        return self


class Evaluation(Section):
    """How the finished model is measured on the whole test set."""

    corruptions: tuple[Corruption, ...] = Field(default=(Corruption(),), max_length=16)
    """Corruptions of the test images; each is measured beside the noisy input's own metrics."""
    wrong_digits: bool = False
    """After every epoch, let the digit classifier read the test reconstructions and count wrong digits."""
    measure: bool = False
    """Measure what the code is worth when training has ended, as `aecore measure` does; it takes about a minute."""
