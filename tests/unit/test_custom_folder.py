"""One's own images from a folder: what goes where, how images of all kinds come out, and what is refused."""

import io
import os
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aecore import data
from aecore.data.custom import decode, decode_all, splits
from aecore.data.custom import folder as custom_folder
from aecore.data.custom import source as custom_source
from aecore.data.custom.understood import Understood
from aecore.errors import UserError

rng = np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "cache"))
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


def noise(*shape):
    return rng.integers(0, 256, shape, np.uint8)


def put(folder, names, image=None):
    """Write an image under each name, by default RGB noise of 12×10 pixels; returns what was written."""
    written = []
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        array = noise(10, 12, 3) if image is None else image
        Image.fromarray(array).save(folder / name)
        written.append(array)
    return written


def numbered(count, prefix="", suffix=".png"):
    return [f"{prefix}{i:03}{suffix}" for i in range(count)]


# What goes where


def test_a_flat_folder_holds_unlabelled_images(folder):
    written = put(folder, numbered(7))
    images = data.load(str(folder))
    assert np.array_equal(images.x_test, [written[0].transpose(2, 0, 1), written[6].transpose(2, 0, 1)])
    assert np.array_equal(images.x_train, [image.transpose(2, 0, 1) for image in written[1:6]])
    assert not images.y_train.any()
    about = images.about
    assert (about.title, about.image_shape, about.classes) == ("pictures", (3, 10, 12), ("unlabelled",))
    assert (about.train_images, about.test_images) == (5, 2)
    assert data.cached_at(str(folder)).name.startswith("own-pictures-")


def test_class_folders_give_labels_and_names(folder):
    put(folder, numbered(3, "dog/") + numbered(3, "cat/deep/er/") + numbered(2, "a bird/"))
    (folder / "notes.txt").write_text("no image")
    (folder / "empty").mkdir()
    images = data.load(str(folder))
    assert images.about.classes == ("a bird", "cat", "dog")
    assert images.y_test.tolist() == [0, 2]
    assert images.y_train.tolist() == [0, 1, 1, 1, 2, 2]


def test_train_and_test_are_honoured(folder):
    names = ["train/cat/1.png", "train/dog/1.png", "test/dog/1.png", "test/eel/1.png", "val/cat/1.png", "cover.png"]
    put(folder, names)
    images = data.load(str(folder))
    assert images.about.classes == ("cat", "dog", "eel")
    assert (images.y_train.tolist(), images.y_test.tolist()) == ([0, 1], [1, 2])


@given(st.lists(st.from_regex(r"([Tt]rain|[Tt]est)/(a|b)/[a-z]{1,3}\.png", fullmatch=True), unique=True))
def test_every_image_of_a_split_folder_lands_where_its_path_says(names):
    plan = splits.labelled(sorted(names), Understood())
    tops = {name.split("/")[0].lower() for name in names}
    if "train" not in tops:  # then "test" is a class, or all there is
        return
    assert plan.names == sorted(names)
    for i, name in enumerate(plan.names):
        split, label, _ = name.split("/")
        assert plan.classes[plan.labels[i]] == label
        assert plan.test is None or plan.test[i] is (split.lower() == "test")
    assert (plan.test is not None) is ("test" in tops)


@pytest.mark.parametrize(
    ("names", "classes", "test"),
    [
        (["train/1.png", "test/1.png"], ("unlabelled",), [True, False]),
        (["train/1.png", "train/2.png"], ("unlabelled",), None),
        (["train/a/1.png", "val/a/1.png"], ("a",), [False, True]),
        (["Training/a/1.png", "Testing/a/1.png"], ("a",), [True, False]),
        (["training_set/1.png", "test_set/1.png"], ("unlabelled",), [True, False]),
        (["seg_train/a/1.png", "seg_test/a/1.png", "seg_pred/1.png"], ("a",), [True, False]),
        (["all/TRAIN/a/1.png", "all/Test1/2.png"], ("a", "unlabelled"), [False, True]),
        (
            ["cat/train/1.png", "cat/test/2.png", "dog/train/1.png", "dog/test/2.png"],
            ("cat", "dog"),
            [True, False, True, False],
        ),
        (["images/train/1.png", "images/val/2.png"], ("unlabelled",), [False, True]),
        (["trains/1.png", "tests/1.png", "cars/1.png"], ("cars", "tests", "trains"), None),
        (["train/1.png", "car/1.png", "plane/1.png"], ("car", "plane", "train"), None),
        (["test/1.png"], ("test",), None),
        (["Train/1.png", "TEST/1.png"], ("unlabelled",), [True, False]),
    ],
)
def test_train_and_test_may_be_classes(names, classes, test):
    plan = splits.labelled(sorted(names), Understood())
    assert plan.classes == classes
    assert plan.test == test


