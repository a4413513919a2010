"""`aecore.record`: a run of a training loop that knows nothing of this project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from aecore import access
from aecore import data as image_sets
from aecore.config.experiment import Experiment
from aecore.errors import UserError
from aecore.recording.foreign import Foreign
from aecore.recording.recording import Recording, test_set
from aecore.remote.server import server
from aecore.runs.json_files import now
from aecore.runs.notes import annotate, check_text
from aecore.runs.plain_values import plain
from aecore.runs.process import this_process
from aecore.runs.store import Store
from aecore.training.code_keeper import CodeKeeper
from aecore.training.setup import versions
from aecore.training.snapshots import Snapshots, panel_indices

MOST_EPOCHS = 10_000_000


def record(
    name: str,
    data: str,
    model: Any = None,
    *,
    encoder: Any = None,
    decoder: Any = None,
    range: str = "unit",
    corruption: str = "none",
    evaluate: Sequence[str] = ("none",),
    epochs: int | None = None,
    config: Mapping[str, Any] | None = None,
    note: str = "",
    store: Store | None = None,
    by: str = "PyTorch",
) -> Recording:
    """Begin a run of your own training loop. Use it with `with`, or call `finish` at the end.

    `name` is its title. `data` names the image set it is tested on: one of the catalogue, or the path of your own
    images. `model` is a torch module with methods `encode` and `decode` or parts `encoder` and `decoder`; or these are
    given. Images go in as float (B, C, H, W), or as rows (B, n) if it takes only those, from 0 to 1, with `range`
    "symmetric" from -1 to 1. `corruption` is what the training images are corrupted with, such as "gaussian:0.3"; the
    finished network is measured under those of `evaluate`. `epochs`, if known, is how many there will be. `config` is
    kept with the run as it is. `by` is the program whose loop it is. Where `AECORE_REMOTE` names a server, the run is
    sent there as well (docs/remote.md).

    Raises `UserError` for an image set that does not exist, a network that does not take its images, and an address or
    token that cannot be one. From then on nothing that goes wrong here ends the training: it is said as a warning.
    """
    access.permit("recording runs")
    to = server()
    if epochs is not None and not 0 < epochs <= MOST_EPOCHS:
        raise UserError(f"epochs: should be from 1 to {MOST_EPOCHS:,}, or None where nobody knows, got {epochs}")
    experiment = Experiment.parse({
        "name": name,
        "data": {"name": data},
        "model": {"kind": "external-restorer", "range": range},
        "corruption": corruption,
        "evaluation": {"corruptions": list(evaluate)},
    })  # fmt: skip
    check_text("note", note)
    images = image_sets.load(experiment.data.source)
    foreign, snapshots, codes = None, None, None
    if not (model is None and encoder is None and decoder is None):
        few = torch.from_numpy(np.array(images.x_test[panel_indices(np.array(images.y_test))]))
        foreign = Foreign(model, encoder, decoder, images.about.image_shape, range, few)
        described = {"model": foreign.model.model_dump(mode="json")}
        experiment = Experiment.parse(experiment.model_dump(mode="json") | described)
        with foreign.undisturbed():
            test = test_set(images)
            snapshots = Snapshots(foreign.network, *test, experiment.corruption)
            codes = CodeKeeper.of(foreign.network, *test, experiment)
    about = {"by": by, "network": None, "config": plain(config or {})}
    status = {
        "state": "running",
        "title": name,
        "submitted": now(),
        "started": now(),
        "epoch": 0,
        "epochs": epochs,
        "device": str(foreign.device) if foreign else None,
        "parameters": (foreign.parameters or None) if foreign else None,
        "code_size": foreign.model.bottleneck.size if foreign else None,
        "data": images.about.info.as_json(),
        "process": this_process(),
        "versions": versions(),
        "error": None,
        "recorded": about,
        **({"owner": person} if (person := access.current().name) else {}),
    }
    run = (store or Store.default()).create(experiment, lambda draft: draft.write_status(**status))
    if note:
        annotate(run, note)
    return Recording(run, experiment, images, foreign, snapshots, codes, about, to)
