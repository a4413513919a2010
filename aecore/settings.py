"""The sections of an experiment: every setting with its type, its bounds and its description.

The descriptions are shown to people: in the app's form and beside error messages.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_serializer, model_validator

from aecore.errors import MistakeError, nearest
from aecore.section import MAIN, Section, complaint

Activation = Literal["relu", "leaky-relu", "selu", "elu", "gelu", "silu", "tanh", "sigmoid", "none"]
NoiseKind = Literal["none", "gaussian", "gaussian-variance", "masking", "salt-pepper"]
Occlusion = Literal["none", "square", "rows"]


class Corruption(Section):
    """What is done to an image before the model sees it: noise, then occlusion, either or both.

    Written as text with plus signs: `gaussian:0.2`, `gaussian:0.3:clamp+once`, `square:10`, `gaussian:0.3+rows:6`.
    Masking and salt-and-pepper noise are those of Vincent et al., "Stacked Denoising Autoencoders", JMLR 11 (2010),
    section 3.3. All of it happens in the model's own range, where black is the lowest value.
    """

    kind: NoiseKind = "none"
    """gaussian adds N(0, level²) to each value; gaussian-variance adds N(0, level); masking sets a share of the
    pixels to black; salt-pepper sets a share of the pixels to black or white."""
    level: float = Field(default=0.0, ge=0, le=10)
    """gaussian: the standard deviation; gaussian-variance: its square; masking and salt-pepper: the share of pixels."""
    clamp: bool = False
    """Cut the result back to the image range after Gaussian noise."""
    occlusion: Occlusion = "none"
    """square blacks out a square at a random place; rows blacks out a band of whole rows at a random height."""
    size: int = Field(default=0, ge=0, le=4096)
    """Side of the square, or number of rows, in pixels."""
    once: bool = False
    """Draw the corruption of the training images once and keep it, instead of afresh for every batch."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        """Accept the written form beside the table."""
        return _read_corruption(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.kind in ("masking", "salt-pepper") and self.level > 1:
            raise ValueError(f"the share of pixels for {self.kind} lies between 0 and 1, got {self.level:g}")
        if self.kind == "none" and (self.level or self.clamp):
            raise ValueError("noise 'none' has no level and no clamp; name a kind, such as gaussian:0.2")
        if (self.occlusion == "none") != (self.size == 0):
            raise ValueError("an occlusion needs its size in pixels, such as square:10 or rows:6, and a size its kind")
        return self

    @model_serializer
    def __str__(self) -> str:
        parts = []
        if self.kind != "none":
            parts.append(f"{self.kind}:{_shortest(self.level)}" + (":clamp" if self.clamp else ""))
        if self.occlusion != "none":
            parts.append(f"{self.occlusion}:{self.size}")
        return "+".join((parts or ["none"]) + (["once"] if self.once else []))

    @classmethod
    def parse(cls, text: str) -> Corruption:
        """A corruption from its written form. Raises `MistakeError` with one line."""
        try:
            return cls.model_validate(text)
        except ValidationError as error:
            raise MistakeError(complaint(error)) from None

    @property
    def std(self) -> float:
        """The standard deviation of Gaussian noise; 0 for other kinds."""
        if self.kind == "gaussian":
            return self.level
        return math.sqrt(self.level) if self.kind == "gaussian-variance" else 0.0

    @property
    def active(self) -> bool:
        """Whether it changes anything."""
        return self.level > 0 or self.occlusion != "none"

    @property
    def label(self) -> str:
        """The corruption in words, for headings and captions."""
        clamped = ", clamped" if self.clamp else ""
        noise = {
            "none": "",
            "gaussian": f"Gaussian noise, σ {self.level:g}{clamped}",
            "gaussian-variance": f"Gaussian noise, variance {self.level:g} (σ {self.std:.3g}){clamped}",
            "masking": f"masking noise, {self.level:.0%} of pixels black",
            "salt-pepper": f"salt-and-pepper noise, {self.level:.0%} of pixels",
        }[self.kind]
        occlusion = {
            "none": "",
            "square": f"a black {self.size}×{self.size} square",
            "rows": f"{self.size} black row{'' if self.size == 1 else 's'}",
        }[self.occlusion]
        return " + ".join(part for part in (noise, occlusion) if part) or "no noise"


def _shortest(level: float) -> str:
    """The number without a needless `.0`, and with all its digits."""
    short = f"{level:g}"
    return short if float(short) == level else repr(level)


def _read_corruption(text: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for part in text.strip().split("+"):
        kind, _, rest = part.strip().partition(":")
        level, _, flag = rest.partition(":")
        if kind == "once" and not rest:
            values["once"] = True
        elif kind == "none" and not rest:
            continue
        elif kind in Occlusion.__args__ and kind != "none":
            if not level.isdecimal() or flag:
                raise ValueError(f"'{part}' should look like {kind}:8, with a whole number of pixels")
            if "occlusion" in values:
                raise ValueError(f"'{text}' names two occlusions; there can be one noise and one occlusion")
            values |= {"occlusion": kind, "size": int(level)}
        elif kind in NoiseKind.__args__ and kind != "none":
            if flag not in ("", "clamp") or not level:
                raise ValueError(f"'{part}' should look like {kind}:0.2 or {kind}:0.2:clamp")
            if "kind" in values:
                raise ValueError(f"'{text}' names two kinds of noise; there can be one noise and one occlusion")
            values |= {"kind": kind, "level": level, "clamp": flag == "clamp"}
        else:
            known = [*NoiseKind.__args__, "square", "rows", "once"]
            raise ValueError(f"unknown noise '{kind}': {nearest(kind, known)}")
    return values


class Data(Section):
    """Which images."""

    name: str = Field(default="mnist", min_length=1, max_length=1024, json_schema_extra=MAIN)
    """The image set: a name from the catalogue, or the path of an .npz file or a folder of images of your own."""
    train_images: int | None = Field(default=None, ge=1)
    """Train on the first so many images only; empty for all of them."""
    validation_images: int = Field(default=0, ge=0, le=1_000_000)
    """Held out from the end of the training images, never trained on: for validation passes and for choosing
    settings."""


class Conv(Section):
    """A convolution with square kernel. Written `CHANNELSkKERNELsSTRIDEpPADDING`, such as `32k3s2p1`."""

    channels: int = Field(ge=1, le=4096)
    kernel: int = Field(default=3, ge=1, le=31)
    stride: int = Field(default=1, ge=1, le=8)
    padding: int = Field(default=0, ge=0, le=15)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        found = re.fullmatch(r"(\d+)(?:k(\d+))?(?:s(\d+))?(?:p(\d+))?", value.strip())
        if not found:
            raise ValueError(f"'{value}' should look like 32k3s2p1: channels, kernel, stride, padding")
        names = ("channels", "kernel", "stride", "padding")
        return {name: part for name, part in zip(names, found.groups(), strict=True) if part is not None}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.padding >= self.kernel:
            raise ValueError(f"a padding of {self.padding} is more than a kernel of {self.kernel} can use")
        return self

    @model_serializer
    def __str__(self) -> str:
        return f"{self.channels}k{self.kernel}s{self.stride}p{self.padding}"


class Bottleneck(Section):
    """The narrowest layer, whose output is the code."""

    kind: Literal["dense", "gaussian", "none"] = "dense"
    """dense: a linear layer; gaussian: mean and log-variance of a normal distribution from which the code is drawn
    (a VAE); none: the last convolution's map is the code."""
    size: int = Field(default=8, ge=1, le=4096, json_schema_extra=MAIN)
    """Code size: how many numbers an image is squeezed into. Follows from the convolutions where kind is none."""
    activation: Activation = "relu"
    """Function on the code itself, for kind dense. A ReLU code is never negative, and its units can die."""
    sample: Literal["training", "always"] = "training"
    """gaussian: draw the code in training only and take the mean afterwards, or draw it always."""


