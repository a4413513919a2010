"""`benchmarks.faults` in short: crashes, disks, signals, clocks and other programs' files leave nothing wrong."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT


@pytest.mark.parametrize("part", ["kills", "disks", "signals", "clocks", "foreign"])
def test_nothing_is_lost_left_or_wrong(part, tmp_path):
    """In a process of its own, which forks; it exits with 1 where a row has a traceback or anything silent."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "benchmarks.faults", "--quick", "--only", part, "--json", str(tmp_path / "a.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert Path(tmp_path / "a.json").exists()
    print(f"{part}: {time.monotonic() - begun:.1f} s")
