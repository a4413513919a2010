"""Which methods without a network stand beside a model, by the corruption; loads without scikit-image."""

from __future__ import annotations

from aecore.config.corruption import Corruption

DENOISERS = ("tv", "nlm", "wavelet")
"""Those with a strength, which is chosen on validation images."""
INPAINTING, COLOUR = "biharmonic", "colour"

TITLES = {
    "tv": "Total variation",
    "nlm": "Non-local means",
    "wavelet": "Wavelet",
    INPAINTING: "Biharmonic inpainting",
    COLOUR: "Nearest training colours",
}


def methods_for(corruption: Corruption, channels: int) -> list[str]:
    """The methods that are for what the corruption does to images of so many channels: denoisers against noise and
    JPEG's artefacts, biharmonic inpainting for lost pixels, the nearest training image's colours for grey ones.

    For a lower resolution the baseline is bicubic interpolation, which is the corrupted input itself.
    """
    noisy = corruption.kind != "none" and corruption.level > 0
    names = list(DENOISERS) if noisy or corruption.jpeg else []
    names += [INPAINTING] if corruption.loses_pixels else []
    return names + ([COLOUR] if corruption.grey and channels == 3 else [])


def input_name(corruption: Corruption) -> str:
    """What a table calls the images that the model sees."""
    if str(corruption.model_copy(update={"once": False})) == f"downscale:{corruption.downscale}":
        return "corrupted input (bicubic)"
    return f"{input_word(corruption)} input"


def input_word(corruption: Corruption) -> str:
    """What the images that the model sees are: noisy, or corrupted in another way."""
    return "corrupted" if corruption.active and corruption.kind == "none" else "noisy"
