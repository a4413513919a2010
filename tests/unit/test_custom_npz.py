"""One's own images from an .npz file: what is accepted, how it is kept, and a clear line for everything else."""

import contextlib
import io
import os
import re
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from aecore import data
from aecore.data import load_set
from aecore.data.custom import read, size, values
from aecore.data.custom import source as custom_source
from aecore.errors import AecoreError, UserError

rng = np.random.default_rng(0)
IMAGES = rng.integers(0, 256, (12, 9, 10), np.uint8)
LABELS = np.arange(12) % 5


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def path(tmp_path, cache):
    return tmp_path / "My Images.npz"


def keras(path, **changes):
    """A file in the Keras layout; `None` leaves an array out."""
    parts = {"x_train": IMAGES[:8], "y_train": LABELS[:8], "x_test": IMAGES[8:], "y_test": LABELS[8:]} | changes
    np.savez(path, **{key: value for key, value in parts.items() if value is not None})
    return str(path)


def test_a_keras_file_is_a_data_set(path, cache):
    name = keras(path)
    assert not data.prepared(name)
    images = data.load(name)
    assert np.array_equal(images.x_train[:, 0], IMAGES[:8])
    assert np.array_equal(images.x_test[:, 0], IMAGES[8:])
    assert np.array_equal(images.y_test, LABELS[8:])
    assert images.x_train.dtype == images.y_train.dtype == np.uint8
    assert isinstance(images.x_train, np.memmap)
    about = data.data_set(name)
    assert (about.name, about.title, about.image_shape) == (name, "My Images", (1, 9, 10))
    assert (about.train_images, about.test_images, about.classes) == (8, 4, ("0", "1", "2", "3", "4"))
    assert name in about.citation
    assert about.download_bytes == 0
    assert data.prepared(name)
    assert re.fullmatch(r"own-my-images-[0-9a-f]{16}", data.cached_at(name).name)
    assert data.cached_at(name).parent == cache


def test_repeat_calls_read_nothing_again(path, monkeypatch):
    name = keras(path)
    assert data.prepare(name) == "prepared"
    monkeypatch.setattr(custom_source, "read_file", None)
    assert data.prepare(name) == "ready"
    assert data.data_set(name).image_shape == (1, 9, 10)
    assert len(data.load(name).x_train) == 8


def test_the_first_look_at_the_description_prepares(path):
    assert data.data_set(keras(path)).train_images == 8
    assert data.prepared(str(path))


def test_a_changed_file_is_read_again_and_the_old_copy_goes(path, cache):
    name = keras(path)
    data.prepare(name)
    before = data.cached_at(name)
    keras(path, x_test=None, y_test=None)
    assert not data.prepared(name)
    assert data.data_set(name).test_images == 2
    assert not before.exists()
    assert data.cached_at(name).is_dir()


def test_files_of_the_same_name_elsewhere_keep_theirs(path, tmp_path):
    other = tmp_path / "other" / path.name
    other.parent.mkdir()
    data.prepare(keras(path))
    data.prepare(keras(other, x_test=None, y_test=None))
    assert data.prepared(str(path))
    assert data.prepared(str(other))


def test_a_damaged_copy_is_rebuilt_from_the_file(path):
    name = keras(path)
    data.prepare(name)
    os.truncate(data.cached_at(name) / "x_train.npy", 200)
    assert not data.prepared(name)
    assert data.prepare(name) == "rebuilt"
    assert np.array_equal(data.load(name).x_train[:, 0], IMAGES[:8])


@pytest.mark.parametrize("form", ["images.npz", "./images.npz", "../here/images.npz"])
def test_relative_paths_and_the_home_folder(tmp_path, cache, monkeypatch, form):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "here"))
    keras(tmp_path / "here" / "images.npz")
    assert data.data_set(form).name == form
    assert data.prepared("~/images.npz")


def test_every_sixth_image_is_a_test_image_where_none_are_given(path):
    images = data.load(keras(path, x_train=IMAGES, y_train=LABELS, x_test=None, y_test=None))
    assert np.array_equal(images.x_test[:, 0], IMAGES[[0, 6]])
    assert np.array_equal(images.y_test, LABELS[[0, 6]])
    assert np.array_equal(images.x_train[:, 0], np.delete(IMAGES, [0, 6], axis=0))


def test_without_labels_all_are_0(path):
    images = data.load(keras(path, y_train=None, y_test=None))
    assert not images.y_train.any()
    assert len(images.y_test) == 4
    assert images.about.classes == ("unlabelled",)
    alone = data.load(keras(path, y_train=None, y_test=None, x_test=None))
    assert (len(alone.y_train), len(alone.y_test)) == (6, 2)


def test_colors_compression_column_labels_and_fortran_order(path):
    colors = np.asfortranarray(rng.integers(0, 256, (12, 9, 10, 3), np.uint8))
    np.savez_compressed(path, x_train=colors[:8], y_train=LABELS[:8, None], x_test=colors[8:], y_test=LABELS[8:, None])
    images = data.load(str(path))
    assert np.array_equal(images.x_train, colors[:8].transpose(0, 3, 1, 2))
    assert images.y_train.shape == (8,)


