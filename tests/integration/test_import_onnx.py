"""ONNX files of other frameworks as runs: against principal components in NumPy, laid out and scaled as others do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("onnx", reason="requirements-onnx.txt")
pytest.importorskip("onnxruntime", reason="requirements-onnx.txt")

from onnx import TensorProto

from aecore import data
from aecore.errors import UserError
from aecore.inference import load_model
from aecore.interop import import_candidate, import_checkpoint
from aecore.interop.export_onnx import onnx_folder
from aecore.latent.codes import read_codes
from aecore.runs.archive import packed
from aecore.runs.run import Run
from aecore.runs.summary import summarise
from tests.helpers.onnx_models import Components, decoder_steps, encoder_steps, flatten, save


@pytest.fixture(scope="module")
def digits(image_cache):
    found = data.load("digits-28")
    return np.array(found.x_train), np.array(found.x_test)


@pytest.fixture(scope="module")
def parts(digits):
    return Components(digits[0][:400], 12)


def output_of(run: Run, images: np.ndarray) -> np.ndarray:
    """On the [0, 1] scale."""
    model = load_model(run)
    return model.to_unit(model(model.from_bytes(torch.from_numpy(images)))).numpy()


def test_encoder_and_decoder_as_keras_lays_them_out_become_a_run_with_a_code(tmp_path, store, digits, parts):
    """Channels last, bytes going in, a decoder that takes one code at a time, named so that their order is not told."""
    test = digits[1]
    first = save(
        tmp_path / "one.onnx", [flatten(784), *encoder_steps(parts, 0, 255)], ["unk__7", 28, 28, 1], ["unk__8", 12]
    )
    steps = [*decoder_steps(parts, 0, 1), ("Reshape", {}, np.array([1, 28, 28, 1], np.int64))]
    second = save(tmp_path / "two.onnx", steps, [1, 12], [1, 28, 28, 1])
    imported = import_checkpoint([second, first], name="keras", data_name="digits-28")
    run = imported.run
    told = run.status()["imported"]
    assert told["tried"] == {
        "input.layout": "channels last",
        "output.layout": "channels last",
        "input.range": "bytes",
        "output.range": "unit",
    }
    assert told["assumed"] == {}
    row = summarise(run)
    assert (row.state, row.title, row.code_size, row.data) == ("finished", "keras", 12, "digits-28")
    assert run.experiment().model.kind == "external"
    assert np.abs(output_of(run, test) - parts.outputs(test)).max() < 1e-4
    assert row.test_mse == pytest.approx(np.square(parts.outputs(test) - test / 255).mean(), rel=1e-4)
    kept = read_codes(run)
    assert kept is not None
    assert np.abs(kept.codes - parts.codes(test)[kept.indices]).max() < 0.02
    assert len(packed(run)) > 10_000
    if len(told["candidates"]) > 1:
        other = import_candidate(run, 1).run
        assert other.status()["imported"]["chosen_from"] == run.id
        assert summarise(other).test_mse == pytest.approx(told["candidates"][1]["mse"], rel=0.2)


def test_a_whole_network_of_rows_in_another_range_restores(tmp_path, store, digits, parts):
    steps = [*encoder_steps(parts, -1, 1), *decoder_steps(parts, -1, 1)]
    path = save(tmp_path / "model.onnx", steps, ["n", 784], ["n", 784])
    run = import_checkpoint(path, data_name="digits-28").run
    experiment = run.experiment()
    assert (experiment.model.kind, experiment.model.range) == ("external-restorer", "symmetric")
    assert np.abs(output_of(run, digits[1]) - parts.outputs(digits[1])).max() < 1e-4
    assert summarise(run).code_size is None
    assert not run.status().dropped
    with pytest.raises(UserError, match="has no code"):
        load_model(run).encode(torch.zeros(1, 1, 28, 28))


def test_colours_in_rows_are_told_apart_by_their_order(tmp_path, store):
    """784 numbers can be an image in two orders; the right one reconstructs it."""
    rng = np.random.default_rng(0)
    smooth = rng.integers(0, 256, (300, 3, 2, 2)).repeat(4, 2).repeat(4, 3).astype(np.uint8)
    np.savez(tmp_path / "own.npz", x_train=np.moveaxis(smooth, 1, -1), x_test=np.moveaxis(smooth[:60], 1, -1))
    moved = np.ascontiguousarray(np.moveaxis(smooth, 1, -1))
    parts = Components(moved, 12)
    steps = [*encoder_steps(parts, 0, 1), *decoder_steps(parts, 0, 1)]
    path = save(tmp_path / "model.onnx", steps, ["n", 192], ["n", 192])
    run = import_checkpoint(path, data_name=str(tmp_path / "own.npz")).run
    assert run.status()["imported"]["tried"]["input.layout"] == "rows, channels last"
    expected = np.moveaxis(parts.outputs(moved[:20]), -1, 1)
    assert np.abs(output_of(run, smooth[:20]) - expected).max() < 1e-4


class Untrained(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.into = nn.Sequential(nn.Conv2d(1, 3, 3, 2, 1), nn.ReLU(), nn.Conv2d(3, 2, 3, 2, 1))
        self.out = nn.Sequential(nn.ConvTranspose2d(2, 3, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(3, 1, 4, 2, 1))

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        code = self.into(images)
        return code, 30 + self.out(code)


@pytest.mark.filterwarnings("ignore")
def test_what_torch_exports_but_reconstructs_nothing_is_refused_unless_it_is_wanted(tmp_path, store):
    path = tmp_path / "torch.onnx"
    given = (torch.zeros(1, 1, 28, 28),)
    torch.onnx.export(
        Untrained().eval(), given, path, dynamo=False, input_names=["x"], output_names=["z", "y"],
        dynamic_axes={"x": {0: "n"}},
    )  # fmt: skip
    with pytest.raises(UserError, match=r"no reading of this file reconstructs the images of digits-28.*--anyway"):
        import_checkpoint(path, data_name="digits-28")
    assert store.runs() == []
    imported = import_checkpoint(path, data_name="digits-28", anyway=True)
    assert not summarise(imported.run).may_win
    assert any("has 2 outputs (z, y); y is" in line for line in imported.remarks)


def test_a_graph_of_a_few_bytes_that_asks_for_all_memory_is_one_line(tmp_path, store):
    steps = [
        ("Shape", {}, None),
        ("Mul", {}, np.array([1, 700], np.int64)),
        ("Mul", {}, np.array([1, 1 << 20], np.int64)),
        ("ConstantOfShape", {}, None),
    ]
    path = save(tmp_path / "bomb.onnx", steps, ["n", 784], ["n", "m"])
    with pytest.raises(UserError, match="asks for more memory than"):
        import_checkpoint(path, data_name="digits-28")


def test_an_encoder_alone_a_wide_code_and_no_images_of_that_shape(tmp_path, store, parts):
    alone = save(tmp_path / "encoder.onnx", encoder_steps(parts, 0, 1), ["n", 784], ["n", 12])
    with pytest.raises(UserError, match=r"has the shape 12, which is no image.*an encoder needs its decoder"):
        import_checkpoint(alone, data_name="digits-28")
    odd = save(tmp_path / "odd.onnx", [("Relu", {}, None)], ["n", 785], ["n", 785])
    with pytest.raises(UserError, match="takes N × 785, and no images that are known here have that shape"):
        import_checkpoint(odd)
    wide = ("Tile", {}, np.array([1, 90], np.int64))
    first = save(tmp_path / "first.onnx", [wide], ["n", 784], ["n", 70560])
    back = ("Gather", {"axis": 1}, np.arange(784))
    second = save(tmp_path / "second.onnx", [back], ["n", 70560], ["n", 784])
    with pytest.raises(UserError, match="a code has 70,560 numbers; at most 65,536"):
        import_checkpoint([first, second], data_name="digits-28")
    assert store.runs() == []


def test_what_an_onnx_file_answers_itself_cannot_be_set(tmp_path, store):
    path = save(tmp_path / "m.onnx", [("Relu", {}, None)], ["n", 784], ["n", 784], output=TensorProto.FLOAT)
    with pytest.raises(UserError, match=r"model\.activation is in the ONNX file"):
        import_checkpoint(path, changes={"model.activation": "relu"})
    with pytest.raises(UserError, match="brings its own"):
        import_checkpoint(path, preset_name="000-mlp-8")
    (tmp_path / "x.pth").write_bytes(b"x")
    with pytest.raises(UserError, match=r"x\.pth is no ONNX file"):
        import_checkpoint([path, tmp_path / "x.pth"])


def test_what_was_imported_goes_out_again_as_it_is_kept(tmp_path, store, digits, parts):
    """The file of the export, run by onnxruntime without this project."""
    import onnxruntime

    steps = [*encoder_steps(parts, -1, 1), *decoder_steps(parts, -1, 1)]
    run = import_checkpoint(save(tmp_path / "model.onnx", steps, ["n", 784], ["n", 784]), data_name="digits-28").run
    contents = onnx_folder(run).files
    assert sorted(contents) == ["about.json", "network.onnx"]
    session = onnxruntime.InferenceSession(contents["network.onnx"])
    images = (digits[1][:5] / 127.5 - 1).astype(np.float32)
    (found,) = session.run(None, {session.get_inputs()[0].name: images})
    assert np.abs((np.asarray(found) + 1) / 2 - parts.outputs(digits[1][:5])).max() < 1e-4
