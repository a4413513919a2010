"""What the form of a new experiment holds, read from the session and not from the widgets as they are drawn.

So the errors are known before the first widget is drawn, and a click on Start acts on what was typed just before it.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import streamlit as st
from pydantic.fields import FieldInfo

from aecore import jobs
from aecore.config.base import type_of
from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment, fields
from aecore.config.labels import label_of
from aecore.config.model import Conv
from aecore.data.catalogue import CATALOGUE
from aecore.data.custom.source import is_path
from aecore.errors import AecoreError, UserError
from aecore.metrics.unused import applies
from aecore.models.architecture import plan
from aecore.models.layer import Plan
from aecore.presets import presets
from dashboard import limits
from dashboard.train.own_images import Read, read_images
from dashboard.widgets.lost import CLAMPED, FIRST, lost_in

OWN = "Your own images…"
FIELDS: dict[str, FieldInfo] = {name: field for name, field in fields() if name not in ("preset", "sweep")}
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Form:
    """The settings as they stand in the form."""

    values: dict[str, Any]
    """Plain data by dotted key."""
    problems: dict[str, str]
    """What is wrong, by the setting's dotted key; under `""` what no single setting is to blame for."""
    experiment: Experiment | None = None
    """None while anything is wrong or missing."""
    read: Read | None = None
    """The images, where they can be read."""
    solved: Plan | None = None
    """The layers, where they can be solved."""

    def applies(self, name: str) -> bool:
        return applies(name, self.values)

    @property
    def problem(self) -> str:
        """The first problem as one line, with the setting's label."""
        for name, text in self.problems.items():
            return f"{label_of(name)}: {text}" if name else text
        return ""


def base_of(preset: str) -> Experiment:
    """What the form of a preset starts with."""
    return limits.within_limits(presets()[preset].experiment)


def form_key(preset: str) -> str:
    """What the keys of that form's widgets begin with."""
    return f"form:{preset}"


def read_form(
    base: Experiment, key: str, device: str = "auto", refused: Mapping[str, str] = MappingProxyType({})
) -> Form:
    """The form whose widgets have keys that begin with `key`; what was not touched is as in `base`. `refused` says what
    is wrong with what a link wants in a field that cannot hold it."""
    now = base.flat()
    values, problems, missing = dict(now), {}, False
    for name, field in FIELDS.items():
        try:
            values[name] = _value(name, field, now[name], key)
        except UserError as error:
            problems[name] = str(error)
    if values["data.name"] == "":
        values["data.name"], missing = now["data.name"], True
    for name, field in FIELDS.items():
        if applies(name, now) and not applies(name, values):
            values[name] = field.get_default(call_default_factory=True)
            problems.pop(name, None)
    problems |= {name: text for name, text in base.problems(values).items() if name not in problems}
    problems |= {name: text for name, text in refused.items() if applies(name, values)}
    if problems:
        return Form(values, problems)
    return _checked(base.changed(values), values, device, missing)


def _checked(experiment: Experiment, values: dict[str, Any], device: str, missing: bool) -> Form:
    """What only shows once the images are known: whether the layers fit them, and whether it can be trained here."""
    read, solved = None, None
    try:
        read = read_images(experiment.data.source)
        solved = plan(experiment.model, read.about.image_shape)
        jobs.check(experiment, device)
    except AecoreError as error:
        name, _, text = str(error).partition(": ")
        found = {name: text} if name in FIELDS else {"": str(error)}
        return Form(values, found, None, read, solved)
    return Form(values, {}, None if missing else experiment, read, solved)


def widget_value(name: str, field: FieldInfo, value: Any) -> Any:
    """A setting's plain value as its widget holds it: numbers as float, lists as text."""
    kind, _ = type_of(field)
    if kind in (int, float):
        return None if value is None else float(value)
    if kind is bool or kind is str or typing.get_origin(kind) is typing.Literal:
        return value
    return ", ".join(map(str, value or []))


def _value(name: str, field: FieldInfo, now: Any, key: str) -> Any:
    """A setting's plain value from its widgets' state. Raises `UserError` for what is not a value of its kind."""
    state, kind = st.session_state, type_of(field)[0]
    if kind is Corruption:
        return _corruption(now, f"{key}:{name}")
    if name == "data.name":
        return chosen_images(now, f"{key}:{name}")
    held = state.get(f"{key}:{name}", widget_value(name, field, now))
    if kind in (int, float):
        return _number(held, kind)
    if isinstance(held, str) and not (kind is str or typing.get_origin(kind) is typing.Literal):
        return _listed(held, field)
    return held


def _number(held: float | None, kind: type) -> float | int | None:
    if held is None or kind is float:
        return held
    return int(held) if float(held).is_integer() else held  # the definition says that it should be an integer


def _listed(text: str, field: FieldInfo) -> list[Any] | None:
    """A list from text with commas: widths of layers, convolutions, steps or corruptions in their written form."""
    kind, optional = type_of(field)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        return None if optional else []
    if {Corruption, Conv, str} & {_plain_type(each) for each in typing.get_args(kind)}:
        return parts
    try:
        return [int(part) for part in parts]
    except ValueError:
        raise UserError(f"should be integers separated by commas, got '{text}'") from None


def _plain_type(kind: Any) -> Any:
    """The type under an `Annotated`."""
    return typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Annotated else kind


def chosen_images(now: str, key: str) -> str:
    """A set of the catalogue, or the path of one's own images; empty where none was named yet."""
    picked = st.session_state.get(key, now if now in CATALOGUE else OWN)
    if picked != OWN:
        return picked
    path = str(st.session_state.get(f"{key}:path", "" if now in CATALOGUE else now) or "").strip()
    return path if not path or is_path(path) else f"./{path}"


def corruption_parts(now: str, key: str) -> dict[str, Any]:
    """The corruption's settings as their widgets hold them."""
    base = Corruption.parse(now)
    start = {
        "lost": lost_in(base),
        "kind": "gaussian" if base.kind == "none" else base.kind,
        "level": base.level or FIRST["level"],
        "lowest": base.lowest,
        "clamp": base.clamp,
        "occlusion": "square" if base.occlusion == "none" else base.occlusion,
        "size": float(base.size or 8),
        "blur": base.blur or FIRST["blur"],
        "downscale": float(base.downscale or FIRST["downscale"]),
        "jpeg": float(base.jpeg or FIRST["jpeg"]),
        "once": base.once,
    }
    return {name: st.session_state.get(f"{key}:{name}", value) for name, value in start.items()}


def _corruption(now: str, key: str) -> dict[str, Any]:
    """The corruption as plain data, from the widgets that apply. Raises `UserError` for a strength of none."""
    held = corruption_parts(now, key)
    lost, kind = held["lost"], held["kind"]
    made: dict[str, Any] = {"grey": "grey" in lost}
    if "noise" in lost:
        made |= {"kind": kind, "level": held["level"], "clamp": held["clamp"] and kind in CLAMPED}
        if kind == "gaussian":
            made["lowest"] = held["lowest"]
    if "hole" in lost:
        made |= {"occlusion": held["occlusion"], "size": _number(held["size"], int)}
    for name in ("blur", "downscale", "jpeg"):
        if name in lost:
            if not held[name]:  # 0 would mean none of it
                raise UserError(f"{name} needs a number above 0")
            made[name] = held[name] if name == "blur" else _number(held[name], int)
    made["once"] = bool(held["once"] and lost)
    return made
