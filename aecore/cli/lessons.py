"""The command that lists lessons and checks what they say."""

from __future__ import annotations

from typing import Annotated

import typer

from aecore.cli.console import print_message, table
from aecore.format import printable

commands = typer.Typer()


@commands.command("lessons")
def lessons_command(
    name: Annotated[str, typer.Argument(help="A lesson; without one, all are listed.", show_default=False)] = "",
) -> None:
    """List the guided lessons, or print one with its answers as the runs here give them; a claim of it that does not
    hold is an error."""
    from aecore.lessons.library import answer, filled, lesson, lessons
    from aecore.runs.store import Store

    store = Store.default()
    if not name:
        found, problems = lessons(store)
        table(["lesson", "steps", "title"], [[one.name, str(len(one.steps)), printable(one.title)] for one in found])
    else:
        problems = []
        for number, step in enumerate(lesson(name, store).steps, 1):
            here = answer(step, store)
            texts = [filled(text, store) for text in (step.text, step.question)]
            parts = (f"{number}. {step.title}", *(text for text, _ in texts), here.text)
            print(*(printable(part) for part in parts if part), sep="\n", end="\n\n")
            missing = [line for _, lines in texts for line in lines]
            problems += [f"step {number}: {line}" for line in (*missing, *here.problems)]
    for line in problems:
        print_message(line)
    if problems:
        raise typer.Exit(1)
