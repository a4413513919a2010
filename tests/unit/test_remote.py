"""Runs that go to a server: every way of cutting, losing and repeating what is sent ends with the same bytes; what is
not a sender's own is not touched; and the store knows who has fallen silent."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import os
import shutil
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import example, given, settings
from hypothesis import strategies as some
from starlette.routing import Route

from aecore import jobs
from aecore.access.audit import AUDIT
from aecore.cli import app as command_line
from aecore.errors import DamagedError, UserError
from aecore.presets import preset
from aecore.remote import own, pieces, receive
from aecore.remote.connection import SendingError, _opened
from aecore.remote.mirror import MOST_PIECE, Mirror
from aecore.remote.protocol import KEY_HEADER, MOST_TABLE, PLACE
from aecore.remote.received import RefusedError
from aecore.remote.sender import Sender
from aecore.remote.server import REMOTE, SERVED_TOKEN, Server, checked_token
from aecore.remote.server import TOKEN as TOKEN_VARIABLE
from aecore.runs import notes, sums, trash
from aecore.runs.archive import FILES, MOST_BYTES
from aecore.runs.process import this_process
from aecore.runs.run import EVALUATION, LOG, METRICS, PROJECTIONS, WEIGHTS, Run
from aecore.runs.state import RECEIVED, STOP_ASKED, is_stopping, run_state
from aecore.runs.store import Store
from aecore.runs.summary import summarise
from dashboard.server import remote as remote_server
from dashboard.server import start
from tests.helpers.remote import TOKEN, ask, files_of, receiving, sent
from tests.helpers.runs import made_run

KEY = "1" * 64
EXPERIMENT = json.dumps({"name": "mine", "data": {"name": "digits-28"}})


@pytest.fixture
def mine(tmp_path) -> Store:
    """The sender's store; that of the server is the default one."""
    return Store(tmp_path / "mine")


@pytest.fixture(scope="module")
def served():
    with receiving() as found:
        yield found


@pytest.fixture
def to(store, served) -> Server:
    """A server that keeps runs in the test's default store."""
    remote_server.attempts.failed.clear()
    return served


def whole_run(store: Store, run_id: str = "mine-20260101-000000") -> Run:
    """A finished run with files of every kind."""
    run = made_run(store, run_id, [1, 2, 3])
    run.write_files({WEIGHTS: safetensors.numpy.save({"w": np.arange(300_000, dtype=np.float32)})})
    run.write_json(EVALUATION, {"evaluations": []})
    run.file(LOG).write_bytes(b"")
    run.file(PROJECTIONS).mkdir()
    run.write_files({f"{PROJECTIONS}/pca-2d.safetensors": b"points"})
    notes.annotate(run, "a note")
    sums.record(run.path)
    return run


def begin(store: Store, key: str = KEY, run_id: str = "mine", state: str = "running", **more) -> str:
    asked = {"id": run_id, "host": "elsewhere", "experiment": EXPERIMENT, "status": {"state": state} | more}
    return receive.begin(store, asked, key)[0]["id"]


def put_status(store: Store, run_id: str, state: str, live: bool = True, **more) -> dict:
    return receive.put_status(store, run_id, KEY, {"status": {"state": state}, "live": live} | more)


# ---- pieces --------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    content=some.binary(max_size=200),
    cuts=some.lists(some.tuples(some.integers(0, 200), some.integers(0, 60), some.booleans()), max_size=15),
    wrong=some.binary(min_size=1, max_size=5),
)
def test_any_pieces_in_any_order_repeated_and_unanswered_give_the_bytes(content, cuts, wrong):
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        run = Run(store.root / "runs" / begin(store))
        have = 0
        for start, length, answered in cuts:
            here = run.file(METRICS).read_bytes() if run.file(METRICS).exists() else b""
            assert content.startswith(here)
            start %= len(here) + 3
            piece = content[start : start + length]
            if start > len(here):
                with pytest.raises(RefusedError) as refused:
                    pieces.grow(store, run.id, KEY, METRICS, start, piece)
                assert refused.value.more["have"] == len(here)
                continue
            if here[start : start + len(wrong)] not in (b"", wrong[: len(here) - start]):
                with pytest.raises(RefusedError) as refused:
                    pieces.grow(store, run.id, KEY, METRICS, start, wrong)
                assert refused.value.more["differs"]
                assert run.file(METRICS).read_bytes() == here
            found = pieces.grow(store, run.id, KEY, METRICS, start, piece)["have"]
            assert found == len(run.file(METRICS).read_bytes()) == max(len(here), start + len(piece))
            have = found if answered else have
        pieces.grow(store, run.id, KEY, METRICS, have, content[have:])
        assert run.file(METRICS).read_bytes() == content


