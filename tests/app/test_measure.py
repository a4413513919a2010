"""The page Measure without a browser: what it says of a run that was measured, of several, and of one that was not."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from aecore.jobs import measuring
from aecore.jobs.measuring import MeasuringProgress, folder_of, write_progress
from aecore.metrics.measure_names import MEASURES as NAMES
from aecore.metrics.measure_names import NAMED
from aecore.runs.measures import Measures, read_measures, write_measures
from aecore.runs.process import this_process
from aecore.runs.run import EXPERIMENT, MEASURES, WEIGHTS, Run
from dashboard.measure.best import clearly_best
from dashboard.measure.facts import facts
from dashboard.measure.numbers import grouped, lacking
from tests.helpers.pages import components, listing, page, texts
from tests.helpers.paths import GALLERY_RUN
from tests.helpers.runs import forget_sums

VAE = "colored-vae"


def charts(app) -> dict[str, dict]:
    """The figures on the page by the name that they have in the address."""
    sent = [json.loads(proto.json) for proto in components(app, "plotly_chart")]
    return {data["name"]: data["figure"] for data in sent}


def bodies(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def buttons(app) -> set[str]:
    return {button.label for button in app.button}


def tables(app) -> list[str]:
    return [element.proto.body for element in app.get("html") if "<table" in element.proto.body]


@pytest.fixture
def vae(gallery) -> Run:
    shutil.copytree(GALLERY_RUN.with_name(VAE), gallery.root / "gallery" / VAE)
    return Run(gallery.root / "gallery" / VAE)


def found_of(value: float = 0.5, data: str = "digits", **more) -> Measures:
    table = {"value": value, "low": value - 0.01, "high": value + 0.01, "pca": 0.4}
    about = {"data": data, "test_images": 500, "train_images": 1000, "corruption": "none"}
    return Measures({"linear_probe": table, **more}, {}, about)


def test_every_number_stands_with_its_interval_beside_what_it_is_held_against(gallery):
    app = page("measure", run="mnist-mlp8")
    card = next(element.proto.body for element in app.get("html") if "ae-numbers" in element.proto.body)
    found = read_measures(gallery.listed("mnist-mlp8"))
    assert found is not None
    assert card.count("<details>") == len(set(found.measures) & set(NAMED))
    assert "85.1 %<small>84.5–85.9</small>" in card
    assert "PCA of equal size <b>79.0 %</b>" in card
    assert NAMED["linear_probe"].misleads in card
    told = texts(app)
    assert "10,000 test images of mnist, clean" in told
    assert "Samples from the prior: the code has no prior" in told
    assert set(charts(app)) == {"labels", "rate", "classes", "units", "correlation"}
    assert bodies(app).count("<figure>") == 20
    assert "MSE 0.0893" in bodies(app)
    assert (
        "Fréchet distance 287.1 (282.7–293.2) · 62.5 % readable · 0.0 % possible copies · 10 of 10 classes"
        in bodies(app)
    )


@pytest.mark.parametrize("at_hand", [False, True])
def test_an_image_that_is_reconstructed_worst_leads_to_itself(gallery, monkeypatch, at_hand):
    """Where the image set is at hand: without it Restore has other images."""
    monkeypatch.setattr("dashboard.measure.images.data.prepared", lambda name: at_hand)
    found = read_measures(gallery.listed("mnist-mlp8"))
    assert found is not None
    worst = found.measures["reconstruction"]["worst"]
    shown = bodies(page("measure", run="mnist-mlp8"))
    links = re.findall(r'<a href="restore\?run=mnist-mlp8&amp;first=(\d+)"><img [^>]*alt="test image (\d+)"', shown)
    assert links == ([(str(row["image"]), str(row["image"])) for row in worst] if at_hand else [])
    assert shown.count("<figure><a") == len(worst)


def test_a_first_visit_begins_with_a_run_that_was_measured(gallery, trained):
    app = page("measure")
    assert app.multiselect[0].value == ["mnist-mlp8"]
    assert "85.1 %" in bodies(app)


def test_several_runs_stand_side_by_side(vae):
    app = page("measure", run=f"mnist-mlp8,{VAE}")
    (table,) = tables(app)
    assert "85.1 % <small>84.5–85.9</small>" in table
    assert "different images (colored-mnist, mnist)" in texts(app).replace("\\", "")
    assert [trace["name"] for trace in charts(app)["labels"]["data"]][:2] == ["A mnist-mlp8", f"B {VAE}"]
    assert "correlation" not in charts(app)
    assert "Bound the likelihood with 5,000 samples" not in buttons(app)
    assert "Bound the likelihood with 5,000 samples" in buttons(page("measure", run=VAE))


def test_runs_that_differ_in_their_seed_have_their_mean_and_spread(store, trained):
    """Two seeds with 80 % and 84 %: 82 % ± 2.8, the sample standard deviation."""
    other = Run(store.root / "runs" / "second-20260101-000000")
    shutil.copytree(trained.path, other.path)
    forget_sums(other)
    experiment = trained.experiment().changed({"training.seed": 7, "name": "second"})
    other.write_json(EXPERIMENT, experiment.model_dump(mode="json"))
    for run, value in ((trained, 0.80), (other, 0.84)):
        write_measures(run, found_of(value))
    wide = tables(page("measure", run=f"{trained.id},{other.id}"))[0]
    assert "Mean of 2 seeds" in wide
    assert "82.0 % ± 2.8" in wide
    other.write_json(EXPERIMENT, experiment.changed({"training.epochs": 9}).model_dump(mode="json"))
    assert "Mean of" not in tables(page("measure", run=f"{trained.id},{other.id}"))[0]


def test_best_is_only_what_is_better_by_more_than_the_intervals():
    probe, error = NAMED["linear_probe"], NAMED["reconstruction"]
    assert clearly_best(probe, [found_of(0.5), found_of(0.6), None]) == {1}
    assert clearly_best(probe, [found_of(0.5), found_of(0.515)]) == set()
    assert clearly_best(probe, [found_of(0.5), found_of(0.6, "mnist")]) == set(), "other images"
    few = Measures({"reconstruction": {"value": 0.1, "low": 0.09, "high": 0.11}}, {}, {"data": "digits"})
    many = Measures({"reconstruction": {"value": 0.2, "low": 0.19, "high": 0.21}}, {}, {"data": "digits"})
    assert clearly_best(error, [many, few]) == {1}
    assert clearly_best(NAMED["active_units"], [found_of(), found_of()]) == set()


def test_a_run_that_was_not_measured_says_so_and_can_be(trained, monkeypatch):
    asked = []
    monkeypatch.setattr(measuring, "start", lambda run, **how: asked.append((run.id, how)))
    app = page("measure", run=trained.id)
    assert "was not measured yet" in texts(app)
    app.button(key=f"measure-now-{trained.id}").click().run()
    assert asked == [(trained.id, {"again": False, "samples": 0, "strengths": False})]


def test_measures_of_other_weights_are_not_shown(trained):
    write_measures(trained, found_of())
    assert "49.0–51.0" in bodies(page("measure", run=trained.id))
    weights = trained.file(WEIGHTS).read_bytes()
    trained.write_files({WEIGHTS: weights[:-1] + bytes([weights[-1] ^ 1])})
    app = page("measure", run=trained.id)
    assert "measured with other weights than it has now; measure it again" in texts(app)
    assert "49.0–51.0" not in bodies(app)
    assert "Measure again" in buttons(app)
    assert "85.1" not in bodies(page("compare", runs=f"{trained.id}"))


@pytest.mark.parametrize("content", ["", "[]", '{"measures": 3, "lacking": {}}', "{"])
def test_a_damaged_file_is_told_in_a_line(trained, content):
    trained.file(MEASURES).write_text(content)
    forget_sums(trained)
    for app in (page("measure", run=trained.id), page("measure", run=f"{trained.id},{trained.id}")):
        assert "measures.json" in texts(app).replace("\\", "")
        assert "Measure again" in buttons(app)


def test_odd_tables_in_a_file_leave_the_rest(trained):
    odd = {
        "linear_probe": {"value": 0.5, "by_labels": [3, {"value": "x"}], "pca": "much"},
        "active_units": {"value": 3, "of": None, "variance": "x", "kl_nats": "y"},
        "samples_prior": {"value": 3.0, "readable": 7, "copies": {"value": "x"}, "by_class": 3},
        "anomaly_error": {"value": 0.5, "thresholds": [1, {"caught": "x"}], "left_out": 3, "roc": [[1]]},
        "reconstruction": {"value": 0.1, "worst": [{"image": 1}], "by_class": {}},
        "rate_distortion": {"value": 0.1, "curves": [1], "bytes": "x"},
        "likelihood": {"value": None, "samples": "x"},
        "unit_correlation": {"value": 0.1, "matrix": [[1, 2], 3]},
        "unheard_of": {"value": 1},
    }
    write_measures(trained, Measures(odd, {"unheard_of": "why not"}, {"test_images": "x", "seconds": "x"}))
    for app in (page("measure", run=trained.id), page("overview", columns="linear-probe")):
        assert not app.exception
    for named in NAMES:
        facts(named.name, odd.get(named.name, {}))
    assert lacking(Measures({}, {"a_b": "no"}, {})) == "Not measured. a\\_b: no."


def test_images_without_classes_have_no_probe(trained):
    why = "the images have no labels"
    found = Measures({"reconstruction": {"value": 0.1}}, dict.fromkeys(("linear_probe", "neighbours_1"), why), {})
    write_measures(trained, found)
    app = page("measure", run=trained.id)
    assert f"Linear probe, 1 nearest neighbour: {why}" in texts(app)
    assert "Classes in the code" not in bodies(app)


def test_what_is_running_is_watched_and_what_failed_is_told(trained):
    folder_of(trained).mkdir()
    write_progress(trained, MeasuringProgress("running", "nearest neighbours", 0.4, process=this_process()))
    app = page("measure", run=trained.id)
    assert "Stop" in buttons(app)
    assert "Measure" not in buttons(app)
    write_progress(trained, MeasuringProgress("failed", "samples", 0.4, error="the disk is full"))
    app = page("measure", run=trained.id)
    assert "Measuring failed: the disk is full" in texts(app)
    app.button(key=f"measure-dismiss-{trained.id}").click().run()
    assert "failed" not in texts(app)
    assert "Measure" in buttons(app)


def test_visitors_of_a_demo_see_measures_and_make_none(gallery, trained, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "train")
    assert "85.1 %" in bodies(page("measure", run="mnist-mlp8"))
    assert not {"Measure", "Measure again"} & (
        buttons(page("measure", run="mnist-mlp8")) | buttons(page("measure", run=trained.id))
    )


def test_an_unknown_run_in_a_link_is_said(gallery):
    app = page("measure", run="gone,mnist-mlp8")
    assert "no run “gone”" in texts(app)
    assert app.multiselect[0].value == ["mnist-mlp8"]
    assert app.query_params["run"] == "mnist-mlp8"


def test_the_list_of_runs_reads_measures_only_for_their_columns(gallery, trained, monkeypatch):
    read = []
    monkeypatch.setattr(
        "dashboard.widgets.run_columns.values", lambda run: read.append(run.id) or {"linear_probe": 0.5}
    )
    assert "Linear probe" not in listing(page()).columns
    assert read == []
    shown = listing(page(columns="linear-probe"))
    assert list(shown["Linear probe"]) == [0.5, 0.5]
    assert set(read) == {"mnist-mlp8", trained.id}


def test_every_measure_is_in_a_group():
    assert "Others" not in grouped()
