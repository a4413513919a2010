"""Folders of many pictures: read on all cores, and gone on with where a preparation was interrupted."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aecore import data
from aecore.data.custom import decode_all, source
from aecore.data.custom import pictures as image_files
from aecore.data.custom.decode import UnusableError
from aecore.data.place import data_root

COUNT, BROKEN = 500, (3, 77, 402)


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """A folder of pictures of which each is another, some damaged; more than are decoded without writing them down."""
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(decode_all, "WORTH_KEEPING", 100)
    folder = tmp_path / "faces"
    folder.mkdir()
    for number in range(COUNT):
        if number in BROKEN:
            Image.fromarray(image(number)).save(folder / f"{number:04}.png")
            whole = (folder / f"{number:04}.png").read_bytes()
            (folder / f"{number:04}.png").write_bytes(whole[: len(whole) // 2])
        else:
            Image.fromarray(image(number)).save(folder / f"{number:04}.png")
    return folder


def image(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (12, 12, 3), np.uint8)


def expected(*more_broken: int) -> tuple[np.ndarray, np.ndarray]:
    """Training and test images: the first and every sixth of those that can be read are the test images."""
    whole = np.stack([image(i) for i in range(COUNT) if i not in (*BROKEN, *more_broken)]).transpose(0, 3, 1, 2)
    test = np.arange(len(whole)) % 6 == 0
    return whole[~test], whole[test]


def check(folder: Path) -> None:
    found = data.load(str(folder))
    train, test = expected()
    assert np.array_equal(found.x_train, train)
    assert np.array_equal(found.x_test, test)


def begun() -> list[Path]:
    return list(data_root().glob("own-*-begun"))


def test_all_are_read_in_order_and_nothing_is_left_behind(pictures):
    seen = []
    data.load(str(pictures), lambda what, done, total: seen.append((what, done, total)))
    check(pictures)
    assert not begun()
    about = data.understood(str(pictures))
    assert about is not None
    assert about.lines()[-1].startswith("left out: 0003.png, 0077.png, 0402.png")
    reading = [done for what, done, total in seen if what == "reading 500 images"]
    assert reading == sorted(reading)
    assert reading[-1] >= 400
    assert any(what == "looking at 500 files" for what, _, _ in seen)


class Killed(BaseException):
    pass


def interrupted(pictures, monkeypatch, after: int) -> None:
    """Prepare, and end with an error once so many pictures are decoded."""
    real, counted = decode_all.pixels, []

    def counting(*given):
        counted.append(1)
        if len(counted) > after:
            raise Killed
        return real(*given)

    monkeypatch.setattr(decode_all, "pixels", counting)
    with pytest.raises(Killed):
        data.load(str(pictures))
    monkeypatch.setattr(decode_all, "pixels", real)


def decoded(pictures, monkeypatch) -> int:
    """How many are decoded now."""
    real, counted = decode_all.pixels, []
    monkeypatch.setattr(decode_all, "pixels", lambda *given: counted.append(1) or real(*given))
    check(pictures)
    monkeypatch.setattr(decode_all, "pixels", real)
    return len(counted)


def test_what_was_done_before_an_interruption_is_not_done_again(pictures, monkeypatch):
    interrupted(pictures, monkeypatch, 250)
    assert len(begun()) == 1
    assert decoded(pictures, monkeypatch) == COUNT - 200
    assert not begun()


@pytest.mark.parametrize("harm", ["short", "nonsense", "size", "gone", "less than none"])
def test_what_is_not_there_whole_is_done_again(pictures, monkeypatch, harm):
    interrupted(pictures, monkeypatch, 250)
    (folder,) = begun()
    whole = json.loads((folder / decode_all.DONE).read_text())
    if harm == "short":
        os.truncate(folder / decode_all.PIXELS, 1000)
    elif harm == "nonsense":
        (folder / decode_all.DONE).write_text("{")
    elif harm == "size":
        (folder / decode_all.DONE).write_text(json.dumps(whole | {"of": "others", "shape": [9, 9, 3]}))
    elif harm == "less than none":
        (folder / decode_all.DONE).write_text(json.dumps(whole | {"sums": -1, "done": -1}))
    else:
        (folder / decode_all.PIXELS).unlink()
    assert decoded(pictures, monkeypatch) == COUNT


def test_changed_bytes_of_what_was_done_are_no_images(pictures, monkeypatch):
    interrupted(pictures, monkeypatch, 350)
    (folder,) = begun()
    with (folder / decode_all.PIXELS).open("r+b") as file:
        file.seek(150 * 12 * 12 * 3)  # in the second of three parts
        file.write(bytes(12 * 12 * 3))
    assert decoded(pictures, monkeypatch) == COUNT - 100


def test_a_picture_that_can_be_opened_again_moves_no_other_to_its_place(pictures, monkeypatch):
    """As after an error of a network's disk, or with a newer version of what decodes them."""
    real = image_files.header_of

    def failing(opened):
        if opened.args[0].name == "0010.png":
            raise UnusableError("cannot be read: Input/output error")
        return real(opened)

    monkeypatch.setattr(image_files, "header_of", failing)
    interrupted(pictures, monkeypatch, 250)
    monkeypatch.setattr(image_files, "header_of", real)
    assert decoded(pictures, monkeypatch) == COUNT


