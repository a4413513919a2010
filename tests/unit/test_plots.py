"""Figures for plotly: what they draw is what the runs hold, and they need neither torch nor Streamlit."""

import json
import subprocess
import sys
import tomllib
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from aecore import jobs, plots
from aecore.errors import UserError
from aecore.latent.codes import read_codes
from aecore.plots.curves import curve, metric_lines
from aecore.plots.style import PALETTE, color
from aecore.presets import preset
from aecore.runs.run import LAYERS, METRICS, Run
from aecore.runs.thin import MOST_POINTS, smooth, thin, thin_curve
from tests.helpers.paths import GALLERY_RUN, ROOT
from tests.helpers.runs import forget_sums

GALLERY = ROOT / "checkpoints" / "gallery"


def traces_of(figure: go.Figure) -> list[dict]:
    traces: Any = figure.data
    return [trace.to_plotly_json() for trace in traces]


def named(figure: go.Figure) -> dict[str, dict]:
    return {trace["name"]: trace for trace in traces_of(figure)}


def test_a_figure_is_drawn_in_a_fresh_program_without_torch():
    code = """
import sys
from aecore import jobs, plots
figure = plots.loss_curves("mnist-mlp8")
assert figure.to_html(include_plotlyjs=False)
sys.exit(bool({"torch", "streamlit", "sklearn", "skimage"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT).returncode == 0


def test_loss_curves_are_those_of_the_file():
    run = Run(GALLERY_RUN)
    lines = [json.loads(line) for line in (GALLERY_RUN / "metrics.jsonl").read_text().splitlines()]
    for given_run in (run, GALLERY_RUN, str(GALLERY_RUN)):
        traces = named(plots.loss_curves(given_run))
        assert list(traces["training loss"]["y"]) == [line["train_loss"] for line in lines]
        assert list(traces["test loss"]["y"]) == [line["test_loss"] for line in lines]
        assert list(traces["learning rate"]["x"]) == [line["epoch"] for line in lines]
    figure = plots.loss_curves(run)
    assert f"training loss {lines[-1]['train_loss']:.4g}" in figure.layout.meta["alt"]
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.title.text == "Loss (mean over pixels)"
    assert figure.layout.xaxis.title.text == "Epoch"


def test_a_vae_has_its_two_parts_and_says_that_its_loss_is_a_sum():
    figure = plots.loss_curves(GALLERY / "colored-vae")
    assert {"KL, training", "KL, test", "reconstruction, test"} <= set(named(figure))
    assert figure.layout.yaxis.title.text == "Loss (sum over pixels, per image)"
    assert figure.layout.title.text.endswith(", images with Gaussian noise, σ 0.3, clamped"), "what it was measured on"


def test_several_runs_lie_over_one_another():
    figure = plots.loss_curves(GALLERY / "mnist-selu-2", GALLERY / "mnist-selu-6")
    assert list(named(figure)) == ["mnist-selu-2", "mnist-selu-6"]
    share = plots.metric_curves(GALLERY / "mnist-selu-2", GALLERY_RUN, axis="share")
    assert [max(trace["x"]) for trace in traces_of(share)] == [100, 100]
    wrong = plots.metric_curves(
        GALLERY / "mnist-selu-2", GALLERY / "mnist-selu-6", metric="wrong_digit_rate", log=False
    )
    last = [Run(GALLERY / name).metrics()[-1]["wrong_digit_rate"] for name in ("mnist-selu-2", "mnist-selu-6")]
    assert [trace["y"][-1] for trace in traces_of(wrong)] == pytest.approx([100 * rate for rate in last])


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: plots.loss_curves(), "at least one run"),
        (lambda: plots.loss_curves("mnist-mlp9"), "did you mean 'mnist-mlp8'"),
        (lambda: plots.metric_curves("mnist-mlp8", metric="loss"), "metric is one of test_loss"),
        (lambda: plots.metric_curves("mnist-mlp8", smoothing=1), "below 1"),
        (lambda: plots.step_curves("mnist-mlp8"), "recorded no losses"),
        (lambda: plots.projection("mnist-mlp8", "umap"), "aecore project mnist-mlp8"),
        (lambda: plots.code_histograms("cifar-conv"), "too wide"),
        (lambda: plots.sweep("code-size-and-noise", "msd"), "did you mean 'mse'"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(ask, words, monkeypatch):
    monkeypatch.setenv("AECORE_STORE", str(ROOT / "checkpoints"))
    with pytest.raises(UserError) as caught:
        ask()
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_the_interactive_plot_of_report_004_names_the_digit_of_every_point():
    figure = plots.projection(GALLERY / "colored-conv-twice", "tsne", 3)
    traces = traces_of(figure)
    assert {trace["type"] for trace in traces} == {"scatter3d"}
    assert [trace["hovertemplate"].partition("<br>")[0] for trace in traces] == [
        f"Digit: {digit}" for digit in range(10)
    ]
    assert sum(len(trace["x"]) for trace in traces) == 10_000
    flat = traces_of(plots.projection(GALLERY / "cifar-conv", "pca", 2))
    assert flat[0]["hovertemplate"].startswith("Class: airplane")


def test_histograms_count_every_image_once_and_errors_are_those_kept():
    codes = read_codes(Run(GALLERY_RUN))
    assert codes is not None
    assert codes.codes is not None
    bars = traces_of(plots.code_histograms(GALLERY_RUN))
    assert len(bars) == codes.codes.shape[1] == 8
    assert all(sum(bar["y"]) == len(codes.codes) for bar in bars)
    boxes = traces_of(plots.errors(GALLERY_RUN))
    drawn = np.concatenate([np.asarray(box["y"]) for box in boxes])
    assert np.sort(drawn) == pytest.approx(np.sort(codes.errors), abs=1e-7)


def test_a_dead_unit_is_called_dead(trained):
    codes = read_codes(trained)
    assert codes is not None
    assert codes.codes is not None
    codes.codes[:, 1] = 0.25
    figure = plots.code_histograms(trained, codes=codes)
    assert [note.text for note in figure.layout.annotations][:2] == ["unit 1", "unit 2 (dead)"]


def test_every_figure_says_what_it_shows_and_where_it_is_saved(monkeypatch):
    monkeypatch.setenv("AECORE_STORE", str(ROOT / "checkpoints"))
    run = "mnist-mlp8"
    figures = [
        plots.loss_curves(run), plots.layer_curves(run), plots.step_curves("cifar-conv"), plots.errors(run),
        plots.projection(run), plots.projection(run, dims=2), plots.code_histograms(run),
        *(plots.sweep("code-size-and-noise", view=view) for view in ("lines", "heat", "parallel")),
    ]  # fmt: skip
    for figure in figures:
        meta = figure.layout.meta
        assert meta["alt"].endswith(".")
        assert meta["title"] == figure.layout.title.text
        assert meta["file"]
        assert set(meta["log"]) <= set(figure.layout.to_plotly_json())
    assert len({figure.layout.meta["file"] for figure in figures[:7]}) == 7


def test_the_palette_is_that_of_the_theme():
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    assert tuple(theme["chartCategoricalColors"]) == PALETTE
    made_in = (ROOT / "dashboard" / "charts" / "plotly" / "theme.js").read_text()
    assert all(code in made_in for code in PALETTE)
    assert color(0, 0.5) == "rgba(68,119,170,0.5)"


# ---- thinning and smoothing ----------------------------------------------------------------------


@given(arrays.arrays(float, st.integers(1, 6000), elements=st.floats(-1e6, 1e6)))
def test_a_thinned_curve_keeps_its_ends_its_extremes_and_only_its_own_points(values):
    x = np.arange(len(values), dtype=float)
    kept_x, kept = thin_curve(x, values)
    assert len(kept) <= max(MOST_POINTS, 802)
    assert (np.diff(kept_x) > 0).all()
    assert (values[kept_x.astype(int)] == kept).all()
    assert (kept[0], kept[-1], kept.min(), kept.max()) == (values[0], values[-1], values.min(), values.max())


def test_thinned_entries_keep_a_spike():
    entries = [{"epoch": i, "loss": 1.0} for i in range(20_000)]
    entries[12_345]["loss"] = 9.0
    kept = thin(entries, ("loss",))
    assert len(kept) <= MOST_POINTS + 2
    assert max(entry["loss"] for entry in kept) == 9
    assert (kept[0]["epoch"], kept[-1]["epoch"]) == (0, 19_999)


def test_smoothing_keeps_a_constant_and_the_first_value():
    assert smooth(np.full(9, 3.0), 0.9) == pytest.approx(3)
    assert smooth(np.array([5.0, 1.0]), 0.5) == pytest.approx([5, (0.5 * 5 * 0.5 + 0.5) / 0.75])


def test_what_is_no_number_is_left_out_of_a_curve():
    lines = [{"epoch": e, "test_loss": 1 / e, "seconds": 2.0 * e} for e in range(1, 6)]
    assert curve(lines, "test_loss", "share", 0)[0].tolist() == [20, 40, 60, 80, 100]
    assert curve(lines, "test_loss", "seconds", 0)[0][-1] == 10
    assert not len(curve(lines, "wrong_digit_rate", "epoch", 0)[0])
    lines[2]["test_loss"] = float("nan")
    assert curve(lines, "test_loss", "epoch", 0)[0].tolist() == [1, 2, 4, 5]


def test_a_vae_has_active_units_instead_of_dead_ones(store):
    """Also one from before they were counted: they follow from the units' spread."""
    run = jobs.submit(
        preset("digits-quick").experiment.changed({"model.bottleneck.kind": "gaussian", "training.epochs": 2}),
        "cpu",
        store,
    )
    jobs.work(run)
    lines = metric_lines(run)
    assert all("dead_units" not in line and line["active_units"] >= 0 for line in lines)
    assert list(named(plots.loss_curves(run)))[-1] == "active units"
    path = run.file(METRICS)
    forget_sums(run)
    old = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps({k: v for k, v in line.items() if k != "active_units"}) + "\n" for line in old))
    assert metric_lines(run) == lines
    run.file(LAYERS).unlink()
    assert all(not {"dead_units", "active_units"} & line.keys() for line in metric_lines(run))
