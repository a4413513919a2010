"""Importing a checkpoint as an ordinary run: infer its model, keep its weights, measure it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aecore import data, demo
from aecore.config.experiment import Experiment
from aecore.data.image_set import DataSet
from aecore.errors import AecoreError, UserError
from aecore.files import atomic_write
from aecore.interop.choose_settings import IMAGES, choose_settings
from aecore.interop.infer_architecture import infer_architecture
from aecore.interop.match_layers import MismatchError, match_layers
from aecore.interop.read_checkpoint import Checkpoint, read_checkpoint
from aecore.metrics.evaluation import evaluate_all
from aecore.models.architecture import plan
from aecore.models.autoencoder import Autoencoder
from aecore.models.weights import weights_bytes
from aecore.presets import preset, presets
from aecore.runs.json_files import now
from aecore.runs.progress import Report, silent
from aecore.runs.staging import commit, staging
from aecore.runs.store import EVALUATION, EXPERIMENT, SNAPSHOTS, STATUS, WEIGHTS, Run, Store, timed_id
from aecore.training.outputs import save_codes
from aecore.training.snapshots import Snapshots

PREFERRED_SETS = ("mnist", "cifar10", "colored-mnist", "digits")
"""Of several image sets with one shape these are assumed."""
DEFAULT_CORRUPTIONS = ("none", "gaussian:0.2")
"""The corruptions under which a model without a preset is measured."""


@dataclass(frozen=True)
class Interpretation:
    """What a checkpoint was taken for: its weights under our names, and how certain that is."""

    experiment: Experiment
    weights: dict[str, Tensor]
    preset: str = ""
    chosen: bool = False
    """Whether the preset was named by the user, not inferred."""
    also_fit: tuple[str, ...] = ()
    """Other presets with the same shapes."""
    assumed: dict[str, Any] = field(default_factory=dict)
    """Settings that do not follow from shapes, with the values that were assumed."""
    tried: dict[str, Any] = field(default_factory=dict)
    """Settings that do not follow from shapes, with the values that reconstruct images best."""


@dataclass(frozen=True)
class Imported:
    """The new run, and what its file was taken for."""

    run: Run
    interpretation: Interpretation
    remarks: tuple[str, ...]
    """Warnings, one line each; also in the run's status."""


def interpret(
    checkpoint: Checkpoint, preset_name: str = "", data_name: str = "", changes: Mapping[str, Any] | None = None
) -> Interpretation:
    """The experiment whose model the weights belong to: a preset's, or one inferred from their shapes.

    Raises `UserError` that names the first layer which does not fit.
    """
    changes = dict(changes or {}) | ({"data.name": data_name} if data_name else {})
    if preset_name:
        experiment = preset(preset_name).experiment.changed(changes)
        weights = _matched(checkpoint, experiment, f"preset {preset_name}")
        return Interpretation(experiment, weights, preset_name, chosen=True)
    matching: dict[str, tuple[Experiment, dict[str, Tensor]]] = {}
    for name, entry in presets().items():
        try:
            experiment = entry.experiment.changed(changes)
            matching[name] = experiment, match_layers(checkpoint, plan(experiment.model, _shape_of(experiment)))
        except UserError:
            continue
    if matching:
        first, *others = matching
        return Interpretation(*matching[first], first, also_fit=tuple(others))
    return _inferred(checkpoint, changes)


def _matched(checkpoint: Checkpoint, experiment: Experiment, what: str) -> dict[str, Tensor]:
    try:
        return match_layers(checkpoint, plan(experiment.model, _shape_of(experiment)))
    except MismatchError as error:
        raise UserError(f"the file does not fit {what}: {error}") from None


def _shape_of(experiment: Experiment) -> tuple[int, int, int]:
    return data.data_set(experiment.data.name).image_shape


def _inferred(checkpoint: Checkpoint, changes: dict[str, Any]) -> Interpretation:
    known = _candidate_sets(str(changes.get("data.name", "")))
    convs = changes.get("model.conv") or []
    if not isinstance(convs, list):
        raise UserError('model.conv: should be a list such as ["32k3s2p1", "16k3s2p1"]')
    given = Experiment().changed({"model.conv": convs}).model.conv if convs else ()
    try:
        guess = infer_architecture(checkpoint, [entry.image_shape for entry in known], given)
        about = next(entry for entry in known if entry.image_shape == guess.image_shape)
        settings = {"data.name": about.name, "evaluation.corruptions": list(DEFAULT_CORRUPTIONS), **guess.settings}
        assumed = {key: value for key, value in guess.assumed.items() if key not in changes}
        experiment = Experiment().changed(settings | assumed | changes)
        weights = match_layers(checkpoint, plan(experiment.model, about.image_shape))
    except MismatchError as error:
        raise UserError(f"no preset and no autoencoder that can be built here has these layers: {error}") from None
    if "data.name" not in changes:
        assumed = {"data.name": about.name} | assumed
    return Interpretation(experiment, weights, assumed=assumed)


