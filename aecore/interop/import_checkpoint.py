"""A checkpoint from elsewhere becomes an ordinary run: its model found out, its weights kept, measured and shown."""

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
from aecore.interop.choose_settings import IMAGES, try_out
from aecore.interop.infer_architecture import infer
from aecore.interop.match_layers import MisfitError, fit
from aecore.interop.read_checkpoint import Checkpoint, read_checkpoint
from aecore.metrics.evaluation import evaluate_all
from aecore.models.architecture import plan
from aecore.models.autoencoder import Autoencoder
from aecore.models.weights import weights_bytes
from aecore.presets import preset, presets
from aecore.progress import Report
from aecore.runs.json_files import now
from aecore.runs.staging import commit, staging
from aecore.runs.store import EVALUATION, EXPERIMENT, SNAPSHOTS, STATUS, WEIGHTS, Run, Store, timed_id
from aecore.training.outputs import save_codes
from aecore.training.snapshots import Snapshots

SETS_FIRST = ("mnist", "cifar10", "colored-mnist", "digits")
"""Of several image sets of one shape these are meant."""


USUAL = ("none", "gaussian:0.2")
"""What an imported model is measured under where no preset says."""


@dataclass(frozen=True)
class Understood:
    """What a checkpoint was taken for: its weights under our names, and how sure that is."""

    experiment: Experiment
    weights: dict[str, Tensor]
    preset: str = ""
    chosen: bool = False
    """Whether the preset was named and not found out."""
    also_fit: tuple[str, ...] = ()
    """Other presets with the same shapes."""
    assumed: dict[str, Any] = field(default_factory=dict)
    """Settings that shapes cannot tell, with the values they were given."""
    tried: dict[str, Any] = field(default_factory=dict)
    """Settings that shapes cannot tell, with the values that reconstruct images best."""


@dataclass(frozen=True)
class Imported:
    """The new run, and what its file was taken for."""

    run: Run
    understood: Understood
    remarks: tuple[str, ...]
    """What is remarkable about it, in a line each; also in the run's status."""


def understand(
    checkpoint: Checkpoint, preset_name: str = "", data_name: str = "", changes: Mapping[str, Any] | None = None
) -> Understood:
    """The experiment whose model a checkpoint's weights belong to: a preset's, or one made up from their shapes.

    Raises `UserError` that names the first layer which does not fit.
    """
    changes = dict(changes or {}) | ({"data.name": data_name} if data_name else {})
    if preset_name:
        experiment = preset(preset_name).experiment.changed(changes)
        weights = _fitted(checkpoint, experiment, f"preset {preset_name}")
        return Understood(experiment, weights, preset_name, chosen=True)
    fitting: dict[str, tuple[Experiment, dict[str, Tensor]]] = {}
    for name, entry in presets().items():
        try:
            experiment = entry.experiment.changed(changes)
            fitting[name] = experiment, fit(checkpoint, plan(experiment.model, _shape_of(experiment)))
        except UserError:
            continue
    if fitting:
        first, *others = fitting
        return Understood(*fitting[first], first, also_fit=tuple(others))
    return _made_up(checkpoint, changes)


def _fitted(checkpoint: Checkpoint, experiment: Experiment, what: str) -> dict[str, Tensor]:
    try:
        return fit(checkpoint, plan(experiment.model, _shape_of(experiment)))
    except MisfitError as error:
        raise UserError(f"the file is no {what}: {error}") from None


def _shape_of(experiment: Experiment) -> tuple[int, int, int]:
    return data.data_set(experiment.data.name).image_shape


