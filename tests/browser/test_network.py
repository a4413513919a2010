"""The networks that run in the browser give what PyTorch gives, to rounding."""

import base64
import json

import numpy as np
import pytest
import torch

from aecore.config.experiment import Experiment
from aecore.inference import load_model
from aecore.models import browser_export
from aecore.models.autoencoder import Autoencoder
from aecore.models.build import build
from aecore.models.condition import Condition
from aecore.models.digit_classifier.network import classifier
from aecore.models.network import Network
from aecore.models.restorer import Restorer
from aecore.runs.run import Run
from aecore.viewer import networks
from aecore.viewer.link import link
from tests.helpers.families import CODELESS, SETTINGS, family
from tests.helpers.paths import GALLERY_RUN, ROOT
from tests.helpers.training import CONV, VAE, WRITTEN

pytestmark = pytest.mark.browser

SCRIPT = ROOT / "aecore" / "viewer" / "js" / "network.js"

CALL = """([ops, weights, inputs, level]) => {
  const floats = (text) => new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const run = createNetwork(ops, floats(weights));
  return inputs.map((input) => Array.from(run(floats(input), 3, level)));
}"""
LABEL = 3
"""What networks are told of every image, if they are told its class."""


@pytest.fixture
def call(tab):
    """Run a network of `aecore.models.browser_export` on rows of numbers."""
    tab.add_script_tag(content=link(SCRIPT) + "globalThis.createNetwork = createNetwork;", type="module")
    tab.wait_for_function("'createNetwork' in globalThis")
    return lambda made, rows, level=None: np.array(
        tab.evaluate(CALL, [list(made.ops), floats(made.weights), [floats(row) for row in rows], level])
    )


def floats(values: np.ndarray) -> str:
    """Base 64 of them: a million numbers one by one take Playwright seconds."""
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def compare(call, model: Network, images: np.ndarray) -> None:
    tensors = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    ours = [
        make(model.plan, tensors, model.low, model.high) for make in (browser_export.encoder, browser_export.decoder)
    ]
    with torch.inference_mode():
        batch = model.from_bytes(torch.from_numpy(images))
        told = Condition(torch.full((len(images),), LABEL))
        codes = model.mean_codes(batch, told)
        outputs = model.to_unit(model.decode(codes, told)).permute(0, 2, 3, 1).flatten(1).numpy()
    rows = (images / 255).transpose(0, 2, 3, 1).reshape(len(images), -1)
    assert np.allclose(call(ours[0], rows), codes.numpy(), atol=1e-4)
    assert np.allclose(call(ours[1], codes.numpy()), outputs, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["mnist-mlp8", "mnist-selu-6", "cifar-conv", "colored-conv", "colored-dropout", "colored-vae"]
)
def test_a_shipped_run(call, name):
    run = Run(GALLERY_RUN.with_name(name))
    compare(call, load_model(run), run.snapshots()["clean"][:3])


@pytest.mark.parametrize("activation", ["leaky-relu", "elu", "gelu", "silu", "tanh", "sigmoid"])
def test_every_activation(call, activation):
    experiment = (VAE if activation == "tanh" else CONV).changed({"model.activation": activation})
    model = Autoencoder(experiment.model, (1, 28, 28), seed=3).eval()
    model.rng.seed(0, torch.device("cpu"))
    compare(call, model, Run(GALLERY_RUN).snapshots()["clean"][:2])


def test_every_step_of_a_written_network(call):
    """Weights and running statistics are drawn, so that no step is the identity by chance."""
    model = Autoencoder(Experiment().changed({"model.dense": [392]} | WRITTEN).model, (3, 32, 32), seed=3).eval()
    generator = torch.Generator().manual_seed(0)
    for name, values in model.state_dict().items():
        if "norm" in name and values.is_floating_point():
            values.uniform_(0.5, 1.5, generator=generator)
    model.rng.seed(0, torch.device("cpu"))
    images = torch.randint(0, 256, (2, 3, 32, 32), generator=generator, dtype=torch.uint8)
    compare(call, model, images.numpy())


@pytest.mark.parametrize("name", [name for name in SETTINGS if name not in CODELESS])
def test_every_kind_of_network(call, name):
    model = build(family(name).model, (1, 28, 28), seed=3).eval()
    generator = torch.Generator().manual_seed(0)
    for part, values in model.state_dict().items():
        if "norm" in part and values.is_floating_point():
            values.uniform_(0.5, 1.5, generator=generator)
        if "codebook" in part:
            values.normal_(generator=generator)
    model.rng.seed(0, torch.device("cpu"))
    compare(call, model, Run(GALLERY_RUN).snapshots()["clean"][:3])


@pytest.mark.parametrize("name", CODELESS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 21, 18)])
def test_a_network_without_a_code(call, name, shape):
    """Also where sizes are not halved evenly, and where the noise level is not told."""
    model = build(family(name, model__range="symmetric").model, shape, seed=3).eval()
    assert isinstance(model, Restorer)
    generator = torch.Generator().manual_seed(0)
    for part, values in model.state_dict().items():
        if "norm" in part and values.is_floating_point():
            values.uniform_(0.5, 1.5, generator=generator)
    tensors = {part: values.detach().numpy() for part, values in model.state_dict().items()}
    made = browser_export.restorer(model.plan, tensors, model.low, model.high, model.adds, model.takes_levels)
    images = torch.rand(2, *shape, generator=generator)
    with torch.inference_mode():
        outputs = [
            model.to_unit(model(images * 2 - 1, Condition(levels=levels))).permute(0, 2, 3, 1).flatten(1).numpy()
            for levels in (None, torch.full((2,), 0.3))
        ]
    rows = images.permute(0, 2, 3, 1).flatten(1).numpy()
    assert np.allclose(call(made, rows), outputs[0], atol=1e-4)
    assert np.allclose(call(made, rows, 0.15), outputs[1], atol=1e-4)


def test_the_classifier(call):
    made = networks.reader()
    images = Run(GALLERY_RUN.with_name("colored-conv")).snapshots()["clean"][:5]
    with torch.inference_mode():
        scores = classifier(torch.device("cpu"))(torch.from_numpy(images) / 255).numpy()
    network = browser_export.Network(tuple(made.header["ops"]), np.frombuffer(made.weights, np.float32))
    rows = (images / 255).transpose(0, 2, 3, 1).reshape(5, -1)
    assert np.allclose(call(network, rows), scores, atol=1e-3)
    assert json.dumps(made.header)
