"""The description of an autoencoder: its convolutions, dense layers, bottleneck and functions."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_serializer, model_validator

from aecore.config.activation import Activation
from aecore.config.base import MAIN, Section
from aecore.config.steps import parse_step


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


WIDEST_CODE = 65_536
"""Of the most numbers, also of other programs' networks."""


class Bottleneck(Section):
    """The bottleneck, whose output is the code."""

    kind: Literal["dense", "gaussian", "none"] = "dense"
    """dense: a linear layer; gaussian: mean and log-variance of a normal distribution from which the code is sampled
    (a VAE); none: the output of the last convolution is the code."""
    size: int = Field(default=8, ge=1, le=WIDEST_CODE, json_schema_extra=MAIN)
    """Code size: how many numbers an image is compressed to. Follows from the convolutions where kind is none."""
    activation: Activation = "relu"
    """Function on the code itself, for kind dense. A ReLU code is never negative, and its units can die."""
    sample: Literal["training", "always"] = "training"
    """gaussian: sample the code in training only and use the mean afterwards, or always sample it."""
    keep: int | None = Field(default=None, ge=1, le=WIDEST_CODE)
    """Keep only so many of a code's numbers, the largest, and set the others to 0: a k-sparse autoencoder (Makhzani and
    Frey 2014). Empty keeps all."""
    quantise: Literal["none", "fsq", "vq"] = "none"
    """The code becomes one of finitely many. fsq rounds every number to one of its levels (Mentzer et al. 2023); vq
    replaces the numbers of a place by the nearest vector of a codebook (van den Oord et al. 2017)."""
    levels: tuple[Annotated[int, Field(ge=3, le=256)], ...] = Field(default=(8, 5, 5, 5), min_length=1, max_length=16)
    """fsq: how many levels each number of a place has; as many as the code has channels."""
    codebook: int = Field(default=512, ge=2, le=65_536)
    """vq: the number of vectors in the codebook."""


EXTERNAL = ("external", "external-restorer")
"""Kinds of networks that another program made."""
Width = Annotated[int, Field(ge=1, le=65536)]


def _step(text: str) -> str:
    parse_step(text)
    return " ".join(text.split())


StepText = Annotated[str, AfterValidator(_step)]
"""A step of a written network; `aecore.config.steps` lists them."""


