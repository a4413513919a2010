"""An experiment: everything that decides a run, validated and frozen.

The same definition makes the command line's `--set`, the app's form, the JSON in the run directory, the
difference between two runs and every error message about a wrong value. Field descriptions are shown to people.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_serializer, model_validator

from aecore.errors import MistakeError, nearest, read_text

Activation = Literal["relu", "leaky-relu", "selu", "elu", "gelu", "silu", "tanh", "sigmoid", "none"]
NoiseKind = Literal["none", "gaussian", "masking", "salt-pepper"]

MAIN: dict[str, Any] = {"main": True}
"""Marks a field that the app's form shows at once; the others stand under "More"."""


class Section(BaseModel):
    """A frozen part of an experiment that knows exactly its own keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Corruption(Section):
    """What is done to an image before the model sees it. Written `kind:level` or `kind:level:clamp`.

    The three kinds are those of Vincent et al., "Stacked Denoising Autoencoders", JMLR 11 (2010), section 3.3.
    """

    kind: NoiseKind = "none"
    """gaussian adds N(0, level²) to each value; masking sets a share of the pixels to black; salt-pepper sets a
    share of the pixels to black or white."""
    level: float = Field(default=0.0, ge=0, le=10)
    """gaussian: the standard deviation; masking and salt-pepper: the share of pixels hit, 0 to 1."""
    clamp: bool = False
    """Cut the result back to the image range after the noise."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        """Accept the written form beside the table."""
        if not isinstance(value, str):
            return value
        kind, _, rest = value.strip().partition(":")
        level, _, flag = rest.partition(":")
        if kind == "none" and not rest:
            return {}
        if kind not in NoiseKind.__args__:
            raise ValueError(f"unknown noise '{kind}': {nearest(kind, NoiseKind.__args__)}")
        if flag not in ("", "clamp") or not level:
            raise ValueError(f"'{value}' should look like {kind}:0.2 or {kind}:0.2:clamp")
        return {"kind": kind, "level": level, "clamp": flag == "clamp"}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.kind in ("masking", "salt-pepper") and self.level > 1:
            raise ValueError(f"the share of pixels for {self.kind} lies between 0 and 1, got {self.level:g}")
        if self.kind == "none" and self.level:
            raise ValueError("noise 'none' has no level; name a kind, such as gaussian:0.2")
        return self

    @model_serializer
    def __str__(self) -> str:
        if self.kind == "none":
            return "none"
        return f"{self.kind}:{self.level:g}" + (":clamp" if self.clamp else "")

    @classmethod
    def parse(cls, text: str) -> Corruption:
        """A corruption from its written form. Raises `MistakeError` with one line."""
        try:
            return cls.model_validate(text)
        except ValidationError as error:
            raise MistakeError(_one_line(error)) from None

    @property
    def label(self) -> str:
        """The corruption in words, for headings and captions."""
        clamped = ", clamped" if self.clamp else ""
        return {
            "none": "no noise",
            "gaussian": f"Gaussian noise, σ {self.level:g}{clamped}",
            "masking": f"masking noise, {self.level:.0%} of pixels black",
            "salt-pepper": f"salt-and-pepper noise, {self.level:.0%} of pixels",
        }[self.kind]


class Data(Section):
    """Which images."""

    name: str = Field(default="mnist", json_schema_extra=MAIN)
    """The image set."""
    train_images: int | None = Field(default=None, ge=1)
    """Train on the first so many images only; empty for all of them."""


class Bottleneck(Section):
    """The narrowest layer, whose output is the code."""

    size: int = Field(default=8, ge=1, le=4096, json_schema_extra=MAIN)
    """Code size: how many numbers an image is squeezed into."""
    activation: Activation = "relu"
    """Function on the code itself. A ReLU code is never negative, and its units can die."""


Width = Annotated[int, Field(ge=1, le=65536)]


class Model(Section):
    """The autoencoder's description; layer sizes that follow from it are solved, not typed."""

    dense: tuple[Width, ...] = Field(default=(392,), max_length=16, json_schema_extra=MAIN)
    """Widths of the encoder's hidden dense layers, from the image to the code."""
    bottleneck: Bottleneck = Bottleneck()
    decoder_dense: tuple[Width, ...] | None = Field(default=None, max_length=16)
    """Widths of the decoder's hidden dense layers, from the code to the image; empty mirrors the encoder."""
    activation: Activation = "relu"
    """Function after every hidden layer."""
    output: Literal["sigmoid", "none"] = "sigmoid"
    """Function on the reconstructed image."""
    init: Literal["pytorch", "xavier-uniform"] = "pytorch"
    """How weights start: PyTorch's default for linear layers, or Glorot and Bengio's uniform range."""
    bias_init: float | None = Field(default=None, ge=-10, le=10)
    """Start value of every bias; empty for PyTorch's default."""


