"""Networks from ONNX files in the browser: what its script computes is what onnxruntime computes."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from aecore.errors import AecoreError
from aecore.models.onnx_browser import translated
from tests.helpers.node import run_networks
from tests.unit.test_javascript import missing

onnx = pytest.importorskip("onnx", reason="requirements-onnx.txt")
onnxruntime = pytest.importorskip("onnxruntime", reason="requirements-onnx.txt")
from onnx import TensorProto, helper  # noqa: E402

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))
SHAPE = (2, 10, 12)
PIXELS = 240


class Branches(nn.Module):
    """Results that are used twice, in every order."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        a = self.first(x)
        b = self.second(a).tanh()
        c = a - b * 2 + 1
        joined = torch.cat([b, x, c * a], 1)
        kept, rest = joined.split([5, 3], 1)
        return torch.cat([rest.flatten(1), kept[:, 1:3].flatten(1) / 3], 1)


class Cut(nn.Module):
    """Ranges along every axis, from both ends, of a map and of one with its channels last."""

    def forward(self, x):
        y = (x[:, :, 1:-2] * 2)[:, 1:, :, 3:]
        z = x.permute(0, 2, 3, 1)[:, :4, -5:, :1] + torch.tensor([[1.0], [2.0], [3.0], [4.0], [5.0]])
        return torch.cat([y.flatten(1), z.flatten(1)], 1)


class Mean(nn.Module):
    """The first half of what a VAE's encoder gives."""

    def forward(self, x):
        mean, _ = nn.functional.silu(x.flatten(1)).chunk(2, 1)
        return 2 - mean


class LastAxis(nn.Module):
    """A map with its channels last in between, as another framework has it."""

    def forward(self, x):
        return (
            (x.permute(0, 2, 3, 1).flatten(1) * torch.linspace(0, 1, PIXELS)).reshape(-1, 10, 12, 2).permute(0, 3, 1, 2)
        )


def seeded(*layers: nn.Module) -> nn.Module:
    net = nn.Sequential(*layers)
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d | nn.BatchNorm1d):
            part.running_mean = torch.randn(part.num_features)
            part.running_var = 0.5 + torch.rand(part.num_features)
    return net.eval()


# fmt: off
ENCODERS = {
    "linear": lambda: seeded(nn.Flatten(), nn.Linear(PIXELS, 7), nn.BatchNorm1d(7), nn.LeakyReLU(0.2)),
    "no bias": lambda: seeded(nn.Flatten(), nn.Linear(PIXELS, 7, bias=False), nn.LayerNorm(7)),
    "convolutions": lambda: seeded(nn.Conv2d(2, 5, 3, 2, 1), nn.BatchNorm2d(5), nn.ELU(), nn.Conv2d(5, 4, 4),
                                     nn.SELU()),
    "a kernel of two sides": lambda: seeded(nn.Conv2d(2, 3, (1, 5), padding=(0, 2)),
                                              nn.Conv2d(3, 2, (4, 3), padding=(2, 0))),
    "gaps": lambda: seeded(nn.Conv2d(2, 3, 3, dilation=2, padding=2), nn.Conv2d(3, 3, (3, 2), dilation=(2, 3))),
    "groups": lambda: seeded(nn.Conv2d(2, 6, 3, groups=2), nn.Conv2d(6, 6, 3, groups=6), nn.PReLU(6)),
    "group norm": lambda: seeded(nn.Conv2d(2, 6, 3), nn.GroupNorm(3, 6), nn.PReLU()),
    "pools": lambda: seeded(nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2), nn.Hardtanh(-0.2, 0.6), nn.ReLU6()),
    "means": lambda: seeded(nn.Conv2d(2, 4, 1), nn.AvgPool2d(3, 2), nn.Softplus()),
    "functions": lambda: seeded(nn.GELU(), nn.SiLU(), nn.Mish(), nn.Hardswish(),
                                 nn.Hardsigmoid(), nn.Tanh(), nn.Sigmoid()),
    "branches": Branches,
    "mean of a VAE": Mean,
    "channels last": LastAxis,
    "cut": Cut,
    "padding": lambda: seeded(nn.ZeroPad2d(2), nn.ConstantPad2d(1, 0.3),
                               nn.Conv2d(2, 2, 3, 2), nn.Dropout(0.5), nn.Identity()),
}
DECODERS = {
    "transposed": lambda: seeded(
        nn.Linear(6, 60), nn.ReLU(), nn.Unflatten(1, (4, 5, 3)), nn.ConvTranspose2d(4, 3, 3, 2, 1, output_padding=1),
        nn.ConvTranspose2d(3, 2, (1, 4), 1), nn.Upsample(size=(10, 12), mode="bilinear"), nn.Sigmoid(),
    ),
    "groups backwards": lambda: seeded(
        nn.Unflatten(1, (6, 1, 1)), nn.ConvTranspose2d(6, 4, (5, 3), groups=2),
        nn.ConvTranspose2d(4, 2, (3, 2), 2, dilation=(2, 1)),
        nn.Upsample(size=(10, 12)),
    ),
    "shuffled": lambda: seeded(nn.Linear(6, 8 * 30), nn.Unflatten(1, (8, 5, 6)), nn.PixelShuffle(2), nn.Tanh()),
    "repeated": lambda: seeded(nn.Linear(6, 60), nn.Unflatten(1, (2, 5, 6)), nn.Upsample(scale_factor=2),
                                nn.Conv2d(2, 2, 3, padding="same")),
    "one row": lambda: seeded(nn.Linear(6, PIXELS), nn.Sigmoid()),
}

