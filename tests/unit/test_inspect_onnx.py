"""What an ONNX file of somebody else must not be, and how it is asked what it takes; files made by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("onnx", reason="requirements-onnx.txt")
pytest.importorskip("onnxruntime", reason="requirements-onnx.txt")

from onnx import TensorProto, helper, numpy_helper

from aecore.errors import AecoreError
from aecore.interop import inspect_onnx
from aecore.interop.image_layout import layouts, scales
from aecore.interop.inspect_onnx import RefusedError, Session, tried
from aecore.interop.wrap_onnx import Edited
from aecore.models.onnx_file import OnnxFunction
from tests.helpers.onnx_models import flatten, save

DOUBLE = ("Mul", {}, np.array(2.0))


def graph_of(nodes, constants=(), inputs=("input",), **more):
    described = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in (*inputs, "output")]
    graph = helper.make_graph(nodes, "g", described[:-1], described[-1:], list(constants))
    opsets = [helper.make_opsetid("", more.pop("opset", 13)), helper.make_opsetid("my.ops", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, **more)


def outside():
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return graph_of([helper.make_node("Add", ["input", "w"], ["output"])], [tensor])


def outside_in_an_attribute():
    tensor = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    nodes = [helper.make_node("Constant", [], ["w"], value=tensor), helper.make_node("Add", ["input", "w"], ["output"])]
    return graph_of(nodes)


def branching():
    made = helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", 4])
    body = helper.make_graph([helper.make_node("Identity", ["input"], ["z"])], "b", [], [made])
    yes = numpy_helper.from_array(np.array(True), "yes")
    return graph_of([helper.make_node("If", ["yes"], ["output"], then_branch=body, else_branch=body)], [yes])


def doubling(times):
    """Functions that each call the one before twice."""
    functions, opset = [], [helper.make_opsetid("", 13), helper.make_opsetid("my.ops", 1)]
    for number in range(times):
        inner, domain = ("Relu", "") if not number else (f"f{number - 1}", "my.ops")
        nodes = [
            helper.make_node(inner, ["a"], ["b"], domain=domain),
            helper.make_node(inner, ["b"], ["c"], domain=domain),
        ]
        functions.append(helper.make_function("my.ops", f"f{number}", ["a"], ["c"], nodes, opset))
    node = helper.make_node(f"f{times - 1}", ["input"], ["output"], domain="my.ops")
    return graph_of([node], functions=functions)


_mine = helper.make_node("Mine", ["input"], ["output"], domain="my.ops")
_sum = helper.make_node("Add", ["input", "b"], ["output"])
REFUSED = {
    "text": (b"these are not the weights", "is no ONNX file, or it is damaged"),
    "empty": (helper.make_model(helper.make_graph([], "g", [], [])).SerializeToString(), "without a network"),
    "outside": (outside(), "keeps its weights in another file; save it as one"),
    "outside in an attribute": (outside_in_an_attribute(), "keeps its weights in another file"),
    "branching": (branching(), r"control flow \(the operator If\)"),
    "custom": (graph_of([_mine]), r"custom operator my\.ops\.Mine"),
    "unknown": (graph_of([helper.make_node("Nonsense", ["input"], ["output"])]), "cannot be run by onnxruntime"),
    "old": (graph_of([helper.make_node("Relu", ["input"], ["output"])], opset=6), "opset 6; export it again"),
    "two inputs": (graph_of([_sum], inputs=("input", "b")), "has 2 inputs"),
    "functions": (doubling(40), "operations, more than the 100,000"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_in_one_line(tmp_path, name):
    content, words = REFUSED[name]
    path = tmp_path / "file.onnx"
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
    with pytest.raises(RefusedError, match=words) as found:
        Session(path, "the file")
    assert "\n" not in str(found.value)


def test_numbers_that_are_no_floats_are_refused(tmp_path):
    path = save(
        tmp_path / "f.onnx",
        [("Relu", {}, None)],
        ["n", 4],
        ["n", 4],
        14,
        input=TensorProto.INT32,
        output=TensorProto.INT32,
    )
    with pytest.raises(RefusedError, match=r"takes tensor\(int32\)"):
        Session(path, "the file")


def test_a_decoder_that_does_not_take_the_codes_is_said(tmp_path):
    first = Session(save(tmp_path / "a.onnx", [flatten(16)], ["n", 4, 4], ["n", 16]), "the encoder")
    second = Session(save(tmp_path / "b.onnx", [DOUBLE], ["n", 8], ["n", 8]), "the decoder")
    assert tried([first, second], [[4, 4], [16]]) == ([], "the encoder gives codes of 16, and the decoder takes N × 8")


def test_shapes_rows_and_chance_are_found_by_running(tmp_path):
    free = Session(save(tmp_path / "a.onnx", [DOUBLE], ["n", 4, 4], ["n", 4, 4]), "the file")
    fixed = Session(save(tmp_path / "b.onnx", [DOUBLE], [3, 4, 4], [3, 4, 4]), "the file")
    dice = Session(save(tmp_path / "c.onnx", [("RandomNormalLike", {}, None)], ["n", 4, 4], ["n", 4, 4]), "the file")
    shapes = [[4, 4], [1, 4, 4]]
    found = [tried([one], shapes)[0] for one in (free, fixed, dice)]
    assert [[(way["shape"], way["rows"], way["any"], way["chance"]) for way in ways] for ways in found] == [
        [([4, 4], 2, True, False)],
        [([4, 4], 3, False, False)],
        [([4, 4], 2, True, True)],
    ]


@pytest.mark.parametrize("place", ["secret.bin", "../secret.bin", "{}/secret.bin"])
def test_a_file_that_is_run_reads_no_other_file(tmp_path, monkeypatch, place):
    """Without the check of an import: as a run that somebody packed has it in its weights."""
    (tmp_path / "secret.bin").write_bytes(b"secret")
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in" if ".." in place else tmp_path)
    tensor = numpy_helper.from_array(np.zeros(4, np.uint8), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", place.format(tmp_path)), ("offset", "0"), ("length", "4")):
        tensor.external_data.add(key=key, value=value)
    cast = helper.make_node("Cast", ["w"], ["c"], to=TensorProto.FLOAT)
    model = graph_of([cast, helper.make_node("Add", ["input", "c"], ["output"])], [tensor])
    with pytest.raises(AecoreError, match="cannot be run"):
        OnnxFunction(model.SerializeToString(), "it")


@pytest.mark.parametrize("count", [1, 3, 7])
def test_a_fixed_number_of_rows_takes_any_number_of_images(tmp_path, count):
    path = save(tmp_path / "a.onnx", [DOUBLE], [3, 2], [3, 2])
    values = torch.arange(2.0 * count).reshape(count, 2)
    assert torch.equal(OnnxFunction(path.read_bytes(), "it")(values), 2 * values)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_wrapped_file_does_to_images_what_layout_and_scale_do_to_tensors(tmp_path, channels):
    """Every layout and scale as nodes of the graph, against the same arithmetic in PyTorch around the bare file."""
    shape = (channels, 4, 6)
    images = torch.rand(5, *shape)
    for tag in ((channels, 4, 6), (4, 6, channels), (4 * 6 * channels,), (4, 6)):
        for layout in layouts(shape, tag):
            path = save(tmp_path / "a.onnx", [("Sigmoid", {}, None)], ["n", *tag], ["n", *tag])
            for scale in scales(channels):
                edited = Edited(path.read_bytes())
                edited.take_images(shape, layout, scale, 0)
                edited.give_images(shape, layout, scale)
                inner = torch.sigmoid(layout.laid_out(scale.scaled(images)))
                found = OnnxFunction(edited.to_bytes(), "it")(images)
                assert torch.allclose(found, scale.back(layout.back(inner, shape)), atol=1e-5)


def test_half_precision_inside_is_single_precision_outside(tmp_path):
    kind = TensorProto.FLOAT16
    path = save(tmp_path / "a.onnx", [("Relu", {}, None)], ["n", 4], ["n", 4], input=kind, output=kind)
    edited = Edited(path.read_bytes())
    edited.as_float32()
    values = torch.linspace(-1, 1, 8).reshape(2, 4)
    found = OnnxFunction(edited.to_bytes(), "it")(values)
    assert torch.allclose(found, values.clamp(min=0), atol=1e-3)


def test_a_request_is_answered_for_the_order_that_works(tmp_path, monkeypatch):
    monkeypatch.setattr(inspect_onnx, "_limit_memory", lambda size: None)  # it would bound this process
    first = save(tmp_path / "a.onnx", [flatten(16), ("MatMul", {}, np.ones((16, 2)))], ["n", 1, 4, 4], ["n", 2])
    second = save(tmp_path / "b.onnx", [("MatMul", {}, np.ones((2, 16)))], ["n", 2], ["n", 16])
    found = inspect_onnx.main({"files": [str(second), str(first)], "shapes": [[1, 4, 4], [4, 4, 1], [16]]})
    assert found["order"] == [1, 0]
    assert [way["shape"] for way in found["tries"]] == [[1, 4, 4]]
    assert found["tries"][0]["outputs"] == [[[2, 2]], [[2, 16]]]