@settings(max_examples=15, deadline=None)
@given(
    contents=some.lists(some.binary(max_size=100), min_size=1, max_size=3, unique=True),
    cuts=some.lists(some.tuples(some.integers(0, 2), some.integers(0, 100), some.integers(0, 60)), max_size=12),
)
def test_a_file_appears_whole_whatever_comes_before(contents, cuts):
    """Pieces of several contents of a file, interleaved: at any time the file is one of them, at last the last."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        run = Run(store.root / "runs" / begin(store))

        def put(content: bytes, start: int, length: int) -> bool:
            sha256 = hashlib.sha256(content).hexdigest()
            piece = content[start : start + length]
            return pieces.put(store, run.id, KEY, WEIGHTS, start, len(content), sha256, piece)["done"]

        for number, start, length in cuts:
            content = contents[number % len(contents)]
            done = False
            with contextlib.suppress(RefusedError):  # there would be a gap
                done = put(content, min(start, len(content)), length)
            if done:
                assert run.file(WEIGHTS).read_bytes() == content
            elif run.file(WEIGHTS).exists():
                assert run.file(WEIGHTS).read_bytes() in contents
                assert sums.verify(run.path)[WEIGHTS] == "verified"
        assert put(contents[-1], 0, 1000)
        assert put(contents[-1], 0, 10)
        assert run.file(WEIGHTS).read_bytes() == contents[-1]
        assert sums.verify(run.path)[WEIGHTS] == "verified"


def test_a_piece_that_comes_late_does_not_replace_what_came_later(to, store, mine, monkeypatch):
    """As where the answer was given up and another connection was faster: it arrives when all is over."""
    run = whole_run(mine)
    run.write_status(state="running")
    late, ask_server = [], Mirror._ask

    def noted(mirror, method, path, body, **query):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        late.append((method, f"/{mirror.id}/{path}?{urlencode(query)}", content))
        return ask_server(mirror, method, path, body, **query)

    monkeypatch.setattr(Mirror, "_ask", noted)
    sent(run, to)
    first = [one for one in late if EVALUATION in one[1] or WEIGHTS in one[1] or "status" in one[1]]
    run.write_json(EVALUATION, {"evaluations": [], "measured": "later"})
    run.write_files({WEIGHTS: b"later"})
    run.write_status(state="finished")
    sent(run, to)
    for method, path, body in first:
        assert raw(to, method, path, body, Aecore_Run_Key=own.key_of(run))[0] == 409
    (there,) = store.runs()
    assert files_of(there) == files_of(run)
    assert run_state(there) == "finished"
    run.write_status(state="running", process=this_process())  # resumed, which is news
    sent(run, to)
    assert run_state(there) == "running"


def test_a_crash_between_a_file_and_its_sum_is_found_and_mended(store, monkeypatch):
    run = Run(store.root / "runs" / begin(store))
    new = hashlib.sha256(b"new").hexdigest()
    pieces.put(store, run.id, KEY, WEIGHTS, 0, 3, hashlib.sha256(b"old").hexdigest(), b"old")
    with monkeypatch.context() as crash:
        crash.setattr(sums, "move_in", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            pieces.put(store, run.id, KEY, WEIGHTS, 0, 3, new, b"new")
    asked = {"id": run.id, "host": "h", "experiment": EXPERIMENT, "status": {"state": "running"}}
    assert WEIGHTS not in receive.begin(store, asked, KEY)[0]["whole"]
    with pytest.raises(RefusedError) as refused:
        put_status(store, run.id, "finished", files={WEIGHTS: [3, new]})
    assert refused.value.more["differ"] == [WEIGHTS]
    assert pieces.put(store, run.id, KEY, WEIGHTS, 0, 3, new, b"new")["done"]
    assert run.file(WEIGHTS).read_bytes() == b"new"
    put_status(store, run.id, "finished", files={WEIGHTS: [3, new]})


@pytest.mark.parametrize("contents", [[b"new", b"new"], [b"new", b"newest"], [b"new", b"newest", b"new"]])
def test_a_file_that_again_and_again_cannot_take_its_place_is_not_taken_for_here(store, monkeypatch, contents):
    run = Run(store.root / "runs" / begin(store))

    def put(content: bytes) -> bool:
        sha256 = hashlib.sha256(content).hexdigest()
        return pieces.put(store, run.id, KEY, WEIGHTS, 0, len(content), sha256, content)["done"]

    def full(*_):
        raise OSError(28, "No space left on device")

    put(b"old")
    with monkeypatch.context() as patched:
        patched.setattr(sums, "move_in", full)
        for content in contents:
            with pytest.raises(RefusedError, match="the disk is full"):
                put(content)
    assert run.file(WEIGHTS).read_bytes() == b"old"
    for content in (contents[-1], b"old"):
        assert put(content)
        assert run.file(WEIGHTS).read_bytes() == content


# ---- a whole run ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unsure():
    """A server behind a network that loses requests and answers, and what becomes of the next ones."""
    left: list[str] = []
    with receiving(fails=lambda number: left.pop(0) if left else "") as found:
        yield found, left


@settings(max_examples=6, deadline=None)
@given(
    fates=some.lists(some.sampled_from(["", "", "lost", "unanswered"]), min_size=4, max_size=20),
    acts=some.lists(some.sampled_from(["log", "save", "look", "look", "look"]), max_size=12),
)
@example(fates=[*[""] * 9, "unanswered"], acts=[])
def test_a_run_arrives_byte_for_byte_over_a_network_that_loses_every_kind_of_request(unsure, fates, acts):
    """While it trains: lines are logged and weights saved between the requests."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AECORE_STORE", f"{folder}/server")
        run = whole_run(Store(Path(folder) / "mine"))
        run.write_status(state="running")
        to, left = unsure
        left[:] = fates
        mirror = Mirror(run, to, live=True)

        def look() -> bool:
            with contextlib.suppress(SendingError):
                return mirror.look()
            return False

        for number, act in enumerate(acts):
            if act == "log":
                run.append(METRICS, {"epoch": 4 + number, "train_loss": 0.5})
            elif act == "save":
                run.write_files({WEIGHTS: bytes([number]) * 1_100_000})
            else:
                look()
            for there in Store.default().runs():
                assert run_state(there) == "running"
                if there.file(METRICS).exists():
                    assert run.file(METRICS).read_bytes().startswith(there.file(METRICS).read_bytes())
        sums.record(run.path)
        run.write_status(state="finished")
        for _ in range(60):
            if look():
                break
            for there in Store.default().runs():  # the answer alone may have been lost
                assert run_state(there) != "finished" or files_of(there) == files_of(run)
        mirror.close()
        (there,) = Store.default().runs()
        assert files_of(there) == files_of(run)
        assert run_state(there) == "finished"
        assert there.file(sums.SUMS).read_bytes() == run.file(sums.SUMS).read_bytes()


