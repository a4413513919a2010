"""Figures for a report: every sheet, film and cloud with the names and scores of its page."""

import csv
import html
import io
import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from aecore.config.corruption import Corruption
from aecore.drawing import Picture, Text
from aecore.latent.codes import read_codes
from aecore.latent.points_csv import points_csv
from aecore.latent.projection_store import read_projection
from aecore.runs.run import STATUS, Run
from aecore.runs.store import Store
from dashboard.cache.images import image_info
from dashboard.cache.images import test_images as images_of
from dashboard.compare import export as compare
from dashboard.interpolate.export import Interpolation
from dashboard.latent import export as latent
from dashboard.replay import export as replay
from dashboard.replay.reel import reel
from dashboard.restore import export as restore
from dashboard.restore import rows as comparison
from dashboard.restore.batch import TEST_ORDER, from_test_set
from dashboard.widgets.image_picker import Chosen
from tests.helpers.drawings import texts_of
from tests.helpers.pages import components, page
from tests.helpers.paths import GALLERY_RUN

NAMES = ["A mnist-mlp8", "B mnist-selu-2-clean"]
SHIPPED = ("mnist-mlp8", "mnist-selu-2-clean", "cifar-conv-denoise")


@pytest.fixture
def gallery(store: Store) -> Store:
    for name in SHIPPED:
        shutil.copytree(GALLERY_RUN.with_name(name), store.root / "gallery" / name)
    return store


def run_named(store: Store, name: str) -> Run:
    return Run(store.root / "gallery" / name)


def pictures(drawing):
    return [item for item in drawing.items if isinstance(item, Picture)]


def buttons(app) -> list[str]:
    return [node.proto.label for node in app.get("download_button")]


def test_the_restore_sheet_has_the_scores_that_the_page_shows(gallery):
    run = run_named(gallery, "mnist-mlp8")
    app = page("restore", run="mnist-mlp8", view="sheet", noise="gaussian:0.3:clamp")
    shown_html = next(node.proto.body for node in app.get("html") if 'class="ae-sheet"' in node.proto.body)
    on_page = re.findall(r"<span(?: class=\"ae-better\")?>([^<]+ dB · [\d.]+)</span>", html.unescape(shown_html))
    corruption = Corruption.parse("gaussian:0.3:clamp")
    count = len(on_page) // 2
    batch = from_test_set(run, image_info(run), images_of(run), slice(0, count), TEST_ORDER, corruption, 0)
    rows = comparison.of_model(run, batch, corruption)
    drawn = restore.drawing(run, corruption, batch, rows, 0.5)
    told = texts_of(drawn)
    captions = [text for text in told if re.fullmatch(r"[\d.]+ dB · [\d.]+", text)]
    assert count > 1
    assert sorted(captions) == sorted(on_page)
    assert {"clean", "noisy", "reconstructed", "error", batch.titles[0]} <= set(told)
    assert f"mnist-mlp8: {corruption.label}" in told
    assert len(pictures(drawn)) == 4 * count + 1, "with the legend of the errors"
    means = " ".join(told)
    assert f"PSNR {np.mean(batch.result.output_scores['psnr_db']):.2f} dB" in means
    assert {"PNG image", "PNG for print", "SVG", "PDF"} <= set(buttons(app))


def test_a_run_with_a_remark_says_so_on_its_figures(gallery):
    run = run_named(gallery, "mnist-mlp8")
    status = json.loads(run.file(STATUS).read_text()) | {"remarks": [{"kind": "black", "text": "all output is black"}]}
    run.write_json(STATUS, status)
    batch = from_test_set(run, image_info(run), images_of(run), slice(0, 2), TEST_ORDER, Corruption(), 0)
    told = texts_of(restore.drawing(run, Corruption(), batch, comparison.of_model(run, batch, Corruption()), None))
    assert "⚠ mnist-mlp8: no noise" in told
    assert "⚠ all output is black." in told


def test_compared_images_have_letters_errors_and_the_best_in_bold(gallery):
    chosen = [run_named(gallery, name) for name in SHIPPED[:2]]
    images = images_of(chosen[0]).clean[:3]
    shown = images.astype(np.float32) / 255
    drawn = compare.sheet(
        chosen, NAMES, Chosen([0, 1, 2], images, shown, ["a", "b", "c"], np.array([1, 2, 3])), "", 0.5
    )
    told = texts_of(drawn)
    assert {"A mnist-mlp8", "clean", "error", "a"} <= set(told)
    assert any(text.startswith("B mnist-selu-2") for text in told)
    from dashboard.cache import models

    outputs = [models.decoded(run, models.codes_of_images(run, shown)) for run in chosen]
    errors = [float(np.mean((output[0] - shown[0]) ** 2)) for output in outputs]
    assert {f"{error:.4f}" for error in errors} <= set(told)
    bold = [item.text for item in drawn.items if isinstance(item, Text) and item.bold]
    assert f"{min(errors):.4f}" in bold
    assert f"{max(errors):.4f}" not in bold
    assert len(pictures(drawn)) == 3 + 2 * 2 * 3 + 1


