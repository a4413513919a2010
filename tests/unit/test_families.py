"""What holds for every kind of network and loss: it is built as planned, learns, resumes bit for bit and is saved."""

import numpy as np
import pytest
import torch

from aecore import jobs
from aecore.errors import UserError
from aecore.models.build import build
from aecore.models.condition import Condition
from aecore.models.weights import load_weights, weights_bytes
from aecore.training.checkpoint import restore, state_bytes
from aecore.training.distributed import Group
from aecore.training.loop import epochs
from aecore.training.step import Step
from tests.helpers.families import CODELESS, SETTINGS, family
from tests.helpers.training import digits, fresh, same

SHAPE = (1, 28, 28)


@pytest.fixture(scope="module")
def images():
    return digits(192, 60)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_resumed_run_is_the_same_bit_for_bit(name, images, tmp_path):
    experiment, saved = family(name), tmp_path / "resume.safetensors"
    state = fresh(experiment, images)
    lines = []
    for epoch in epochs(experiment, state, images):
        lines.append(epoch.line())
        if epoch.epoch == 1:
            saved.write_bytes(state_bytes(state))
    assert all(np.isfinite(line["test_loss"]) for line in lines)
    again = fresh(experiment, images)
    restore(again, saved)
    (last,) = epochs(experiment, again, images)
    timed = ("seconds", "images_per_s")
    assert {k: v for k, v in last.line().items() if k not in timed} == {
        k: v for k, v in lines[-1].items() if k not in timed
    }
    assert same(state.model.state_dict(), again.model.state_dict())
    assert same(state.measured.state_dict(), again.measured.state_dict())


@pytest.mark.parametrize("name", SETTINGS)
def test_the_plan_counts_every_parameter_and_weights_survive_a_file(name, tmp_path):
    model = family(name).model
    network, other = build(model, SHAPE, seed=1).eval(), build(model, SHAPE, seed=2).eval()
    assert network.plan.parameters == sum(weights.numel() for weights in network.parameters())
    file = tmp_path / "weights.safetensors"
    file.write_bytes(weights_bytes(network))
    load_weights(other, file)
    inputs = torch.rand(3, *SHAPE, generator=torch.Generator().manual_seed(0))
    told = Condition(torch.tensor([0, 3, -1]), torch.full((3,), 0.2))
    with torch.inference_mode():
        network.rng.seed(0, torch.device("cpu"))
        other.rng.seed(0, torch.device("cpu"))
        assert torch.equal(network(inputs, told), other(inputs, told))
        assert network(inputs, told).shape == inputs.shape


@pytest.mark.parametrize("name", SETTINGS)
def test_a_network_learns(name, images):
    """Ten epochs are enough to do better than the first one."""
    experiment = family(name, training__epochs=8, training__lr=3e-3)
    found = list(epochs(experiment, fresh(experiment, images), images))
    assert found[-1].error < found[0].error


@pytest.mark.parametrize("name", CODELESS)
def test_a_network_without_a_code_says_so(name):
    network = build(family(name).model, SHAPE)
    assert not network.has_code
    assert network.plan.code_size == 0
    for ask in (network.encode, network.decode):
        with pytest.raises(UserError, match=r"a (U-Net|DnCNN) has no code"):
            ask(torch.zeros(1, *SHAPE))


