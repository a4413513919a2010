"""A public demo: what its pages leave out, and that what they leave out is refused behind them as well."""

from __future__ import annotations

import importlib.util
import io
import zipfile

import pytest

from aecore import access, data, jobs
from aecore.data import data_set
from aecore.errors import UserError
from aecore.presets import preset
from aecore.runs import archive as run_archive
from aecore.runs import notes as run_notes
from aecore.runs import trash
from aecore.runs.run import Run
from aecore.runs.store import Store
from dashboard.widgets import run_actions
from tests.helpers.pages import page, texts


@pytest.fixture(params=["1", "train", "yes"])
def kind(request, monkeypatch) -> str:
    monkeypatch.setenv("AECORE_DEMO", request.param)
    return access.current().role


def test_the_value_decides(monkeypatch):
    for value, mode in (
        ("", ""),
        ("0", ""),
        ("off", ""),
        ("1", "look"),
        ("true", "look"),
        ("Train", "train"),
    ):
        monkeypatch.setenv("AECORE_DEMO", value)
        assert getattr(access.demo_visitor(), "role", "") == mode


def test_what_changes_the_store_is_refused(trained: Run, store: Store, kind, tmp_path):
    archive = tmp_path / "run.zip"
    with archive.open("wb") as file:
        run_archive.pack(trained, file)
    deeds = [
        lambda: trash.delete(trained, store),
        lambda: run_notes.rename(trained, "mine"),
        lambda: run_archive.unpack(archive, store),
        lambda: jobs.requeue(trained),
        lambda: data_set(str(tmp_path)),
    ]
    for deed in deeds:
        with pytest.raises(UserError, match="public demo"):
            deed()
    assert not data.prepared(str(tmp_path))
    assert trained.path.is_dir()


def test_read_only_trains_nothing(store: Store, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "1")
    with pytest.raises(UserError, match="training is switched off"):
        jobs.submit(preset("digits-quick").experiment, "cpu", store)
    assert not store.runs()


def test_short_trainings_are_let_through(store: Store, monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DEMO", "train")
    experiment = preset("digits-quick").experiment
    with pytest.raises(UserError, match=r"training\.epochs: this public demo allows at most 5"):
        jobs.submit(experiment, "cpu", store)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("AECORE_DATA", str(tmp_path / "data"))  # other tests may prepare MNIST meanwhile
        with pytest.raises(UserError, match="prepared, and 'mnist' is not"):
            jobs.submit(experiment.changed({"training.epochs": 1, "data.name": "mnist"}), "cpu", store)
    jobs.submit(experiment.changed({"training.epochs": 1}), "cpu", store)


def test_a_read_only_demo_says_so_and_has_no_form(gallery, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "1")
    app = page()
    assert "Public demo" in texts(app)
    assert not {"Train a first model", "New run"} & {button.label for button in app.button}
    train = page("train")
    assert "Public demo" in texts(train)
    assert "Start" not in {button.label for button in train.button}
    assert "Nothing can be trained on this public demo" in texts(train)
    assert "mnist-mlp8" in [link.label.replace("\\", "") for link in train.get("page_link")]  # type: ignore[attr-defined]


def test_the_form_of_a_training_demo_starts_within_its_caps(gallery, monkeypatch):
    monkeypatch.setenv("AECORE_DEMO", "train")
    for name in ("digits-quick", "mnist-mlp8", "cifar-conv-denoise"):
        app = page("train", preset=name)
        assert "Public demo" in texts(app)
        assert not app.error
        sets = app.selectbox(key=f"form:{name}:data.name").options
        assert all("Digits" in title for title in sets), sets
    assert not app.button(key="start").disabled


def test_every_page_opens_on_a_demo(gallery, kind):
    for name in ("overview", "reports", "restore", "replay", "interpolate", "latent", "generate", "measure", "compare"):
        assert not page(name).exception
    assert not page("sweep").exception


def test_strangers_are_welcomed_whatever_runs_a_demo_has(gallery, trained, monkeypatch):
    refused = {"Train a first model", "New run", "Add"}
    for mode, trains in (("1", False), ("train", True)):
        monkeypatch.setenv("AECORE_DEMO", mode)
        app = page()
        labels = {button.label for button in app.button}
        assert "Squeeze images through a bottleneck" in texts(app)
        assert {"Look at a trained model", "Read the reports"} <= labels
        assert bool(refused & labels) == trains
        assert "Squeeze images" not in texts(page(run=trained.id)), "an open run comes first"
    monkeypatch.delenv("AECORE_DEMO")
    assert "Squeeze images" not in texts(page())


def test_what_is_offered_for_download(trained: Run, monkeypatch):
    """The exporter of ONNX takes memory that a public demo keeps for its pages."""
    folders = {"Hub folder (.zip)", "TensorBoard log (.zip)"}
    onnx = {"Network as ONNX (.zip)"} if importlib.util.find_spec("onnxscript") else set()

    def offered() -> set[str]:
        return {node.proto.label for node in page(run=trained.id).get("download_button")}

    assert folders | onnx <= offered()
    monkeypatch.setenv("AECORE_DEMO", "train")
    assert offered() & (folders | onnx) == folders
    with zipfile.ZipFile(io.BytesIO(run_actions.zipped(trained, "tensorboard")())) as archive:
        assert f"{trained.id}-tensorboard/projector_config.pbtxt" in archive.namelist()
