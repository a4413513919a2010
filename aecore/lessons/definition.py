"""What a lesson is, and the reading of its file: Markdown with a TOML head (docs/lessons.md)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, StringConstraints, ValidationError

from aecore.config.base import Section, format_validation_error
from aecore.errors import UserError, nearest
from aecore.lessons.numbers import Claim, Hole, Path, parse_claim, parse_hole

PAGES = (
    *("overview", "train", "sweep", "reports", "restore", "replay", "interpolate", "latent", "generate", "measure"),
    "compare",
)
"""The pages that a step may open; the Overview's address is `/`."""
CARRIED = ("lesson", "step")
"""What an address has while a lesson runs."""
MOST_STEPS, MOST_TEXT = 12, 1200
"""How many steps, and how many characters each part of one: all of it is shown above a page."""
FENCE = "+++"
PARTS = ("open", "holds", "question", "answer")

Text = tuple[str | Hole, ...]
"""Markdown in pieces, with the numbers that are read when it is shown."""
Line = Annotated[str, StringConstraints(min_length=1, max_length=160, strip_whitespace=True, pattern=r"^[^\n]*$")]


class Head(Section):
    """The head of a lesson's file."""

    title: Line
    summary: Line
    minutes: int = Field(ge=1, le=240)
    number: int | None = Field(default=None, ge=1, le=999)
    """Its place in the list; those without one come last, by title."""


@dataclass(frozen=True)
class Step:
    """One step: the view of the app that it is about, what to read, a question and its answer."""

    title: str
    page: str
    query: tuple[tuple[str, str], ...]
    """The parameters of its address."""
    text: Text
    question: Text
    answer: Text
    holds: tuple[Claim, ...]
    """What the answer rests on: where one is false, the answer is not shown."""

    def paths(self) -> tuple[Path, ...]:
        """Every number that the step names, each once."""
        holes = [piece for part in (self.text, self.question, self.answer) for piece in part if isinstance(piece, Hole)]
        found = [path for hole in holes for path in hole.expression.paths()]
        return tuple(dict.fromkeys([*found, *(path for claim in self.holds for path in claim.paths())]))


@dataclass(frozen=True)
class Lesson:
    """A lesson; its name is that of its file."""

    name: str
    title: str
    summary: str
    minutes: int
    number: int | None
    steps: tuple[Step, ...]


def parse_lesson(name: str, content: str) -> Lesson:
    """Raises `UserError` with the line where the file is wrong."""
    lines = content.splitlines()
    if not lines or lines[0].strip() != FENCE or FENCE not in (line.strip() for line in lines[1:]):
        raise _wrong(name, 1, f"it begins with a head in TOML between two lines '{FENCE}'")
    end = next(place for place, line in enumerate(lines) if place and line.strip() == FENCE)
    head = _head(name, "\n".join(lines[1:end]))
    begins = [place for place, line in enumerate(lines) if place > end and line.startswith("## ")]
    stray = next((p for p in range(end + 1, begins[0] if begins else len(lines)) if lines[p].strip()), None)
    if stray is not None:
        raise _wrong(name, stray + 1, "a step begins with its title, '## …', before any text")
    if not 1 <= len(begins) <= MOST_STEPS:
        raise _wrong(name, len(lines), f"it has {len(begins)} steps, '## …'; from 1 to {MOST_STEPS} are possible")
    ends = [*begins[1:], len(lines)]
    steps = tuple(_step(name, start + 1, lines[start:stop]) for start, stop in zip(begins, ends, strict=True))
    return Lesson(name, head.title, head.summary, head.minutes, head.number, steps)


def _head(name: str, text: str) -> Head:
    try:
        return Head(**tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _wrong(name, 1, f"its head is not TOML: {error}") from None
    except ValidationError as error:
        raise _wrong(name, 1, f"its head: {format_validation_error(error)}") from None


def _step(name: str, first: int, lines: list[str]) -> Step:
    """A step from its lines; `first` is the number of its title's line."""
    parts: dict[str, list[tuple[int, str]]] = {"text": []}
    found: dict[str, Any] = {"holds": []}
    part = "text"
    for number, line in enumerate(lines[1:], first + 1):
        word, _, rest = line.partition(":")
        if word not in PARTS:
            parts[part].append((number, line))
            continue
        if word != "holds" and (word in parts or word in found):
            raise _wrong(name, number, f"the step has a second '{word}:'")
        try:
            if word == "holds":
                found["holds"].append(parse_claim(rest))
            elif word == "open":
                found["open"] = parse_address(rest.strip())
            else:
                part, parts[word] = word, [(number, rest)]
        except UserError as error:
            raise _wrong(name, number, str(error)) from None
    for word in PARTS:
        if word != "holds" and word not in parts and word not in found:
            raise _wrong(name, first, f"the step has no '{word}:'")
    page, query = found["open"]
    texts = {word: _text(name, first, word, piece) for word, piece in parts.items()}
    if not any(isinstance(piece, Hole) for piece in texts["answer"]):
        raise _wrong(
            name, parts["answer"][0][0], "the answer names no number of a run, such as {RUN status parameters}"
        )
    return Step(lines[0].removeprefix("## ").strip(), page, query, holds=tuple(found["holds"]), **texts)


def parse_address(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A page and the parameters of its address, such as `/restore?run=mnist-mlp8`. Raises `UserError`."""
    try:
        parts = urlsplit(text)
    except ValueError:
        raise UserError(f"'{text}' is not an address of the app, such as /restore?run=mnist-mlp8") from None
    if parts.fragment:
        raise UserError(f"what stands after the # in '{text}' belongs to the browser: leave it out")
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        raise UserError(f"'{text}' is not an address of the app, such as /restore?run=mnist-mlp8")
    page = parts.path.removeprefix("/") or "overview"
    if page not in PAGES:
        raise UserError(f"'{parts.path}' is no page of the app: {nearest(page, PAGES)}")
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    names = [name for name, _ in query]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"'{twice}' stands twice in '{text}'")
    if reserved := next((name for name in names if name in CARRIED), None):
        raise UserError(f"'{reserved}' in '{text}' is set by the lesson itself")
    return page, query


def _text(name: str, first: int, part: str, lines: list[tuple[int, str]]) -> Text:
    """Lines as Markdown with holes; `first` is the line of the step's title."""
    joined = "\n".join(line for _, line in lines).strip()
    number = lines[0][0] if lines else first
    if not joined:
        raise _wrong(name, number, "the step has no text" if part == "text" else f"nothing follows '{part}:'")
    if len(joined) > MOST_TEXT:
        raise _wrong(name, number, f"its {part} has {len(joined):,} characters; at most {MOST_TEXT:,} are shown")
    pieces: list[str | Hole] = []
    for place, piece in enumerate(re.split(r"(\{[^{}]*\})", joined)):
        if place % 2 == 0 and not re.search(r"[{}]", piece):
            pieces += [piece] if piece else []
            continue
        try:
            if place % 2 == 0:
                raise UserError("a brace without its counterpart: braces enclose a number of a run")
            pieces.append(parse_hole(piece[1:-1]))
        except UserError as error:
            at = next((n for n, line in lines if piece in line), number)
            raise _wrong(name, at, str(error)) from None
    return tuple(pieces)


def _wrong(name: str, line: int, what: str) -> UserError:
    return UserError(f"lesson {name}.md, line {line}: {what}")
