"""A network written step by step: the words of `model.encoder` and `model.decoder`, for any sequence of layers.

| step                            | what it does                                                                     |
|---------------------------------|----------------------------------------------------------------------------------|
| `conv 16k3s2p1`                 | convolution: channels, kernel, stride, padding                                   |
| `transposed 16k3s2p1o1`         | transposed convolution, with output padding                                      |
| `linear 128`                    | linear layer; a map before it is flattened, channels first                       |
| `gaussian 16`                   | two linear layers side by side, mean and log-variance: the encoder's last step   |
| `norm`                          | batch normalisation                                                              |
| `relu`, `leaky-relu:0.2`, …     | activation; `leaky-relu` alone has the slope 0.01                                |
| `max-pool 2`, `avg-pool 2`      | pooling over squares of that side                                                |
| `upsample 2`                    | every pixel repeated (nearest); `upsample-bilinear 2` interpolates               |
| `map 64x7x7`                    | features as a map of channels × height × width                                   |
| `dropout 0.2`                   | dropout                                                                          |
| `pad 2`, `crop 2`               | black pixels added at, or pixels taken from, every side                          |
| `normalise 0.1307/0.3081`       | (x − mean) / deviation, one pair or one a channel; `denormalise` is its inverse  |
"""

from __future__ import annotations

import re
from typing import NamedTuple, get_args

from aecore.config.activation import Activation, slope

SIZES = re.compile(r"(\d+)k(\d+)(?:s(\d+))?(?:p(\d+))?(?:o(\d+))?")
HOW = "steps are written like 'conv 16k3s2p1', 'linear 128', 'relu', 'max-pool 2' or 'map 64x7x7'"


class Step(NamedTuple):
    """One step of a written network."""

    kind: str
    """The step's first word; `activation` for all activations."""
    size: int = 0
    """Channels, features, side of a pool, factor or pixels."""
    kernel: int = 0
    stride: int = 1
    padding: int = 0
    output_padding: int = 0
    activation: str = ""
    rate: float = 0.0
    shape: tuple[int, int, int] = (0, 0, 0)
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()


def parse_step(text: str) -> Step:
    """A step from its written form. Raises `ValueError` that says what is wrong with it."""
    kind, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if kind.partition(":")[0] in get_args(Activation) and kind != "none" and not rest:
        slope(kind)
        return Step("activation", activation=kind)
    if kind in ("conv", "transposed") and (found := SIZES.fullmatch(rest)):
        channels, kernel, stride, padding, more = (
            int(part or default) for part, default in zip(found.groups(), "10100", strict=True)
        )
        for value, most in ((channels, 4096), (kernel, 63), (stride, 16)):
            _within(text, value, most)
        if (padding >= kernel and kernel > 1) or padding > 31:
            raise ValueError(f"'{text}': a padding of {padding} is more than a kernel of {kernel} can use")
        if more and (kind == "conv" or more >= stride):
            raise ValueError(f"'{text}': output padding is for transposed convolutions and smaller than the stride")
        return Step(kind, channels, kernel, stride, padding, more)
    if kind in ("linear", "gaussian") and rest.isdecimal():
        return Step(kind, _within(text, int(rest), 262_144))
    if kind in ("max-pool", "avg-pool", "upsample", "upsample-bilinear", "pad", "crop") and rest.isdecimal():
        return Step(kind, _within(text, int(rest), 64))
    if kind == "norm" and not rest:
        return Step(kind)
    if kind == "dropout" and (rate := _number(rest)) is not None and 0 <= rate < 1:
        return Step(kind, rate=rate)
    if kind == "map" and (found := re.fullmatch(r"(\d+)x(\d+)x(\d+)", rest)):
        channels, height, width = (_within(text, int(part), 4096) for part in found.groups())
        return Step(kind, shape=(channels, height, width))
    if kind in ("normalise", "denormalise"):
        pairs = [[_number(part) for part in side.split(",")] for side in rest.split("/")]
        if len(pairs) == 2 and len(pairs[0]) == len(pairs[1]) in (1, 3) and None not in pairs[0] + pairs[1]:
            mean, deviation = (tuple(float(part or 0) for part in side) for side in pairs)
            if min(deviation) > 0:
                return Step(kind, mean=mean, deviation=deviation)
    raise ValueError(f"'{text}' is not a step of a network: {HOW}")


def _within(text: str, value: int, most: int) -> int:
    if not 1 <= value <= most:
        raise ValueError(f"'{text}': {value:,} is not from 1 to {most:,}")
    return value


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e6 else None
