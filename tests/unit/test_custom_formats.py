"""Reading files of arrays against other readers of the same formats, and damage of any kind to all of them."""

from __future__ import annotations

import contextlib
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from aecore.data.custom import limits
from aecore.data.custom.folder import listing
from aecore.data.custom.matlab import matlab_arrays
from aecore.data.custom.read import read_file, read_folder
from aecore.data.custom.size import Asked
from aecore.errors import UserError
from benchmarks import own_files, own_folders

rng = np.random.default_rng(0)


@pytest.mark.parametrize("packed", [False, True])
def test_matlabs_arrays_are_those_that_scipy_reads(tmp_path, packed):
    written = {
        "X": rng.integers(0, 256, (5, 6, 3, 7), np.uint8),
        "whole": np.arange(12.0).reshape(3, 4),
        "floats": rng.random((3, 4)).astype(np.float32),
        "logical": rng.random((4, 4)) > 0.5,
        "large": np.array([[2**40, -3]]),
        "text": "hello",
        "cells": np.array(["x", "yy"], object),
        "complex": np.ones((2, 2)) * 1j,
        "empty": np.zeros((0, 0)),
        "nested": {"a": np.arange(6).reshape(2, 3), "deeper": {"z": np.arange(4, dtype=np.int16)}},
    }
    savemat(tmp_path / "all.mat", written, do_compression=packed)
    known = loadmat(tmp_path / "all.mat")
    found = {array.name: array.read() for array in matlab_arrays(tmp_path / "all.mat", "here")}
    assert set(found) == {"X", "whole", "floats", "logical", "large", "nested/a", "nested/deeper/z"}
    for name in ("X", "whole", "floats", "large"):
        assert found[name].dtype == known[name].dtype
        assert np.array_equal(found[name], known[name])
    assert np.array_equal(found["logical"], written["logical"])
    assert found["nested/deeper/z"].ravel().tolist() == [0, 1, 2, 3]


def test_a_mat_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    savemat(tmp_path / "bomb.mat", {"X": np.zeros((1000, 1000), np.uint8)}, do_compression=True)
    monkeypatch.setattr(limits, "MAX_BYTES", 100_000)
    with pytest.raises(UserError, match="unpacks to more than"):
        matlab_arrays(tmp_path / "bomb.mat", "here")


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The bytes with some of them changed, removed, added or cut off."""
    made = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 30])):
        place = chance.randrange(min(len(made), chance.choice([64, 400, len(made)])))
        action = chance.random()
        if action < 0.6:
            made[place] = chance.randrange(256)
        elif action < 0.8:
            del made[place : place + chance.randrange(1, 50)]
        else:
            made[place:place] = chance.randbytes(chance.randrange(1, 20))
        made = made or bytearray(b"x")
    return bytes(made[: chance.randrange(len(made) + 1)] if chance.random() < 0.2 else made)


CASES = [case for case in own_files.cases() + own_folders.cases() if "300" not in case.name]


@pytest.mark.parametrize("case", CASES[::4], ids=lambda case: case.name)
@pytest.mark.filterwarnings("ignore")
def test_no_damage_gives_anything_but_images_or_one_line(case, tmp_path):
    chance = random.Random(case.name)
    path, _ = case.write(tmp_path / "own")
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.stat().st_size and one.is_file())
    for _ in range(20):
        file: Path = chance.choice(files)
        good = file.read_bytes()
        file.write_bytes(damaged(good, chance))
        with contextlib.suppress(UserError):
            if path.is_file():
                found = read_file(path, "here", Asked(), lambda *_: None)
            else:
                found = read_folder(path, "here", listing(path, "here"), Asked(), lambda *_: None)
            assert found.arrays.x_train.dtype == np.uint8
            assert len(found.arrays.x_test) == len(found.arrays.y_test)
        file.write_bytes(good)


def test_a_reader_that_is_not_installed_is_named(tmp_path, monkeypatch):
    case = next(case for case in CASES if case.name == "Kaggle's .csv")
    path, _ = case.write(tmp_path / "own")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"a \.csv file is read with pyarrow: pip install pyarrow"):
        read_file(path, "here", Asked(), lambda *_: None)
