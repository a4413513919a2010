"""The Latent space page without a browser: what it sends, what it offers, and what it says about what is not there."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image
from streamlit.testing.v1 import AppTest

from aecore import data
from aecore.jobs import projection as projection_job
from aecore.latent.codes import read_codes
from aecore.latent.projection_store import projection_folder, read_projection
from aecore.latent.request import ProjectionRequest, code_size
from aecore.runs.run import CODES, WEIGHTS, Run
from tests.helpers.pages import components
from tests.helpers.paths import GALLERY_RUN, ROOT


@pytest.fixture
def shipped(store) -> Run:
    """The shipped run, without its image set."""
    shutil.copytree(GALLERY_RUN, store.root / "gallery" / "mnist-mlp8")
    return Run(store.root / "gallery" / "mnist-mlp8")


def without_codes(run: Run) -> None:
    """Leave the errors alone, as of codes that are too wide to be kept."""
    tensors = safetensors.numpy.load_file(run.file(CODES))
    del tensors["codes"]
    run.write_files({CODES: safetensors.numpy.save(tensors, {"about": json.dumps({"corruption": "none"})})})


def page(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    app.switch_page("pages/latent.py")
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def sent(app: AppTest) -> dict[str, Any]:
    """What the cloud is told."""
    (cloud,) = components(app, "cloud")
    return json.loads(cloud.json)


def parts(app: AppTest) -> dict[str, dict[str, Any]]:
    """What was shipped by this run of the page, by name; what was shipped before comes as a name alone."""
    found = {}
    for node in components(app, "assets"):
        length = int.from_bytes(node.bytes[:4], "little")
        head = json.loads(node.bytes[4 : 4 + length])
        if head["parts"] is None:
            continue
        blobs = {part: node.bytes[4 + length :][slice(*span)] for part, span in head["blobs"].items()}
        found[head["name"]] = head["parts"] | blobs
    return found


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.error, *app.warning, *app.info, *app.markdown, *app.caption))


def test_a_first_visit_shows_the_first_shipped_run_in_three_dimensions(shipped):
    app = page()
    (view,) = sent(app)["views"]
    assert (view["method"], view["dims"]) == ("tsne", 3)
    there, projection = parts(app), read_projection(shipped, "tsne", 3)
    assert projection is not None
    points, codes, atlas, decoder = (there[view[name]] for name in ("points", "codes", "atlas", "decoder"))
    assert np.array_equal(np.frombuffer(points["indices"], "<i4"), projection.indices)
    assert codes["width"] == 8
    assert set(projection.indices) <= set(np.frombuffer(atlas["indices"], "<i4"))
    assert decoder["header"]["code_size"] == 8
    assert view["quality"][0]["name"] == "Trustworthiness"
    assert sent(app)["classes"] == list("0123456789")


def test_what_is_small_says_nothing_of_what_is_large(shipped):
    app = page()
    assert len(components(app, "cloud")[0].json) < 4000


def test_a_link_names_run_drawing_and_first_look(shipped):
    app = page(run="mnist-mlp8", method="pca", dims="2", point="12", color="error")
    data = sent(app)
    assert (data["views"][0]["method"], data["views"][0]["dims"]) == ("pca", 2)
    assert data["views"][0]["axes"] == ["PC 1", "PC 2"]
    assert data["start"] == {"point": "12", "color": "error"}
    assert "point" not in app.query_params
    app.segmented_control(key="latent-method").set_value("units").run()
    assert app.query_params["method"] == "units"
    assert sent(app)["views"][0]["method"] == "units"


@pytest.mark.parametrize("query", [{"method": "x"}, {"dims": "7"}, {"dims": "x"}])
def test_a_senseless_link_shows_what_there_is(shipped, query):
    assert sent(page(run="mnist-mlp8", **query))["views"][0]["dims"] == 3


def test_the_codes_and_pictures_are_the_same_payload_in_every_drawing(shipped):
    views = [sent(page(method=method, dims="2"))["views"][0] for method in ("pca", "tsne")]
    assert all(views[0][name] == views[1][name] for name in ("codes", "atlas", "decoder"))
    assert views[0]["points"] != views[1]["points"]


def test_a_run_without_a_tsne_shows_its_pca_and_keeps_it(trained):
    app = page(run=trained.id, method="tsne")
    assert "This run has no t-SNE in 3D yet; this is its PCA" in texts(app)
    assert sent(app)["views"][0]["method"] == "pca"
    assert read_projection(trained, "pca", 3) is not None
    assert not app.get("button")[0].disabled  # type: ignore[attr-defined]
    assert sent(page(run=trained.id))["views"][0]["method"] == "pca"


def test_without_codes_images_and_drawings_the_page_says_so(shipped):
    shutil.rmtree(shipped.path / "projections")
    shipped.file(CODES).unlink()
    app = page()
    assert "This run has no PCA in 3D yet" in texts(app)
    assert "there is nothing to project" in texts(app)
    assert not components(app, "cloud")


def test_wide_codes_are_not_kept_and_the_points_are_shown(shipped):
    without_codes(shipped)
    app = page()
    view = sent(app)["views"][0]
    decoder = parts(app)[view["decoder"]]
    assert parts(app)[view["codes"]]["width"] == 0
    assert decoder["before"]["ops"]


def test_with_images_but_without_codes_a_projection_is_offered_once(trained):
    """As after a training whose code is too wide to be kept."""
    without_codes(trained)
    for dims in ("2", "3"):
        app = page(run=trained.id, method="tsne", dims=dims)
        assert not app.exception
        assert "*New projection* computes one" in texts(app)
        assert [one.key for one in app.number_input if one.key == "new-seed"] == ["new-seed"]


def test_damaged_drawings_and_stale_links_are_one_line(shipped):
    assert "There is no run “gone” with weights here" in texts(page(run="gone"))
    (shipped.path / "projections" / "tsne-3d.safetensors").write_bytes(b"nonsense")
    app = page(method="tsne", dims="3")
    assert len(app.error) == 1
    assert "tsne-3d.safetensors is damaged" in app.error[0].value


def test_a_code_of_one_unit_has_nothing_to_draw(shipped):
    shipped.write_status(code_size=1)
    assert "has a code of size 1: there is nothing to project" in texts(page())


def test_a_job_in_progress_is_watched_and_stopped(trained, forked_jobs):
    projection_job.start(trained, ProjectionRequest("tsne", 2, 250, 20, 10_000))
    for _ in range(200):
        now = projection_job.read_progress(trained)
        if now is not None and now.coordinates is not None:
            break
        time.sleep(0.1)
    app = page(run=trained.id, method="tsne", dims="2")
    data = sent(app)
    assert data["views"][0]["moving"]
    (frame,) = components(app, "cloud-frames")
    head = json.loads(frame.bytes[4 : 4 + int.from_bytes(frame.bytes[:4], "little")])
    assert head["channel"] == data["views"][0]["live"]
    assert "of 10,000 iterations" in head["text"]
    other = page(run=trained.id, method="pca", dims="2")
    assert "t-SNE in 2D of 250 test images is being computed" in texts(other)
    app.button(key="latent-stop").click().run()
    assert projection_job.read_progress(trained) is None
    assert "this is its PCA" in texts(app)


def test_a_failed_job_is_told_and_dismissed(shipped):
    projection_folder(shipped).mkdir(parents=True)
    request = ProjectionRequest("pca", 2, 90)
    projection_job.write_progress(
        shipped, projection_job.ProjectionProgress("failed", request, "", 0, 0, {}, "the disk is full")
    )
    app = page()
    assert "PCA in 2D of 90 test images: the disk is full" in texts(app)
    app.button(key="latent-dismiss").click().run()
    assert "the disk is full" not in texts(app)


def test_a_new_drawing_of_a_shipped_run_has_a_way_back(shipped):
    projection_job.work(shipped, ProjectionRequest("pca", 2, 300))
    app = page(method="pca", dims="2")
    assert "300 test images" in sent(app)["views"][0]["note"]
    app.button(key="latent-restore").click().run()
    assert "3,000 test images" in sent(app)["views"][0]["note"]


def test_wrong_settings_are_told_where_they_are(trained):
    app = page(run=trained.id)
    app.number_input(key="new-perplexity").set_value(200.0).run()
    app.button(key="new-start").click().run()
    assert any("needs more than 601 points" in error.value for error in app.error)


def test_a_demo_makes_no_new_drawings(shipped, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "1")
    app = page()
    assert sent(app)["views"]
    assert not [button for button in app.button if button.key == "new-start"]


def test_a_corrupted_image_is_placed_where_its_code_belongs(trained):
    app = page(run=trained.id, method="pca", dims="2")
    app.session_state["latent-place"] = True
    app.run()
    extra = sent(app)["views"][0]["extra"]
    assert "test image 0" in extra["title"]
    assert len(extra["code"]) == code_size(trained)
    assert "Exact" in extra["note"]
    before = extra["place"]
    app.number_input(key="newcomer-number").set_value(5).run()
    assert sent(app)["views"][0]["extra"]["place"] != before


def test_looking_needs_no_torch(shipped):
    code = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("streamlit_app.py", default_timeout=60).run()
app.switch_page("pages/latent.py").run()
assert not app.exception and app.get("bidi_component")
sys.exit("torch" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT).returncode == 0
    assert shipped.file(WEIGHTS).exists()


def test_training_images_are_shown_where_they_are_here(trained):
    app = page(run=trained.id, method="pca", dims="3")
    assert sent(app)["views"][0]["noun"] == "test image"
    next(each for each in app.segmented_control if each.key == "latent-images").set_value("train").run()
    assert not app.exception
    assert app.query_params["images"] == ["train"] or app.query_params["images"] == "train"
    (view,) = sent(app)["views"]
    assert view["noun"] == "training image"
    there = parts(app)
    indices = np.frombuffer(there[view["points"]]["indices"], "<i4")
    assert indices.max() == 1499, "the last of 1,500 training images; there are 297 test images"
    assert np.isin(indices, np.frombuffer(there[view["codes"]]["indices"], "<i4")).all()
    made = read_projection(trained, "pca", 3, split="train")
    assert made is not None
    assert np.array_equal(made.indices, indices)
    sheet = np.asarray(Image.open(io.BytesIO(there[view["atlas"]]["image"])))
    first = data.load("digits-28").x_train[np.frombuffer(there[view["atlas"]]["indices"], "<i4")[0], 0]
    assert np.array_equal(sheet[:28, :28], first), "their own images, not the test images of the same numbers"


def test_without_the_image_set_only_test_images_are_offered(shipped, monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    app = page(run="mnist-mlp8", images="train")
    assert not [each for each in app.segmented_control if each.key == "latent-images"]
    assert "training images of this run are not on this machine" in texts(app)
    assert sent(app)["views"][0]["noun"] == "test image"


def test_equal_codes_are_said_to_be(trained):
    kept = read_codes(trained)
    assert kept is not None
    assert kept.codes is not None
    replace(kept, codes=np.ones_like(kept.codes)).save(trained)
    app = page(run=trained.id, method="pca", dims="2")
    assert "All 297 codes are equal" in texts(app)
    (view,) = sent(app)["views"]
    assert view["quality"] == []
    assert "All 297 codes are equal" in view["note"]
