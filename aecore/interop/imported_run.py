"""Writing an imported network as an ordinary run: its experiment, weights, the file it came from, and measurements."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import torch

from aecore import data
from aecore.data.convert import to_uint8
from aecore.interop.checkpoint import Checkpoint
from aecore.interop.interpret import Interpretation
from aecore.interop.read_checkpoint import kept_bytes
from aecore.interop.verdict import Decision
from aecore.metrics.evaluation import evaluate_all
from aecore.models.autoencoder import Autoencoder
from aecore.models.network import Network
from aecore.models.weights import weights_bytes
from aecore.runs import sums
from aecore.runs.json_files import now
from aecore.runs.progress import Report
from aecore.runs.run import CANDIDATES, EVALUATION, EXPERIMENT, IMPORTED, SNAPSHOTS, STATUS, WEIGHTS, Run
from aecore.runs.staging import commit, staging
from aecore.runs.store import Store, timed_id
from aecore.training.outputs import save_codes
from aecore.training.snapshots import Snapshots


@dataclass(frozen=True, eq=False)
class Imported:
    """The new run, and what its file was taken for."""

    run: Run
    interpretation: Interpretation
    remarks: tuple[str, ...]
    """Warnings, one line each; also in the run's status."""


@dataclass(frozen=True, eq=False)
class Content:
    """What a new run holds of the network."""

    network: Network
    weights: bytes
    """weights.safetensors."""
    kept: bytes
    """imported.safetensors: the file that it came from."""
    parameters: int | None


def described(checkpoint: Checkpoint, found: Interpretation) -> Content:
    """The network that a checkpoint was taken for."""
    experiment = found.experiment
    model = Autoencoder(experiment.model, data.data_set(experiment.data.name).image_shape)
    model.load_state_dict(found.weights)
    return Content(model, weights_bytes(model.eval()), kept_bytes(checkpoint), model.plan.parameters)


def new_run(
    store: Store,
    content: Content,
    found: Interpretation,
    images: data.ImageSet | None,
    source: dict[str, Any],
    remarks: list[str],
    *,
    title: str,
    measure: bool,
    report: Report,
) -> Imported:
    """A finished run of a network that was trained elsewhere. `source` says where: `file`, `sha256`, `files`.

    Without `images` it has no panel, and without `measure` no codes and evaluations.
    """
    title = (title or _plain_text(Path(source["file"]).stem))[:120]
    # How the file was trained is unknown: of a preset only the model and images apply to it.
    experiment = found.experiment.changed({"name": title, "preset": found.preset})
    about = data.data_set(experiment.data.name)
    model = content.network
    model.rng.seed(0, torch.device("cpu"))
    with staging(store) as run:
        run_id = timed_id(title)
        run.write_json(EXPERIMENT, experiment.model_dump(mode="json"))
        run.write_files({WEIGHTS: content.weights, IMPORTED: content.kept})
        if found.decision is not None:
            _keep_candidates(run, found.decision)
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
                "parameters": content.parameters,
                "code_size": model.plan.code_size or None,
                "data": about.info.as_json(),
                "process": None,
                "error": None,
                "imported": {
                    **source,
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


def _measure(
    run: Run,
    run_id: str,
    model: Network,
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
    run.write_files({SNAPSHOTS: panel.to_bytes()})
    if not measure:
        return
    weights = sums.digest(run.path, WEIGHTS)
    if model.has_code:
        save_codes(run, model, test, labels, weights)
    found = evaluate_all(model, test, labels, experiment, run_id, weights, report)
    run.write_json(EVALUATION, {"evaluations": found})


def _keep_candidates(run: Run, decision: Decision) -> None:
    """A few images and what each candidate makes of them, for the page that shows them side by side."""
    outputs = [candidate.output for candidate in decision.candidates if candidate.output is not None]
    if decision.images is None or not outputs:
        return
    shown = {"images": decision.images, "outputs": to_uint8(torch.stack(outputs).numpy())}
    arrays = {name: np.ascontiguousarray(value) for name, value in shown.items()}
    run.write_files({CANDIDATES: safetensors.numpy.save(arrays)})


def _plain_text(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split()) or "imported"
