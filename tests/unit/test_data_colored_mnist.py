"""The coloured digits, and sets made from others in general."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from aecore import data
from aecore.data import catalogue, colored_mnist, sources
from aecore.data.image_set import Arrays, DataSet, Derived
from aecore.errors import AecoreError


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
