"""The figures of measures: every number at its place, one run or several, and what is left out where it is lacking."""

from __future__ import annotations

import json
import math

import pytest

from aecore import plots
from aecore.drawing import chart, write
from aecore.errors import UserError
from aecore.plots.code_units import unit_correlation, units
from aecore.plots.measured import Measured
from aecore.plots.measures import class_errors, label_efficiency, rate_distortion, roc
from aecore.plots.save import figure_of
from aecore.runs.measures import Measures

BY_LABELS = [
    {"labels": 10, "value": 0.5, "low": 0.45, "high": 0.52, "pca": 0.4, "pixels": 0.6},
    {"labels": "all", "value": 0.9, "low": 0.89, "high": 0.92, "pca": 0.8, "pixels": 0.95},
]
CURVES = {
    "code": [{"bytes": 8, "mse": 0.02, "setting": 8}, {"bytes": 4, "mse": 0.03, "setting": 4}],
    "pca": [{"bytes": 8, "mse": 0.05, "setting": 8}],
    "jpeg": [{"bytes": 400, "mse": 0.001, "setting": 50}],
    "later": [{"bytes": 1, "mse": 1, "setting": 1}],
}
EVERY = {
    "active_units": {"value": 2, "of": 3, "threshold": 0.01, "variance": [0.5, 0, 2.0], "kl": [1.0, 0.0, 3.0]},
    "linear_probe": {"value": 0.9, "by_labels": BY_LABELS},
    "rate_distortion": {"value": 0.02, "curves": CURVES},
    "reconstruction": {
        "value": 0.02,
        "by_class": [
            {"class": "a<b>", "images": 3, "mse": 0.01, "mse_std": 0.005},
            {"class": "c", "images": 2, "mse": 0.03, "mse_std": 0.01},
        ],
    },
    "unit_correlation": {"value": 0.1, "largest": 0.4, "matrix": [[1, -0.4], [-0.4, 1]]},
    "anomaly_error": {"value": 0.75, "roc": [[0, 0], [0.5, 1], [1, 1]]},
    "anomaly_distance": {"value": 0.5, "roc": [[0, 0], [1, 1]]},
}
FIGURES = (label_efficiency, rate_distortion, class_errors, units, unit_correlation, roc)


def measured(name="A one", data="mnist", **changes) -> Measured:
    tables = {**EVERY, **changes}
    return Measured(
        name, Measures({k: v for k, v in tables.items() if v is not None}, {}, {"data": data, "run": "one"})
    )


def traces(figure) -> dict[str, dict]:
    return {trace["name"]: trace for trace in json.loads(figure.to_json())["data"]}


def test_accuracy_is_in_per_cent_with_ends_of_its_interval():
    found = traces(label_efficiency(measured()))
    assert list(found) == ["code", "PCA of equal size", "pixels"]
    assert found["code"]["x"] == ["10", "all"]
    assert found["code"]["y"] == pytest.approx([50, 90])
    assert found["code"]["error_y"]["array"] == pytest.approx([2, 2])
    assert found["code"]["error_y"]["arrayminus"] == pytest.approx([5, 1])
    assert found["pixels"]["y"] == pytest.approx([60, 95])


def test_runs_share_what_they_are_held_against_where_that_is_the_same():
    wider = {**EVERY["active_units"], "of": 4}
    same = traces(label_efficiency(measured("A one"), measured("B two")))
    assert list(same) == ["A one", "B two", "PCA of 3", "pixels"]
    other = traces(label_efficiency(measured("A one"), measured("B two", "digits", active_units=wider)))
    assert list(other)[2:] == ["PCA of 3 (mnist)", "PCA of 4 (digits)", "pixels (mnist)", "pixels (digits)"]


