"""The Restore page without a browser: its corruptions, its comparisons, its orders, and pictures of one's own."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from aecore import data, jobs
from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment
from aecore.data.validation import validation_pairs
from aecore.metrics import classical
from aecore.metrics.baselines import TITLES
from aecore.metrics.fill_in import inpaint
from aecore.presets import preset
from aecore.runs.run import EVALUATION, Run
from aecore.runs.store import Store
from dashboard.cache import models
from dashboard.cache.kept import KEPT
from dashboard.restore import classical as restore_classical
from tests.helpers.pages import page, texts
from tests.helpers.paths import GALLERY_RUN, ROOT


@pytest.fixture
def shipped(store: Store) -> str:
    """A run on MNIST, whose images are not on this machine in tests."""
    shutil.copytree(GALLERY_RUN, store.root / "gallery" / "mnist-mlp8")
    return "mnist-mlp8"


@pytest.fixture(scope="session")
def _symmetric(tmp_path_factory: pytest.TempPathFactory) -> Run:
    changes = {
        "name": "Minus one to one",
        "model.range": "symmetric",
        "model.output": "tanh",
        "corruption": "gaussian-variance:0.09:clamp+square:9+once",
        "data.validation_images": 200,
        "training.epochs": 1,
    }
    run = jobs.submit(preset("digits-quick").experiment.changed(changes), "cpu", Store(tmp_path_factory.mktemp("sym")))
    assert jobs.work(run) == "finished"
    return run


@pytest.fixture
def symmetric(_symmetric: Run, store: Store) -> Run:
    """A finished run whose model works on [-1, 1], trained under noise and occlusion."""
    target = store.root / "runs" / _symmetric.id
    shutil.copytree(_symmetric.path, target)
    return Run(target)


def bodies(app: AppTest, kind: str) -> list[str]:
    return [part.proto.body for part in app.get("html") if f'class="{kind}' in part.proto.body]


def move(app: AppTest, key: str, value: object) -> None:
    """Move a strength's slider, after which the images alone are drawn; the test then sees them, and with `run` all."""
    app.slider(key=key).set_value(value).run()
    assert not app.exception, app.exception
    assert not app.slider, "its settings were drawn too"


def means(app: AppTest) -> dict[str, list[str]]:
    """The table's cells by row, in words."""
    (body,) = bodies(app, "ae-means")
    words = [
        [html.unescape(re.sub("<[^>]+>", "", cell)).strip() for cell in re.findall("<t[hd].*?</t[hd]>", line)]
        for line in re.findall("<tr>.*?</tr>", body)
    ]
    return {row[0]: row[1:] for row in words}


def figures(app: AppTest) -> list[str]:
    (body,) = bodies(app, "ae-sheet")
    return re.findall("<figure>.*?</figure>", body)


def scores(app: AppTest, what: str) -> list[float]:
    """The PSNR under each of the sheet's images of that kind."""
    found = [re.search(rf">{what}</span><span>(?:<span[^>]*>)?([\d.]+) dB", figure) for figure in figures(app)]
    return [float(match[1]) for match in found if match]


def first_picture(figure: str, kind: str) -> np.ndarray:
    encoded = re.search(rf'alt="[^"]*{kind}" src="data:image/png;base64,([^"]+)"', figure)
    assert encoded
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded[1]))))


def opened_at(app: AppTest) -> dict[str, str]:
    """The parameters of the page's address."""
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def with_picture(app: AppTest, content: bytes, name: str = "mine.png") -> AppTest:
    app.segmented_control(key="source").set_value("own").run()
    app.file_uploader(key="own").set_value((name, content, "image/png")).run()
    assert not app.exception, app.exception
    return app


def test_the_output_is_scored_beside_the_noisy_input(store, trained):
    app = page("restore", run=trained.id, view="sheet")
    table = means(app)
    assert table[""] == ["PSNR", "SSIM", "MSE"]
    assert list(table)[1:] == ["Noisy input", "This model"]
    assert sum("best" in cell for cell in table["Noisy input"] + table["This model"]) == 3
    assert "Whole test set, 297 images" in texts(app)
    assert len(figures(app)) == 14
    app.selectbox(key="kind").set_value("masking").run()
    assert not app.exception
    assert means(app) != table
    app.pills(key="lost").set_value([]).run()
    assert list(means(app))[1:] == ["This model"]
    assert "best" not in str(means(app))
    assert app.pills(key="methods-off").disabled


