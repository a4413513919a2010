"""Importing an ONNX file of any framework as an ordinary run: find out how it takes images, keep it, measure it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import torch

from aecore import data
from aecore.config.experiment import Experiment, keys
from aecore.errors import UserError
from aecore.interop.image_sets import loaded_sets, source_of
from aecore.interop.imported_run import Content, Imported, new_run
from aecore.interop.interpret import CLEARLY_OTHER, MEAN_OF, Interpretation, candidate_sets, share
from aecore.interop.onnx_readings import SETTABLE, decide, first_guess, fits, kept_files, reading_of
from aecore.interop.read_onnx import OnnxFiles, read_onnx
from aecore.interop.search import LAST_IMAGES
from aecore.interop.verdict import Decision
from aecore.models.external import DECODER, ENCODER, WHOLE, from_files
from aecore.runs.progress import Report
from aecore.runs.run import IMPORTED, Run
from aecore.runs.store import Store
from aecore.temporary import temporary_folder


def import_onnx(
    paths: Sequence[Path],
    store: Store,
    *,
    changes: Mapping[str, Any],
    name: str,
    file_name: str,
    measure: bool,
    anyway: bool,
    report: Report,
) -> Imported:
    """A finished run of a whole network, or of encoder and decoder. Raises `UserError` as `import_checkpoint` does."""
    _check(changes)
    wanted = candidate_sets(changes)
    files = read_onnx(paths, [about.image_shape for about in wanted])
    fitting = [about for about in wanted if fits(files, about.image_shape)]
    remarks: list[str] = []
    sets = loaded_sets([about.name for about in fitting], measure, report, remarks)
    if sets:
        report("trying", 0, 0, "")
        chosen, decision = _understood(files, sets, changes)
        remarks += doubts(decision, chosen, anyway)
    else:
        chosen = fitting[0].name
        start = Experiment().changed({"data.name": chosen})
        decision = first_guess(files, fitting[0].image_shape, start, changes)
        remarks.append("it was not tried on images, so the layout and the range of its images may be wrong")
    best = decision.best
    found = Interpretation(
        best.experiment.changed({"data.name": chosen}),
        {},
        assumed={} if "data.name" in changes else {"data.name": chosen},
        tried={key: value for key, value in (best.settings or {}).items() if sets},
        decision=decision,
    )
    source = source_of(paths, file_name)
    return _run_of(store, files, found, sets.get(chosen), source, remarks, name, measure, report)


def import_onnx_candidate(run: Run, number: int, store: Store, report: Report) -> Imported:
    """A new run of another reading of the files that a run was imported from. Raises `UserError` where it cannot be."""
    about, experiment = run.status()["imported"], run.experiment()
    name = experiment.data.name
    shape = data.data_set(name).image_shape
    originals = {key: value.tobytes() for key, value in run.tensors(IMPORTED).items()}
    with temporary_folder(Path(tempfile.gettempdir()), "aecore") as folder:
        paths = []
        for part in (ENCODER, DECODER, WHOLE):
            if part in originals:
                paths.append(folder / part)
                paths[-1].write_bytes(originals[part])
        files = read_onnx(paths, [shape])
    listed = about["candidates"][number]
    reading = reading_of(files, shape, listed["settings"])
    model: dict[str, Any] = {"model.range": reading.range}
    if experiment.model.has_code:
        model["model.bottleneck.size"] = reading.way.code_size
    found = Interpretation(experiment.changed(model), {}, chosen=True, tried=dict(listed["settings"]), decision=None)
    remarks: list[str] = []
    images = loaded_sets([name], True, report, remarks).get(name)
    source = {key: about[key] for key in ("file", "sha256", "files") if key in about} | {"chosen_from": run.id}
    title = f"{run.title()[:110]} ({number + 1})"
    return _run_of(store, files, found, images, source, remarks, title, True, report)


def _run_of(
    store: Store,
    files: OnnxFiles,
    found: Interpretation,
    images: data.ImageSet | None,
    source: dict[str, Any],
    remarks: list[str],
    title: str,
    measure: bool,
    report: Report,
) -> Imported:
    shape = data.data_set(found.experiment.data.name).image_shape
    settings = (found.decision.best.settings if found.decision else None) or found.tried
    reading = reading_of(files, shape, settings)
    few = None if images is None else torch.from_numpy(np.array(images.x_test[:8]))
    kept = kept_files(files, reading, shape, few)
    remarks += _said(files, reading.way.output, reading.way.chance)
    network = from_files(found.experiment.model, shape, kept, "the import")
    original = {name: np.frombuffer(part, np.uint8) for name, part in zip(kept, files.contents, strict=True)}
    content = Content(network, safetensors.numpy.save(kept), safetensors.numpy.save(original), files.parameters or None)
    return new_run(store, content, found, images, source, remarks, title=title, measure=measure, report=report)


def _said(files: OnnxFiles, output: int, chance: bool) -> list[str]:
    """What somebody who looks at the run's numbers should know of its files."""
    said = []
    sides = ("the encoder", "the decoder") if len(files.contents) == 2 else ("the file",)
    for side, outputs in zip(sides, files.outputs, strict=True):
        if len(outputs) > 1:
            taken = outputs[output] if side == sides[-1] else outputs[0]
            said.append(
                f"{side} has {len(outputs)} outputs ({', '.join(outputs[:5])}); {taken} is the one that is used"
            )
    if chance:
        said.append("it draws random numbers, so that its outputs and all that is measured differ a little every time")
    return said


