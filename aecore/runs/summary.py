"""A run as one row of a table, read without torch and without failing on a damaged run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from aecore.errors import AecoreError
from aecore.format import count
from aecore.runs.asked import Asked
from aecore.runs.records import Entries
from aecore.runs.run import EVALUATION, NO_NOTES, STATUS, UNKNOWN_IMAGES, Run, submitted_title
from aecore.runs.state import ACTIVE, LOCK, true_state

MARK = "⚠"
"""Stands beside a run with remarks in every list."""
NO_FAULT = ("overfitting", "generalisation-gap", "imported", "left-out", "unrecorded", "recording", "no-effect")
"""Kinds of remarks that leave a run's metrics comparable with those of others."""
SAME_OUTPUT = ("constant-output", "dead-code", "posterior-collapse", "diverged")
"""Kinds that say, or from which it follows, that the output is the same for every image."""
OTHER_WEIGHTS = {
    "kind": "other-weights",
    "text": "evaluation.json has metrics of other weights than the run has now; they are left out "
    "('aecore evaluate' measures these weights)",
}
"""The remark on a run whose evaluations were made before its weights were replaced."""


@dataclass(frozen=True)
class RunSummary:
    """A run as one row. Test metrics are those on clean images unless only noisy ones were measured."""

    id: str
    title: str
    preset: str
    shipped: bool
    state: str
    problem: str
    """Why the run failed or which file cannot be read, in one line; empty when all is well."""
    data: str = ""
    code_size: int | None = None
    parameters: int | None = None
    epoch: int = 0
    epochs: int = 0
    device: str = ""
    precision: str = ""
    """Number format of its training steps, float32 or bfloat16; empty for runs older than the setting."""
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
    """The user's note."""
    sweep: str = ""
    """The sweep that it belongs to."""
    imported: str = ""
    """Of an imported run: the file of its weights."""
    recorded: str = ""
    """Of a run that was trained in another program's loop: what that was written with, or the tool that recorded it."""
    tracked: bool = False
    """Whether its curves were imported from the tool that recorded it."""
    counts: str = "epoch"
    """What `epoch` counts: `epoch`, or of such a run maybe `step`."""
    remote: str = ""
    """Of a run that another machine has sent: that machine's name."""
    remarks: tuple[dict[str, Any], ...] = ()
    """What is wrong with it, as `remarks_of` returns it."""
    may_win: bool = True
    """Whether it may be called the best of several, as `may_win` says."""
    group: str = ""
    """The label that it shares with other runs."""
    owner: str = ""
    """The person who made it; empty for the owner of the store."""
    lr: float | None = None
    seed: int | None = None
    """Learning rate and seed; None for an imported or recorded run, of which they are unknown."""
    noise: str = ""
    """The corruption of its training images, in its written form; empty for one whose weights or curves were
    imported."""
    tested_on: str = ""
    """The corruption of the test images of `test_mse` and the others: `none` for clean images."""
    noisy_mse: float | None = None
    noisy_psnr_db: float | None = None
    noisy_ssim: float | None = None
    """The same metrics on test images with the corruption of its training; None where it was trained on clean ones."""

    @property
    def progress(self) -> str:
        """How far it has come, for lists: epochs of how many, as far as that is known."""
        if self.imported:
            return "imported"
        if self.counts == "step":
            return count(self.epoch, "step")
        return f"{self.epoch:,}/{self.epochs:,}" if self.epochs else f"{self.epoch:,}"

    @property
    def images_known(self) -> bool:
        """Whether it is known on which images it was trained."""
        return self.data != UNKNOWN_IMAGES

    @property
    def machine(self) -> str:
        """Device and precision as text, as far as they are known."""
        return ", ".join(part for part in (self.device, self.precision) if part)

    @property
    def mark(self) -> str:
        """The remarks as one line with a mark before it, for lists; empty without any."""
        return f"{MARK} {'; '.join(str(remark['text']) for remark in self.remarks)}" if self.remarks else ""

    def marked(self, title: str) -> str:
        """A title of the run with a mark before it where there are remarks: for legends and headings."""
        return f"{MARK} {title}" if self.remarks else title

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def summarise(run: Run, read_metrics: Callable[[Run], list[dict[str, Any]]] = Run.course) -> RunSummary:
    """Summarise a run. Never raises for a missing, empty or truncated file: `problem` says which.

    `read_metrics` replaces `Run.course` where a long-running program caches them.
    """
    problems: list[str] = []

    def read_or(empty: Any, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except AecoreError as error:
            problems.append(str(error).removeprefix(f"run {run.id}: ").removeprefix(f"run {run.id} "))
            return empty

    asked: Asked | None = read_or(None, run.asked)
    status: dict[str, Any] = read_or({}, run.status)
    notes = read_or(NO_NOTES, run.notes)
    metrics = read_or(None, lambda: read_metrics(run))
    evaluation = read_or(None, run.evaluation)
    state = true_state(status, run.file(LOCK)) if asked is not None and status else "damaged"
    if state not in ACTIVE and (metrics is None or not _stands(evaluation)):
        state = "damaged"  # its numbers are missing though it may have finished
    metrics, evaluation = metrics or [], evaluation if evaluation is not None else Entries()
    for name, found in ((STATUS, status), (EVALUATION, evaluation)):
        if dropped := getattr(found, "dropped", ()):
            problems.append(f"{name} is damaged: {', '.join(dropped[:3])}{' …' if len(dropped) > 3 else ''}")
    if status.get("error"):
        problems.append(str(status["error"]))
    last = metrics[-1] if metrics else {}
    tested_on, test = _test_metrics(evaluation)
    imported, recorded = status.get("imported"), status.get("recorded")
    trained = asked if asked and not (imported or recorded) else None
    tracked = isinstance(recorded, dict) and bool(recorded.get("source"))
    noise = asked.corruption if asked and not (imported or tracked) else ""
    noisy = _metrics_under(evaluation, noise)
    return RunSummary(
        id=run.id,
        title=notes["title"] or submitted_title(status) or (asked.title if asked else run.id),
        preset=asked.preset if asked else "",
        shipped=run.shipped,
        state=state,
        problem="; ".join(problems),
        data=asked.data if asked else "",
        code_size=status.get("code_size") or (asked.code_size if asked else None),
        parameters=status.get("parameters"),
        epoch=last.get("epoch", 0),
        epochs=trained.epochs if trained else (status.get("epochs") or 0) if recorded else 0,
        device=_devices(status),
        precision=str(status.get("precision") or ""),
        submitted=str(status.get("submitted") or ""),
        seconds=last.get("seconds"),
        train_loss=_last(metrics, "train_loss"),
        test_mse=test.get("mse"),
        test_psnr_db=test.get("psnr_db"),
        test_ssim=test.get("ssim"),
        losses=tuple(entry["train_loss"] for entry in metrics if isinstance(entry.get("train_loss"), float)),
        note=notes["note"],
        sweep=asked.sweep if asked else "",
        recorded=str(recorded.get("by") or "another program") if isinstance(recorded, dict) else "",
        tracked=tracked,
        counts="step" if tracked and (recorded or {}).get("counts") == "step" else "epoch",
        imported=str(imported.get("file", "a file")) if isinstance(imported, dict) else "",
        remote=str(remote.get("host") or "another machine") if (remote := status.get("remote")) else "",
        remarks=(*remarks_of(status), *remarks_of_evaluation(status, evaluation)),
        may_win=may_win(status),
        group=notes["group"],
        owner=str(status.get("owner") or ""),
        lr=trained.lr if trained else None,
        seed=trained.seed if trained else None,
        noise=noise,
        tested_on=tested_on,
        noisy_mse=noisy.get("mse"),
        noisy_psnr_db=noisy.get("psnr_db"),
        noisy_ssim=noisy.get("ssim"),
    )


def _last(metrics: list[dict[str, Any]], name: str) -> float | None:
    """The last value that was logged of a name; a program may log it less often than others."""
    return next((entry[name] for entry in reversed(metrics) if name in entry), None)


def _stands(evaluation: Entries[dict[str, Any]] | None) -> bool:
    """Whether an evaluation.json could be read, and not each of its entries was damaged."""
    return evaluation is not None and bool(evaluation or not evaluation.dropped)


def is_sound(summary: RunSummary) -> bool:
    """Whether a run counts when the best of a list are looked for: not one that may not win, nor one with a remark that
    takes the meaning from its numbers."""
    return summary.may_win and all(remark["kind"] in NO_FAULT for remark in summary.remarks)


def remarks_of(status: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is wrong with a run, from its status: tables with at least `kind` and `text`; none for older runs.

    `kind` is one of those of `aecore.metrics.remark.Remark`, or `imported` for a remark that its import left.
    """
    recorded, imported = status.get("remarks"), status.get("imported")
    found = [entry for entry in recorded if isinstance(entry, dict)] if isinstance(recorded, list) else []
    found = [entry for entry in found if isinstance(entry.get("kind"), str) and isinstance(entry.get("text"), str)]
    lines = imported.get("remarks") if isinstance(imported, dict) else None
    return found + [{"kind": "imported", "text": str(line)} for line in (lines if isinstance(lines, list) else [])]


def remarks_of_evaluation(status: Mapping[str, Any], evaluation: Entries[dict[str, Any]]) -> list[dict[str, Any]]:
    """What its evaluation says beside its status: metrics of other weights, and an output that is the same for every
    image, which a run that was trained elsewhere or long ago has no remark on."""
    found = [OTHER_WEIGHTS] if evaluation.other_weights else []
    if not any(remark["kind"] in SAME_OUTPUT for remark in remarks_of(status)):
        found += [entry["remark"] for entry in evaluation if entry.get("remark")][:1]
    return found


def may_win(status: Mapping[str, Any]) -> bool:
    """Whether a run with this status may be called the best of several: not where its file was not understood, as its
    numbers are then those of a network that nobody trained."""
    imported = status.get("imported")
    return not (isinstance(imported, dict) and imported.get("verdict") == "not understood")


def import_notes(status: Mapping[str, Any]) -> list[str]:
    """Of an imported run: what its file was taken for, what was assumed, and warnings, one line each."""
    imported = status.get("imported")
    if not isinstance(imported, dict):
        return []
    lines = []
    if imported.get("preset") and not imported.get("preset_chosen"):
        others = ", ".join(map(str, imported.get("also_fit") or []))
        lines.append(f"the weights fit preset {imported['preset']}{f'; {others} would fit as well' if others else ''}")
    for key, words in (
        ("tried", "chosen because they reconstruct test images best"),
        ("assumed", "assumed, as they do not follow from the shapes"),
    ):
        if isinstance(imported.get(key), dict) and imported[key]:
            lines.append(
                f"{words}: {', '.join(f'{name} = {_written(value)}' for name, value in imported[key].items())}"
            )
    return lines + [str(line) for line in imported.get("remarks") or []]


def _written(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def _devices(status: Mapping[str, Any]) -> str:
    """The device, and the number of processes with such a device."""
    device, processes = str(status.get("device") or ""), status.get("processes") or 1
    return device if processes == 1 else f"{device} ×{processes}"


def _test_metrics(evaluation: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """The metrics on clean images, else the first ones, and the corruption of their images."""
    clean = [entry for entry in evaluation if entry["corruption"] == "none"]
    first = (clean or evaluation or [{"corruption": "", "metrics": {}}])[0]
    return first["corruption"], first["metrics"]


def _metrics_under(evaluation: list[dict[str, Any]], noise: str) -> dict[str, Any]:
    """The metrics on images with the corruption of the training; none where that changes nothing."""
    noise = noise.removesuffix("+once")  # test images are always drawn once
    found = [entry["metrics"] for entry in evaluation if entry["corruption"] == noise != "none"]
    return found[0] if found else {}