def test_what_is_there_is_like_what_was_sent_and_is_sent_once(to, store, mine):
    run = whole_run(mine)
    first = sent(run, to)
    (there,) = store.runs()
    assert (there.id, first.id) == (run.id, run.id)
    assert files_of(there) == files_of(run)
    assert first.bytes_sent == sum(map(len, files_of(run).values())) - run.file("experiment.json").stat().st_size
    assert there.file(sums.SUMS).read_bytes() == run.file(sums.SUMS).read_bytes()
    assert set(sums.verify(there.path).values()) == {"verified"}
    status = there.status()
    assert status.pop("remote") == {"host": os.uname().nodename}
    assert status == run.status()
    assert summarise(there).remote == os.uname().nodename
    (line,) = (store.root / AUDIT).read_text().splitlines()
    assert run.id in line
    assert not [secret for secret in (TOKEN, own.key_of(run)) if secret in line]
    assert sent(run, to).bytes_sent == 0
    assert len(store.runs()) == 1
    run.append(METRICS, {"epoch": 4, "train_loss": 0.125})
    assert sent(run, to).bytes_sent == len(run.file(METRICS).read_bytes().splitlines()[-1]) + 1
    assert files_of(there) == files_of(run)


def test_a_file_that_was_rewritten_here_is_sent_anew(to, store, mine):
    run = whole_run(mine)
    live = sent(run, to)
    lines = run.file(METRICS).read_bytes()
    run.file(METRICS).write_bytes(lines.replace(b"0.2", b"0.7") + b'{"epoch": 4}\n')
    sums.record(run.path)
    sent(run, to)
    (there,) = store.runs()
    assert files_of(there) == files_of(run)
    assert set(sums.verify(there.path).values()) == {"verified"}
    run.file(METRICS).write_bytes(b'{"epoch": 1}\n')  # while the same sender watches: it is found at the end
    sums.record(run.path)
    while not live.look():
        pass
    assert files_of(there) == files_of(run)
    live.close()


def test_a_file_that_is_damaged_here_is_not_passed_off_as_sound(to, store, mine):
    run = whole_run(mine)
    damaged = bytearray(run.file(WEIGHTS).read_bytes())
    damaged[-1] ^= 1
    run.file(WEIGHTS).write_bytes(damaged)
    with pytest.raises(DamagedError, match="changed since it was written"):
        sent(run, to)
    assert run_state(store.runs()[0]) != "finished"


def test_a_log_that_somebody_removed_here_keeps_nothing_from_being_sent(to, store, mine):
    run = whole_run(mine)
    run.file(LOG).write_bytes(b"a line\n")
    sent(run, to)
    run.file(LOG).unlink()
    run.append(METRICS, {"epoch": 4})
    sent(run, to)
    (there,) = store.runs()
    assert files_of(there) == files_of(run) | {LOG: b"a line\n"}


def test_what_somebody_changed_there_stays(to, store, mine):
    run = whole_run(mine)
    sent(run, to)
    (there,) = store.runs()
    notes.rename(there, "renamed there")
    there.write_json(EVALUATION, {"evaluations": [], "measured": "there"})
    notes.rename(run, "renamed here")
    sent(run, to)
    assert there.title() == "renamed there"
    assert b"there" in there.file(EVALUATION).read_bytes()
    assert set(sums.verify(there.path).values()) == {"verified"}


