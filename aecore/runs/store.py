"""The store of runs: one directory a run, readable by anything that reads JSON and safetensors.

The format is documented in docs/run-format.md. Every file appears whole or not at all: it is written under a
temporary name, flushed to the disk and renamed. `metrics.jsonl` only grows, and its readers skip a torn last
line. A damaged file never hides the other runs: reading it raises `DamagedError`, listing goes on.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from aecore.config.experiment import Experiment
from aecore.errors import AecoreError, DamagedError, UserError, describe_os_error, nearest
from aecore.files import atomic_write

FORMAT = 1
"""Version of the run directory's format, written into status.json."""


EXPERIMENT, STATUS, METRICS = "experiment.json", "status.json", "metrics.jsonl"


WEIGHTS, RESUME, SNAPSHOTS = "weights.safetensors", "resume.safetensors", "snapshots.safetensors"


EVALUATION, LOG, NOTES = "evaluation.json", "log.txt", "notes.json"


STEPS, LAYERS = "steps.jsonl", "layers.jsonl"


FIGURES, PROJECTIONS, CODES = "figures.safetensors", "projections", "codes.safetensors"


def store_root() -> Path:
    """The folder that holds `gallery/` and `runs/`: `AECORE_STORE`, by default ./checkpoints."""
    return Path(os.environ.get("AECORE_STORE") or "checkpoints").expanduser().absolute()


@dataclass(frozen=True)
class Run:
    """One run directory. Reads each file when asked; holds nothing but its path."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def shipped(self) -> bool:
        """Whether the run ships with the project and is therefore read-only."""
        return self.path.parent.name == "gallery"

    def file(self, name: str) -> Path:
        return self.path / name

    def experiment(self) -> Experiment:
        try:
            return Experiment.parse(self._json(EXPERIMENT))
        except UserError as error:
            raise DamagedError(f"run {self.id}: {EXPERIMENT} holds no valid experiment: {error}") from None

    def status(self) -> dict[str, Any]:
        """What was last written about the run's state; `aecore.runs.state.run_state` says what is true now."""
        return self._json(STATUS)

    def notes(self) -> dict[str, str]:
        """`title` and `note` that its user gave the run; empty texts where there are none."""
        if not self.file(NOTES).exists():
            return {"title": "", "note": ""}
        found = self._json(NOTES)
        texts = {key: found.get(key, "") for key in ("title", "note")}
        if not all(isinstance(text, str) for text in texts.values()):
            raise DamagedError(f"run {self.id}: {NOTES} holds no texts")
        return texts

    def title(self) -> str:
        """What its user calls the run, else what the experiment is called."""
        return self.notes()["title"] or self.experiment().title

    def evaluation(self) -> list[dict[str, Any]]:
        """One entry a corruption, empty while the run has not been evaluated."""
        if not self.file(EVALUATION).exists():
            return []
        entries = self._json(EVALUATION).get("evaluations")
        if not isinstance(entries, list) or not all(map(_is_evaluation, entries)):
            raise DamagedError(f"run {self.id}: {EVALUATION} holds no list of evaluations")
        return entries

    def metrics(self) -> list[dict[str, Any]]:
        """One entry an epoch, in order. After a crash an epoch may have been trained twice: the later one counts."""
        latest = {entry["epoch"]: entry for entry in self.metrics_since(0)[0]}
        return [latest[epoch] for epoch in sorted(latest)]

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The entries of layers.jsonl or steps.jsonl by epoch, the later of two counting; empty without the file."""
        latest = {entry["epoch"]: entry for entry in self.lines_since(name, 0)[0]}
        return [latest[epoch] for epoch in sorted(latest)]

    def metrics_since(self, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Entries of metrics.jsonl from byte `offset` on, and the offset to go on from. A torn last line is left for
        later."""
        return self.lines_since(METRICS, offset)

    def lines_since(self, name: str, offset: int) -> tuple[list[dict[str, Any]], int]:
        """The same of any of the `.jsonl` files."""
        try:
            with self.file(name).open("rb") as file:
                file.seek(offset)
                data = file.read()
        except FileNotFoundError:
            return [], 0
        whole = data[: data.rfind(b"\n") + 1]
        return list(_parsed_lines(whole)), offset + len(whole)

    def snapshots(self) -> dict[str, np.ndarray]:
        """The panel: clean, labels, indices, epochs, reconstructions, and noisy where training was."""
        return self.tensors(SNAPSHOTS)

    def tensors(self, name: str) -> dict[str, np.ndarray]:
        try:
            return safetensors.numpy.load_file(self.file(name))
        except FileNotFoundError:
            raise DamagedError(f"run {self.id} has no {name}") from None
        except (safetensors.SafetensorError, OSError, KeyError, ValueError) as error:
            raise DamagedError(f"run {self.id}: {name} cannot be read: {error}") from None

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        atomic_write(self.file(name), (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())

    def write_status(self, **changes: Any) -> dict[str, Any]:
        """Merge `changes` into status.json and return the whole."""
        status: dict[str, Any]
        try:
            status = self.status()
        except DamagedError:
            status = {"format": FORMAT}
        status |= {**changes, "updated": now()}
        self.write_json(STATUS, status)
        return status

    def append(self, name: str, entry: Mapping[str, Any]) -> None:
        """Add a line to one of the `.jsonl` files: one `write` of a whole line, on a new line even where a crash
        had left half of one."""
        line = json.dumps(entry, allow_nan=False).encode() + b"\n"
        with self.file(name).open("ab+") as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
                if file.read(1) != b"\n":
                    line = b"\n" + line
            file.write(line)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of the worker's output, empty if it said nothing."""
        try:
            with self.file(LOG).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 16384))
                return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def _json(self, name: str) -> dict[str, Any]:
        return read_table(self.file(name), f"run {self.id}")


