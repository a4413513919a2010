"""EMNIST's digits from a tiny archive of the same form, and Fashion-MNIST's split of its own from tiny classes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import urllib.request
import zipfile

import numpy as np
import pytest

from aecore import data
from aecore.data import cache as data_cache
from aecore.data import emnist, fashion_resplit
from aecore.data.download import SourceError
from aecore.errors import AecoreError
from tests.helpers.downloads import Response
from tests.unit.test_data_sources import idx

rng = np.random.default_rng(0)
PARTS = [rng.integers(0, 256, shape, np.uint8) for count in (5, 3) for shape in ((count, 28, 28), (count,))]


@pytest.fixture
def archive(monkeypatch):
    """An archive that torchvision says is genuine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for member, part in zip(emnist.MEMBERS, PARTS, strict=True):
            packed.writestr(f"gzip/{member}.gz", gzip.compress(idx(part)))
        packed.writestr("gzip/emnist-letters-train-images-idx3-ubyte.gz", b"not looked at")
    content = buffer.getvalue()
    monkeypatch.setattr(emnist, "_torchvision", lambda: ("http://here/gzip.zip", hashlib.md5(content).hexdigest()))
    return content


def assert_upright():
    kept = data_cache.arrays(data.cached_at("emnist-digits"))
    assert np.array_equal(kept.x_train[:, 0], PARTS[0].transpose(0, 2, 1))
    assert np.array_equal(kept.y_train, PARTS[1])
    assert np.array_equal(kept.x_test[:, 0], PARTS[2].transpose(0, 2, 1))
    assert np.array_equal(kept.y_test, PARTS[3])


def test_emnist_put_by_hand_is_checked_and_stands_upright(archive, cache, offline):
    raw = cache / "emnist-digits" / "raw"
    raw.mkdir(parents=True)
    (raw / "gzip.zip").write_bytes(archive[:-1] + b"x")
    with pytest.raises(AecoreError, match=r"gzip\.zip is not the genuine file"):
        data.prepare("emnist-digits")
    (raw / "gzip.zip").write_bytes(archive)
    data.prepare("emnist-digits")
    assert_upright()


def test_emnist_comes_from_its_site(archive, cache, monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: Response(archive))
    data.prepare("emnist-digits")
    assert_upright()


def test_without_network_one_line_says_where_emnist_goes(archive, cache, offline):
    with pytest.raises(AecoreError) as caught:
        data.prepare("emnist-digits")
    assert str(caught.value) == (
        "EMNIST could not be fetched (no downloaded archive; here: no network): put gzip.zip of EMNIST (its gzip "
        f"version) into {cache / 'emnist-digits' / 'raw'} and try again"
    )


def test_a_split_of_its_own_has_each_class_in_turn():
    images = rng.integers(0, 256, (10, 7000, 784), np.uint8)
    arrays = fashion_resplit.split(images)
    assert arrays.x_train.shape == (60_000, 1, 28, 28)
    for label, row in ((0, 0), (9, 5999), (3, 17)):
        place = 10 * row + label
        assert np.array_equal(arrays.x_train[place].ravel(), images[label, row])
        assert arrays.y_train[place] == label
    assert np.array_equal(arrays.x_test[10 * 999 + 4].ravel(), images[4, 6999])
    assert np.bincount(arrays.y_test).tolist() == [1000] * 10
    with pytest.raises(SourceError, match="x_train is not that of fashion-mnist"):
        fashion_resplit.checked(arrays)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "class 3 is no list of images"),
        (b'{"data": [[1, "a"]]}', "class 3 is no list of images"),
        (b'{"data": [[300]]}', "class 3 is no list of images"),
        (b'{"data": [[1, 2], []]}', "class 3 is not 7,000 images of 784 pixels"),
    ],
)
def test_a_class_of_another_form_is_told(content, told):
    with pytest.raises(SourceError, match=told):
        fashion_resplit.of_class(content, 3)


def test_the_empty_rows_of_a_class_are_no_images():
    rows = [[i % 256] * 784 for i in range(7000)]
    found = fashion_resplit.of_class(json.dumps({"data": [*rows[:1000], [], *rows[1000:], []]}).encode(), 0)
    assert found[:, 5].tolist() == [i % 256 for i in range(7000)]
