"""What was changed in the form of a new experiment as text for the address, and back into its widgets.

A setting is written like on the command line: `training.epochs=3`, `model.dense=392,8`, `corruption=gaussian:0.2`; a
dash stands for an empty field. What is wrong is written and read too, so that a link shows it at its field.
"""

from __future__ import annotations

import math
import typing
from typing import Any

import streamlit as st

from aecore import access
from aecore.config.base import type_of
from aecore.config.corruption import Corruption, Occlusion
from aecore.data.catalogue import CATALOGUE
from aecore.data.custom.source import is_path
from dashboard import limits
from dashboard.train.form_values import FIELDS, OWN, chosen_images, corruption_parts, widget_value
from dashboard.widgets.lost import CLAMPED, NOISES, TITLES

NOTHING = "-"
PARTS = ("lost", "kind", "level", "lowest", "clamp", "occlusion", "size", "blur", "downscale", "jpeg", "once")
"""The widgets of a corruption."""


def as_text(name: str, value: Any, key: str) -> str:
    """A setting as its widgets hold it, where their keys begin with `key`; `value` is what they begin with."""
    kind = type_of(FIELDS[name])[0]
    if kind is Corruption:
        return _corruption_as_text(corruption_parts(value, f"{key}:{name}"))
    if name == "data.name":
        return chosen_images(value, f"{key}:{name}") or NOTHING
    held = st.session_state.get(f"{key}:{name}", widget_value(name, FIELDS[name], value))
    if kind is bool:
        return "true" if held else "false"
    if kind in (int, float):
        return _number_as_text(held)
    return (held if _is_plain(kind) else ",".join(_entries(held))) or NOTHING


def widgets_of(name: str, text: str) -> dict[str, Any]:
    """What the widgets of a setting hold for a text, by what their keys end with. Raises `ValueError` if they cannot
    hold it."""
    kind = type_of(FIELDS[name])[0]
    if kind is Corruption:
        return {f"{name}:{part}": value for part, value in _corruption_of(text).items()}
    if name == "data.name":
        return _images_of(name, text)
    if kind is bool:
        return {name: {"true": True, "false": False}[text]} if text in ("true", "false") else _refused(text)
    if kind in (int, float):
        return {name: _number_of(text)}
    if typing.get_origin(kind) is typing.Literal:
        return {name: text} if text in typing.get_args(kind) else _refused(text)
    return {name: "" if text == NOTHING else text if kind is str else ", ".join(_entries(text))}


def keys_of(name: str) -> list[str]:
    """What the keys of a setting's widgets end with."""
    if name == "corruption":
        return [f"{name}:{part}" for part in PARTS]
    return [name, f"{name}:path"] if name == "data.name" else [name]


def _is_plain(kind: Any) -> bool:
    return kind is str or typing.get_origin(kind) is typing.Literal


def _entries(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _refused(text: str) -> typing.NoReturn:
    raise ValueError(text)


def _number_as_text(value: float | None) -> str:
    if value is None:
        return NOTHING
    whole = float(value).is_integer() and abs(value) < 1e15
    return str(int(value)) if whole else repr(float(value)).replace("e+", "e")  # a plus separates corruptions


def _number_of(text: str) -> float | None:
    value = None if text == NOTHING else float(text)
    return value if value is None or math.isfinite(value) else _refused(text)


def _images_of(name: str, text: str) -> dict[str, Any]:
    if text in limits.image_sets():
        return {name: text}
    if text in CATALOGUE or not access.may("train") or not (is_path(text) or text == NOTHING):
        _refused(text)  # a visitor of a demo names no paths, nor does one who only looks
    return {name: OWN, f"{name}:path": "" if text == NOTHING else text}


def _corruption_as_text(held: dict[str, Any]) -> str:
    lost, kind = held["lost"], held["kind"]
    parts = [f"{name}:{_number_as_text(held[name])}" for name in ("blur", "downscale") if name in lost]
    if "noise" in lost:
        low = f"{_number_as_text(held['lowest'])}.." if kind == "gaussian" and held["lowest"] is not None else ""
        clamped = ":clamp" if held["clamp"] and kind in CLAMPED else ""
        parts.append(f"{kind}:{low}{_number_as_text(held['level'])}{clamped}")
    if "jpeg" in lost:
        parts.append(f"jpeg:{_number_as_text(held['jpeg'])}")
    if "hole" in lost:
        parts.append(f"{held['occlusion']}:{_number_as_text(held['size'])}")
    parts = ["grey"] * ("grey" in lost) + parts
    return "+".join((parts + ["once"] * bool(held["once"])) if parts else ["none"])


def _corruption_of(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {"lost": [], "clamp": False, "lowest": None, "once": False}
    for part in text.split("+"):
        word, _, rest = part.partition(":")
        number, _, flag = rest.partition(":")
        if part == "once":
            found["once"] = True
        elif part == "grey":
            found["lost"].append("grey")
        elif word in ("blur", "downscale", "jpeg") and not flag:
            found[word] = _number_of(number)
            found["lost"].append(word)
        elif word in typing.get_args(Occlusion) and word != "none" and not flag:
            found |= {"occlusion": word, "size": _number_of(number)}
            found["lost"].append("hole")
        elif word in NOISES and flag in ("", "clamp"):
            low, apart, high = number.partition("..")
            found |= {"kind": word, "level": _number_of(high if apart else number), "clamp": flag == "clamp"}
            found["lowest"] = _number_of(low) if apart and word == "gaussian" else None
            found["lost"].append("noise")
        elif part != "none":
            _refused(text)
    found["lost"] = [name for name in TITLES if name in found["lost"]]
    return found
