"""Plotly figures drawn without a browser: every value where it belongs."""

import math

import numpy as np
import plotly.graph_objects as go
import pytest

from aecore import plots
from aecore.drawing import Circle, Clip, Polyline, Rectangle, Text, chart
from aecore.drawing.heat import BAR
from aecore.drawing.marks import _five
from aecore.drawing.scales import Scale, scale_of, tick_text, ticks_of
from aecore.drawing.scene import _View
from aecore.drawing.values import numbers_of, values_of
from aecore.errors import UserError
from aecore.plots.resolve import resolve_run
from tests.helpers.paths import ROOT


@pytest.fixture(autouse=True)
def gallery(monkeypatch):
    monkeypatch.setenv("AECORE_STORE", str(ROOT / "checkpoints"))


def data_of(figure):
    return figure.to_plotly_json()["data"]


def everything(items):
    for item in items:
        yield item
        if isinstance(item, Clip):
            yield from everything(item.items)


def drawn(figure, kind):
    return [item for item in everything(chart(figure.to_plotly_json()).items) if isinstance(item, kind)]


def texts(figure):
    return [item.text for item in drawn(figure, Text)]


def ruler(figure, turned):
    """From paper coordinates back to values, by the ticks of the figure's only x or y axis: independent of `Scale`."""
    ticks = [t for t in drawn(figure, Text) if not t.turned and (t.anchor == ("end" if turned else "middle"))]
    known = [
        (t.y - 3.5 if turned else t.x, t.text) for t in ticks if t.text.replace(".", "").replace("−", "").isdigit()
    ]
    at = [place for place, _ in known]
    values = [float(text.replace("−", "-")) for _, text in known]
    return at, values


def test_a_curve_runs_through_its_points_on_a_logarithmic_axis():
    figure = plots.loss_curves("mnist-mlp8")
    loss = np.array([entry["train_loss"] for entry in resolve_run("mnist-mlp8").metrics()])
    line = next(item for item in drawn(figure, Polyline) if item.width == 1.8 and len(item.points) == len(loss))
    y = np.array([point[1] for point in line.points])
    ticks = [(t.y - 3.5, float(t.text)) for t in drawn(figure, Text) if t.anchor == "end" and t.text in ("0.02", "0.1")]
    (first, low), (second, high) = sorted(ticks, key=lambda tick: tick[1])
    share = (y - first) / (second - first)
    assert np.allclose(10 ** (math.log10(low) + share * math.log10(high / low)), loss, rtol=2e-3)


def test_title_legend_axes_and_panels_are_named():
    told = texts(plots.loss_curves("mnist-mlp8"))
    for word in ("Training of mnist-mlp8", "training loss", "test loss", "learning rate", "dead units", "Epoch"):
        assert word in told
    assert "Loss (mean over pixels)" in told
    assert "Dead code units" in told


def test_gaps_steps_and_single_points():
    figure = go.Figure(
        {
            "data": [
                {"type": "scatter", "mode": "lines", "x": [0, 1, 2, 3, 4], "y": [1, 2, None, 3, 4], "name": "a"},
                {"type": "scatter", "mode": "lines", "x": [0, 1], "y": [1, 2], "line": {"shape": "hv", "width": 3}},
                {"type": "scatter", "mode": "lines+markers", "x": [2], "y": [2], "name": "c"},
            ],
            "layout": {"template": {}},
        }
    )
    lines = [item for item in drawn(figure, Polyline) if item.width == 2 and item.stroke == "#4477AA"]
    assert [len(line.points) for line in lines if len(line.points) == 2 and not line.dash][:2] == [2, 2]
    stepped = next(item for item in drawn(figure, Polyline) if item.width == 3)
    assert stepped.points[0][1] == stepped.points[1][1]
    assert len(drawn(figure, Circle)) == 1


def test_bars_stand_on_zero_and_are_as_high_as_their_values():
    figure = go.Figure({"data": [{"type": "bar", "x": [0, 1, 2], "y": [1, 3, 2], "width": 1}], "layout": {}})
    bars = [item for item in drawn(figure, Rectangle) if item.height > 1]
    heights = np.array([bar.height for bar in bars])
    assert heights / heights[0] == pytest.approx([1, 3, 2])
    assert len({round(bar.y + bar.height, 6) for bar in bars}) == 1


def test_a_boxs_quartiles_are_hazens_and_its_whiskers_end_at_values():
    values = np.sort(np.random.default_rng(1).normal(size=101))
    first, median, third, low, high = _five(values)
    assert median == pytest.approx(np.median(values))
    assert first == pytest.approx(np.interp(0.25 * 101 - 0.5, np.arange(101), values))
    assert low in values
    assert high in values
    assert low >= first - 1.5 * (third - first)


def test_a_heat_map_says_every_value_and_its_colours_follow_them():
    figure = plots.sweep("code-size-and-noise", view="heat")
    told = texts(figure)
    cells = [text for row in data_of(figure)[0]["text"] for text in row]
    assert set(cells) <= set(told)
    assert "Code size" in told
    assert "Training corruption" in told
    z = np.array([value for row in data_of(figure)[0]["z"] for value in row])
    boxes = [item for item in drawn(figure, Rectangle) if item.fill and item.width > BAR]
    light = [sum(int(box.fill[i : i + 2], 16) for i in (1, 3, 5)) for box in boxes]
    assert np.corrcoef(np.argsort(np.argsort(light)), np.argsort(np.argsort(z)))[0, 1] > 0.99, (
        "reversed: less is darker"
    )


