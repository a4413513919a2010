"""Settings that have no effect beside the others, which a run then says: its numbers do not tell what they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aecore.config.experiment import Experiment, difference
from aecore.data.custom.source import is_path
from aecore.metrics.remark import Remark
from aecore.models.digit_classifier import reads
from aecore.presets import presets

Values = Mapping[str, Any]


def _vae(values: Values) -> bool:
    written = values["model.encoder"]
    if values["model.kind"] != "autoencoder":
        return False
    return written[-1].startswith("gaussian") if written else values["model.bottleneck.kind"] == "gaussian"


def _own(values: Values) -> bool:
    return is_path(values["data.name"])


def _plateau(values: Values) -> bool:
    return values["training.schedule"] == "plateau"


def _coded(also: Callable[[Values], bool] = lambda values: True) -> Callable[[Values], bool]:
    """For settings of networks that have a code."""
    return lambda values: values["model.kind"] == "autoencoder" and also(values)


def _written_out(values: Values) -> bool:
    return bool(values["model.encoder"] or values["model.decoder"])


def _restores(values: Values) -> bool:
    return values["model.kind"] != "autoencoder"


def _described(also: Callable[[Values], bool] = lambda values: True) -> Callable[[Values], bool]:
    """For settings that a network written step by step replaces."""
    return lambda values: not _written_out(values) and also(values)


APPLIES: dict[str, Callable[[Values], bool]] = {
    "data.size": _own,
    "data.fit": _own,
    "data.redraw": lambda values: values["data.name"] == "mnist-binary",
    "model.kind": _described(),
    "model.conv": _described(),
    "model.dense": _described(_coded(lambda values: values["model.bottleneck.kind"] != "none")),
    "model.bottleneck.kind": _described(_coded()),
    "model.bottleneck.size": _described(_coded(lambda values: values["model.bottleneck.kind"] != "none")),
    "model.bottleneck.activation": _described(_coded(lambda values: values["model.bottleneck.kind"] == "dense")),
    "model.bottleneck.sample": _coded(_vae),
    "model.bottleneck.keep": _coded(lambda values: not _vae(values)),
    "model.bottleneck.quantise": _described(_coded(lambda values: not _vae(values))),
    "model.bottleneck.levels": _coded(lambda values: values["model.bottleneck.quantise"] == "fsq"),
    "model.bottleneck.codebook": _coded(lambda values: values["model.bottleneck.quantise"] == "vq"),
    "model.decoder_dense": _described(_coded(lambda values: values["model.bottleneck.kind"] != "none")),
    "model.decoder_conv": _described(_coded(lambda values: bool(values["model.conv"]))),
    "model.decoder_fit": _described(
        _coded(lambda values: bool(values["model.conv"] and not values["model.decoder_conv"]))
    ),
    "model.activation": _described(),
    "model.norm": _described(),
    "model.residual": _described(lambda values: values["model.kind"] != "dncnn"),
    "model.tied": _described(_coded(lambda values: not _vae(values))),
    "model.dropout": _described(),
    "model.output": _described(),
    "model.likelihood": _coded(),
    "model.classes": _described(_coded()),
    "model.noise_level": _restores,
    "model.encoder": _coded(),
    "model.decoder": _coded(),
    "training.momentum": lambda values: values["training.optimizer"] == "sgd",
    "training.plateau_patience": _plateau,
    "training.plateau_factor": _plateau,
    "training.error": lambda values: not _vae(values) and values["model.likelihood"] == "gaussian",
    "training.beta": _vae,
    "training.kl_warmup": _vae,
    "training.free_bits": _vae,
    "training.sparsity": _coded(),
    "training.contractive": _coded(),
    "training.prototypical": _coded(),
    "evaluation.wrong_digits": lambda values: reads(values["data.name"]),
}
"""Settings that have an effect only where others are so: the form leaves them out elsewhere."""


def applies(name: str, values: Values) -> bool:
    """Whether the setting with that dotted key has an effect beside the `values` of all, by dotted key."""
    return name not in APPLIES or APPLIES[name](values)


def without_effect(experiment: Experiment) -> Remark | None:
    """That settings have no effect which were changed from the preset, if there is one, and from their defaults."""
    preset, plain = presets().get(experiment.preset), Experiment().flat()
    changed = difference(preset.experiment if preset else Experiment(), experiment)
    values = experiment.flat()
    idle = [name for name in changed if values[name] != plain[name] and not applies(name, values)]
    if not idle:
        return None
    has, them = ("has", "it") if len(idle) == 1 else ("have", "them")
    return Remark(
        "no-effect", f"{', '.join(idle)} {has} no effect: the other settings make nothing of {them}", len(idle)
    )
