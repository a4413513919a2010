"""The size of one's own images: its settings, its copy in the cache, and runs from before there was a choice."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aecore import data
from aecore.config.experiment import Experiment
from aecore.config.image_source import ImageSource
from aecore.data.custom.size import Asked, choose_frame, place
from aecore.errors import UserError
from aecore.jobs.check import check
from aecore.runs.store import Store


@pytest.fixture
def folder(tmp_path, cache):
    """Seven pictures of 20×30 pixels, each of one colour."""
    for i in range(7):
        picture = Image.new("RGB", (20, 30), (30 * i, 255 - 30 * i, 7))
        (tmp_path / "pictures").mkdir(exist_ok=True)
        picture.save(tmp_path / "pictures" / f"{i}.png")
    return str(tmp_path / "pictures")


@given(st.text(max_size=30), st.integers(0, 256), st.sampled_from(["crop", "pad"]))
def test_a_source_comes_back_from_its_text(name, size, fit):
    if ImageSource.parse(name) != ImageSource(name):  # a name that already ends in options
        return
    assert ImageSource.parse(str(ImageSource(name, size, fit))) == ImageSource(name, size, fit)


@pytest.mark.parametrize("name", ["a?b", "what?", "a?size=", "a?size=x", "a?fit=stretch", "?", "a?fit="])
def test_a_name_with_a_question_mark_stays_a_name(name):
    assert ImageSource.parse(name).name == name


@pytest.mark.parametrize(
    ("sizes", "asked", "expected", "said"),
    [
        ([(28, 28)], Asked(), (28, 28), "as they are"),
        ([(256, 40)], Asked(), (256, 40), "as they are"),
        ([(257, 40)], Asked(), (64, 64), "a side is over 256"),
        ([(28, 28), (28, 29)], Asked(), (64, 64), "not alike"),
        ([(28, 28)], Asked(28, "pad"), (28, 28), "as they are"),
        ([(28, 20)], Asked(28), (28, 28), "cropped .* enlarged"),
        ([(28, 20)], Asked(16, "pad"), (16, 16), "padded with black"),
        ([(28, 28), (99, 99)], Asked(16, "pad"), (16, 16), "^resized"),
    ],
)
def test_the_size_that_images_get(sizes, asked, expected, said):
    frame = choose_frame(sizes, asked)
    assert (frame.width, frame.height) == expected
    assert re.search(said, frame.done)


@given(st.integers(8, 60), st.integers(8, 60), st.integers(8, 40))
def test_padding_keeps_the_whole_picture_and_its_proportions(width, height, side):
    placed = np.asarray(
        place(Image.new("L", (width, height), 255), choose_frame([(width, height)], Asked(side, "pad")))
    )
    if (width, height) == (side, side):
        assert placed.shape == (side, side)
        return
    rows, columns = (np.flatnonzero(placed.max(axis) == 255) for axis in (1, 0))
    assert max(len(rows), len(columns)) == side
    assert abs(len(columns) / len(rows) - width / height) <= (1 + width / height) / min(len(rows), len(columns))
    assert abs(rows[0] - (side - 1 - rows[-1])) <= 1
    assert abs(columns[0] - (side - 1 - columns[-1])) <= 1


def test_each_size_has_a_copy_and_all_go_when_the_folder_changes(folder, cache):
    shapes = {
        source: data.data_set(source).image_shape for source in (folder, f"{folder}?size=16", f"{folder}?fit=pad")
    }
    assert shapes == {folder: (3, 30, 20), f"{folder}?size=16": (3, 16, 16), f"{folder}?fit=pad": (3, 30, 20)}
    assert all(map(data.prepared, shapes))
    assert len(list(cache.glob("own-*"))) == 3
    Image.new("RGB", (20, 30)).save(f"{folder}/8.png")
    assert not any(map(data.prepared, shapes))
    data.prepare(folder)
    assert len(list(cache.glob("own-*"))) == 1


def test_the_setting_reaches_the_model(folder):
    experiment = Experiment().changed({"data.name": folder, "data.size": 24, "data.fit": "pad", "model.conv": []})
    solved, _ = check(experiment)
    assert solved.image_shape == (3, 24, 24)
    square = data.load(experiment.data.source).x_train[:, 2]
    assert (square[:, :, 4:20] == 7).all()
    assert not square[:, :, :4].any()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"data.name": "mnist", "data.size": 64}, "data.size: the images of mnist are 28×28 and stay so.* set it to 0"),
        ({"data.name": "mnist", "data.fit": "pad"}, "data.fit: the images of mnist .* set it to crop"),
        ({"data.size": 7}, "data.size: should be 0 or from 8 to 256 pixels, got 7"),
        ({"data.size": 257}, "data.size: should be less than or equal to 256, got 257"),
        ({"data.fit": "stretch"}, "data.fit: unknown value 'stretch'"),
    ],
)
def test_sizes_that_cannot_be_are_told_in_one_line(changes, told):
    with pytest.raises(UserError, match=told):
        check(Experiment().changed(changes))


def test_a_size_written_into_the_path_is_checked_too(folder):
    with pytest.raises(UserError, match=r"data\.size: should be from 8 to 256 pixels, or 0, got 999"):
        data.prepare(f"{folder}?size=999")


@pytest.mark.parametrize(("recorded", "size"), [([3, 64, 64], 64), ([3, 100, 80], 0), (None, 0)])
def test_a_run_from_before_the_setting_keeps_its_images_size(folder, tmp_path, recorded, size):
    run = Store(tmp_path / "store").create(Experiment().changed({"data.name": folder}))
    written = json.loads(run.file("experiment.json").read_text())
    del written["data"]["size"], written["data"]["fit"]
    run.write_json("experiment.json", written)
    run.write_status(**({"data": {"image_shape": recorded}} if recorded else {}))
    assert run.experiment().data.size == size
