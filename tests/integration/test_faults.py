"""`benchmarks.faults` in short: crashes, disks, signals, a wrong clock and changed files leave nothing wrong."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.helpers.paths import ROOT


@pytest.mark.parametrize(
    "parts", [("signals", "clocks"), pytest.param(("kills", "disks", "foreign"), marks=pytest.mark.proof)], ids=" ".join
)
def test_nothing_is_lost_left_or_wrong(parts, tmp_path):
    """In a process of its own, which forks; it exits with 1 where a row has a traceback or anything silent."""
    command = [sys.executable, "-m", "benchmarks.faults", "--quick", "--json", str(tmp_path / "found.json")]
    done = subprocess.run(
        [*command, *(f"--only={part}" for part in parts)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert tuple(json.loads((tmp_path / "found.json").read_text())) == parts