@dataclass(frozen=True)
class Store:
    """The folder of runs: `gallery/` ships with the project, `runs/` is the user's."""

    root: Path

    @classmethod
    def default(cls) -> Store:
        return cls(store_root())

    def runs(self) -> list[Run]:
        """Every run directory, shipped ones first, then the newest. A directory counts, whatever is in it."""
        found = []
        for shelf in ("gallery", "runs"):
            with contextlib.suppress(FileNotFoundError), os.scandir(self.root / shelf) as entries:
                names = [entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
                names = sorted(names) if shelf == "gallery" else sorted(names, key=_by_time, reverse=True)
                found += [Run(self.root / shelf / name) for name in names]
        return found

    def find(self, reference: str) -> Run:
        """The run of that id, of that unique prefix, or at that path inside or outside the store.

        Raises `UserError` for no or several such runs, and for a path that is no run directory.
        """
        runs = {run.id: run for run in self.runs()}
        if reference in runs:
            return runs[reference]
        if os.sep in reference or reference.startswith("."):
            path = Path(reference).expanduser()
            if (path / EXPERIMENT).is_file():
                return Run(path.resolve())
            raise UserError(f"there is no run at '{reference}': a run directory holds {EXPERIMENT}")
        matching = [name for name in runs if reference and name.startswith(reference)]
        if len(matching) == 1:
            return runs[matching[0]]
        if matching:
            shown = ", ".join(matching[:3]) + (" …" if len(matching) > 3 else "")
            raise UserError(f"'{reference}' fits {len(matching)} runs: {shown}")
        raise UserError(f"there is no run '{reference}': {nearest(reference, list(runs)[:20])}")

    def listed(self, run_id: str) -> Run | None:
        """The run with exactly this id, for ids that come from outside; never a path or a prefix."""
        if not run_id or run_id.startswith(".") or Path(run_id).name != run_id:
            return None
        for shelf in ("gallery", "runs"):
            with contextlib.suppress(OSError, ValueError):  # too long for a name, or no text that could be one
                if (self.root / shelf / run_id).is_dir():
                    return Run(self.root / shelf / run_id)
        return None

    def create(self, experiment: Experiment) -> Run:
        """A new directory under `runs/` with the experiment in it; the id says what and when."""
        base = timed_id(experiment.title)
        try:
            (self.root / "runs").mkdir(parents=True, exist_ok=True)
            for attempt in range(1, 1000):
                run = Run(self.root / "runs" / (base if attempt == 1 else f"{base}-{attempt}"))
                with contextlib.suppress(FileExistsError):
                    run.path.mkdir()
                    run.write_json(EXPERIMENT, experiment.model_dump(mode="json"))
                    return run
        except OSError as error:
            raise AecoreError(describe_os_error(error, "a new run directory")) from None
        raise AecoreError(f"could not find a free name for a run in {self.root / 'runs'}")


def timed_id(title: str) -> str:
    """An id for a new run: what, then when."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:48] or "run"
    return f"{slug}-{time.strftime('%Y%m%d-%H%M%S')}"


def now() -> str:
    """The time as ISO 8601 in UTC, to the millisecond."""
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


def read_table(path: Path, whose: str) -> dict[str, Any]:
    """A JSON file that holds a table. Raises `DamagedError` for any other and for none, saying `whose` it is."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DamagedError(f"{whose} has no {path.name}") from None
    except (OSError, ValueError) as error:
        raise DamagedError(f"{whose}: {path.name} cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise DamagedError(f"{whose}: {path.name} holds no table")
    return value


def _parsed_lines(data: bytes) -> Iterator[dict[str, Any]]:
    for entry in _entries(data.splitlines()):
        if isinstance(entry, dict) and isinstance(entry.get("epoch"), (int, float)):
            yield entry


def _entries(lines: list[bytes]) -> Iterator[Any]:
    """What stands on the lines; a line that is no JSON is left out."""
    try:
        # All at once takes a third of the time. Only as many entries as lines prove that each line holds its own.
        entries = json.loads(b"[" + b",".join(lines) + b"]")
        if len(entries) == len(lines):
            yield from entries
            return
    except ValueError:
        pass
    for line in lines:
        with contextlib.suppress(ValueError):
            yield json.loads(line)


def _is_evaluation(entry: Any) -> bool:
    """Whether an entry has what every reader of evaluations relies on."""
    metrics = {"mse", "psnr_db", "ssim", "snr_db"}
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("corruption"), str)
        and isinstance(entry.get("n"), int)
        and all(isinstance(entry.get(key), dict) and metrics <= set(entry[key]) for key in ("metrics", "noisy_input"))
    )


@lru_cache(100_000)
def _by_time(name: str) -> tuple[str, int, str]:
    """Sort key: the time in the id, then the number of a same-second twin, then the name."""
    found = re.search(r"-(\d{8}-\d{6})(?:-(\d+))?$", name)
    return (found[1], int(found[2] or 1), name) if found else ("", 0, name)


def root_of(run: Run) -> Path:
    """The store a run lies in, or the default one for a run that lies elsewhere."""
    shelf = run.path.parent
    return shelf.parent if shelf.name in ("runs", "gallery") else Store.default().root
