"""A run as a repository of the Hugging Face Hub: model, configuration, card and pictures; written, pushed and fetched.

Any folder with `config.json` and `model.safetensors` of ours is such a model, wherever it lies. Fetching and pushing
need huggingface_hub, which is optional: requirements-hub.txt.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any

import safetensors

import aecore
from aecore.config.experiment import Experiment
from aecore.data.custom.source import is_path
from aecore.errors import AecoreError, DamagedError, UserError, describe_os_error
from aecore.files import check_regular
from aecore.inference import load_model, read_network
from aecore.interop.export_code import export_code
from aecore.interop.folder import Folder
from aecore.interop.hub_card import PANEL, card, panel_png
from aecore.models.architecture import plan
from aecore.models.network import Network
from aecore.runs.json_files import json_bytes, read_table
from aecore.runs.measures import read_measures
from aecore.runs.run import WEIGHTS, Run
from aecore.runs.summary import summarise

CONFIG, MODEL, CARD, CODE = "config.json", "model.safetensors", "README.md", "model.py"
LIBRARY, FORMAT = "aecore", 1
_REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
_STATE = (
    *("started", "ended", "epoch", "epochs", "device", "device_name", "processes", "precision"),
    *("parameters", "code_size", "versions", "recorded"),
)
_IMPORTED = ("file", "sha256", "preset", "assumed", "tried", "remarks", "verdict")
"""What of a status is published: nothing of the machine's process, nor who made the run."""


def hub_folder(run: Run) -> Folder:
    """The files of a run's repository. Raises `DamagedError` where a file of the run cannot be read, `UserError` for a
    run without weights."""
    if not run.file(WEIGHTS).exists():
        raise UserError(f"run {run.id} has no weights to publish")
    load_model(run)  # what cannot be loaded here is not published
    experiment = run.experiment()
    weights = run.file(WEIGHTS).read_bytes()
    config = _config(run, hashlib.sha256(weights).hexdigest())
    picture = panel_png(run)
    files = {CONFIG: json_bytes(config), MODEL: weights}
    if not experiment.model.external:
        files[CODE] = export_code(run, config["run"]).encode()
    if picture:
        files[PANEL] = picture
    files[CARD] = card(run, config, code=CODE in files, picture=picture is not None).encode()
    return Folder(files)


def _config(run: Run, weights: str) -> dict[str, Any]:
    """What `config.json` holds. Of images of one's own it has the folder's name, and not where that lies: nor the run's
    id and usual title, which are made of the path."""
    summary, status, info, measures = summarise(run), run.status(), run.image_info(), read_measures(run)
    experiment, title, evaluations = run.experiment(), summary.title, list(run.evaluation())
    worth = {} if measures is None else measures.as_json()
    remarks, name = list(summary.remarks), run.id
    if is_path(info.name):
        known = PurePath(info.name).name
        title, name = run.notes()["title"] or f"{experiment.title} · {known}", known
        experiment = experiment.changed({"data.name": known})
        remarks = [one | {"text": one["text"].replace(info.name, known)} for one in remarks]
        evaluations = [{key: value for key, value in entry.items() if key != "run"} for entry in evaluations]
        worth = {key: value for key, value in worth.items() if key not in ("run", "data")}
    imported = status.get("imported")
    state = {"state": summary.state} | {key: status[key] for key in _STATE if status.get(key) is not None}
    if isinstance(imported, dict):
        state["imported"] = {key: imported[key] for key in _IMPORTED if key in imported}
    return {
        "library_name": LIBRARY,
        "format": FORMAT,
        "aecore": aecore.__version__,
        "run": name,
        "title": title,
        "image_shape": list(info.image_shape),
        "classes": list(info.classes),
        "data": {"title": info.title, "citation": info.citation},
        "experiment": experiment.model_dump(mode="json"),
        "state": state,
        "remarks": remarks,
        "evaluations": evaluations,
        "measures": worth or None,
        "weights": weights,
    }


def load_folder(folder: Path) -> Network:
    """The model of such a folder, as `load_model` gives that of the run: in evaluation mode, on the CPU.

    Raises `UserError` for a folder of another library, `DamagedError` where a file cannot be read or the weights are
    not those that the configuration names.
    """
    config = read_table(folder / CONFIG, str(folder))
    if config.get("library_name") != LIBRARY or config.get("format") != FORMAT:
        raise UserError(
            f"{folder} is no model of aecore {aecore.__version__}: its {CONFIG} does not say library_name "
            f"'{LIBRARY}' and format {FORMAT}"
        )
    try:
        model = Experiment.parse(config["experiment"]).model
        channels, height, width = map(_positive, config["image_shape"])
        needed = 0 if model.external else plan(model, (channels, height, width)).parameters
    except (UserError, KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"{folder}: {CONFIG} does not describe a model: {error}") from None
    try:
        with check_regular(folder / MODEL).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        with safetensors.safe_open(folder / MODEL, framework="np") as tensors:
            held = sum(math.prod(tensors.get_slice(name).get_shape()) for name in tensors.keys())  # noqa: SIM118
    except OSError as error:
        raise DamagedError(describe_os_error(error, f"reading {folder / MODEL}")) from None
    except safetensors.SafetensorError as error:
        raise DamagedError(f"{folder}: {MODEL} cannot be read: {_line(error)}") from None
    if found != config.get("weights"):
        raise DamagedError(f"{folder}: {MODEL} is not the file that {CONFIG} describes; its SHA-256 is another")
    if needed > held:  # before so much memory is taken
        raise DamagedError(f"{folder}: {CONFIG} describes {needed:,} parameters, and {MODEL} holds {held:,}")
    return read_network(model, (channels, height, width), folder / MODEL, str(config.get("run", folder)))


def _positive(side: object) -> int:
    if type(side) is not int or side < 1:
        raise ValueError(f"image_shape should be three whole numbers, got {side!r} among them")
    return side


def fetch(name: str) -> Path:
    """The folder of `USER/NAME` in the cache of huggingface_hub, fetched if need be.

    Raises `UserError` for a name that is none or a repository that cannot be fetched.
    """
    hub = _hub(name)
    try:
        return Path(hub.snapshot_download(name, allow_patterns=[CONFIG, MODEL]))
    except Exception as error:  # of many kinds: no such repository, no network, no right to it
        raise UserError(f"hub:{name} cannot be fetched: {_line(error)}") from None


def push(folder: Folder, name: str) -> str:
    """Upload a folder to `USER/NAME`, which is made if need be, as one commit; returns its address.

    Raises `UserError` for a name that is none and without huggingface_hub, `AecoreError` where the upload fails.
    """
    hub = _hub(name)
    try:
        with TemporaryDirectory(prefix="aecore-") as made:
            folder.write(Path(made))
            hub.create_repo(name, exist_ok=True)
            hub.upload_folder(repo_id=name, folder_path=made, commit_message=f"From aecore {aecore.__version__}")
    except AecoreError:
        raise
    except Exception as error:
        raise AecoreError(f"{name} could not be pushed: {_line(error)}") from None
    return f"{hub.endpoint}/{name}"


def _hub(name: str) -> Any:
    if not _REPOSITORY.fullmatch(name):
        raise UserError(f"'{name}' should be the name of a repository, USER/NAME")
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise UserError("huggingface_hub is not installed (pip install -r requirements-hub.txt)") from None
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, library_name=LIBRARY)


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:300] or type(error).__name__
