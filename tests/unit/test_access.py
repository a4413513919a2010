"""Who may do what: roles, owners, tokens, sessions, limits, and the record of it."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aecore import access, jobs
from aecore.access import Person, limits, sessions, tokens
from aecore.data import data_set
from aecore.errors import DamagedError, UserError
from aecore.jobs import projection, quota
from aecore.latent.request import ProjectionRequest
from aecore.presets import preset
from aecore.runs import archive, trash
from aecore.runs import notes as run_notes
from aecore.runs.due import DUE
from aecore.runs.run import Run
from aecore.runs.store import Store
from aecore.sweeps import runner
from aecore.sweeps.definition import Sweep
from aecore.sweeps.store import create as create_sweep
from tests.helpers.cli import as_json
from tests.helpers.cli import run as cli

QUICK = preset("digits-quick").experiment.changed({"training.epochs": 1})
ADA, BO, EVE = Person("Ada", "train"), Person("Bo", "manage"), Person("Eve", "look")


@pytest.fixture
def at_work(monkeypatch):
    """Sets who is at work."""

    def become(person: Person) -> None:
        monkeypatch.setattr("aecore.access.person._resolvers", [lambda: person])

    return become


def changes(run: Run, store: Store, tmp_path):
    """Everything that changes a run, as name and deed."""
    return {
        "rename": lambda: run_notes.rename(run, "mine"),
        "annotate": lambda: run_notes.annotate(run, "mine"),
        "group": lambda: run_notes.put_in_group(run, "mine"),
        "stop": lambda: jobs.stop(run),
        "resume": lambda: jobs.requeue(run),
        "project": lambda: projection.start(run, ProjectionRequest("pca", 2)),
        "stop projecting": lambda: projection.stop(run),
        "delete": lambda: trash.delete(run, store),
    }


@pytest.mark.parametrize(
    "deed", ["rename", "annotate", "group", "stop", "resume", "project", "stop projecting", "delete"]
)
def test_a_run_is_changed_by_its_owner_and_those_who_manage_alone(deed, trained, store, at_work, tmp_path, monkeypatch):
    monkeypatch.setattr("aecore.jobs.detach.aecore_process", lambda *_, **__: pytest.fail("it started a process"))
    trained.give_to("Cy")
    for person, words in (
        (EVE, r"needs the role 'train'; Eve has the role 'look'"),
        (ADA, r"belongs to Cy; only they and those who manage may change it"),
        (access.NOBODY, "sign in first"),
        (Person("visitor", "train", visitor=True), "switched off on this public demo"),
    ):
        at_work(person)
        assert not access.owns(trained)
        with pytest.raises(UserError, match=words):
            changes(trained, store, tmp_path)[deed]()
    for person in (BO, Person("Cy", "train")):
        at_work(person)
        assert access.owns(trained)
    if deed in ("rename", "annotate", "group", "delete"):
        changes(trained, store, tmp_path)[deed]()


def test_what_one_makes_is_ones_own(store, trained, at_work, tmp_path):
    at_work(ADA)
    run = jobs.submit(QUICK, "cpu", store)
    assert run.owner() == "Ada"
    folder = create_sweep(Sweep(name="sizes", experiment=QUICK, vary={"model.bottleneck.size": (2, 4)}), store)
    assert folder.owner() == "Ada"
    packed = tmp_path / "run.zip"
    trained.give_to("Cy")
    with packed.open("wb") as file:
        archive.pack(trained, file)
    assert archive.unpack(packed, store).owner() == "Ada", "a file does not say to whom its run belongs here"
    at_work(Person("Dee", "train"))
    with pytest.raises(UserError, match="belongs to Ada"):
        runner.start(folder)
    with pytest.raises(UserError, match="belongs to Ada"):
        jobs.stop(run)
    at_work(EVE)
    with pytest.raises(UserError, match="sweeps needs the role 'train'"):
        create_sweep(folder.sweep(), store)
    at_work(Person())
    assert jobs.submit(QUICK, "cpu", store).owner() == ""
    assert "owner" not in jobs.submit(QUICK, "cpu", store).status()


def test_paths_of_the_server_are_for_those_who_manage(store, at_work, tmp_path):
    at_work(ADA)
    for path in (str(tmp_path), "/etc", f"{os.environ['AECORE_DATA']}/uploads/../..", "~/pictures"):
        with pytest.raises(UserError, match="opening images by their path needs the role 'manage'"):
            data_set(path)
    with pytest.raises(UserError, match="there is no file or folder"):  # it was looked for
        data_set(f"{os.environ['AECORE_DATA']}/uploads/none.npz")
    at_work(BO)
    with pytest.raises(UserError, match="there is no file or folder"):
        data_set(str(tmp_path / "none.npz"))


def test_a_process_works_for_the_person_who_started_it(at_work, monkeypatch):
    at_work(ADA)
    environment = access.as_environment()
    monkeypatch.undo()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AECORE_DEMO", "1")
    assert access.current() == ADA
    monkeypatch.setenv("AECORE_PERSON", "nonsense")
    assert access.current() == access.NOBODY


def test_members_have_limits(store, at_work, monkeypatch):
    at_work(ADA)
    with pytest.raises(UserError, match=r"training.epochs: the role 'train' allows at most 1,000 epochs, got 1,001"):
        jobs.submit(QUICK.changed({"training.epochs": 1001}), "cpu", store)
    monkeypatch.setenv("AECORE_LIMITS", "waiting=2, epochs=3")
    with pytest.raises(UserError, match="at most 3 epochs"):
        jobs.submit(QUICK.changed({"training.epochs": 4}), "cpu", store)
    jobs.submit(QUICK, "cpu", store)
    jobs.submit(QUICK, "cpu", store)
    with pytest.raises(UserError, match="you have 2 trainings queued or running, the limit"):
        jobs.submit(QUICK, "cpu", store)
    at_work(Person("Dee", "train"))  # another person has their own
    run = jobs.submit(QUICK, "cpu", store)
    run.write_status(state="finished")
    run.file("log.txt").write_bytes(bytes(3 << 20))
    monkeypatch.setenv("AECORE_LIMITS", "disk_gb=0.002")
    with pytest.raises(UserError, match=r"your runs take 0.0 GB on the disk, and 0.002 is the limit"):
        jobs.submit(QUICK, "cpu", store)
    for text, words in (
        ("waiting=x", "waiting is a number"),
        ("wating=3", "no limit 'wating'"),
        ("epochs=-1", "from 0"),
    ):
        monkeypatch.setenv("AECORE_LIMITS", text)
        with pytest.raises(UserError, match=words):
            jobs.submit(QUICK, "cpu", store)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model.conv": ["4096k1s1p0"], "model.dense": [], "model.bottleneck.kind": "none",
          "training.batch_size": 1_000_000}, "GB of memory"),
        ({"model.conv": ["128k7s1p3"] * 2, "model.dense": [], "model.bottleneck.kind": "none",
          "training.batch_size": 4}, "multiplications"),
    ],
)  # fmt: skip
def test_a_small_model_can_be_dear(store, monkeypatch, changes, words):
    monkeypatch.setenv("AECORE_DEMO", "train")
    with pytest.raises(UserError, match=words):
        jobs.submit(QUICK.changed({"training.epochs": 5, "data.name": "digits-28"} | changes), "cpu", store)
    assert store.runs() == []


def _start_one(root: Path) -> bool:
    try:
        jobs.submit(QUICK, "cpu", Store(root))
        return True
    except UserError:
        return False


def test_of_many_who_start_at_once_no_more_get_in_than_may(store, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "train")
    with ThreadPoolExecutor(6) as pool:
        begun = list(pool.map(_start_one, [store.root] * 12))
    assert sum(begun) == len(store.runs()) == limits.VISITORS.waiting


def test_what_visitors_trained_is_removed_after_a_day(store, trained, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "train")
    old = jobs.submit(QUICK, "cpu", store)
    old.write_status(state="finished", ended="2020-01-01T00:00:00+00:00")
    fresh = jobs.submit(QUICK, "cpu", store)
    fresh.write_status(state="finished", ended=old.status()["updated"])
    monkeypatch.delenv("AECORE_DEMO")
    trained.write_status(ended="2020-01-01T00:00:00+00:00")  # nobody's visitor made it
    assert quota.remove_expired(store) == [], "one look at the clock is not enough"
    assert quota.remove_expired(store) == []
    earlier = time.time() - 2 * quota.CONFIRMED_AFTER_S
    os.utime(old.file(DUE), (earlier, earlier))
    assert quota.remove_expired(store) == [old.id]
    assert {run.id for run in store.runs()} == {fresh.id, trained.id}


# ---- tokens and sessions -------------------------------------------------------------------------


def test_a_token_is_shown_once_and_only_its_hash_is_kept(store, capsys):
    made = as_json(capsys, "tokens", "new", "train", "--name", "Ada")
    path = store.root / "access.json"
    assert re.fullmatch(r"lab-[\w-]{32}", made["text"])
    assert made["text"] not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    known = tokens.read_access()
    assert known
    found = known.matching(made["text"])
    assert found
    assert (found.role, found.name, found.id) == ("train", "Ada", made["id"])
    assert known.matching(made["text"] + "x") is None
    assert known.matching("") is None
    listed = as_json(capsys, "tokens")
    assert [set(entry) for entry in listed] == [{"id", "role", "name", "created"}]
    assert cli(capsys, "tokens", "remove", made["id"])[0] == 0
    known = tokens.read_access()
    assert known is not None, "without tokens the server stays closed"
    assert known.matching(made["text"]) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("new", "boss"), "there is no role 'boss'"),
        (("new", "none"), "there is no role 'none'"),
        (("new", "train", "--name", "x" * 61), "a name has from 1 to 60"),
        (("new", "train", "--name", "Visitor"), "choose another name"),
        (("new", "train", "--name", "a\x1b[31m"), "printable"),
        (("remove", "abc"), "there is no token 'abc'"),
    ],
)
def test_bad_tokens_are_one_line(store, capsys, arguments, words):
    status, _, err = cli(capsys, "tokens", *arguments)
    assert status == 2
    assert words in err


NOT_A_TOKEN = {"id": "a", "role": "none", "name": "", "sha256": "", "created": ""}


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"tokens": [], "secret": 3}', '{"tokens": [{"id": 1}], "secret": ""}',
     json.dumps({"tokens": [NOT_A_TOKEN], "secret": "ab" * 32})],
)  # fmt: skip
def test_a_damaged_list_of_tokens_lets_nobody_in(store, content):
    store.root.mkdir(parents=True)
    (store.root / "access.json").write_text(content)
    with pytest.raises(DamagedError, match="nobody can sign in"):
        tokens.read_access()


def test_a_session_ends(store, monkeypatch):
    _, token = tokens.new_token("train")
    known = tokens.read_access()
    assert known
    text = sessions.begin(known, token, "Ada")
    assert sessions.person_of(known, text) == ADA
    now = time.time()
    for later in (-13 * 3600, 13 * 3600):  # a clock that was set back gives nobody more time
        monkeypatch.setattr(sessions.time, "time", lambda later=later: now + later)
        assert sessions.person_of(known, text) == access.NOBODY
    monkeypatch.setattr(sessions.time, "time", lambda: now)
    other = sessions.begin(known, token, "Ada")
    sessions.end(known, text)
    assert sessions.person_of(known, text) == access.NOBODY
    assert sessions.person_of(known, other) == ADA
    tokens.remove_token(token.id)
    after = tokens.read_access()
    assert after
    assert sessions.person_of(after, other) == access.NOBODY


SECRET = tokens.Access("ab" * 32, (tokens.Token("t", "manage", "Ada", "", ""),))


@given(st.text(max_size=80), st.integers(0, 200), st.integers(1, 255))
def test_no_other_text_is_a_session(text, place, change):
    assert sessions.person_of(SECRET, text) == access.NOBODY
    good = sessions.begin(SECRET, SECRET.tokens[0], "")
    place %= len(good)
    changed = good[:place] + chr((ord(good[place]) + change) % 128) + good[place + 1 :]
    if changed != good:
        assert sessions.person_of(SECRET, changed) == access.NOBODY


# ---- the record ----------------------------------------------------------------------------------


def test_the_record_says_who_did_what_and_what_was_refused(store, trained, at_work, capsys):
    at_work(Person())
    run_notes.rename(trained, "one")
    assert not (store.root / "audit.jsonl").exists(), "on one's own machine there is nobody to record"
    made = as_json(capsys, "tokens", "new", "manage")
    at_work(ADA)
    with pytest.raises(UserError):
        run_notes.rename(trained, "two")
    at_work(BO)
    run_notes.rename(trained, "three")
    text = (store.root / "audit.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["person"], line["act"], bool(line.get("refused"))) for line in lines[1:]] == [
        ("Ada", "renaming runs", True),
        ("Bo", "renaming runs", False),
    ]
    assert lines[1]["on"] == trained.id
    assert made["text"] not in text
    assert sys.platform == "win32" or stat.S_IMODE((store.root / "audit.jsonl").stat().st_mode) == 0o600
