"""Operations of an ONNX graph that move numbers, repeat them or leave some out."""

from __future__ import annotations

from typing import Any

from aecore.errors import AecoreError
from aecore.models.browser_export import hwc
from aecore.models.onnx_browser.graph import Node
from aecore.models.onnx_browser.walk import Rule, Value, Walk

NOTHING = ("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast", "Dropout")
"""They leave the numbers in their order; the shape that they had when the file was run is theirs."""


def _same_numbers(walk: Walk, node: Node) -> None:
    if node.kind == "Dropout" and (training := walk.graph.constant(node, 2)) is not None and training.any():
        raise AecoreError("Dropout in training")
    if node.kind == "Cast" and node.attributes.get("to") != 1:  # TensorProto.FLOAT
        raise AecoreError("Cast to another type")
    value, shape = walk.given(node), walk.shape(node)
    value = value if shape == value.shape else walk.plain(value)
    walk.values[node.outputs[0]] = Value(value.at, shape, value.last)


def _transpose(walk: Walk, node: Node) -> None:
    """Channels to the end or from there, which is the order of the numbers in the browser."""
    value, order = walk.given(node), tuple(node.attributes.get("perm", ()))
    if order == tuple(range(len(value.shape) + 1)):
        walk.values[node.outputs[0]] = value
    elif order == (0, 2, 3, 1):
        value = walk.as_map(value)
        walk.values[node.outputs[0]] = Value(value.at, walk.shape(node))
    elif order == (0, 3, 1, 2):
        value = walk.plain(value)
        walk.values[node.outputs[0]] = Value(value.at, walk.shape(node), True)
    else:
        raise AecoreError(f"Transpose by {list(order)}")


def _concatenate(walk: Walk, node: Node) -> None:
    if node.attributes["axis"] not in (1, -len(walk.shape(node))):
        raise AecoreError("Concat along another axis than that of the channels")
    if any(name in walk.graph.constants for name in node.inputs):
        raise AecoreError("Concat with constants")
    parts = [walk.given(node, number) for number in range(len(node.inputs))]
    maps = len(parts[0].shape) == 3
    parts = [walk.as_map(part) if maps else walk.plain(part) for part in parts]
    top, channels = walk.on_top(parts[0]), parts[0].shape[0]
    for part in parts[1:]:
        walk.builder.add("join", earlier=part.at, channels=channels, others=part.shape[0])
        channels += part.shape[0]
    if not maps and len(top.shape) != 1:
        raise AecoreError(f"Concat of {len(top.shape) + 1} axes")
    walk.put(node, maps)


def _split(walk: Walk, node: Node) -> None:
    """Parts of a result along one axis."""
    value = walk.given(node)
    axis, start = _axis(node.attributes.get("axis", 0), value), 0
    for number in range(len(node.outputs)):
        size = walk.shape(node, number)[axis]
        _cut(walk, value, axis, start, size)
        walk.put(node, value.last, number)
        start += size


def _slice(walk: Walk, node: Node) -> None:
    """A range along each of some axes."""
    value = walk.given(node)
    starts, axes, steps = (walk.graph.constant(node, number) for number in (1, 3, 4))
    if starts is None or (steps is not None and (steps != 1).any()):
        raise AecoreError("Slice in steps")
    for start, given in zip(starts.tolist(), range(len(starts)) if axes is None else axes.tolist(), strict=True):
        axis = _axis(given, value)
        length, size = value.shape[axis], walk.shape(node)[axis]
        start = min(start + length if start < 0 else start, length)
        if size < length:
            value = _cut(walk, value, axis, start, size)
    walk.on_top(value)
    walk.put(node, value.last)


def _axis(given: int, value: Value) -> int:
    """An axis of the file, which counts the batch, among those of a value."""
    axis = given - 1 if given > 0 else given + len(value.shape)
    if not 0 <= axis < len(value.shape) <= 3:
        raise AecoreError("a cut through the batch, or through more than three axes")
    return axis


def _cut(walk: Walk, value: Value, axis: int, start: int, size: int) -> Value:
    """Part of a value along an axis."""
    walk.on_top(value)
    order = (1, 2, 0) if value.last else tuple(range(len(value.shape)))
    missing = 3 - len(order)  # axes of one, before those of a row
    whole = [1] * missing + [value.shape[one] for one in order]
    place = missing + order.index(axis)
    kept, at = list(whole), [0, 0, 0]
    kept[place], at[place] = size, start
    walk.builder.add("crop", **{"from": whole, "to": kept, "at": at})
    return Value(
        walk.builder.last, tuple(size if one == axis else length for one, length in enumerate(value.shape)), value.last
    )


def _resize(walk: Walk, node: Node) -> None:
    value, to, about = walk.as_map(walk.given(node)), walk.shape(node), node.attributes
    mode, place = about.get("mode", "nearest"), about.get("coordinate_transformation_mode", "half_pixel")
    if value.shape[0] != to[0] or about.get("antialias") or about.get("exclude_outside"):
        raise AecoreError(f"{node.kind} across channels or smoothed")
    size: dict[str, Any] = {"from": hwc(value.shape), "to": hwc(to)}
    whole = all(new % old == 0 for new, old in zip(to[1:], value.shape[1:], strict=True))
    floor = place == "asymmetric" and about.get("nearest_mode", "round_prefer_floor") == "floor"
    if mode == "nearest" and (floor or (whole and place == "half_pixel")):
        walk.builder.add("enlarge", **size)
    elif mode == "linear" and place in ("half_pixel", "pytorch_half_pixel") and min(to[1:]) > 1:
        walk.builder.add("resize", **size)
    else:
        raise AecoreError(f"{node.kind} {mode}, {place}")
    walk.put(node, True)


def _shuffle(walk: Walk, node: Node) -> None:
    """DepthToSpace, PyTorch's PixelShuffle."""
    value, to = walk.as_map(walk.given(node)), walk.shape(node)
    size: dict[str, Any] = {"from": hwc(value.shape), "to": hwc(to)}
    size |= {"size": node.attributes["blocksize"], "outer": node.attributes.get("mode", "DCR") == "CRD"}
    walk.builder.add("shuffle", **size)
    walk.put(node, True)


def _pad(walk: Walk, node: Node) -> None:
    value, pads, fill = walk.as_map(walk.given(node)), walk.graph.constant(node, 1), walk.graph.constant(node, 2)
    axes = walk.graph.constant(node, 3)
    if pads is None or axes is not None or node.attributes.get("mode", "constant") != "constant":
        raise AecoreError(f"Pad {node.attributes.get('mode', '')}")
    begin, end = pads.reshape(2, -1)
    if len(begin) != 4 or begin[:2].any() or end[:2].any() or len({*begin[2:].tolist(), *end[2:].tolist()}) != 1:
        raise AecoreError("Pad that differs from side to side")
    size: dict[str, Any] = {"from": hwc(value.shape), "to": hwc(walk.shape(node))}
    walk.builder.add("frame", **size, by=int(begin[2]), value=0.0 if fill is None else float(fill.item()))
    walk.put(node, True)


RULES: dict[str, Rule] = {
    **dict.fromkeys(NOTHING, _same_numbers),
    "Transpose": _transpose,
    "Concat": _concatenate,
    "Split": _split,
    "Slice": _slice,
    "Resize": _resize,
    "DepthToSpace": _shuffle,
    "Pad": _pad,
}
