"""Importing a checkpoint as an ordinary run: infer its model, keep its weights, measure it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aecore import data, demo
from aecore.errors import AecoreError, UserError
from aecore.files import atomic_write
from aecore.interop.decide import rivals_of
from aecore.interop.describe import difference_text
from aecore.interop.interpret import Interpretation, fitting_sets, interpret, understand
from aecore.interop.read_checkpoint import Checkpoint, read_checkpoints
from aecore.metrics.evaluation import evaluate_all
from aecore.models.autoencoder import Autoencoder
from aecore.models.weights import weights_bytes
from aecore.presets import preset
from aecore.runs.json_files import now
from aecore.runs.progress import Report, silent
from aecore.runs.staging import commit, staging
from aecore.runs.store import EVALUATION, EXPERIMENT, SNAPSHOTS, STATUS, WEIGHTS, Run, Store, timed_id
from aecore.training.outputs import save_codes
from aecore.training.snapshots import Snapshots

MOST_SETS = 4
"""On how many image sets of one shape a network is tried."""


@dataclass(frozen=True, eq=False)
class Imported:
    """The new run, and what its file was taken for."""

    run: Run
    interpretation: Interpretation
    remarks: tuple[str, ...]
    """Warnings, one line each; also in the run's status."""


def import_checkpoint(
    path: Path | Sequence[Path],
    store: Store | None = None,
    *,
    preset_name: str = "",
    data_name: str = "",
    changes: Mapping[str, Any] | None = None,
    name: str = "",
    file_name: str = "",
    measure: bool = True,
    anyway: bool = False,
    report: Report = silent,
) -> Imported:
    """Make a finished run from a `.pth`, `.pt` or `.safetensors` file, or from two that hold encoder and decoder.
    `file_name` is its original name.

    Every network that the shapes allow is tried on test images; what they decide is the interpretation's verdict.
    Raises `UserError` for a file that cannot be read or fits no model, and without `anyway` for one of which no reading
    does better than the mean training image; the store is then unchanged. A model whose image set cannot be loaded is
    imported as its shapes suggest, without being tried and measured.
    """
    demo.refuse("adding runs")
    paths = [path] if isinstance(path, Path) else list(path)
    store, file_name = store or Store.default(), file_name or " + ".join(part.name for part in paths)
    report("reading", 0, 0, file_name)
    checkpoint = read_checkpoints(paths)
    remarks: list[str] = []
    settings = dict(changes or {}) | ({"data.name": data_name} if data_name else {})
    sets = _image_sets(checkpoint, preset_name, settings, measure, report, remarks)
    if sets:
        report("trying", 0, 0, "")
        found = understand(checkpoint, sets, preset_name, settings)
        remarks += _doubts(found, anyway)
    else:
        found = interpret(checkpoint, preset_name, data_name, changes)
        remarks.append("its functions were not tried on images, so strides, activations and ranges may be wrong")
    images = sets.get(found.experiment.data.name)
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
                    "sha256": _sha256(paths[0]),
                    "files": [{"name": part.name, "sha256": _sha256(part)} for part in paths],
                    "verdict": found.decision.verdict if found.decision else "untried",
                    "mean_image_mse": found.decision.mean_image_mse if found.decision else None,
                    "candidates": [one.as_json() for one in found.decision.candidates] if found.decision else [],
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


def _image_sets(
    checkpoint: Checkpoint,
    preset_name: str,
    changes: Mapping[str, Any],
    measure: bool,
    report: Report,
    remarks: list[str],
) -> dict[str, data.ImageSet]:
    """The image sets to try it on: the likeliest, downloaded where measuring needs it, and others that are here. Empty,
    with a remark, where none can be loaded."""
    if preset_name and "data.name" not in changes:
        names = [preset(preset_name).experiment.data.name]
    else:
        names = [about.name for about in fitting_sets(checkpoint, changes, preset_name)]
    here = [name for name in names if data.prepared(name)]
    first = names[:1] if measure or not here else []
    wanted = [*first, *(name for name in here if name not in first)][:MOST_SETS]
    sets: dict[str, data.ImageSet] = {}
    problem: AecoreError | None = None
    for name in wanted:
        if not measure and not data.prepared(name):
            continue
        try:
            sets[name] = data.load(name, lambda what, done, total: report("preparing", done, total, what))
        except AecoreError as error:
            problem = problem or error
    if problem and not sets:
        remarks.append(f"not measured, as the images cannot be loaded: {problem}")
    return sets


def _doubts(found: Interpretation, anyway: bool) -> list[str]:
    """What the verdict says, where it is not certain. Raises `UserError` for a file that is not understood."""
    decision = found.decision
    assert decision is not None
    error, mean = decision.best.error or 0.0, decision.mean_image_mse or 0.0
    if decision.verdict == "not understood":
        line = (
            f"no network with these layers reconstructs the images of {found.experiment.data.name}: the best one's "
            f"error (MSE) is {error:.4f}, and that of always answering the mean image {mean:.4f}"
        )
        if not anyway:
            raise UserError(
                f"{line}; name the right images with --data or write the network with --set model.encoder and "
                "model.decoder, or import it all the same with --anyway"
            )
        return [f"not understood: {line}"]
    if decision.verdict == "undecided":
        rivals = rivals_of(decision)
        if not rivals:
            return [
                f"undecided: even the best network explains little; its error (MSE) is {error:.4f}, the mean image's "
                f"{mean:.4f}"
            ]
        near = "another network" if len(rivals) == 1 else f"{len(rivals)} other networks"
        return [
            f"undecided: {near} with these layers come{'s' * (len(rivals) == 1)} near; error (MSE) {error:.5f}, "
            f"the next {rivals[0].error:.5f} with {difference_text(decision.best.text, rivals[0].text)}"
        ]
    return []


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


def _plain_text(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split()) or "imported"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