def test_it_says_when_the_noisy_input_is_closer(store, trained):
    app = page("restore", run=trained.id, view="sheet")
    move(app, "level-gaussian", 1.0)
    assert "worse than doing nothing" not in texts(app)
    app.run()
    assert app.slider(key="level-gaussian").value == 1
    move(app, "level-gaussian", 0.05)
    assert "By PSNR, SSIM and MSE, the noisy input is closer" in texts(app)
    assert "worse than doing nothing" in texts(app)
    app.run()
    app.slider(key="level-gaussian").set_value(0.0).run()
    assert app.slider(key="level-gaussian").value == 0, "there is no noise any more: other settings are drawn"
    assert list(means(app))[1:] == ["This model"]


@pytest.mark.parametrize("kind", ["gaussian", "gaussian-variance", "speckle", "poisson", "masking", "salt-pepper", ""])
@pytest.mark.parametrize("occlusion", ["", "square", "rows"])
def test_every_noise_and_hole_can_be_chosen(store, trained, kind, occlusion):
    app = page("restore", run=trained.id, view="sheet")
    app.pills(key="lost").set_value(["noise"] * bool(kind) + ["hole"] * bool(occlusion)).run()
    if kind:
        app.selectbox(key="kind").set_value(kind)
    if occlusion:
        app.segmented_control(key="occlusion").set_value(occlusion)
    app.run()
    assert not app.exception, app.exception
    labels = {
        "gaussian": "Standard deviation σ",
        "gaussian-variance": "Variance σ²",
        "speckle": "Standard deviation σ at white",
        "poisson": "Photons at white",
    }
    expected = [labels.get(kind, "Share of pixels")] * bool(kind)
    sizes = {"square": "Side of the square, pixels", "rows": "Height of the band, rows"}
    assert [slider.label for slider in app.slider] == expected + [sizes.get(occlusion)] * bool(occlusion)
    assert any(toggle.key == "clamp" for toggle in app.toggle) == (kind in labels)
    assert ("Noisy input" in means(app)) == bool(kind)
    assert ("Corrupted input" in means(app)) == bool(occlusion and not kind)
    assert any(button.key == "reroll" for button in app.button) == bool(kind or occlusion)


@pytest.mark.parametrize(
    ("lost", "changes", "written"),
    [
        (["downscale"], {}, "downscale:4"),
        (["downscale"], {"downscale": 14}, "downscale:14"),
        (["blur"], {"blur": 2.5}, "blur:2.5"),
        (["jpeg"], {"jpeg": 5}, "jpeg:5"),
        (["jpeg", "blur", "downscale"], {}, "blur:1.5+downscale:4+jpeg:10"),
        (["noise", "jpeg"], {}, "gaussian:0.2+jpeg:10"),
    ],
)
def test_every_task_can_be_chosen_and_is_in_the_address(store, trained, lost, changes, written):
    app = page("restore", run=trained.id, view="sheet")
    app.pills(key="lost").set_value(lost).run()
    for key, value in changes.items():
        move(app, key, value)
        moved = means(app)
        app.run()
        assert means(app) == moved
    assert not app.exception, app.exception
    assert opened_at(app)["noise"] == written
    shown = means(app)
    images = data.load("digits-28").x_test[:14]
    noisy = models.denoise(trained, images, Corruption.parse(written), 0).noisy
    (cells,) = [cells for name, cells in shown.items() if "input" in name]
    assert float(cells[2].split()[0]) == pytest.approx(np.mean((noisy - images / 255) ** 2), abs=6e-5)
    assert any(button.key == "reroll" for button in app.button) == ("noise" in lost), "chance has no part in the others"
    again = means(page("restore", run=trained.id, view="sheet", noise=written))
    assert again == shown


def test_the_strength_of_each_image_is_drawn_from_a_range(store, trained):
    app = page("restore", run=trained.id, view="sheet")
    app.toggle(key="spread").set_value(True).run()
    app.slider(key="range").set_value((0.1, 0.6)).run()
    assert opened_at(app)["noise"] == "gaussian:0.1..0.6"
    app.slider(key="range").set_value((0.3, 0.3)).run()
    assert opened_at(app)["noise"] == "gaussian:0.3"
    app = page("restore", run=trained.id, view="sheet", noise="gaussian:0..0.5:clamp")
    assert app.slider(key="range").value == (0.0, 0.5)
    assert app.toggle(key="spread").value
    assert app.toggle(key="clamp").value
    app.toggle(key="spread").set_value(False).run()
    assert app.slider(key="level-gaussian").value == 0.5