class Training(Section):
    """How the model is trained. The loss is the mean squared error over all pixels."""

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
    seed: int = Field(default=0, ge=0, le=2**31 - 1, json_schema_extra=MAIN)
    """Decides the first weights, the order of images and the noise. One seed, one result on the CPU."""


class Evaluation(Section):
    """What the finished model is measured under, on the whole test set."""

    corruptions: tuple[Corruption, ...] = Field(default=(Corruption(),), max_length=16)
    """Corruptions of the test images, each measured beside the noisy input's own score."""


class Experiment(Section):
    """Everything that decides a run."""

    name: str = Field(default="", max_length=120)
    """A title for people; the preset's name when empty."""
    preset: str = Field(default="", max_length=120)
    """The preset this came from, if any."""
    data: Data = Data()
    model: Model = Model()
    corruption: Corruption = Corruption()
    """What the images suffer in training, drawn afresh for every batch; the target stays clean."""
    training: Training = Training()
    evaluation: Evaluation = Evaluation()

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> Experiment:
        """An experiment from plain data. Raises `MistakeError` with one line for the first thing wrong."""
        try:
            return cls.model_validate(dict(value))
        except ValidationError as error:
            raise MistakeError(_one_line(error)) from None

    @classmethod
    def load(cls, path: Path) -> Experiment:
        """An experiment from a TOML file; a `[preset]` table in it is for people and left aside."""
        values = load_toml(path)
        values.pop("preset", None)
        return cls.parse(values)

    def changed(self, changes: Mapping[str, Any]) -> Experiment:
        """A new experiment with dotted keys replaced: `{"training.epochs": 2}`."""
        values = self.model_dump(mode="json")
        for key, value in changes.items():
            *parents, last = _known(key).split(".")
            table = values
            for parent in parents:
                table = table[parent]
            table[last] = value
        return type(self).parse(values)

    def flat(self) -> dict[str, Any]:
        """Every setting under its dotted key, in the order of the definition."""
        values = self.model_dump(mode="json")
        return {key: _dig(values, key) for key in keys()}

    @property
    def title(self) -> str:
        return self.name or self.preset or "experiment"


def difference(first: Experiment, second: Experiment) -> dict[str, tuple[Any, Any]]:
    """The dotted keys in which two experiments differ, with both values."""
    a, b = first.flat(), second.flat()
    return {key: (a[key], b[key]) for key in a if a[key] != b[key]}


def fields(section: type[BaseModel] = Experiment, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting as (dotted key, pydantic field), depth first; tables that are written as text count as one."""
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section) and kind is not Corruption:
            yield from fields(kind, f"{prefix}{name}.")
        else:
            yield prefix + name, field


def keys() -> list[str]:
    """The dotted keys of every setting."""
    return [key for key, _ in fields()]


def load_toml(path: Path) -> dict[str, Any]:
    """A TOML file as plain data, or one line with the place where it stops making sense."""
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise MistakeError(f"{path} is not valid TOML: {error}") from None


def _known(key: str) -> str:
    if key not in keys():
        raise MistakeError(f"unknown setting '{key}': {_nearest_key(key)}")
    return key


def _nearest_key(key: str) -> str:
    """The closest dotted key; one that ends in the same word wins, so `epochs` finds `training.epochs`."""
    last = key.rpartition(".")[2]
    same = [known for known in keys() if known.rpartition(".")[2] == last]
    if same:
        return f"did you mean '{same[0]}'?"
    hint = nearest(key, keys())
    if hint.startswith("did you"):
        return hint
    for known in keys():
        if nearest(last, [known.rpartition(".")[2]]).startswith("did you"):
            return f"did you mean '{known}'?"
    return hint


def typed_value(text: str) -> Any:
    """A typed setting as plain data: `2`, `1e-4`, `[392, 8]` and `true` as in TOML, nothing or `null` as None, any
    other text as itself."""
    if text.strip().lower() in ("", "null"):
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _dig(values: Any, key: str) -> Any:
    for part in key.split("."):
        values = values[part]
    return values


def _one_line(error: ValidationError) -> str:
    """The first complaint of pydantic as `key: what was wrong and what would be right`."""
    first = error.errors()[0]
    names = [str(part) for part in first["loc"]]
    key = ".".join(names)
    if first["type"] == "extra_forbidden":
        return f"unknown setting '{key}': {_nearest_key(key)}"
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    message = message[0].lower() + message[1:]
    if first["type"].endswith("_parsing"):
        message = message.partition(",")[0]
    if first["type"] == "literal_error" and isinstance(first["input"], str):
        options = [
            word.strip("'") for word in first.get("ctx", {}).get("expected", "").replace(" or ", ", ").split(", ")
        ]
        return f"{key}: unknown value '{first['input']}': {nearest(first['input'], options)}"
    if first["type"] == "value_error":
        return f"{key}: {message}" if key else message
    return f"{key}: {message}, got {first['input']!r}"
