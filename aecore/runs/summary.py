"""A run in one row: what a table of runs shows, read without torch and without failing on a damaged run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from aecore.config.experiment import Experiment
from aecore.errors import AecoreError
from aecore.runs.state import LOCK, true_state
from aecore.runs.store import Run


@dataclass(frozen=True)
class RunSummary:
    """What a list tells about a run. Test figures are those on clean images unless only noisy ones were measured."""

    id: str
    title: str
    preset: str
    shipped: bool
    state: str
    problem: str
    """Why the run failed or what about it cannot be read, in one line; empty when all is well."""
    data: str = ""
    code_size: int | None = None
    parameters: int | None = None
    epoch: int = 0
    epochs: int = 0
    device: str = ""
    precision: str = ""
    """What its training steps computed in: float32 or bfloat16; empty for runs older than the choice."""
    submitted: str = ""
    seconds: float | None = None
    """Training time so far."""
    train_loss: float | None = None
    test_mse: float | None = None
    test_psnr_db: float | None = None
    test_ssim: float | None = None
    losses: tuple[float, ...] = ()
    """Training loss of every epoch."""
    note: str = ""
    """What its user wrote to it."""
    sweep: str = ""
    """The sweep it is a run of."""
    imported: str = ""
    """The file that the weights of a run that was not trained here came from."""

    @property
    def machine(self) -> str:
        """Device and precision in one phrase, as far as they are known."""
        return ", ".join(part for part in (self.device, self.precision) if part)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def summarise(run: Run, course: Callable[[Run], list[dict[str, Any]]] = Run.metrics) -> RunSummary:
    """Read what there is of a run. Never raises for a missing, empty or cut file: `problem` says which.

    `course` reads its metrics; a program that stays may keep those it has read.
    """
    problems: list[str] = []

    def tried(read, empty):
        try:
            return read()
        except AecoreError as error:
            problems.append(str(error).removeprefix(f"run {run.id}: ").removeprefix(f"run {run.id} "))
            return empty

    experiment: Experiment | None = tried(run.experiment, None)
    status: dict[str, Any] = tried(run.status, {})
    notes = tried(run.notes, {"title": "", "note": ""})
    metrics = tried(lambda: course(run), [])
    evaluation = tried(run.evaluation, [])
    state = true_state(status, run.file(LOCK)) if experiment is not None and status else "damaged"
    if status.get("error"):
        problems.append(str(status["error"]))
    last = metrics[-1] if metrics else {}
    test = _figures(evaluation)
    imported = status.get("imported")
    return RunSummary(
        id=run.id,
        title=notes["title"] or (experiment.title if experiment else run.id),
        preset=experiment.preset if experiment else "",
        shipped=run.shipped,
        state=state,
        problem="; ".join(problems),
        data=experiment.data.name if experiment else "",
        code_size=status.get("code_size") or (experiment.model.bottleneck.size if experiment else None),
        parameters=status.get("parameters"),
        epoch=last.get("epoch", 0),
        epochs=experiment.training.epochs if experiment and not imported else 0,
        device=_devices(status),
        precision=str(status.get("precision") or ""),
        submitted=str(status.get("submitted") or ""),
        seconds=last.get("seconds"),
        train_loss=last.get("train_loss"),
        test_mse=test.get("mse"),
        test_psnr_db=test.get("psnr_db"),
        test_ssim=test.get("ssim"),
        losses=tuple(entry["train_loss"] for entry in metrics if isinstance(entry.get("train_loss"), float)),
        note=notes["note"],
        sweep=experiment.sweep if experiment else "",
        imported=str(imported.get("file", "a file")) if isinstance(imported, dict) else "",
    )


def import_notes(status: Mapping[str, Any]) -> list[str]:
    """Of an imported run: what its file was taken for, what was assumed and what is remarkable, in a line each."""
    told = status.get("imported")
    if not isinstance(told, dict):
        return []
    lines = []
    if told.get("preset") and not told.get("preset_chosen"):
        others = ", ".join(map(str, told.get("also_fit") or []))
        lines.append(f"the weights fit preset {told['preset']}{f'; {others} would fit too' if others else ''}")
    for key, words in (
        ("tried", "found by trying what reconstructs test images best"),
        ("assumed", "assumed, for shapes do not tell"),
    ):
        if isinstance(told.get(key), dict) and told[key]:
            lines.append(f"{words}: {', '.join(f'{name} = {_written(value)}' for name, value in told[key].items())}")
    return lines + [str(line) for line in told.get("remarks") or []]


def _written(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def _devices(status: Mapping[str, Any]) -> str:
    """The device, and how many processes trained on one like it."""
    device, processes = str(status.get("device") or ""), status.get("processes") or 1
    return device if processes == 1 else f"{device} ×{processes}"


def _figures(evaluation: list[dict[str, Any]]) -> dict[str, Any]:
    clean = [entry for entry in evaluation if entry["corruption"] == "none"]
    return (clean or evaluation or [{"metrics": {}}])[0]["metrics"]
