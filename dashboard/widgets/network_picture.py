"""A network as a picture: its shapes as blocks from the image to the image, the bottleneck in the middle."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from aecore.models.layer import Plan

HEIGHT = 120
"""Of the largest block, in pixels."""
MOST_LABELLED = 11


class Block(NamedTuple):
    """The shape between two layers, and what it is."""

    shape: tuple[int, ...]
    """(features,) or (C, H, W)."""
    title: str
    kind: str
    """`image`, `encoder`, `code` or `decoder`: how it is coloured."""


def network_picture(solved: Plan) -> None:
    """The shapes of a network in the order in which an image goes through it. The height of a block stands for the side
    of a map, or for the logarithm of a number of features, its width for the logarithm of the channels."""
    st.html(picture(solved))


def blocks_of(solved: Plan) -> list[Block]:
    """The image, every layer's output that has another shape than the one before, and the reconstruction."""
    found = [Block(solved.image_shape, "image", "image")]
    for side, layers in (("encoder", solved.encoder), ("decoder", solved.decoder), ("body", solved.body)):
        for number, layer in enumerate(layers):
            is_code = side == "encoder" and number == len(layers) - 1
            if layer.output_shape == found[-1].shape and not is_code:
                continue
            words = f"code: {layer.name}" if is_code else layer.name
            kind = "code" if is_code else "encoder" if side == "body" else side
            found.append(Block(layer.output_shape, words, kind))
    if found[-1].shape == solved.image_shape or math.prod(found[-1].shape) == math.prod(solved.image_shape):
        found.pop()
    return [*found, Block(solved.image_shape, "reconstruction", "image")]


def picture(solved: Plan) -> str:
    """The picture as HTML, as wide as the page's column."""
    blocks = blocks_of(solved)
    largest = max(_size(block.shape) for block in blocks)
    labelled = len(blocks) <= MOST_LABELLED
    parts = [_drawn(block, max(HEIGHT * _size(block.shape) / largest, 4), labelled) for block in blocks]
    words = ", ".join(f"{block.title} {_text(block.shape)}" for block in blocks)
    return (
        f'<div class="ae-network" role="img" aria-label="{html.escape(f"The network: {words}")}" '
        f'style="--height:{HEIGHT}px">{"".join(parts)}</div>'
    )


def _drawn(block: Block, high: float, labelled: bool) -> str:
    label = _label(block.shape) if labelled or block.kind in ("image", "code") else ""
    return (
        f'<figure class="{block.kind}" style="flex:{_width(block.shape):.2f}" '
        f'title="{html.escape(f"{block.title}: {_text(block.shape)}")}">'
        f'<div style="height:{high:.1f}px"></div><figcaption>{label}</figcaption></figure>'
    )


def _size(shape: Sequence[int]) -> float:
    """What the height stands for; features are as high as a square map of so many pixels would be, to the power that
    keeps a code of two numbers in sight."""
    return float(max(shape[1:])) if len(shape) == 3 else math.sqrt(shape[0])


def _width(shape: Sequence[int]) -> float:
    return 8 + 4 * math.log2(shape[0]) if len(shape) == 3 else 12


def _text(shape: Sequence[int]) -> str:
    return "×".join(f"{size:,}" for size in shape)


def _label(shape: Sequence[int]) -> str:
    """Channels, and the map's size below them: a block may be narrow."""
    return f"{shape[0]:,}" if len(shape) == 1 else f"{shape[0]:,}<br>{shape[1]}×{shape[2]}"