def test_sending_by_hand_does_not_silence_a_training_that_sends_itself(to, store, mine):
    run = whole_run(mine)
    run.write_status(state="running", process=this_process())
    live = Mirror(run, to, live=True)
    while not live.look():
        pass
    sent(run, to)
    assert run_state(store.runs()[0]) == "running"
    run.write_status(process=this_process() | {"ticks": 1})  # nobody works on it any more
    sent(run, to)
    assert run_state(store.runs()[0]) == run_state(run) == "interrupted"
    live.close()


def test_a_file_that_is_cut_off_while_it_is_sent_is_begun_anew(to, store, mine):
    run = whole_run(mine)
    sent(run, to)
    mirror = Mirror(run, to, live=True)
    run.write_status(state="running")
    run.file(LOG).write_bytes(b"y" * 3 * MOST_PIECE)
    while not mirror.look():
        pass
    run.file(LOG).write_bytes(b"z" * 3 * MOST_PIECE)
    mirror._again.add(LOG)  # as where the beginning is another there
    mirror.look()
    os.truncate(run.file(LOG), 10)
    assert any(mirror.look() for _ in range(20))
    mirror.close()
    assert files_of(store.runs()[0]) == files_of(run)


def test_two_machines_with_the_same_id_do_not_mix(to, store, mine, tmp_path):
    one, other = whole_run(mine), whole_run(Store(tmp_path / "other"))
    other.append(METRICS, {"epoch": 9, "train_loss": 9.0})
    sums.record(other.path)
    sent(one, to)
    mirror = sent(other, to)
    assert mirror.id == f"{one.id}-2"
    assert own.known(other, to.address)["id"] == mirror.id
    for run, name in ((one, one.id), (other, mirror.id)):
        sent(run, to)
        assert files_of(Run(store.root / "runs" / name)) == files_of(run)
    assert len(store.runs()) == 2
    with pytest.raises(SendingError, match="no run"):
        ask(to, one, "POST", f"/{mirror.id}/growing/{METRICS}", b"x", offset=0)


def test_the_longest_id_that_there_may_be_has_room_for_a_number(store):
    run_id = "a" * 121
    other = begin(store, "2" * 64, run_id)
    assert begin(store, KEY, run_id) == begin(store, KEY, run_id) == f"{run_id}-2"
    assert pieces.grow(store, f"{run_id}-2", KEY, METRICS, 0, b"x")["have"] == 1
    assert len(store.runs()) == 2
    assert other == run_id


def test_a_server_on_the_senders_own_store_takes_nothing(to, store):
    run = whole_run(store)
    with pytest.raises(SendingError, match="very store"):
        sent(run, to)
    said: list[str] = []
    sender = Sender(run, to, said.append)
    assert sender.finish()
    assert said == [], "a training of the server's own app has nothing to complain of"
    assert store.runs() == [run]


def test_a_key_that_cannot_be_read_is_not_replaced(to, store, mine):
    """With another one the run would come a second time."""
    run = whole_run(mine)
    sent(run, to)
    assert run.file(own.REMOTE).stat().st_mode & 0o077 == 0
    run.file(own.REMOTE).write_text("{")
    with pytest.raises(DamagedError, match="json cannot be read"):
        sent(run, to)
    assert len(store.runs()) == 1


def test_a_run_deleted_there_does_not_come_back_and_one_restored_goes_on(to, store, mine):
    run = whole_run(mine)
    sent(run, to)
    deleted = trash.delete(store.runs()[0], store)
    run.append(METRICS, {"epoch": 4})
    with pytest.raises(SendingError, match="deleted on the server") as refused:
        sent(run, to)
    assert not refused.value.passing
    trash.restore(deleted)
    sent(run, to)
    assert files_of(store.runs()[0]) == files_of(run)


def test_only_ones_own_runs_are_sent(to, gallery, mine):
    with pytest.raises(UserError, match="every server has it"):
        sent(gallery.runs()[0], to)
    sent(whole_run(mine), to)
    with pytest.raises(UserError, match="send it from there"):
        sent(next(run for run in gallery.runs() if not run.shipped), to)


# ---- who may, and what ---------------------------------------------------------------------------


def raw(to: Server, method: str, path: str, body: bytes | None = b"{}", **headers: str | None):
    """The code and the text of the answer to a request with headers of one's own."""
    connection = http.client.HTTPConnection(to.address.removeprefix("http://"), timeout=20)
    given = {"Authorization": f"Bearer {TOKEN}", KEY_HEADER: KEY} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }
    connection.putrequest(method, PLACE + path)
    if body is not None and "Content-Length" not in given:
        connection.putheader("Content-Length", str(len(body)))
    for name, text in given.items():
        if text is not None:
            connection.putheader(name, text)
    connection.endheaders(body)
    response = connection.getresponse()
    found = response.status, response.read().decode()
    connection.close()
    return found


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"]
)
def test_without_the_token_nobody_gets_in_and_no_secret_is_told(to, store, header):
    code, text = raw(to, "POST", "", Authorization=header)
    assert code == 401
    assert TOKEN not in text
    assert list(json.loads(text)) == ["error"]
    assert store.runs() == []


