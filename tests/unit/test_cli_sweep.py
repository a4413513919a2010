"""Mistakes on the command line of sweeps."""

from __future__ import annotations

import pytest

from aecore.cli import app


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing"], "there is no sweep 'nothing'"),
        (["missing.toml"], "there is no file missing.toml"),
        (["nothing", "--on", "slurm"], "--on: should be local or ray, got 'slurm'"),
        (["nothing", "--on", "ray", "--cpus", "0"], "--cpus: should be a number above 0"),
        (["nothing", "--extend", "other"], "--extend: needs a file"),
    ],
)
def test_a_mistake_is_one_line(store, capsys, arguments, told):
    assert app.run(["sweep", *arguments]) == 2
    errors = capsys.readouterr().err
    assert told in errors
    assert errors.count("\n") == 1