def test_hidden_files_and_other_kinds_are_no_images(folder):
    put(folder, [*numbered(3), ".hidden/1.png", ".thumb.png"])
    (folder / "label.csv").write_text("1")
    assert len(custom_source.find(str(folder)).files) == 3
    left_out = custom_source.understood(str(folder)).left_out
    assert [entry["name"] for entry in left_out] == [
        "label.csv",
        ".hidden",
        ".thumb.png",
    ]


# What the images become


def test_grey_images_have_one_channel(folder):
    (written,) = put(folder, ["0.png"], noise(28, 28))
    put(folder, ["1.png"], np.repeat(noise(28, 28, 1), 3, axis=2))  # grey, though stored as RGB
    put(folder, ["2.gif"], noise(28, 28))
    images = data.load(str(folder))
    assert images.about.image_shape == (1, 28, 28)
    assert np.array_equal(images.x_test[0, 0], written)


def test_one_colored_image_makes_all_of_them_rgb(folder):
    put(folder, numbered(3), noise(28, 28))
    put(folder, ["9.png"], noise(28, 28, 3))
    assert data.data_set(str(folder)).image_shape == (3, 28, 28)


@pytest.mark.parametrize("sizes", [(300, 300, 300), (20, 20, 21)])
def test_large_images_and_images_of_many_sizes_become_squares(folder, sizes):
    for i, size in enumerate(sizes):
        put(folder, [f"{i}.png"], noise(size, size + 10, 3))
    assert data.data_set(str(folder)).image_shape == (3, 64, 64)


def test_the_central_square_is_kept(folder):
    image = np.zeros((200, 600, 3), np.uint8)
    image[:, 200:400] = (250, 100, 50)
    put(folder, numbered(3), image)
    put(folder, ["9.jpg"], image)
    images = data.load(str(folder))
    assert np.abs(images.x_train.astype(int) - np.array([250, 100, 50])[:, None, None]).max() < 40
    assert (images.x_train[0] == np.array([250, 100, 50])[:, None, None]).all()


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_the_cameras_orientation_is_honoured(folder, suffix):
    upright = np.zeros((20, 12, 3), np.uint8)
    upright[:10] = 255  # the upper half is white
    lying = Image.fromarray(np.rot90(upright))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right to see it upright
    for i in range(3):
        lying.save(folder / f"{i}{suffix}", exif=exif)
    images = data.load(str(folder))
    assert images.about.image_shape == (1, 20, 12)
    assert images.x_test[0, 0, :8].min() > 240
    assert images.x_test[0, 0, 12:].max() < 15


def png(image: Image.Image, **more) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **more)
    return file.getvalue()


def test_transparent_deep_and_indexed_images(folder):
    clear = Image.new("RGBA", (9, 9), (10, 20, 30, 0))
    deep = Image.fromarray(np.full((9, 9), 0x8034, np.uint16))
    indexed = Image.new("P", (9, 9), 1)
    indexed.putpalette([0, 0, 0, 7, 8, 9])
    (folder / "0.png").write_bytes(png(clear))
    (folder / "1.png").write_bytes(png(deep))
    (folder / "2.png").write_bytes(png(indexed))
    (folder / "3.png").write_bytes(png(indexed, transparency=bytes([255, 0])))
    Image.new("1", (9, 9), 1).save(folder / "4.bmp")
    Image.new("CMYK", (9, 9), (0, 255, 255, 0)).save(folder / "5.tif")
    images = data.load(str(folder))
    assert images.x_test[0, :, 0, 0].tolist() == [255, 255, 255]
    assert images.x_train[:, :, 4, 4].tolist() == [
        [0x80] * 3, [7, 8, 9], [255] * 3, [255] * 3, [255, 0, 0],
    ]  # fmt: skip


# What is refused


