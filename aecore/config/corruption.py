"""A corruption of images as data: its settings, its written form, its errors."""

from __future__ import annotations

import math
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_serializer, model_validator

from aecore.config.base import Section, format_validation_error
from aecore.errors import UserError, nearest

NoiseKind = Literal["none", "gaussian", "gaussian-variance", "masking", "salt-pepper"]

Occlusion = Literal["none", "square", "rows"]


class Corruption(Section):
    """A corruption of the images that the model sees: noise, then occlusion, either or both.

    Written as text with plus signs: `gaussian:0.2`, `gaussian:0.3:clamp+once`, `square:10`, `gaussian:0.3+rows:6`.
    Masking and salt-and-pepper noise are those of Vincent et al., "Stacked Denoising Autoencoders", JMLR 11 (2010),
    section 3.3. Everything happens in the model's own range, where black is the lowest value.
    """

    kind: NoiseKind = "none"
    """gaussian adds N(0, level²) to each value; gaussian-variance adds N(0, level); masking sets a share of the
    pixels to black; salt-pepper sets a share of the pixels to black or white."""
    level: float = Field(default=0.0, ge=0, le=10)
    """gaussian: the standard deviation; gaussian-variance: its square; masking and salt-pepper: the share of pixels."""
    clamp: bool = False
    """Clamp the result to the image range after Gaussian noise."""
    occlusion: Occlusion = "none"
    """square blacks out a square at a random position; rows blacks out a band of whole rows at a random height."""
    size: int = Field(default=0, ge=0, le=4096)
    """Side of the square, or number of rows, in pixels."""
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
        """A corruption from its written form. Raises `UserError` with one line."""
        try:
            return cls.model_validate(text)
        except ValidationError as error:
            raise UserError(format_validation_error(error)) from None

    @property
    def std(self) -> float:
        """The standard deviation of Gaussian noise; 0 for other kinds."""
        if self.kind == "gaussian":
            return self.level
        return math.sqrt(self.level) if self.kind == "gaussian-variance" else 0.0

    @property
    def active(self) -> bool:
        """Whether it changes the images at all."""
        return self.level > 0 or self.occlusion != "none"

    @property
    def label(self) -> str:
        """The corruption as text, for headings and captions."""
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
    """The number with all its digits, but without a needless `.0`."""
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
