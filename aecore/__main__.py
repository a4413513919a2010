"""`python -m aecore`: the command line."""

import sys


def main() -> None:
    from aecore.cli.app import run

    sys.exit(run())


if __name__ == "__main__":
    main()
