"""Acts that are killed at their file-system calls, asked to end by signals, and done under wrong clocks."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.acts import ACTS, Act, verdict_of, wrong_with
from benchmarks.faults.children import forked, kill_at, on_every_call
from benchmarks.faults.verdicts import COLUMNS, memory_mb, row
from benchmarks.tables import Part

DAY_S = 86_400
CLOCKS = {"8 days ahead": 8 * DAY_S, "8 days behind": -8 * DAY_S, "a year ahead": 365 * DAY_S, "5 s behind": -5}


def kills(base: Path, scratch: Path, most: int, say: Callable[[str], None]) -> Part:
    """Each act killed at `most` of its calls, evenly spread: then it is done again, and the store compared."""
    rows, notes = [], []
    for act in ACTS:
        say(f"killed: {act.name}")
        start, found = memory_mb(), Counter[str]()
        calls = _calls(act, base, scratch)
        for number in sorted({calls * i // min(most, calls) for i in range(min(most, calls))}):
            home = _fresh(base, scratch)

            def interrupted(act: Act = act, home: Path = home, number: int = number) -> str:
                kill_at(home, number)
                act.do(home)
                return "done"

            outcome = forked(interrupted)
            _count(found, notes, f"{act.name}, call {number}", act, home, outcome)
        rows.append(row(f"{act.name}, {calls} calls", found, start))
    return Part("kills", "Killed at a file-system call", COLUMNS, rows, notes)


def _count(found: Counter[str], notes: list[str], what: str, act: Act, home: Path, outcome: str) -> None:
    """Count the verdict on a store after an act that ended with this outcome; what is not right is noted."""
    verdict, said = judged(act, home) if outcome in ("killed", "done") else (outcome.split(":")[0], outcome)
    found["tried"] += 1
    found[verdict] += 1
    if verdict != "right":
        notes.append(f"{what}: {said}")


def judged(act: Act, home: Path) -> tuple[str, str]:
    """Verdict on a store after an interrupted act, which is done again; and why."""

    def look() -> str:
        try:
            act.again(home)
        except Exception as error:
            return f"{'silent' if verdict_of(error) == 'refused' else 'traceback'}: again: {error}"
        problem = wrong_with(home) or act.check(home)
        return f"silent: {problem}" if problem else "right"

    said = forked(look)
    return said.split(":")[0], said


def signals(base: Path, scratch: Path, count: int, say: Callable[[str], None]) -> Part:
    """Training that is asked to end at some moment, by each signal: then it is resumed to the same bits."""
    rows, notes, act = [], [], ACTS[0]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        say(f"signal: {number.name}")
        start, found = memory_mb(), Counter[str]()
        for attempt in range(count):
            home = _fresh(base, scratch)

            def asked(home: Path = home, attempt: int = attempt, number: int = number) -> str:
                here = os.getpid()
                threading.Timer(0.01 + 0.04 * attempt, lambda: os.kill(here, number)).start()
                try:
                    act.do(home)
                except KeyboardInterrupt:
                    return "done"
                return "done"

            outcome = forked(asked)
            _count(found, notes, f"{number.name}", act, home, outcome)
        rows.append(row(number.name, found, start))
    return Part("signals", "Asked to end", COLUMNS, rows, notes)


def clocks(base: Path, scratch: Path, count: int, say: Callable[[str], None]) -> Part:
    """Every act done under so many wrong clocks, then looked at under a right one."""
    rows, notes = [], []
    for name, ahead in list(CLOCKS.items())[:count]:
        say(f"clock: {name}")
        start, found = memory_mb(), Counter[str]()
        for act in ACTS:
            home = _fresh(base, scratch)

            def shifted(act: Act = act, home: Path = home, ahead: float = ahead) -> str:
                real, real_ns = time.time, time.time_ns
                time.time = lambda: real() + ahead
                time.time_ns = lambda: real_ns() + int(ahead * 1e9)
                act.do(home)
                time.time, time.time_ns = real, real_ns
                lost = act.name != "restore" and act.name != "delete for good" and not _has_gone(home)
                problem = wrong_with(home) or act.check(home) or ("the trash was emptied" if lost else "")
                return f"silent: {problem}" if problem else "right"

            said = forked(shifted)
            verdict = said.split(":")[0]
            found["tried"] += 1
            found[verdict] += 1
            if verdict != "right":
                notes.append(f"{act.name}, {name}: {said}")
        rows.append(row(name, found, start))
    return Part("clocks", "Wrong clocks", COLUMNS, rows, notes)


def _has_gone(home: Path) -> bool:
    return any(path.name.endswith(".gone") for path in (home / "store" / "trash").iterdir())


def _calls(act: Act, base: Path, scratch: Path) -> int:
    """How many file-system calls an act makes."""
    home = _fresh(base, scratch)

    def counted() -> str:
        seen: list[int] = []
        on_every_call(home, lambda: seen.append(1))
        act.do(home)
        return str(len(seen))

    said = forked(counted)
    if not said.isdecimal():
        raise RuntimeError(f"{act.name} does not work uninterrupted: {said}")
    return int(said)


def _fresh(base: Path, scratch: Path) -> Path:
    """A copy of the template, always at the same place."""
    home = scratch / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(base, home)
    return home
