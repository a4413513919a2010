"""How long it takes until something is there: `python -m benchmarks.starts [--quick] [--beside FOLDER] [--json FILE]`.

`import aecore`, the two lists of the command line, and the app from its start until its health check answers. The list
of runs once as it is when it has been shown before, and once with an empty cache, as the first time or after an update.
With `--beside` the same of another checkout, in turn with this one. Each is a new process with a warm file cache.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from aecore.devices import devices

HERE = Path(__file__).parent.parent
ROUNDS = 15
WAIT_S = 60


def _command(*arguments: str) -> Callable[[Path], float]:
    def seconds(folder: Path) -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, *arguments], cwd=folder, check=True, capture_output=True)
        return time.perf_counter() - begun

    return seconds


def _first_list(folder: Path) -> float:
    """The list of runs when nothing is known of their files."""
    with tempfile.TemporaryDirectory() as cache:
        begun = time.perf_counter()
        command = [sys.executable, "-m", "aecore", "runs"]
        subprocess.run(command, cwd=folder, env=os.environ | {"AECORE_DATA": cache}, check=True, capture_output=True)
        return time.perf_counter() - begun


def _app(folder: Path) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port), "--server.headless", "true"]
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while time.perf_counter() < begun + WAIT_S:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as answer:
                    if answer.status == 200:
                        return time.perf_counter() - begun
            except (urllib.error.URLError, OSError):
                time.sleep(0.005)
        raise RuntimeError(f"the app of {folder} did not answer within {WAIT_S} s")
    finally:
        process.kill()
        process.wait()


STARTS: dict[str, tuple[Callable[[Path], float], float]] = {
    "python -c 'pass'": (_command("-c", "pass"), float("nan")),
    "import aecore": (_command("-c", "import aecore"), 0.08),
    "aecore presets": (_command("-m", "aecore", "presets"), 0.35),
    "aecore runs": (_command("-m", "aecore", "runs"), 0.35),
    "aecore runs, the first time": (_first_list, float("nan")),
    "the app, until it answers": (_app, 1.5),
}
"""What is started, and the aim in seconds."""


def measure(folders: list[Path], rounds: int) -> dict[str, list[float]]:
    """Median seconds of each start, for every folder."""
    found = {}
    for name, (start, _) in STARTS.items():
        seconds: list[list[float]] = [[] for _ in folders]
        for turn in range(rounds + 1):
            for place, folder in enumerate(folders):
                took = start(folder)
                if turn:  # the first compiles and fills the file cache
                    seconds[place].append(took)
        found[name] = [statistics.median(each) for each in seconds]
        print(f"{name}: {found[name]}", file=sys.stderr)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds")
    parser.add_argument("--beside", type=Path, metavar="FOLDER", help="another checkout")
    parser.add_argument("--json", type=Path, help="also write the results as JSON")
    asked = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    folders = [HERE, *([asked.beside.resolve()] if asked.beside else [])]
    found = measure(folders, 3 if asked.quick else ROUNDS)
    table = Table("start", "s", *(["beside"] if asked.beside else []), "aim", title=devices()[-1].title)
    for name, seconds in found.items():
        aim = STARTS[name][1]
        table.add_row(name, *(f"{one:.2f}" for one in seconds), f"≤ {aim:g}" if aim == aim else "")
    Console(width=None if Console().is_terminal else 110).print(table)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
