"""Who is at work and what they may do: roles, the limits of each, tokens to sign in with, and what was done by whom."""

from aecore.access.limits import Limits, limits_of
from aecore.access.permit import check, may, owns, permit
from aecore.access.person import NOBODY, ROLES, Person, Role, as_environment, current, demo_visitor, resolve_with

__all__ = [
    "NOBODY",
    "ROLES",
    "Limits",
    "Person",
    "Role",
    "as_environment",
    "check",
    "current",
    "demo_visitor",
    "limits_of",
    "may",
    "owns",
    "permit",
    "resolve_with",
]
