"""Run all benchmarks in sequence: `python -m benchmarks [--quick] [--json FOLDER] [--peers-python PATH]`.

`--quick` is the short form of each. If one fails, the others still run, and the exit
status is 1. `benchmarks.gpu` is one of them where there is a GPU.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from aecore.devices import devices

NAMES = (
    "training",
    "operations",
    "subnormals",
    "evaluation",
    "projections",
    "cloud",
    "networks",
    "recording",
    "app",
    "starts",
    "lists",
    "cluster",
    "scale",
    "large",
    "own_pictures",
    "own_many",
    "faults",
    "load",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="the short form of each benchmark")
    parser.add_argument("--json", type=Path, metavar="FOLDER", help="write the results there, one file per benchmark")
    parser.add_argument("--peers-python", default=sys.executable, help="the interpreter with TensorBoard and MLflow")
    asked = parser.parse_args()
    if asked.json:
        asked.json.mkdir(parents=True, exist_ok=True)
    timings, failed = [], False
    gpu = ("gpu",) if any(device.family == "cuda" for device in devices()) else ()
    for name in (*NAMES, *gpu):
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        command += ["--quick"] if asked.quick else []
        command += ["--json", str(asked.json / f"{name}.json")] if asked.json else []
        command += ["--peers-python", asked.peers_python] if name == "lists" else []
        print(f"\n{' '.join(['python', *command[1:]])}", flush=True)
        begun = time.monotonic()
        status = subprocess.run(command).returncode
        failed = failed or status != 0
        timings.append((f"benchmarks.{name}" + (f" failed with {status}" if status else ""), time.monotonic() - begun))
    print()
    for name, seconds in [*timings, ("total", sum(seconds for _, seconds in timings))]:
        print(f"{seconds:5.0f} s  {name}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
