"""What a corruption takes from images, in the words of forms: each word is a task that a model can learn."""

from __future__ import annotations

from typing import Literal, get_args

from aecore.config.corruption import Corruption, NoiseKind

Lost = Literal["noise", "hole", "downscale", "grey", "blur", "jpeg"]

TITLES: dict[Lost, str] = {
    "noise": "Clarity (noise)",
    "hole": "Pixels (hole)",
    "downscale": "Resolution",
    "grey": "Colour",
    "blur": "Sharpness (blur)",
    "jpeg": "Detail (JPEG)",
}

HELP = (
    "What the model sees less of, and has to restore. Noise makes the task denoising, a hole inpainting, a lower "
    "resolution super-resolution, no colour colourisation, a blur deblurring. Several go together, and are applied in "
    "the order colour, blur, resolution, noise, JPEG, hole."
)

NOISES: dict[NoiseKind, str] = {
    "gaussian": "Gaussian",
    "gaussian-variance": "Gaussian, by variance",
    "speckle": "Speckle",
    "poisson": "Poisson (photons)",
    "masking": "Masking",
    "salt-pepper": "Salt and pepper",
}

CLAMPED = ("gaussian", "gaussian-variance", "speckle", "poisson")
"""Kinds of noise that leave the image range unless they are clamped."""

FIRST = {"level": 0.2, "lowest": 0.0, "peak": 30.0, "blur": 1.5, "downscale": 4, "jpeg": 10}
"""What the strengths of a form begin with."""


def lost_in(corruption: Corruption) -> list[Lost]:
    """What that corruption takes away, in the order of the form."""
    there = {
        "noise": corruption.kind != "none",
        "hole": corruption.occlusion != "none",
        "downscale": corruption.downscale > 0,
        "grey": corruption.grey,
        "blur": corruption.blur > 0,
        "jpeg": corruption.jpeg > 0,
    }
    return [name for name in get_args(Lost) if there[name]]


def first_level(kind: NoiseKind) -> float:
    """The strength with which that kind of noise begins."""
    return FIRST["peak"] if kind == "poisson" else FIRST["level"]
