"""The figures of a sweep: which view fits, where values lie, what a mark says."""

import pytest

from aecore.plots.sweep import sweep_figure
from aecore.plots.sweep_axes import views
from aecore.sweeps import labels, statistics
from aecore.sweeps.definition import Range, Sweep
from tests.helpers.sweeps import rows_of


def swept(vary, seeds=2, **more) -> Sweep:
    return Sweep.parse({"name": "x", "base": "digits-quick", "vary": vary, "seeds": seeds} | more)


def drawn(sweep: Sweep, view=None, score=lambda point: 0.1 + 0.01 * point.seed) -> dict:
    found = statistics.groups(sweep, rows_of(sweep, score), "mse", "none")
    return sweep_figure(sweep, found, "mse", "none", view or views(sweep)[0]).to_dict()


SIZE, NOISE = {"model.bottleneck.size": [2, 4]}, {"corruption": ["none", "gaussian:0.3"]}
ACTIVATION = {"model.activation": ["relu", "selu"]}


def test_the_view_follows_from_what_varies():
    many = {"model.bottleneck.size": list(range(2, 14)), "training.batch_size": list(range(10, 130, 10))}
    assert views(swept(SIZE)) == ["lines"]
    assert views(swept(SIZE | NOISE)) == ["lines", "heat"]
    assert views(swept(many)) == ["heat"], "no more lines than colours"
    assert views(swept(SIZE | NOISE | ACTIVATION)) == ["parallel"]
    one = SIZE | {"corruption": ["none"], "model.activation": ["relu"]}
    assert views(swept(one)) == ["lines"], "what has one value does not vary"
    ranges = {"training.lr": Range(low=1e-4, high=1e-2, log=True)} | SIZE
    assert views(swept(ranges, method="random", trials=5)) == ["parallel"]


def test_lines_run_along_numbers_and_words_are_the_colour():
    figure = drawn(swept({"corruption": ["none", "gaussian:0.3"], "model.bottleneck.size": [8, 2, 4, 16, 32]}))
    means = [trace for trace in figure["data"] if trace["mode"] == "lines+markers"]
    assert [trace["name"] for trace in means] == ["clean", "Gaussian noise, σ 0.3"]
    assert list(means[0]["x"]) == [2, 4, 8, 16, 32]
    assert means[0]["y"] == pytest.approx([0.105] * 5)
    assert means[0]["text"][0].split("<br>") == ["clean, code size 2", "0.1050 ± 0.0071", "mean of 2 seeds"]
    lower, upper = figure["data"][:2]
    std = 0.01 / 2**0.5
    assert (lower["y"][0], upper["y"][0]) == (pytest.approx(0.105 - std), pytest.approx(0.105 + std))
    dots = next(trace for trace in figure["data"] if trace["mode"] == "markers")
    assert sorted(set(dots["y"])) == pytest.approx([0.1, 0.11]), "a dot a seed"
    assert figure["layout"]["xaxis"]["title"]["text"] == "Code size"
    assert figure["layout"]["xaxis"]["type"] == "log", "doubling is a step"


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ([16, 32, 48], "linear"),
        ([2, 4, 8], "log"),
        ([1, 2, 3, 5], "linear"),
        ([1e-4, 1e-3, 1e-2], "log"),
        ([0, 1e-3, 1e-1], "category"),  # even steps, for 0 has no logarithm
        ([0, 0.25, 0.5], "linear"),
        ([5], "category"),
    ],
)
def test_numbers_lie_where_they_can_be_told_apart(given, kind):
    figure = drawn(swept({"training.weight_decay" if max(given) < 1 else "model.bottleneck.size": given}))
    assert figure["layout"]["xaxis"]["type"] == kind


def test_parallel_axes_hold_every_combination_and_name_words():
    sweep = swept(
        {"training.lr": {"low": 1e-4, "high": 1e-1, "log": True}, **ACTIVATION}, method="random", trials=40, seeds=1
    )
    (trace,) = drawn(sweep)["data"]
    rate, activation, score = trace["dimensions"]
    assert (rate["label"], activation["label"], score["label"]) == ("Learning rate", "Hidden activation", "MSE")
    assert len(rate["values"]) == len(score["values"]) == len({str(point.values) for point in sweep.points()})
    assert all(-4 <= value <= -1 for value in rate["values"]), "in powers of ten"
    assert list(rate["ticktext"]) == ["1e-4", "0.001", "0.01", "0.1"] or "0.001" in rate["ticktext"]
    assert list(activation["ticktext"]) == ["relu", "selu"]


def test_a_cell_that_has_no_run_is_empty():
    sweep = swept(SIZE | NOISE)
    rows = [
        row
        for row in rows_of(sweep, lambda point: 0.1)
        if row.values != {"model.bottleneck.size": 4, "corruption": "none"}
    ]
    (trace,) = sweep_figure(sweep, statistics.groups(sweep, rows, "mse", "none"), "mse", "none", "heat").to_dict()[
        "data"
    ]
    assert list(trace["x"]) == ["2", "4"]
    assert list(trace["y"]) == ["clean", "Gaussian noise,<br>σ 0.3"]
    assert trace["z"][0][1] is None
    assert trace["text"][0][1] == ""
    assert trace["reversescale"], "a low error is the dark end"


def test_one_seed_has_no_spread():
    figure = drawn(swept(ACTIVATION, seeds=1))
    (means,) = figure["data"]
    assert means["text"][0].endswith("1 seed, no spread")
    assert not means["error_y"]["visible"]


def test_scores_are_in_their_units():
    assert labels.score("wrong_digit_rate", 0.0312, 0.001) == "3.12 ± 0.10 %"
    assert (
        labels.heading("wrong_digit_rate", "gaussian:0.3", True)
        == "Wrong digits on test images with Gaussian noise, σ 0.3, %"
    )
    assert labels.score("psnr_db", 23.456, None) == "23.46 dB"
    assert labels.score("train_loss", 104.239, 1.2) == "104.2 ± 1.2"


def test_values_of_before_a_sweep_was_changed_keep_their_place():
    rows = rows_of(swept(SIZE), lambda point: 0.1)
    now = swept({"model.bottleneck.size": [4, 8]})
    figure = sweep_figure(now, statistics.groups(now, rows, "mse", "none"), "mse", "none", "lines").to_dict()
    assert list(figure["layout"]["xaxis"]["ticktext"]) == ["2", "4", "8"]


def test_values_that_read_alike_stay_two_columns():
    sweep = swept({"training.lr": [0.00012341, 0.00012342], **ACTIVATION})
    (trace,) = drawn(sweep, "heat")["data"]
    columns = [*trace["x"], *trace["y"]]
    assert len(set(columns)) == 4
    assert "0.00012341" in columns
