"""The commands, and the reading of their arguments."""

from __future__ import annotations

from importlib import import_module

import typer

from aecore.errors import UserError
from aecore.training.rank import get_rank

MODULES = {
    "listing": ("presets", "runs"),
    "data": ("data",),
    "train": ("train", "resume", "stop", "work"),
    "runs": ("show", "rename", "verify", "annotate", "group", "delete", "restore", "import"),
    "export": ("export",),
    "sweep": ("sweep", "sweeps", "work-many"),
    "evaluate": ("evaluate", "project", "gallery", "results"),
    "measure": ("measure",),
    "report": ("report",),
    "lessons": ("lessons",),
    "doctor": ("doctor",),
    "tokens": ("tokens",),
    "serve": ("serve",),
    "send": ("send",),
}
"""The commands of each module of this folder. Only that of the command that is asked for is imported: each of them
takes its time."""

# Typer may bundle a copy of click or use the installed one; its public BadParameter leads to the right UsageError.
UsageError: type[typer.BadParameter] = typer.BadParameter.__mro__[1]

DISTRIBUTED = ("train", "resume", "work")
"""The commands that torchrun may start in several processes."""


def build(arguments: list[str]) -> typer.Typer:
    """The command line: the command that the arguments begin with, or all of them where there is none of that name."""
    app = typer.Typer(
        add_completion=False,
        no_args_is_help=False,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        help="A laboratory for autoencoders. RUN is a run's id, a unique prefix of it, or a path.",
    )
    app.callback()(without_command)
    name = arguments[0] if arguments else ""
    for module in [module for module, names in MODULES.items() if name in names] or MODULES:
        app.add_typer(import_module(f"aecore.cli.{module}").commands)
    return app


def without_command(context: typer.Context) -> None:
    command, here = context.invoked_subcommand, get_rank()
    if here.world > 1 and command not in DISTRIBUTED:
        raise UserError(f"torchrun has started {here.world} processes, which works for train and resume only")
    if not here.first:
        from aecore.jobs import helper_rank

        raise typer.Exit(int(helper_rank.assist() == "failed"))
    if command is None:
        print(context.get_help())


def call(arguments: list[str]) -> int:
    """Call the command that the arguments name and return its exit status. Raises `UserError` where they do not fit it,
    `KeyboardInterrupt` where the person at the terminal said no, and whatever the command raises."""
    try:
        status = typer.main.get_command(build(arguments)).main(arguments, "aecore", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except typer.Exit as done:
        return done.exit_code
    except UsageError as error:
        message = error.format_message().strip()
        text = f"{message[0].lower()}{message[1:]}".rstrip(".") if message else "see aecore --help"
        raise UserError(text) from None
    except typer.Abort:
        raise KeyboardInterrupt from None
