"""What a file costs is bounded before anything is built from it: refused in one line, or a part of it is read."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import zipfile

import pytest
import torch
from PIL import Image

from aecore import data
from aecore.config.experiment import Experiment
from aecore.errors import LONGEST, UserError
from aecore.interop.read_checkpoint import read_checkpoint
from aecore.runs.json_files import MORE_SAMPLES
from aecore.runs.run import METRICS
from dashboard.cache import jsonl
from tests.helpers.paths import ROOT
from tests.helpers.runs import made_run


def repeated(path):
    one = torch.zeros(1)
    torch.save({f"{i}.weight": torch.as_strided(one, (20_000, 20_000), (0, 0)) for i in range(20)}, path)


def many_views(path):
    one = torch.zeros(1)
    torch.save({f"t{i}": one for i in range(30_000)}, path)


def many_in_header(path):
    table = {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(30_000)}
    header = json.dumps(table).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)


def long_header(path):
    header = json.dumps({"__metadata__": {"a": "x" * (9 << 20)}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)


GREEDY = {
    "repeated.pth": (repeated, "its tensors repeat their data"),
    "views.pth": (many_views, "more entries than a checkpoint has"),
    "many.safetensors": (many_in_header, "more entries than a checkpoint has"),
    "long.safetensors": (long_header, "more entries than a checkpoint has"),
}


def test_checkpoints_that_ask_for_much_are_refused(tmp_path):
    for name, (write, _) in GREEDY.items():
        write(tmp_path / name)
    # In a process of its own: what is known of one's children is their largest, of all there ever were.
    code = """
import resource, sys
from pathlib import Path
from aecore.errors import UserError
from aecore.interop.read_checkpoint import read_checkpoint
for name in sys.argv[1:]:
    try:
        read_checkpoint(Path(name))
        print(0, "it was read")
    except UserError as error:
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, error)
"""
    paths = [str(tmp_path / name) for name in GREEDY]
    done = subprocess.run([sys.executable, "-c", code, *paths], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for (name, (_, words)), line in zip(GREEDY.items(), done.stdout.splitlines(), strict=True):
        kilobytes, _, said = line.partition(" ")
        assert words in said, name
        assert int(kilobytes) < 1_000_000, f"of the reader of {name}"


def test_views_of_one_storage_are_read(tmp_path):
    weights = torch.arange(12.0).reshape(3, 4)
    torch.save({"encoder.0.weight": weights, "decoder.0.weight": weights.T}, tmp_path / "tied.pth")
    assert len(read_checkpoint(tmp_path / "tied.pth").layers) == 2


def test_pictures_that_unfold_are_left_out(tmp_path, cache):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"{number}.png", bytes(20 << 20))
    with pytest.raises(UserError, match=r"0 usable images .* unpacks to more than 500 times its size"):
        data.prepare(str(tmp_path / "a.zip"))


def test_settings_of_megabytes_are_refused(tmp_path):
    (tmp_path / "a.toml").write_text("a = 1\n" * 300_000)
    with pytest.raises(UserError, match="is larger than 1 MB, more than settings take"):
        Experiment.load(tmp_path / "a.toml")
    assert len(str(UserError("x" * 10_000))) == LONGEST + 2


def test_pages_read_a_part_of_a_very_long_history(store):
    run = made_run(store, "long-20260101-000000", [1])
    line = '{"epoch": %d, "train_loss": 0.25, "test_loss": 0.5, "lr": 0.001, "seconds": %d}\n'
    epochs = 200_000
    with run.file(METRICS).open("w") as file:
        file.writelines(line % (epoch, epoch) for epoch in range(1, epochs + 1))
    found = jsonl.metrics(run)
    assert MORE_SAMPLES - 100 < len(found) <= MORE_SAMPLES
    assert (found[0]["epoch"], found[-1]["epoch"]) == (1, epochs)
    assert jsonl.metrics(run) is found
    with run.file(METRICS).open("a") as file:
        file.write(line % (epochs + 1, epochs + 1))
    assert jsonl.metrics(run)[-1]["epoch"] == epochs + 1


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
def test_a_pipe_is_no_checkpoint(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match="cannot be read: it is a pipe, socket or device"):
        read_checkpoint(tmp_path / name)


def test_a_zip_that_has_lost_entries_is_damaged(tmp_path, cache):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(6):
            buffer = io.BytesIO()
            Image.new("L", (8, 8), 20 * number).save(buffer, "PNG")
            archive.writestr(f"{number}.png", buffer.getvalue())
    content = bytearray(path.read_bytes())
    second = content.find(b"PK\x01\x02", content.find(b"PK\x01\x02") + 4)
    content[second + 32] = 46 + len("0.png")  # the length of its comment, which swallows the next entry
    path.write_bytes(bytes(content))
    with zipfile.ZipFile(path) as archive:
        assert len(archive.infolist()) < 6
    with pytest.raises(UserError, match="damaged"):
        data.prepare(str(path))
