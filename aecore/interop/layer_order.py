"""The orders in which a checkpoint's layers may be applied, by their names and shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aecore.interop.checkpoint import Checkpoint, Layer, Norm

LOG_VARIANCE = re.compile(r"log|var|sigma|std|(?<!\d)22$", re.IGNORECASE)
"""Names of log-variances; fc22 is that of PyTorch's own example."""
MEAN = re.compile(r"mu|mean|loc|(?<!\d)21$", re.IGNORECASE)


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
    others = [layer for layer in layers if head_name(layer) == "log"]
    rest = [layer for layer in layers if head_name(layer) != "log"]
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


def head_name(layer: Layer) -> str:
    words = [part for part in layer.name.split(".") if not part.isdecimal()]
    last = words[-1] if words else layer.name
    if LOG_VARIANCE.search(last):
        return "log"
    return "mean" if MEAN.search(last) else ""