def test_whoever_interrupts_waits_for_the_pictures_in_hand_alone(pictures, monkeypatch):
    real, counted = decode_all.pixels, []
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(decode_all, "WORTH_KEEPING", COUNT + 1)
    monkeypatch.setattr(decode_all, "pixels", lambda *given: (counted.append(1), time.sleep(0.01)) and real(*given))
    before = threading.enumerate()

    def interrupting(what, done, total):
        if what == "reading 500 images" and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        data.load(str(pictures), interrupting)
    assert len(counted) < 5 * decode_all.AT_A_TIME, "six times as many were handed out"
    assert threading.enumerate() == before


def test_nothing_goes_on_behind_the_back_of_whoever_takes_no_more(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    called = []

    def work(job):
        called.append(job)
        time.sleep(0.002 if job >= decode_all.AT_A_TIME else 0)

    before = threading.enumerate()
    with closing(decode_all.on_all_cores(work, range(10_000))) as results:
        next(results)
    assert len(called) < 3 * decode_all.AT_A_TIME, "five times as many were handed out"
    assert threading.enumerate() == before


def test_a_file_that_changed_meanwhile_is_read_as_it_is_now(pictures, monkeypatch):
    interrupted(pictures, monkeypatch, 250)
    Image.fromarray(255 - image(0)).save(pictures / "0000.png")
    found = data.load(str(pictures))
    assert np.array_equal(found.x_test[0], (255 - image(0)).transpose(2, 0, 1))
    assert not begun()


def _slowly(folder: str, ready) -> None:
    real, counted = decode_all.pixels, []

    def telling(*given):
        counted.append(1)
        if len(counted) == 350:
            ready.set()
            signal.pause()
        return real(*given)

    decode_all.pixels, decode_all.AT_A_TIME = telling, 1
    os.cpu_count = lambda: 1
    data.load(folder)


def test_a_killed_process_leaves_what_the_next_goes_on_with(pictures, monkeypatch):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_slowly, args=(str(pictures), ready))
    process.start()
    assert ready.wait(60)
    process.kill()
    process.join()
    assert decoded(pictures, monkeypatch) == COUNT - 300


def test_the_folder_of_what_was_begun_goes_with_the_next_that_is_prepared(pictures, monkeypatch, tmp_path):
    interrupted(pictures, monkeypatch, 250)
    other = tmp_path / "other"
    other.mkdir()
    for number in range(12):
        Image.fromarray(image(number)).save(other / f"{number}.png")
    data.load(str(other))
    assert not begun()
    assert source.find(str(pictures)).begun.name.endswith("-begun")