def test_a_channel_axis_of_one_goes_with_none(path):
    assert data.data_set(keras(path, x_test=IMAGES[8:, :, :, None])).image_shape == (1, 9, 10)


@given(
    arrays.arrays(
        st.sampled_from([np.dtype("<f2"), np.dtype("<f4"), np.dtype(">f4"), np.dtype("<f8")]),
        st.tuples(st.integers(1, 5), st.integers(8, 10), st.integers(8, 10), st.sampled_from([1, 3])),
        elements=st.floats(0, 1, width=16),
    )
)
def test_floats_from_0_to_1_become_bytes(floats):
    known = values.range_of([floats])
    assert known is not None
    images = values.to_bytes(floats, values.choose_scale(known, "here"))
    assert images.dtype == np.uint8
    assert images.shape == floats.shape
    assert np.abs(images / 255 - floats.astype(float)).max() <= 0.5 / 255 + 1e-6


@given(st.binary(max_size=400), st.integers(0, 4000), st.booleans())
@settings(max_examples=150)
def test_no_damage_gives_anything_but_one_line(tmp_path_factory, junk, place, cut):
    """Bytes overwritten anywhere, or the rest cut off: the images come out, or one line does."""
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    keras(path)
    good = path.read_bytes()
    path.write_bytes(good[:place] + junk + (b"" if cut else good[place + len(junk) :]))
    with contextlib.suppress(UserError):
        found = read.read_file(path, "here", size.Asked(), lambda *_: None)
        assert found.arrays.x_train.ndim == 4


def nan(shape):
    values = np.zeros(shape, np.float32)
    values[-1, -1, -1] = np.nan
    return values


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"x_train": None, "y_train": None, "x_test": None, "y_test": None, "notes": LABELS},
            "holds no x_train but notes: expected x_train, y_train, x_test, y_test, or images and labels",
        ),
        ({"x_train": IMAGES[0]}, r"x_train has the shape \(9, 10\); expected \(N, H, W\)"),
        ({"x_train": np.zeros((8, 5, 32, 32), np.uint8)}, "with 1 or 3 channels last"),
        ({"x_train": np.zeros((8, 9, 10, 2), np.uint8)}, "with 1 or 3 channels last"),
        ({"x_test": np.zeros((4, 9, 11), np.uint8)}, r"x_train \(9, 10\) and of x_test \(9, 11\) differ"),
        ({"x_test": np.zeros((4, 9, 10, 3), np.uint8)}, "differ in size"),
        ({"x_train": np.zeros((8, 7, 10), np.uint8)}, "are 7×10; expected 8 to 4096 pixels a side"),
        ({"x_train": np.zeros((2, 8, 4097), np.uint8)}, "are 8×4097; expected 8 to 4096 pixels a side"),
        (
            {"x_train": IMAGES[:8] - np.int64(99), "x_test": IMAGES[8:].astype(int)},
            "int64 .*subtract the low",
        ),
        ({"x_train": IMAGES[:8] * np.int64(999), "x_test": IMAGES[8:].astype(int)}, "expected 16 bits, 65535, at most"),
        ({"x_train": IMAGES[:8].astype(str)}, "expected uint8, or floats from 0 to 1"),
        ({"x_train": IMAGES[:8].astype(object)}, "x_train is object; expected uint8"),
        ({"x_train": IMAGES[:8].astype(np.float32)}, r"of different types \(float32, uint8\): use one for all"),
        (
            {"x_train": IMAGES[:8] / 255, "x_test": IMAGES[8:] / -255},
            r"x_train holds values from 0 to 1, but all splits together from -0\.99.* to 1: bring",
        ),
        ({"x_train": IMAGES[:8] / 100, "x_test": IMAGES[8:] / 100}, "values from 0 to 2.55; expected uint8, or floats"),
        ({"x_train": nan((8, 9, 10))}, r"x_train holds values that are not numbers \(NaN or infinite\)"),
        ({"x_test": np.full((4, 9, 10), np.inf)}, "not numbers"),
        ({"y_train": LABELS[:7]}, r"y_train has the shape \(7,\); expected one label an image, \(8,\)"),
        ({"y_train": np.zeros((8, 2, 2), int)}, "expected one label an image"),
        ({"y_train": LABELS[:8] / 2}, "y_train is float64 and holds fractions; expected whole numbers or names"),
        ({"y_train": LABELS[:8].astype("datetime64[s]")}, "expected whole numbers or names, one an image"),
        ({"y_train": LABELS[:8].astype(str)}, "the labels of its splits differ in kind"),
        ({"y_train": None}, "holds y_test but no y_train"),
        ({"x_test": None}, "holds y_test but no x_test"),
        ({"x_train": IMAGES[:1], "y_train": LABELS[:1]}, "1 usable image to train on and 4 to test: at least 2 and 1"),
        ({"x_test": IMAGES[:0], "y_test": LABELS[:0]}, "8 usable images to train on and 0 to test"),
    ],
)
def test_each_mistake_is_told_in_one_line(path, cache, changes, told):
    name = keras(path, **changes)
    with pytest.raises(UserError, match=told) as caught:
        data.prepare(name)
    assert str(caught.value).startswith(name)
    assert not data.prepared(name)
    assert not list(cache.glob("own-*"))


