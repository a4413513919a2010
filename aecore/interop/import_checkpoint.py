"""Importing a checkpoint as an ordinary run: infer its model, keep its weights, measure it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aecore import access, data
from aecore.config.experiment import Experiment
from aecore.errors import UserError
from aecore.interop.checkpoint import Checkpoint
from aecore.interop.describe import difference_text
from aecore.interop.image_sets import loaded_sets, source_of
from aecore.interop.import_onnx import import_onnx, import_onnx_candidate
from aecore.interop.imported_run import Imported, described, new_run
from aecore.interop.interpret import Interpretation, chosen_candidate, fitting_sets, interpret, understand
from aecore.interop.read_checkpoint import read_checkpoints, read_kept
from aecore.interop.read_onnx import is_onnx
from aecore.presets import preset
from aecore.runs.progress import Report, silent
from aecore.runs.run import IMPORTED, Run
from aecore.runs.store import Store


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
    """Make a finished run from a `.pth`, `.pt`, `.safetensors` or `.onnx` file, or from two that hold encoder and
    decoder. `file_name` is its original name.

    Every network that the shapes allow is tried on test images; what they decide is the interpretation's verdict.
    Raises `UserError` for a file that cannot be read or fits no model, and without `anyway` for one of which no reading
    does better than the mean training image; the store is then unchanged. A model whose image set cannot be loaded is
    imported as its shapes suggest, without being tried and measured.
    """
    access.permit("adding runs")
    paths = [path] if isinstance(path, Path) else list(path)
    store, file_name = store or Store.default(), file_name or " + ".join(part.name for part in paths)
    report("reading", 0, 0, file_name)
    settings = dict(changes or {}) | ({"data.name": data_name} if data_name else {})
    if resized := [key for key in ("data.size", "data.fit") if key in settings]:
        raise UserError(f"{resized[0]} has no effect on an import, which takes images at their own size; leave it out")
    if is_onnx(paths):
        if preset_name:
            raise UserError("--preset names a network that is described here, and an ONNX file brings its own")
        given = {"name": name, "file_name": file_name, "measure": measure, "anyway": anyway, "report": report}
        return import_onnx(paths, store, changes=settings, **given)
    checkpoint = read_checkpoints(paths)
    remarks: list[str] = []
    if preset_name:
        interpret(checkpoint, preset_name, data_name, changes)  # says what does not fit before images are fetched
    sets = _image_sets(checkpoint, preset_name, settings, measure, report, remarks)
    if sets:
        report("trying", 0, 0, "")
        found = understand(checkpoint, sets, preset_name, settings)
        remarks += _doubts(found, anyway)
        if found.decision is not None:
            best = found.decision.best
            remarks += _left_out(checkpoint, best.layers, best.heads, found.experiment)
    else:
        found = interpret(checkpoint, preset_name, data_name, changes)
        remarks.append("its functions were not tried on images, so strides, activations and ranges may be wrong")
    images = sets.get(found.experiment.data.name)
    source = source_of(paths, file_name)
    content = described(checkpoint, found)
    return new_run(store, content, found, images, source, remarks, title=name, measure=measure, report=report)


def import_candidate(run: Run, number: int, store: Store | None = None, report: Report = silent) -> Imported:
    """A new run of the network at `number` (from 0) among the candidates of an imported run, which stays as it is.

    Raises `UserError` where the run was not imported, keeps no file, or has no such candidate.
    """
    access.permit("adding runs")
    about = run.status().get("imported") or {}
    listed = about.get("candidates") or []
    if not run.file(IMPORTED).is_file() or not listed:
        raise UserError(f"run {run.id} keeps no file that can be read in several ways")
    if not 0 <= number < len(listed):
        raise UserError(f"run {run.id} has {len(listed)} candidates")
    run.check(IMPORTED)
    if run.experiment().model.external:
        return import_onnx_candidate(run, number, store or Store.default(), report)
    checkpoint = read_kept(run.file(IMPORTED))
    experiment = run.experiment()
    found = chosen_candidate(checkpoint, listed[number], experiment.data.name)
    remarks = _left_out(checkpoint, listed[number]["layers"], listed[number]["heads"], found.experiment)
    images = _image_sets(checkpoint, "", {"data.name": experiment.data.name}, True, report, remarks)
    source = {key: about[key] for key in ("file", "sha256", "files") if key in about} | {"chosen_from": run.id}
    return new_run(
        store or Store.default(),
        described(checkpoint, found),
        found,
        images.get(experiment.data.name),
        source,
        remarks,
        title=f"{experiment.title} ({number + 1})",
        measure=True,
        report=report,
    )


def _image_sets(
    checkpoint: Checkpoint,
    preset_name: str,
    changes: Mapping[str, Any],
    measure: bool,
    report: Report,
    remarks: list[str],
) -> dict[str, data.ImageSet]:
    """The image sets to try it on, the likeliest first; empty, with a remark, where none can be loaded."""
    if preset_name and "data.name" not in changes:
        names = [preset(preset_name).experiment.data.name]
    else:
        names = [about.name for about in fitting_sets(checkpoint, changes, preset_name)]
    return loaded_sets(names, measure, report, remarks)


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
    if decision.verdict != "undecided":
        return []
    if decision.why == "little":
        return [f"undecided: even the best network's error (MSE) is {error:.4f}, and the mean image's {mean:.4f}"]
    if decision.why == "cut":
        return ["undecided: there are more networks with these layers than were tried, so another may be the right one"]
    near = "another network" if decision.near == 1 else f"{decision.near} other networks"
    second = min(decision.candidates[1:], key=lambda other: other.error or 0.0)
    return [
        f"undecided: {near} with these layers come{'s' * (decision.near == 1)} near; error (MSE) {error:.5f}, "
        f"that of one of them {second.error:.5f} with {difference_text(decision.best.text, second.text)}"
    ]


def _left_out(checkpoint: Checkpoint, layers: Sequence[str], heads: str, experiment: Experiment) -> list[str]:
    """Which of the file's layers the run does not have: the log-variances of a code that is a map of convolutions.
    `layers` are the names of those that it has, and `heads` says what tells those of a VAE apart."""
    if not heads or experiment.model.variational:
        return []
    unused = ", ".join(layer.name for layer in checkpoint.layers if layer.name not in layers)
    return [
        f"left out: the log-variances ({unused or 'half of the outputs of the head'}), as a map of codes has none "
        "here; images are encoded to the means, and nothing is drawn at random"
    ]
