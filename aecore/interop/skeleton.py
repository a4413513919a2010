"""What a checkpoint's shapes and names say about its network: layers in order, on two sides, and what may lie between.

A state dict holds shapes and names. Some things do not follow from them: which of several readings is right is decided
by images (`aecore.interop.search`), and this module lists the readings that are possible.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor

from aecore.errors import UserError
from aecore.interop.read_checkpoint import Checkpoint, Layer, Norm

MOST_READINGS = 24
LOG_VARIANCE = re.compile(r"log|var|sigma|std|(?<!\d)22$", re.IGNORECASE)
"""Names of log-variances; fc22 is that of PyTorch's own example."""
MEAN = re.compile(r"mu|mean|loc|(?<!\d)21$", re.IGNORECASE)
TRANSPOSED = re.compile(r"trans|deconv|convt|t_?conv|tcnn|t_cnn|upconv|up_?samp", re.IGNORECASE)

Kind = Literal["linear", "conv", "transposed"]


class MismatchError(UserError):
    """The layers do not make an autoencoder; the first `fitted` do."""

    def __init__(self, message: str, fitted: int) -> None:
        super().__init__(message)
        self.fitted = fitted


@dataclass(frozen=True, eq=False)
class Part:
    """A layer with weights, and the normalisation that belongs to it."""

    name: str
    kind: Kind
    weight: Tensor
    bias: Tensor | None
    norm: Norm | None = None
    norm_gap: int | None = None
    """How many modules without weights lie between the layer and its normalisation; None where that is not known."""
    gap: int | None = None
    """How many lie between both and the next layer with weights; None where that is not known."""

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.weight.shape)

    @property
    def inputs(self) -> int:
        return self.shape[0] if self.kind == "transposed" else self.shape[1]

    @property
    def outputs(self) -> int:
        return self.shape[1] if self.kind == "transposed" else self.shape[0]

    @property
    def kernel(self) -> int:
        return self.shape[2] if len(self.shape) == 4 else 0


@dataclass(frozen=True, eq=False)
class Skeleton:
    """One reading of a checkpoint: what its layers are and in which order they are applied."""

    encoder: tuple[Part, ...]
    """Its last part gives the code; for a VAE it is the mean."""
    decoder: tuple[Part, ...]
    log_variance: Part | None = None
    """The other head of a VAE."""
    how: str = ""
    """What tells the heads of a VAE apart; empty where it has none."""

    @property
    def variational(self) -> bool:
        return self.log_variance is not None

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.encoder + self.decoder


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


# ---- order -----------------------------------------------------------------------------------------------------------


def orders(checkpoint: Checkpoint) -> Iterator[tuple[list[Layer], list[Norm]]]:
    """Layers in the orders in which they may be applied: as saved; by side and name; linear layers innermost."""

    def by_name(item: Layer | Norm) -> tuple:
        return side_of(item.name), natural(item.name)

    def by_kind(item: Layer | Norm) -> tuple:
        side = side_of(item.name)
        linear = isinstance(item, Layer) and item.weight.ndim == 2
        return side, linear if side < 2 else not linear, natural(item.name)

    def sides_in_order(item: Layer | Norm) -> int:
        return side_of(item.name)

    if checkpoint.ordered:
        yield list(checkpoint.layers), list(checkpoint.norms)
        yield sorted(checkpoint.layers, key=sides_in_order), sorted(checkpoint.norms, key=sides_in_order)
    for key in (by_name, by_kind):
        yield sorted(checkpoint.layers, key=key), sorted(checkpoint.norms, key=by_name)
    if not checkpoint.ordered and (chained := by_chain(sorted(checkpoint.layers, key=by_name))):
        yield chained, sorted(checkpoint.norms, key=by_name)


def by_chain(layers: Sequence[Layer]) -> list[Layer] | None:
    """The layers in an order in which each takes what the one before it gives, as near to the given order as possible;
    heads that are named log-variances come right after the mean. None where there is no such order."""
    others = [layer for layer in layers if _head_name(layer) == "log"]
    rest = [layer for layer in layers if _head_name(layer) != "log"]
    if len(rest) > 16:
        return None

    def extend(path: list[Layer], left: list[Layer]) -> list[Layer] | None:
        if not left:
            return path
        for layer in left:
            if not path or _follows(path[-1], layer):
                whole = extend([*path, layer], [other for other in left if other is not layer])
                if whole is not None:
                    return whole
        return None

    for first in rest:
        found = extend([first], [layer for layer in rest if layer is not first])
        if found is None:
            continue
        for head in others:
            at = next((n for n, layer in enumerate(found) if layer.shape == head.shape and layer is not head), None)
            if at is None:
                return None
            found.insert(at + 1, head)
        return found
    return None


