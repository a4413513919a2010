"""`python -m aecore`: the command line."""


def main() -> None:
    from aecore.cli.app import run
    from aecore.training.rank import end_process

    end_process(run())


if __name__ == "__main__":
    main()
