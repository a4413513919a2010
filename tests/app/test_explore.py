"""Interpolate, Generate and Compare without a browser: what they send, their addresses, what they say without data."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from aecore.drawing import Picture
from aecore.latent.interpolation import interpolate
from aecore.models.architecture import plan
from aecore.runs.run import CODES, SNAPSHOTS, WEIGHTS, Run
from aecore.runs.store import Store
from aecore.viewer.units import gains_of, units_of
from dashboard.cache import codes as cached_codes
from dashboard.cache import models
from dashboard.compare import tables
from dashboard.generate.export import random_sheet, traversal_sheet
from dashboard.generate.filters import filters_of, sheet
from dashboard.interpolate.export import Interpolation, gif, plane_sheet, strip
from tests.helpers.beyond import linear_run
from tests.helpers.drawings import texts_of
from tests.helpers.pages import components, page, texts
from tests.helpers.paths import GALLERY_RUN, ROOT


@pytest.fixture
def gallery(store: Store) -> Store:
    for name in ("mnist-mlp8", "mnist-selu-2-clean", "colored-vae"):
        shutil.copytree(GALLERY_RUN.with_name(name), store.root / "gallery" / name)
    return store


def sent(app: AppTest, name: str) -> dict:
    """What a component was given."""
    return json.loads(components(app, name)[0].json)


def images_in(packed: str, shape: list[int]) -> np.ndarray:
    channels, height, width = shape
    return np.frombuffer(base64.b64decode(packed), "<f4").reshape(-1, height, width, channels)


# ---- Interpolate -------------------------------------------------------------------------------------


def test_interpolation_begins_with_a_three_and_a_four_of_what_ships(gallery):
    app = page("interpolate")
    data = sent(app, "interpolate")
    assert [name.rpartition(" ")[2] for name in data["names"]] == ["3", "4"]
    assert data["shares"] == pytest.approx(np.linspace(0, 1, 10).tolist(), abs=1e-5)
    assert images_in(data["ends"], data["shape"]).max() == 1
    assert all(data[part] for part in ("encoder", "decoder", "reader", "codes"))
    assert "not on this machine" in texts(app)


def test_a_link_brings_back_the_whole_view(gallery):
    query = {"run": "colored-vae", "a": "3", "b": "4", "path": "arc", "steps": "open end", "n": "5", "at": "0.250"}
    app = page("interpolate", **query)
    data = sent(app, "interpolate")
    assert data["names"] == ["test image 3 · 0", "test image 4 · 4"]
    assert (data["path"], data["place"][0], data["shares"]) == ("arc", 0.25, [0, 0.2, 0.4, 0.6, 0.8])
    assert {name: app.query_params[name] for name in query} == query


@pytest.mark.parametrize(
    "query", [{"n": "900"}, {"n": "x"}, {"a": "-3"}, {"at": "nan"}, {"path": "zigzag"}, {"noise": "b"}]
)
def test_nonsense_in_the_address_is_the_usual(gallery, query):
    data = sent(page("interpolate", **query), "interpolate")
    assert (len(data["shares"]), data["path"]) == (10, "line")


def test_a_stale_run_is_said_and_another_shown(gallery):
    app = page("interpolate", run="gone")
    assert "no run “gone”" in texts(app)
    assert sent(app, "interpolate")["names"]


def test_four_corners_and_noise(gallery):
    app = page("interpolate", mode="four", side="5", noise="gaussian:0.3", run="mnist-mlp8")
    data = sent(app, "interpolate")
    assert (len(data["names"]), data["plane"], data["side"]) == (4, True, 5)
    noisy = images_in(data["ends"], data["shape"])
    assert noisy.min() < -0.3
    assert app.query_params["noise"] == "gaussian:0.3"
    app.button(key="interpolate-again").click().run()
    other = images_in(sent(app, "interpolate")["ends"], data["shape"])
    assert not np.array_equal(noisy, other)
    assert app.query_params["draw"] == "1"


def test_a_way_through_several_images_has_all_of_them_on_it(gallery):
    query = {"run": "mnist-mlp8", "mode": "several", "stops": "5", "between": "1", "path": "arc", "at": "0.250"}
    app = page("interpolate", **query)
    data = sent(app, "interpolate")
    assert [name.rpartition(" ")[2] for name in data["names"]] == ["3", "4", "0", "9", "7"]
    assert data["shares"] == pytest.approx([0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1])
    assert (data["plane"], data["path"], data["place"][0]) == (False, "arc", 0.25)
    assert {name: app.query_params[name] for name in query} == query
    app.number_input(key="interpolate-stops").set_value(3).run()
    fewer = sent(app, "interpolate")
    assert fewer["names"] == data["names"][:3]
    assert len(fewer["shares"]) == 5


@pytest.mark.parametrize("query", [{"stops": "2"}, {"stops": "7"}, {"between": "99"}, {"stops": "x"}])
def test_a_way_has_three_to_six_images(gallery, query):
    data = sent(page("interpolate", mode="several", **query), "interpolate")
    assert (len(data["names"]), len(data["shares"])) == (4, 13)


def test_chance_keeps_the_class(gallery):
    app = page("interpolate")
    app.selectbox(key="interpolate-class-a").set_value("7").run()
    first = sent(app, "interpolate")["names"][0]
    assert first.endswith("· 7")
    names = set()
    for _ in range(4):
        app.button(key="interpolate-chance-a").click().run()
        names.add(sent(app, "interpolate")["names"][0])
    assert all(name.endswith("· 7") for name in names)
    assert len(names | {first}) > 1


def test_without_codes_and_pictures_the_panel_is_walked(trained, monkeypatch, tmp_path):
    trained.file(CODES).unlink()
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    app = page("interpolate")
    assert sent(app, "interpolate")["codes"] is None
    panel = trained.snapshots()["indices"].tolist()
    assert {int(name.split()[2]) for name in sent(app, "interpolate")["names"]} <= set(panel)
    trained.file(SNAPSHOTS).unlink()
    assert "has no stored images" in texts(page("interpolate"))


def test_without_weights_it_says_how_to_begin(store):
    for name in ("interpolate", "generate"):
        assert "Train one first" in texts(page(name))
    assert "Choose 2 more runs" in texts(page("compare"))


def test_files_of_the_way(gallery):
    run = Run(gallery.root / "gallery" / "mnist-mlp8")
    images = run.snapshots()["clean"][:4].astype(np.float32) / 255
    way = Interpolation(images[:2], ("a 3", "a 4"), "line", (0.0, 0.5, 1.0), 0, (3, 4))
    drawn = strip(run, way)
    pictures = [item for item in drawn.items if isinstance(item, Picture)]
    assert len(pictures) == 2 * 5
    several = Interpolation(images, ("a 3", "a 4", "a 0", "a 9"), "line", (0.0, 1 / 3, 0.5, 1.0), 0, (3, 4, 0, 9))
    through = strip(run, several)
    assert len([item for item in through.items if isinstance(item, Picture)]) == 2 * 6
    assert "Through a 3 at 0%, a 4 at 33%, a 0 at 67%, a 9 at 100%." in " ".join(texts_of(through))
    assert several.label_at(np.array([0, 0.2, 0.34, 0.6, 1])).tolist() == [3, 4, 4, 0, 9]
    codes = models.codes_of_images(run, images[:2])
    middle = models.decoded(run, interpolate(codes[0], codes[1], 3))[1, 0]
    assert np.abs(pictures[2].pixels - np.clip(middle, 0, 1) * 255).max() <= 0.51
    assert np.abs(pictures[7].pixels - (images[0, 0] + images[1, 0]) / 2 * 255).max() <= 0.51
    told = texts_of(drawn)
    assert {"mnist-mlp8: interpolation along a line", "50%", "a 3", "a 4", "pixel cross-fade"} <= set(told)
    plane = plane_sheet(run, way._replace(images=images, names=("a", "b", "c", "d"), side=3, labels=(3, 4, 5, 6)))
    assert sum(isinstance(item, Picture) for item in plane.items) == 9
    assert any("bottom left c" in text for text in texts_of(plane))
    moving = Image.open(io.BytesIO(gif(run, way)))
    assert getattr(moving, "n_frames", 1) > 40
    assert moving.size == (39 * 28, 39 * 28), "at least 1080 pixels, by a whole factor"
    frame = np.asarray(moving.convert("L"))
    assert (frame == frame[::39, ::39].repeat(39, axis=0).repeat(39, axis=1)).all(), "no pixel is smoothed"


# ---- Generate ----------------------------------------------------------------------------------------


def test_sliders_know_the_real_codes(gallery):
    data = sent(page("generate", run="mnist-selu-2-clean"), "generate")
    codes = np.array(data["units"][0]["histogram"]).sum()
    assert (len(data["units"]), codes, data["view"]) == (2, 3000, "units")


def test_random_codes_come_from_the_seed_in_the_address(gallery):
    query = {"run": "mnist-selu-2-clean", "view": "random", "draw": "normal", "seed": "7", "n": "12"}
    data = sent(page("generate", **query), "generate")
    vectors = np.frombuffer(base64.b64decode(data["random"]), "<f4").reshape(-1, 2)
    assert np.allclose(vectors, np.random.default_rng(7).standard_normal((12, 2)), atol=1e-6)


def test_a_vae_offers_its_prior_and_knows_its_inactive_units(gallery):
    app = page("generate", run="colored-vae", view="random")
    assert app.selectbox(key="generate-draw").value == "normal"
    assert "Prior, N(0, 1)" in app.selectbox(key="generate-draw").options
    units = sent(app, "generate")["units"]
    assert 0 < sum(unit["inactive"] for unit in units) < 20


def test_a_linked_code_is_under_the_sliders(gallery):
    data = sent(page("generate", run="mnist-selu-2-clean", code="1.5,-2"), "generate")
    assert data["vector"] == [1.5, -2]
    for nonsense in ("1,x", "nan,1", "1e9,2"):
        assert sent(page("generate", run="mnist-selu-2-clean", code=nonsense), "generate")["vector"] is None


def test_a_map_of_a_wide_code_has_a_slider_a_channel(store):
    shutil.copytree(GALLERY_RUN.with_name("cifar-conv"), store.root / "gallery" / "cifar-conv")
    app = page("generate")
    data = sent(app, "generate")
    assert data["map"] == [8, 28, 28]
    assert [unit["high"] for unit in data["units"]] == [2.0] * 8
    assert "8 channels, 28×28" in texts(app)


@pytest.fixture
def tied(gallery) -> Run:
    return linear_run(gallery)


def test_a_linear_decoder_shows_its_filters(tied):
    app = page("generate", run="mnist-tied", view="filters")
    assert not app.error
    data = sent(app, "generate")
    order, units = data["filters"]["order"], data["units"]
    shades = np.frombuffer(base64.b64decode(data["filters"]["shades"]), np.int8).reshape(8, 784)
    assert shades.argmax(1).tolist() == order
    assert sorted(order) == list(range(8))
    assert [unit for unit in order if units[unit]["dead"]] == order[len(order) - sum(u["dead"] for u in units) :]
    assert "One scale for all" in texts(app)
    kept = cached_codes.codes(tied).codes  # type: ignore[union-attr]
    solved = plan(tied.experiment().model, (1, 28, 28))
    drawn = sheet(tied, filters_of(tied, solved, kept, units_of(kept, False)))  # type: ignore[arg-type]
    assert len([item for item in drawn.items if isinstance(item, Picture)]) == 8


def test_filters_are_offered_for_a_linear_decoder_alone(gallery):
    app = page("generate", run="mnist-selu-2-clean", view="filters")
    assert sent(app, "generate")["view"] == "units"
    assert sent(app, "generate")["filters"] is None
    assert "Filters" not in app.button_group[0].options


def test_units_tell_dead_from_inactive():
    codes = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32) * [0, 0.05, 1] + [3, 0, 0]
    plain, means = units_of(codes, gaussian=False), units_of(codes, gaussian=True)
    assert [unit["dead"] for unit in plain] == [True, False, False]
    assert [unit["inactive"] for unit in plain] == [False] * 3
    assert [unit["inactive"] for unit in means] == [False, True, False]
    assert [gain["high"] for gain in gains_of(2)] == [2.0, 2.0]


def test_sheets_as_files(gallery):
    run = Run(gallery.root / "gallery" / "mnist-selu-2-clean")
    codes = cached_codes.codes(run)
    assert codes is not None
    assert codes.codes is not None
    drawn = random_sheet(run, codes.codes[:12], "uniform, seed 3")
    assert sum(isinstance(item, Picture) for item in drawn.items) == 12
    assert f"{run.title()}: 12 random codes, uniform, seed 3" in texts_of(drawn)
    assert f"{codes.codes[0, 0]:.2f}" in texts_of(drawn), "the code above its image"
    units = units_of(codes.codes, False)
    swept = traversal_sheet(run, codes.codes[0], units, "the start image")
    alive = [unit for unit in units if not unit["dead"]]
    assert sum(isinstance(item, Picture) for item in swept.items) == 9 * len(alive)
    assert {f"unit {unit['index'] + 1}" for unit in alive} <= set(texts_of(swept))


# ---- Compare -----------------------------------------------------------------------------------------


def test_two_runs_in_numbers(gallery):
    app = page("compare", runs="mnist-selu-2-clean,mnist-mlp8", base="mnist-mlp8")
    table, measures, settings = (element.proto.body for element in app.get("html") if "<table" in element.proto.body)
    assert "best" in table
    assert "<small>84.5–85.9</small>" in measures
    assert "ae-against ae-down" in table
    assert "model.bottleneck.size" in settings
    assert "training.optimizer" not in settings
    assert "under its own training corruption" in texts(app)
    chart = sent(app, "plotly_chart")["figure"]
    assert [trace["name"] for trace in chart["data"]] == ["A mnist-selu-2-clean", "B mnist-mlp8"]


def test_one_run_alone_is_not_compared(gallery):
    assert "Choose 1 more run " in texts(page("compare", runs="mnist-mlp8"))


def test_runs_of_other_images_are_left_out_by_name(gallery):
    app = page("compare", runs="mnist-mlp8,colored-vae,mnist-selu-2-clean", view="images")
    assert "Left out" in texts(app)
    assert [run["title"] for run in sent(app, "compare")["runs"]] == ["mnist-mlp8", "mnist-selu-2-clean"]


def test_a_damaged_or_unknown_run_in_the_link_is_said(gallery):
    app = page("compare", runs="mnist-mlp8,gone,mnist-selu-2-clean", view="way", at="0.3")
    assert "no run “gone”" in texts(app)
    assert sent(app, "compare")["place"] == 0.3


def test_the_best_is_marked_only_where_there_is_one():
    def line(values, higher):
        return tables.Line("x", values, "{:.1f}".format, higher)

    assert tables.best(line([1, 2, None], True)) == {1}
    assert tables.best(line([1, 2, 1], False)) == {0, 2}
    assert tables.best(line([1, 1], True)) == set()
    assert tables.best(line([1, None], True)) == set()
    assert tables.best(line([1, 2], None)) == set()


# ---- without torch -----------------------------------------------------------------------------------

WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("streamlit_app.py", default_timeout=60).run()
for name in ("overview", "interpolate", "generate", "compare", "latent", "measure", "replay", "reports"):
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception, (name, app.exception)
    assert not app.error, (name, [error.value for error in app.error])
for view in ("images", "way", "space"):
    app.switch_page("pages/compare.py")
    app.query_params["view"] = view
    app.run()
    assert not app.exception, (view, app.exception)
"""


def test_what_is_cached_is_shown_without_torch_and_without_data(gallery, monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_run_without_weights_is_not_offered(gallery):
    (gallery.root / "gallery" / "mnist-mlp8" / WEIGHTS).unlink()
    assert "mnist-mlp8" not in page("interpolate").selectbox(key="interpolate-run").options
