"""A sweep as files: its runs as CSV, its definition as TOML for the command line."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from aecore.config.experiment import difference
from aecore.errors import AecoreError
from aecore.format import csv_cell
from aecore.metrics.measure_names import NAMED
from aecore.presets import preset
from aecore.sweeps.definition import MEASURED, Range, Sweep, format_setting
from aecore.sweeps.statistics import measured_under
from aecore.sweeps.store import Row


def csv_text(sweep: Sweep, rows: Sequence[Row]) -> str:
    """One line per run: its settings, then every metric under every corruption, as `mse (gaussian:0.2)`."""
    under = measured_under(rows)
    metrics = [(goal, each) for each in under for goal in MEASURED if any(_has(row, goal, each) for row in rows)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    fixed = [
        "run",
        *sweep.vary,
        "seed",
        "state",
        "trained_with",
        "epoch",
        "seconds",
        "device",
        "train_loss",
        "test_loss",
    ]
    measures = [name for name in NAMED if any(name in row.measures for row in rows)]
    writer.writerow([*fixed, *(f"{goal} ({each})" for goal, each in metrics), *measures])
    for row in rows:
        values = [_cell(row.values.get(key)) for key in sweep.vary]
        about = [row.seed, row.state, row.corruption, row.epoch, row.seconds, row.device, row.train_loss, row.test_loss]
        scores = [row.score(goal, each) for goal, each in metrics]
        scores += [row.measures.get(name) for name in measures]
        writer.writerow([row.run, *map(csv_cell, [*values, *about, *scores])])
    return out.getvalue()


def _has(row: Row, goal: str, under: str) -> bool:
    return row.score(goal, under) is not None


def _cell(value: Any) -> Any:
    return format_setting(value) if isinstance(value, list | tuple) else value


def toml_text(sweep: Sweep) -> str:
    """The definition as a file for `python -m aecore sweep FILE.toml`, in short form if a preset and a few changes
    describe it completely."""
    short = _text(sweep, _based(sweep))
    try:
        if Sweep.parse(tomllib.loads(short)).as_json() == sweep.as_json():
            return short
    except AecoreError:
        pass
    return _text(sweep, {"experiment": _without_null(sweep.experiment.model_dump(mode="json"))})


def _based(sweep: Sweep) -> dict[str, Any]:
    try:
        base = preset(sweep.experiment.preset).experiment
    except AecoreError:
        return {}
    changes = {key: after for key, (_, after) in difference(base, sweep.experiment).items() if after is not None}
    return {"base": sweep.experiment.preset} | ({"set": changes} if changes else {})


def _text(sweep: Sweep, base: Mapping[str, Any]) -> str:
    counted = sweep.seeds == tuple(range(len(sweep.seeds)))
    top: dict[str, Any] = {
        "name": sweep.name,
        **{key: value for key, value in base.items() if not isinstance(value, Mapping)},
        "method": sweep.method,
        **({} if sweep.method == "grid" else {"trials": sweep.trials}),
        "seeds": len(sweep.seeds) if counted else list(sweep.seeds),
        "goal": sweep.goal,
        "under": sweep.under,
    }
    lines = [f"{name} = {_toml(value)}" for name, value in top.items()]
    for name, table in base.items():
        if isinstance(table, Mapping):
            lines += _table(name, table)
    return "\n".join([*lines, *_vary(sweep), ""])


def _vary(sweep: Sweep) -> list[str]:
    """The values by setting; TOML cannot express null, so a comment says so."""
    lines = ["", "[vary]"]
    for key, values in sweep.vary.items():
        if isinstance(values, tuple) and None in values:
            lines.append(f"# {key}: its default is one of the values too, which TOML cannot express")
            values = tuple(value for value in values if value is not None)
        if values:
            lines.append(f"{_key(key)} = {_toml(values)}")
    return lines


def _table(name: str, values: Mapping[str, Any]) -> list[str]:
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    lines = ["", f"[{name}]", *(f"{_key(key)} = {_toml(value)}" for key, value in plain.items())]
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines += _table(f"{name}.{key}", value)
    return lines


def _key(key: str) -> str:
    return json.dumps(key) if "." in key else key


def _toml(value: Any) -> str:
    """Numbers, strings and lists are written in TOML as in JSON."""
    if isinstance(value, Range):
        inside = ", ".join(f"{name} = {json.dumps(found)}" for name, found in value.model_dump().items() if found)
        return f"{{ {inside} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _without_null(values: Mapping[str, Any]) -> dict[str, Any]:
    """Drop nulls, which TOML does not have: a missing setting takes its default, null wherever that is allowed."""
    return {
        key: _without_null(value) if isinstance(value, Mapping) else value
        for key, value in values.items()
        if value is not None
    }