def test_only_images_in_colour_can_lose_it(store, trained):
    app = page("restore", run=trained.id, view="sheet")
    assert "Colour" not in app.pills(key="lost").options
    linked = page("restore", run=trained.id, view="sheet", noise="grey+blur:1")
    assert "Colour" in linked.pills(key="lost").options
    assert set(linked.pills(key="lost").value or ()) == {"blur", "grey"}


def test_an_occlusion_can_be_as_large_as_the_image_and_no_larger(store, trained):
    app = page("restore", run=trained.id, view="sheet")
    app.pills(key="lost").set_value(["hole"]).run()
    slider = app.slider(key="size-square")
    assert (slider.min, slider.max, slider.value) == (1, 28, 9)
    move(app, "size-square", 28)
    assert first_picture(figures(app)[0], "corrupted").max() == 0
    app.run()
    # A square of one pixel in a corner changes nothing that is black: such a mean of decibels is infinite.
    move(app, "size-square", 1)
    assert means(app)["Corrupted input"][0] == "∞"
    assert "best" not in means(app)["This model"][0]
    assert "∞ dB" in "".join(figures(app))


def test_new_noise_is_drawn_and_the_same_noise_stays(store, trained):
    app = page("restore", run=trained.id, view="sheet")
    before = means(app)
    assert means(page("restore", run=trained.id, view="sheet")) == before
    app.button(key="reroll").click().run()
    assert means(app)["Noisy input"] != before["Noisy input"]
    app.run()
    app.toggle(key="clamp").set_value(True).run()
    assert float(means(app)["Noisy input"][0].split()[0]) > float(before["Noisy input"][0].split()[0]) + 1


def test_the_runs_own_corruption_is_the_start(store, trained, symmetric):
    app = page("restore", run=symmetric.id, view="sheet")
    assert app.selectbox(key="kind").value == "gaussian-variance"
    assert app.slider(key="level-gaussian-variance").value == 0.09
    assert app.slider(key="level-gaussian-variance").step == 0.01
    assert "on the [-1, 1] scale" in app.slider(key="level-gaussian-variance").label
    assert "-1 to 1" in app.slider(key="level-gaussian-variance").help
    assert app.toggle(key="clamp").value
    assert (app.segmented_control(key="occlusion").value, app.slider(key="size-square").value) == ("square", 9)


def test_another_run_brings_its_corruption_unless_one_was_chosen(store, trained, symmetric):
    app = page("restore", run=trained.id, view="sheet")
    app.selectbox(key="restore-run").set_value(symmetric.id).run()
    assert app.selectbox(key="kind").value == "gaussian-variance"
    app.selectbox(key="restore-run").set_value(trained.id).run()
    assert (app.selectbox(key="kind").value, app.slider(key="level-gaussian").value) == ("gaussian", 0.2)
    app.selectbox(key="kind").set_value("masking").run()
    move(app, "level-masking", 0.5)
    app.run()
    app.selectbox(key="restore-run").set_value(symmetric.id).run()
    assert not app.exception
    assert (app.selectbox(key="kind").value, app.slider(key="level-masking").value) == ("masking", 0.5)
    assert app.pills(key="lost").value == ["noise"]


def test_a_run_on_clean_images_starts_with_what_it_was_evaluated_under():
    from dashboard.widgets.corruption_form import usual_corruption

    class Told:
        def __init__(self, **changes):
            self.told = Experiment().changed(changes)

        def experiment(self):
            return self.told

    clean = Told(**{"evaluation.corruptions": ["none", "salt-pepper:0.1+rows:4"]})
    assert str(usual_corruption(clean)) == "salt-pepper:0.1+rows:4"  # type: ignore[arg-type]
    assert str(usual_corruption(Told())) == "gaussian:0.2"  # type: ignore[arg-type]


