"""Reading what stands in a drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aecore.drawing import Clip, Drawing, Text
from aecore.drawing.items import Item


def everything(items: Sequence[Item]) -> Iterator[Item]:
    """All items, also those inside of clips."""
    for item in items:
        yield item
        if isinstance(item, Clip):
            yield from everything(item.items)


def texts_of(drawing: Drawing) -> list[str]:
    return [item.text for item in everything(drawing.items) if isinstance(item, Text)]
