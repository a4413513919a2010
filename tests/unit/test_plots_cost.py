"""What being better costs: every run at its place under its name, nothing beside it that was not measured on the same
task, and names that do not lie on one another."""

import json

import pytest

from aecore import plots
from aecore.drawing import chart, write
from aecore.errors import UserError
from aecore.plots.cost import free_scores, scored
from aecore.plots.cost_labels import Mark, place_labels, spread_out
from aecore.reports.claims import gallery_run
from aecore.reports.tasks import own_presets, runs_of, tasks
from aecore.runs.run import EVALUATION, Run
from aecore.runs.store import Store
from tests.helpers.beyond import GALLERY, own_run

TASK = "colored-mnist/gaussian:0.3:clamp/snr_db"
NOISE = "gaussian:0.3:clamp"


@pytest.fixture
def shipped(store) -> Store:
    """All runs that ship, and the better one for report 004's task as if it did."""
    (store.root / "gallery").mkdir(parents=True)
    for run in GALLERY.iterdir():
        if run.name != "colored-unet":
            (store.root / "gallery" / run.name).symlink_to(run)
    own_run(store, "colored-unet", "colored-conv-twice", {"snr_db": 14.93}, parameters=482_019, device_name="Another")
    return store


def traces(figure) -> dict[str, dict]:
    return {trace["name"]: trace for trace in json.loads(figure.to_json())["data"]}


def test_every_run_of_the_task_stands_at_its_cost_and_score(shipped):
    runs = runs_of(tasks()[TASK], shipped)
    assert {"colored-conv", "colored-conv-twice", "colored-dropout", "colored-unet"} <= {run.name for run in runs}
    figure = plots.cost(*[run.run for run in runs], metric="snr_db", corruption=NOISE, names=[run.name for run in runs])
    found = traces(figure)
    own, reported = found["colored-unet"], found["colored-conv-twice"]
    assert (own["x"], own["y"], own["text"]) == ([482_019], [14.93], ["colored-unet"])
    assert (own["legendgroup"], reported["legendgroup"]) == ("beyond the reports", "the reports' runs")
    assert (reported["x"], reported["y"]) == ([200_915], [pytest.approx(10.5034, abs=1e-4)])
    assert figure.layout.xaxis.type == "log"
    by_time = plots.cost("colored-conv", "colored-unet", metric="snr_db", corruption=NOISE, against="seconds")
    seconds = gallery_run("colored-conv", shipped).metrics()[-1]["seconds"]  # type: ignore[union-attr]
    assert traces(by_time)["colored-conv"]["x"] == [pytest.approx(seconds)]
    assert by_time.layout.xaxis.title.text == "Training time (s), on different processors"


def test_what_needs_no_training_is_a_line_with_its_own_score(shipped):
    run = gallery_run("colored-conv", shipped)
    point = scored(run, "snr_db", NOISE)  # type: ignore[arg-type]
    entry = json.loads((GALLERY / "colored-conv" / EVALUATION).read_text())["evaluations"][0]
    best = max(method["metrics"]["snr_db"] for method in entry["classical"].values())
    assert point is not None
    assert free_scores([point], "snr_db") == [
        ("noisy input", entry["noisy_input"]["snr_db"]),
        ("non-local means (no network)", best),
    ]
    least = min(method["metrics"]["mse"] for method in entry["classical"].values())
    assert dict(free_scores([point], "mse"))["non-local means (no network)"] == least
    found = traces(plots.cost("colored-conv", metric="snr_db", corruption=NOISE))
    line = found["noisy input −1.34 dB"]
    assert set(line["y"]) == {entry["noisy_input"]["snr_db"]}
    clean = scored(run, "mse", "none")  # type: ignore[arg-type]
    assert clean is not None
    assert free_scores([clean], "mse") == []


def test_no_run_stands_beside_one_of_another_task(shipped):
    with pytest.raises(UserError, match="not measured on the same task"):
        plots.cost("colored-conv", "mnist-mlp8", metric="mse")
    # Noise of the same written strength that is half as strong, as for a model whose range is half as wide.
    weaker = Run(shipped.root / "gallery" / "colored-unet")
    entries = weaker.evaluation()
    for entry in entries:
        entry["noisy_input"]["mse"] /= 4
    weaker.file(EVALUATION).write_text(json.dumps({"evaluations": entries}))
    with pytest.raises(UserError, match="not measured on the same task"):
        plots.cost("colored-conv", "colored-unet", metric="mse", corruption=NOISE)
    assert [run.name for run in runs_of(tasks()[TASK], shipped)] == ["colored-unet"]


def test_runs_without_the_score_are_left_out_and_none_at_all_is_said(shipped):
    known = traces(plots.cost("colored-conv", "mnist-mlp8", metric="snr_db", corruption=NOISE))
    assert "colored-conv" in known
    assert "mnist-mlp8" not in known
    with pytest.raises(UserError, match="none of the runs has this score"):
        plots.cost("colored-conv", corruption="square:3")
    with pytest.raises(UserError, match="unknown score"):
        plots.cost("colored-conv", metric="beauty")


def test_every_goal_of_an_evaluation_has_its_task():
    goals = [(each.name, goal) for each in own_presets() for goal in each.goals]
    measured = {(name, goal.than) for name, goal in goals if not goal.metric.startswith(("samples", "negative"))}
    assert {pair for task in tasks().values() for pair in task.pairs} == measured
    assert tasks()[TASK].title == "Coloured MNIST · Gaussian noise, σ 0.3, clamped · SNR"
    assert tasks()["mnist/downscale:4/psnr_db"].pairs == (("mnist-superres", ""),)


def test_a_damaged_run_is_left_out_of_the_task(shipped):
    (shipped.root / "gallery" / "colored-unet" / EVALUATION).write_text("{")
    names = {run.name for run in runs_of(tasks()[TASK], shipped)}
    assert "colored-unet" not in names
    assert "colored-conv" in names


def test_names_lie_on_nothing_and_within_the_plot():
    points = [Mark(200_915, 10.2, "colored-conv-twice"), Mark(200_915, 9.99, "colored-conv")]
    points += [Mark(201_843, 7.38, "colored-dropout"), Mark(204_859, 6.2, "colored-vae"), Mark(482_019, 14.9, "u")]
    across, up = spread_out([mark.x for mark in points], [mark.y for mark in points])
    sides = place_labels([], points, across, up)[1]
    assert sides[0] != sides[1], "two runs with as many parameters have their names on different sides"
    assert across[0] < 5.3 < across[1]
    assert across[1] - across[0] > 1
    assert up[0] < 6.2
    assert up[1] > 14.9


def test_the_figure_is_drawn_without_a_browser_with_its_names(shipped):
    figure = plots.cost("colored-conv", "colored-unet", metric="snr_db", corruption=NOISE)
    svg = write(chart(figure.to_plotly_json()), "svg").decode()
    for text in ("colored-unet", "noisy input −1.34 dB", "non-local means (no network) 2.72 dB", "beyond the reports"):
        assert text in svg
