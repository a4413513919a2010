"""What a killed process leaves is removed by a later one, and what a living one is writing never."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from aecore import temporary
from aecore.files import atomic_write
from aecore.temporary import remove_leftovers, temporary_folder, temporary_path

WRITER = """
import sys
from pathlib import Path
from aecore.files import atomic_file
from aecore.temporary import temporary_folder
with temporary_folder(Path(sys.argv[1]), "new") as folder, atomic_file(Path(sys.argv[1], "a.json")) as file:
    (folder / "part").write_text("half")
    file.write(b"half")
    file.flush()
    print("here", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path):
    """A process that is in the middle of writing to the folder."""
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"here\n"
    yield process
    process.kill()
    if process.stdin and not process.stdin.closed:
        process.communicate()
    process.stdout.close()


def test_a_killed_writers_files_are_removed_by_the_next(tmp_path, writer):
    assert len(list(tmp_path.iterdir())) == 2
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    atomic_write(tmp_path / "b.json", b"{}")
    assert [path.name for path in tmp_path.iterdir()] == ["b.json"]


def test_a_living_writers_files_stay_however_old(tmp_path, writer):
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))
    remove_leftovers(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    writer.communicate()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.json", b"half")]


def test_of_another_machine_they_are_kept_for_a_week(tmp_path, monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(temporary, "_machine", lambda: "0" * 8)
        old, fresh = temporary_path(tmp_path, "old"), temporary_path(tmp_path, "fresh")
    for path in (old, fresh):
        path.mkdir()
    long_ago = time.time() - 8 * 86_400
    os.utime(old, (long_ago, long_ago))
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == [fresh]


@pytest.mark.parametrize("name", [".arriving-x1", ".status.json.abc_1234", ".weights.safetensors.zzzzzzzz"])
def test_those_of_older_versions_too(tmp_path, name):
    (tmp_path / name).write_text("half")
    (tmp_path / ".settings").write_text("a person's")
    remove_leftovers(tmp_path)
    assert (tmp_path / name).exists()
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))
    with temporary_folder(tmp_path, "new"):
        assert not (tmp_path / name).exists()
    assert (tmp_path / ".settings").exists()
