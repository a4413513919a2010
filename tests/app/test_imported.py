"""Every page with runs that came from elsewhere: curves of another tool, and ONNX files with and without a code."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from aecore import data
from aecore.imports import import_runs
from aecore.reports.handin import write_report
from aecore.runs.run import Run
from aecore.runs.store import Store
from tests.helpers.pages import listing, page, texts
from tests.helpers.paths import ROOT

PAGES = ("train", "restore", "replay", "interpolate", "latent", "generate", "measure")


@pytest.fixture(scope="module")
def _imported(tmp_path_factory):
    pytest.importorskip("onnxruntime", reason="requirements-onnx.txt")
    pytest.importorskip("onnx", reason="requirements-onnx.txt")
    from aecore.interop import import_checkpoint
    from tests.helpers.onnx_models import Components, decoder_steps, encoder_steps, save

    folder = tmp_path_factory.mktemp("imported")
    store = Store(folder / "store")
    parts = Components(np.array(data.load("digits-28").x_train[:400]), 6)
    first = save(folder / "encoder.onnx", encoder_steps(parts, 0, 1), ["n", 784], ["n", 6])
    second = save(folder / "decoder.onnx", decoder_steps(parts, 0, 1), ["n", 6], ["n", 784])
    steps = [*encoder_steps(parts, 0, 1), *decoder_steps(parts, 0, 1)]
    whole = save(folder / "model.onnx", steps, ["n", 784], ["n", 784])
    made = [import_checkpoint([first, second], store, data_name="digits-28").run]
    made.append(import_checkpoint(whole, store, data_name="digits-28").run)
    found = import_runs("tensorboard", ROOT / "tests" / "data" / "tracked" / "tensorboard" / "simple", store)
    return [*made, found.outcomes[0].run]


@pytest.fixture
def imported(_imported, gallery):
    shutil.copytree(_imported[0].path.parent, gallery.root / "runs", dirs_exist_ok=True)
    return [Run(gallery.root / "runs" / run.id) for run in _imported]


def test_they_are_listed_as_what_they_are(imported):
    rows = {row["Run"]: row for row in listing(page()).to_dict("records")}
    told = [next(row for name, row in rows.items() if run.id in str(name)) for run in imported]
    assert [row["Epochs"] for row in told] == ["imported", "imported", "40 steps"]
    assert "imported from TensorBoard" in texts(page(run=imported[2].id))
    assert "imported from model.onnx" in texts(page(run=imported[1].id))


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("name", PAGES)
def test_a_page(imported, name, number):
    app = page(name, run=imported[number].id)
    lacking = ("has no weights.safetensors", "has no snapshots.safetensors") if number == 2 else ()
    assert all(error.value.endswith(lacking) for error in app.error), [error.value for error in app.error]
    if number == 1:
        assert "was not kept" not in texts(app)


def test_they_are_compared_and_the_report_to_hand_in_says_where_they_are_from(imported, tmp_path):
    said = texts(page("compare", runs=f"{imported[2].id},mnist-mlp8"))
    assert "each on a scale of its own" in said
    assert "some runs count steps" in said
    html, _ = write_report(imported, tmp_path / "report")
    text = html.read_text()
    for words in ("Imported from encoder.onnx + decoder.onnx", "Imported from model.onnx", "imported from TensorBoard"):
        assert words in text
