"""Who is at work: the person at the machine, someone who has signed in to the server, or a visitor of a public demo."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["none", "look", "train", "manage"]
ROLES: tuple[Role, ...] = get_args(Role)
"""From nothing at all to everything. `look` sees every page, `train` also starts and manages runs of their own,
`manage` changes every run and opens images by their path on the server."""
DEMO, PERSON = "AECORE_DEMO", "AECORE_PERSON"


@dataclass(frozen=True)
class Person:
    """Someone who uses the project."""

    name: str = ""
    """Empty for whoever is at the machine: the owner of the store."""
    role: Role = "manage"
    visitor: bool = False
    """Whether they visit a public demo without having signed in: they own nothing, and stricter limits hold."""

    def at_least(self, role: Role) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)


NOBODY = Person(role="none")
VISITOR = "visitor"
_resolvers: list[Callable[[], Person]] = []


def current() -> Person:
    """Who is at work in this thread."""
    return _resolvers[-1]() if _resolvers else of_process()


def resolve_with(resolver: Callable[[], Person]) -> None:
    """Let a server say who is at work, as its threads work for different people."""
    _resolvers[:] = [resolver]


def of_process() -> Person:
    """For whom this process works: the person who had it started, else a visitor on a demo, else whoever is at the
    machine."""
    if text := os.environ.get(PERSON):
        try:
            found = json.loads(text)
            return Person(str(found["name"]), ROLES[ROLES.index(found["role"])], bool(found["visitor"]))
        except (ValueError, KeyError, TypeError):
            return NOBODY
    return demo_visitor() or Person()


def demo_visitor() -> Person | None:
    """The visitor of a public demo: `AECORE_DEMO=train` lets them train within limits, any other value but empty, 0,
    no, off and false only look. None where there is no demo."""
    value = os.environ.get(DEMO, "").strip().lower()
    if value in ("", "0", "false", "no", "off"):
        return None
    return Person(VISITOR, "train" if value == "train" else "look", visitor=True)


def as_environment() -> dict[str, str]:
    """The variables with which a process that is started now works for the same person."""
    person = current()
    if person == of_process():
        return {}
    return {PERSON: json.dumps({"name": person.name, "role": person.role, "visitor": person.visitor})}
