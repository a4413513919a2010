"""The edits of the Train form go into the address and come back as the same form."""

from __future__ import annotations

import re
import typing

import pytest
import streamlit as st
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from aecore.config.base import type_of
from aecore.config.corruption import Corruption
from aecore.data.catalogue import CATALOGUE
from aecore.presets import presets
from dashboard.train import edits, url
from dashboard.train.form_values import FIELDS, OWN, base_of, form_key, read_form, widget_value
from dashboard.widgets.lost import NOISES, TITLES

NUMBERS = some.one_of(
    some.integers(-5, 10**6).map(float), some.floats(1e-9, 1e6), some.sampled_from([0.1 + 0.2, 1e-5, 1e22])
)
WORDS = some.text("ab1 ü", max_size=12)


def held(name: str) -> some.SearchStrategy[dict[str, typing.Any]]:
    """What the widgets of a setting may hold, by what their keys end with."""
    kind, optional = type_of(FIELDS[name])
    if kind is Corruption:
        return some.fixed_dictionaries(
            {
                f"{name}:lost": some.lists(some.sampled_from(list(TITLES)), unique=True),
                f"{name}:kind": some.sampled_from(list(NOISES)),
                f"{name}:level": NUMBERS,
                f"{name}:lowest": some.one_of(NUMBERS, some.none()),
                f"{name}:clamp": some.booleans(),
                f"{name}:occlusion": some.sampled_from(["square", "rows"]),
                f"{name}:size": NUMBERS,
                f"{name}:blur": NUMBERS,
                f"{name}:downscale": NUMBERS,
                f"{name}:jpeg": some.one_of(NUMBERS, some.none()),
                f"{name}:once": some.booleans(),
            }
        )
    if name == "data.name":
        own = some.sampled_from(["/data/faces", "faces.npz", "./a folder/b.zip", "", "plain"])
        return some.one_of(
            some.sampled_from(list(CATALOGUE)).map(lambda one: {name: one}),
            own.map(lambda path: {name: OWN, f"{name}:path": path}),
        )
    if kind is bool:
        values: some.SearchStrategy = some.booleans()
    elif kind in (int, float):
        values = some.one_of(NUMBERS, some.none()) if optional else NUMBERS
    elif typing.get_origin(kind) is typing.Literal:
        values = some.sampled_from(typing.get_args(kind))
    elif kind is str:
        values = WORDS
    else:
        values = some.sampled_from(["", "400, 40", "400,40", "12, x", "8k3s2, 4k99", "gaussian:0.2, none", "linear:8"])
    return values.map(lambda value: {name: value})


def texts_of(preset: str) -> dict[str, str]:
    flat, key = base_of(preset).flat(), form_key(preset)
    return {name: edits.as_text(name, flat[name], key) for name in FIELDS}


@given(preset=some.sampled_from(list(presets())), data=some.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_form_is_the_same_after_its_way_through_the_address(preset, data):
    with pytest.MonkeyPatch.context() as patch:
        key, flat = form_key(preset), base_of(preset).flat()
        names = data.draw(some.lists(some.sampled_from(list(FIELDS)), unique=True))
        state = {f"{key}:{end}": value for name in names for end, value in data.draw(held(name)).items()}
        patch.setattr(st, "session_state", state)
        before, values = texts_of(preset), read_form(base_of(preset), key).values
        again = {}
        for name in FIELDS:
            if before[name] != edits.as_text(name, flat[name], ""):
                again |= {f"{key}:{end}": value for end, value in edits.widgets_of(name, before[name]).items()}
        patch.setattr(st, "session_state", again)
        assert texts_of(preset) == before
        assert read_form(base_of(preset), key).values == values


@pytest.mark.parametrize("preset", presets())
def test_what_a_form_begins_with_is_no_edit(preset, monkeypatch):
    base, key = base_of(preset).flat(), form_key(preset)
    begins = {f"{key}:{name}": widget_value(name, FIELDS[name], base[name]) for name in FIELDS if name != "corruption"}
    monkeypatch.setattr(st, "session_state", begins)
    drawn = texts_of(preset)
    monkeypatch.setattr(st, "session_state", {})
    assert texts_of(preset) == drawn


@pytest.mark.parametrize(
    "text",
    [
        "grey",
        "blur:1.5+gaussian:0..0.5",
        "downscale:4+jpeg:10+square:8+once",
        "poisson:30:clamp",
        "gaussian:0.2",
        "none",
    ],
)
def test_a_linked_corruption_is_the_one_that_is_trained_with(text, monkeypatch):
    widgets = edits.widgets_of("corruption", text)
    monkeypatch.setattr(st, "session_state", {f"form:{end}": value for end, value in widgets.items()})
    experiment = read_form(base_of("digits-quick"), "form").experiment
    assert experiment
    assert str(experiment.corruption) == text


@pytest.mark.parametrize("name", ["blur", "downscale", "jpeg"])
def test_a_strength_of_none_is_told_not_dropped(name, monkeypatch):
    state = {"form:corruption:lost": [name], f"form:corruption:{name}": 0.0}
    monkeypatch.setattr(st, "session_state", state)
    form = read_form(base_of("digits-quick"), "form")
    assert form.experiment is None
    assert "above 0" in form.problems["corruption"]


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("training.epochs", "many", "many"),
        ("training.epochs", "nan", "nan"),
        ("training.optimizer", "sdg", "sdg"),
        ("training.deterministic", "yes", "yes"),
        ("corruption", "gaussain:0.2", "gaussain:0.2"),
        ("corruption", "gaussian:much", "much"),
        ("data.name", "mnits", "mnits"),
    ],
)
def test_what_a_field_cannot_hold_is_told_with_the_text(name, text, wrong, monkeypatch):
    with pytest.raises(ValueError, match=re.escape(wrong)):
        edits.widgets_of(name, text)
    monkeypatch.setattr(st, "session_state", {url.REFUSED: {name: text}})
    assert set(url.problems(base_of("digits-quick"))) == {name}
    assert read_form(base_of("digits-quick"), "form", refused=url.problems(base_of("digits-quick"))).experiment is None


def test_a_demo_reads_no_path_of_a_link(monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "1")
    with pytest.raises(ValueError, match="faces"):
        edits.widgets_of("data.name", "/data/faces")