def test_a_few_files_that_are_no_images_are_left_out(folder):
    written = put(folder, numbered(6))
    (folder / "003.png").write_text("no image")
    (folder / "004.png").write_bytes((folder / "004.png").read_bytes()[:60])
    images = data.load(str(folder))
    assert np.array_equal(images.x_train, [written[i].transpose(2, 0, 1) for i in (1, 2, 5)])


def test_images_too_large_or_too_small_are_left_out(folder, monkeypatch):
    put(folder, numbered(4))
    put(folder, ["004.png"], noise(4, 4, 3))
    put(folder, ["005.png"], noise(20, 20, 3))
    monkeypatch.setattr(decode, "MAX_PIXELS", 399)
    assert data.data_set(str(folder)).image_shape == (3, 10, 12)


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 40,000 × 40,000 pixels."""
    small = png(Image.new("L", (1, 1)))
    header = b"IHDR" + (40_000).to_bytes(4, "big") * 2 + small[24:29]
    return small[:12] + header + zlib.crc32(header).to_bytes(4, "big") + small[33:]


def test_a_decompression_bomb_is_not_decoded(folder):
    put(folder, numbered(2))
    (folder / "bomb.png").write_bytes(bomb())
    with pytest.raises(UserError, match=r"1 usable image to train on and 1 to test: .*; bomb.png is too large"):
        data.prepare(str(folder))


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, r"holds no images \(\.png \.jpg"),
        ({"notes.txt": b"text"}, "holds no images"),
        ({"0.png": b"text", "1.png": b""}, r"0 usable images to train on and 0 to test: .*; 0\.png is not an image"),
        ({"0.png": 1, "1.png": 1}, "1 usable image to train on and 1 to test: at least 2 and 1 are needed$"),
        ({"train/0.png": 1, "train/1.png": 1, "test/0.png": b"text"}, r"2 usable .* 0 to test.*; test/0.png is not"),
        (
            {**{f"{i}.png": 1 for i in range(4)}, **{f"a{i}.png": b"text" for i in range(5)}},
            r"5 of 9 files cannot be used; a0\.png is not an image",
        ),
        ({"0.heic": b"", "1.heic": b""}, r"but 2 \.heic files: convert them to PNG"),
        ({"data_batch_1": b"\x80\x02}"}, r"data_batch_1 is a pickle, which can run code .*: save its arrays"),
    ],
)
def test_each_mistake_is_told_in_one_line(folder, files, told):
    for name, content in files.items():
        if content == 1:
            put(folder, [name])
        else:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=told) as caught:
        data.prepare(str(folder))
    assert str(caught.value).startswith(str(folder))
    assert not data.prepared(str(folder))


def test_small_images_are_told(folder):
    put(folder, numbered(5), noise(7, 7))
    with pytest.raises(UserError, match=r"000\.png is smaller than 8×8 pixels"):
        data.prepare(str(folder))


@pytest.mark.parametrize(("factor", "low"), [(1 / 255, 0), (1, 0), (2 / 255, -1)])
def test_floats_of_a_clear_range_become_bytes(folder, factor, low):
    written = [noise(9, 9) for _ in range(3)]
    for i, image in enumerate(written):
        image[0, :2] = (0, 255)
        Image.fromarray((image * factor + low).astype(np.float32)).save(folder / f"{i}.tif")
    images = data.load(str(folder))
    assert np.array_equal(images.x_train[:, 0], written[1:])


def test_floats_without_a_clear_range_are_refused(folder):
    for i in range(3):
        Image.fromarray(rng.normal(size=(9, 9)).astype(np.float32)).save(folder / f"{i}.tif")
    with pytest.raises(UserError, match=r"is float32 with values from -.*undo a standardisation"):
        data.prepare(str(folder))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_deep_pictures_are_scaled_by_the_bits_that_hold_the_brightest_of_all(folder, bits):
    white = 2**bits - 1
    written = [rng.integers(0, white // 3, (9, 9)).astype(np.uint16) for _ in range(6)]
    written[4][3, 3] = white  # one pixel of one picture decides for all
    for i, image in enumerate(written):
        Image.fromarray(image).save(folder / f"{i}.png")
    images = data.load(str(folder))
    expected = [np.rint(image.astype(float) * 255 / white) for image in written]
    assert np.array_equal(images.x_train[:, 0], expected[1:])
    assert f"{white} is white" in custom_source.understood(str(folder)).values_done or bits == 8


def test_loose_images_and_too_many_folders_are_taken_and_said(folder):
    put(folder, numbered(3) + numbered(4, "cat/"))
    found = data.load(str(folder))
    assert found.about.classes == ("cat", "unlabelled")
    assert sorted([*found.y_train, *found.y_test]) == [0] * 4 + [1] * 3
    assert (
        "3 images lie in no class's folder: their class is 'unlabelled'"
        in custom_source.understood(str(folder)).remarks
    )
    put(folder, [f"{i}/0.png" for i in range(257)])
    assert data.load(str(folder)).about.classes == ("unlabelled",)
    assert any("258 folders are too many for classes" in line for line in custom_source.understood(str(folder)).remarks)


def test_more_images_than_memory_are_refused_before_any_is_decoded(folder, monkeypatch):
    put(folder, numbered(3))
    monkeypatch.setattr("aecore.data.custom.limits.MAX_BYTES", 1000)
    monkeypatch.setattr(decode_all, "pixels", None)
    with pytest.raises(UserError, match="use fewer or smaller images"):
        data.prepare(str(folder))


def test_a_folder_without_end_is_refused(folder, monkeypatch):
    put(folder, numbered(6))
    monkeypatch.setattr(custom_folder, "MAX_ENTRIES", 5)
    with pytest.raises(UserError, match="holds more than 5 files: name the folder that holds the images"):
        data.prepare(str(folder))


def test_links_in_a_circle_end(folder):
    put(folder, numbered(3, "cat/"))
    (folder / "cat" / "up").symlink_to(folder)
    (folder / "self.png").symlink_to(folder / "self.png")
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    assert [file[0] for file in custom_source.find(str(folder)).files] == numbered(3, "cat/")


def test_links_to_folders_and_images_elsewhere_are_followed(folder, tmp_path):
    put(tmp_path / "elsewhere", numbered(3))
    (folder / "cat").symlink_to(tmp_path / "elsewhere")
    (folder / "dog").mkdir()
    (folder / "dog" / "1.png").symlink_to(tmp_path / "elsewhere" / "000.png")
    assert data.data_set(str(folder)).classes == ("cat", "dog")


def test_a_pipe_named_like_an_image_is_not_waited_for(folder):
    put(folder, numbered(3))
    os.mkfifo(folder / "9.png")
    assert len(data.load(str(folder)).x_train) == 2


def test_a_folder_that_may_not_be_read_is_told(folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    assert data.prepared(str(folder)) is False
    with pytest.raises(UserError, match="cannot be read: Permission denied"):
        data.data_set(str(folder))


# The cache follows the folder


@pytest.mark.parametrize("change", ["added", "removed", "touched", "renamed", "overwritten", "of one size and time"])
def test_a_changed_folder_is_read_again(folder, change):
    put(folder, numbered(6, "cat/"))
    data.prepare(str(folder))
    before = data.cached_at(str(folder))
    image = folder / "cat" / "000.png"
    if change == "added":
        put(folder, ["cat/zoe.png"])
    elif change == "removed":
        image.unlink()
    elif change == "touched":
        os.utime(image, ns=(1, 1))
    elif change == "renamed":
        image.rename(folder / "cat" / "other.png")
    elif change == "of one size and time":
        times = image.stat()
        image.write_bytes(image.read_bytes()[:-1] + b"\x00")
        os.utime(image, ns=(times.st_atime_ns, times.st_mtime_ns))
    else:
        put(folder, ["cat/000.png"])
    assert not data.prepared(str(folder))
    assert data.prepare(str(folder)) == "prepared"
    assert not before.exists()


def test_repeat_calls_decode_nothing(folder, monkeypatch):
    put(folder, numbered(3))
    seen = []
    data.prepare(str(folder), lambda *what: seen.append(what))
    assert seen == [("looking at 3 files", 0, 3), ("reading 3 images", 0, 3)]
    monkeypatch.setattr(custom_source, "read_folder", None)
    assert data.prepare(str(folder)) == "ready"
    assert data.data_set(str(folder)).test_images == 1


def test_names_in_bytes_that_are_no_text(folder):
    name = os.fsdecode(b"caf\xe9")
    put(folder, numbered(3, f"{name}/"))
    assert data.data_set(str(folder)).classes == ("caf?",)
