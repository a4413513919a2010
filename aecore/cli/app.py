"""`python -m aecore …`: everything the app does, without the app.

`--json` prints one JSON document on standard output and nothing else there; progress goes to standard error.
A user error exits with 2, a failure with 1, each with one line.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from importlib import import_module

import typer

from aecore.errors import AecoreError, UserError, describe_os_error
from aecore.format import printable
from aecore.training.rank import get_rank

MODULES = {
    "presets": ("presets",),
    "listing": ("runs",),
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


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        status = typer.main.get_command(build(arguments)).main(arguments, "aecore", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except typer.Exit as done:
        return done.exit_code
    except UsageError as error:
        message = error.format_message().strip()
        return _fail(f"{message[0].lower()}{message[1:]}".rstrip(".") if message else "see aecore --help", 2)
    except (typer.Abort, KeyboardInterrupt):
        return _fail("interrupted", 130)
    except AecoreError as error:
        if debug:
            traceback.print_exc()
        return _fail(str(error), 2 if isinstance(error, UserError) else 1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone
        return 0
    except OSError as error:
        if debug:
            traceback.print_exc()
        return _fail(describe_os_error(error, "the command"), 1)
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _fail(f"{type(error).__name__}: {error} (--debug shows where)", 1)
    finally:
        with contextlib.suppress(UserError):
            if get_rank().world > 1:
                from aecore.jobs import helper_rank

                helper_rank.dismiss()


def _fail(message: str, status: int) -> int:
    if status == 2 and os.environ.get("RANK", "0") != "0":
        return status  # every process that torchrun started has the same error; rank 0 prints it
    print(f"aecore: {printable(' '.join(message.split()))}", file=sys.stderr)
    return status