def test_classical_denoisers_stand_beside_the_model(store, trained, monkeypatch):
    """Each at the strength that is best on validation images."""
    asked = {}

    def choose(clean, noisy, name):
        asked[name] = clean, noisy, real(clean, noisy, name)
        return asked[name][2]

    real = classical.choose_strength
    monkeypatch.setattr(classical, "choose_strength", choose)
    app = page("restore", run=trained.id, view="sheet")
    app.pills(key="methods").set_value(["wavelet", "tv", "nlm"]).run()
    assert not app.exception, app.exception
    rows = list(means(app))
    assert rows[1:3] == ["Noisy input", "This model"]
    experiment, corruption = trained.experiment(), Corruption.parse("gaussian:0.2")
    pairs = validation_pairs(data.load("digits-28"), experiment, corruption)
    for name, row in zip(("tv", "nlm", "wavelet"), rows[3:], strict=True):
        *images, strength = asked[name]
        for ours, theirs in zip(images, pairs, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert row == f"{classical.METHODS[name].title} {restore_classical.SYMBOLS[name]} {strength:g}"
    assert "non-local means" in figures(app)[0]
    assert {name: method.title for name, method in classical.METHODS.items()}.items() <= TITLES.items()


def test_a_hole_is_scored_apart_and_filled_without_a_network(store, trained):
    app = page("restore", run=trained.id, view="sheet", noise="square:10")
    assert means(app)[""] == ["PSNR", "SSIM", "MSE", "PSNR, hole", "MSE, hole"]
    assert app.pills(key="methods").options == ["Biharmonic inpainting"]
    app.pills(key="methods").set_value(["biharmonic"]).run()
    assert not app.exception, app.exception
    images = data.load("digits-28").x_test[:14]
    result = models.denoise(trained, images, Corruption.parse("square:10"), 0)
    assert result.lost is not None
    clean = images / 255
    filled = inpaint(result.noisy, result.lost)
    for name, output in (("This model", result.output), ("Biharmonic inpainting", filled)):
        each = ((output - clean) ** 2)[result.lost].reshape(14, 100).mean(1)
        assert float(means(app)[name][4].split()[0]) == pytest.approx(each.mean(), abs=6e-5)
        assert float(means(app)[name][2].split()[0]) == pytest.approx(((output - clean) ** 2).mean(), abs=6e-5)
    assert "Without a network: biharmonic inpainting" in texts(app)
    app.selectbox(key="sort-test").set_value("worst").run()
    assert not app.exception, app.exception
    app.segmented_control(key="source").set_value("extremes").run()
    assert not app.exception, app.exception
    assert "MSE, hole" in means(app)[""]


@pytest.mark.parametrize(
    ("noise", "hint", "below"),
    [
        ("downscale:4", "bicubic interpolation, and that is the corrupted input", "is enlarged with bicubic"),
        ("blur:2", "No method without a network is for this", "the baseline is the corrupted input"),
        ("jpeg:10", "scikit-image's denoisers", "total variation, non-local means and wavelet"),
        ("none", "choose what is lost", ""),
    ],
)
def test_what_stands_beside_the_model_is_told(store, trained, noise, hint, below):
    app = page("restore", run=trained.id, view="sheet", noise=noise)
    found = [pills for pills in app.pills if str(pills.key).startswith("methods")]
    assert hint.lower() in (found[0].help.lower() if found else texts(app).lower())
    assert below in texts(app)
    assert bool(found) == (noise in ("jpeg:10", "none"))


def test_the_holes_of_the_evaluation_are_told(store, trained):
    entry = dict(trained.evaluation()[1]) | {"corruption": "square:8"}
    scores = {"mse": 0.1234, "psnr_db": 9.5}
    entry["inside_hole"] = {"images": 297, "metrics": scores, "noisy_input": scores | {"mse": 0.4321}}
    filled = {"images": 200, "metrics": entry["metrics"], "inside_hole": scores | {"mse": 0.05}}
    entry["classical"] = {"biharmonic": filled}
    trained.write_json(EVALUATION, {"evaluations": [entry]})
    text = texts(page("restore", run=trained.id, view="sheet", noise="square:8"))
    assert "MSE in the hole: this model 0.1234; corrupted input 0.4321; biharmonic inpainting (200" in text


def test_a_classical_figure_is_that_of_the_method(store, trained):
    app = page("restore", run=trained.id, view="sheet")
    app.pills(key="methods").set_value(["tv"]).run()
    images = data.load("digits-28").x_test[:14]
    noisy = models.denoise(trained, images, Corruption.parse("gaussian:0.2"), 0).noisy
    ((name, cells),) = [(name, cells) for name, cells in means(app).items() if name.startswith("Total")]
    output = classical.denoise(noisy, "tv", float(name.split()[-1]))
    assert float(cells[2].split()[0]) == pytest.approx(np.mean((output - images / 255) ** 2), abs=6e-5)


def test_strengths_of_the_evaluation_are_used_and_told(store, trained):
    entries = trained.evaluation()
    (entry,) = [entry for entry in entries if entry["corruption"] == "gaussian:0.2"]
    told = {"mse": 0.01, "psnr_db": 20.5, "ssim": 0.801, "snr_db": 9.0}
    entry["classical"] = {"tv": {"strength": 0.45, "metrics": told}}
    trained.write_json(EVALUATION, {"evaluations": entries})
    app = page("restore", run=trained.id, view="sheet")
    assert "total variation 20.50 dB, 0.801" in texts(app)
    app.pills(key="methods").set_value(["tv"]).run()
    assert "Total variation weight 0.45" in means(app)


def test_without_the_image_set_the_runs_own_panel_is_shown(shipped, store, tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "empty"))
    run = Run(store.root / "gallery" / shipped)
    bare = [{key: value for key, value in entry.items() if key != "classical"} for entry in run.evaluation()]
    run.write_json("evaluation.json", {"evaluations": bare})
    app = page("restore", run=shipped, view="sheet")
    assert "not on this machine" in texts(app)
    assert app.button(key="get-data")
    assert len(figures(app)) == 14
    assert means(app)[""] == ["PSNR", "SSIM", "MSE", "Wrong digits"]
    assert "of 14" in means(app)["This model"][3]
    assert app.pills(key="methods-off").disabled
    assert "tuned on validation images, which are not on this machine" in texts(app)
    assert app.segmented_control(key="source").options == ["The run's own", "Your image"]
    app.segmented_control(key="many").set_value(63).run()
    assert len(figures(app)) == 20
    with_picture(app, png(Image.new("L", (40, 50), 250)))
    assert app.toggle(key=next(t.key for t in app.toggle if t.key.startswith("invert"))).value  # type: ignore[union-attr]