def test_the_bar_of_a_heat_map_reaches_from_its_lowest_to_its_highest_tick():
    """In a PNG too, where a picture would be shown at a whole factor and end before them."""
    cells = {"type": "heatmap", "x": ["a", "b"], "y": ["c"], "z": [[0, 1]], "colorbar": {"tickvals": [-1, 1]}}
    figure = go.Figure({"data": [cells | {"zmin": -1, "zmax": 1}], "layout": {"height": 300}})
    bar = [item for item in drawn(figure, Rectangle) if item.width == BAR]
    low, high = (next(t.y for t in drawn(figure, Text) if t.text == name) for name in ("−1", "1"))
    assert max(part.y + part.height for part in bar) - min(part.y for part in bar) == pytest.approx(low - high)


def test_intervals_have_ends_of_their_own_on_bars_and_dots():
    error = {"type": "data", "visible": True, "symmetric": False, "array": [1], "arrayminus": [3], "color": "#123456"}
    layout = {"xaxis": {"type": "category"}}
    for kind in ("bar", "scatter"):
        figure = go.Figure({"data": [{"type": kind, "x": ["a"], "y": [10], "error_y": error}], "layout": layout})
        (_, low), (_, high) = next(item.points for item in drawn(figure, Polyline) if item.stroke == "#123456")
        at, values = ruler(figure, turned=True)
        assert np.polyval(np.polyfit(at, values, 1), [low, high]) == pytest.approx([7, 11], abs=0.01)


def test_parallel_axes_have_a_line_for_each_combination():
    figure = plots.sweep("code-size-and-noise", view="parallel")
    lines = [item for item in drawn(figure, Polyline) if item.width == 1.5]
    assert len(lines) == len(numbers_of(data_of(figure)[0]["dimensions"][0]["values"]))
    assert {"Code size", "Training corruption"} <= set(texts(figure))


def test_a_cloud_in_2d_shows_every_point_at_its_place():
    figure = plots.projection("mnist-selu-2", "pca", 2)
    dots = [item for item in drawn(figure, Circle) if item.radius == 2]
    x = np.concatenate([numbers_of(trace["x"]) for trace in data_of(figure)])
    assert len(dots) == len(x)
    at, values = ruler(figure, turned=False)
    assert np.allclose(np.polyval(np.polyfit(at, values, 1), [dot.x for dot in dots]), x, atol=0.5)


def test_a_cloud_in_3d_is_drawn_from_the_farthest_to_the_nearest():
    figure = plots.projection("mnist-mlp8", "tsne", 3)
    dots = [item for item in drawn(figure, Circle) if item.radius == 1.25]
    assert len(dots) == sum(len(values_of(trace["x"])) for trace in data_of(figure))
    assert {"t-SNE 1", "t-SNE 2", "t-SNE 3"} <= set(texts(figure))
    assert all(0 < dot.x < 720 and 0 < dot.y < 620 for dot in dots)


def test_a_camera_above_looks_down_on_x_and_y():
    class Frame:
        width, height, top = 400.0, 400.0, 0.0

    view = _View({"eye": {"x": 0, "y": 0, "z": 2.5}, "up": {"x": 0, "y": 1, "z": 0}}, Frame())  # type: ignore[arg-type]
    at, depth = view.seen(np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], float))
    assert at[0].tolist() == pytest.approx([200, 200])
    assert at[1][0] > 200
    assert at[1][1] == pytest.approx(200)
    assert at[2][1] < 200, "y is up"
    assert depth[3] < depth[0], "z comes nearer"


def test_an_axis_shows_what_it_is_asked_to():
    log = scale_of({"type": "log"}, [0.02, 0.1])
    assert [tick.text for tick in ticks_of({"dtick": "D2"}, log, 8)] == ["0.02", "0.05", "0.1"]
    fixed = scale_of({"range": [0, 50]}, [3, 4])
    assert (fixed.low, fixed.high) == (0, 50)
    assert [tick.text for tick in ticks_of({}, fixed, 5)] == ["0", "10", "20", "30", "40", "50"]
    named = scale_of({"type": "category"}, ["b", "a", "b"])
    assert [tick.text for tick in ticks_of({}, named, 5)] == ["b", "a"]
    assert named.share("b") == pytest.approx(0.25)
    assert math.isnan(Scale("log", 0, 1).share(-1))
    asked = {"tickvals": [1, 2, 99], "ticktext": ["one", "two", "far"]}
    assert [tick.text for tick in ticks_of(asked, Scale("linear", 0, 3), 5)] == ["one", "two"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-3.5, "−3.5"), (10_000, "10,000"), (0.00002, "0.00002"), (1e-9, "1e−9"), (0.1 + 0.2, "0.3")],
)
def test_ticks_are_written_as_people_read_them(value, text):
    assert tick_text(value) == text


def test_a_hidden_trace_is_left_out_and_an_unknown_one_is_refused():
    hidden = {"type": "scatter", "y": [1, 2], "name": "ghost", "visible": "legendonly"}
    shown = {"type": "scatter", "y": [1, 2], "name": "seen"}
    assert "ghost" not in texts(go.Figure({"data": [hidden, shown, shown], "layout": {}}))
    with pytest.raises(UserError, match="pie cannot be drawn"):
        chart({"data": [{"type": "pie"}], "layout": {}})


def test_arrays_in_base64_are_read():
    written = go.Figure({"data": [{"type": "scatter", "y": np.arange(5.0)}]}).to_plotly_json()["data"][0]["y"]
    assert values_of(written) == [0, 1, 2, 3, 4]
    assert numbers_of([1, None]).tolist()[0] == 1
