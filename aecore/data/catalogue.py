"""The catalogue: every image set by name, with its shape, size, licence and source."""

from __future__ import annotations

import os

from aecore.config.image_source import ImageSource
from aecore.data import binary_mnist, cifar10, colored_mnist, emnist, fashion_resplit, sources
from aecore.data.custom import source as custom_source
from aecore.data.image_set import DataSet, Derived
from aecore.errors import UserError, nearest

DIGITS = tuple("0123456789")
KUZUSHIJI = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

_DIGITS = "Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI (1998); CC BY 4.0"
_MNIST = "LeCun, Cortes and Burges, The MNIST database of handwritten digits; CC BY-SA 3.0"
_FASHION = (
    "Xiao, Rasul and Vollgraf, Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms "
    "(2017); MIT licence"
)
_CIFAR = "Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009)"
_KMNIST = "Clanuwat et al., Deep Learning for Classical Japanese Literature (2018); CC BY-SA 4.0"
_EMNIST = "Cohen, Afshar, Tapson and van Schaik, EMNIST: an extension of MNIST to handwritten letters (2017)"
_MNIST_BYTES = 11_594_722
_FASHION_BYTES = 30_878_645
_KMNIST_BYTES = 21_240_888

_SETS = (
    DataSet("digits", "Digits, 8×8", (1, 8, 8), 1500, 297, DIGITS, _DIGITS, sources.digits(8)),
    DataSet("digits-28", "Digits, enlarged to 28×28", (1, 28, 28), 1500, 297, DIGITS, _DIGITS, sources.digits(28)),
    DataSet("mnist", "MNIST", (1, 28, 28), 60_000, 10_000, DIGITS, _MNIST, sources.mnist, _MNIST_BYTES),
    DataSet(
        "colored-mnist",
        "Coloured MNIST, a colour for each digit",
        (3, 28, 28),
        60_000,
        10_000,
        DIGITS,
        f"{_MNIST}; coloured as in report 004",
        Derived("mnist", colored_mnist.by_class),
        _MNIST_BYTES,
    ),
    DataSet(
        "colored-mnist-random",
        "Coloured MNIST, random colours",
        (3, 28, 28),
        60_000,
        10_000,
        DIGITS,
        f"{_MNIST}; coloured at random",
        Derived("mnist", colored_mnist.at_random),
        _MNIST_BYTES,
    ),
    DataSet(
        "mnist-binary",
        "MNIST, every pixel black or white",
        (1, 28, 28),
        60_000,
        10_000,
        DIGITS,
        f"{_MNIST}; binarised as Salakhutdinov and Murray (2008) did",
        Derived("mnist", binary_mnist.drawn_once),
        _MNIST_BYTES,
    ),
    DataSet(
        "fashion-mnist",
        "Fashion-MNIST",
        (1, 28, 28),
        60_000,
        10_000,
        CLOTHES,
        _FASHION,
        sources.fashion_mnist,
        _FASHION_BYTES,
    ),
    DataSet(
        "fashion-mnist-resplit",
        "Fashion-MNIST, in another split than the published",
        (1, 28, 28),
        60_000,
        10_000,
        CLOTHES,
        f"{_FASHION}; split anew, 6,000 and 1,000 of each class",
        fashion_resplit.fashion_resplit,
        fashion_resplit.PACKAGE_BYTES,
    ),
    DataSet(
        "kmnist",
        "KMNIST, cursive Japanese characters",
        (1, 28, 28),
        60_000,
        10_000,
        KUZUSHIJI,
        _KMNIST,
        sources.kmnist,
        _KMNIST_BYTES,
    ),
    DataSet(
        "emnist-digits",
        "EMNIST, digits",
        (1, 28, 28),
        240_000,
        40_000,
        DIGITS,
        _EMNIST,
        emnist.emnist_digits,
        emnist.ARCHIVE_BYTES,
    ),
    DataSet(
        "cifar10",
        "CIFAR-10",
        (3, 32, 32),
        50_000,
        10_000,
        cifar10.CLASSES,
        _CIFAR,
        cifar10.cifar10,
        cifar10.ARCHIVE_BYTES,
    ),
)
CATALOGUE = {about.name: about for about in _SETS}


def data_set(name: str) -> DataSet:
    """The image set of that name, or the user's images at that path; those are read the first time, for their shape.

    Raises `UserError` with the nearest name, or with what is wrong with the path.
    """
    if custom_source.is_path(name):
        return custom_source.ensure(name, lambda what, done, total: None, thorough=False).about
    asked = ImageSource.parse(name)
    if asked.name not in CATALOGUE:
        is_folder = os.path.isdir(asked.name)
        hint = f"for the folder write './{asked.name}'" if is_folder else nearest(asked.name, CATALOGUE)
        raise UserError(f"unknown data set '{asked.name}': {hint}")
    if asked != ImageSource(asked.name):
        height, width = CATALOGUE[asked.name].image_shape[1:]
        key = "data.size" if asked.size else "data.fit"
        raise UserError(
            f"{key}: the images of {asked.name} are {width}×{height} and stay so; only images of your own (a path) get "
            f"another size: set it to {0 if asked.size else 'crop'}"
        )
    return CATALOGUE[name]