def test_known_strengths_serve_where_the_image_set_is_missing(shipped, store, tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "empty"))
    run = Run(store.root / "gallery" / shipped)
    entries = run.evaluation()
    noisy = next(entry for entry in entries if entry["corruption"] != "none")
    noisy["classical"] = {"nlm": {"strength": 0.3, "metrics": noisy["metrics"]}}
    run.write_json(EVALUATION, {"evaluations": entries})
    app = page("restore", run=shipped, view="sheet")
    assert app.pills(key="methods").options == ["Non-local means"]
    app.pills(key="methods").set_value(["nlm"]).run()
    assert "Non-local means h 0.3" in means(app)


def test_images_missing_that_nobody_can_fetch_are_told(store, trained, tmp_path):
    status = trained.status()
    status["data"] = status["data"] | {"name": "gone", "title": "My photographs"}
    values = json.loads(trained.file("experiment.json").read_text())
    values["data"]["name"] = str(tmp_path / "gone.npz")
    trained.write_json("experiment.json", values)
    trained.write_json("status.json", status)
    app = page("restore", run=trained.id, view="sheet")
    assert "My photographs is not on this machine" in texts(app)
    assert not [button for button in app.button if button.key == "get-data"]
    assert len(figures(app)) == 14


@pytest.mark.parametrize(
    ("order", "sign", "what"),
    [("worst", 1, "output"), ("best", -1, "output"), ("gain", -1, "pair"), ("loss", 1, "pair")],
)
def test_images_are_sorted_by_error(store, trained, order, sign, what):
    app = page("restore", run=trained.id, view="sheet")
    plain = figures(app)
    app.selectbox(key="sort-test").set_value(order).run()
    assert not app.exception
    assert sorted(figures(app)) == sorted(plain)
    assert figures(app) != plain
    mse = {kind: 10 ** (-np.array(scores(app, kind)) / 10) for kind in ("noisy", "reconstructed")}
    key = mse["reconstructed"] - (mse["noisy"] if what == "pair" else 0)
    assert np.all(np.diff(sign * key) <= 1e-3)