def test_the_same_interpolation_through_two_runs(gallery):
    chosen = [run_named(gallery, name) for name in SHIPPED[:2]]
    images = images_of(chosen[0]).clean[:2].astype(np.float32) / 255
    drawn = compare.strips(chosen, NAMES, Interpolation(images, ("one", "other"), "line", (0.0, 0.5, 1.0), 0, (3, 4)))
    assert len(pictures(drawn)) == 2 * 5
    assert {"one", "other", "50%", "A mnist-mlp8"} <= set(texts_of(drawn))


def test_clouds_side_by_side_say_how_they_were_made(gallery):
    chosen = [run_named(gallery, name) for name in SHIPPED[:2]]
    found = [read_projection(run, "pca", 2) for run in chosen]
    told = texts_of(compare.clouds(chosen, found, ["A one", "B two"]))
    assert {"A one", "B two", "PC 1"} <= set(told)
    assert any(text.startswith("Principal components") for text in told)


def test_the_points_come_down_as_csv(gallery):
    run = run_named(gallery, "mnist-mlp8")
    projection, codes = read_projection(run, "tsne", 3), read_codes(run)
    assert projection is not None
    assert codes is not None
    assert codes.codes is not None
    lines = list(csv.DictReader(io.StringIO(latent.table(run, projection).decode())))
    assert len(lines) == len(projection.indices)
    assert list(lines[0])[:6] == ["index", "class", "label", "x", "y", "z"]
    for i in (0, 17, len(lines) - 1):
        assert int(lines[i]["index"]) == projection.indices[i]
        assert lines[i]["class"] == image_info(run).classes[projection.labels[i]]
        assert [float(lines[i][axis]) for axis in "xyz"] == pytest.approx(projection.coordinates[i], rel=1e-6)
        row = np.flatnonzero(codes.indices == projection.indices[i])[0]
        assert [float(lines[i][f"code_{n + 1}"]) for n in range(8)] == pytest.approx(codes.codes[row], rel=1e-5)
    without = points_csv(projection, ()).decode().splitlines()
    assert without[0] == "index,class,label,x,y,z"
    other = points_csv(
        projection, (), codes.__class__(codes.codes, codes.labels, codes.indices + 10**6, codes.errors, "")
    )
    assert other.decode().splitlines()[1].endswith(",,,,,,,,"), "codes of other images are not given to these"


def test_a_cloud_says_how_it_was_made(gallery):
    run = run_named(gallery, "mnist-mlp8")
    projection = read_projection(run, "tsne", 3)
    assert projection is not None
    told = texts_of(latent.drawing(run, projection))
    assert "mnist-mlp8: t-SNE in 3D" in told
    assert any("perplexity" in text for text in told)
    app = page("latent", run="mnist-mlp8")
    assert "Points (CSV)" in buttons(app)


def test_a_film_has_epochs_losses_and_misread_digits(gallery):
    run = run_named(gallery, "mnist-mlp8")
    made, panel = reel(run)
    told = texts_of(replay.film([(run, made, panel)], 7.0))
    assert {"clean", "epoch 7", f"epoch {panel.epochs[-1]:g}", "mnist-mlp8: images over training"} <= set(told)
    last = run.metrics()[-1]
    assert f"train {last['train_loss']:.4g}, test {last['test_loss']:.4g}" in told
    assert panel.labels is not None
    digits = np.repeat(panel.labels[None].astype(np.int64), len(panel.epochs), axis=0)
    digits[-1, 0] = (digits[-1, 0] + 1) % 10
    read = texts_of(replay.film([(run, made, replace(panel, digits=digits))], None))
    assert [text for text in read if text.startswith("read as ")] == [f"read as {digits[-1, 0]}"]
    assert "PDF" in buttons(page("replay", run="mnist-mlp8"))


def test_every_chart_has_a_button_for_its_pdf(gallery):
    app = page("compare", runs="mnist-mlp8,mnist-selu-2-clean")
    sent = json.loads(components(app, "plotly_chart")[0].json)
    assert sent["pdf"] == "st-key-chart-pdf-compare-curves"
    assert buttons(app).count("PDF") == 1


def test_image_figures_of_a_report_have_a_menu(gallery):
    app = page("reports", report="001")
    labels = buttons(app)
    assert labels.count("PNG for print") >= 1
    assert labels.count("SVG") == labels.count("PNG for print")


def test_a_run_and_a_comparison_offer_a_report(gallery):
    assert "Report on these 2 runs" in buttons(page("compare", runs="mnist-mlp8,mnist-selu-2-clean"))
    assert "Report (.zip)" in buttons(page("train", run="mnist-mlp8"))
