"""Parsing what people type: values of a setting, and changes to the base, as plain data for a sweep."""

from __future__ import annotations

import typing
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal

from pydantic.fields import FieldInfo

from aecore.config.base import type_of
from aecore.config.corruption import Corruption
from aecore.config.experiment import fields, typed_value
from aecore.errors import UserError
from aecore.sweeps import labels
from aecore.sweeps.definition import NOT_VARIED

FIRST = (
    "model.bottleneck.size",
    "corruption",
    "training.lr",
    "model.dense",
    "model.conv",
    "model.activation",
    "training.batch_size",
    "training.epochs",
    "data.train_images",
    "model.dropout",
)
"""The settings that are varied most often, offered first."""


@lru_cache(maxsize=1)
def settings() -> dict[str, FieldInfo]:
    """The settings that may vary, by key. Settings of the evaluation alone may not."""
    known = {key: field for key, field in fields() if key not in NOT_VARIED and key.partition(".")[0] != "evaluation"}
    return {key: known[key] for key in FIRST} | known


def choices(field: FieldInfo) -> list[Any] | None:
    """All values of a setting that has only a few, else None."""
    kind, _ = type_of(field)
    if kind is bool:
        return [True, False]
    return list(typing.get_args(kind)) if typing.get_origin(kind) is Literal else None


def is_list(field: FieldInfo) -> bool:
    """Whether one value of the setting is a list, such as the widths of layers."""
    kind, _ = type_of(field)
    return typing.get_origin(kind) is tuple


def hint(key: str) -> str:
    """How to write one value and several."""
    field = settings()[key]
    if key == "corruption":
        return "One per line: none, gaussian:0.3, gaussian:0.3:clamp, salt-pepper:0.2, gaussian:0.2+square:8"
    if is_list(field):
        example = "32k3s2p1, 64k3s2p1" if key.endswith("conv") else "392, 128"
        return f"One list per line, such as {example}; none for an empty list"
    optional = "; default for the preset's value" if type_of(field)[1] else ""
    return f"One per line, or separated by commas{optional}"


def as_text(key: str, value: Any) -> str:
    """A value as one would type it."""
    if value is None:
        return "default"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def values(key: str, text: str) -> list[Any]:
    """The values in the text. Raises `UserError` if there are none; invalid values are found when the sweep is
    built."""
    field = settings()[key]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if is_list(field):
        found = [_list(line, type_of(field)[1]) for line in lines]
    else:
        found = [_single(part.strip(), key) for line in lines for part in line.split(",") if part.strip()]
    if not found:
        raise UserError(f"{labels.setting(key)}: type at least one value")
    return found


def _list(line: str, optional: bool) -> list[Any] | None:
    if optional and line.lower() in ("default", "null"):
        return None
    if line.lower() in ("none", "[]"):
        return []
    parts = [part.strip(" \"'") for part in line.strip("[]").split(",")]
    return [int(part) if part.isdecimal() else part for part in parts if part]


def _single(text: str, key: str) -> Any:
    if type_of(settings()[key])[1] and text.lower() == "default":
        return None
    return text if key == "corruption" else typed_value(text)


def changes(text: str) -> dict[str, Any]:
    """Lines like `training.lr = 0.01`. Raises `UserError` for a line without an equals sign."""
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, equals, value = line.partition("=")
        if not equals:
            raise UserError(f"other settings: a line should look like training.lr = 0.01, got '{line[:60]}'")
        found[key.strip()] = typed_value(value.strip())
    return found


def tested(base: Iterable[str], corruptions: Iterable[str]) -> list[str]:
    """The corruptions to evaluate under: those of the base, and those that runs are trained with."""
    trained = []
    for text in corruptions:
        try:
            trained.append(str(Corruption.parse(text).model_copy(update={"once": False})))
        except UserError:
            continue  # reported at its own widget
    return list(dict.fromkeys([*base, *trained]))[:16]