def test_a_file_too_large_for_memory_is_refused_from_its_header(path, monkeypatch):
    name = keras(path, x_train=np.zeros((8, 9, 10)))
    monkeypatch.setattr("aecore.data.custom.limits.MAX_BYTES", 6000)
    with pytest.raises(UserError, match=r"would take 0\.0 GB in memory"):
        data.prepare(name)


def claiming(path, shape):
    """A file whose x_train says that it has a shape which its bytes don't have."""
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"shape": shape, "fortran_order": False, "descr": "|u1"})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_train.npy", member.getvalue() + bytes(1000))
    return str(path)


@pytest.mark.parametrize("shape", [(10**9, 64, 64, 3), (5, 28, 28), (-1, 28, 28)])
def test_a_header_that_lies_about_the_size_allocates_nothing(path, shape):
    with pytest.raises(UserError, match="x_train is not as long as its header says"):
        data.prepare(claiming(path, shape))


def test_a_zip_bomb_is_refused(path, monkeypatch):
    monkeypatch.setattr("aecore.data.custom.limits.MAX_BYTES", 10**6)
    np.savez_compressed(path, x_train=np.zeros((2000, 28, 28), np.uint8))
    assert path.stat().st_size < 10_000
    with pytest.raises(UserError, match="use fewer or smaller images"):
        data.prepare(str(path))


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive at all", b"\x93NUMPY\x01\x00"])
def test_what_is_no_npz_is_told(path, content):
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"is not an \.npz file, or damaged"):
        data.prepare(str(path))


def test_a_pickle_is_never_opened(path, tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "trapped"),))

    with pytest.raises(UserError, match="x_train is object"):
        data.prepare(keras(path, x_train=np.array([Trap()] * 8, dtype=object)[:, None, None]))
    with pytest.raises(UserError, match="y_train is object"):
        data.prepare(keras(path, y_train=np.array([Trap()] * 8, dtype=object)))
    assert not (tmp_path / "trapped").exists()


def test_a_file_that_changes_while_it_is_read_is_not_kept(path, monkeypatch):
    name = keras(path)

    def read_and_change(*arguments):
        found = read.read_file(*arguments)
        os.utime(path, ns=(1, 1))
        return found

    monkeypatch.setattr(custom_source, "read_file", read_and_change)
    with pytest.raises(AecoreError, match="changed while it was read: try again"):
        data.prepare(name)
    assert not data.prepared(name)


# Paths


@pytest.mark.parametrize(
    ("name", "path_like"),
    [
        ("mnist", False), ("", False), ("digits-28", False), ("images", False), ("my.images", False),
        ("images.npz", True), ("IMAGES.NPZ", True), ("./images", True), ("a/b", True), ("/a", True), ("~", True),
        ("..", True), (".hidden", True),
    ],
)  # fmt: skip
def test_what_counts_as_a_path(name, path_like):
    assert custom_source.is_path(name) is path_like


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("./nowhere", "there is no file or folder ./nowhere"),
        ("nowhere.npz", "there is no file or folder nowhere.npz"),
        ("./text.txt/images.npz", "there is no file or folder"),
        ("./text.txt", "./text.txt is neither a folder of images nor an .npz file"),
        ("./pipe.npz", "is neither a folder of images nor an .npz file"),
        ("./circle.npz", "cannot be read: Too many levels of symbolic links"),
        ("./nu\0ll", "cannot be read"),
        ("./" + "long" * 200, "cannot be read: File name too long"),
        ("~nobody-of-that-name/images", "cannot be read"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_and_not_prepared(tmp_path, cache, monkeypatch, name, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("text")
    os.mkfifo(tmp_path / "pipe.npz")
    (tmp_path / "circle.npz").symlink_to("circle.npz")
    assert data.prepared(name) is False
    for ask in (data.data_set, data.prepare, data.load):
        with pytest.raises(UserError, match=re.escape(told)):
            ask(name)


def test_a_folders_bare_name_is_answered_with_its_path(tmp_path, cache, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "holiday").mkdir()
    with pytest.raises(UserError, match=r"unknown data set 'holiday': for the folder write './holiday'"):
        data.data_set("holiday")
    with pytest.raises(UserError, match="unknown data set ''"):
        data.prepared("")


def test_the_source_of_ones_own_images_gives_them_too(path, tmp_path):
    about = data.data_set(keras(path))
    fetched = about.source(tmp_path, lambda *_: None)  # type: ignore[operator]
    assert np.array_equal(fetched.x_test, load_set.load(str(path)).x_test)
