"""What lies between a checkpoint's layers: normalisations, and how many modules without weights."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

from aecore.interop.checkpoint import Checkpoint, Layer, Norm, shared_prefix
from aecore.interop.layer_order import side_of
from aecore.interop.parts import MismatchError, Part


def with_norms(parts: list[Part], norms: Sequence[Norm], layers: Sequence[Layer], checkpoint: Checkpoint) -> list[Part]:
    """The parts with the normalisation of each: the next one in its container, else one of the same number and width,
    else the one that was created next."""
    taken: dict[int, Norm] = {}
    order = _saved_order([layer.name for layer in layers], [norm.name for norm in norms])
    created = _created_after(checkpoint) if checkpoint.ordered else {}
    for norm in norms:
        wide = [number for number, part in enumerate(parts) if part.outputs == norm.width and number not in taken]
        before = [number for number in wide if order.get(parts[number].name, 0) < order.get(norm.name, 0)]
        near = max(before, key=lambda number: order.get(parts[number].name, 0), default=None)
        numbered = [number for number in wide if _alike(parts[number].name, norm.name)]
        adjacent = near is not None and order[norm.name] - order.get(parts[near].name, 0) <= 2
        created_before = [number for number in wide if parts[number].name == created.get(norm.name)]
        choice = near if adjacent else next(iter([*numbered, *created_before, *wide]), None)
        if choice is None:
            raise MismatchError(f"{norm.name} normalises {norm.width} channels, which no layer gives", 0)
        tensors = {name: value.float() if value.is_floating_point() else value for name, value in norm.tensors.items()}
        taken[choice] = replace(norm, tensors=tensors)
    return [replace(part, norm=taken.get(number)) for number, part in enumerate(parts)]


def _created_after(checkpoint: Checkpoint) -> dict[str, str]:
    """For each module with weights the name of the one that was created before it."""
    prefix = shared_prefix(list(checkpoint.file))
    homes = list(dict.fromkeys(name.removeprefix(prefix).rpartition(".")[0] for name in checkpoint.file))
    return {home: before for before, home in itertools.pairwise(homes)}


def _saved_order(layers: Sequence[str], norms: Sequence[str]) -> dict[str, int]:
    """A place for each name: by containers in the order of the layers, in each by number."""
    names = [*layers, *norms]
    homes = list(dict.fromkeys(name.rpartition(".")[0] for name in layers))

    def key(name: str) -> tuple:
        home = name.rpartition(".")[0]
        if home in homes and name.rpartition(".")[2].isdecimal():
            return homes.index(home), int(name.rpartition(".")[2])
        return len(homes), 10**6

    numbered = [name for name in names if key(name)[1] < 10**6]
    if len(numbered) == len(names):
        return {name: place for place, name in enumerate(sorted(names, key=key))}
    return {name: 2 * place for place, name in enumerate(layers)} | {
        name: next((2 * i + 1 for i, layer in enumerate(layers) if _alike(layer, name)), 10**6) for name in norms
    }


def _alike(layer: str, norm: str) -> bool:
    """Whether a normalisation's name goes with a layer's: `bn2` with `conv2`, `enc_bn1` with `enc_conv1`."""
    numbers = [re.findall(r"\d+", name) for name in (layer, norm)]
    return side_of(layer) == side_of(norm) and numbers[0] == numbers[1]


def with_gaps(parts: list[Part], checkpoint: Checkpoint) -> list[Part]:
    """The parts with the number of modules without weights after each, where names tell: in a `Sequential` the numbers
    of its modules run on over those without weights."""
    counted = _counted_homes(parts, checkpoint)
    found = []
    for part, after in itertools.zip_longest(parts, parts[1:]):
        home, number = _place(part.name)
        norm_gap = gap = None
        last = number
        if home in counted and part.norm is not None and _place(part.norm.name)[0] == home:
            norm_gap = _place(part.norm.name)[1] - number - 1
            last = _place(part.norm.name)[1]
        if home in counted and after is not None:
            next_home, next_number = _place(after.name)
            if next_home == home:
                gap = next_number - last - 1
            elif home in checkpoint.lengths and next_home in counted:
                gap = checkpoint.lengths[home] - last - 1 + next_number
        if (gap is not None and gap < 0) or (norm_gap is not None and norm_gap < 0):
            gap = norm_gap = None
        found.append(replace(part, gap=gap, norm_gap=norm_gap))
    return found


def _place(name: str) -> tuple[str, int]:
    home, _, last = name.rpartition(".")
    return (home, int(last)) if last.isdecimal() else (name, 0)


def _counted_homes(parts: Sequence[Part], checkpoint: Checkpoint) -> set[str]:
    """The containers that are a `Sequential`: some number is left out, so that modules without weights have one. One of
    layers alone may be a list whose functions are called elsewhere."""
    numbers: dict[str, set[int]] = {}
    for name in [part.name for part in parts] + [norm.name for norm in checkpoint.norms]:
        home, number = _place(name)
        if home != name:
            numbers.setdefault(home, set()).add(number)
    counted = set()
    for home, known in numbers.items():
        length = max(checkpoint.lengths.get(home, 0), max(known) + 1)
        if length > len(known):
            counted.add(home)
    return counted
