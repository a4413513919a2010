"""What a person may do. Pages leave out what is not allowed; the functions that change the store ask here as well."""

from __future__ import annotations

from typing import Protocol

from aecore.access import audit
from aecore.access.person import Person, Role, current
from aecore.errors import UserError


class Owned(Protocol):
    """A run or a sweep."""

    @property
    def id(self) -> str: ...

    @property
    def shipped(self) -> bool: ...

    def owner(self) -> str:
        """The name of the person who made it; empty for the owner of the store."""
        ...


def may(role: Role) -> bool:
    """Whether the person at work has at least this role, and is not a visitor of a demo."""
    person = current()
    return person.at_least(role) and not person.visitor


def owns(thing: Owned) -> bool:
    """Whether the person at work may change this run or sweep, or what may be changed of one that ships."""
    person = current()
    return may("manage") or (may("train") and not thing.shipped and thing.owner() == person.name)


def permit(
    what: str, thing: Owned | None = None, *, role: Role = "train", on: str = "", visitors: bool = False
) -> None:
    """Raise `UserError` if the person at work may not do `what`, as `check` does, and record it either way.

    `on` names what it is done to where that is neither run nor sweep.
    """
    problem = _problem(current(), what, thing, role, visitors)
    audit.record(current(), what, thing.id if thing else on, refused=problem)
    if problem:
        raise UserError(problem)


def check(what: str, thing: Owned | None = None, *, role: Role = "train", visitors: bool = False) -> None:
    """Raise `UserError` if the person at work may not do `what`, as in "deleting runs".

    Nobody below `role` may. A run or sweep of somebody else, `thing`, is for those who manage. Visitors of a demo may
    not either, unless `visitors` and their role suffices.
    """
    if problem := _problem(current(), what, thing, role, visitors):
        raise UserError(problem)


def _problem(person: Person, what: str, thing: Owned | None, role: Role, visitors: bool) -> str:
    if person.visitor and not (visitors and person.at_least(role)):
        return f"{what} is switched off on this public demo; run the project on your own machine"
    if person.role == "none":
        return f"{what}: sign in first"
    if not person.at_least(role):
        return f"{what} needs the role '{role}'; {person.name or 'this process'} has the role '{person.role}'"
    if thing is not None and not person.at_least("manage") and not thing.shipped and thing.owner() != person.name:
        owner = thing.owner() or "the owner of this server"
        return f"{what}: {thing.id} belongs to {owner}; only they and those who manage may change it"
    return ""