def _made_up(checkpoint: Checkpoint, changes: dict[str, Any]) -> Understood:
    known = _sets(str(changes.get("data.name", "")))
    convs = changes.get("model.conv") or []
    if not isinstance(convs, list):
        raise UserError('model.conv: should be a list such as ["32k3s2p1", "16k3s2p1"]')
    read = Experiment().changed({"model.conv": convs}).model.conv if convs else ()
    try:
        guess = infer(checkpoint, [entry.image_shape for entry in known], read)
        about = next(entry for entry in known if entry.image_shape == guess.image_shape)
        settings = {"data.name": about.name, "evaluation.corruptions": list(USUAL), **guess.settings}
        usual = {key: value for key, value in guess.assumed.items() if key not in changes}
        experiment = Experiment().changed(settings | usual | changes)
        weights = fit(checkpoint, plan(experiment.model, about.image_shape))
    except MisfitError as error:
        raise UserError(f"no preset and no autoencoder that is built here has these layers: {error}") from None
    if "data.name" not in changes:
        usual = {"data.name": about.name} | usual
    return Understood(experiment, weights, assumed=usual)


def _sets(name: str) -> Sequence[DataSet]:
    """The image sets in question, the likeliest of one shape first."""
    if name:
        return [data.data_set(name)]
    order = {name: number for number, name in enumerate(SETS_FIRST)}
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
    report: Report = lambda stage, done, total, note: None,
) -> Imported:
    """Make a finished run of a `.pth`, `.pt` or `.safetensors` file. `file_name` is what its owner calls the file.

    Raises `UserError` for a file that cannot be read or fits nothing; then the store stays as it was. A model whose
    image set cannot be had is imported without being measured.
    """
    demo.refuse("adding runs")
    store, file_name = store or Store.default(), file_name or path.name
    report("reading", 0, 0, file_name)
    understood = understand(read_checkpoint(path), preset_name, data_name, changes)
    remarks: list[str] = []
    images = _images(understood.experiment.data.name, measure, report, remarks)
    if images is not None and understood.assumed:
        report("trying", 0, 0, "")
        understood = _tried(understood, images)
    title = (name or _plain(Path(file_name).stem))[:120]
    # What the file was trained for is unknown: nothing of a preset's own story belongs to it but the model and images.
    experiment = understood.experiment.changed({"name": title, "preset": understood.preset})
    about = data.data_set(experiment.data.name)
    model = Autoencoder(experiment.model, about.image_shape)
    model.load_state_dict(understood.weights)
    model.rng.seed(0, torch.device("cpu"))
    with staging(store) as run:
        run_id = timed_id(title)
        run.write_json(EXPERIMENT, experiment.model_dump(mode="json"))
        atomic_write(run.file(WEIGHTS), weights_bytes(model.eval()))
        if images is not None:
            _look(run, run_id, model, images, measure, report, remarks)
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
                    "preset": understood.preset or None,
                    "also_fit": list(understood.also_fit),
                    "preset_chosen": understood.chosen,
                    "assumed": understood.assumed,
                    "tried": understood.tried,
                    "remarks": remarks,
                },
            },
        )
        return Imported(commit(run.path, run_id, store), understood, tuple(remarks))


def _tried(understood: Understood, images: data.ImageSet) -> Understood:
    """What was assumed and can be seen from images, decided by them."""
    sample = torch.from_numpy(np.array(images.x_test[:IMAGES]))
    tried = try_out(understood.experiment, understood.weights, understood.assumed, sample)
    left = {key: value for key, value in understood.assumed.items() if key not in tried}
    return replace(understood, experiment=understood.experiment.changed(tried), assumed=left, tried=tried)


def _images(name: str, measure: bool, report: Report, remarks: list[str]) -> data.ImageSet | None:
    """The image set, fetched where measuring needs it; None, with a remark, where it cannot be had."""
    if not measure and not data.prepared(name):
        return None
    try:
        return data.load(name, lambda what, done, total: report("preparing", done, total, what))
    except AecoreError as error:
        remarks.append(f"not measured, for the images cannot be had: {error}")
        return None


def _look(
    run: Run,
    run_id: str,
    model: Autoencoder,
    images: data.ImageSet,
    measure: bool,
    report: Report,
    remarks: list[str],
) -> None:
    """Write what pages show of a run: the panel, the codes and, with `measure`, the evaluations."""
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
            "model.output, model.range or the images are not its own; --set and --data change them"
        )


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split()) or "imported"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
