"""Runs that go to a server whose disk fills and whose process dies at any write, while files change on both sides: at
last its copy is the run, and at no time is a file there that is neither the old one nor the new."""

from __future__ import annotations

import contextlib
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from aecore.errors import AecoreError
from aecore.remote import mirror, pieces, receive
from aecore.remote.connection import SendingError
from aecore.remote.mirror import Mirror
from aecore.remote.received import RefusedError
from aecore.remote.server import Server
from aecore.runs import notes, sums
from aecore.runs.run import EVALUATION, MEASURES, METRICS, WEIGHTS, Run
from aecore.runs.state import run_state
from aecore.runs.store import Store
from tests.helpers.remote import files_of
from tests.unit.test_remote import whole_run


class KilledError(BaseException):
    """The server's process ends here."""


class Faults:
    """Every write of the server fails with this probability, before or after it was done."""

    def __init__(self, seed: int, patch: pytest.MonkeyPatch) -> None:
        self.draw, self.chance, self.inside = random.Random(seed), 0.0, False
        for name in ("replace", "rename", "fsync", "utime"):
            patch.setattr(os, name, self._failing(getattr(os, name)))
        self.extend = pieces._extend
        patch.setattr(pieces, "_extend", self._extend_in_part)

    def strike(self) -> bool:
        return self.inside and self.draw.random() < self.chance

    def fail(self) -> None:
        raise OSError(28, "No space left on device") if self.draw.random() < 0.5 else KilledError

    def _failing(self, work: Any) -> Any:
        def failing(*given: Any, **named: Any) -> Any:
            if self.strike():
                self.fail()
            found = work(*given, **named)
            if self.strike():
                self.fail()
            return found

        return failing

    def _extend_in_part(self, path: Path, offset: int, piece: bytes, most: int, name: str) -> int:
        if self.strike():
            self.extend(path, offset, piece[: self.draw.randrange(len(piece) + 1)], most, name)
            self.fail()
        return self.extend(path, offset, piece, most, name)

    def connection(self, server: Server, key: str) -> Any:
        """What a mirror talks to: the receiver without HTTP, whose answers are lost as well."""
        return _Direct(self, Store(Path(server.address)), key)


class _Direct:
    def __init__(self, faults: Faults, store: Store, key: str) -> None:
        self.faults, self.store, self.key = faults, store, key

    def close(self) -> None:
        pass

    def ask(self, method: str, path: str, body: Any, **query: Any) -> dict[str, Any]:
        self.faults.inside = True
        try:
            found = self._answer(path, body, query)
        except RefusedError as problem:
            raise SendingError(str(problem), problem.code, problem.more, problem.code >= 500) from None
        except (KilledError, OSError, AecoreError) as problem:
            raise SendingError(repr(problem), 500) from None
        finally:
            self.faults.inside = False
        if self.faults.draw.random() < self.faults.chance:
            raise SendingError("the answer was lost")
        return found

    def _answer(self, path: str, body: Any, query: dict[str, Any]) -> dict[str, Any]:
        if not path:
            return receive.begin(self.store, json.loads(json.dumps(body)), self.key)[0]
        _, run_id, kind, *rest = path.split("/", 3)
        if kind == "status":
            return receive.put_status(self.store, run_id, self.key, json.loads(json.dumps(body)))
        if kind == "growing":
            return pieces.grow(self.store, run_id, self.key, rest[0], query["offset"], body)
        offset, size, sha256, after = (query[name] for name in ("offset", "bytes", "sha256", "after"))
        return pieces.put(self.store, run_id, self.key, rest[0], offset, size, sha256, body, after)


def change(draw: random.Random, run: Run, there: list[Run], number: int) -> bool:
    """Let something happen on either side, or nothing; returns whether measures were made on the server."""
    match draw.randrange(16):
        case 0 | 1:
            run.append(METRICS, {"epoch": 4 + number, "train_loss": 0.5})
        case 2 | 3:
            run.write_files({WEIGHTS: bytes([number % 256]) * draw.choice([10, 50_000, 90_000])})
        case 4:
            run.write_json(EVALUATION, {"evaluations": [], "n": draw.randrange(3)})
        case 5:
            notes.rename(run, f"title {draw.randrange(2)}")
        case 6:
            run.write_json(MEASURES, {"by": "sender"})
        case 7 if there and draw.random() < 0.3:
            there[0].write_json(MEASURES, {"by": "server"})
            return True
    return False


def check(seed: int, store: Store, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mirror, "MOST_PIECE", 40_000)
        patch.setattr(mirror, "REST", 0)
        faults = Faults(seed, patch)
        patch.setattr(mirror, "Connection", faults.connection)
        draw, run, to = faults.draw, whole_run(Store(tmp_path / str(seed))), Server(str(store.root / str(seed)), "")
        server, measured = Store(Path(to.address)), False
        for end in draw.choices(("finished", "stopped"), k=draw.randrange(1, 4)):
            run.write_status(state="running")
            faults.chance = draw.choice([0.0, 0.02, 0.1, 0.3])
            senders = [Mirror(run, to, live=True)]
            for number in range(draw.randrange(1, 40)):
                measured |= change(draw, run, server.runs(), number)
                if draw.random() < 0.05:
                    senders.append(Mirror(run, to, live=draw.random() < 0.5))  # as by hand
                with contextlib.suppress(SendingError):
                    draw.choice(senders).look()
                assert not [there for there in server.runs() if "changed" in sums.verify(there.path).values()]
            sums.record(run.path)
            run.write_status(state=end)
            for _ in range(20):
                with contextlib.suppress(SendingError):
                    senders[0].look()
            faults.chance = 0.0
            last = Mirror(run, to, live=False)
            assert any(last.look() for _ in range(100))
            (there,) = server.runs()
            here, copy = files_of(run), files_of(there)
            assert {name for name in here | copy if here.get(name) != copy.get(name)} <= (
                {MEASURES} if measured else set()
            )
            assert run_state(there) == end
            for one in (*senders, last):
                one.close()


def test_whatever_fails_on_the_server_its_copy_is_the_run_at_last(store, tmp_path):
    for seed in range(6):
        check(seed, store, tmp_path)


@pytest.mark.proof  # the test above is its short version
def test_whatever_fails_on_the_server_many_times(store, tmp_path):
    for seed in range(6, 80):
        check(seed, store, tmp_path)
