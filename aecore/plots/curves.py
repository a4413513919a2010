"""Training as curves: losses, learning rate, code units, layers, and several runs over one another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from aecore.errors import UserError
from aecore.format import drawable
from aecore.metrics.code_units import ACTIVE_VARIANCE
from aecore.plots.panels import Panel, line, stack
from aecore.plots.resolve import Lines, RunLike, marked_title, read_lines, resolve_run
from aecore.plots.style import PALETTE
from aecore.runs.run import LAYERS, METRICS, STEPS, Run
from aecore.runs.thin import smooth, thin, thin_curve

METRIC_TITLES = {
    "test_loss": "Test loss",
    "train_loss": "Training loss",
    "wrong_digit_rate": "Wrong digits",
    "active_units": "Active code units",
    "dead_units": "Dead code units",
    "used_vectors": "Vectors in use",
    "train_penalty": "Penalty on the code",
    "images_per_s": "Images per second",
    "lr": "Learning rate",
}
"""The fields of metrics.jsonl that runs can be compared in."""
AXIS_TITLES = {"epoch": "Epoch", "share": "Share of training (%)", "seconds": "Training time (s)"}
MOST_OWN = 12
"""The largest number of a recorded loop's own values with a curve each."""
MOST_UNITS = 10
"""The largest number of code units with a line each."""
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def loss_curves(*runs: RunLike, read: Lines = read_lines) -> go.Figure:
    """The losses of a run by epoch, with its learning rate and its dead code units, or of a VAE its active ones, below;
    for several runs, their test losses overlaid.

    Takes ids, paths or runs. Raises `UserError` where there is no such run, or none that has finished an epoch.
    """
    found = [resolve_run(run) for run in runs]
    if not found:
        raise UserError("loss_curves needs at least one run: its id, its path or the run itself")
    if len(found) > 1:
        return metric_curves(*found, read=read)
    run = found[0]
    metrics = metric_lines(run, read)
    if not metrics:
        raise UserError(f"run {run.id} has not finished an epoch yet, so there are no curves")
    points, last = thin(metrics, ("train_loss", "test_loss")), metrics[-1]
    training, recorded = run.experiment().training, run.status().get("recorded")
    counts = "step" if recorded and recorded.get("counts") == "step" else "epoch"
    epochs = run.status().get("epochs") if recorded else training.epochs
    x = [entry["epoch"] for entry in points]

    def of(name: str, field: str, shade: int, step: bool = False) -> dict[str, Any]:
        if recorded:  # a loop may log one value more often than another
            own = thin([entry for entry in metrics if field in entry], (field,))
            return line(name, [entry["epoch"] for entry in own], [entry[field] for entry in own], shade, step=step)
        return line(name, x, [entry.get(field) for entry in points], shade, step=step)

    unit = "mean over pixels" if training.reduction == "mean" else "sum over pixels, per image"
    experiment = run.experiment()
    under = f", {drawable(experiment.corruption.of('images'))}" if experiment.corruption.active else ""
    losses = [of("training loss", "train_loss", 0), of("test loss", "test_loss", 1)]
    panels = [Panel(f"Loss ({unit})", 220, losses, log=True)]
    if recorded:
        logged = [
            trace for trace, name in zip(losses, ("train_loss", "test_loss"), strict=True) if _logged(metrics, name)
        ]
        panels = [Panel("Loss", 220, logged, log=True)] if logged else []
    ours = {} if recorded else last  # what a loop calls the same may be anything, and has a curve of its own
    if "train_kl" in ours:
        parts = [
            of("reconstruction, training", "train_reconstruction", 0),
            of("reconstruction, test", "test_reconstruction", 1),
            of("KL, training", "train_kl", 4),
            of("KL, test", "test_kl", 5),
        ]
        panels.append(Panel("Error and KL divergence", 140, parts, log=True))
    if "train_penalty" in ours:
        penalty = [of("penalty", "train_penalty", 6)]
        panels.append(Panel("Penalty on the code, training", 72, penalty, log=True))
    if "wrong_digit_rate" in ours:
        wrong = [None if (rate := entry.get("wrong_digit_rate")) is None else 100 * rate for entry in points]
        panels.append(Panel("Wrong digits (% of the test set)", 72, [line("wrong digits", x, wrong, 6)]))
    if not recorded or _logged(metrics, "lr"):
        panels.append(Panel("Learning rate", 56, [of("learning rate", "lr", 2, step=True)], log=True))
    if "used_vectors" in ours:
        used = [of("vectors in use", "used_vectors", 3, step=True)]
        panels.append(Panel("Vectors of the codebook in use", 48, used, counts=True))
    elif "active_units" in ours:
        panels.append(Panel("Active code units", 48, [of("active units", "active_units", 3, step=True)], counts=True))
    elif "dead_units" in ours:
        panels.append(Panel("Dead code units", 48, [of("dead units", "dead_units", 3, step=True)], counts=True))
    if recorded:
        own = _own_values(metrics)
        panels += [Panel(drawable(name), 72, [of(name, name, 7 + i)]) for i, name in enumerate(own[:MOST_OWN])]
        if not panels:
            raise UserError(f"run {run.id} has logged no values yet, so there are no curves")
    of_all = f" of {epochs}" if epochs else ""
    return stack(
        panels,
        title=f"Training of {marked_title(run)}{under}",
        alt=f"Loss by {counts} of {marked_title(run)}{under}. At {counts} {last['epoch']}{of_all}: training "
        f"loss {_told(last, 'train_loss')}, test loss {_told(last, 'test_loss')}, "
        f"learning rate {_told(last, 'lr', 3)}.",
        file=f"{run.id}-loss",
        x_title=counts.capitalize(),
        x_name=counts,
        x_range=(min(1, metrics[0]["epoch"]) if recorded else 1, max(epochs or 0, last["epoch"], 2)),
    )


