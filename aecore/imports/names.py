"""What the curves of other tools are called here: the losses and the learning rate are told by their usual names."""

from __future__ import annotations

import re
from collections.abc import Iterable

TRAIN, TEST = {"train", "training"}, {"test", "testing"}
VALIDATION = {"val", "valid", "validation", "eval", "evaluation", "dev"}
_PLAIN = {"epoch", "step", "batch", "total", "avg", "mean"}
"""Words that do not make another quantity of a loss."""
_RESERVED = {"epoch", "seconds"}
_LONGEST = 80


def names_for(tags: Iterable[str]) -> dict[str, str]:
    """The name of every curve here, by its name there: `train_loss`, `test_loss` and `lr` for the curves that are most
    likely these, all others as they are but for characters that names have not. No two have one name."""
    tags = sorted(tags)
    chosen: dict[str, str] = {}
    for name in ("train_loss", "test_loss", "lr"):
        ranked = [(rank, tag != name, tag) for tag in tags if (rank := _rank(tag, name)) is not None]
        if ranked:
            chosen[min(ranked)[2]] = name
    taken, found = {*chosen.values(), *_RESERVED}, {}
    for tag in tags:
        name = chosen.get(tag)
        if name is None:
            base = _written(tag)
            name, number = base, 2
            while name in taken:
                name, number = f"{base[: _LONGEST - 5]}_{number}", number + 1
            taken.add(name)
        found[tag] = name
    return found


def _rank(tag: str, name: str) -> int | None:
    """How likely a curve is the one of that name here, 0 being the likeliest; None where it is not."""
    words = _words(tag)
    sides = words & (TRAIN | TEST | VALIDATION)
    if name == "lr":
        rest = words - TRAIN
        if "lr" in rest:
            return len(rest) - 1
        return 0 if {"learning", "rate"} == rest else None
    rest = words - sides - {"loss"}
    if "loss" not in words or rest - _PLAIN:
        return None
    cost = 2 * len(rest) - ("epoch" in rest)
    if name == "train_loss":
        if not sides:
            return cost + 20
        return cost if sides <= TRAIN else None
    if sides and sides <= TEST:
        return cost
    return None  # the loss of validation images keeps its name: it is not that of the test images


def _words(tag: str) -> set[str]:
    return {word for word in re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", tag).lower()) if word}


def _written(tag: str) -> str:
    """A name as those of logged values are: letters, digits and a few signs, beginning with a letter."""
    text = re.sub(r"[^A-Za-z0-9_./ -]+", "_", tag).strip()[:_LONGEST] or "_"
    return text if re.match("[A-Za-z_]", text) else f"_{text}"[:_LONGEST]
