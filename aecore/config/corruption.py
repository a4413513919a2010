"""A corruption of images as data: its settings, its written form, its errors."""

from __future__ import annotations

import math
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_serializer, model_validator

from aecore.config.base import Section, format_validation_error
from aecore.errors import UserError, nearest

NoiseKind = Literal["none", "gaussian", "gaussian-variance", "speckle", "poisson", "masking", "salt-pepper"]

Occlusion = Literal["none", "square", "rows"]

WHOLE = {
    "downscale": (2, 64, "downscale:4", "a whole factor"),
    "jpeg": (1, 95, "jpeg:10", "a quality"),
}
"""Words with a whole number: its lowest and highest value, an example, and what the number is."""


class Corruption(Section):
    """A corruption of the images that the model sees, and so the task that it learns: to undo it.

    Written as text with plus signs, in any order: `gaussian:0.2`, `gaussian:0.3:clamp+once`, `square:10`,
    `downscale:4`, `grey`, `blur:1.5+gaussian:0..0.5+jpeg:10`. What is asked for is applied in the order grey, blur,
    downscale, noise, jpeg, occlusion, each at most once.
    Masking and salt-and-pepper noise are those of Vincent et al., "Stacked Denoising Autoencoders", JMLR 11 (2010),
    section 3.3. Gaussian noise is added in the model's own range, where black is the lowest value; speckle and Poisson
    noise depend on the brightness, from black at 0 to white at 1.
    """

    kind: NoiseKind = "none"
    """gaussian adds N(0, level²) to each value; gaussian-variance adds N(0, level); speckle multiplies each value by
    1 + N(0, level²); poisson counts photons, level of them on average where the image is white; masking sets a share
    of the pixels to black; salt-pepper sets a share of the pixels to black or white."""
    level: float = Field(default=0.0, ge=0, le=10_000)
    """gaussian and speckle: the standard deviation; gaussian-variance: its square; poisson: the photons of a white
    pixel; masking and salt-pepper: the share of pixels."""
    lowest: float | None = Field(default=None, ge=0)
    """gaussian: draw each image's standard deviation uniformly between this and the level."""
    clamp: bool = False
    """Clamp the result to the image range after Gaussian, speckle or Poisson noise."""
    occlusion: Occlusion = "none"
    """square blacks out a square at a random position; rows blacks out a band of whole rows at a random height."""
    size: int = Field(default=0, ge=0, le=4096)
    """Side of the square, or number of rows, in pixels."""
    grey: bool = False
    """Replace the colours by their luma, the same in all channels."""
    blur: float = Field(default=0.0, ge=0, le=50)
    """Standard deviation of a Gaussian blur in pixels; 0 for none."""
    downscale: int = Field(default=0, ge=0)
    """Average squares of so many pixels a side, then enlarge the result to the old size with bicubic interpolation; 0
    for none."""
    jpeg: int = Field(default=0, ge=0)
    """Save as JPEG of this quality, from 1 to 95, and read it again; 0 for none."""
    once: bool = False
    """Draw the corruption of the training images once and keep it, instead of anew for every batch."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        """Accept the written form as well as the table."""
        return _read_corruption(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.kind in ("masking", "salt-pepper") and self.level > 1:
            raise ValueError(f"the share of pixels for {self.kind} lies between 0 and 1, got {self.level:g}")
        if self.kind == "poisson" and self.level < 0.1:
            raise ValueError(f"poisson needs the photons of a white pixel, 0.1 or more of them, got {self.level:g}")
        if self.kind not in ("none", "poisson") and self.level > 10:
            raise ValueError(f"level: should be less than or equal to 10, got {self.level:g}")
        if self.kind == "none" and (self.level or self.clamp):
            raise ValueError("noise 'none' has no level and no clamp; name a kind, such as gaussian:0.2")
        if self.lowest is not None and (self.kind != "gaussian" or self.lowest >= self.level):
            raise ValueError("a range of strengths rises and is for gaussian noise, such as gaussian:0..0.5")
        if (self.occlusion == "none") != (self.size == 0):
            raise ValueError("an occlusion needs its size in pixels, such as square:10 or rows:6, and a size its kind")
        for name, (low, high, _, what) in WHOLE.items():
            value = getattr(self, name)
            if value and not low <= value <= high:
                raise ValueError(f"{name} needs {what} from {low} to {high}, got {value}")
        return self

    @model_serializer
    def __str__(self) -> str:
        parts = ["grey"] if self.grey else []
        if self.blur:
            parts.append(f"blur:{_shortest(self.blur)}")
        if self.downscale:
            parts.append(f"downscale:{self.downscale}")
        if self.kind != "none":
            low = "" if self.lowest is None else f"{_shortest(self.lowest)}.."
            parts.append(f"{self.kind}:{low}{_shortest(self.level)}" + (":clamp" if self.clamp else ""))
        if self.jpeg:
            parts.append(f"jpeg:{self.jpeg}")
        if self.occlusion != "none":
            parts.append(f"{self.occlusion}:{self.size}")
        return "+".join((parts or ["none"]) + (["once"] if self.once else []))

    @classmethod
    def parse(cls, text: str) -> Corruption:
        """A corruption from its written form. Raises `UserError` with one line."""
        try:
            return cls.model_validate(text)
        except ValidationError as error:
            raise UserError(format_validation_error(error)) from None

    @property
    def std(self) -> float:
        """The standard deviation of Gaussian noise, the highest of a range; 0 for other kinds."""
        if self.kind == "gaussian":
            return self.level
        return math.sqrt(self.level) if self.kind == "gaussian-variance" else 0.0

    @property
    def active(self) -> bool:
        """Whether it changes the images at all."""
        return self.draws or self.degrades

    @property
    def draws(self) -> bool:
        """Whether chance has a part in it."""
        return self.level > 0 or self.occlusion != "none"

    @property
    def degrades(self) -> bool:
        """Whether it takes something away that no chance decides: colour, detail, or both."""
        return self.grey or self.blur > 0 or self.downscale > 0 or self.jpeg > 0

    @property
    def loses_pixels(self) -> bool:
        """Whether some pixels are lost altogether, under an occlusion or masking noise."""
        return self.occlusion != "none" or (self.kind == "masking" and self.level > 0)

    @property
    def label(self) -> str:
        """The corruption as text, for headings and captions: its parts in the order in which they are applied."""
        clamped = ", clamped" if self.clamp else ""
        drawn = f"{self.level:g}" if self.lowest is None else f"{self.lowest:g} to {self.level:g}"
        noise = {
            "none": "",
            "gaussian": f"Gaussian noise, σ {drawn}{clamped}",
            "gaussian-variance": f"Gaussian noise, variance {self.level:g} (σ {self.std:.3g}){clamped}",
            "speckle": f"speckle noise, σ {self.level:g}{clamped}",
            "poisson": f"Poisson noise, {self.level:g} photons at white{clamped}",
            "masking": f"masking noise, {self.level:.0%} of pixels black",
            "salt-pepper": f"salt-and-pepper noise, {self.level:.0%} of pixels",
        }[self.kind]
        occlusion = {
            "none": "",
            "square": f"a black {self.size}×{self.size} square",
            "rows": f"{self.size} black row{'' if self.size == 1 else 's'}",
        }[self.occlusion]
        parts = [
            "grey" * self.grey,
            f"blur σ {self.blur:g} px" if self.blur else "",
            f"{self.downscale}× downscaled" if self.downscale else "",
            noise,
            f"JPEG quality {self.jpeg}" if self.jpeg else "",
            occlusion,
        ]
        return " + ".join(part for part in parts if part) or "no noise"

    def of(self, images: str) -> str:
        """`test images with Gaussian noise, σ 0.2`, `test images (4× downscaled)`, `clean test images`."""
        if not self.active:
            return f"clean {images}"
        return f"{images} ({self.label})" if self.degrades else f"{images} with {self.label}"


def _shortest(level: float) -> str:
    """The number with all its digits, but without a needless `.0`, and without the plus sign of an exponent."""
    short = f"{level:g}"
    return short if float(short) == level and "+" not in short else repr(level).replace("e+", "e")


def _read_corruption(text: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for part in text.strip().split("+"):
        word, _, rest = part.strip().partition(":")
        if word == "none" and not rest:
            continue
        read = _read_part(part, word, rest)
        if twice := sorted(values.keys() & read.keys() - {"once"}):
            what = {"kind": "two kinds of noise", "occlusion": "two occlusions"}
            named = next((what[name] for name in twice if name in what), f"{word} twice")
            raise ValueError(
                f"'{text}' names {named}; there can be one noise, one occlusion and one of each other word"
            )
        values |= read
    return values


def _read_part(part: str, word: str, rest: str) -> dict[str, Any]:
    """The settings that one word stands for."""
    number, _, flag = rest.partition(":")
    if word in ("once", "grey") and not rest:
        return {word: True}
    if word == "grey":
        raise ValueError(f"'{part}' should be grey alone, it has no strength")
    if word == "blur":
        if _number(number) is None or float(number) <= 0 or flag:
            raise ValueError(f"'{part}' should look like blur:1.5, with a standard deviation above 0 in pixels")
        return {"blur": number}
    if word in WHOLE:
        low, high, example, what = WHOLE[word]
        if not number.isdecimal() or flag or not low <= int(number) <= high:
            raise ValueError(f"'{part}' should look like {example}, with {what} from {low} to {high}")
        return {word: int(number)}
    if word in Occlusion.__args__ and word != "none":
        if not number.isdecimal() or flag:
            raise ValueError(f"'{part}' should look like {word}:8, with a whole number of pixels")
        return {"occlusion": word, "size": int(number)}
    if word in NoiseKind.__args__ and word != "none":
        example = "poisson:30" if word == "poisson" else f"{word}:0.2"
        if flag not in ("", "clamp") or not number:
            raise ValueError(f"'{part}' should look like {example} or {example}:clamp")
        read = {"kind": word, "level": number, "clamp": flag == "clamp"}
        if ".." not in number:
            return read
        low, high = map(_number, number.split("..", 1))
        if word != "gaussian" or low is None or high is None:
            raise ValueError(f"'{part}' should look like {example}; a range is for gaussian noise, gaussian:0..0.5")
        return read | {"lowest": low, "level": high}
    known = [*NoiseKind.__args__, "square", "rows", "grey", "blur", *WHOLE, "once"]
    raise ValueError(f"unknown noise '{word}': {nearest(word, known)}")


def _number(text: str) -> float | None:
    """The finite number that a text says, None if it says none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