# fmt: on


def content_of(module: nn.Module, example: torch.Tensor, modern: bool = False) -> bytes:
    """The module as ONNX with any number of rows, by either of PyTorch's exporters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if modern:
            program = torch.onnx.export(module, (example,), dynamo=True, opset_version=18, verbose=False,
                                        dynamic_shapes=({0: torch.export.Dim("rows")},))  # fmt: skip
            assert program is not None
            return program.model_proto.SerializeToString()
        file: Any = io.BytesIO()  # which it takes, though its types do not say so
        names: dict[str, Any] = {"input_names": ["x"], "output_names": ["y"]}
        torch.onnx.export(module, (example,), file, dynamo=False, opset_version=17, **names,
                          dynamic_axes={"x": {0: "rows"}, "y": {0: "rows"}})  # fmt: skip
        return file.getvalue()


def reference(content: bytes, values: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: values})
    return found


def compare(cases: list[tuple[str, bytes, np.ndarray, str]], low: float = 0.0, high: float = 1.0) -> None:
    """Each file, an encoder of images (N, C, H, W) or a decoder of codes (N, n), by the browser and by onnxruntime."""
    networks, expected = [], []
    for _, content, values, side in cases:
        size = values.shape[1] if side == "decoder" else None
        made = translated(content, SHAPE, size, low, high)
        told = reference(content, values if side == "decoder" else values * (high - low) + low)
        if side == "decoder":
            told = (told.reshape(-1, *SHAPE).transpose(0, 2, 3, 1) - low) / (high - low)
            networks.append((made, values))
        else:
            networks.append((made, values.transpose(0, 2, 3, 1).reshape(len(values), -1)))
        expected.append(told.reshape(len(values), -1))
    for (name, *_), found, right in zip(cases, run_networks(networks), expected, strict=True):
        assert found.shape == right.shape, name
        assert np.abs(found - right).max() < 2e-5 * max(1, np.abs(right).max()), name


def images(count: int = 2) -> np.ndarray:
    return np.random.default_rng(3).random((count, *SHAPE), dtype=np.float32)


def codes(count: int = 2) -> np.ndarray:
    return np.random.default_rng(4).normal(size=(count, 6)).astype(np.float32)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_every_operation_computes_what_it_does_elsewhere(low, high):
    torch.manual_seed(0)
    given = torch.from_numpy(images())
    cases = [(name, content_of(make().eval(), given), images(), "encoder") for name, make in ENCODERS.items()]
    cases += [
        (name, content_of(make(), torch.from_numpy(codes())), codes(), "decoder") for name, make in DECODERS.items()
    ]
    compare(cases, low, high)


def test_by_the_newer_exporter_too():
    torch.manual_seed(1)
    name = "group norm"
    compare([(name, content_of(ENCODERS[name]().eval(), torch.from_numpy(images()), modern=True), images(), "encoder")])


def graph(nodes: list[Any], constants: dict[str, np.ndarray], shape: list[Any], out: list[Any]) -> bytes:
    """A model from x to y, made by hand."""
    made = helper.make_graph(
        nodes, "made",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()


@pytest.mark.parametrize("how", ["SAME_UPPER", "SAME_LOWER", "VALID"])
def test_padding_that_a_file_leaves_to_its_reader(how):
    """As Keras pads, more on one side than on the other; backwards too."""
    draw = np.random.default_rng(0)
    weights = {"w": draw.normal(size=(4, 2, 3, 4)), "v": draw.normal(size=(4, 2, 4, 3))}
    weights = {name: value.astype(np.float32) for name, value in weights.items()}
    conv = helper.make_node("Conv", ["x", "w"], ["m"], strides=[2, 2], auto_pad=how)
    back = helper.make_node("ConvTranspose", ["m", "v"], ["y"], strides=[2, 2], auto_pad=how)
    compare([(how, graph([conv, back], weights, ["n", *SHAPE], ["n", None, None, None]), images(), "encoder")])


def test_numbers_of_a_shape_alone_are_constants():
    """Rows reshaped by the shape of what comes in, as exporters write for any number of rows."""
    nodes = [
        helper.make_node("Shape", ["x"], ["s"], start=0, end=1),
        helper.make_node("Concat", ["s", "rest"], ["t"], axis=0),
        helper.make_node("Reshape", ["x", "t"], ["r"]),
        helper.make_node("MatMul", ["r", "w"], ["y"]),
    ]
    constants = {"rest": np.array([-1]), "w": np.random.default_rng(1).normal(size=(PIXELS, 5)).astype(np.float32)}
    compare([("shapes", graph(nodes, constants, ["n", *SHAPE], ["n", 5]), images(), "encoder")])


def test_older_operator_sets_are_refused_since_they_mean_something_else():
    """The limits of Clip were attributes once, and Upsample placed its pixels otherwise."""
    node = helper.make_node("Clip", ["x"], ["y"], min=0.2, max=0.4)
    model = onnx.load_from_string(graph([node], {}, ["n", *SHAPE], ["n", *SHAPE]))
    model.opset_import[0].version = 9
    assert reference(model.SerializeToString(), images()).max() == np.float32(0.4)
    with pytest.raises(AecoreError, match="version 9, older than 13"):
        translated(model.SerializeToString(), SHAPE, None, 0, 1)


def refused(nodes: list[Any], constants: dict[str, np.ndarray] | None = None) -> str:
    with pytest.raises(AecoreError) as error:
        translated(graph(nodes, constants or {}, ["n", *SHAPE], None), SHAPE, None, 0, 1)  # type: ignore[arg-type]
    return str(error.value)


def test_what_the_browser_lacks_is_named():
    node = helper.make_node
    assert refused([node("Softmax", ["x"], ["y"], axis=1)]) == "the browser has no Softmax"
    assert "in steps" in refused(
        [node("Slice", ["x", "a", "b", "c", "d"], ["y"])],
        {"a": np.array([0]), "b": np.array([9]), "c": np.array([2]), "d": np.array([2])},
    )
    assert "reflect" in refused(
        [node("Pad", ["x", "p"], ["y"], mode="reflect")], {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1])}
    )
    assert "mixes the images" in refused([node("Reshape", ["x", "s"], ["y"])], {"s": np.array([2, -1])})
    assert "Transpose by" in refused([node("Transpose", ["x"], ["y"], perm=[0, 1, 3, 2])])
    assert "over the edge" in refused(
        [node("AveragePool", ["x"], ["y"], kernel_shape=[3, 3], strides=[3, 3], pads=[1, 1, 1, 1])]
    )
    assert "by chance" in refused([node("RandomNormalLike", ["x"], ["r"]), node("Add", ["x", "r"], ["y"])])
    assert "another type" in refused(
        [node("Cast", ["x"], ["i"], to=TensorProto.INT64), node("Cast", ["i"], ["y"], to=1)]
    )
    by_nothing = {"zero": np.zeros(1, np.float32)}
    assert "not finite" in refused([node("Div", ["x", "zero"], ["y"])], by_nothing)
    with pytest.raises(AecoreError, match="no ONNX file"):
        translated(b"nothing of the kind", SHAPE, None, 0, 1)
