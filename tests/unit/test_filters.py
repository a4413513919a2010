"""The filters of a linear decoder against a weight matrix made by hand: which picture is which unit's, in which order,
on which scale, and where there are none."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.numpy

from aecore.errors import DamagedError
from aecore.models.architecture import plan
from aecore.presets import preset, presets
from aecore.runs.run import Run
from aecore.runs.store import Store
from aecore.viewer.units import units_of
from dashboard.generate.filters import arranged, caption, colored, filters_of, has_filters, sheet, words

SHAPE = (1, 2, 3)
PIXELS = np.arange(6, dtype=np.float32)
WEIGHTS = np.stack([PIXELS * factor for factor in (1, -1, 10, 0.5)])
"""(unit, pixel): what one unit of each number adds."""
CODES = np.array([[1, 0, 7, 2], [1, 2, 7, 0], [1, 0, 7, -2], [1, 0, 7, 0]], np.float32)
"""Units 0 and 2 are constant, unit 1 is used by one of four images, unit 3 by two."""


def experiment(tied: bool):
    changed = {"data.name": "digits", "model.bottleneck.size": 4, "model.bottleneck.keep": 2, "model.tied": tied}
    return preset("mnist-sparse").experiment.changed(changed)


@pytest.fixture(params=[True, False], ids=["tied", "untied"])
def made(request, store: Store):
    """A run whose decoder has the matrix, as its own weights or as those of the encoder; and its plan."""
    asked = experiment(request.param)
    solved = plan(asked.model, SHAPE)
    run = Run(store.root / "runs" / "one")
    run.path.mkdir(parents=True)
    run.file("experiment.json").write_text(json.dumps(asked.model_dump(mode="json")))
    only = solved.decoder[0]
    name, matrix = (only.tied_to, WEIGHTS) if request.param else (only.name, WEIGHTS.T)
    tensors = {f"{name}.weight": np.ascontiguousarray(matrix)}
    run.file("weights.safetensors").write_bytes(safetensors.numpy.save(tensors))
    return run, solved


def test_each_units_weights_are_its_picture_tied_or_not(made):
    run, solved = made
    found = filters_of(run, solved, CODES, units_of(CODES, False))
    assert found.weights.shape == (4, *SHAPE)
    assert np.array_equal(found.weights[2, 0], [[0, 10, 20], [30, 40, 50]])
    assert np.array_equal(found.weights.reshape(4, -1), WEIGHTS)


def test_the_most_used_come_first_and_dead_units_last(made):
    run, solved = made
    found = filters_of(run, solved, CODES, units_of(CODES, False))
    assert found.order == [3, 1, 0, 2]
    assert found.used == [1, 0.25, 1, 0.5]
    assert found.dead == [True, False, True, False]
    assert found.sparse
    assert [caption(found, unit) for unit in (3, 0)] == [["unit 4", "50 % used"], ["unit 1", "dead"]]


def test_units_used_alike_are_sorted_by_what_they_change():
    codes = np.array([[1, -1], [-1, 1]], np.float32)
    weights = np.array([[1.0, 0], [0, 2]], np.float32).reshape(2, 1, 1, 2)
    found = arranged(weights, codes, [False, False])
    assert found.order == [1, 0]
    assert not found.sparse
    assert caption(found, 0) == ["unit 1"]
    rare = np.zeros((300, 2), np.float32)
    rare[0, 0], rare[:, 1] = 1, range(300)
    assert caption(arranged(weights, rare, [False, False]), 0) == ["unit 1", "< 1 % used"]
    codes[:, 0] *= 3  # the weaker picture is drawn three times as strongly
    assert arranged(weights, codes, [False, False]).order == [0, 1]


def test_one_scale_for_all_that_dead_units_do_not_stretch():
    found = arranged(WEIGHTS.reshape(4, *SHAPE), CODES, [True, False, True, False])
    live = np.abs(WEIGHTS[[1, 3]])
    assert found.scale == pytest.approx(np.percentile(live, 99.5))
    assert found.beyond == pytest.approx((live > found.scale).mean())
    assert found.shades[1].min() == -127
    assert found.shades[3].max() == round(2.5 / found.scale * 127)
    assert f"±{found.scale:.3g}" in words(found)


def test_signs_have_their_colours_and_nothing_is_white():
    weights = np.array([[-1.0, 0, 1]], np.float32).reshape(1, 1, 1, 3)
    picture = colored(arranged(weights, np.array([[0], [1]], np.float32), [False]))
    assert picture.shape == (1, 3, 1, 3)
    assert picture[0, :, 0].T.tolist() == [[0xDD, 0x6A, 0x22], [255, 255, 255], [0x44, 0x77, 0xAA]]
    shades = np.array([-1.0, 0, 1], np.float32).reshape(1, 3, 1, 1)
    assert colored(arranged(shades, np.array([[0], [1]], np.float32), [False])).ravel().tolist() == [0, 128, 255]


def test_only_a_linear_decoder_has_filters():
    able = set()
    for name, entry in presets().items():
        model = entry.experiment.model
        shape = (3, 32, 32) if name.startswith(("cifar", "colored")) else (1, 28, 28)
        if has_filters(model, plan(model, shape)):
            able.add(name)
    assert able == {"mnist-sparse", "mnist-tied", "mnist-contractive"}


def test_weights_that_are_not_there_are_said_to_be_missing(made):
    run, solved = made
    run.file("weights.safetensors").write_bytes(safetensors.numpy.save({"other": np.zeros(3, np.float32)}))
    with pytest.raises(DamagedError, match=r"holds no (en|de)coder\.\w+\.weight"):
        filters_of(run, solved, CODES, units_of(CODES, False))


def test_the_figure_has_every_unit_with_its_name_and_the_scale(made):
    run, solved = made
    run.write_json("status.json", {"state": "finished"})
    drawn = sheet(run, filters_of(run, solved, CODES, units_of(CODES, False)))
    texts = " ".join(item.text for item in drawn.items if hasattr(item, "text"))  # type: ignore[union-attr]
    assert all(f"unit {number}" in texts for number in (1, 2, 3, 4))
    assert "full colour at" in texts
    assert "2 dead units last" in texts