def _understood(
    files: OnnxFiles, sets: Mapping[str, data.ImageSet], changes: Mapping[str, Any]
) -> tuple[str, Decision]:
    """The image set that it was most likely trained on, and the readings tried on that."""
    chosen, decision = "", None
    for name, images in sets.items():
        sample = torch.from_numpy(np.array(images.x_test[:LAST_IMAGES]))
        train = torch.from_numpy(np.array(images.x_train[:MEAN_OF]))
        other = decide(files, Experiment().changed({"data.name": name}), sample, train, {**changes, "data.name": name})
        if decision is None or share(other) < CLEARLY_OTHER * share(decision):
            chosen, decision = name, other
    assert decision is not None
    return chosen, decision


def doubts(decision: Decision, data_name: str, anyway: bool) -> list[str]:
    """What the verdict says, where it is not certain. Raises `UserError` for a file that is not understood."""
    error, mean = decision.best.error or 0.0, decision.mean_image_mse or 0.0
    if decision.verdict == "not understood":
        line = (
            f"no reading of this file reconstructs the images of {data_name}: the best one's error (MSE) is "
            f"{error:.4f}, and that of always answering the mean image {mean:.4f}"
        )
        if not anyway:
            raise UserError(f"{line}; name the right images with --data, or import it all the same with --anyway")
        return [f"not understood: {line}"]
    if decision.verdict != "undecided":
        return []
    if decision.why == "little":
        return [f"undecided: even the best reading's error (MSE) is {error:.4f}, and the mean image's {mean:.4f}"]
    near = "another reading comes" if decision.near == 1 else f"{decision.near} other readings come"
    second = min(decision.candidates[1:], key=lambda other: other.error or 0.0)
    return [
        f"undecided: {near} near; error (MSE) {error:.5f} with {decision.best.text}, that of one of them "
        f"{second.error:.5f} with {second.text}"
    ]


def _check(changes: Mapping[str, Any]) -> None:
    """Raise `UserError` for a setting that an ONNX file answers itself."""
    for key in changes:
        if key.startswith("model.") and key in keys() and key not in SETTABLE:
            raise UserError(f"{key} is in the ONNX file: leave it out; --set can fix model.range")
    Experiment().changed({key: value for key, value in changes.items() if key != "data.name"})