class Model(Section):
    """The network's description; layer sizes that follow from it are solved, not typed."""

    kind: Literal["autoencoder", "dncnn", "unet", "external", "external-restorer"] = "autoencoder"
    """autoencoder: an encoder, a code and a decoder. Without a code, for restoring images: dncnn is a chain of
    convolutions that predicts what to subtract from the image (Zhang et al. 2017); unet halves the image at every
    convolution of the list and comes back, with connections across (Ronneberger et al. 2015). external, and without a
    code external-restorer, were trained in a loop of another program: of these settings they have only bottleneck.size
    and range."""
    conv: tuple[Conv, ...] = Field(default=(), max_length=16, json_schema_extra=MAIN)
    """The encoder's convolutions, starting at the image, each as channels, kernel, stride, padding: 32k3s2p1. Of a
    dncnn all but its last convolution; of a unet its levels, the largest first."""
    dense: tuple[Width, ...] = Field(default=(392,), max_length=16, json_schema_extra=MAIN)
    """Widths of the encoder's hidden dense layers, before the code."""
    bottleneck: Bottleneck = Bottleneck()
    decoder_dense: tuple[Width, ...] | None = Field(default=None, max_length=16)
    """Widths of the decoder's hidden dense layers, starting at the code; empty mirrors the encoder."""
    decoder_conv: tuple[Conv, ...] | None = Field(default=None, max_length=16)
    """The decoder's transposed convolutions, the last with the image's channels, each with the largest output padding;
    the result is resized where its size differs from the image's. Empty mirrors the encoder."""
    decoder_fit: Literal["exact", "resize"] = "exact"
    """exact: each transposed convolution restores the size before the encoder's convolution; resize: each has the
    largest output padding, and the result is resized to the image, bilinearly."""
    activation: Activation = "relu"
    """Function after every hidden layer."""
    norm: Literal["none", "batch"] = "none"
    """Batch normalisation between every hidden layer and its activation."""
    residual: bool = False
    """Hidden layers that change neither size nor width add their input to their output (He et al. 2016); a unet adds
    the image to its output, so that it learns the difference."""
    tied: bool = False
    """The decoder uses the encoder's weights transposed, with biases of its own."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of values that are dropped after every hidden layer's activation, in training."""
    range: Literal["unit", "symmetric"] = "unit"
    """Range of images inside the model: unit is [0, 1], symmetric is [-1, 1]."""
    output: Literal["sigmoid", "tanh", "none"] = "sigmoid"
    """Function on the reconstructed image: sigmoid for the unit range, tanh for the symmetric one."""
    likelihood: Literal["gaussian", "bernoulli"] = "gaussian"
    """What the output says of a pixel: the mean of a normal distribution, so that the loss is the squared error; or the
    probability that it is white, so that the loss is the binary cross-entropy."""
    classes: int = Field(default=0, ge=0, le=256)
    """Give an image's class to encoder and decoder, one of so many: a conditional autoencoder. 0 gives none."""
    noise_level: bool = False
    """dncnn and unet: give the standard deviation of the image's noise as one more channel, so that one network serves
    all strengths (Zhang et al. 2018)."""
    encoder: tuple[StepText, ...] | None = Field(default=None, min_length=1, max_length=96)
    """A network of any form, written step by step in place of the settings above: "conv 16k3s2p1", "norm", "relu",
    "max-pool 2", "linear 128" and so on. Its last step gives the code. Needs decoder."""
    decoder: tuple[StepText, ...] | None = Field(default=None, min_length=1, max_length=96)
    """The decoder of such a network, from the code to the image: "linear 784", "map 16x7x7", "transposed 1k3s2p1o1",
    "upsample 2", "sigmoid", …. Needs encoder."""
    init: Literal["pytorch", "xavier-uniform"] = "pytorch"
    """Initialisation of the weights: PyTorch's default for each layer, or Glorot and Bengio's uniform range."""
    bias_init: float | None = Field(default=None, ge=-10, le=10)
    """Initial value of every bias; empty for PyTorch's default."""

    @property
    def has_code(self) -> bool:
        """Whether images pass through a code, which can be looked at, interpolated and projected."""
        return self.kind in ("autoencoder", "external")

    @property
    def external(self) -> bool:
        """Whether the network is not described here, because another program made it."""
        return self.kind in EXTERNAL

    @property
    def quantised(self) -> bool:
        """Whether the code is one of finitely many."""
        return self.bottleneck.quantise != "none"

    @property
    def variational(self) -> bool:
        """Whether the code is sampled from a normal distribution: a VAE."""
        if self.encoder is not None:
            return self.encoder[-1].startswith("gaussian")
        return self.bottleneck.kind == "gaussian"

    @property
    def last_activation(self) -> str:
        """The function on the reconstructed image, also of a network that is written step by step."""
        if self.decoder is None:
            return self.output
        last = ""
        for text in reversed(self.decoder):
            step = parse_step(text)
            if step.kind == "denormalise":
                return "none"
            if step.kind not in ("crop", "pad", "map"):
                last = step.activation
                break
        return last or "none"

    @property
    def value_range(self) -> tuple[float, float]:
        """Lowest and highest value of images inside the model."""
        return (0.0, 1.0) if self.range == "unit" else (-1.0, 1.0)

    @model_validator(mode="after")
    def _written(self) -> Self:
        if (self.encoder is None) != (self.decoder is None):
            missing = "decoder" if self.decoder is None else "encoder"
            raise ValueError(f"a network written step by step needs both encoder and decoder; {missing} is empty")
        if self.encoder is not None:
            default = type(self).model_fields
            changed = [name for name in _DESCRIBING if getattr(self, name) != default[name].default]
            if self.bottleneck != Bottleneck(sample=self.bottleneck.sample):
                changed.append("bottleneck")
            if changed:
                raise ValueError(f"{changed[0]} describes a network, and encoder and decoder write it out: leave it as "
                                 "it is by default")  # fmt: skip
        return self

    @model_validator(mode="after")
    def _external(self) -> Self:
        if self.external:
            default = Model.model_construct()
            known = ("kind", "range", "bottleneck")
            changed = [name for name in type(self).model_fields if name not in known]
            changed = [name for name in changed if getattr(self, name) != getattr(default, name)]
            if self.bottleneck != Bottleneck(size=self.bottleneck.size):
                changed.append("bottleneck")
            if changed:
                raise ValueError(f"{changed[0]} describes a network, and one of kind {self.kind} is not described: "
                                 "leave it as it is by default")  # fmt: skip
        return self

    @model_validator(mode="after")
    def _restoring(self) -> Self:
        if self.external:
            return self
        if self.has_code:
            if self.noise_level:
                raise ValueError("noise_level is an input of a dncnn or a unet: choose that kind")
            return self
        name = "a U-Net" if self.kind == "unet" else "a DnCNN"
        if not self.conv:
            raise ValueError(f"{name} needs convolutions (conv), such as 32k3p1")
        if wrong := [conv for conv in self.conv if conv.stride != 1 or 2 * conv.padding != conv.kernel - 1]:
            raise ValueError(f"{name} has convolutions that keep the image's size, such as 32k3p1, not {wrong[0]}")
        default = type(self).model_fields
        unused = ("decoder_dense", "decoder_conv", "decoder_fit", "encoder", "tied", "classes", "likelihood")
        unused += ("residual",) if self.kind == "dncnn" else ()
        if changed := [key for key in unused if getattr(self, key) != default[key].default]:
            raise ValueError(f"{name} has no code, and {changed[0]} needs one: leave it as it is by default")
        if self.bottleneck != Bottleneck():
            raise ValueError(f"{name} has no code: leave bottleneck as it is by default")
        if (self.kind == "dncnn" or self.residual) and self.output != "none":
            raise ValueError(f"the output of {name} is added to the image: output should be 'none'")
        return self

    @model_validator(mode="after")
    def _coded(self) -> Self:
        bottleneck = self.bottleneck
        last = self.output if self.decoder is None else self.decoder[-1]
        if self.likelihood == "bernoulli" and (last != "sigmoid" or self.range != "unit"):
            raise ValueError("a Bernoulli likelihood takes the output for a probability: it needs range 'unit' and "
                             "'sigmoid' at the end of the decoder")  # fmt: skip
        if self.tied and (self.encoder is not None or self.decoder_dense is not None or self.decoder_conv is not None
                          or self.quantised or self.variational):  # fmt: skip
            raise ValueError("tied needs a decoder that mirrors the encoder, and a code that is neither Gaussian nor "
                             "quantised")  # fmt: skip
        if self.tied and self.decoder_fit != "exact":
            raise ValueError("tied needs decoder_fit 'exact'")
        if self.classes and (self.encoder is not None or self.tied or bottleneck.kind == "none"):
            raise ValueError("classes need a dense or Gaussian bottleneck, and weights that are not tied")
        if bottleneck.keep is not None and (self.variational or self.quantised):
            raise ValueError("bottleneck.keep needs a code that is neither Gaussian nor quantised")
        if self.quantised and (self.variational or self.encoder is not None):
            raise ValueError("a quantised code is that of a described network with bottleneck kind dense or none")
        if bottleneck.quantise == "fsq":
            width = bottleneck.size if bottleneck.kind == "dense" else self.conv[-1].channels if self.conv else 0
            if width != len(bottleneck.levels):
                what = "bottleneck.size" if bottleneck.kind == "dense" else "the last convolution's channels"
                raise ValueError(f"bottleneck.levels has {len(bottleneck.levels)} entries, and {what} should be as "
                                 f"many, not {width}")  # fmt: skip
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.has_code:
            return self
        if self.bottleneck.kind == "none" and (not self.conv or self.dense or self.decoder_dense):
            raise ValueError("a bottleneck of 'none' takes the last convolution's map as the code: it needs "
                             "convolutions (conv) and no dense layers")  # fmt: skip
        if self.decoder_conv is not None and bool(self.decoder_conv) != bool(self.conv):
            raise ValueError("decoder_conv needs convolutions in the encoder too, and none without them")
        return self


_DESCRIBING = (
    "conv",
    "dense",
    "decoder_dense",
    "decoder_conv",
    "decoder_fit",
    "activation",
    "norm",
    "residual",
    "dropout",
    "output",
)
"""The settings that `encoder` and `decoder` replace; of the bottleneck `kind` and `size`."""
