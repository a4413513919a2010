"""Interpolate's directions without a browser: what is sent, what an address means, what is said where there is none."""

from __future__ import annotations

import base64
import json
import shutil

import numpy as np
import pytest

from aecore.latent.codes import read_codes
from aecore.latent.directions import pack_points
from aecore.runs.run import CODES, Run
from aecore.runs.store import Store
from dashboard.interpolate import along, directions
from dashboard.interpolate.check import checked
from tests.helpers.drawings import texts_of
from tests.helpers.pages import components, page, texts
from tests.helpers.paths import GALLERY_RUN


@pytest.fixture
def run(store: Store) -> Run:
    folder = store.root / "gallery" / "mnist-mlp8"
    shutil.copytree(GALLERY_RUN, folder)
    return Run(folder)


def sent(app) -> dict:
    return json.loads(components(app, "interpolate")[0].json)


def floats(packed: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), "<f4")


def test_class_pairs_are_differences_of_mean_codes(run):
    app = page("interpolate", mode="along", a="18", **{"from": "3", "to": "8"})
    data = sent(app)
    codes = read_codes(run)
    assert codes is not None
    assert codes.codes is not None
    wanted = codes.codes[codes.labels == 8].mean(axis=0) - codes.codes[codes.labels == 3].mean(axis=0)
    assert floats(data["direction"]["vector"]) == pytest.approx(wanted, abs=1e-4)
    assert (data["names"], data["direction"]["read"], data["direction"]["reach"]) == (["test image 18 · 3"], [3, 8], 2)
    assert data["shares"] == pytest.approx(np.linspace(0, 1, 9).tolist())
    assert data["direction"]["sampled"] == "48 test images of class 3"
    assert "standard deviations of the codes along it" in texts(app)
    app.selectbox(key="interpolate-to").set_value(9).run()
    assert sent(app)["direction"]["read"] == [3, 9]
    assert app.query_params["to"] == "9"


@pytest.mark.parametrize("kind", ["slant", "thickness"])
def test_quantities_have_units(run, kind):
    app = page("interpolate", mode="along", along=kind, at="0.750")
    data = sent(app)
    assert (data["direction"]["quantity"], data["place"]) == (kind, [0.75])
    assert (data["direction"]["unit"], data["direction"]["reach"]) == {"slant": ("°", 40), "thickness": (" px", 2)}[
        kind
    ]
    assert len(floats(data["direction"]["sample"])) == 48 * 8
    assert f"regression of the code on the {kind} of 3,000 test images" in texts(app)


def test_selected_points(run):
    codes = read_codes(run)
    assert codes is not None
    assert codes.codes is not None
    start, end = codes.indices[codes.labels == 3][:30], codes.indices[codes.labels == 8][:20]
    app = page(
        "interpolate", mode="along", along="points", start=pack_points(np.append(start, 1)), end=pack_points(end)
    )
    mean = [codes.codes[np.isin(codes.indices, chosen)].mean(axis=0) for chosen in (start, end)]
    assert floats(sent(app)["direction"]["vector"]) == pytest.approx(mean[1] - mean[0], abs=1e-4)
    assert "20 selected points (mostly 8) minus that of 30 selected points (mostly 3)" in texts(app)
    assert "1 further point has no code" in texts(app)


ONE_LINE = {
    "another class": ({"from": "3", "to": "77"}, "None of the run's codes is of class 77"),
    "twice the same": ({"from": "3", "to": "3"}, "Both classes are 3"),
    "damaged points": ({"along": "points", "start": "???", "end": "AA"}, "selection of points is damaged"),
    "one selection": ({"along": "points", "start": "AA"}, "has one selection of points"),
    "far too long": ({"along": "points", "start": "A" * 5000, "end": "AA"}, "longer than the 4,000 characters"),
    "other points": ({"along": "points", "start": pack_points(np.array([10**6])), "end": "AA"}, "keeps the code of no"),
    "no points yet": ({"along": "points"}, "Select points in Latent space"),
}


@pytest.mark.parametrize("case", ONE_LINE)
def test_what_is_no_direction_is_one_line(run, case):
    query, line = ONE_LINE[case]
    app = page("interpolate", mode="along", **query)
    assert line in texts(app)
    assert len(app.warning) + len(app.info) == 1
    assert not components(app, "interpolate")


def test_a_run_without_codes_and_one_without_strokes_say_so(run, store):
    run.file(CODES).unlink()
    assert "keeps no codes" in texts(page("interpolate", mode="along"))
    shutil.copytree(GALLERY_RUN.with_name("cifar-conv"), store.root / "gallery" / "cifar-conv")
    assert "no codes" in texts(page("interpolate", mode="along", along="slant", run="cifar-conv"))


def test_modes_change_and_old_addresses_mean_what_they_did(run):
    app = page("interpolate", run="mnist-mlp8", a="18", b="4")
    assert sent(app)["direction"] is None
    app.segmented_control(key="interpolate-mode").set_value("along").run()
    assert sent(app)["names"] == ["test image 18 · 3"]
    assert app.query_params["mode"] == "along"
    app.segmented_control(key="interpolate-along").set_value("slant").run()
    assert sent(app)["direction"]["quantity"] == "slant"
    app.segmented_control(key="interpolate-mode").set_value("two").run()
    assert (sent(app)["direction"], len(sent(app)["names"])) == (None, 2)
    assert "mode" not in app.query_params


def test_the_strip_as_a_file_says_what_was_measured(run):
    codes = read_codes(run)
    assert codes is not None
    image = run.snapshots()["clean"][:1].astype(np.float32) / 255
    slant = directions.of_quantity(run, codes, "slant")
    told = texts_of(along.strip(run, slant, image, "test image 7 · 3", 3))
    assert {"mnist-mlp8: along slant", "−40°", "0°", "+40°"} <= set(told)
    line = checked(run, slant)
    assert line.startswith("Measured on 48 test images: the slant changed by −28")
    assert " ".join(told).count("on average") == 2
    pair = checked(run, directions.of_classes(run, codes, 3, 8))
    assert pair.startswith("Of 48 test images of class 3, the classifier reads 8 in ")


def test_of_a_network_too_large_for_the_browser_the_server_shows_the_strip(run, monkeypatch):
    monkeypatch.setattr("dashboard.cache.networks.payload", lambda *_: None)
    app = page("interpolate", mode="along", along="slant")
    assert "cannot run in the browser" in texts(app)
    assert not components(app, "interpolate")
    assert len(app.get("image")) == 1


def test_codes_of_corrupted_images_are_said_to_be_so(store):
    shutil.copytree(GALLERY_RUN.with_name("colored-vae"), store.root / "gallery" / "colored-vae")
    app = page("interpolate", mode="along")
    assert "encoded with the training corruption gaussian:0.3:clamp" in texts(app).replace("\\", "")
    assert sent(app)["shape"][0] == 3
