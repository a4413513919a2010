"""Operations of an ONNX graph that move numbers, repeat them or leave some out."""

from __future__ import annotations

from typing import Any

import numpy as np

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
    """Split along the channels, or along a row of numbers."""
    value = walk.given(node)
    axis = node.attributes.get("axis", 0)
    if axis not in (1, -len(value.shape)) or len(value.shape) not in (1, 3):
        raise AecoreError("Split along another axis than that of the channels")
    value = walk.as_map(value) if len(value.shape) == 3 else walk.plain(value)
    start = 0
    for number, name in enumerate(node.outputs):
        shape = walk.shape(node, number)
        take(walk, value, start, shape[0])
        walk.values[name] = Value(walk.builder.last, shape, value.last)
        start += shape[0]


def take(walk: Walk, value: Value, start: int, count: int) -> None:
    walk.on_top(value)
    walk.builder.add("take", channels=value.shape[0], start=start, count=count)


def _slice(walk: Walk, node: Node) -> None:
    """A range of channels, or of a row."""
    value = walk.given(node)
    starts, axes, steps = (walk.graph.constant(node, number) for number in (1, 3, 4))
    axes = np.arange(len(starts if starts is not None else ())) if axes is None else axes
    if starts is None or len(starts) != 1 or (steps is not None and (steps != 1).any()):
        raise AecoreError("Slice along several axes, or in steps")
    if int(axes[0]) not in (1, -len(value.shape)) or len(value.shape) not in (1, 3):
        raise AecoreError("Slice along another axis than that of the channels")
    value = walk.as_map(value) if len(value.shape) == 3 else walk.plain(value)
    start = int(starts[0])
    take(walk, value, start if start >= 0 else start + value.shape[0], walk.shape(node)[0])
    walk.put(node, value.last)


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
    **dict.fromkeys(("Resize", "Upsample"), _resize),
    "DepthToSpace": _shuffle,
    "Pad": _pad,
}
