"""What was understood of the user's own images: one report that command line, JSON, page and cache share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from aecore.data.custom.limits import one_line
from aecore.format import count

MOST_NAMES = 1000
"""Names of files left out that are kept; all are counted."""
NAMES_IN_A_LINE = 3
CLASSES_IN_A_LINE = 12


@dataclass
class Understood:
    """The report; everything in it is JSON. A reader fills it in as it goes."""

    kind: str = ""
    """What the path is: `a folder of pictures`."""
    split: str = ""
    """Where the test images come from."""
    labels: str = ""
    """Where the classes come from."""
    train: dict[str, int] = field(default_factory=dict)
    """Training images by class; classes without any are left away. So in `test`."""
    test: dict[str, int] = field(default_factory=dict)
    size_before: str = ""
    """Width×height in pixels, of all or from … to …."""
    size_after: str = ""
    size_done: str = ""
    """What was done to get from one to the other."""
    channels: int = 0
    """1 (grey) or 3 (RGB)."""
    channels_why: str = ""
    values_before: str = ""
    """The numbers in the files: type and range."""
    values_done: str = ""
    """Which of them became 0 and 255."""
    left_out: list[dict[str, str]] = field(default_factory=list)
    """The first thousand files and parts that were not used, as `name` and `why`."""
    left_out_count: int = 0
    test_copies: int = 0
    """Test images that are, pixel for pixel, also among the training images."""
    other_copies: int = 0
    """Images that are, pixel for pixel, an earlier one of the same split."""
    remarks: list[str] = field(default_factory=list)

    def remark(self, line: str) -> None:
        if line and line not in self.remarks:
            self.remarks.append(line)

    def leave_out(self, names: Iterable[str], why: str) -> None:
        for name in names:
            self.left_out_count += 1
            if len(self.left_out) < MOST_NAMES:
                self.left_out.append({"name": one_line(name), "why": why})

    def count_classes(self, y_train: np.ndarray, y_test: np.ndarray, classes: Sequence[str]) -> None:
        """Fill in `train` and `test` from labels (N,)."""
        for labels, into in ((y_train, self.train), (y_test, self.test)):
            into.clear()
            for i, number in enumerate(np.bincount(labels, minlength=len(classes)).tolist()):
                if number:
                    into[classes[i]] = number

    def as_json(self) -> dict[str, Any]:
        """Every field, and the lines that people read."""
        return {**asdict(self), "lines": self.lines()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Understood:
        """The report that was kept with a prepared set; keys that this version does not know are ignored."""
        known = {part.name for part in fields(cls)}
        return cls(**{key: part for key, part in value.items() if key in known})

    def lines(self) -> list[str]:
        """The report as lines of text, the plain facts first."""
        train, test = sum(self.train.values()), sum(self.test.values())
        size = self.size_before + (f" → {self.size_after}" if self.size_after != self.size_before else "")
        lines = [
            f"{self.kind}: {count(train, 'training image')}, {count(test, 'test image')}",
            f"split: {self.split}",
            f"classes: {self.labels}{self._classes()}",
            f"size: {size}{f', {self.size_done}' if self.size_done else ''}",
            f"channels: {self.channels}, {self.channels_why}",
            f"values: {self.values_before}, {self.values_done}",
        ]
        lines += [f"left out: {line}" for line in self._left_out()]
        if self.test_copies:
            are = "is" if self.test_copies == 1 else "are"
            images = count(self.test_copies, "test image")
            lines.append(f"copies: {images} {are} also among the training images, pixel for pixel")
        if self.other_copies:
            repeat = "repeats" if self.other_copies == 1 else "repeat"
            lines.append(f"copies: {count(self.other_copies, 'image')} {repeat} another of the same split")
        return lines + [f"note: {line}" for line in self.remarks]

    def _classes(self) -> str:
        names = list(dict.fromkeys([*self.train, *self.test]))
        if len(names) < 2:
            return ""
        shown = [f"{name}: {self.train.get(name, 0):,} + {self.test.get(name, 0):,}" for name in names]
        more = f", … ({len(names)} in all)" if len(shown) > CLASSES_IN_A_LINE else ""
        return f" (training + test): {', '.join(shown[:CLASSES_IN_A_LINE])}{more}"

    def _left_out(self) -> list[str]:
        """A line for each reason, with the first names."""
        lines = []
        reasons = Counter(entry["why"] for entry in self.left_out)
        for why, number in reasons.items():
            names = [entry["name"] for entry in self.left_out if entry["why"] == why][:NAMES_IN_A_LINE]
            if number == 1:
                lines.append(f"{names[0]}, which {why}")
            else:
                more = ", …" if number > len(names) else ""
                lines.append(f"{', '.join(names)}{more}: {number:,} that {_plural(why)}")
        if self.left_out_count > len(self.left_out):
            lines.append(f"and {self.left_out_count - len(self.left_out):,} more")
        return lines


def _plural(why: str) -> str:
    """A reason for several files: `is damaged` becomes `are damaged`."""
    verb, _, rest = why.partition(" ")
    plural = {"is": "are", "has": "have", "holds": "hold", "lies": "lie", "needs": "need"}
    return f"{plural.get(verb, verb)} {rest}"


def describe_sizes(sizes: Iterable[tuple[int, int]]) -> str:
    """Widths and heights in pixels as text: `28×28`, or `30×41 to 199×180, 24 different sizes`."""
    distinct = sorted(set(sizes), key=lambda size: (size[0] * size[1], size))
    if not distinct:
        return "none"
    first, last = ("×".join(map(str, size)) for size in (distinct[0], distinct[-1]))
    return first if len(distinct) == 1 else f"{first} to {last}, {len(distinct):,} different sizes"