Width = Annotated[int, Field(ge=1, le=65536)]


class Model(Section):
    """The autoencoder's description; layer sizes that follow from it are solved, not typed."""

    conv: tuple[Conv, ...] = Field(default=(), max_length=16, json_schema_extra=MAIN)
    """The encoder's convolutions, from the image on, each as channels, kernel, stride, padding: 32k3s2p1."""
    dense: tuple[Width, ...] = Field(default=(392,), max_length=16, json_schema_extra=MAIN)
    """Widths of the encoder's hidden dense layers, before the code."""
    bottleneck: Bottleneck = Bottleneck()
    decoder_dense: tuple[Width, ...] | None = Field(default=None, max_length=16)
    """Widths of the decoder's hidden dense layers, from the code on; empty mirrors the encoder."""
    decoder_conv: tuple[Conv, ...] | None = Field(default=None, max_length=16)
    """The decoder's transposed convolutions, the last with the image's channels, each with the largest output padding;
    the result is resized where it misses the image. Empty mirrors the encoder."""
    decoder_fit: Literal["exact", "resize"] = "exact"
    """exact: each transposed convolution returns to the size its twin came from; resize: each takes the largest
    output padding, and the result is resized to the image, bilinearly."""
    activation: Activation = "relu"
    """Function after every hidden layer."""
    norm: Literal["none", "batch"] = "none"
    """Batch normalisation between every hidden layer and its activation."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of values dropped after every hidden layer's activation, in training."""
    range: Literal["unit", "symmetric"] = "unit"
    """Range of images inside the model: unit is [0, 1], symmetric is [-1, 1]."""
    output: Literal["sigmoid", "tanh", "none"] = "sigmoid"
    """Function on the reconstructed image: sigmoid fits the unit range, tanh the symmetric one."""
    init: Literal["pytorch", "xavier-uniform"] = "pytorch"
    """How weights start: PyTorch's default for each layer, or Glorot and Bengio's uniform range."""
    bias_init: float | None = Field(default=None, ge=-10, le=10)
    """Start value of every bias; empty for PyTorch's default."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.bottleneck.kind == "none" and (not self.conv or self.dense or self.decoder_dense):
            raise ValueError("a bottleneck of 'none' takes the last convolution's map as the code: it needs "
                             "convolutions (conv) and no dense layers")  # fmt: skip
        if self.decoder_conv is not None and bool(self.decoder_conv) != bool(self.conv):
            raise ValueError("decoder_conv needs convolutions in the encoder too, and none without them")
        return self


class Training(Section):
    """How the model is trained. The loss is the squared error of the pixels, plus the KL divergence for a VAE."""

    epochs: int = Field(default=50, ge=1, le=100_000, json_schema_extra=MAIN)
    """Passes over the training images."""
    batch_size: int = Field(default=2048, ge=1, le=1_000_000, json_schema_extra=MAIN)
    """Images a step."""
    lr: float = Field(default=1e-3, gt=0, le=10, json_schema_extra=MAIN)
    """Learning rate at the start; for one-cycle, its highest value."""
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    """The optimiser."""
    weight_decay: float = Field(default=0.0, ge=0, le=10)
    """Adam and SGD add it to the gradient, AdamW decays the weights directly."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """Momentum; used by SGD only."""
    schedule: Literal["none", "plateau", "cosine", "one-cycle"] = "none"
    """How the learning rate changes. plateau lowers it when the training loss stops falling."""
    plateau_patience: int = Field(default=10, ge=0, le=100_000)
    """plateau: epochs without a better training loss before the rate drops."""
    plateau_factor: float = Field(default=0.1, gt=0, lt=1)
    """plateau: what the rate is multiplied by when it drops."""
    reduction: Literal["mean", "sum"] = "mean"
    """mean: error averaged over pixels and images, KL over units and images; sum: both summed over a batch (logged
    an image)."""
    beta: float = Field(default=1.0, ge=0, le=1e6)
    """Weight of the KL divergence in a VAE's loss (Higgins et al., 2017)."""
    restart_every: int | None = Field(default=None, ge=1, le=100_000)
    """Start optimiser and schedule afresh every so many epochs, as running a notebook's cell again does."""
    log_every: int | None = Field(default=None, ge=1, le=1_000_000)
    """Also write down the mean loss of every so many steps, with a pass over the validation images."""
    seed: int = Field(default=0, ge=0, le=2**31 - 1, json_schema_extra=MAIN)
    """Decides the first weights, the order of images and the noise."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Number format of the steps' arithmetic. auto tries both for a moment where the run is long enough, and takes the
    faster. Weights and their updates are float32 always."""
    deterministic: bool = False
    """float32 and nothing tried out, so that a seed gives one result, bit for bit, on one machine."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.deterministic and self.precision == "bfloat16":
            raise ValueError("deterministic means float32; leave precision at auto, or deterministic off")
        return self


class Evaluation(Section):
    """What the finished model is measured under, on the whole test set."""

    corruptions: tuple[Corruption, ...] = Field(default=(Corruption(),), max_length=16)
    """Corruptions of the test images, each measured beside the noisy input's own score."""
    wrong_digits: bool = False
    """After every epoch, let the digit classifier read the test reconstructions and count the wrong digits."""
