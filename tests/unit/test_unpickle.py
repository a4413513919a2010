"""Files of torch.save are read without building what is in them, in a process whose end is one line."""

from __future__ import annotations

import io
import pickle
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn
from torch._utils import _rebuild_tensor_v2

from aecore.errors import UserError
from aecore.interop import read_checkpoint
from aecore.interop.read_checkpoint import kept_bytes, read_kept
from tests.helpers.checkpoints import Report000, Report004, moved


@pytest.mark.parametrize("zipped", [True, False])
def test_every_tensor_is_read_to_the_last_bit(tmp_path, zipped):
    """Views, transposes, half precision and integers, against torch's own reader."""
    base = torch.arange(600, dtype=torch.float32).reshape(20, 30)
    state = OrderedDict(
        {
            "a.weight": base.t(),
            "a.bias": base[0, ::2],
            "b.weight": base[5:15, 3:9].half(),
            "b.bias": torch.arange(10, dtype=torch.bfloat16),
            "c.weight": nn.Parameter(torch.rand(3, 2, 3, 3).to(memory_format=torch.channels_last)),
        }
    )
    path = tmp_path / "x.pth"
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    ours, theirs = read_checkpoint(path).file, torch.load(path, weights_only=True)
    assert list(ours) == list(theirs)
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.dtype
        assert torch.equal(ours[name], tensor), name


def test_modules_without_weights_are_known(tmp_path):
    path = tmp_path / "x.pth"
    torch.save({"state_dict": Report004(dropout=True).state_dict()}, path)
    found = read_checkpoint(path)
    assert found.lengths["enc"] == 16
    assert found.lengths["dec"] == 14


class Runs:
    """A pickle of it would run a command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self):
        import os

        return os.system, (self.command,)


def test_code_in_a_file_is_not_run(tmp_path):
    mark, path = tmp_path / "mark", tmp_path / "x.pth"
    torch.save({"model": Report000().state_dict(), "hook": Runs(f"touch {mark}")}, path)
    assert len(read_checkpoint(path).layers) == 4
    assert not mark.exists()
    torch.save(Runs(f"touch {mark}"), path)
    with pytest.raises(UserError, match="Python objects, which could run code"):
        read_checkpoint(path)
    assert not mark.exists()


def test_a_file_that_crashes_numpys_reader_is_one_line(tmp_path):
    """NumPy's dtype and scalar were once among the classes that are built: such a file ended the whole server."""

    class Crash:
        def __reduce__(self):
            scalar = np.float64(0).__reduce__()[0]
            return scalar, (np.dtype("O"), b"\1\2\3\4\5\6\7\x08")

    path = tmp_path / "crash.pth"
    torch.save({"w.weight": torch.zeros(2, 2), "x": Crash()}, path)
    assert len(read_checkpoint(path).layers) == 1


def test_sizes_that_lie_are_one_line(tmp_path):
    def saved(size: tuple, stride: tuple, offset: int = 0) -> None:
        path = tmp_path / "x.pth"
        torch.save({"w.weight": torch.zeros(4, 4)}, path)
        with zipfile.ZipFile(path) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        plain = next(name for name in entries if name.endswith("data.pkl"))
        forged = io.BytesIO()
        pickle_of(forged, size, stride, offset)
        entries[plain] = forged.getvalue()
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
        with pytest.raises(UserError, match=r"damaged|impossible|more than a layer|repeat their data") as raised:
            read_checkpoint(path)
        assert len(str(raised.value).splitlines()) == 1

    saved((4000, 4000), (4000, 1))
    saved((4, 4), (4, 1), 10**6)
    saved((2**20, 2**20), (0, 0))
    saved((-1, 4), (4, 1))


def pickle_of(file: io.BytesIO, size: tuple, stride: tuple, offset: int) -> None:
    """The pickle of a state dict with one tensor that claims that size."""

    class Claim:
        def __reduce__(self):
            return _rebuild_tensor_v2, (Storage(), offset, size, stride, False, OrderedDict())

    class Storage:
        pass

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj):
            return ("storage", torch.FloatStorage, "0", "cpu", 16) if isinstance(obj, Storage) else None

    Pickler(file, 2).dump({"w.weight": Claim()})


@pytest.mark.parametrize("seed", range(8))
def test_random_bytes_are_one_line(tmp_path, seed):
    """In the reader's own process: a few bytes can ask for any amount of memory."""
    path = tmp_path / "x.pth"
    path.write_bytes(b"\x80\x02" + np.random.default_rng(seed).bytes(400))
    with pytest.raises(UserError) as raised:
        read_checkpoint(path)
    assert len(str(raised.value).splitlines()) == 1


def test_a_memo_of_billions_is_one_line(tmp_path):
    """LONG_BINPUT with the highest index makes the unpickler ask for 64 GB."""
    path = tmp_path / "x.pth"
    path.write_bytes(b"\x80\x02}r" + struct.pack("<I", 2**32 - 1) + b".")
    with pytest.raises(UserError, match="more memory than a checkpoint"):
        read_checkpoint(path)


def test_a_reader_that_dies_is_one_line(tmp_path, monkeypatch):
    """The death of the child, however it comes about."""
    path = tmp_path / "x.pth"
    torch.save(Report000().state_dict(), path)
    program = tmp_path / "dies.py"
    program.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr(sys.modules["aecore.interop.read_checkpoint"], "_READER", program)
    with pytest.raises(UserError, match="makes the reader crash"):
        read_checkpoint(path)


def test_what_a_run_keeps_is_the_file(tmp_path):
    path, kept = tmp_path / "x.pth", tmp_path / "kept.safetensors"
    torch.save(moved(Report004(dropout=True)).half().state_dict(), path)
    first = read_checkpoint(path)
    kept.write_bytes(kept_bytes(first))
    second = read_kept(kept)
    assert list(second.file) == list(first.file)
    assert all(torch.equal(second.file[name], tensor) for name, tensor in first.file.items())
    assert second.file.modules == first.file.modules
    assert second.lengths == first.lengths


def test_the_program_reads_nothing_of_this_project(tmp_path):
    """It runs isolated, so that a file next to it cannot be imported in its place."""
    path = tmp_path / "x.pth"
    torch.save({"w.weight": torch.ones(2, 3)}, path)
    from aecore.interop import unpickle

    done = subprocess.run(
        [sys.executable, "-I", unpickle.__file__, str(path), str(tmp_path / "out")],
        capture_output=True,
        cwd=tmp_path,
        check=True,
    )
    assert b'"tensor": 0' in done.stdout
    header = (tmp_path / "out").read_bytes()
    (length,) = struct.unpack("<Q", header[:8])
    assert b'"shape": [2, 3]' in header[8 : 8 + length]
