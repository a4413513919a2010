"""Numbers that a lesson names: where each stands in a run's files, and what is claimed of them.

A number is written as a path, `RUN SOURCE WORD…`:

- `mnist-mlp8 evaluation gaussian:0.2 noisy_input mse`: an evaluation by its corruption, then its keys
- `mnist-mlp8 measures linear_probe value`: measures.json
- `mnist-mlp8 metrics last test_loss`: an epoch of metrics.jsonl: `first`, `last`, `best` (the lowest test loss) or its
  number
- `mnist-mlp8 projection tsne 2 knn_accuracy`: the quality or a parameter of a saved projection
- `mnist-mlp8 status parameters`: status.json

An expression is a path, a number, or two of them with `+`, `-`, `*` or `/` between blanks; a claim is two expressions
with `<`, `<=`, `=`, `>=` or `>` between them.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aecore.config.corruption import Corruption
from aecore.errors import AecoreError, UserError, nearest
from aecore.format import format_value
from aecore.latent.projection_store import read_projection
from aecore.runs.measures import read_measures
from aecore.runs.run import Run
from aecore.runs.store import Store

SHORTEST = {"evaluation": 2, "measures": 2, "metrics": 2, "projection": 3, "status": 1}
"""The sources, and how many words follow each at least."""
OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
SIGNS = {"<": operator.lt, "<=": operator.le, "=": math.isclose, ">=": operator.ge, ">": operator.gt}
EPOCHS = ("first", "last", "best")
EXTREMES = {"largest": max, "smallest": min}
"""Of a list of numbers, beside a place in it from 0."""


class MissingError(AecoreError):
    """A number that a run does not have."""


@dataclass(frozen=True)
class Path:
    """Where a number stands: the run's id, one of the sources, and the words that follow it."""

    run: str
    source: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((self.run, self.source, *self.words))


@dataclass(frozen=True)
class Expression:
    """A path or a number, or two of them and the operator between them."""

    left: Path | float
    sign: str = ""
    right: Path | float = 0.0

    def paths(self) -> tuple[Path, ...]:
        return tuple(term for term in (self.left, self.right) if isinstance(term, Path))


@dataclass(frozen=True)
class Hole:
    """A number in a text, and how it is shown: `%`, a unit, or nothing."""

    expression: Expression
    unit: str = ""


@dataclass(frozen=True)
class Claim:
    """What must hold for a step's answer to be true."""

    left: Expression
    sign: str
    right: Expression
    text: str

    def paths(self) -> tuple[Path, ...]:
        return self.left.paths() + self.right.paths()


def parse_expression(text: str) -> Expression:
    """Raises `UserError` for anything but a path, a number, or two of them around an operator."""
    words = text.split()
    places = [place for place, word in enumerate(words) if word in OPERATORS]
    if not places:
        return Expression(_term(words, text))
    if len(places) > 1:
        raise UserError(f"'{text.strip()}' has {len(places)} operators; an expression has at most one")
    place = places[0]
    return Expression(_term(words[:place], text), words[place], _term(words[place + 1 :], text))


def parse_hole(text: str) -> Hole:
    """What stands between braces: an expression, and after a bar its unit."""
    expression, bar, unit = text.partition("|")
    if bar and not unit.strip():
        raise UserError(f"'{text.strip()}' has no unit after its bar")
    return Hole(parse_expression(expression), unit.strip())


def parse_claim(text: str) -> Claim:
    """Raises `UserError` for anything but two expressions around a comparison."""
    words = text.split()
    places = [place for place, word in enumerate(words) if word in SIGNS]
    if len(places) != 1:
        raise UserError(
            f"'{text.strip()}' is not a comparison: two numbers with one of {' '.join(SIGNS)} between blanks"
        )
    left, right = " ".join(words[: places[0]]), " ".join(words[places[0] + 1 :])
    return Claim(parse_expression(left), words[places[0]], parse_expression(right), " ".join(words))


def _term(words: list[str], text: str) -> Path | float:
    if len(words) == 1:
        try:
            value = float(words[0])
        except ValueError:
            value = math.nan
        if math.isfinite(value):
            return value
    if len(words) < 2:
        raise UserError(f"'{text.strip()}' is not a number: a run's id, a source and what to read there belong to it")
    run, source, *rest = words
    if source not in SHORTEST:
        raise UserError(f"'{source}' in '{text.strip()}' is no source of numbers: {nearest(source, SHORTEST)}")
    if len(rest) < SHORTEST[source]:
        raise UserError(f"'{text.strip()}' ends too soon: {_FORMS[source]}")
    if source == "evaluation":
        rest[0] = str(Corruption.parse(rest[0]))
    elif source == "metrics" and rest[0] not in EPOCHS and not rest[0].isdecimal():
        raise UserError(f"'{rest[0]}' in '{text.strip()}' is no epoch: {', '.join(EPOCHS)} or its number")
    elif source == "projection" and rest[1] not in ("2", "3"):
        raise UserError(f"'{rest[1]}' in '{text.strip()}' is no number of dimensions: 2 or 3")
    return Path(run, source, tuple(rest))


