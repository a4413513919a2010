"""The picture of a network shows its shapes in order, the code in the middle."""

from __future__ import annotations

import pytest

from aecore.data import data_set
from aecore.models.architecture import plan
from aecore.presets import preset, presets
from dashboard.widgets.network_picture import HEIGHT, blocks_of, picture


def solved(name: str):
    experiment = preset(name).experiment
    return plan(experiment.model, data_set(experiment.data.source).image_shape)


def test_the_shapes_are_those_that_the_report_names():
    """Report 000: 784, 392, 8, 392, 784."""
    blocks = blocks_of(solved("mnist-mlp8"))
    assert [block.shape for block in blocks] == [(1, 28, 28), (392,), (8,), (392,), (1, 28, 28)]
    assert [block.kind for block in blocks] == ["image", "encoder", "code", "decoder", "image"]


def test_a_network_that_is_resized_shows_both_sizes():
    shapes = [block.shape for block in blocks_of(solved("colored-conv"))]
    assert shapes[-2:] == [(3, 32, 32), (3, 28, 28)]


@pytest.mark.parametrize("name", list(presets()))
def test_every_preset_fits_into_the_picture(name):
    layers = solved(name)
    drawn = picture(layers)
    assert drawn.count('class="code"') == layers.has_code
    heights = [float(part.partition("px")[0]) for part in drawn.split('<div style="height:')[1:]]
    assert len(heights) == len(blocks_of(solved(name)))
    assert max(heights) == HEIGHT
    assert min(heights) >= 4
