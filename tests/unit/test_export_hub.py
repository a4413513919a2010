"""A run as a repository of the Hub: read back equal, by `aecore.load` and by the Hub's own library."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from PIL import Image

import aecore
from aecore.config.experiment import Experiment
from aecore.errors import DamagedError, UserError
from aecore.inference import load_model
from aecore.interop.folder import Folder
from aecore.interop.hub import hub_folder
from aecore.models.condition import Condition
from aecore.models.network import Network
from aecore.runs.run import EVALUATION, EXPERIMENT, STATUS, WEIGHTS, Run
from tests.helpers.cli import as_json, run
from tests.helpers.families import SETTINGS, untrained
from tests.helpers.hub import Hub
from tests.helpers.paths import GALLERY_RUN

IMAGES = torch.from_numpy(np.random.default_rng(5).integers(0, 256, (5, 1, 28, 28), np.uint8))
TOLD = Condition(torch.tensor([0, 3, -1, 9, 1]), torch.full((5,), 0.2))


def output(model: Network) -> torch.Tensor:
    model.rng.seed(1, torch.device("cpu"))
    with torch.inference_mode():
        return model.to_unit(model(model.from_bytes(IMAGES), TOLD))


def written(files: Folder, folder):
    files.write(folder)
    return folder


@pytest.mark.parametrize("name", SETTINGS)
def test_every_kind_of_network_is_loaded_equal(name, tmp_path):
    found = untrained(name, tmp_path / "kind")
    model = aecore.load(written(hub_folder(found), tmp_path / "out"))
    assert not model.training
    assert torch.equal(output(model), output(load_model(found)))


@pytest.fixture(scope="module")
def shipped():
    return hub_folder(Run(GALLERY_RUN))


def test_the_card_has_the_measured_numbers_and_only_what_is_known(shipped):
    yaml = pytest.importorskip("yaml", reason="requirements-hub.txt")
    front, text = shipped.files["README.md"].decode().removeprefix("---\n").split("\n---\n", 1)
    about = yaml.safe_load(front)
    assert about == {"library_name": "aecore", "tags": ["autoencoder", "pytorch"], "datasets": ["ylecun/mnist"]}
    for entry in Run(GALLERY_RUN).evaluation():
        line = next(line for line in text.splitlines() if line.startswith(f"| {entry['corruption']} | output |"))
        assert f"| {entry['metrics']['mse']:.5f} |" in line
        if entry["corruption"] != "none":
            assert f"| {entry['noisy_input']['mse']:.5f} |" in text
    picture = Image.open(io.BytesIO(shipped.files["images/panel.png"]))
    assert picture.format == "PNG"
    config = json.loads(shipped.files["config.json"])
    assert Experiment.parse(config["experiment"]) == Run(GALLERY_RUN).experiment()
    assert config["evaluations"] == Run(GALLERY_RUN).evaluation()


def test_another_program_computes_the_same_without_this_one(shipped):
    names: dict = {}
    exec(compile(shipped.files["model.py"], "model.py", "exec"), names)
    theirs = names["Autoencoder"]().eval()
    theirs.load_state_dict(safetensors.torch.load(shipped.files["model.safetensors"]))
    with torch.inference_mode():
        apart = float((theirs(IMAGES.float() / 255) - output(load_model(Run(GALLERY_RUN)))).abs().max())
    print("largest difference", apart)
    assert apart < 1e-5


def test_what_is_published_says_nothing_of_the_machine_and_the_person(tmp_path):
    images = str(tmp_path / "secret" / "pictures")
    found = untrained("dense", tmp_path / "secret-pictures-code-8", data__name=images)
    info = {"title": "a <b> | *pictures*", "image_shape": [1, 28, 28], "classes": ["a"], "citation": ""}
    process = {"pid": 1, "host": "secret-machine"}
    remarks = [{"kind": "left-out", "text": f"3 of 9 pictures in {images} could not be used"}]
    status = {"data": info, "owner": "secret-person", "process": process, "remarks": remarks}
    found.file(STATUS).write_text(json.dumps(status | {"title": f"{images} · code 8"}))
    scores = {"mse": 0.1, "psnr_db": 10.0, "ssim": 0.5, "snr_db": 1.0}
    entry = {"run": found.id, "n": 9, "corruption": "none", "metrics": scores, "noisy_input": scores, "black_mse": 1.0}
    found.file(EVALUATION).write_text(json.dumps({"evaluations": [entry]}))
    files = hub_folder(found).files
    assert not [name for name, content in files.items() if b"secret" in content]
    card = files["README.md"].decode()
    assert "\n# experiment · pictures\n" in card
    assert "a &lt;b&gt; | \\*pictures\\*" in card
    assert "- 3 of 9 pictures in pictures could not be used" in card
    assert "| none | output | 0.10000 | 10.00 | 0.5000 | 1.00 |" in card
    assert "datasets" not in card
    assert "images/panel.png" not in files
    found.file(EVALUATION).unlink()
    assert "It was not measured." in hub_folder(found).files["README.md"].decode()


def test_a_folder_is_a_model_only_with_both_files_and_a_name_of_the_catalogue_never(shipped, tmp_path, monkeypatch):
    folder = written(shipped, tmp_path / "digits")
    monkeypatch.chdir(tmp_path)
    for name, kind in (("digits", aecore.ImageSet), ("./digits", Network), (Path("digits"), Network)):
        assert isinstance(aecore.load(name), kind)
    folder.rename("mine")
    assert isinstance(aecore.load("mine"), Network)
    (tmp_path / "mine" / "config.json").unlink()
    for name in (Path("mine"), "./mine"):
        with pytest.raises(UserError, match="images"):
            aecore.load(name)


def test_the_folder_of_a_run_is_its_model(monkeypatch):
    run = Run(GALLERY_RUN)
    model = aecore.load(run.path)
    assert torch.equal(output(model), output(run.model()))
    monkeypatch.chdir(run.path.parent)
    assert torch.equal(output(aecore.load(f"./{run.id}")), output(model))


def test_a_folder_that_is_not_as_it_was_written_gets_one_line(shipped, tmp_path):
    folder = written(shipped, tmp_path / "out")
    weights = safetensors.numpy.load(shipped.files["model.safetensors"])
    first = next(iter(weights))
    (folder / "model.safetensors").write_bytes(safetensors.numpy.save(weights | {first: weights[first] + 1}))
    with pytest.raises(DamagedError, match=r"model.safetensors is not the file that config.json describes"):
        aecore.load(folder)
    config = json.loads(shipped.files["config.json"])
    for changed, error, words in (
        (config | {"library_name": "transformers"}, UserError, "is no model of aecore"),
        (config | {"experiment": {"model": {"kind": "nonsense"}}}, DamagedError, "does not describe a model"),
        (config | {"image_shape": [-1, 28, 28]}, DamagedError, "three whole numbers, got -1 among them"),
        (config | {"image_shape": [1, 28]}, DamagedError, "does not describe a model"),
        ([], DamagedError, "config.json"),
    ):
        (folder / "config.json").write_text(json.dumps(changed))
        with pytest.raises(error, match=words) as caught:
            aecore.load(folder)
        assert "\n" not in str(caught.value)


def test_a_run_of_another_programs_loop(tmp_path):
    onnx = pytest.importorskip("onnx", reason="requirements-onnx.txt")
    pytest.importorskip("onnxruntime", reason="requirements-onnx.txt")
    from onnx import helper

    def reshaping(given: list, made: list) -> np.ndarray:
        sides = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["rows", *shape])
                 for name, shape in (("input", given), ("output", made))]  # fmt: skip
        shape = helper.make_tensor("shape", onnx.TensorProto.INT64, [len(made) + 1], [-1, *made])
        node = helper.make_node("Reshape", ["input", "shape"], ["output"])
        graph = helper.make_graph([node], "it", sides[:1], sides[1:], [shape])
        opset = [helper.make_opsetid("", 18)]
        proto = helper.make_model(graph, opset_imports=opset, ir_version=9)
        return np.frombuffer(proto.SerializeToString(), np.uint8)

    found = untrained("dense", tmp_path / "kind")
    settings = {"model.kind": "external", "model.bottleneck.size": 784, "data.name": "digits-28"}
    external = Experiment().changed(settings)
    found.file(EXPERIMENT).write_text(json.dumps(external.model_dump(mode="json")))
    files = {"encoder.onnx": reshaping([1, 28, 28], [784]), "decoder.onnx": reshaping([784], [1, 28, 28])}
    found.file(WEIGHTS).write_bytes(safetensors.numpy.save(files))
    folder = written(hub_folder(found), tmp_path / "out")
    assert not (folder / "model.py").exists()
    assert torch.equal(output(aecore.load(folder)), IMAGES / 255)


def test_a_network_larger_than_its_file_is_refused_before_it_is_built(shipped, tmp_path):
    folder, config = written(shipped, tmp_path / "out"), json.loads(shipped.files["config.json"])
    config["experiment"]["model"]["dense"] = [65536, 8192]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        DamagedError, match=r"describes 1,\d{3},\d{3},\d{3} parameters, and model.safetensors holds 622,504"
    ):
        aecore.load(folder)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    constants = pytest.importorskip("huggingface_hub.constants", reason="requirements-hub.txt")
    served = Hub()
    monkeypatch.setenv("HF_ENDPOINT", served.endpoint)
    monkeypatch.setenv("HF_TOKEN", "hf_made_up")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    yield served
    served.shutdown()
    served.server_close()


def test_pushed_and_fetched(capsys, gallery, hub):
    told = as_json(capsys, "export", "mnist-mlp8", "--to", "hub", "--push", "me/mine")
    assert told["address"] == f"{hub.endpoint}/me/mine"
    assert hub.tokens == {"Bearer hf_made_up"}
    assert set(hub.repositories["me/mine"]) == set(told["files"])
    model = aecore.load("hub:me/mine")
    assert torch.equal(output(model), output(load_model(gallery.find("mnist-mlp8"))))
    from huggingface_hub import ModelCard

    theirs = ModelCard(hub.repositories["me/mine"]["README.md"].decode())
    assert theirs.data.to_dict()["library_name"] == "aecore"
    with pytest.raises(UserError, match="hub:me/other cannot be fetched: ") as caught:
        aecore.load("hub:me/other")
    assert "\n" not in str(caught.value)


def test_what_cannot_be_pushed_gets_one_line(capsys, gallery, hub):
    hub.shutdown()
    hub.server_close()
    status, _, err = run(capsys, "export", "mnist-mlp8", "--to", "hub", "--push", "me/mine")
    assert status == 1
    assert err.startswith("aecore: me/mine could not be pushed: ")
    assert err.count("\n") == 1
    for arguments, words in (
        (("--to", "hub", "--push", "mine"), "'mine' should be the name of a repository, USER/NAME"),
        (("--to", "zip", "--push", "me/mine"), "--push is for --to hub"),
        (("--to", "hub", "--push", "me/mine", "--output", "x"), "--push uploads instead of writing"),
    ):
        status, _, err = run(capsys, "export", "mnist-mlp8", *arguments)
        assert status == 2
        assert words in err
