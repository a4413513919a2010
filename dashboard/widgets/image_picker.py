"""Choosing test images by class, index or at random, clean or corrupted, from the test set or the run's own images."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from aecore import data
from aecore.config.corruption import Corruption
from aecore.data import thumbnails
from aecore.runs.run import Run
from dashboard.cache import codes as cached_codes
from dashboard.cache import models
from dashboard.cache.images import image_info, image_set, panel_of, pictures_of
from dashboard.url_state import key
from dashboard.widgets.corruption_form import usual_corruption
from dashboard.widgets.icon_button import icon_button

FIRST = {"a": 3, "b": 4, "c": 0, "d": 9, "e": 7, "f": 2}
"""The classes of the initial images, by setting, of sets that have them all."""
ANY = "any class"


@dataclass(frozen=True)
class Gallery:
    """The images to choose from: indices in the test set, ascending, and labels, both (N,)."""

    run: Run
    numbers: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    note: str
    source: str
    """`set`, `shipped` (with the project), `kept` (small images stored with the codes) or `panel`."""

    def images(self, rows: Sequence[int]) -> np.ndarray:
        """uint8 (N, C, H, W) of these rows."""
        if self.source == "set":
            return np.array(image_set(self.run.experiment().data.source).x_test[list(rows)])
        if self.source == "shipped":
            chosen = list(rows)
            found = thumbnails.shipped(self.run.experiment().data.source, self.numbers[chosen], self.labels[chosen])
            assert found is not None
            return found
        if self.source == "kept":
            codes = cached_codes.codes(self.run)
            assert codes is not None
            found = pictures_of(self.run, codes, np.array(rows))
            assert found is not None
            return found
        panel = panel_of(self.run)
        assert panel is not None
        return panel[0][list(rows)]

    def name(self, row: int) -> str:
        label = int(self.labels[row])
        return f"test image {self.numbers[row]} · {self.classes[label] if label < len(self.classes) else label}"


@dataclass(frozen=True)
class Chosen:
    """The chosen images: their rows, the clean images uint8 (N, C, H, W), the model's inputs float32 on the [0, 1]
    scale, their names, and their labels, uint8 (N,)."""

    rows: list[int]
    clean: np.ndarray
    shown: np.ndarray
    names: list[str]
    labels: np.ndarray


def gallery(run: Run) -> Gallery | None:
    """The images available: the image set, else those shipped or stored with the codes, else the run's panel."""
    about = image_info(run)
    name = run.experiment().data.source
    if data.prepared(name):
        images = image_set(name)
        numbers = np.arange(len(images.x_test))
        return Gallery(run, numbers, np.asarray(images.y_test), about.classes, about.citation, "set")
    away = f"“{about.title}” is not on this machine; these images ship with the project. {about.citation}"
    found = thumbnails.shipped_set(name)
    if found is not None:
        return Gallery(run, *found, about.classes, away, "shipped")
    codes = cached_codes.codes(run)
    if codes is not None:
        kept = pictures_of(run, codes, np.arange(1))
        if kept is not None and kept.shape[1:] == about.image_shape:
            return Gallery(run, codes.indices, codes.labels, about.classes, away, "kept")
    panel = panel_of(run)
    if panel is None or panel[0].shape[1:] != about.image_shape:
        return None
    return Gallery(run, panel[2], panel[1], about.classes, away, "panel")


def choose(page: str, run: Run, images: Gallery, titles: Mapping[str, str], across: int = 2) -> Chosen:
    """A picker for each image, two in a line as the four corners lie, or so many; the indices are the page's settings
    of these names."""
    rows = []
    places = [column for _ in range(0, len(titles), across) for column in st.columns(across)]
    for (name, title), column in zip(titles.items(), places, strict=False):
        with column, st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            rows.append(choose_one(page, images, name, title))
    return shown(page, run, images, rows)


def window(page: str, run: Run, images: Gallery, first: int, count: int) -> Chosen:
    """`count` images starting at test image `first`, corrupted according to the page's settings."""
    begin = min(_row_of(images, first), max(len(images.numbers) - count, 0))
    return shown(page, run, images, list(range(begin, min(begin + count, len(images.numbers)))))


def shown(page: str, run: Run, images: Gallery, rows: list[int]) -> Chosen:
    """The images of these rows, corrupted according to the page's settings."""
    state = st.session_state
    clean = images.images(rows)
    corruption = Corruption.parse(state[key(page, "noise")])
    inputs = models.corrupted(run, clean, corruption, state[key(page, "draw")])
    return Chosen(rows, clean, inputs, [images.name(row) for row in rows], images.labels[rows])


def first_row(labels: np.ndarray, name: str) -> int:
    """Which of the images with these labels a setting begins with, each with another: digits as `FIRST` has them, of
    other sets an image of each class in turn."""
    kinds = np.unique(labels)
    if np.isin(list(FIRST.values()), kinds).all():
        return int(np.flatnonzero(labels == FIRST[name])[0])
    turn, place = divmod(list(FIRST).index(name), len(kinds))
    of_class = np.flatnonzero(labels == kinds[place])
    return int(of_class[turn % len(of_class)])


def choose_one(page: str, images: Gallery, name: str, title: str, on_change: Callable[[], None] = lambda: None) -> int:
    """Widgets for one image, the page's setting of that name; returns its row."""
    state, field = st.session_state, key(page, name)
    first, last = int(images.numbers[0]), int(images.numbers[-1])
    if not first <= state.get(field, -1) <= last:
        state[field] = int(images.numbers[first_row(images.labels, name)])
    row = _row_of(images, state[field])
    state[field] = int(images.numbers[row])  # the nearest available
    kinds = sorted(set(images.labels.tolist()))
    words = [ANY, *(images.classes[kind] if kind < len(images.classes) else str(kind) for kind in kinds)]
    wanted = key(page, f"class-{name}")

    def by_chance() -> None:
        chosen = state.get(wanted, ANY)
        of_class = np.arange(len(images.labels))
        if chosen in words[1:]:
            of_class = np.flatnonzero(images.labels == kinds[words.index(chosen) - 1])
        state[field] = int(images.numbers[random.choice(of_class.tolist())])
        on_change()

    st.number_input(title, first, last, key=field, on_change=on_change, width=140)
    st.selectbox("Class", words, key=wanted, on_change=by_chance, width=120)
    icon_button("Random image of this class", "casino", key(page, f"chance-{name}"), on_click=by_chance)
    return row


def _row_of(images: Gallery, wanted: int) -> int:
    """The row with the nearest index."""
    return int(np.abs(images.numbers - wanted).argmin())


def choose_noise(page: str, run: Run, width: int = 205) -> None:
    """Clean images, or with the run's usual corruption; the page's settings `noise` and `draw`."""
    state, field = st.session_state, key(page, "noise")
    usual = usual_corruption(run)
    choices = {"none": "Clean", str(usual): usual.label}
    choices.setdefault(state[field], Corruption.parse(state[field]).label)
    st.selectbox("Input", list(choices), format_func=choices.__getitem__, key=field, width=width)
    if state[field] == "none":
        return

    def again() -> None:
        state[key(page, "draw")] += 1

    icon_button("Draw new noise", "casino", key(page, "again"), on_click=again)
