"""What crashes, full disks, wrong clocks and changed files make of a store:
`python -m benchmarks.faults [--quick] [--json FILE] [--only PART]`.

Acts of every kind (training, imports, projections, deletion, preparation, sweeps, notes) are killed at their
file-system calls, done on disks that are full, without inodes or read-only, asked to end by signals and done under
wrong clocks; then they are done again and the store is compared. Files of every kind are flipped, cut, overwritten and
replaced, and read by everything that reads them. The aim is no traceback, nothing silent, no hang, and nothing over
1,000 MB. Disks are mounted in memory, which needs root.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from rich.console import Console

from aecore import data
from benchmarks.faults import crashes, disks, files, foreign
from benchmarks.faults.acts import template
from benchmarks.tables import Part, print_part

PARTS = ("kills", "disks", "signals", "clocks", "faults", "foreign")


def run(wanted: tuple[str, ...], quick: bool, say: Callable[[str], None]) -> list[Part]:
    """The parts that are wanted, one after the other."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
    found: list[Part] = []
    with tempfile.TemporaryDirectory(prefix="faults-") as scratch:
        folder = Path(scratch)
        os.environ["AECORE_DATA"] = str(folder / "data")
        data.prepare("digits")
        base = folder / "base"
        base.mkdir()
        template(base)
        make: dict[str, Callable[[], Part]] = {
            "kills": lambda: crashes.kills(base, folder, 2 if quick else 60, say),
            "disks": lambda: disks.disks(base, folder, disks.ROOM_KB[3:4] if quick else disks.ROOM_KB, say),
            "signals": lambda: crashes.signals(base, folder, 1 if quick else 15, say),
            "clocks": lambda: crashes.clocks(base, folder, 1 if quick else len(crashes.CLOCKS), say),
            "faults": lambda: files.measured(160 if quick else 1200, say),
            "foreign": lambda: foreign.measured(folder, base, 40 if quick else 400, say),
        }
        found.extend(make[name]() for name in wanted)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be repeated")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    console = Console(width=140)
    parts = run(tuple(given.only or PARTS), given.quick, lambda line: console.print(line, style="dim"))
    for part in parts:
        print_part(console, part)
    if given.json:
        given.json.write_text(json.dumps({part.name: part.rows for part in parts}, indent=1))
    rows = [row for part in parts for row in part.rows]
    bad = sum(row[key] for row in rows for key in ("traceback", "silent", "hang"))
    raise SystemExit(1 if bad or any(row["memory"] > 1000 for row in rows) else 0)


if __name__ == "__main__":
    main()
