"""A run: one directory, readable by anything that reads JSON and safetensors.

The format is documented in docs/run-format.md. Every file appears whole or not at all: it is written under a
temporary name, flushed to the disk and renamed. `metrics.jsonl` only grows, and its readers skip a torn last
line. Reading a damaged file raises `DamagedError`.

What lists runs alone needs no NumPy, no catalogue and, where it knows them, no schema of the experiments: they are
imported where they are needed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aecore.errors import AecoreError, DamagedError, OutdatedError, UserError
from aecore.files import reason
from aecore.runs import sums
from aecore.runs.asked import Asked
from aecore.runs.json_files import (
    SAMPLES,
    append_line,
    is_long,
    json_bytes,
    read_lines,
    read_table,
    sampled_lines,
    update_status,
    write_table,
)
from aecore.runs.records import Entries, Table, evaluations_of, notes_of, status_of
from aecore.runs.remembered import once

if TYPE_CHECKING:
    import numpy as np

    from aecore.config.experiment import Experiment
    from aecore.data.image_set import ImageInfo

FORMAT = 1
"""Version of the run directory's format, written into status.json."""
EXPERIMENT, STATUS, METRICS = "experiment.json", "status.json", "metrics.jsonl"
WEIGHTS, RESUME, SNAPSHOTS = "weights.safetensors", "resume.safetensors", "snapshots.safetensors"
EVALUATION, LOG, NOTES = "evaluation.json", "log.txt", "notes.json"
MEASURES, MEASURED_IMAGES = "measures.json", "measures.safetensors"
SEEDS, LOGGED, ROBUSTNESS = "seeds.json", "logged.safetensors", "robustness.json"
STEPS, LAYERS = "steps.jsonl", "layers.jsonl"
FIGURES, PROJECTIONS, CODES = "figures.safetensors", "projections", "codes.safetensors"
EPOCH_CODES = "epoch_codes.safetensors"
UNKNOWN_IMAGES = "unknown"
"""The image set of a run that another tool recorded, of which nobody said what it was trained on."""
IMPORTED, CANDIDATES = "imported.safetensors", "candidates.safetensors"
_NAME = re.compile("[a-z0-9-]+")
"""Of a set of the catalogue; paths have other characters."""
NO_NOTES = {"title": "", "note": "", "group": ""}
"""What notes.json holds, for a run without one."""


