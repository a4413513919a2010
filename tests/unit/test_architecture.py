"""From a description to layers: sizes solved, parameters counted, and what cannot be built told in one line."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.config.model import Conv, Model
from aecore.data import data_set
from aecore.errors import UserError
from aecore.models import Autoencoder, plan
from aecore.presets import preset, presets

# parameters, code size, whether the decoder's output is resized: from the reports' own tables
REPORTED = {
    "mnist-mlp8": (622_504, 8, False),
    "mnist-mlp8-plateau": (622_504, 8, False),
    "cifar-conv": (1_611, 6_272, False),
    "cifar-conv-denoise": (1_611, 6_272, False),
    "cifar-conv-denoise-var": (1_611, 6_272, False),
    "mnist-selu-2": (283_007, 2, False),
    "mnist-selu-2-clean": (283_007, 2, False),
    "mnist-selu-6": (283_427, 6, False),
    "mnist-selu-6-clean": (283_427, 6, False),
    "colored-conv": (200_915, 64, True),
    "colored-conv-twice": (200_915, 64, True),
    "colored-dropout": (201_843, 64, True),
    "colored-vae": (204_859, 20, True),
}


def of_preset(name):
    experiment = preset(name).experiment
    return experiment.model, data_set(experiment.data.name).image_shape


def test_every_preset_of_a_report_is_counted():
    assert set(REPORTED) == {entry.name for entry in presets().values() if entry.report}


@pytest.mark.parametrize("name", REPORTED)
def test_a_preset_has_the_reports_parameters_in_plan_and_network(name):
    model, shape = of_preset(name)
    solved, network = plan(model, shape), Autoencoder(model, shape)
    assert (solved.parameters, solved.code_size, solved.resized) == REPORTED[name]
    assert sum(p.numel() for p in network.parameters()) == solved.parameters
    assert network.plan == solved


def test_the_layer_table_is_that_of_report_003():
    solved = plan(*of_preset("mnist-mlp8-plateau"))
    assert [layer.parameters for layer in solved.layers] == [307_720, 3_144, 3_528, 308_112]
    assert [layer.output_shape for layer in solved.layers] == [(392,), (8,), (392,), (784,)]
    assert solved.compression == 98


def test_the_layers_are_those_of_report_002():
    solved = plan(*of_preset("mnist-selu-2"))
    shapes = [(6, 14, 14), (39, 7, 7), (72, 3, 3), (145,), (98,), (52,), (2,)]
    assert [layer.output_shape for layer in solved.encoder] == shapes
    shapes = [(52,), (98,), (145,), (648,), (39, 7, 7), (6, 14, 14), (1, 28, 28)]
    assert [layer.output_shape for layer in solved.decoder] == shapes
    assert [layer.output_padding for layer in solved.decoder[4:]] == [(0, 0), (1, 1), (1, 1)]
    assert [layer.activation for layer in solved.layers] == ["selu"] * 6 + ["none"] + ["selu"] * 6 + ["sigmoid"]


def test_the_layers_are_those_of_report_004():
    solved = plan(*of_preset("colored-dropout"))
    assert [layer.output_shape for layer in solved.encoder] == [(128, 14, 14), (64, 7, 7), (32, 4, 4), (16, 2, 2)]
    assert [layer.output_shape for layer in solved.decoder] == [(32, 4, 4), (64, 8, 8), (128, 16, 16), (3, 32, 32)]
    assert [(layer.norm, layer.dropout) for layer in solved.layers] == [(True, 0.2)] * 7 + [(False, 0.0)]
    assert plan(*of_preset("colored-vae")).encoder[-1].parameters == 2 * (64 * 20 + 20)


@settings(max_examples=25)
@given(
    dense=st.lists(st.integers(1, 40), max_size=3),
    decoder=st.none() | st.lists(st.integers(1, 40), max_size=3),
    size=st.integers(1, 20),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12)),
    activation=st.sampled_from(["relu", "selu", "tanh", "gelu", "none"]),
    kind=st.sampled_from(["dense", "gaussian"]),
)
def test_a_dense_network_is_what_its_plan_says(dense, decoder, size, shape, activation, kind):
    description = Model.model_validate(
        {
            "dense": dense,
            "decoder_dense": decoder,
            "bottleneck": {"size": size, "kind": kind},
            "activation": activation,
        }
    )
    network = Autoencoder(description, shape).eval()
    assert sum(p.numel() for p in network.parameters()) == plan(description, shape).parameters
    images = torch.rand(2, *shape)
    codes = network.encode(images)
    assert codes.shape == (2, size)
    assert network.decode(codes).shape == images.shape
    assert torch.equal(network(images), network.decode(codes))


convs = st.integers(1, 5).flatmap(
    lambda kernel: st.builds(
        Conv,
        channels=st.integers(1, 4),
        kernel=st.just(kernel),
        stride=st.integers(1, 4),
        padding=st.integers(0, kernel - 1),
    )
)


@settings(max_examples=80)
@given(
    stack=st.lists(convs, min_size=1, max_size=4),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 20), st.integers(1, 20)),
    fit=st.sampled_from(["exact", "resize"]),
    kind=st.sampled_from(["none", "dense", "gaussian"]),
    norm=st.sampled_from(["none", "batch"]),
)
def test_a_stack_of_convolutions_comes_back_to_the_image_whatever_its_shape(stack, shape, fit, kind, norm):
    description = Model(
        conv=tuple(stack),
        dense=() if kind == "none" else (7,),
        bottleneck={"kind": kind, "size": 3},  # type: ignore[arg-type]
        decoder_fit=fit,
        norm=norm,
    )
    sides = list(shape[1:])
    for conv in stack:
        sides = [(side + 2 * conv.padding - conv.kernel) // conv.stride + 1 for side in sides]
        if min(sides) < 1:
            with pytest.raises(UserError, match="kernel larger than what is left"):
                plan(description, shape)
            return
    solved = plan(description, shape)
    network = Autoencoder(description, shape).eval()
    assert sum(p.numel() for p in network.parameters()) == solved.parameters
    seen = {}

    def watch(name):
        network.get_submodule(name).register_forward_hook(
            lambda module, given, output: seen.update({name: tuple(output.shape[1:])})
        )

    for layer in solved.layers:
        watch(layer.name)
    images = torch.rand(2, *shape)
    codes = network.encode(images)
    assert codes.shape == (2, solved.code_size)
    assert network.decode(codes).shape == images.shape
    assert torch.equal(network(images), network.decode(codes))
    expected = {layer.name: layer.output_shape for layer in solved.layers}
    if kind == "gaussian":
        expected[solved.encoder[-1].name] = (6,)  # mean and log-variance side by side
    assert seen == expected
    if fit == "exact":
        assert not solved.resized
    assert all(ours >= theirs for ours, theirs in zip(solved.decoder[-1].output_shape, shape, strict=True))


def test_a_described_decoder_is_built_as_described_and_resized():
    description = Model.model_validate(
        {
            "conv": ["8k3s2p1", "4k3s2p1"],
            "decoder_conv": ["6k3s2p1", "5k5s2p2", "3k3s1p1"],
            "dense": [],
            "bottleneck": {"size": 5},
        }
    )
    network = Autoencoder(description, (3, 30, 26))
    assert [layer.output_shape for layer in network.plan.decoder] == [
        (4 * 8 * 7,), (6, 16, 14), (5, 32, 28), (3, 32, 28),
    ]  # fmt: skip
    assert network.plan.resized
    assert network(torch.rand(2, 3, 30, 26)).shape == (2, 3, 30, 26)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"conv": ["4k9s1p0", "4k9s1p0", "4k9s1p0", "4k9s1p0"]}, r"layer 4 \(4k9s1p0\).*8×8"),
        ({"conv": ["4k3s2p1"], "decoder_conv": ["2k3s2p1"]}, "needs 3 channels, not 2"),
        ({"conv": ["4k3s2p1"], "bottleneck.kind": "none", "dense": [9]}, "no dense layers"),
        ({"dense": [], "bottleneck.kind": "none"}, "needs convolutions"),
        ({"decoder_conv": ["3k3s2p1"]}, "needs convolutions in the encoder too"),
        ({"conv": ["4k3s2p3"]}, "padding of 3 is more than a kernel of 3"),
        ({"conv": ["4x3"]}, "should look like 32k3s2p1"),
        ({"dense": [65536, 65536]}, "parameters are more"),
    ],
)
def test_what_cannot_be_built_is_one_line(changes, words):
    base = preset("digits-quick").experiment
    with pytest.raises(UserError, match=words) as caught:
        plan(base.changed({f"model.{key}": value for key, value in changes.items()}).model, (3, 32, 32))
    assert len(str(caught.value).splitlines()) == 1


def test_a_decoder_that_leaves_nothing_is_told():
    description = Model.model_validate({"conv": ["4k31s1p0"], "decoder_conv": ["3k3s1p2"]})
    with pytest.raises(UserError, match="leaves nothing of a 1×1 map"):
        plan(description, (3, 31, 31))


@given(st.builds(Conv, channels=st.integers(1, 4096), kernel=st.integers(16, 31), stride=st.integers(1, 8),
                 padding=st.integers(0, 15)))  # fmt: skip
def test_a_convolution_survives_its_written_form(conv):
    assert Conv.model_validate(str(conv)) == conv
    assert Conv.model_validate(f"{conv.channels}") == Conv(channels=conv.channels)