@pytest.mark.parametrize("name", ["conditional", "conditional-vae"])
def test_a_conditional_network_hears_the_class(name):
    network = build(family(name).model, SHAPE).eval()
    inputs = torch.rand(2, *SHAPE)
    with torch.inference_mode():
        one, other, unknown = (
            network(inputs, Condition(None if label is None else torch.full((2,), label))) for label in (1, 2, None)
        )
        assert not torch.equal(one, other)
        assert torch.equal(unknown, network(inputs, Condition(torch.full((2,), -1))))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model.kind": "unet"}, "needs convolutions"),
        ({"model.kind": "unet", "model.conv": ["8k3s2p1"]}, "keep the image's size"),
        ({"model.kind": "unet", "model.conv": ["8k3p1"], "model.tied": True}, "no code"),
        ({"model.kind": "dncnn", "model.conv": ["8k3p1"]}, "output should be 'none'"),
        ({"model.kind": "dncnn", "model.conv": ["8k3p1"], "model.bottleneck.size": 4}, "no code"),
        ({"model.noise_level": True}, "dncnn or a unet"),
        ({"model.likelihood": "bernoulli", "model.output": "none"}, "'sigmoid'"),
        ({"model.tied": True, "model.bottleneck.kind": "gaussian"}, "tied needs"),
        ({"model.classes": 10, "model.tied": True}, "not tied"),
        ({"model.bottleneck.keep": 2, "model.bottleneck.kind": "gaussian"}, "keep needs"),
        ({"model.bottleneck.quantise": "fsq"}, "should be as many"),
        ({"model.bottleneck.quantise": "vq", "model.bottleneck.kind": "gaussian"}, "quantised code"),
    ],
)
def test_a_wrong_combination_gets_one_line(settings, words):
    with pytest.raises(UserError, match=words) as caught:
        family("dense").changed(settings)
    assert "\n" not in str(caught.value)


def test_more_levels_than_an_image_can_be_halved():
    model = family("unet", model__conv=["4k3p1"] * 6).model
    with pytest.raises(UserError, match="6 levels are too many for images of 28×28"):
        build(model, SHAPE)


def test_classes_beyond_those_that_the_model_knows(images):
    experiment = family("conditional", model__classes=4)
    with pytest.raises(UserError, match=r"model.classes: the images have classes up to 9; make it at least 10"):
        list(epochs(experiment, fresh(experiment, images), images))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("vq", "a codebook"),
        ("contractive", "a contractive penalty"),
        ("prototypical", "a prototypical loss"),
        ("bernoulli", "a VAE with free bits"),
    ],
)
def test_what_one_process_trains_is_not_shared(name, words, images):
    experiment = family(name)
    with pytest.raises(UserError, match=rf"{words} .* is trained by one process, not by 2"):
        Step(experiment, fresh(experiment, images), images.train, group=Group(0, 2))


@pytest.mark.parametrize("name", ["unet", "bernoulli"])
def test_a_healthy_run_has_no_remarks(name, store):
    """Losses that are no squared errors, and networks without a code, are not held against what they are not."""
    run = jobs.submit(family(name, training__epochs=5, training__lr=3e-3, data__train_images=600), "cpu", store)
    assert jobs.work(run) == "finished"
    assert not [remark for remark in run.status()["remarks"] if remark["kind"] != "duplicates"]


@pytest.mark.parametrize("name", ["unet", "vq"])
def test_what_a_run_records_of_its_code(name, store):
    run = jobs.submit(family(name, training__epochs=1, data__train_images=100), "cpu", store)
    assert jobs.work(run) == "finished"
    (line,) = run.metrics()
    assert ("dead_units" in line) == (name == "vq")
    assert ("used_vectors" in line) == (name == "vq")
    assert (run.status()["code_size"] is None) == (name == "unet")
    assert run.file("codes.safetensors").exists() == (name == "vq")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model.classes": 4}, "model.classes: digits-28 has 10 classes, of which the model is told 4"),
        ({"data.redraw": True}, "data.redraw: only the images of mnist-binary"),
        (
            {"data.redraw": True, "data.name": "mnist-binary", "corruption": "gaussian:0.2+once"},
            "drawn anew cannot keep a corruption that is drawn once",
        ),
    ],
)
def test_what_does_not_fit_the_images_is_said_before_training(settings, words, store):
    with pytest.raises(UserError, match=words):
        jobs.submit(family("dense").changed(settings), "cpu", store)
    assert not list(store.runs())
