"""`python -m aecore …`: everything the app does, without the app.

`--json` prints one JSON document on standard output and nothing else there; progress goes to standard error.
A user error exits with 2, a failure with 1, each with one line.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback

from aecore.errors import AecoreError, UserError, describe_os_error
from aecore.format import printable
from aecore.training.rank import get_rank

LISTS = (["presets"], ["presets", "--json"], ["runs"], ["runs", "--json"])
"""What is asked for most, and needs no parser: importing it takes longer than the lists."""


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        if arguments in LISTS and get_rank().world == 1:
            from aecore.cli import lists

            lists.by_name[arguments[0]](as_json=len(arguments) > 1)
            return 0
        from aecore.cli import parser

        return parser.call(arguments)
    except KeyboardInterrupt:
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
