"""Restore by hand, without a browser: what its sliders can reach, and of what the whole test set's scores are."""

from __future__ import annotations

import pytest

from aecore.config.corruption import Corruption
from dashboard.restore import by_hand
from tests.helpers.pages import page, texts


@pytest.mark.parametrize(
    "text",
    ["gaussian:2.5", "gaussian-variance:0.04", "speckle:1.5", "salt-pepper:0.95", "masking:0.3", "square:28", "rows:3"],
)
def test_every_slider_reaches_the_strength_that_a_run_was_trained_with(trained, text):
    corruption = Corruption.parse(text)
    found = by_hand.kinds(trained, corruption)
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


def test_scores_of_the_whole_test_set_name_their_noise(trained):
    app = page("restore", run=trained.id)
    said = texts(app)
    asked = trained.experiment().evaluation.corruptions[-1]
    assert f"Under {asked.label}. Whole test set, 297 images" in said