def _follows(before: Layer, layer: Layer) -> bool:
    """Whether some layer of these shapes takes what another gives, whichever way convolutions go."""
    gives = before.shape[:1] if before.weight.ndim == 2 else before.shape[:2]
    takes = layer.shape[1:2] if layer.weight.ndim == 2 else layer.shape[:2]
    if before.weight.ndim == layer.weight.ndim:
        return bool(set(gives) & set(takes))
    wide, narrow = (takes, gives) if before.weight.ndim == 4 else (gives, takes)
    return any(features % channels == 0 for features in wide for channels in narrow)


def side_of(name: str) -> int:
    """0 for names of the encoder, 2 for those of the decoder, 1 for others such as the heads of a VAE."""
    for part in name.lower().split("."):
        if re.match(r"enc|down|inference|q_", part):
            return 0
        if re.match(r"dec|up|gen|p_", part) or re.search(r"deconv|trans|_dec|convt|^t_|tconv", part):
            return 2
        if re.search(r"_enc", part):
            return 0
    return 1


def natural(name: str) -> tuple:
    """Sort key that puts `net.2` before `net.10`."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)|\.", name) if part
    )


# ---- readings --------------------------------------------------------------------------------------------------------


def _readings(checkpoint: Checkpoint, layers: list[Layer], norms: list[Norm]) -> Iterator[Skeleton]:
    problem: MismatchError | None = None
    for heads, how in _heads(layers):
        rest = [layer for number, layer in enumerate(layers) if heads is None or number != heads[1]]
        mean = None if heads is None else layers[heads[0]]
        halved = how.startswith("half")
        try:
            for parts, split in _chains(rest, mean, halved):
                parts = _with_norms(parts, norms, layers)
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
        told_a, told_b = _head_name(a), _head_name(b)
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


def _head_name(layer: Layer) -> str:
    words = [part for part in layer.name.split(".") if not part.isdecimal()]
    last = words[-1] if words else layer.name
    if LOG_VARIANCE.search(last):
        return "log"
    return "mean" if MEAN.search(last) else ""


def _chains(layers: list[Layer], mean: Layer | None, halved: bool) -> Iterator[tuple[list[Part], int]]:
    """The layers as parts whose sizes follow from one another, with the number of those of the encoder."""
    for kinds in _kinds(layers, mean, halved):
        parts = [_part_of(layer, kind) for layer, kind in zip(layers, kinds, strict=True)]
        for split in _splits(parts, mean, halved):
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


# ---- normalisations --------------------------------------------------------------------------------------------------


def _with_norms(parts: list[Part], norms: Sequence[Norm], layers: Sequence[Layer]) -> list[Part]:
    """The parts with the normalisation of each: the one that is saved next, else of the same number and width."""
    taken: dict[int, Norm] = {}
    order = _saved_order([layer.name for layer in layers], [norm.name for norm in norms])
    for norm in norms:
        wide = [number for number, part in enumerate(parts) if part.outputs == norm.width and number not in taken]
        before = [number for number in wide if order.get(parts[number].name, 0) < order.get(norm.name, 0)]
        near = max(before, key=lambda number: order.get(parts[number].name, 0), default=None)
        numbered = [number for number in wide if _alike(parts[number].name, norm.name)]
        adjacent = near is not None and order[norm.name] - order.get(parts[near].name, 0) <= 2
        choice = near if adjacent else (numbered[0] if numbered else (wide[0] if wide else None))
        if choice is None:
            raise MismatchError(f"{norm.name} normalises {norm.width} channels, which no layer gives", 0)
        tensors = {name: value.float() if value.is_floating_point() else value for name, value in norm.tensors.items()}
        taken[choice] = replace(norm, tensors=tensors)
    return [replace(part, norm=taken.get(number)) for number, part in enumerate(parts)]


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


# ---- what lies between -----------------------------------------------------------------------------------------------


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


def side_length(features: int, channels: int) -> int | None:
    """The side of a square map of so many features and channels; None where there is none."""
    area = features // channels if channels and features % channels == 0 else 0
    side = math.isqrt(area)
    return side if side * side == area and side else None