def test_orders_by_gain_need_noise(store, trained):
    app = page("restore", run=trained.id, view="sheet")
    app.selectbox(key="sort-test").set_value("gain").run()
    app.pills(key="lost").set_value([]).run()
    assert not app.exception
    assert app.selectbox(key="sort-test").options == ["Test order", "Largest error first", "Smallest error first"]
    assert app.selectbox(key="sort-test").value == "test"


def test_the_extremes_of_the_whole_test_set(store, trained):
    app = page("restore", run=trained.id, view="sheet")
    app.segmented_control(key="source").set_value("extremes").run()
    assert not app.exception, app.exception
    images = data.load("digits-28").x_test
    whole = models.denoise(trained, images, Corruption.parse("gaussian:0.2"), 0).output_scores["mse"]
    numbers = [int(n) for figure in figures(app) for n in re.findall(r'title="#(\d+) ', figure)]
    assert numbers == np.argsort(-whole)[:14].tolist()
    assert "Mean over these 14 of 297 test images" in bodies(app, "ae-means")[0]
    worst = scores(app, "reconstructed")
    assert worst == pytest.approx(-10 * np.log10(whole[numbers]), abs=0.051)
    app.selectbox(key="sort-extremes").set_value("best").run()
    assert min(scores(app, "reconstructed")) > max(worst)
    app.segmented_control(key="many").set_value(63).run()
    assert len(figures(app)) == 63


def test_extremes_across_batches_are_those_of_all_images(store, trained, monkeypatch):
    monkeypatch.setattr("aecore.metrics.evaluation.BATCH", 40)
    monkeypatch.setattr("aecore.compute.models.KEPT", 5)
    KEPT.clear()
    found = models.extremes(trained, Corruption(), 0)
    whole = models.denoise(trained, data.load("digits-28").x_test, Corruption(), 0).output_scores["mse"]
    assert found.first("worst", 5).numbers.tolist() == np.argsort(-whole)[:5].tolist()
    assert found.first("best", 5).numbers.tolist() == np.argsort(whole)[:5].tolist()
    assert len(found.numbers) <= 20
    KEPT.clear()


def test_a_large_test_set_is_not_searched(store, trained, monkeypatch):
    monkeypatch.setattr("dashboard.restore.controls.MOST_SEARCHED", 200)
    app = page("restore", run=trained.id, view="sheet")
    assert app.segmented_control(key="source").options == ["Test set", "Your image"]


def test_the_error_map_can_be_switched_on_and_scaled(store, trained):
    app = page("restore", run=trained.id, view="sheet")
    assert "ae-error" not in figures(app)[0]
    app.toggle(key="error-map").set_value(True).run()
    assert not app.exception
    assert figures(app)[0].count('role="img"') == 1
    assert "|output − clean|" in bodies(app, "ae-legend")[0]
    app.segmented_control(key="error-scale-digits-28").set_value(0.1).run()
    assert "0.1 or more" in bodies(app, "ae-legend")[0]
    fine = figures(app)[0]
    app.segmented_control(key="error-scale-digits-28").set_value(1.0).run()
    assert "or more" not in bodies(app, "ae-legend")[0]
    assert figures(app)[0] != fine
    # One map for each output, none for the noisy input: that would be the noise.
    app.pills(key="methods").set_value(["wavelet"]).run()
    assert figures(app)[0].count('role="img"') == 2


def test_a_picture_of_ones_own_goes_the_same_way(store, trained):
    paper = Image.new("RGB", (200, 300), "white")
    paper.paste((0, 0, 0), (80, 60, 120, 240))
    app = page("restore", run=trained.id, view="sheet")
    app.segmented_control(key="source").set_value("own").run()
    assert "Upload an image" in texts(app)
    assert "not stored" in texts(app)
    with_picture(app, png(paper), "a <b>1</b>.png")
    assert len(figures(app)) == 1
    assert "a &lt;b&gt;1&lt;/b&gt;.png" in figures(app)[0]
    assert "trained on Digits, enlarged to 28×28" in texts(app)
    assert "cropped to its centre, resized to 28×28, converted to greyscale, inverted" in texts(app)
    assert "Your image" in bodies(app, "ae-means")[0]
    assert means(app)[""] == ["PSNR", "SSIM", "MSE"]
    shown = first_picture(figures(app)[0], "clean")
    assert shown.shape == (28, 28)
    assert shown[0, 0] == 0
    assert shown[14, 14] > 240
    (toggle,) = [toggle for toggle in app.toggle if (toggle.key or "").startswith("invert")]
    toggle.set_value(False).run()
    assert first_picture(figures(app)[0], "clean")[0, 0] == 255
    assert "inverted" not in texts(app)
    app.pills(key="methods").set_value(["wavelet"])
    app.toggle(key="error-map").set_value(True)
    app.pills(key="lost").set_value(["noise", "hole"]).run()
    app.segmented_control(key="occlusion").set_value("rows").run()
    assert not app.exception, app.exception
    assert any(name.startswith("Wavelet") for name in means(app))
    before = first_picture(figures(app)[0], "noisy")
    app.button(key="reroll").click().run()
    assert not np.array_equal(before, first_picture(figures(app)[0], "noisy"))


