"""The same test images through every run of a sweep, kept in its folder, so that a page needs no run to show them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from aecore.errors import AecoreError, DamagedError
from aecore.files import atomic_write, reason
from aecore.runs.run import Run
from aecore.runs.tensor_files import check_shapes, read_arrays
from aecore.sweeps.store import SweepFolder

if TYPE_CHECKING:
    import numpy as np

PANELS = "panels.safetensors"
MOST_IMAGES = 10
MOST_BYTES = 32_000_000
"""Of all outputs: with more runs there are fewer images, and at last fewer runs."""


class Panels(NamedTuple):
    """Clean images uint8 (P, C, H, W), what went into each run and what came out, uint8 (R, P, C, H, W), and the ids of
    the runs."""

    clean: np.ndarray
    inputs: np.ndarray
    outputs: np.ndarray
    runs: tuple[str, ...]


def collect(runs: Iterable[Run]) -> Panels | None:
    """The last row of each run's panel, of those runs that have the same images as the first; None where none has a
    panel."""
    import numpy as np

    clean, chosen, inputs, outputs, names = None, np.zeros(0, int), [], [], []
    for run in runs:
        try:
            panel = run.snapshots()
        except AecoreError:
            continue
        if not len(panel["reconstructions"]):
            continue
        if clean is None:
            clean = panel["clean"]
            chosen = np.arange(0, len(clean), max(len(clean) // MOST_IMAGES, 1))[:MOST_IMAGES]
        if panel["clean"].shape != clean.shape or not np.array_equal(panel["clean"], clean):
            continue
        if (len(names) + 1) * clean[chosen].size > MOST_BYTES:
            break
        inputs.append(panel.get("noisy", panel["clean"])[chosen])
        outputs.append(panel["reconstructions"][int(np.argmax(panel["epochs"]))][chosen])
        names.append(run.id)
    if clean is None or not names:
        return None
    return Panels(clean[chosen], np.stack(inputs), np.stack(outputs), tuple(names))


def write_panels(folder: SweepFolder, runs: Iterable[Run]) -> None:
    """Keep the panels of these runs with the sweep. Raises `OSError`."""
    import numpy as np
    import safetensors.numpy

    found, before = collect(runs), None
    if found is None:
        return
    with contextlib.suppress(DamagedError):  # it is made anew
        before = read_panels(folder)
    if before is not None and np.array_equal(before.clean, found.clean):  # of runs that were deleted since
        rows = [row for row, run in enumerate(before.runs) if run not in found.runs]
        found = Panels(
            found.clean,
            np.concatenate([found.inputs, before.inputs[rows]]),
            np.concatenate([found.outputs, before.outputs[rows]]),
            (*found.runs, *(before.runs[row] for row in rows)),
        )
    arrays = {"clean": found.clean, "inputs": found.inputs, "outputs": found.outputs}
    atomic_write(folder.file(PANELS), safetensors.numpy.save(arrays, {"runs": json.dumps({"runs": found.runs})}))


def read_panels(folder: SweepFolder) -> Panels | None:
    """What was kept with the sweep, None where nothing was. Raises `DamagedError` for a file that holds something
    else."""
    try:
        arrays, table = read_arrays(folder.file(PANELS), "runs")
        names = table.get("runs")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValueError("it does not say whose images it holds")
        check_shapes(arrays, {"clean": (None, None, None, None)})
        whole = (len(names), *arrays["clean"].shape)
        check_shapes(arrays, {"inputs": whole, "outputs": whole})
        if any(arrays[name].dtype.name != "uint8" for name in ("clean", "inputs", "outputs")):
            raise ValueError("its images are not bytes")
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DamagedError(f"sweep {folder.id}: {PANELS} cannot be read: {reason(error)}") from None
    return Panels(arrays["clean"], arrays["inputs"], arrays["outputs"], tuple(names))
