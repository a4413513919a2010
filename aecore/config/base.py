"""The base of all parts of an experiment: a frozen table of settings that rejects unknown keys."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from aecore.errors import nearest

MAIN: dict[str, Any] = {"main": True}
"""Marks a field that the app's form always shows; the others are under "More"."""


class Section(BaseModel):
    """A frozen part of an experiment; an unknown key is an error, and attribute docstrings are its help texts
    (`described`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@cache
def described(section: type[Section]) -> dict[str, FieldInfo]:
    """The fields of a section, each with its docstring as `description`. They are read from the source when somebody
    wants them; pydantic would do it with every import."""
    body = next(iter(ast.parse(textwrap.dedent(inspect.getsource(section))).body))
    for node, after in pairwise(body.body if isinstance(body, ast.ClassDef) else ()):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
            field = section.model_fields.get(node.target.id)
            if field and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
                field.description = inspect.cleandoc(after.value.value)
    return section.model_fields


def format_validation_error(error: ValidationError, unknown: Callable[[str], str] = lambda key: "remove it") -> str:
    """The first of pydantic's errors as one line: `key: what is wrong and what would be right`.

    `unknown(key)` is the hint for a key that does not exist.
    """
    place, text = next(described_errors(error, unknown))
    key = ".".join(map(str, place))
    return f"{key}: {text}" if key else text


def described_errors(
    error: ValidationError, unknown: Callable[[str], str] = lambda key: "remove it"
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """All of pydantic's errors, each as the path to the value and what is wrong with it and what would be right; the
    path is empty where the text names it."""
    for one in error.errors():
        place, message = one["loc"], one["msg"].removeprefix("Value error, ").removeprefix("Input ")
        message = message[0].lower() + message[1:]
        if one["type"].endswith("_parsing"):
            message = message.partition(",")[0]
        if one["type"] == "extra_forbidden":
            key = ".".join(map(str, place))
            yield (), f"unknown setting '{key}': {unknown(key)}"
        elif one["type"] == "literal_error" and isinstance(one["input"], str):
            expected = one.get("ctx", {}).get("expected", "").replace(" or ", ", ")
            options = [word.strip("'") for word in expected.split(", ")]
            yield place, f"unknown value '{one['input']}': {nearest(one['input'], options)}"
        elif one["type"] == "value_error":
            yield place, message
        else:
            yield place, f"{message}, got {one['input']!r}"


def type_of(field: FieldInfo) -> tuple[Any, bool]:
    """A setting's type without `None`, and whether it may be None: `int | None` is (int, True)."""
    annotation, parts = field.annotation, get_args(field.annotation)
    if get_origin(annotation) in (UnionType, Union) and type(None) in parts:
        return next(part for part in parts if part is not type(None)), True
    return annotation, False
