"""A run's network as ONNX: ONNX Runtime computes from images in [0, 1] what the network computes."""

from __future__ import annotations

import builtins
import json

import numpy as np
import pytest
import safetensors.numpy
import torch

from aecore.config.experiment import Experiment
from aecore.errors import AecoreError, UserError
from aecore.inference import load_model
from aecore.interop.export_onnx import onnx_folder
from aecore.models.condition import Condition
from aecore.models.external import DECODER, ENCODER
from aecore.models.onnx_export import check_apart
from aecore.runs.run import EXPERIMENT, SNAPSHOTS, WEIGHTS
from tests.helpers.cli import as_json, run
from tests.helpers.families import CODELESS, SETTINGS, untrained

onnxruntime = pytest.importorskip("onnxruntime", reason="requirements-onnx.txt")
onnx = pytest.importorskip("onnx", reason="requirements-onnx.txt")
pytest.importorskip("onnxscript", reason="requirements-onnx.txt")

IMAGES = np.random.default_rng(5).random((7, 1, 28, 28), np.float32)
"""Another number of rows than the files were made with."""


def computed(content: bytes, **inputs: np.ndarray) -> np.ndarray:
    """What a stranger gets."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == list(inputs)
    (output,) = session.run(None, inputs)
    return output


ALWAYS = [("conditional-vae", {"model__conv": []})]
OTHERS = [(name, {}) for name in SETTINGS if name != "dncnn-levels"]
"""`dncnn-levels` has a test of its own."""
UNIT = ("bernoulli", "unet-norm")
"""End in a sigmoid: images from 0 to 1, where the others see and give -1 to 1."""


@pytest.mark.parametrize(
    ("name", "more"), [*ALWAYS, *(pytest.param(*other, marks=pytest.mark.proof) for other in OTHERS)]
)
def test_images_to_codes_and_back(name, more, tmp_path):
    coded, scale = name not in CODELESS, 1 if name in UNIT else 2
    if scale == 2:
        more = {"model__range": "symmetric", "model__output": "tanh" if coded else "none"} | more
    run = untrained(name, tmp_path / "kind", **more)
    files, model = onnx_folder(run).files, load_model(run)
    classes = np.array([0, 9, -1, 3, 3, -1, 7])
    told = {"classes": classes} if model.conditional else {}
    found: dict[str, tuple[np.ndarray, torch.Tensor]] = {}
    with torch.no_grad():
        given, condition = scale * torch.from_numpy(IMAGES) - (scale - 1), Condition(torch.from_numpy(classes))
        if coded:
            codes = model.distribution(given, condition)[0] if model.gaussian else model.encode(given, condition)
            found[ENCODER] = computed(files[ENCODER], images=IMAGES, **told), codes
            output = model.decode(codes, condition)
            found[DECODER] = computed(files[DECODER], code=codes.numpy(), **told), (output + scale - 1) / scale
        else:
            output = model(given, condition)
        found["model.onnx"] = computed(files["model.onnx"], images=IMAGES, **told), (output + scale - 1) / scale
    assert set(files) == {*found, "about.json"}
    apart = {file: float(np.abs(ours - theirs.numpy()).max()) for file, (ours, theirs) in found.items()}
    print(name, apart)
    assert max(apart.values()) < 1e-5
    proto = onnx.load_from_string(files["model.onnx"])
    onnx.checker.check_model(proto, full_check=True)
    assert [one.version for one in proto.opset_import if one.domain == ""] == [18]
    about = json.loads(files["about.json"])
    assert about["files"]["model.onnx"]["inputs"] == {
        part.key.removeprefix("input "): part.value for part in proto.metadata_props if part.key.startswith("input ")
    }
    if coded:
        assert set(about["files"]["encoder.onnx"]["inputs"]) == {"images", *told}


def test_a_network_that_takes_the_level_of_the_noise(tmp_path):
    run = untrained("dncnn-levels", tmp_path / "kind", model__range="symmetric")
    files, model = onnx_folder(run).files, load_model(run)
    assert set(files) == {"model.onnx", "about.json"}
    levels = np.array([0.1, 0.3, -1, 0.2, -1, 0, 0.5], np.float32)
    with torch.no_grad():
        given = torch.from_numpy(2 * IMAGES - 1)
        known, estimated = model(given, Condition(None, torch.from_numpy(2 * levels))), model(given)
        expected = (torch.where(torch.from_numpy(levels < 0)[:, None, None, None], estimated, known) + 1) / 2
    apart = float(np.abs(computed(files["model.onnx"], images=IMAGES, level=levels) - expected.numpy()).max())
    print("largest difference", apart)
    assert apart < 1e-5
    assert float((known - estimated)[1].abs().max()) > 1e-3, "the level matters"


def test_the_command_compares_on_the_panel_and_tells_the_largest_difference(capsys, store, tmp_path):
    folder, noisy = tmp_path / "out", np.random.default_rng(1).integers(0, 256, (3, 1, 28, 28), np.uint8)
    (store.root / "runs").mkdir(parents=True)
    made = untrained("unet", store.root / "runs" / "mine")
    panel = {"clean": noisy // 2, "noisy": noisy, "labels": np.arange(3, dtype=np.uint8), "indices": np.arange(3)}
    rows = {"epochs": np.ones(1, np.int32), "reconstructions": noisy[None]}
    made.file(SNAPSHOTS).write_bytes(safetensors.numpy.save(panel | rows))
    told = as_json(capsys, "export", "mine", "--to", "onnx", "--output", str(folder))
    assert told["files"] == sorted(path.name for path in folder.iterdir()) == ["about.json", "model.onnx"]
    assert told["compared_on"] == "20 images of the run's panel"
    with torch.no_grad():
        expected = load_model(made)(torch.from_numpy(noisy) / 255).numpy()
    found = computed((folder / "model.onnx").read_bytes(), images=noisy.astype(np.float32) / 255)
    assert 0 < np.abs(found - expected).max() <= told["largest_difference"] * max(1, np.abs(expected).max()) + 1e-7
    kept = (folder / "model.onnx").read_bytes()
    status, _, err = run(capsys, "export", "mine", "--to", "onnx", "--output", str(folder))
    assert status == 2
    assert "is not empty" in err
    assert (folder / "model.onnx").read_bytes() == kept


def test_a_recorded_run_gives_its_own_bytes_back(tmp_path):
    found = untrained("dense", tmp_path / "kind")
    external = Experiment().changed({"model.kind": "external", "model.range": "symmetric", "data.name": "digits-28"})
    found.file(EXPERIMENT).write_text(json.dumps(external.model_dump(mode="json")))
    kept = {ENCODER: b"what was kept", DECODER: b"and its other half"}
    arrays = {name: np.frombuffer(content, np.uint8) for name, content in kept.items()}
    found.file(WEIGHTS).write_bytes(safetensors.numpy.save(arrays))
    files = onnx_folder(found).files
    assert {name: files[name] for name in kept} == kept
    assert json.loads(files["about.json"])["range"] == [-1, 1]
    found.file(WEIGHTS).unlink()
    with pytest.raises(UserError, match="run kind has no network"):
        onnx_folder(found)


@pytest.mark.parametrize("found", [[1.0, 1.1], [1.0, float("nan")], [1.0]])
def test_a_file_that_computes_something_else_is_refused(found):
    with pytest.raises(AecoreError, match="as ONNX computes something else: "):
        check_apart(torch.tensor(found), torch.ones(2), "it")


def test_a_missing_package_gets_one_line(capsys, gallery, tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "onnxscript":
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    status, _, err = run(capsys, "export", "mnist-mlp8", "--to", "onnx", "--output", str(tmp_path / "out"))
    assert status == 2
    assert err == "aecore: onnxscript is not installed (pip install -r requirements-onnx.txt)\n"
    assert not (tmp_path / "out").exists()
