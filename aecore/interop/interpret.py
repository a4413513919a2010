"""What the network in a checkpoint is: as its shapes say, and as trying it on images decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aecore import data
from aecore.config.experiment import Experiment
from aecore.data.image_set import DataSet
from aecore.errors import UserError
from aecore.interop.checkpoint import Checkpoint
from aecore.interop.decide import (
    IMPORTED,
    decide,
    first_guess,
    fitting_pad,
    fitting_presets,
    judge,
    limits_of,
    why_not,
)
from aecore.interop.describe import WRITTEN_ONLY, weights_of
from aecore.interop.match_layers import match_layers
from aecore.interop.parts import MismatchError
from aecore.interop.search import LAST_IMAGES
from aecore.interop.skeleton import skeletons
from aecore.interop.verdict import LITTLE, Candidate, Decision
from aecore.models.architecture import plan
from aecore.presets import preset, presets

PREFERRED_SETS = ("mnist", "cifar10", "colored-mnist", "digits")
"""Of several image sets with one shape these are assumed."""
MEAN_OF = 10_000
"""How many training images the mean image is taken from."""
CLEARLY_OTHER = 0.8
"""Another image set is taken for the one it was trained on if its error, as a share of that of the mean image, is less
than this much of the likeliest set's."""


@dataclass(frozen=True, eq=False)
class Interpretation:
    """What a checkpoint was taken for: its weights under our names, and how certain that is."""

    experiment: Experiment
    weights: dict[str, Tensor]
    preset: str = ""
    chosen: bool = False
    """Whether the preset, or one of several candidates, was named by the user."""
    also_fit: tuple[str, ...] = ()
    """Other presets with the same shapes."""
    assumed: dict[str, Any] = field(default_factory=dict)
    """Settings that do not follow from shapes, with the values that were assumed."""
    tried: dict[str, Any] = field(default_factory=dict)
    """Settings that do not follow from shapes, with the values that reconstruct images best."""
    decision: Decision | None = None
    """The ranked candidates and the verdict; None where the network was named and not tried."""


def interpret(
    checkpoint: Checkpoint, preset_name: str = "", data_name: str = "", changes: Mapping[str, Any] | None = None
) -> Interpretation:
    """What the shapes of a checkpoint say, without trying it on images: a preset's model, or the likeliest one.

    Raises `UserError` that names the first layer which does not fit.
    """
    changes = _all_changes(changes, data_name)
    if preset_name or _is_written(changes):
        return _given(checkpoint, preset_name, changes)
    matching: dict[str, Candidate] = {}
    for about in candidate_sets(changes):
        found = fitting_presets(checkpoint, about.image_shape, {"data.name": about.name, **changes})
        matching |= {name: known for name, known in found.items() if _is_usual_set(known, name, changes)}
    if matching:
        first, *others = (name for name in presets() if name in matching)
        found = matching[first]
        return Interpretation(found.experiment, found.weights, first, also_fit=tuple(others))
    about = _first_fitting_set(checkpoint, changes)
    start = Experiment().changed({"data.name": about.name})
    decision = first_guess(checkpoint, about.image_shape, start, changes)
    open_keys = {key: value for key, value in (decision.best.settings or {}).items() if _is_open(key, decision.best)}
    assumed = {key: value for key, value in open_keys.items() if key not in changes}
    if "data.name" not in changes:
        assumed = {"data.name": about.name} | assumed
    return Interpretation(decision.best.experiment, decision.best.weights, assumed=assumed, decision=decision)


def understand(
    checkpoint: Checkpoint,
    images: Mapping[str, data.ImageSet],
    preset_name: str = "",
    changes: Mapping[str, Any] | None = None,
) -> Interpretation:
    """What a checkpoint's network is, as it is decided by trying it on images: the sets by name, the likeliest first.

    Raises `UserError` that names the first layer which does not fit.
    """
    changes = dict(changes or {})
    given = _given(checkpoint, preset_name, changes) if preset_name or _is_written(changes) else None
    chosen = ""
    decision: Decision | None = None
    problem: UserError | None = None
    for name, found in images.items():
        sample = torch.from_numpy(np.array(found.x_test[:LAST_IMAGES]))
        train = torch.from_numpy(np.array(found.x_train[:MEAN_OF]))
        try:
            if decision is not None and share(decision) < LITTLE:
                # Worth a search of its own only where what was found fits these images clearly better.
                again = judge(decision.best.experiment, decision.best.weights, sample, train)
                if share(again) > CLEARLY_OTHER * share(decision):
                    continue
            if given is not None:
                other = judge(given.experiment, given.weights, sample, train)
            else:
                start = Experiment().changed({"data.name": name})
                other = decide(checkpoint, start, sample, train, {**changes, "data.name": name})
            if decision is None or share(other) < CLEARLY_OTHER * share(decision):
                decision, chosen = other, name
        except UserError as error:
            problem = problem or error
    if decision is None:
        assert problem is not None
        raise UserError(f"no preset and no autoencoder that can be built here has these layers: {problem}") from None
    found = decision.best
    experiment, known = found.experiment, found.presets
    if given is not None:
        experiment, known = given.experiment, (preset_name,) if preset_name else ()
    usual = bool(known) and preset(known[0]).experiment.data.name == chosen
    assumed = {} if "data.name" in changes or usual else {"data.name": chosen}
    tried = {} if known or given is not None else _tried(found, changes)
    first = known[0] if known else ""
    return Interpretation(
        experiment.changed({"data.name": chosen}),
        found.weights,
        first,
        bool(preset_name),
        tuple(known[1:]),
        assumed,
        tried,
        decision,
    )


