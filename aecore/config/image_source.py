"""Which images a run reads: a set's name, or a path with the size and fit that were asked for, as one string.

`data.load` and every cache take this string: `faces?size=64&fit=pad` names other images than `faces`.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Fit = Literal["crop", "pad"]
OWN_LARGEST_SIDE = 256
"""Images that are alike stay as they are up to this side, in pixels; no other size is offered above it."""
OWN_SMALLEST_SIDE = 8

_OPTIONS = re.compile(r"\?(?:size=(?P<size>\d{1,4}))?&?(?:fit=(?P<fit>crop|pad))?$")


class ImageSource(NamedTuple):
    """A set's name or a path; `size` is the side of the square images in pixels, 0 for as they are."""

    name: str
    size: int = 0
    fit: Fit = "crop"

    def __str__(self) -> str:
        asked = [f"size={self.size}"] if self.size else []
        asked += [f"fit={self.fit}"] if self.fit != "crop" else []
        return f"{self.name}?{'&'.join(asked)}" if asked else self.name

    @classmethod
    def parse(cls, text: str) -> ImageSource:
        """The parts of such a string; one without options is a name or path as it is."""
        found = _OPTIONS.search(text)
        if not found or not (found["size"] or found["fit"]):
            return cls(text)
        return cls(text[: found.start()], int(found["size"] or 0), "pad" if found["fit"] == "pad" else "crop")
