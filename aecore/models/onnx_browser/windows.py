"""The windows of convolutions and poolings in an ONNX file, and kernels made square for `viewer/js/network.js`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from aecore.errors import AecoreError
from aecore.models.onnx_browser.graph import Node


class Window(NamedTuple):
    """Height before width."""

    kernel: tuple[int, int]
    stride: int
    begin: tuple[int, int]
    """Padding above and to the left; that below and to the right follows from the sizes."""
    dilations: tuple[int, int]


def window_of(node: Node, kernel: Sequence[int], given: Sequence[int], to: Sequence[int]) -> Window:
    """The window of a node from a map (C, H, W) to another. Raises `AecoreError` where it is not in two dimensions or
    strides differ."""
    about = node.attributes
    strides = tuple(about.get("strides", (1,) * len(kernel)))
    if len(kernel) != 2 or len(set(strides)) != 1:
        raise AecoreError(f"{node.kind} with steps of {' × '.join(map(str, strides))} in {len(kernel)} dimensions")
    stride, dilations = strides[0], tuple(about.get("dilations", (1, 1)))
    pads, how = tuple(about.get("pads", (0, 0, 0, 0))), about.get("auto_pad", "NOTSET")
    if about.get("ceil_mode"):
        raise AecoreError(f"{node.kind} that rounds sizes up")
    if how in ("SAME_UPPER", "SAME_LOWER"):
        begin = []
        for axis in (0, 1):
            reach = (kernel[axis] - 1) * dilations[axis] + 1
            small, large = (given, to) if node.kind == "ConvTranspose" else (to, given)
            total = max((small[axis + 1] - 1) * stride + reach - large[axis + 1], 0)
            upper = how == "SAME_UPPER"
            begin.append(total // 2 if upper else total - total // 2)
        pads = (*begin, 0, 0)
    elif how == "VALID":
        pads = (0, 0, 0, 0)
    if about.get("output_shape") and how == "NOTSET":
        raise AecoreError(f"{node.kind} with its output's shape")
    return Window((kernel[0], kernel[1]), stride, (pads[0], pads[1]), (dilations[0], dilations[1]))


def square(weight: np.ndarray, window: Window, groups: int, backwards: bool) -> tuple[np.ndarray, int]:
    """A kernel (out, in / groups, h, w), backwards (in, out / groups, h, w), as one that is square, without gaps and in
    one group, with zeros where it had nothing, and the padding that is the same on both sides then."""
    if groups > 1:
        rows, columns = weight.shape[:2]
        dense = np.zeros((rows, columns * groups, *weight.shape[2:]), weight.dtype)
        each = rows // groups
        for group in range(groups):
            part = slice(group * each, (group + 1) * each)
            dense[part, group * columns : (group + 1) * columns] = weight[part]
        weight = dense
    reach = [(size - 1) * gap + 1 for size, gap in zip(window.kernel, window.dilations, strict=True)]
    padding = max(window.begin)
    before = [padding - one for one in window.begin]
    side = max(first + size for first, size in zip(before, reach, strict=True))
    full = np.zeros((*weight.shape[:2], side, side), np.float32)
    places = [
        first + gap * np.arange(size) for first, gap, size in zip(before, window.dilations, window.kernel, strict=True)
    ]
    full[:, :, places[0][:, None], places[1][None, :]] = weight
    return full, padding
