"""What the browser is given of a latent space, and the page that holds all of it."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from aecore import data
from aecore.errors import UserError
from aecore.inference import training_codes
from aecore.latent.codes import Codes
from aecore.latent.projection_store import Projection, read_projection
from aecore.runs.run import CODES, SNAPSHOTS, Run
from aecore.viewer import point_cloud
from aecore.viewer.html_export import cloud_page
from tests.helpers.paths import GALLERY_RUN, ROOT


@pytest.fixture
def run(store, monkeypatch) -> Run:
    """The shipped run, without its image set."""
    monkeypatch.setenv("AECORE_DATA", str(store.root / "no-data"))
    shutil.copytree(GALLERY_RUN, store.root / "gallery" / "mnist-mlp8")
    return Run(store.root / "gallery" / "mnist-mlp8")


def content(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="content">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def unpacked(part: dict, name: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(part[name]["base64"]), kind)


def test_sixteen_bits_hold_a_drawing():
    points = np.random.default_rng(0).normal(40, [1, 1000, 1e-3], (500, 3)).astype(np.float32)
    points[:, 2] = 7
    part = point_cloud.quantised(points)
    steps = np.frombuffer(part["coordinates"], "<u2").reshape(-1, 3)
    assert np.allclose(steps * np.array(part["step"]) + part["low"], points, atol=np.ptp(points, axis=0).max() / 6e4)


@pytest.mark.parametrize(("shape", "mime"), [((1, 28, 28), "image/png"), ((3, 32, 32), "image/webp")])
def test_every_image_lies_in_the_sheet_where_the_browser_looks(shape, mime):
    tiles = np.random.default_rng(0).integers(0, 256, (37, 1, 1, 1)) * np.ones(shape)
    part = point_cloud.atlas_part(tiles.astype(np.uint8), np.arange(37) * 3)
    assert part["mime"] == mime
    sheet = np.asarray(Image.open(io.BytesIO(part["image"])))
    assert np.array_equal(np.frombuffer(part["indices"], "<i4"), np.arange(37) * 3)
    for i in range(37):
        x, y = i % part["across"] * part["width"], i // part["across"] * part["height"]
        seen = sheet[y : y + part["height"], x : x + part["width"]].reshape(part["height"], part["width"], -1)[8, 8, 0]
        assert abs(int(seen) - int(tiles[i, 0, 0, 0])) < (1 if mime == "image/png" else 40)


def test_a_sheet_is_no_larger_than_browsers_take():
    tiles = np.zeros((3000, 1, 200, 300), np.uint8)
    part = point_cloud.atlas_part(tiles, np.arange(3000))
    width, height = Image.open(io.BytesIO(part["image"])).size
    assert max(width, height) <= point_cloud.LARGEST_SHEET
    assert len(part["indices"]) // 4 == width // 300 * (height // 200)


def test_codes_too_large_for_halves_stay_whole():
    def part(codes: np.ndarray) -> dict:
        numbers = np.arange(len(codes))
        return point_cloud.codes_part(
            Codes(codes, numbers.astype(np.uint8), numbers, numbers.astype(np.float32), "none")
        )

    small = part(np.array([[0.5, -2], [3, 4]], np.float32))
    assert small["half"]
    assert np.frombuffer(small["codes"], "<f2").tolist() == [0.5, -2, 3, 4]
    large = part(np.array([[1e6, -2], [3, 4]], np.float32))
    assert not large["half"]
    assert np.frombuffer(large["codes"], "<f4").tolist() == [1e6, -2, 3, 4]


def test_what_is_said_beside_it():
    made = Projection(
        "tsne",
        np.zeros((3000, 2), np.float32),
        (np.arange(3000) % 10).astype(np.uint8),
        np.arange(3000),
        {"corruption": "gaussian:0.3", "perplexity": 30.0, "iterations": 1000, "seed": 4},
        {"trustworthiness": 0.99997, "knn_accuracy": 0.5},
    )
    assert point_cloud.note(made).startswith(
        "t-SNE, 3,000 test images (Gaussian noise, σ 0.3), perplexity 30, 1,000 iterations, seed 4. "
    )
    assert [figure["text"] for figure in point_cloud.quality_scores(made)] == ["99.9 %", "50.0 %"]
    single = dataclasses.replace(made, labels=np.zeros(3000, np.uint8))
    assert [figure["name"] for figure in point_cloud.quality_scores(single)] == ["Trustworthiness"]
    train = dataclasses.replace(made, split="train")
    assert "3,000 training images" in point_cloud.note(train)
    assert point_cloud.view(train, "a", "b")["noun"] == "training image"
    equal = dataclasses.replace(made, parameters={"equal_codes": 3000}, quality={})
    assert point_cloud.note(equal).startswith("All 3,000 codes are equal")
    assert point_cloud.quality_scores(equal) == []
    assert point_cloud.axes(made) is None
    assert point_cloud.percent(1.0) == "100 %"


def test_a_page_of_training_images_has_their_images_and_codes(trained):
    codes = training_codes(trained, 300)
    page = content(cloud_page(trained, "pca", 2, codes))
    (view,), parts = page["data"]["views"], page["parts"]
    assert view["noun"] == "training image"
    assert unpacked(parts["points"], "indices", "<i4").max() == 1499
    assert np.array_equal(unpacked(parts["codes"], "indices", "<i4"), codes.indices)
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(parts["atlas"]["image"]["base64"]))))
    assert np.array_equal(sheet[:28, 28:56], data.load("digits-28").x_train[codes.indices[1], 0])
    with pytest.raises(UserError, match="--images train"):
        cloud_page(trained, "tsne", 2, codes)


def test_the_page_holds_everything_and_asks_for_nothing(run):
    page = cloud_page(run, "tsne", 3)
    held = content(page)
    projection = read_projection(run, "tsne", 3)
    assert projection is not None
    points, codes, atlas = (held["parts"][name] for name in ("points", "codes", "atlas"))
    assert np.array_equal(unpacked(points, "indices", "<i4"), projection.indices)
    assert np.array_equal(unpacked(points, "labels", "u1"), projection.labels)
    assert codes["width"] == 8
    assert len(unpacked(atlas, "indices", "<i4")) == len(projection.indices)
    assert len(held["parts"]["decoder"]["header"]["ops"]) > 2
    assert held["data"]["views"][0]["quality"]
    outside = re.findall(r'(?:src|href)\s*=\s*"[^#]', page.replace(json.dumps(held), ""))
    assert not outside
    assert "fetch(" not in page
    assert "LeCun" in page


def test_units_are_drawn_for_the_page_where_they_were_not(run):
    (run.path / "projections" / "units-2d.safetensors").unlink()
    assert content(cloud_page(run, "units", 2))["data"]["views"][0]["method"] == "units"
    assert not (run.path / "projections" / "units-2d.safetensors").exists()


@pytest.mark.parametrize(
    ("method", "dims", "words"),
    [
        ("tsne", 2, "has no tsne in 2D yet: compute it with `aecore project mnist-mlp8 --method tsne --dims 2`"),
        ("tnse", 2, "did you mean 'tsne'"),
        ("pca", 5, "2 or 3 dimensions, not 5"),
    ],
)
def test_what_is_not_there_is_one_line(run, method, dims, words):
    (run.path / "projections" / "tsne-2d.safetensors").unlink()
    with pytest.raises(UserError, match=re.escape(words)):
        cloud_page(run, method, dims)


def test_a_title_cannot_break_out_of_the_page(run):
    evil = "</script><img src=x onerror=alert(1)>"
    status = run.status()
    run.write_status(data=status["data"] | {"classes": [evil] * 10, "citation": evil})
    page = cloud_page(run, "pca", 2)
    assert evil not in page
    assert content(page)["data"]["classes"][0] == evil


def test_without_codes_and_pictures_the_points_are_still_there(run, monkeypatch):
    run.file(CODES).unlink()
    run.file(SNAPSHOTS).unlink()
    monkeypatch.setattr("aecore.data.thumbnails.SHIPPED", {})
    assert set(content(cloud_page(run, "tsne", 2))["parts"]) == {"points"}


def test_the_page_needs_no_torch(run):
    code = f"""
import sys
from pathlib import Path
from aecore.viewer.html_export import cloud_page
from aecore.runs.run import Run
cloud_page(Run(Path({str(run.path)!r})), "tsne", 3)
sys.exit(bool({{"torch", "streamlit"}} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT).returncode == 0