def test_who_guesses_waits(to):
    codes = [raw(to, "POST", "", Authorization=f"Bearer wrong-{number:020}")[0] for number in range(12)]
    assert (codes[0], codes[-1]) == (401, 429)
    assert raw(to, "POST", "")[0] == 429


def test_who_guesses_elsewhere_keeps_no_sender_out(to):
    assert raw(to, "POST", "")[0] == 400
    for number in range(200):
        remote_server.attempts.failed_from(f"stranger-{number}")
    assert raw(to, "POST", "")[0] == 400
    assert remote_server.attempts.too_many("another stranger")


ESCAPES = ["../metrics.jsonl", "..%2Fmetrics.jsonl", "%2e%2e/x", "/etc/passwd", "%2Fetc%2Fpasswd", ".lock", RECEIVED,
           own.REMOTE, "experiment.json", "status.json", "sums.json", "resume.safetensors", "projections/../x",
           "projections/pca-2d.safetensors/x", "weights.safetensors%00", "a.py", "projections/.progress.safetensors",
           "metrics.jsonl.", "WEIGHTS.SAFETENSORS"]  # fmt: skip


@pytest.mark.parametrize("name", ESCAPES)
def test_no_other_file_is_written(to, store, name):
    run_id = begin(store)
    before = sorted(path for path in store.root.rglob("*"))
    query = f"?offset=0&bytes=1&sha256={hashlib.sha256(b'x').hexdigest()}"
    for method, kind in (("POST", "growing"), ("PUT", "whole")):
        assert raw(to, method, f"/{run_id}/{kind}/{name}{query}", b"x")[0] in (404, 405)
    assert sorted(path for path in store.root.rglob("*")) == before


@pytest.mark.parametrize("run_id", ["../x", "..", ".", "", ".hidden", "a/b", "a\\b", "a\0", "a" * 200, "ä", "a b"])
def test_no_other_folder_is_made(to, store, run_id):
    asked = {"id": run_id, "host": "h", "experiment": EXPERIMENT, "status": {"state": "running"}}
    code, text = raw(to, "POST", "", json.dumps(asked).encode())
    assert (code, "not a valid run id" in text) == (400, True)
    assert store.runs() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"experiment": None}, "experiment is missing"),
        ({"experiment": "{"}, "not a valid run"),
        ({"experiment": '{"data": {"name": 3}}'}, "not a valid run"),
        ({"status": None}, "not the status"),
        ({"status": {"state": "odd"}}, "not the status"),
        ({"status": {"state": "running", "title": "a\nb"}}, "plain text"),
        ({"status": {"state": "running", "title": "a" * 200}}, "at most 120"),
    ],
)
def test_what_is_no_run_is_refused_in_one_line(to, store, change, words):
    asked = {"id": "x", "host": "h", "experiment": EXPERIMENT, "status": {"state": "running"}} | change
    code, text = raw(to, "POST", "", json.dumps(asked).encode())
    assert code == 400
    assert words in text
    assert "\\n" not in text
    assert store.runs() == []


