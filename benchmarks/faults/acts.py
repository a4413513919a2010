"""Acts that write to a store: each is done, done again after an interruption, and what it left is compared with what it
should have left."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aecore import data, jobs
from aecore.errors import AecoreError, UserError
from aecore.interop import import_checkpoint
from aecore.interop.export_checkpoint import pth_bytes
from aecore.jobs import projection
from aecore.latent.projection_store import read_projection
from aecore.latent.request import ProjectionRequest
from aecore.presets import preset
from aecore.runs import archive, notes, sums, trash
from aecore.runs.run import Run
from aecore.runs.state import run_state
from aecore.runs.store import Store
from aecore.runs.summary import summarise
from aecore.sweeps import runner
from aecore.sweeps import store as sweep_store
from aecore.sweeps.definition import Sweep
from aecore.temporary import OURS
from tests.helpers.sweeps import GRID, InProcess

SETTINGS = {
    "training.epochs": 3,
    "data.name": "digits",
    "data.train_images": 100,
    "model.dense": [16],
    "evaluation.corruptions": ["none"],
}
EXPERIMENT = preset("digits-quick").experiment.changed(SETTINGS | {"name": "act"})
BYSTANDER = "bystander"


@dataclass(frozen=True)
class Act:
    """`do` writes to the store at a folder; `again` repairs or repeats it; `check` returns what is wrong then, in a
    line, and nothing where all is right."""

    name: str
    do: Callable[[Path], object]
    again: Callable[[Path], object]
    check: Callable[[Path], str]


def template(folder: Path) -> None:
    """A store with two finished runs, one of them in a zip and as a checkpoint too, and one in the trash."""
    store = at(folder)
    run = jobs.submit(EXPERIMENT.changed({"name": "by"}), "cpu", store)
    jobs.work(run)
    run.path.rename(store.root / "runs" / BYSTANDER)
    run = Run(store.root / "runs" / BYSTANDER)
    archive.pack(run, folder / "run.zip")
    (folder / "model.pth").write_bytes(pth_bytes(run))
    for name in ("gone", "kept"):
        shutil.copytree(run.path, store.root / "runs" / name)
    trash.delete(Run(store.root / "runs" / "gone"), store)
    own = folder / "pictures"
    own.mkdir()
    for number in range(8):
        (own / f"{number}.pgm").write_bytes(b"P5 8 8 255\n" + bytes([number * 30]) * 64)


def at(folder: Path) -> Store:
    """The store in a folder, which everything uses from now on, with its own cache of prepared images."""
    os.environ["AECORE_STORE"] = str(folder / "store")
    return Store(folder / "store")


def wrong_with(folder: Path) -> str:
    """What is wrong with a store whatever was done to it: damage, a changed bystander, leftovers."""
    store = at(folder)
    for run in store.runs():
        row = summarise(run)
        if row.state == "damaged":
            return f"{run.id} is damaged: {row.problem}"
        if changed := [name for name, found in sums.verify(run.path).items() if found in ("changed", "missing")]:
            return f"{run.id}: {', '.join(changed)} changed"
    left = [path.name for path in folder.rglob("*") if OURS.search(path.name)]
    if left:
        return f"left behind: {', '.join(sorted(left)[:3])}"
    return "" if BYSTANDER in {run.id for run in store.runs()} else "the bystander is lost"


def _own(folder: Path) -> list[Run]:
    known = (BYSTANDER, "kept", "gone")
    return [run for run in at(folder).runs() if run.id not in known]


def _train(folder: Path) -> None:
    jobs.work(jobs.submit(EXPERIMENT, "cpu", at(folder)))


def _resume(folder: Path) -> None:
    store = at(folder)
    for run in _own(folder):
        if run_state(run) != "finished":
            jobs.requeue(run)
            jobs.work(run)
    if not _own(folder):
        jobs.work(jobs.submit(EXPERIMENT, "cpu", store))


def _trained(folder: Path) -> str:
    """The same weights, bit for bit, as those of the run that nothing interrupted."""
    runs = _own(folder)
    if len(runs) != 1 or run_state(runs[0]) != "finished":
        return f"{len(runs)} runs, {[run_state(run) for run in runs]}"
    wanted = at(folder).root / "runs" / BYSTANDER / "weights.safetensors"
    same = _digest(runs[0].file("weights.safetensors")) == _digest(wanted)
    return "" if same and runs[0].evaluation() else "the weights are not the same"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _import_zip(folder: Path) -> None:
    archive.unpack(folder / "run.zip", at(folder))


def _import_pth(folder: Path) -> None:
    at(folder)
    import_checkpoint([folder / "model.pth"], preset_name="digits-quick", changes=_model(), anyway=True)


def _model() -> dict[str, object]:
    return {key: value for key, value in SETTINGS.items() if key.startswith(("model.", "data.name", "evaluation."))}


def _one_more(folder: Path) -> str:
    found = _own(folder)
    return "" if 1 <= len(found) <= 2 else f"{len(found)} runs were added"


def _project(folder: Path) -> None:
    projection.work(Run(at(folder).root / "runs" / "kept"), ProjectionRequest("pca", 2, 100), "cpu")


def _projected(folder: Path) -> str:
    found = read_projection(Run(at(folder).root / "runs" / "kept"), "pca", 2)
    return "" if found is not None and len(found.labels) == 100 else "there is no projection"


def _kept_in(folder: Path) -> list[str]:
    store = at(folder)
    held = ["runs"] * (store.root / "runs" / "kept").is_dir()
    return held + ["trash" for entry in trash.deleted_runs(store) if entry.id == "kept"]


def _delete(folder: Path) -> None:
    store = at(folder)
    trash.delete(Run(store.root / "runs" / "kept"), store)


def _delete_again(folder: Path) -> None:
    if _kept_in(folder) == ["runs"]:
        _delete(folder)


def _restore(folder: Path) -> None:
    trash.restore(trash.find_deleted("gone", at(folder)))


def _restore_again(folder: Path) -> None:
    if not (at(folder).root / "runs" / "gone").is_dir():
        _restore(folder)


def _purge(folder: Path) -> None:
    trash.purge(trash.find_deleted("gone", at(folder)))


def _purge_again(folder: Path) -> None:
    try:
        _purge(folder)
    except UserError:  # it was gone already; what is left of it goes with the next
        _delete(folder)
        trash.purge(trash.find_deleted("kept", at(folder)))


def _prepare(folder: Path) -> None:
    os.environ["AECORE_DATA"] = str(folder / "data")
    data.prepare(str(folder / "pictures"))


def _prepared(folder: Path) -> str:
    os.environ["AECORE_DATA"] = str(folder / "data")
    images = data.load(str(folder / "pictures"))
    cached = [path for path in (folder / "data").iterdir() if path.is_dir()]
    return "" if len(images.x_train) + len(images.x_test) == 8 and len(cached) == 1 else "the images are not there"


def _sweep(folder: Path) -> None:
    store = at(folder)
    made = sweep_store.sweeps(store)
    wanted = Sweep.parse(GRID | {"vary": {"model.bottleneck.size": [2, 4]}, "seeds": 1})
    home = made[0] if made else sweep_store.create(wanted, store)
    for _ in runner.run_sweep(home, store, InProcess(), "cpu"):
        pass


def _swept(folder: Path) -> str:
    store = at(folder)
    homes = sweep_store.sweeps(store)
    states = [row.state for home in homes for row in sweep_store.rows(home, store)]
    return "" if [home.state() for home in homes] == ["finished"] and states == ["finished"] * 2 else f"{states}"


def _annotate(folder: Path) -> None:
    notes.annotate(Run(at(folder).root / "runs" / "kept"), "a note")


def _annotated(folder: Path) -> str:
    return "" if Run(at(folder).root / "runs" / "kept").notes()["note"] == "a note" else "there is no note"


def _accept(folder: Path) -> None:
    sums.accept(at(folder).root / "runs" / "kept")


ACTS = (
    Act("train", _train, _resume, _trained),
    Act("import a zip", _import_zip, _import_zip, _one_more),
    Act("import a checkpoint", _import_pth, _import_pth, _one_more),
    Act("project", _project, _project, _projected),
    Act("delete", _delete, _delete_again, lambda folder: "" if _kept_in(folder) == ["trash"] else "it is not there"),
    Act("restore", _restore, _restore_again, lambda folder: ""),
    Act("delete for good", _purge, _purge_again, lambda folder: ""),
    Act("prepare images", _prepare, _prepare, _prepared),
    Act("sweep", _sweep, _sweep, _swept),
    Act("annotate", _annotate, _annotate, _annotated),
    Act("accept", _accept, _accept, lambda folder: ""),
)


def verdict_of(error: BaseException) -> str:
    """What an act that raised this has made of its disk: refused in one line, or anything else."""
    return "refused" if isinstance(error, AecoreError) and len(str(error).splitlines()) == 1 else "traceback"
