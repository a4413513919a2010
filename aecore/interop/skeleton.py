"""What a checkpoint's shapes and names say about its network: layers in order, on two sides, and what may lie between.

A state dict holds shapes and names. Some things do not follow from them: which of several readings is right is decided
by images (`aecore.interop.search`), and this module lists the readings that are possible.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from aecore.interop.between import with_gaps, with_norms
from aecore.interop.checkpoint import Checkpoint, Layer, Norm
from aecore.interop.layer_order import head_name, orders, side_of
from aecore.interop.parts import Kind, MismatchError, Part, Skeleton

MOST_READINGS = 24
TRANSPOSED = re.compile(r"trans|deconv|convt|t_?conv|tcnn|t_cnn|upconv|up_?samp", re.IGNORECASE)


def skeletons(checkpoint: Checkpoint) -> list[Skeleton]:
    """The possible readings, the likeliest first, at least one.

    Raises `MismatchError` that names the first layer which does not follow from the one before it.
    """
    found: list[Skeleton] = []
    problem: MismatchError | None = None
    for layers, norms in orders(checkpoint):
        try:
            for skeleton in itertools.islice(_readings(checkpoint, layers, norms), MOST_READINGS):
                if not any(_same(skeleton, other) for other in found):
                    found.append(skeleton)
        except MismatchError as error:
            if problem is None or error.fitted > problem.fitted:
                problem = error
        if found:
            break
    if not found:
        assert problem is not None
        raise problem
    return found[:MOST_READINGS]


def _same(one: Skeleton, two: Skeleton) -> bool:
    def print_of(skeleton: Skeleton) -> tuple:
        heads = skeleton.log_variance.name if skeleton.log_variance else ""
        return tuple((p.name, p.kind, p.shape) for p in skeleton.parts), len(skeleton.encoder), heads, skeleton.how

    return print_of(one) == print_of(two)


def _readings(checkpoint: Checkpoint, layers: list[Layer], norms: list[Norm]) -> Iterator[Skeleton]:
    problem: MismatchError | None = None
    for heads, how in _heads(layers):
        rest = [layer for number, layer in enumerate(layers) if heads is None or number != heads[1]]
        mean = None if heads is None else layers[heads[0]]
        halved = how.startswith("half")
        try:
            for parts, split in _chains(rest, mean, halved):
                parts = with_norms(parts, norms, layers, checkpoint)
                parts = with_gaps(parts, checkpoint)
                other = None
                if heads is not None and not halved:
                    other = _part_of(layers[heads[1]], parts[split - 1].kind)
                elif halved:
                    parts, other = _halves(parts, split, first=how == "half: first")
                yield Skeleton(tuple(parts[:split]), tuple(parts[split:]), other, how)
        except MismatchError as error:
            if problem is None or error.fitted > problem.fitted:
                problem = error
    if problem is not None:
        raise problem


def _heads(layers: Sequence[Layer]) -> Iterator[tuple[tuple[int, int] | None, str]]:
    """Pairs of layers that may be mean and log-variance, as (mean, log-variance); a head of twice the code; none."""
    named = []
    pairs = []
    for one, two in itertools.pairwise(range(len(layers))):
        a, b = layers[one], layers[two]
        if a.shape != b.shape or one + 2 > len(layers) - 1:
            continue
        told_a, told_b = head_name(a), head_name(b)
        if {told_a, told_b} == {"mean", "log"} or ("log" in (told_a, told_b) and "" in (told_a, told_b)):
            named.append((one, two) if told_b == "log" else (two, one))
        elif a.shape[0] != a.shape[1] or a.weight.ndim == 2:
            pairs.append((one, two))
    for pair in named:
        yield pair, "heads by name"
    if not named:
        yield None, ""
        for one, two in pairs:
            yield (one, two), "heads: first is the mean"
            yield (two, one), "heads: second is the mean"
        yield None, "half: first"
        yield None, "half: second"


def _chains(layers: list[Layer], mean: Layer | None, halved: bool) -> Iterator[tuple[list[Part], int]]:
    """The layers as parts whose sizes follow from one another, with the number of those of the encoder."""
    for kinds in _kinds(layers, mean, halved):
        parts = [_part_of(layer, kind) for layer, kind in zip(layers, kinds, strict=True)]
        for split in _splits(parts, mean, halved):
            square = any(part.kind == "transposed" and part.inputs == part.outputs for part in parts[:split])
            if not square:  # of a square one the reading as a convolution is another
                yield parts, split


def _part_of(layer: Layer, kind: Kind) -> Part:
    bias = None if layer.bias is None else layer.bias.detach().float()
    return Part(layer.name, kind, layer.weight.detach().float().contiguous(), bias)


def _kinds(layers: list[Layer], mean: Layer | None, halved: bool) -> Iterator[list[Kind]]:
    """Which layers are convolutions and which transposed ones, where channels and biases follow from one another."""
    options: list[list[Kind]] = []
    halves = 0
    channels: int | None = None
    flat = False
    for number, layer in enumerate(layers):
        if layer.weight.ndim == 2:
            takes = layer.shape[1]
            fits = channels is None or takes == channels or (not flat and channels and takes % channels == 0)
            if not fits and halved and not halves and channels == 2 * takes:
                halves, fits = number, True
            if not fits:
                before = layers[number - 1].name
                raise MismatchError(f"{layer.name} takes {takes:,} numbers, where {before} gives {channels:,}", number)
            options.append(["linear"])
            channels, flat = layer.shape[0], True
            continue
        out, into = layer.shape[:2]
        possible: list[Kind] = []
        for kind, takes, gives in (("conv", into, out), ("transposed", out, into)):
            bias = layer.bias is None or len(layer.bias) == gives
            follows = channels is None or takes == channels or (flat and channels % takes == 0)
            half = halved and not halves and channels is not None and channels == 2 * takes
            if bias and (follows or half):
                possible.append(kind)  # type: ignore[arg-type]
        if channels is None:
            possible = [kind for kind in possible if kind == "conv"] or possible
        if not possible:
            shape = "×".join(map(str, layer.shape))
            raise MismatchError(
                f"{layer.name} ({shape}) is neither a convolution nor a transposed convolution of {channels} channels",
                number,
            )
        if len(possible) == 2:
            possible.sort(key=lambda kind: (kind == "transposed") != _looks_transposed(layer, number, len(layers)))
        kind = possible[0]
        takes, gives = (into, out) if kind == "conv" else (out, into)
        if halved and not halves and channels == 2 * takes and not flat:
            halves = number
        if len(possible) == 2 and out != into and channels is not None and not flat:
            possible = [kind]
        options.append(possible)
        channels, flat = gives, False
    if halved and not halves:
        raise MismatchError("no layer gives twice what the next one takes", 0)
    yield from map(list, itertools.islice(itertools.product(*options), 8))


def _looks_transposed(layer: Layer, number: int, count: int) -> bool:
    if TRANSPOSED.search(layer.name):
        return True
    side = side_of(layer.name)
    return side == 2 or (side == 1 and number >= count / 2)


def _splits(parts: list[Part], mean: Layer | None, halved: bool) -> Iterator[int]:
    """How many parts the encoder has: as the heads or names say, else up to the narrowest place."""
    if len(parts) < 2:
        raise MismatchError(f"{parts[0].name} is the only layer: an autoencoder has one on each side", 0)
    if mean is not None:
        yield next(number for number, part in enumerate(parts) if part.name == mean.name) + 1
        return
    if halved:
        for number in range(1, len(parts)):
            if parts[number - 1].outputs == 2 * parts[number].inputs and parts[number - 1].kind != "transposed":
                yield number
        return
    sides = [side_of(part.name) for part in parts]
    named = [number for number in range(1, len(parts)) if sides[number - 1] == 0 and sides[number] == 2]
    if len(named) == 1 and sides == sorted(sides):
        yield named[0]
        return
    linear = [number for number, part in enumerate(parts) if part.kind == "linear"]
    if len(linear) >= 2:
        inner = linear[:-1]
        narrowest = min(parts[number].outputs for number in inner)
        at = [number for number in inner if parts[number].outputs == narrowest]
        yield min(at, key=lambda number: abs(number + 1 - len(parts) / 2)) + 1
        return
    first = next((number for number, part in enumerate(parts) if part.kind == "transposed"), None)
    if first:
        yield first
        return
    order = sorted(range(1, len(parts)), key=lambda number: (parts[number - 1].outputs, abs(number - len(parts) / 2)))
    yield order[0]


def _halves(parts: list[Part], split: int, *, first: bool) -> tuple[list[Part], Part]:
    """A head of twice the code as two: its halves along the outputs are mean and log-variance."""
    head = parts[split - 1]
    n = head.outputs // 2
    one, two = slice(0, n), slice(n, 2 * n)
    mean, other = (one, two) if first else (two, one)

    def half(rows: slice) -> Part:
        bias = None if head.bias is None else head.bias[rows]
        weight = head.weight[:, rows] if head.kind == "transposed" else head.weight[rows]
        return replace(head, weight=weight, bias=bias, norm=None)

    return [*parts[: split - 1], half(mean), *parts[split:]], half(other)