@pytest.mark.parametrize(
    ("method", "path", "change"),
    [
        ("POST", "", {"id": "\ud800"}),
        ("POST", "", {"experiment": EXPERIMENT.replace("mine", "\ud800")}),
        ("PUT", "/mine/status", {"status": {"state": "finished"}, "files": {"\ud800": [1, "0"]}}),
    ],
)
def test_half_a_character_is_refused_in_one_line(to, store, method, path, change):
    """JSON can hold one, UTF-8 cannot."""
    begin(store)
    asked = {"id": "x", "host": "h", "experiment": EXPERIMENT, "status": {"state": "running"}} | change
    code, text = raw(to, method, path, json.dumps(asked).encode())
    assert code in (400, 409)
    assert json.loads(text)["error"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a": NaN}', b"[" * 10_000, b"\xff"])
def test_what_is_no_table_is_refused(to, body):
    assert raw(to, "POST", "", body)[0] == 400


def test_what_is_too_large_is_refused_before_it_is_read(to, store, monkeypatch):
    run_id = begin(store)
    for path, method, most in (
        (f"/{run_id}/growing/{METRICS}?offset=0", "POST", MOST_PIECE),
        (f"/{run_id}/status", "PUT", MOST_TABLE),
        ("", "POST", MOST_TABLE),
    ):
        assert raw(to, method, path, b"", **{"Content-Length": str(most + 1)})[0] == 413
        assert raw(to, method, path, None)[0] == 411
    query = f"offset=0&bytes={FILES[WEIGHTS] + 1}&sha256={'0' * 64}"
    code, text = raw(to, "PUT", f"/{run_id}/whole/{WEIGHTS}?{query}", b"x")
    assert (code, "it may have 4,096" in text) == (413, True)
    monkeypatch.setattr(pieces, "most_bytes", lambda name: 10)
    pieces.grow(store, run_id, KEY, METRICS, 0, b"0123456789")
    with pytest.raises(RefusedError, match="more than the 10 bytes"):
        pieces.grow(store, run_id, KEY, METRICS, 10, b"x")
    monkeypatch.setattr(pieces, "MOST_BYTES", 5)
    with pytest.raises(RefusedError, match="the most that one may have"):
        pieces.grow(store, run_id, KEY, LOG, 0, b"x")
    assert MOST_BYTES > 5


def test_a_body_in_chunks_is_not_read_beyond_what_a_request_may_have(to, store):
    """Its Content-Length says nothing where a Transfer-Encoding stands beside it."""
    run_id = begin(store)
    chunk = b"%x\r\n%b\r\n" % (MOST_PIECE // 2, b"x" * (MOST_PIECE // 2))
    body = chunk * 3 + b"0\r\n\r\n"
    code, text = raw(
        to, "POST", f"/{run_id}/growing/{METRICS}?offset=0", body, Content_Length="2", Transfer_Encoding="chunked"
    )
    assert (code, "at most 1,000,000 bytes" in text) == (413, True)
    assert not Run(store.root / "runs" / run_id).file(METRICS).exists()


def test_a_full_disk_is_one_line_and_may_pass(to, store, mine, monkeypatch):
    run = whole_run(mine)

    def full(*_):
        raise OSError(28, "No space left on device", "/srv/secret/place")

    with monkeypatch.context() as patched:
        patched.setattr(pieces, "_extend", full)
        with pytest.raises(SendingError, match="the disk is full: could not finish keeping run") as refused:
            sent(run, to)
        assert refused.value.passing
        assert "secret" not in str(refused.value)
    sent(run, to)
    assert files_of(store.runs()[0]) == files_of(run)


def test_many_senders_at_once(to, store, mine):
    """Each request of a run waits for the one before; runs of one id come from several at the same moment."""
    runs = [whole_run(Store(mine.root / str(number))) for number in range(3)]
    threads = [threading.Thread(target=sent, args=(run, to)) for run in (*runs, *runs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {there.id for there in store.runs()} == {runs[0].id, f"{runs[0].id}-2", f"{runs[0].id}-3"}
    for run in runs:
        assert files_of(Run(store.root / "runs" / own.known(run, to.address)["id"])) == files_of(run)


def test_json_that_is_none_and_notes_that_may_not_be_shown_do_not_come_in(store):
    run_id = begin(store)
    for name, content in (
        (EVALUATION, b"{"),
        (EVALUATION, b"NaN"),
        ("notes.json", b'{"title": "a\\nb"}'),
        ("notes.json", b"[]"),
    ):
        sha256 = hashlib.sha256(content).hexdigest()
        with pytest.raises(RefusedError, match="is not valid"):
            pieces.put(store, run_id, KEY, name, 0, len(content), sha256, content)
        assert not (store.root / "runs" / run_id / name).exists()


# ---- the state of a run that another machine sends -----------------------------------------------


def test_its_process_is_never_looked_for_here(store):
    """Not even where that machine has the name of this one, and a process of this number."""
    run = Run(store.root / "runs" / begin(store, process=this_process(), owner="somebody"))
    assert run.status()["process"] is None
    assert run.owner() == ""
    assert run_state(run) == "running"
    os.utime(run.file(RECEIVED), (1, 1))
    assert run_state(run) == "interrupted"
    pieces.grow(store, run.id, KEY, METRICS, 0, b"")
    assert run_state(run) == "running", "it was heard again"
    put_status(store, run.id, "running", live=False)
    assert run_state(run) == "interrupted", "it said that nobody will be heard"
    run.write_status(process=this_process())
    assert run_state(run) == "interrupted"


@pytest.mark.parametrize("host", ["", " \n", None])
def test_a_machine_without_a_name_is_another_machine(store, host):
    asked = {"id": "x", "host": host, "experiment": EXPERIMENT, "status": {"state": "running"}}
    run = Run(store.root / "runs" / receive.begin(store, asked, KEY)[0]["id"])
    assert run.status()["remote"] == {"host": "another machine"}
    receive.put_status(store, run.id, KEY, {"status": {"state": "running", "epoch": 1}})
    assert run.status()["remote"] == {"host": "another machine"}


def test_stop_is_told_with_the_next_answer_and_resuming_is_for_its_own_machine(store):
    run = Run(store.root / "runs" / begin(store))
    assert pieces.grow(store, run.id, KEY, METRICS, 0, b"") == {"have": 0, "stop": False}
    assert jobs.stop(run, wait_s=0) == "running"
    assert is_stopping(run)
    assert pieces.grow(store, run.id, KEY, METRICS, 0, b"")["stop"]
    assert put_status(store, run.id, "running")["stop"]
    put_status(store, run.id, "stopped", files={METRICS: [0, hashlib.sha256(b"").hexdigest()]})
    assert not run.file(STOP_ASKED).exists()
    assert run_state(run) == "stopped"
    for force in (False, True):
        with pytest.raises(UserError, match="trained on elsewhere"):
            jobs.requeue(run, force)
    run.file(STOP_ASKED).touch()
    asked = {"id": run.id, "host": "h", "experiment": EXPERIMENT, "status": {"state": "running"}, "begins": True}
    receive.begin(store, asked, KEY)
    assert not run.file(STOP_ASKED).exists(), "it was meant for the process before"


def test_an_end_without_its_files_is_refused(store):
    run = Run(store.root / "runs" / begin(store))
    with pytest.raises(RefusedError, match="needs the sums"):
        put_status(store, run.id, "finished")
    with pytest.raises(RefusedError) as refused:
        put_status(store, run.id, "finished", files={METRICS: [1, "0" * 64], WEIGHTS: [1, "0" * 64]})
    assert refused.value.more["differ"] == [METRICS, WEIGHTS]
    for name in ("../../secret", "/etc/passwd", "experiment.json", "nothing"):
        with pytest.raises(RefusedError, match="not all files are here"):
            put_status(store, run.id, "finished", files={name: [1, None]})
    assert run_state(run) == "running"


# ---- addresses, tokens and commands --------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "token", "words"),
    [
        ("lab.example.org", TOKEN, "should look like https://"),
        ("ftp://lab.example.org", TOKEN, "should look like https://"),
        ("https://", TOKEN, "should look like https://"),
        ("https://lab.example.org:none", TOKEN, "should look like https://"),
        ("https://lab.example.org?a=b", TOKEN, "should look like https://"),
        ("https://ada:secret@lab.example.org", TOKEN, "the token belongs into AECORE_TOKEN"),
        ("http://lab.example.org", TOKEN, "http would show the token"),
        ("https://lab.example.org", "", "AECORE_TOKEN is not"),
        ("https://lab.example.org", "short", "this one has 5 characters"),
        ("https://lab.example.org", "with a blank in it, though long", "has blanks"),
    ],
)
def test_addresses_and_tokens_that_cannot_be_are_refused_before_a_run_is_made(
    store, monkeypatch, address, token, words
):
    monkeypatch.setenv(REMOTE, address)
    monkeypatch.setenv(TOKEN_VARIABLE, token)
    with pytest.raises(UserError, match=words) as refused:
        jobs.submit(preset("digits-quick").experiment, "cpu", store)
    assert "secret" not in str(refused.value)
    assert store.runs() == []


def test_a_token_is_neither_quoted_nor_cut():
    assert checked_token(" 0123456789abcdef ", "--token") == "0123456789abcdef"
    for text in ("0123456789abcde", "0123456789 abcdef", "ä" * 16, "a" * 513):
        with pytest.raises(UserError) as refused:
            checked_token(text, "--token")
        assert text not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (302, {"Location": "http://elsewhere.example/"}, b"", "leads to http://elsewhere.example/"),
        (200, {}, b"<html>the app</html>", "takes no runs: start it with 'aecore serve'"),
        (405, {}, b"Method Not Allowed", "takes no runs"),
        (502, {}, b"Bad Gateway", "answers 502"),
        (413, {}, b"<html>too large</html>", "a proxy before"),
        (200, {}, b"[1]", "takes no runs"),
        (200, {}, b'{"status": "ok"}', "takes no runs"),
        (409, {}, b'{"error": "a \\u001b[31mline"}', "a \ufffd"),
    ],
)
def test_what_else_may_answer_is_one_line(status, headers, body, words, tmp_path):
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Other(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, text in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.handle_request, daemon=True).start()
        with pytest.raises(SendingError) as refused:
            ask(Server(f"http://127.0.0.1:{other.server_port}", TOKEN), None, "POST", "", {})
    assert words in str(refused.value)
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize("proxy", ["http://ada:p%40ss@{}", "ada:p%40ss@{}"])
def test_the_proxy_is_asked_as_its_address_says(proxy, monkeypatch):
    """With its name and password, and without a scheme too, as curl takes it."""
    told = []
    connection = http.client.HTTPSConnection
    monkeypatch.setattr(connection, "set_tunnel", lambda self, *given: told.append((self.host, self.port, *given)))
    for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", proxy.format("proxy.example:3128"))
    _opened(Server("https://lab.example.org", TOKEN))
    pair = base64.b64encode(b"ada:p@ss").decode()
    assert told == [("proxy.example", 3128, "lab.example.org", 443, {"Proxy-Authorization": f"Basic {pair}"})]
    monkeypatch.setenv("no_proxy", "example.org")
    _opened(Server("https://lab.example.org", TOKEN))
    assert len(told) == 1


def test_the_commands_say_what_is_missing(store, monkeypatch, capsys):
    monkeypatch.delenv(REMOTE, raising=False)
    assert command_line.run(["send"]) == 2
    assert "AECORE_REMOTE should name the server" in capsys.readouterr().err
    assert command_line.run(["serve", "--token", "short"]) == 2
    said = capsys.readouterr().err
    assert "a token has from 16" in said
    assert "short" not in said


def test_serve_starts_the_app_and_tells_the_token_to_nobody_else(monkeypatch, capsys):
    started = []
    monkeypatch.setattr(os, "execve", lambda *given: started.append(given))
    assert command_line.run(["serve", "--port", "8123", "--address", "0.0.0.0", "--token", TOKEN]) == 0
    monkeypatch.setenv(TOKEN_VARIABLE, "")
    assert command_line.run(["serve"]) == 0
    assert "no token" in capsys.readouterr().err
    (_, command, environment), (_, plain, without) = started
    assert command[3].endswith("streamlit_app.py") or command[4].endswith("streamlit_app.py")
    assert command[-4:] == ["--server.port", "8123", "--server.address", "0.0.0.0"]
    assert not any(TOKEN in part for part in command)
    assert environment["AECORE_SERVED_TOKEN"] == TOKEN
    assert "AECORE_SERVED_TOKEN" not in without
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    monkeypatch.delenv(REMOTE, raising=False)
    assert command_line.run(["serve"]) == 0
    assert [name for name, value in started[-1][2].items() if value == TOKEN] == [SERVED_TOKEN]
    monkeypatch.setenv(REMOTE, "https://lab.example.org")  # its own trainings are sent there, with that token
    assert command_line.run(["serve", "--token", "another-token-of-this-server"]) == 0
    assert started[-1][2][TOKEN_VARIABLE] == TOKEN
    assert plain[-2:] == ["--server.port", "8501"]


def test_the_endpoint_is_below_the_path_of_the_app_and_only_where_there_is_a_token(store, monkeypatch, capsys):
    assert start.routes() == []
    monkeypatch.setattr(remote_server.st, "get_option", {"server.baseUrlPath": "/lab/", "server.address": ""}.get)
    monkeypatch.setattr(start, "_takes_runs", [])
    monkeypatch.setenv(SERVED_TOKEN, "short")
    assert start.routes() == []
    assert "this one has 5 characters" in capsys.readouterr().err
    assert not [line for line in start.what_is_open() if "other machines" in line]
    monkeypatch.setenv(SERVED_TOKEN, TOKEN)
    assert {route.path.partition("/{")[0] for route in start.routes() if isinstance(route, Route)} == {"/lab" + PLACE}
    assert SERVED_TOKEN not in os.environ
    (line,) = [line for line in start.what_is_open() if "other machines" in line]
    assert "/lab/api/v1/runs" in line
    assert TOKEN not in line
    assert start.routes() == []


def test_send_sends_all_that_is_new_of_all_runs(to, store, mine, monkeypatch, capsys):
    """The command, in a process whose store is the sender's: here only its store differs from the server's."""
    from aecore.cli import send

    monkeypatch.setenv(REMOTE, to.address)
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    runs = [whole_run(mine, f"run-20260101-00000{number}") for number in range(2)]
    shutil.copytree(runs[0].path, mine.root / "gallery" / "shipped")
    monkeypatch.setattr(send, "Store", type("Mine", (), {"default": staticmethod(lambda: mine)}))
    assert command_line.run(["send"]) == 0
    said = capsys.readouterr().err
    assert said.count("bytes sent") == 2
    assert {run.id for run in store.runs()} == {run.id for run in runs}
    assert command_line.run(["send", "--json"]) == 0
    assert [entry["bytes"] for entry in json.loads(capsys.readouterr().out)] == [0, 0]
    broken = whole_run(mine, "run-20250101-000000")
    broken.file(METRICS).unlink()
    broken.file(METRICS).mkdir()
    assert command_line.run(["send"]) == 1
    first, *others = capsys.readouterr().err.splitlines()
    assert first.endswith("could not finish sending the run: it is a folder, not a regular file")
    assert [line.partition(": ")[2] for line in others] == ["nothing new"] * 2, "one does not keep the others back"
    shutil.rmtree(broken.path)
    runs[1].append(METRICS, {"epoch": 4})
    trash.delete(next(run for run in store.runs() if run.id == runs[0].id), store)
    assert command_line.run(["send"]) == 1
    said = capsys.readouterr().err
    assert "was deleted on the server" in said
    assert f"run {runs[1].id}: 13 bytes sent" in said
    assert command_line.run(["send"]) == 0
    assert "was deleted there; name it to send it again" in capsys.readouterr().err
    trash.purge(trash.deleted_runs(store)[0])
    shutil.rmtree(store.root / "runs" / runs[1].id)  # the server lost its disk
    assert command_line.run(["send", *(run.id for run in runs)]) == 0
    assert "nothing new" not in capsys.readouterr().err
    assert [files_of(Run(store.root / "runs" / run.id)) for run in runs] == [files_of(run) for run in runs]