def test_no_inversion_is_suggested_for_white_on_black(store, trained):
    black = Image.new("L", (60, 60), 0)
    black.paste(255, (20, 20, 40, 40))
    app = with_picture(page("restore", run=trained.id, view="sheet"), png(black))
    (toggle,) = [toggle for toggle in app.toggle if (toggle.key or "").startswith("invert")]
    assert not toggle.value


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"not an image at all", "not a readable image"), (png(Image.new("L", (300, 300), 9))[:80], "image")],
)
def test_what_is_no_image_is_refused_in_one_line(store, trained, content, words):
    app = with_picture(page("restore", run=trained.id, view="sheet"), content)
    assert [words in error.value and "\n" not in error.value for error in app.error] == [True]
    assert not bodies(app, "ae-sheet")
    app.segmented_control(key="source").set_value("test").run()
    assert not app.error
    assert len(figures(app)) == 14


def test_a_picture_of_one_colour_is_told(store, trained):
    app = with_picture(page("restore", run=trained.id, view="sheet"), png(Image.new("RGBA", (30, 30), (0, 0, 0, 0))))
    assert "a single colour" in texts(app)


def test_nothing_of_a_picture_is_written_down(store, trained):
    before = {path: path.stat().st_mtime_ns for path in store.root.rglob("*")}
    with_picture(page("restore", run=trained.id, view="sheet"), png(Image.new("L", (30, 30), 9)))
    assert {path: path.stat().st_mtime_ns for path in store.root.rglob("*")} == before


def test_an_older_run_asks_the_catalogue_for_its_images(store, trained):
    status = trained.status()
    del status["data"]
    trained.write_json("status.json", status)
    assert len(figures(page("restore", run=trained.id, view="sheet"))) == 14


def test_without_any_model_it_says_what_to_do(store):
    assert "Train one first" in texts(page("restore"))


def test_a_damaged_evaluation_is_told(store, trained):
    trained.file(EVALUATION).write_text("{")
    app = page("restore", run=trained.id, view="sheet")
    assert [EVALUATION in error.value for error in app.error] == [True]


def test_its_modules_load_without_torch_and_scikit_image():
    names = ["controls", "classical", "rows", "sheet", "batch"]
    modules = ", ".join([*(f"dashboard.restore.{name}" for name in names), "dashboard.widgets.upload"])
    code = f"import {modules}, sys; sys.exit('torch' in sys.modules or 'skimage' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT).returncode == 0


def test_a_few_images_take_one_thread_and_the_whole_test_set_all(trained, monkeypatch):
    import torch

    from aecore.compute import models as compute

    seen: list[int] = []
    KEPT.clear()
    compute._every_thread.cache_clear()
    network = type(compute.model_of(trained))
    forward = network.forward
    monkeypatch.setattr(network, "forward", lambda *a: (seen.append(torch.get_num_threads()), forward(*a))[1])
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        compute._every_thread.cache_clear()
        images = data.load("digits-28").x_test[:7]
        for work in (
            lambda: models.denoise(trained, images, Corruption(), 0),
            lambda: models.extremes(trained, Corruption(), 5),
            lambda: models.denoise(trained, images, Corruption(), 0),
        ):
            visitor = threading.Thread(target=work)  # as every run of a page's script is
            visitor.start()
            visitor.join()
    finally:
        torch.set_num_threads(before)
        compute._every_thread.cache_clear()
    assert seen[0] == seen[-1] == 1
    assert set(seen[1:-1]) == {2}