def _candidate_sets(name: str) -> Sequence[DataSet]:
    """The image sets that are possible, the likeliest of one shape first."""
    if name:
        return [data.data_set(name)]
    order = {name: number for number, name in enumerate(PREFERRED_SETS)}
    return sorted(data.CATALOGUE.values(), key=lambda entry: order.get(entry.name, len(order)))


def import_checkpoint(
    path: Path,
    store: Store | None = None,
    *,
    preset_name: str = "",
    data_name: str = "",
    changes: Mapping[str, Any] | None = None,
    name: str = "",
    file_name: str = "",
    measure: bool = True,
    report: Report = silent,
) -> Imported:
    """Make a finished run from a `.pth`, `.pt` or `.safetensors` file. `file_name` is its original name.

    Raises `UserError` for a file that cannot be read or fits no model; the store is then unchanged. A model whose image
    set cannot be loaded is imported without being measured.
    """
    demo.refuse("adding runs")
    store, file_name = store or Store.default(), file_name or path.name
    report("reading", 0, 0, file_name)
    found = interpret(read_checkpoint(path), preset_name, data_name, changes)
    remarks: list[str] = []
    images = _images(found.experiment.data.name, measure, report, remarks)
    if images is not None and found.assumed:
        report("trying", 0, 0, "")
        found = _settings_from_images(found, images)
    title = (name or _plain_text(Path(file_name).stem))[:120]
    # How the file was trained is unknown: of a preset only the model and images apply to it.
    experiment = found.experiment.changed({"name": title, "preset": found.preset})
    about = data.data_set(experiment.data.name)
    model = Autoencoder(experiment.model, about.image_shape)
    model.load_state_dict(found.weights)
    model.rng.seed(0, torch.device("cpu"))
    with staging(store) as run:
        run_id = timed_id(title)
        run.write_json(EXPERIMENT, experiment.model_dump(mode="json"))
        atomic_write(run.file(WEIGHTS), weights_bytes(model.eval()))
        if images is not None:
            _measure(run, run_id, model, images, measure, report, remarks)
        run.write_json(
            STATUS,
            {
                "format": 1,
                "state": "finished",
                "submitted": now(),
                "started": None,
                "ended": now(),
                "updated": now(),
                "epoch": 0,
                "epochs": 0,
                "parameters": model.plan.parameters,
                "code_size": model.plan.code_size,
                "data": about.info.as_json(),
                "process": None,
                "error": None,
                "imported": {
                    "file": file_name,
                    "sha256": _sha256(path),
                    "preset": found.preset or None,
                    "also_fit": list(found.also_fit),
                    "preset_chosen": found.chosen,
                    "assumed": found.assumed,
                    "tried": found.tried,
                    "remarks": remarks,
                },
            },
        )
        return Imported(commit(run.path, run_id, store), found, tuple(remarks))


def _settings_from_images(found: Interpretation, images: data.ImageSet) -> Interpretation:
    """The same with those assumed settings decided that the reconstruction of images can decide."""
    sample = torch.from_numpy(np.array(images.x_test[:IMAGES]))
    tried = choose_settings(found.experiment, found.weights, found.assumed, sample)
    left = {key: value for key, value in found.assumed.items() if key not in tried}
    return replace(found, experiment=found.experiment.changed(tried), assumed=left, tried=tried)


def _images(name: str, measure: bool, report: Report, remarks: list[str]) -> data.ImageSet | None:
    """The image set, downloaded where measuring needs it; None, with a remark, where it cannot be loaded."""
    if not measure and not data.prepared(name):
        return None
    try:
        return data.load(name, lambda what, done, total: report("preparing", done, total, what))
    except AecoreError as error:
        remarks.append(f"not measured, as the images cannot be loaded: {error}")
        return None


def _measure(
    run: Run,
    run_id: str,
    model: Autoencoder,
    images: data.ImageSet,
    measure: bool,
    report: Report,
    remarks: list[str],
) -> None:
    """Write the panel and, with `measure`, the codes and evaluations."""
    experiment = run.experiment()
    test, labels = torch.from_numpy(np.array(images.x_test)), np.array(images.y_test)
    panel = Snapshots(model, test, labels, experiment.corruption, read=experiment.evaluation.wrong_digits)
    panel.add(0)
    atomic_write(run.file(SNAPSHOTS), panel.to_bytes())
    if not measure:
        return
    save_codes(run, model, test, labels)
    found = evaluate_all(model, test, labels, experiment, run_id, report)
    run.write_json(EVALUATION, {"evaluations": found})
    if found and (found[0]["metrics"]["mse"] or 0) > found[0]["black_mse"]:
        remarks.append(
            "its output is further from the images than plain black is: either it is not trained, or model.activation, "
            "model.output, model.range or the image set is wrong; --set and --data change them"
        )


def _plain_text(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split()) or "imported"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