def test_rate_and_distortion_go_by_bytes_and_leave_out_what_nobody_knows():
    figure = rate_distortion(measured())
    found = traces(figure)
    assert list(found) == ["code", "PCA with the same bytes", "JPEG"]
    assert found["code"]["x"] == [4, 8]
    assert found["code"]["y"] == [0.03, 0.02]
    assert figure.layout["xaxis"]["type"] == figure.layout["yaxis"]["type"] == "log"
    assert list(traces(rate_distortion(measured("A one"), measured("B two")))) == ["A one", "B two", "JPEG"]


def test_what_has_no_logarithm_is_left_out():
    curves = {"code": [{"bytes": 4, "mse": 0}, {"bytes": 8, "mse": 0.5}, {"bytes": "x", "mse": 1}, 3]}
    found = traces(rate_distortion(measured(rate_distortion={"value": 1, "curves": curves})))
    assert found["code"]["x"] == [8]


def test_the_area_stands_beside_each_roc_curve():
    found = traces(roc(measured()))
    assert list(found) == ["by error (75.0 %)", "by distance (50.0 %)", "guessing (50 %)"]
    assert found["by error (75.0 %)"]["x"] == [0, 50, 100]
    assert found["by error (75.0 %)"]["y"] == [0, 100, 100]


def test_a_class_has_its_mean_and_standard_deviation():
    (bars,) = traces(class_errors(measured())).values()
    assert bars["x"] == ["a‹b›", "c"]
    assert bars["y"] == [0.01, 0.03]
    assert bars["error_y"]["array"] == [0.005, 0.01]
    assert [trace["mode"] for trace in traces(class_errors(measured("A"), measured("B"))).values()] == ["markers"] * 2


def test_units_are_in_the_order_of_their_variance_and_say_which_they_are():
    found = traces(units(measured()))
    assert found["variance"]["y"] == [2.0, 0.5, None]
    assert found["variance"]["customdata"] == [3, 1, 2]
    assert found["KL divergence"]["y"] == [3.0, 1.0, 0.0]
    assert found["threshold 0.01"]["y"] == [0.01, 0.01]
    assert "1 do not vary at all" in units(measured()).layout["meta"]["alt"]
    plain = {**EVERY["active_units"], "kl": None}
    assert "KL divergence" not in traces(units(measured(active_units=plain)))


def test_correlations_reach_from_minus_one_to_one():
    (cells,) = traces(unit_correlation(measured())).values()
    assert (cells["zmin"], cells["zmax"]) == (-1, 1)
    assert cells["z"] == [[1, -0.4], [-0.4, 1]]


@pytest.mark.parametrize("draw", FIGURES)
def test_what_was_not_measured_or_is_no_number_is_told(draw):
    nothing = Measured("A", Measures({}, {}, {}))
    rubbish = Measures({name: {"value": None, **dict.fromkeys(_KEYS, "x")} for name in EVERY}, {}, {})
    odd = [["x", math.nan], {"mse": "x"}]
    worse = Measures({name: dict(zip(_KEYS, [odd] * len(_KEYS), strict=True)) for name in EVERY}, {}, {})
    for run in (nothing, Measured("A", rubbish), Measured("A", worse)):
        with pytest.raises(UserError, match="not measured"):
            draw(run)


_KEYS = ("by_labels", "curves", "roc", "by_class", "variance", "matrix")


def test_a_notebook_and_an_export_name_a_run(gallery, trained):
    assert traces(plots.label_efficiency("mnist-mlp8"))["code"]["y"][-1] == pytest.approx(85.14)
    assert figure_of(gallery.listed("mnist-mlp8"), "rate").layout["title"]["text"].endswith("mnist-mlp8")
    with pytest.raises(UserError, match=f"not measured: measure it with `aecore measure {trained.id}`"):
        plots.units(trained)


@pytest.mark.parametrize("draw", FIGURES)
def test_every_figure_is_drawn_without_a_browser(draw):
    svg = write(chart(draw(measured()).to_plotly_json()), "svg").decode()
    assert "A one" in svg