_FORMS = {
    "evaluation": "RUN evaluation CORRUPTION KEY…, such as 'evaluation none metrics mse'",
    "measures": "RUN measures MEASURE KEY, such as 'measures linear_probe value'",
    "metrics": "RUN metrics EPOCH KEY, such as 'metrics last test_loss'",
    "projection": "RUN projection METHOD DIMENSIONS KEY, such as 'projection tsne 2 trustworthiness'",
    "status": "RUN status KEY, such as 'status parameters'",
}


def value(expression: Expression, store: Store) -> float:
    """The number as the runs have it now. Raises `MissingError` with what is missing."""
    left = _value(expression.left, store)
    if not expression.sign:
        return left
    try:
        found = OPERATORS[expression.sign](left, _value(expression.right, store))
    except (ZeroDivisionError, OverflowError):
        raise MissingError(f"{expression.left} cannot be divided by {expression.right}, which is 0") from None
    return found


def written(hole: Hole, store: Store) -> str:
    """The number as a text, with its unit. Raises `MissingError`."""
    number = value(hole.expression, store)
    text = f"{100 * number:.1f} %" if hole.unit == "%" else format_value(number, hole.unit)
    return text.replace(" ", "\u00a0")  # number and unit stay on one line


def holds(claim: Claim, store: Store) -> bool:
    """Whether it is true of the runs as they are. Raises `MissingError` where that cannot be told."""
    return bool(SIGNS[claim.sign](value(claim.left, store), value(claim.right, store)))


def told(claim: Claim, store: Store) -> str:
    """The claim with the numbers of this store: `0.02186 < 0.03999`. Raises `MissingError`."""
    left, right = (format_value(value(side, store)) for side in (claim.left, claim.right))
    return f"{left} {claim.sign} {right}"


def _value(term: Path | float, store: Store) -> float:
    if not isinstance(term, Path):
        return term
    run = store.listed(term.run)
    if run is None:
        raise MissingError(f"there is no run {term.run} here")
    try:
        found, words = _READERS[term.source](run, term.words)
    except MissingError:
        raise
    except AecoreError as error:
        raise MissingError(str(error)) from None
    for word in words:
        found = _step_into(found, word, term)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        kind = "is infinite or does not apply" if found is None else "is not a number"
        raise MissingError(f"{term} {kind}")
    return float(found)


def _step_into(found: Any, word: str, path: Path) -> Any:
    """What a table has under a key, a list at a place, or the largest or smallest of a list's numbers."""
    if isinstance(found, Mapping) and word in found:
        return found[word]
    if isinstance(found, list) and word.isdecimal() and int(word) < len(found):
        return found[int(word)]
    numbers = [part for part in found if type(part) in (int, float)] if isinstance(found, list) else []
    if word in EXTREMES and numbers and len(numbers) == len(found):
        return EXTREMES[word](numbers)
    raise MissingError(f"run {path.run} has no number '{path}'")


def _evaluation(run: Run, words: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    entries = run.evaluation()
    for entry in entries:
        if entry["corruption"] == words[0]:
            return entry, words[1:]
    other = ": what is there was measured with other weights than the run has now" if entries.other_weights else ""
    raise MissingError(f"run {run.id} was not evaluated under {words[0]}{other}")


def _measures(run: Run, words: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    found = read_measures(run)
    if found is None:
        raise MissingError(f"run {run.id} was not measured: python -m aecore measure {run.id}")
    if words[0] in found.lacking:
        raise MissingError(f"run {run.id} has no {words[0]}: {found.lacking[words[0]]}")
    return found.measures, words


def _metrics(run: Run, words: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    epochs = run.metrics()
    if not epochs:
        raise MissingError(f"run {run.id} has no epochs")
    if words[0] == "best":
        tested = [line for line in epochs if isinstance(line.get("test_loss"), float)]
        if not tested:
            raise MissingError(f"run {run.id} has no test loss")
        return min(tested, key=lambda line: line["test_loss"]), words[1:]
    if words[0] in EPOCHS:
        return epochs[0 if words[0] == "first" else -1], words[1:]
    found = [line for line in epochs if line["epoch"] == int(words[0])]
    if not found:
        raise MissingError(f"run {run.id} has no epoch {words[0]}")
    return found[0], words[1:]


def _projection(run: Run, words: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    found = read_projection(run, words[0], int(words[1]))
    if found is None:
        raise MissingError(f"run {run.id} has no projection {words[0]} in {words[1]}D")
    return found.parameters | found.quality, words[2:]


def _status(run: Run, words: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
    return run.status(), words


_READERS = {
    "evaluation": _evaluation,
    "measures": _measures,
    "metrics": _metrics,
    "projection": _projection,
    "status": _status,
}
