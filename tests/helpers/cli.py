"""The command line, called in the test's own process."""

from __future__ import annotations

import json

from aecore.cli import app


def run(capsys, *arguments):
    status = app.run(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def as_json(capsys, *arguments):
    status, out, _ = run(capsys, *arguments, "--json")
    assert status == 0
    return json.loads(out)
