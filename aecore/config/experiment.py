"""An experiment: everything that decides a run, validated and frozen.

This one definition is the source of the command line's `--set`, the app's form, the JSON in the run directory, the
difference between two runs and every error message about a wrong value.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from aecore.config.base import Section, described, described_errors, format_validation_error
from aecore.config.corruption import Corruption
from aecore.config.model import Model
from aecore.config.sections import Data, Evaluation, Training
from aecore.errors import UserError, nearest, read_text


class Experiment(Section):
    """Everything that decides a run."""

    name: str = Field(default="", max_length=120)
    """A title; the preset's name when empty."""
    preset: str = Field(default="", max_length=120)
    """The preset this came from, if any."""
    sweep: str = Field(default="", max_length=120)
    """The sweep this is a run of, if any."""
    data: Data = Data()
    model: Model = Model()
    corruption: Corruption = Corruption()
    """The corruption of the training images, drawn anew for every batch unless it is `once`; the target stays clean."""
    training: Training = Training()
    evaluation: Evaluation = Evaluation()

    @model_validator(mode="after")
    def _loss_suits_the_network(self) -> Self:
        if self.training.error == "log-squared":
            if self.model.likelihood == "bernoulli":
                raise ValueError("training.error: a Bernoulli likelihood has no squared error; leave it at squared")
            if self.model.bottleneck.kind == "gaussian" and self.model.has_code:
                raise ValueError(
                    "training.error: a VAE's divergence belongs to the squared error itself; leave it at squared"
                )
        if self.training.prototypical and not self.model.has_code:
            raise ValueError("training.prototypical: this network has no code to tell classes apart by; set it to 0")
        return self

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> Experiment:
        """An experiment from plain data. Raises `UserError` for the first setting that is wrong."""
        try:
            return cls.model_validate(dict(value))
        except ValidationError as error:
            raise UserError(format_validation_error(error, _nearest_key)) from None

    @classmethod
    def load(cls, path: Path) -> Experiment:
        """An experiment from a TOML file; a `[preset]` table in it is ignored."""
        values = load_toml(path)
        values.pop("preset", None)
        return cls.parse(values)

    def changed(self, changes: Mapping[str, Any]) -> Experiment:
        """A new experiment with dotted keys replaced: `{"training.epochs": 2}`."""
        return type(self).parse(self._replaced(changes))

    def problems(self, changes: Mapping[str, Any]) -> dict[str, str]:
        """What is wrong with the experiment that `changed` would make, by the setting's dotted key; under `""` what is
        wrong with several settings together. Empty if nothing is."""
        try:
            type(self).model_validate(self._replaced(changes))
        except ValidationError as error:
            found: dict[str, str] = {}
            for place, text in described_errors(error, _nearest_key):
                key, entry = _setting_at(place)
                found.setdefault(key, f"{entry}{text}")
            return found
        return {}

    def _replaced(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """All settings as plain data, with dotted keys replaced."""
        values = self.model_dump(mode="json")
        for key, value in changes.items():
            *parents, last = _known(key).split(".")
            table = values
            for parent in parents:
                table = table[parent]
            table[last] = value
        return values

    def flat(self) -> dict[str, Any]:
        """Every setting under its dotted key, in the order of the definition."""
        values = self.model_dump(mode="json")
        return {key: _dig(values, key) for key in keys()}

    @property
    def title(self) -> str:
        return self.name or self.preset or "experiment"


def difference(first: Experiment, second: Experiment) -> dict[str, tuple[Any, Any]]:
    """The dotted keys in which two experiments differ, with both values."""
    a, b = first.flat(), second.flat()
    return {key: (a[key], b[key]) for key in a if a[key] != b[key]}


def fields(section: type[Section] = Experiment, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting as (dotted key, pydantic field with its description), depth first; a corruption is one setting."""
    for name, field in described(section).items():
        if kind := _section_of(field):
            yield from fields(kind, f"{prefix}{name}.")
        else:
            yield prefix + name, field


def _section_of(field: FieldInfo) -> type[Section] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) and kind is not Corruption else None


@cache
def keys() -> tuple[str, ...]:
    """The dotted keys of every setting."""

    def of(section: type[Section], prefix: str) -> Iterator[str]:
        for name, field in section.model_fields.items():
            kind = _section_of(field)
            yield from of(kind, f"{prefix}{name}.") if kind else (prefix + name,)

    return tuple(of(Experiment, ""))


def load_toml(path: Path) -> dict[str, Any]:
    """A TOML file as plain data. Raises `UserError` with the position of the first syntax error."""
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is not valid TOML: {error}") from None
    except RecursionError:
        raise UserError(f"{path} is not valid TOML: its values lie too deep in one another") from None


def _setting_at(place: tuple[str | int, ...]) -> tuple[str, str]:
    """The dotted key of the setting at pydantic's path, `""` for a whole section, and which entry of it is meant."""
    known = keys()
    for length in range(len(place), 0, -1):
        key = ".".join(map(str, place[:length]))
        if key in known:
            numbers = [part for part in place[length:] if isinstance(part, int)]
            entry = f"entry {numbers[0] + 1}" if numbers else ""
            return key, f"{entry}, {place[-1]}: " if entry and isinstance(place[-1], str) else entry and f"{entry}: "
    return "", ""


def _known(key: str) -> str:
    if key not in keys():
        raise UserError(f"unknown setting '{key}': {_nearest_key(key)}")
    return key


def _nearest_key(key: str) -> str:
    """A hint with the closest dotted key, first one with the same last part: `epochs` finds `training.epochs`."""
    last = key.rpartition(".")[2]
    same = [known for known in keys() if known.rpartition(".")[2] == last]
    if same:
        best = next((known for known in same if known.endswith(f".{key}")), same[0])  # bottleneck.size is not data.size
        return f"did you mean '{best}'?"
    hint = nearest(key, keys())
    if hint.startswith("did you"):
        return hint
    for known in keys():
        if nearest(last, [known.rpartition(".")[2]]).startswith("did you"):
            return f"did you mean '{known}'?"
    return hint


def typed_value(text: str) -> Any:
    """A setting typed by the user as plain data: `2`, `1e-4`, `[392, 8]` and `true` as in TOML, nothing or `null` as
    None, any other text as it is."""
    if text.strip().lower() in ("", "null"):
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text


def _dig(values: Any, key: str) -> Any:
    for part in key.split("."):
        values = values[part]
    return values
