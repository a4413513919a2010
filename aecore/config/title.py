"""The default title of a run: its preset, and what was changed from it, in a few words."""

from __future__ import annotations

from typing import Any

from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment, difference
from aecore.config.labels import label_of
from aecore.config.model import Model

MOST_CHANGES, LONGEST_CHANGE = 4, 28
SEPARATOR = " · "

_SHORT = {
    "data.train_images": "{} images",
    "model.bottleneck.size": "code {}",
    "model.bottleneck.kind": "{} code",
    "model.norm": "norm {}",
    "model.output": "output {}",
    "training.batch_size": "batch {}",
    "training.epochs": "{} epochs",
    "training.lr": "lr {}",
    "training.beta": "β {}",
    "model.bottleneck.keep": "{} kept",
    "model.bottleneck.codebook": "{} vectors",
    "training.sparsity": "L1 {}",
    "training.prototypical": "prototypical {}",
    "training.clip": "clip {}",
    "training.average": "average {}",
}
"""Settings that are known by a shorter name than the form gives them."""
_SELF_EXPLAINING = (
    "data.name",
    "model.kind",
    "model.bottleneck.quantise",
    "model.activation",
    "training.optimizer",
    "training.schedule",
)
"""Settings whose value says enough."""
_FIRST = ("data.name", "model.bottleneck.size", "corruption", "training.lr", "training.epochs")
"""The settings that people vary most; the others follow in the order of the definition, the seed last."""
_ASIDE = ("name", "preset", "sweep", "training.log_every", "training.keep_codes", "training.precision",
          "training.deterministic")  # fmt: skip
"""Settings that say nothing about the model that results; nor do those of its evaluation."""


def default_title(experiment: Experiment, preset: Experiment | None) -> str:
    """The user's own title, else `digits-quick · code 4 · σ 0.3`: the preset and what differs from it.

    `preset` is the experiment of the preset that it came from, None where there is none; then image set and code size
    say what it is.
    """
    if experiment.name:
        return experiment.name
    if preset is None:
        return SEPARATOR.join([experiment.data.name, _network_in_words(experiment.model)])
    changed = {key: after for key, (_, after) in difference(preset, experiment).items()}
    shown = [key for key in changed if key not in _ASIDE and not key.startswith("evaluation.")]
    shown.sort(key=lambda key: (_FIRST.index(key) if key in _FIRST else len(_FIRST), key == "training.seed"))
    parts = [_cut(change_in_words(key, changed[key])) for key in shown]
    if len(parts) > MOST_CHANGES:
        parts[MOST_CHANGES - 1 :] = [f"{len(parts) - MOST_CHANGES + 1} more"]
    return SEPARATOR.join([experiment.preset, *parts])


def _network_in_words(model: Model) -> str:
    """`code 8`, `own network`, `U-Net`: what is known of a network without its layers being solved."""
    if not model.has_code:
        return "U-Net" if model.kind == "unet" else "DnCNN"
    if model.encoder is not None:
        return "own network"
    return "code map" if model.bottleneck.kind == "none" else f"code {model.bottleneck.size}"


def change_in_words(key: str, value: Any) -> str:
    """A setting and its value as shortly as they can be understood: `code 4`, `σ 0.3`, `lr 0.01`."""
    if key == "corruption":
        return corruption_in_words(Corruption.parse(value))
    if key in ("model.encoder", "model.decoder"):
        return f"own {key.rpartition('.')[2]}"
    if isinstance(value, bool):
        return label_of(key).lower() if value else f"no {label_of(key).lower()}"
    text = (
        "–".join(map(str, value)) or "none" if isinstance(value, list) else "default" if value is None else str(value)
    )
    if isinstance(value, float):
        text = f"{value:g}"
    if key in _SELF_EXPLAINING and text != "none":
        return text
    if key in _SHORT:
        return _SHORT[key].format(text) if text != "1" else _SHORT[key].format(text).removesuffix("s")
    label = label_of(key)
    return f"{label[0].lower()}{label[1:]} {text}"


def corruption_in_words(corruption: Corruption) -> str:
    """`σ 0.3`, `masking 25%`, `σ 0.3 + square 8`, `4× downscaled`, `clean`."""
    low = "" if corruption.lowest is None else f"{corruption.lowest:g}–"
    noise = {
        "none": "",
        "gaussian": f"σ {low}{corruption.level:g}",
        "gaussian-variance": f"σ² {corruption.level:g}",
        "speckle": f"speckle σ {corruption.level:g}",
        "poisson": f"Poisson {corruption.level:g}",
        "masking": f"masking {corruption.level:.0%}",
        "salt-pepper": f"salt-and-pepper {corruption.level:.0%}",
    }[corruption.kind]
    parts = [
        "grey" * corruption.grey,
        f"blur σ {corruption.blur:g} px" if corruption.blur else "",
        f"{corruption.downscale}× downscaled" if corruption.downscale else "",
        noise,
        f"JPEG quality {corruption.jpeg}" if corruption.jpeg else "",
        "" if corruption.occlusion == "none" else f"{corruption.occlusion} {corruption.size}",
    ]
    drawn = " once" if corruption.once and corruption.active else ""
    return (" + ".join(part for part in parts if part) or "clean") + drawn


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_CHANGE else f"{text[: LONGEST_CHANGE - 1]}…"
