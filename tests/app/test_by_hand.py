"""Restore by hand, without a browser: what its sliders can reach, and of what the whole test set's scores are."""

from __future__ import annotations

import json

import pytest

from aecore.config.corruption import Corruption
from aecore.runs.robustness import write_robustness
from aecore.viewer.restoration import kinds
from tests.helpers.pages import components, page, texts
from tests.helpers.runs import forget_sums


@pytest.mark.parametrize(
    "text",
    ["gaussian:2.5", "gaussian-variance:0.04", "speckle:1.5", "salt-pepper:0.95", "masking:0.3", "square:28", "rows:3"],
)
def test_every_slider_reaches_the_strength_that_a_run_was_trained_with(trained, text):
    corruption = Corruption.parse(text)
    found = kinds(trained, corruption)
    assert all(kind.low <= kind.usual <= kind.high for kind in found.values())
    name = (
        "gaussian"
        if text.startswith("gaussian")
        else corruption.kind
        if corruption.kind != "none"
        else corruption.occlusion
    )
    strength = 0.2 if "variance" in text else float(text.split(":")[1])
    assert found[name].usual == pytest.approx(strength)


@pytest.mark.parametrize("text", ["gaussian:0.9", "speckle:1.5", "masking:1", "salt-pepper:0.99", "rows:28"])
def test_they_reach_it_whatever_else_is_asked_for(trained, text):
    """Where it was trained is marked on the slider and on the curve."""
    forget_sums(trained)
    experiment = trained.experiment().changed({"corruption": text})
    trained.write_json("experiment.json", experiment.model_dump(mode="json"))
    name, strength = text.split(":")
    for asked in ("none", "square:4", text):
        assert kinds(trained, Corruption.parse(asked))[name].high >= float(strength)


def test_noise_that_is_clamped_is_said_to_be(trained):
    def note(noise: str) -> str:
        return json.loads(components(page("restore", run=trained.id, noise=noise, view="hand"), "restorer")[0].json)[
            "note"
        ]

    assert "cut to the range" in note("gaussian:0.2:clamp")
    assert "cut to the range" not in note("gaussian:0.2")


def test_scores_of_the_whole_test_set_name_their_noise(trained):
    app = page("restore", run=trained.id)
    said = texts(app)
    asked = trained.experiment().evaluation.corruptions[-1]
    assert f"Under {asked.label}. Whole test set, 297 images" in said


def test_the_curve_of_the_whole_test_set_is_sent_where_it_was_measured(trained):
    app = page("restore", run=trained.id)
    assert json.loads(components(app, "restorer")[0].json)["strengths"] is None
    assert "Measure every strength" in {button.label for button in app.button}
    points = [
        {"level": 0.0, "model": {"psnr_db": 20.0}, "input": {"psnr_db": None}},
        {
            "level": 0.1,
            "model": {"psnr_db": 19.0},
            "input": {"psnr_db": 20.1},
            "tv": {"psnr_db": 22.0, "strength": 0.1},
        },
    ]
    write_robustness(trained, points, {"n": 297, "clamp": False})
    assert "Add total variation" in {button.label for button in page("restore", run=trained.id).button}
    write_robustness(trained, points, {"n": 297, "clamp": False, "tv_images": 50})
    app = page("restore", run=trained.id)
    assert json.loads(components(app, "restorer")[0].json)["strengths"] == {
        "images": 297,
        "beside": 50,
        "points": [
            {"level": 0.0, "model": 20.0, "input": None, "tv": None},
            {"level": 0.1, "model": 19.0, "input": 20.1, "tv": 22.0},
        ],
    }
    assert not {"Measure every strength", "Add total variation"} & {button.label for button in app.button}
    # Noise that is cut to the range is another one.
    clamped = page("restore", run=trained.id, noise="gaussian:0.2:clamp", view="hand")
    assert json.loads(components(clamped, "restorer")[0].json)["strengths"] is None


@pytest.mark.parametrize(
    ("asked", "by_hand", "written"),
    [
        ({}, False, "sheet"),
        ({"view": "hand"}, True, "hand"),
        ({"hand": "square,8,0"}, True, "hand"),  # as the browser wrote a slider's place before the view was kept
        ({"noise": "gaussian:0.3"}, True, None),
        ({"noise": "gaussian:0.3", "view": "sheet"}, False, "sheet"),
    ],
)
def test_a_link_opens_the_view_that_it_names(trained, asked, by_hand, written):
    """A run whose own corruption is not one slider's opens with the sheet; by hand stands in the address then."""
    forget_sums(trained)
    corruption = "gaussian:0.3:clamp+square:8"
    changes = {"corruption": corruption, "evaluation.corruptions": [corruption]}
    experiment = trained.experiment().changed(changes)
    trained.write_json("experiment.json", experiment.model_dump(mode="json"))
    app = page("restore", run=trained.id, **asked)
    assert bool(components(app, "restorer")) == by_hand
    now = app.query_params.get("view")
    assert (now[0] if isinstance(now, list) else now) == written
