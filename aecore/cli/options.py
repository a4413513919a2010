"""The options that commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from aecore.errors import UserError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, a unique prefix of it, or a path.")]


def key_and_value(text: str) -> tuple[str, Any]:
    """`training.epochs=2` as key and value. Raises `UserError` where there is no equals sign."""
    key, equals, value = text.partition("=")
    if not equals:
        raise UserError(f"--set {text}: should look like training.epochs=2")
    from aecore.config.experiment import typed_value

    return key.strip(), typed_value(value)