@dataclass(frozen=True)
class Run:
    """One run directory. Holds nothing but its path; each file is read when asked for."""

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
        return self._valid(self._experiment_table())

    def asked(self) -> Asked:
        """What lists show of the experiment, which is validated for it unless this content was before
        (`aecore.runs.remembered`). Raises what `experiment` does."""
        table = self._experiment_table()
        return Asked(**once("experiment", table, lambda: Asked.of(self._valid(table))._asdict()))

    def _experiment_table(self) -> dict[str, Any]:
        self.check(EXPERIMENT)
        return self._with_size(self._table(EXPERIMENT))

    def _valid(self, table: dict[str, Any]) -> Experiment:
        try:
            return _experiment(json.dumps(table))
        except UserError as error:
            raise DamagedError(f"run {self.id}: {EXPERIMENT} does not hold a valid experiment: {error}") from None

    def settings(self) -> dict[str, Any]:
        """The settings that are known, by dotted key. Of a run that was not trained here those of training are not, and
        of a network that another program made only its kind, its range and the size of its code."""
        experiment, status = self.experiment(), self.status()
        unknown = ("training.",) if status.get("imported") or status.get("recorded") else ()
        if experiment.model.external:
            unknown += ("model.",)
        if (status.get("recorded") or {}).get("source"):
            unknown += ("corruption", "evaluation.")
        kept = ("model.kind", "model.range", *(("model.bottleneck.size",) if experiment.model.has_code else ()))
        return {key: value for key, value in experiment.flat().items() if key in kept or not key.startswith(unknown)}

    def _with_size(self, table: dict[str, Any]) -> dict[str, Any]:
        """The experiment of a run from before data.size, when images of one's own that were large became 64×64."""
        asked = table.get("data")
        if not isinstance(asked, dict) or "size" in asked or _NAME.fullmatch(str(asked.get("name", ""))):
            return table
        from aecore.data.custom.source import is_path

        if not is_path(str(asked.get("name", ""))):
            return table
        with contextlib.suppress(AecoreError, AttributeError):
            if list((self.status().get("data") or {}).get("image_shape", ()))[1:] == [64, 64]:
                return table | {"data": asked | {"size": 64}}
        return table

    def status(self) -> Table:
        """The status as it was last written, without what no reader could use, which its `dropped` names;
        `aecore.runs.state.run_state` checks it against the process."""
        return status_of(self._table(STATUS))

    def owner(self) -> str:
        """The name of the person who made it; empty for the owner of the store, and where that cannot be read."""
        with contextlib.suppress(DamagedError):
            return str(self.status().get("owner") or "")
        return ""

    def give_to(self, name: str) -> None:
        """Make somebody its owner."""
        if self.owner() != name:
            self.write_status(owner=name or None)

    def image_info(self) -> ImageInfo:
        """What the run's images are: as its status records it, for older runs as the catalogue has it.

        Raises `UserError` where neither knows their shape.
        """
        recorded, asked = self.status().get("data"), self.experiment().data
        known = dict(recorded) if isinstance(recorded, dict) and len(recorded.get("image_shape", ())) == 3 else {}
        if not {"title", "image_shape", "classes", "citation"} <= known.keys():
            from aecore.data.catalogue import data_set

            try:
                known = data_set(asked.source).info.as_json() | known
            except AecoreError as error:
                if not known:
                    raise UserError(f"run {self.id} does not record what its images are: {error}") from None
        from aecore.data.image_set import ImageInfo

        channels, height, width = map(int, known["image_shape"])
        classes = tuple(map(str, known.get("classes", ())))
        title, citation = str(known.get("title", asked.name)), str(known.get("citation", ""))
        return ImageInfo(asked.name, title, (channels, height, width), classes, citation)

    def notes(self) -> dict[str, str]:
        """`title`, `note` and `group` that its user gave the run; empty strings where there are none."""
        if not os.path.lexists(self.file(NOTES)):
            return dict(NO_NOTES)
        found = notes_of(self._table(NOTES))
        if found.dropped:
            raise DamagedError(f"run {self.id}: {NOTES} holds a title, note or group that is not text")
        return {key: found.get(key, "") for key in NO_NOTES}

    def title(self) -> str:
        """The title that its user gave the run, else the one that it was submitted under, else the experiment's."""
        submitted_as = ""
        with contextlib.suppress(DamagedError):  # the experiment suffices
            submitted_as = submitted_title(self.status())
        return self.notes()["title"] or submitted_as or self.experiment().title

    def evaluation(self) -> Entries[dict[str, Any]]:
        """One entry for each corruption, none while the run has not been evaluated; its `dropped` names those that no
        reader could use, and those of other weights than the run has now are left out."""
        if not os.path.lexists(self.file(EVALUATION)):
            return Entries()
        self.check(EVALUATION)
        entries = self._table(EVALUATION).get("evaluations")
        if not isinstance(entries, list):
            raise DamagedError(f"run {self.id}: {EVALUATION} does not hold a list of evaluations")
        return evaluations_of(entries, lambda: sums.digests(self.path, WEIGHTS))

    def metrics(self) -> list[dict[str, Any]]:
        """One entry an epoch, in order. After a crash an epoch may have been trained twice: the later one counts."""
        return self.lines(METRICS)

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The entries of a `.jsonl` file by epoch, of two for one epoch the later; none without the file."""
        return _by_epoch(self.lines_since(name, 0)[0])

    def course(self, name: str = METRICS, samples: int = SAMPLES) -> list[dict[str, Any]]:
        """`lines` of a run of usual length; of a very long one so many entries, among them the first and the last."""
        path = self.file(name)
        self.check(name)
        try:
            return _by_epoch(sampled_lines(path, samples)) if is_long(path, samples) else self.lines(name)
        except OSError as error:
            raise DamagedError(f"run {self.id}: {name} cannot be read: {reason(error)}") from None

    def metrics_since(self, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Entries of metrics.jsonl from byte `offset` on, and the offset to continue from. A torn last line is left
        for later."""
        return self.lines_since(METRICS, offset)

    def lines_since(self, name: str, offset: int) -> tuple[list[dict[str, Any]], int]:
        """The same of any of the `.jsonl` files; one that is read from its beginning is checked."""
        if offset == 0:
            self.check(name)
        try:
            return read_lines(self.file(name), offset)
        except OSError as error:
            raise DamagedError(f"run {self.id}: {name} cannot be read: {reason(error)}") from None

    def snapshots(self) -> dict[str, np.ndarray]:
        """The panel: clean and noisy images uint8 (N, C, H, W), the latter where the run has a corruption; labels and
        indices (N,), epochs (E,), reconstructions uint8 (E, N, C, H, W)."""
        from aecore.runs.tensor_files import check_panel

        arrays = self.tensors(SNAPSHOTS)
        try:
            check_panel(arrays)
        except ValueError as error:
            raise DamagedError(f"run {self.id}: {SNAPSHOTS} cannot be read: {error}") from None
        return arrays

    def tensors(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of a safetensors file by name."""
        from aecore.runs.tensor_files import read_tensors

        self.check(name)
        return read_tensors(self.file(name), f"run {self.id}", all_finite=name == WEIGHTS)

    def check(self, name: str) -> None:
        """Raise `DamagedError` where a file has changed since it was written; one without a sum is not checked."""
        sums.check(self.path, name, f"run {self.id}")

    def check_made_from(self, name: str, weights: object) -> None:
        """Raise `OutdatedError` where a file says that it was made from other weights than the run has now."""
        if weights and (known := sums.digests(self.path, WEIGHTS)) and weights not in known:
            raise OutdatedError(f"run {self.id}: {name} was made from other weights than the run has now")

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Replace a JSON file as a whole, and its sum if it is one of those that numbers depend on."""
        if name in sums.SUMMED:
            self.write_files({name: json_bytes(value)})
        else:
            write_table(self.file(name), value)

    def write_files(self, contents: Mapping[str, bytes]) -> None:
        """Replace files as a whole, and their sums."""
        sums.write_files(self.path, contents)

    def write_status(self, **changes: Any) -> dict[str, Any]:
        """Merge `changes` into status.json and return the whole."""
        return update_status(self.file(STATUS), f"run {self.id}", changes, empty={"format": FORMAT})

    # What a run can be used for stands in rooms above this one. They are opened here, by name, only when they are asked
    # for, so that whoever reads runs does not load torch.

    def model(self) -> Any:
        """The run's network with its last saved weights on the CPU: `aecore.load_model`."""
        return import_module("aecore.inference").load_model(self)

    def codes(self) -> np.ndarray:
        """The codes of all test images without corruption, float32 (N, n), in the order of the image set. Raises
        `UserError` where the network has no code."""
        return import_module("aecore.inference").clean_codes(self)

    def evaluate(self, corruption: str = "none", device: str = "auto") -> dict[str, Any]:
        """The whole test set measured under a corruption such as "gaussian:0.2", as evaluation.json holds an entry. It
        is not saved: `aecore evaluate RUN` does that."""
        inference, config = import_module("aecore.inference"), import_module("aecore.config.corruption")
        return inference.open_run(self, device).evaluate(config.Corruption.parse(corruption))

    def measure(self, device: str = "auto") -> Any:
        """What its code is worth, measured and saved: `aecore.measure`."""
        return import_module("aecore.measures").measure(self, device)

    def frame(self, name: str = METRICS) -> Any:
        """The entries of metrics.jsonl, or of another of the `.jsonl` files, as a pandas table by epoch. Raises
        `UserError` where pandas is missing."""
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise UserError("a table needs pandas: pip install pandas; run.metrics() is the same as a list") from None
        entries = self.lines(name)
        return pandas.DataFrame(entries).set_index("epoch") if entries else pandas.DataFrame()

    def append(self, name: str, entry: Mapping[str, Any]) -> None:
        """Add a line to one of the `.jsonl` files."""
        append_line(self.file(name), entry)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of the worker's output; empty where there is none."""
        try:
            with self.file(LOG).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 16384))
                return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def _table(self, name: str) -> dict[str, Any]:
        return read_table(self.file(name), f"run {self.id}")


@lru_cache(maxsize=512)
def _experiment(text: str) -> Experiment:
    """Kept, as pages ask for the same ones many times; an experiment is never changed."""
    from aecore.config.experiment import Experiment  # pydantic's schemas

    return Experiment.parse(json.loads(text))


def submitted_title(status: Mapping[str, Any]) -> str:
    """The title under which a run was submitted, from its status; empty for runs older than such titles."""
    title = status.get("title")
    return title if isinstance(title, str) else ""


def _by_epoch(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    latest = {entry["epoch"]: entry for entry in entries}
    return [latest[epoch] for epoch in sorted(latest)]