def _logged(metrics: Sequence[Mapping[str, Any]], *names: str) -> bool:
    """Whether any line has a number of one of these names."""
    return any(entry.get(name) is not None for entry in metrics for name in names)


def _own_values(metrics: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of what a recorded loop logged beside losses and learning rate, in the order of their coming."""
    known = {"epoch", "seconds", "train_loss", "test_loss", "lr"}
    return [name for name in dict.fromkeys(name for entry in metrics for name in entry) if name not in known]


def metric_lines(run: Run, read: Lines = read_lines) -> Sequence[dict[str, Any]]:
    """The lines of metrics.jsonl. Of a VAE they have the active code units instead of the dead ones, which count
    nothing: the means of a unit that says nothing still differ a little. Older runs lack them; there they follow from
    the units' spread in layers.jsonl."""
    lines = read(run, METRICS)
    if not run.experiment().model.variational:
        return lines
    spread = {}
    if any("active_units" not in entry for entry in lines):
        spread = {entry["epoch"]: entry.get("code_std") for entry in read(run, LAYERS)}
    found = []
    for entry in lines:
        told = {name: value for name, value in entry.items() if name != "dead_units"}
        deviations = spread.get(entry["epoch"])
        if "active_units" not in told and deviations:
            told["active_units"] = sum(value**2 > ACTIVE_VARIANCE for value in deviations)
        found.append(told)
    return found


def metric_curves(
    *runs: RunLike,
    metric: str = "test_loss",
    axis: str = "epoch",
    smoothing: float = 0.0,
    log: bool = True,
    names: Sequence[str] = (),
    read: Lines = read_lines,
) -> go.Figure:
    """One field of metrics.jsonl for several runs, overlaid.

    `axis` is `epoch`, `share` (percent of the training) or `seconds`; `smoothing`, from 0 to below 1, is the weight of
    the past in an exponential moving average; `names` are the runs' titles unless given. Raises `UserError` for other
    names, and if none of the runs has the field.
    """
    if metric not in METRIC_TITLES or axis not in AXIS_TITLES:
        raise UserError(f"metric is one of {', '.join(METRIC_TITLES)}; axis is one of {', '.join(AXIS_TITLES)}")
    if not 0 <= smoothing < 1:
        raise UserError(f"smoothing lies between 0 and 1, and below 1, not {smoothing:g}")
    found = [resolve_run(run) for run in runs]
    names = [drawable(name) for name in names or [marked_title(run) for run in found]]
    scale = 100 if metric == "wrong_digit_rate" else 1
    traces, ends = [], []
    for i, (run, name) in enumerate(zip(found, names, strict=True)):
        x, y = curve(metric_lines(run, read), metric, axis, smoothing)
        if len(x):
            ends.append(f"{name} {scale * y[-1]:.4g}")
            x, y = thin_curve(x, scale * y)
            # Ten colours; the next ten runs have them once more, with another dash.
            traces.append(line(name, x.tolist(), y.tolist(), i, dash=DASHES[i // len(PALETTE) % len(DASHES)]))
    title = METRIC_TITLES[metric]
    if not traces:
        raise UserError(f"none of these runs has recorded {title.lower()}")
    shown = f"{title} (%)" if scale == 100 else f"{title}, smoothed" if smoothing else title
    return stack(
        [Panel(shown, 300, traces, log=log)],
        title=f"{title} of {len(traces)} runs",
        alt=f"{title} of {len(traces)} runs by {axis}; last values: {', '.join(ends)}.",
        file=f"{metric.replace('_', '-')}-of-{len(traces)}-runs",
        x_title=AXIS_TITLES[axis],
        x_name={"epoch": "epoch", "share": "% of training", "seconds": "seconds"}[axis],
    )


def loss_notes(runs: Sequence[Run]) -> list[str]:
    """What must be said beside losses of several runs: why they may not be held against one another."""
    recorded = [run for run in runs if run.status().get("recorded")]
    notes = []
    if recorded and len(runs) > 1:
        notes.append("Recorded losses are as their loops logged them, each on a scale of its own.")
    if len({(run.status().get("recorded") or {}).get("counts") == "step" for run in runs}) > 1:
        notes.append("In these curves some runs count steps, the others epochs.")
    if len({run.experiment().training.reduction for run in runs if run not in recorded}) > 1:
        notes.append("These losses are on different scales: some are sums over pixels, others means.")
    if len({str(run.experiment().corruption) for run in runs}) > 1:
        notes.append("Each run's loss is measured under its own training corruption, which differs between runs.")
    return notes


def curve(lines: Sequence[Mapping[str, Any]], field: str, axis: str, smoothing: float) -> tuple[np.ndarray, np.ndarray]:
    """One field of metrics.jsonl as (x, y), both (P,): values that are not finite are dropped."""
    known = [entry for entry in lines if isinstance(entry.get(field), int | float) and math.isfinite(entry[field])]
    if axis == "seconds":
        known = [entry for entry in known if isinstance(entry.get("seconds"), int | float)]
    x = np.array([entry["seconds"] if axis == "seconds" else entry["epoch"] for entry in known], float)
    if axis == "share" and lines:
        x = 100 * x / max(entry["epoch"] for entry in lines)
    return x, smooth(np.array([entry[field] for entry in known], float), smoothing)


def step_curves(run: RunLike, *, read: Lines = read_lines) -> go.Figure:
    """Mean training loss and validation loss by step. Raises `UserError` if the run recorded none."""
    run = resolve_run(run)
    known = [entry for entry in read(run, STEPS) if isinstance(entry.get("step"), int)]
    lines = thin(known, ("train_loss", "validation_loss"))
    if not lines:
        raise UserError(f"run {run.id} recorded no losses between its epochs")
    x = [entry["step"] for entry in lines]
    traces = [
        line(name, x, [entry.get(field) for entry in lines], shade)
        for shade, (name, field) in enumerate(
            {"training loss": "train_loss", "validation loss": "validation_loss"}.items()
        )
        if any(field in entry for entry in lines)
    ]
    return stack(
        [Panel("Loss", 200, traces, log=True)],
        title=f"Loss by step of {marked_title(run)}",
        alt=f"Loss by training step of {marked_title(run)}, last {_told(lines[-1], 'train_loss')} at step {x[-1]:,}.",
        file=f"{run.id}-steps",
        x_title="Step",
        x_name="step",
        x_range=(0, max(x[-1], 1)),
    )


def _told(entry: Mapping[str, Any], name: str, digits: int = 4) -> str:
    """A number of a line in words, which may lack it."""
    return f"{entry[name]:.{digits}g}" if isinstance(entry.get(name), (int, float)) else "unknown"


def _spread(entry: Mapping[str, Any]) -> list[float]:
    """The spread of every code unit from a line of layers.jsonl; empty where it has none."""
    found = entry.get("code_std")
    return found if isinstance(found, list) else []


def _change(entry: Mapping[str, Any], name: str) -> float | None:
    """A layer's weight change from a line of layers.jsonl, if it has one."""
    layer = entry["layers"].get(name)
    return layer.get("change") if isinstance(layer, dict) else None


def layer_curves(run: RunLike, *, read: Lines = read_lines) -> go.Figure:
    """The standard deviation of each code unit, the learning rate, and each layer's weight change per epoch.

    Raises `UserError` if the run recorded none of it.
    """
    run = resolve_run(run)
    known = [entry for entry in read(run, LAYERS) if isinstance(entry.get("layers"), dict)]
    lines, rates = thin(known), thin(read(run, METRICS))
    if not lines:
        raise UserError(f"run {run.id} recorded nothing about its layers")
    x = [entry["epoch"] for entry in lines]
    units, names = len(_spread(lines[-1])), list(lines[-1]["layers"])
    panels = []
    if units:
        spread = [
            line(f"unit {i + 1}", x, [_spread(entry)[i] if i < len(_spread(entry)) else None for entry in lines], i)
            for i in range(min(units, MOST_UNITS))
        ]
        panels.append(Panel("Std of each code unit", 170, spread))
    rate = line("learning rate", [r["epoch"] for r in rates], [r.get("lr") for r in rates], 2, step=True)
    panels.append(Panel("Learning rate", 56, [rate], log=True))
    moved = [
        line(name, x, [_change(entry, name) for entry in lines], i, dash="dot" if units else "solid")
        for i, name in enumerate(names)
    ]
    panels.append(Panel("Weight change (RMS)", 170, moved, log=True))
    return stack(
        panels,
        title=f"Code units and layers of {marked_title(run)}",
        alt=f"Standard deviation of {units} code units over the test images, and weight change of {len(names)} layers, "
        f"by epoch, of {marked_title(run)}.",
        file=f"{run.id}-layers",
        x_title="Epoch",
        x_name="epoch",
        x_range=(1, max(2, x[-1])),
    )
