"""MNIST and Fashion-MNIST from tiny stand-ins for the real files, and downloads that break; nothing is downloaded."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import sys
import urllib.error
import urllib.request

import numpy as np
import pytest

from aecore import data
from aecore.data import download, load_set, sources
from aecore.errors import AecoreError
from tests.helpers.downloads import Response


def test_a_download_cut_short_is_noticed(monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: Response(b"half", announced=8))
    with pytest.raises(download.SourceError, match="here: the connection ended early"):
        download.download("http://here/file", "file", lambda *_: None, io.BytesIO())


def test_a_connection_that_breaks_is_told_with_its_host(monkeypatch):
    class Broken(Response):
        def read(self, *_):
            raise http.client.IncompleteRead(b"")

    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: Broken(b""))
    with pytest.raises(download.SourceError, match="here: IncompleteRead"):
        download.download("http://here/file", "file", lambda *_: None, io.BytesIO())


def idx(array: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@pytest.fixture
def small_files(monkeypatch):
    """The four packed files of a set of 3 training and 2 test images, which torchvision says are genuine."""
    rng = np.random.default_rng(1)
    arrays = [
        rng.integers(0, 256, shape, np.uint8) for name in ("train", "test") for n in [3 if name == "train" else 2]
        for shape in ((n, 28, 28), (n,))
    ]  # fmt: skip
    files = {name: gzip.compress(idx(array)) for name, array in zip(sources.MNIST_FILES, arrays, strict=True)}
    sums = {f"{name}.gz": hashlib.md5(packed).hexdigest() for name, packed in files.items()}
    monkeypatch.setattr(sources, "_torchvision", lambda family: ([f"http://{family}/one/", "http://two/"], sums))
    return files, arrays


def assert_is_fashion(arrays):
    kept = load_set.cache.arrays(data.cached_at("fashion-mnist"))
    assert np.array_equal(kept.x_train[:, 0], arrays[0])
    assert np.array_equal(kept.y_train, arrays[1])
    assert np.array_equal(kept.x_test[:, 0], arrays[2])
    assert np.array_equal(kept.y_test, arrays[3])


def test_fashion_by_hand_is_checked_against_torchvisions_sums(small_files, cache, offline):
    files, arrays = small_files
    raw = cache / "fashion-mnist" / "raw"
    raw.mkdir(parents=True)
    for name, packed in files.items():
        (raw / f"{name}.gz").write_bytes(packed)
    last = raw / f"{list(files)[-1]}.gz"
    last.write_bytes(gzip.compress(b"other"))
    with pytest.raises(AecoreError, match=r"t10k-labels-idx1-ubyte\.gz is not the genuine file"):
        data.prepare("fashion-mnist")
    last.write_bytes(list(files.values())[-1])
    data.prepare("fashion-mnist")
    assert_is_fashion(arrays)


def test_fashion_comes_from_the_first_mirror_that_has_it_all(small_files, cache, monkeypatch):
    files, arrays = small_files

    def serve(url, timeout):
        name = url.split("/")[-1].removesuffix(".gz")
        if url.startswith("http://FashionMNIST") and name.startswith("t10k"):
            return Response(b"<html>not here</html>")
        return Response(files[name])

    monkeypatch.setattr(urllib.request, "urlopen", serve)
    data.prepare("fashion-mnist")
    assert_is_fashion(arrays)


def test_without_network_one_line_says_where_fashion_goes(small_files, cache, offline):
    with pytest.raises(AecoreError) as caught:
        data.prepare("fashion-mnist")
    assert str(caught.value) == (
        "Fashion-MNIST could not be fetched (no downloaded files; mirrors out of reach, two: no network): put "
        "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz "
        f"of Fashion-MNIST into {cache / 'fashion-mnist' / 'raw'} and try again"
    )


def test_a_torchvision_that_does_not_import_is_one_trouble_among_others(cache, offline, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(AecoreError, match="torchvision does not import"):
        data.prepare("fashion-mnist")


def test_mnist_put_by_hand_plain_or_packed(cache, offline, monkeypatch, small_files):
    files, arrays = small_files
    plain = {name: gzip.decompress(packed) for name, packed in files.items()}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in plain.items()}
    monkeypatch.setattr(sources, "MNIST_FILES", sums)
    raw = cache / "mnist" / "raw"
    raw.mkdir(parents=True)
    for i, name in enumerate(files):
        if i % 2:
            (raw / name).write_bytes(plain[name])
        else:
            (raw / f"{name}.gz").write_bytes(files[name])
    assert data.prepare("mnist") == "prepared"
    assert np.array_equal(load_set.cache.arrays(data.cached_at("mnist")).x_train[:, 0], arrays[0])


def test_kmnist_is_read_as_fashion_is(small_files, cache, offline):
    files, arrays = small_files
    raw = cache / "kmnist" / "raw"
    raw.mkdir(parents=True)
    with pytest.raises(AecoreError, match=r"KMNIST could not be fetched .* of KMNIST into"):
        data.prepare("kmnist")
    for name, packed in files.items():
        (raw / f"{name}.gz").write_bytes(packed)
    assert data.prepare("kmnist") == "prepared"
    assert np.array_equal(load_set.cache.arrays(data.cached_at("kmnist")).x_train[:, 0], arrays[0])
