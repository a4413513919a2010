"""The form of a new experiment: what applies, what is wrong and where, and what Start acts on."""

from __future__ import annotations

import pytest

from aecore import jobs
from aecore.config.experiment import keys
from aecore.metrics.unused import APPLIES
from aecore.presets import preset, presets
from dashboard.train.form_values import FIELDS
from tests.helpers.pages import page, texts

KEY = "form:digits-quick:"


def labels(app) -> set[str]:
    kinds = (app.number_input, app.text_input, app.selectbox, app.toggle, app.pills)
    return {widget.key.removeprefix(KEY) for kind in kinds for widget in kind if str(widget.key).startswith(KEY)}


@pytest.fixture
def started(store, monkeypatch):
    runs = []
    monkeypatch.setattr(jobs, "start", runs.append)
    return runs


def test_every_setting_has_a_widget_where_it_applies(store):
    shown = labels(page("train"))
    assert set(FIELDS) - {"corruption"} - set(APPLIES) <= shown
    assert "corruption:lost" in shown
    assert "training.momentum" not in shown
    assert set(keys()) - {"preset", "sweep"} == set(FIELDS)


@pytest.mark.parametrize(
    ("field", "value", "appear", "vanish"),
    [
        ("training.optimizer", "sgd", {"training.momentum"}, set()),
        ("training.schedule", "plateau", {"training.plateau_patience", "training.plateau_factor"}, set()),
        (
            "model.bottleneck.kind",
            "gaussian",
            {"training.beta", "model.bottleneck.sample"},
            {"model.bottleneck.activation"},
        ),
        ("corruption:lost", ["hole"], {"corruption:occlusion", "corruption:size"}, {"corruption:kind"}),
        ("corruption:lost", ["noise", "jpeg"], {"corruption:jpeg"}, set()),
    ],
)
def test_what_applies_appears_and_what_does_not_vanishes(store, field, value, appear, vanish):
    app = page("train")
    before = labels(app)
    assert not appear & before
    assert vanish <= before
    (app.pills if isinstance(value, list) else app.selectbox)(key=KEY + field).set_value(value).run()
    after = labels(app)
    assert appear <= after
    assert not vanish & after


def test_images_without_colour_have_none_to_lose_and_the_form_says_so(store):
    app = page("train")
    assert "no colour to lose" not in texts(app)
    app.pills(key=f"{KEY}corruption:lost").set_value(["grey"]).run()
    assert "These images have no colour to lose." in texts(app)


@pytest.mark.parametrize("name", list(presets()))
def test_an_untouched_form_is_its_preset(started, name):
    app = page("train", preset=name)
    app.button(key="start").click().run()
    assert not app.exception
    assert started[0].experiment() == preset(name).experiment


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("training.epochs", 0.0, "Epochs: should be greater than or equal to 1, got 0"),
        ("training.epochs", 2.5, "Epochs: should be a valid integer"),
        ("model.bottleneck.size", 1e6, "Code size: should be less than or equal to 65536, got 1000000"),
        ("training.lr", 11.0, "Learning rate: should be less than or equal to 10"),
        ("data.validation_images", 9e5, "Held-out validation images: digits-28 has"),
        ("corruption:level", -1.0, "Corruption: should be greater than or equal to 0"),
        ("corruption:downscale", 0.0, "Corruption: downscale needs a number above 0"),
        ("corruption:downscale", 1.0, "Corruption: downscale needs a whole factor from 2 to 64, got 1"),
        ("corruption:lowest", 0.7, "Corruption: a range of strengths rises"),
    ],
)
def test_a_number_out_of_bounds_is_told_at_its_field_and_nothing_starts(started, field, value, words):
    app = page("train")
    app.pills(key=f"{KEY}corruption:lost").set_value(["noise", "downscale"]).run()
    app.number_input(key=KEY + field).set_value(value).run()
    assert not app.exception
    assert not app.error, "it stands at the field"
    assert words in texts(app).replace("\\", "")
    assert app.button(key="start").disabled
    # As a click does that comes before the page knows: the state that it brings decides.
    again = page("train")
    again.pills(key=f"{KEY}corruption:lost").set_value(["noise", "downscale"]).run()
    again.number_input(key=KEY + field).set_value(value)
    again.button(key="start").click().run()
    assert not started
    assert again.error
    assert again.error[0].value.replace("\\", "").startswith("Not started. ")


def test_start_acts_on_what_was_typed_with_the_click(started):
    app = page("train")
    app.number_input(key=f"{KEY}training.epochs").set_value(3)
    app.text_input(key=f"{KEY}model.dense").set_value("40")
    app.button(key="start").click().run()
    (run,) = started
    changes = {"training.epochs": 3, "model.dense": [40]}
    assert run.experiment() == preset("digits-quick").experiment.changed(changes)


def test_what_is_wrong_with_an_entry_of_a_list_stands_at_the_list(store):
    app = page("train")
    app.text_input(key=f"{KEY}model.conv").set_value("8k3s2p1, 4k99").run()
    assert "Convolutions: entry 2, kernel: should be less than or equal to 31" in texts(app).replace("\\", "")
    assert "model.conv" not in texts(app)


def test_a_preset_of_our_own_says_what_it_is_for_and_when_it_fails(store):
    app = page("train", preset="mnist-wide-8")
    entry = preset("mnist-wide-8")
    shown = texts(app).replace("\\", "")
    assert all(text in shown for text in (entry.idea, entry.fails, entry.source))
    assert "test MSE: **≤ 0.0115**, beside `mnist-mlp8`" in shown
    assert "code of 8." in shown
    assert [each.label for each in app.expander if "Our own" in each.label]
    assert not [each.label for each in page("train", preset="mnist-mlp8").expander if "Our own" in each.label]


def test_a_quantised_code_is_told_in_vectors_and_bytes(store):
    assert "4 × 4 vectors, each one of 240: 16 bytes" in texts(page("train", preset="mnist-fsq"))