def chosen_candidate(checkpoint: Checkpoint, listed: Mapping[str, Any], data_name: str) -> Interpretation:
    """One of the candidates that an import ranked, as a run's status keeps it, chosen by a person.

    Raises `UserError` where the file no longer has its layers.
    """
    about = data.data_set(data_name)
    if listed.get("preset"):
        name = str(listed["preset"])
        known = fitting_presets(checkpoint, about.image_shape, {"data.name": data_name}).get(name)
        if known is None:
            raise UserError(f"the file does not fit preset {name}")
        return Interpretation(known.experiment, known.weights, name, chosen=True)
    experiment = Experiment().changed({**IMPORTED, "data.name": data_name, **listed["settings"]})
    solved = plan(experiment.model, about.image_shape)
    for skeleton in skeletons(checkpoint):
        if [part.name for part in skeleton.parts] == listed["layers"] and skeleton.how == listed["heads"]:
            return Interpretation(experiment, weights_of(skeleton, solved), chosen=True, tried=dict(listed["settings"]))
    raise UserError("the file's layers cannot be read as this candidate has them")


def share(decision: Decision) -> float:
    """The best error as a share of the mean image's."""
    return (decision.best.error or 0.0) / max(decision.mean_image_mse or 1.0, 1e-12)


def _tried(found: Candidate, changes: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (found.settings or {}).items() if _is_open(key, found) and key not in changes}


OPEN = ("model.activation", "model.output", "model.range", "model.bottleneck.activation", "model.conv")
"""The settings that do not follow from shapes, and those of a network written step by step."""


def _is_open(key: str, found: Candidate) -> bool:
    settings = found.settings or {}
    if "model.encoder" in settings:
        return key in ("model.encoder", "model.decoder")
    return (key in OPEN or key == "model.decoder_conv") and settings.get(key) not in ([], None)


def _all_changes(changes: Mapping[str, Any] | None, data_name: str) -> dict[str, Any]:
    return dict(changes or {}) | ({"data.name": data_name} if data_name else {})


def _is_written(changes: Mapping[str, Any]) -> bool:
    return "model.encoder" in changes or "model.decoder" in changes


def _given(checkpoint: Checkpoint, preset_name: str, changes: Mapping[str, Any]) -> Interpretation:
    """The model that the user named: a preset's, or one written step by step."""
    if preset_name:
        experiment, what = preset(preset_name).experiment.changed(changes), f"preset {preset_name}"
    else:
        experiment, what = Experiment().changed({**WRITTEN_ONLY, **IMPORTED, **changes}), "the steps given"
    try:
        weights = match_layers(checkpoint, plan(experiment.model, _shape_of(experiment)))
    except MismatchError as error:
        raise UserError(f"the file does not fit {what}: {error}") from None
    return Interpretation(experiment, weights, preset_name, chosen=bool(preset_name))


def _shape_of(experiment: Experiment) -> tuple[int, int, int]:
    return data.data_set(experiment.data.name).image_shape


def _is_usual_set(known: Candidate, name: str, changes: Mapping[str, Any]) -> bool:
    """Whether a preset is for the images that were asked for."""
    return "data.name" in changes or known.experiment.data.name == preset(name).experiment.data.name


def candidate_sets(changes: Mapping[str, Any]) -> Sequence[DataSet]:
    """The image sets that are possible, the likeliest of one shape first."""
    if name := str(changes.get("data.name", "")):
        return [data.data_set(name)]
    order = {name: number for number, name in enumerate(PREFERRED_SETS)}
    return sorted(data.CATALOGUE.values(), key=lambda entry: order.get(entry.name, len(order)))


def fitting_sets(checkpoint: Checkpoint, changes: Mapping[str, Any], preset_name: str = "") -> list[DataSet]:
    """The image sets of which an image can go through the file's layers, or through a preset with these, the likeliest
    first. Raises `UserError` where there is none."""
    if preset_name or _is_written(changes):
        return list(candidate_sets(changes))
    known, limits = candidate_sets(changes), limits_of(changes)
    found: list[tuple[int, DataSet]] = []
    problem: UserError | None = None
    for about in known:
        try:
            pad = fitting_pad(checkpoint, about.image_shape, limits)
        except MismatchError as error:
            problem, pad = error, None
        if fitting_presets(checkpoint, about.image_shape, {**changes, "data.name": about.name}):
            pad = 0
        if pad is not None:
            found.append((pad, about))
    if found:
        return [about for _, about in sorted(found, key=lambda pair: pair[0])]
    why = problem or why_not(checkpoint, [about.image_shape for about in known], limits)
    raise UserError(f"no preset and no autoencoder that can be built here has these layers: {why}") from None


def _first_fitting_set(checkpoint: Checkpoint, changes: Mapping[str, Any]) -> DataSet:
    return fitting_sets(checkpoint, changes)[0]
