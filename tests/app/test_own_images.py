"""The Train page says what it understood of one's own images before anything trains on them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from aecore import jobs
from dashboard.train.form_values import OWN
from tests.helpers.pages import page, texts

KEY = "form:digits-quick:data."


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Eight grey pictures of 20×12 pixels in two classes, one of them cut off."""
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for i in range(8):
        path = tmp_path / "my_pictures" / ("*cat*" if i < 4 else "dog") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (12, 20), np.uint8)).save(path)
    last = tmp_path / "my_pictures" / "dog" / "7.png"
    last.write_bytes(last.read_bytes()[:60])
    return tmp_path / "my_pictures"


def test_what_was_understood_is_said_before_the_start(store, folder, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "start", started.append)
    app = page("train", preset="digits-quick")
    app.selectbox(key=f"{KEY}name").set_value(OWN).run()
    app.text_input(key=f"{KEY}name:path").set_value(str(folder)).run()
    assert not app.exception
    said = texts(app).replace("\\", "")
    assert "a folder of pictures**: 5 training images, 2 test images" in said
    assert "*cat*: 3 + 1, dog: 2 + 1" in said
    assert "20×12, as they are" in said
    assert "left out: dog/7.png, which is damaged" in said
    app.number_input(key=f"{KEY}size").set_value(16)
    app.selectbox(key=f"{KEY}fit").set_value("pad").run()
    assert "20×12 → 16×16, padded with black to a square and resized" in texts(app).replace("\\", "")
    app.button(key="start").click().run()
    assert started[0].experiment().data.source == f"{folder}?size=16&fit=pad"


def test_a_path_that_cannot_be_used_is_one_line_and_no_start(store, folder):
    for picture in folder.rglob("*.png"):
        picture.write_bytes(b"")
    app = page("train", preset="digits-quick")
    app.selectbox(key=f"{KEY}name").set_value(OWN).run()
    app.text_input(key=f"{KEY}name:path").set_value(str(folder)).run()
    assert not app.exception
    assert "has 0 usable images to train on and 0 to test" in app.error[0].value
    assert app.button(key="start").disabled


def test_size_and_fit_are_offered_for_own_images_alone(store):
    app = page("train", preset="digits-quick")
    assert f"{KEY}size" not in {widget.key for widget in app.number_input}
    app.selectbox(key=f"{KEY}name").set_value(OWN).run()
    assert not app.error, "nothing was typed yet"
    assert app.button(key="start").disabled
    app.text_input(key=f"{KEY}name:path").set_value("/nowhere").run()
    assert "there is no file" in texts(app) or "/nowhere" in texts(app)
    assert f"{KEY}size" in {widget.key for widget in app.number_input}
