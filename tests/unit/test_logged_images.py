"""`run.log_image`: what is taken as an image, what is kept of many, and that nothing of it ends a loop."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import aecore
from aecore.errors import DamagedError, UserError
from aecore.runs.archive import pack, unpack
from aecore.runs.logged import MOST_ROWS, LoggedImages, as_image, decoded, read_logged
from aecore.runs.run import LOGGED
from aecore.runs.store import Store


def test_arrays_tensors_and_pictures_are_images():
    grey = np.linspace(0, 1, 42).reshape(7, 6)
    expected = np.rint(255 * grey).astype(np.uint8)[None]
    color = np.arange(126, dtype=np.uint8).reshape(7, 6, 3)
    for value in (grey, grey[None], grey[..., None], torch.tensor(grey), torch.tensor(grey, requires_grad=True)):
        assert (as_image("a", value) == expected).all()
    for value in (color, color.transpose(2, 0, 1), torch.tensor(color), Image.fromarray(color), color.astype(int)):
        assert (as_image("a", value) == color.transpose(2, 0, 1)).all()
    assert (as_image("a", np.dstack([color, color[..., :1]])) == color.transpose(2, 0, 1)).all(), "alpha is left out"
    assert (as_image("a", grey > 0.5) == 255 * (grey > 0.5)).all()
    assert (as_image("a", grey * 3 - 1) == np.rint(255 * np.clip(grey * 3 - 1, 0, 1))).all()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros(5), "should be an image"),
        (np.zeros((2, 3, 4, 5)), "should be an image"),
        (np.zeros((5, 6, 7)), "one or three channels"),
        (np.zeros((0, 3)), "should be an image"),
        ("picture.png", "should be an image"),
        (None, "should be an image"),
        (np.full((3, 3), np.nan), "NaN or infinity"),
        (np.arange(9.0).reshape(3, 3) * 30, "numbers from 0 to 240; they should be from 0 to 1, or bytes"),
        (torch.full((1, 28, 28), -1.0), "numbers from -1 to -1; they should be from 0 to 1"),
        (np.full((3, 3), 256), "outside of 0 to 255"),
        (np.zeros((2000, 3)), "at most 1024 to a side"),
    ],
)
def test_what_is_no_image(value, words):
    with pytest.raises(UserError, match=words):
        as_image("samples", value)


@pytest.mark.parametrize("mode", ["P", "CMYK", "YCbCr", "HSV", "RGBA", "LA"])
def test_a_picture_shows_its_colours_however_it_holds_them(mode):
    """Places in a palette and other colour spaces are no numbers of an image."""
    color = np.zeros((3, 5, 3), np.uint8) + np.array([204, 0, 51], np.uint8)
    picture = Image.fromarray(color).convert("L" if mode == "LA" else "RGB")
    expected = np.asarray(picture)[0, 0]
    image = as_image("a", picture.convert(mode))
    assert image.shape == (1 if mode == "LA" else 3, 3, 5)
    assert np.abs(image[:, 0, 0] - expected.astype(int)).max() <= 5, "but for rounding"


def test_noise_on_an_image_is_clamped():
    for level in (0.0, 1.0):
        noisy = np.random.default_rng(0).normal(level, 1.0, (28, 28))
        assert (as_image("a", noisy) == np.rint(255 * np.clip(noisy, 0, 1))).all()


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3), (3, 5, 3), (1, 5, 3), (3, 5)])
def test_files_of_pictures_of_any_size_are_read(shape):
    pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    image = decoded("a", encoded(Image.fromarray(pixels)))
    assert (image == (pixels.transpose(2, 0, 1) if pixels.ndim == 3 else pixels[None])).all()


def test_a_picture_of_sixteen_bits_keeps_its_greys():
    levels = np.array([[0, 257, 32_768, 65_535]], np.uint16)
    assert decoded("a", encoded(Image.fromarray(levels))).tolist() == [[[0, 1, 128, 255]]]


def encoded(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=400))
def test_however_many_there_are_the_first_and_the_last_are_kept(epochs):
    kept, seen = LoggedImages(), {}
    for epoch in sorted(epochs):
        seen[epoch] = np.full((2, 2), epoch % 256, np.uint8)
        kept.add("a", epoch, seen[epoch])
    rows = kept.rows["a"]
    assert len(rows) <= MOST_ROWS
    assert {min(seen), max(seen)} <= rows.keys() <= seen.keys()
    assert all((image[0] == seen[epoch]).all() for epoch, image in rows.items())
    assert len(seen) <= MOST_ROWS or len(rows) > 1


@pytest.mark.parametrize("every", [1, 5, 6])
def test_what_is_kept_of_many_is_spread_over_all_epochs(every):
    kept, last = LoggedImages(), 1500 * every
    for epoch in range(every, last + 1, every):
        kept.add("a", epoch, np.zeros((2, 2), np.uint8))
    epochs = sorted(kept.rows["a"])
    assert MOST_ROWS // 2 <= len(epochs) <= MOST_ROWS
    assert np.diff(epochs).max() <= 4 * last / MOST_ROWS


def test_they_are_in_the_run_and_in_its_zip(store, tmp_path):
    with aecore.record("images", "digits-28", store=store) as run:
        for epoch in range(3):
            run.log(train_loss=1.0)
            run.log_image("samples", np.full((2, 5), epoch / 2))
            run.log_image("grid", np.full((4, 4, 3), 50 * epoch, np.uint8))
            run.log_image("grid", np.full((4, 4, 3), 50 * epoch + 1, np.uint8))
    found = read_logged(run.run)
    assert set(found) == {"samples", "grid"}
    epochs, images = found["grid"]
    assert epochs.tolist() == [1, 2, 3]
    assert images[:, 0, 0, 0].tolist() == [1, 51, 101], "the second of an epoch counts"
    assert found["samples"][1].shape == (3, 1, 2, 5)
    pack(run.run, tmp_path / "run.zip")
    again = unpack(tmp_path / "run.zip", Store(tmp_path / "other"))
    assert (read_logged(again)["grid"][1] == images).all()


def test_what_is_wrong_with_one_is_a_warning(store):
    with aecore.record("images", "digits-28", store=store) as run:
        run.log_image("a", np.zeros((2, 2)))
        with pytest.warns(RuntimeWarning, match="was 1 × 2 × 2 before; the training goes on"):
            run.log_image("a", np.zeros((3, 3)))
        run.log_image("a", "nonsense")
        run.log_image("../a", np.zeros((2, 2)))
        for number in range(20):
            run.log_image(f"b{number}", np.zeros((2, 2)))
        run.log(train_loss=1.0)
    assert run.run.status()["state"] == "finished"
    assert len(read_logged(run.run)) == 16


def test_what_is_clamped_of_many_numbers_is_said_once(store):
    """An image from -1 to 1 whose mean is not below any that noise makes cannot be told from a noisy one."""
    grey = np.linspace(-1, 1, 100).reshape(10, 10)
    with aecore.record("images", "digits-28", store=store) as run:
        for _ in range(2):
            run.log(train_loss=1.0)
            run.log_image("symmetric", grey)
            run.log_image("unit", (grey + 1) / 2)
            run.log_image("rounded", np.where(grey > 0, 1.001, -0.001))
            run.log_image("bytes", np.full((2, 2), 255, np.uint8))
    said = [remark["text"] for remark in run.run.status()["remarks"] if remark["kind"] == "clamped"]
    assert len(said) == 1
    assert said[0].startswith("of the image symmetric, 50 % of the numbers lay outside of 0 to 1")


def test_a_file_that_holds_something_else(store):
    import safetensors.numpy

    with aecore.record("images", "digits-28", store=store) as run:
        run.log(train_loss=1.0)
    assert read_logged(run.run) == {}
    for arrays in ({"a": np.zeros((2, 2), np.uint8)}, {"a": np.zeros((1, 1, 2, 2), np.uint8)},
                   {"a": np.zeros((1, 1, 2, 2)), "a epochs": np.zeros(1, np.int32)}):  # fmt: skip
        run.run.write_files({LOGGED: safetensors.numpy.save(arrays)})
        with pytest.raises(DamagedError, match="something else than images"):
            read_logged(run.run)
