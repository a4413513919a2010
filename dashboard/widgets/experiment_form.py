"""A form generated from the definition of an experiment: one widget per field."""

from __future__ import annotations

import typing
from itertools import groupby
from typing import Any, Literal

import annotated_types
import streamlit as st
from pydantic.fields import FieldInfo

from aecore import demo
from aecore.config.base import type_of
from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment, fields
from aecore.config.labels import SECTIONS, label_of
from aecore.config.model import Conv
from aecore.data.catalogue import CATALOGUE
from aecore.data.custom.source import is_path
from aecore.errors import UserError
from dashboard import demo_notice


def experiment_form(base: Experiment, key: str) -> Experiment:
    """Widgets for every setting of `base`, the main ones visible and the others under "More".

    Returns the experiment as it stands. Raises `UserError` with one line for an invalid value.
    """
    values = base.flat()
    settings = [(name, field) for name, field in fields() if name not in ("preset", "sweep")]
    _in_pairs([setting for setting in settings if _is_main(setting[1])], values, key)
    with st.expander("More", icon=":material/tune:"):
        rest = [setting for setting in settings if not _is_main(setting[1])]
        for section, group in groupby(rest, key=lambda setting: setting[0].partition(".")[0]):
            if section in SECTIONS:
                st.markdown(f"**{SECTIONS[section]}**")
            _in_pairs(list(group), values, key)
    return base.changed(values)


def _in_pairs(settings: list[tuple[str, FieldInfo]], values: dict[str, Any], key: str) -> None:
    """Two widgets per row, one row at a time, so that the order is kept when a phone stacks them."""
    for start in range(0, len(settings), 2):
        for column, (name, field) in zip(st.columns(2), settings[start : start + 2], strict=False):
            with column:
                values[name] = _widget(name, field, values[name], key)


def _is_main(field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("main"))


def _widget(name: str, field: FieldInfo, value: Any, key: str) -> Any:
    """The widget for one field; returns its value as plain data."""
    label, help_text, widget_key = label_of(name), field.description, f"{key}:{name}"
    kind, optional = type_of(field)
    if name == "data.name":
        return _image_set(label, value, help_text, widget_key)
    if kind is Corruption:
        return _corruption(value, widget_key)
    if typing.get_origin(kind) is Literal:
        options = list(typing.get_args(kind))
        return st.selectbox(label, options, options.index(value), help=help_text, key=widget_key)
    if kind is bool:
        return st.toggle(label, value, help=help_text, key=widget_key)
    if kind in (int, float):
        return _number(label, kind, field, value, optional, help_text, widget_key)
    if kind is str:
        return st.text_input(label, value, help=help_text, key=widget_key, placeholder="named after the preset")
    return _listed(label, kind, value, optional, help_text, widget_key)


OWN = "Your own images…"


def _image_set(label: str, value: str, help_text: str | None, key: str) -> str:
    """A set of the catalogue, or the path of your own images."""
    options = [*demo_notice.image_sets(), *([] if demo.mode() else [OWN])]
    picked = st.selectbox(
        label,
        options,
        options.index(value) if value in options else len(options) - 1,
        format_func=lambda option: CATALOGUE[option].title if option in CATALOGUE else option,
        help=help_text,
        key=key,
    )
    if picked != OWN:
        return picked
    path = st.text_input(
        "Path",
        value if value not in CATALOGUE else "",
        placeholder="/path/to/a folder of images, or images.npz",
        help="On the machine that serves this page: a folder or zip of pictures, or arrays (.npz, .npy, .pt, .mat, "
        "IDX, .csv, .parquet). What was understood of them appears beside the form; size and fit are under “More”.",
        key=f"{key}:path",
    ).strip()
    if not path:
        raise UserError("Image set: give the path of a folder of images or of a file, such as an .npz")
    return path if is_path(path) else f"./{path}"


def _number(
    label: str, kind: type, field: FieldInfo, value: Any, optional: bool, help_text: str | None, key: str
) -> Any:
    low, high = _bounds(field)
    if kind is int:
        return st.number_input(
            label, int(low), int(high), value, step=1, help=help_text, key=key, placeholder="default"
        )
    # The step is a tenth of the value's power of ten: the arrows stay useful from 1e-5 to 10.
    step = 10 ** int(f"{value:e}".partition("e")[2]) / 10 if value else 0.1
    return st.number_input(
        label,
        float(low),
        float(high),
        value,
        step=step,
        format="%g",
        help=help_text,
        key=key,
        placeholder="default",
    )


def _listed(label: str, kind: Any, value: Any, optional: bool, help_text: str | None, key: str) -> Any:
    """A list as comma-separated text: widths of layers, or corruptions in their written form."""
    of_numbers = not {Corruption, Conv} & set(typing.get_args(kind))
    text = st.text_input(
        label,
        ", ".join(map(str, value or [])),
        help=f"{help_text} Separate several with commas.",
        key=key,
        placeholder="mirrors the encoder" if optional else "none",
    )
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        return None if optional else []
    if not of_numbers:
        return parts
    try:
        return [int(part) for part in parts]
    except ValueError:
        raise UserError(f"{label}: should be integers separated by commas, got '{text}'") from None


def _corruption(value: str, key: str) -> str:
    """Noise with its level, then occlusion with its size; returns the written form."""
    now, about = Corruption.parse(value), Corruption.model_fields
    kinds, occlusions = (list(typing.get_args(about[name].annotation)) for name in ("kind", "occlusion"))
    kind = st.selectbox("Noise", kinds, kinds.index(now.kind), help=about["kind"].description, key=f"{key}:kind")
    level, clamp = 0.0, False
    if kind != "none":
        gaussian = kind in ("gaussian", "gaussian-variance")
        level = st.number_input(
            "Level",
            0.0,
            10.0 if gaussian else 1.0,
            now.level or 0.2,
            step=0.05,
            format="%g",
            help=about["level"].description,
            key=f"{key}:level",
        )
        clamp = gaussian and st.toggle("Clamp", now.clamp, help=about["clamp"].description, key=f"{key}:clamp")
    occlusion = st.selectbox(
        "Occlusion",
        occlusions,
        occlusions.index(now.occlusion),
        help=about["occlusion"].description,
        key=f"{key}:occlusion",
    )
    size = 0
    if occlusion != "none":
        size = st.number_input("Pixels", 1, 512, now.size or 8, help=about["size"].description, key=f"{key}:size")
    once = False
    if kind != "none" or occlusion != "none":
        once = st.toggle("Draw once", now.once, help=about["once"].description, key=f"{key}:once")
    parts = [f"{kind}:{level:g}{':clamp' if clamp else ''}"] if level else []
    parts += [f"{occlusion}:{size}"] if size else []
    return "+".join(parts + ["once"] * bool(once and parts)) or "none"


def _bounds(field: FieldInfo) -> tuple[float, float]:
    low, high = 0.0, 2.0**31 - 1
    for limit in field.metadata:
        if isinstance(limit, annotated_types.Ge):
            low = float(limit.ge)  # type: ignore[arg-type]
        elif isinstance(limit, annotated_types.Le):
            high = float(limit.le)  # type: ignore[arg-type]
        elif isinstance(limit, annotated_types.Lt):
            high = float(limit.lt)  # type: ignore[arg-type]
    return low, high
