"""A run's network as plain PyTorch code: it computes what the model computes."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from aecore import interop
from aecore.config.experiment import Experiment
from aecore.errors import UserError
from aecore.inference import load_model
from aecore.interop.export_code import export_code
from aecore.models.autoencoder import Autoencoder
from aecore.models.condition import Condition
from aecore.models.weights import weights_bytes
from aecore.runs.run import EXPERIMENT, STATUS, WEIGHTS, Run
from tests.helpers.families import SETTINGS, untrained
from tests.helpers.paths import GALLERY_RUN
from tests.helpers.training import WRITTEN

SHIPPED = ["mnist-mlp8", "mnist-selu-2", "cifar-conv", "colored-conv", "colored-dropout", "colored-vae"]


def defined(code: str, name: str = "Autoencoder") -> Any:
    names: dict = {}
    exec(compile(code, "exported.py", "exec"), names)
    assert "aecore" not in code.partition('"""\n\nfrom')[2]
    return names[name]().eval()


def compare(run: Run, tmp_path) -> None:
    path = tmp_path / "weights.pth"
    interop.export_pth(run, path, "own")
    plain = defined(export_code(run))
    plain.load_state_dict(torch.load(path, weights_only=True), strict=True)
    ours = load_model(run)
    images = torch.rand(3, *run.image_info().image_shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        given = images * (ours.high - ours.low) + ours.low
        code = ours.distribution(given)[0] if ours.gaussian else ours.encode(given)
        # A model that always samples is compared by what it makes of the mean.
        output = plain.decode(code) if ours.samples_always else plain(images)
        # Rounding alone, which processors do in other orders: eleven SELU layers leave 1e-5 of it on some.
        torch.testing.assert_close(output, ours.to_unit(ours.decode(code)), rtol=0, atol=3e-5)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_run_as_code(name, tmp_path):
    compare(Run(GALLERY_RUN.with_name(name)), tmp_path)


def test_a_written_network_as_code(tmp_path):
    experiment = Experiment().changed({"data.name": "cifar10", "model.range": "symmetric", **WRITTEN})
    run = Run(tmp_path / "written")
    run.path.mkdir()
    run.file(EXPERIMENT).write_text(json.dumps(experiment.model_dump(mode="json")))
    run.file(STATUS).write_text("{}")
    run.file(WEIGHTS).write_bytes(weights_bytes(Autoencoder(experiment.model, (3, 32, 32), seed=4)))
    compare(run, tmp_path)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_kind_of_network_as_code(name, tmp_path):
    run, path = untrained(name, tmp_path / "kind"), tmp_path / "weights.pth"
    ours = load_model(run)
    interop.export_pth(run, path, "own")
    plain = defined(export_code(run), "Autoencoder" if ours.has_code else "Restorer")
    plain.load_state_dict(torch.load(path, weights_only=True), strict=True)
    images, classes = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0)), torch.tensor([1, 7, -1])
    told = {"classes": classes} if ours.conditional else {"level": torch.full((3,), 0.2)} if ours.takes_levels else {}
    with torch.inference_mode():
        output = ours(images, Condition(classes, torch.full((3,), 0.2)))
        found = plain(images, **told)
        print(name, "largest difference", float((found - output).abs().max()))
        torch.testing.assert_close(found, output, rtol=0, atol=1e-6)


def test_weights_take_the_names_of_any_class(tmp_path):
    run, path = Run(GALLERY_RUN), tmp_path / "out.pth"
    interop.export_pth(run, path, "fc1,fc2,fc3,fc4")
    theirs = torch.nn.ModuleDict(
        {name: torch.nn.Linear(a, b) for name, a, b in
         [("fc1", 784, 392), ("fc2", 392, 8), ("fc3", 8, 392), ("fc4", 392, 784)]}
    )  # fmt: skip
    theirs.load_state_dict(torch.load(path, weights_only=True), strict=True)
    assert torch.equal(theirs.state_dict()["fc3.weight"], load_model(run).state_dict()["decoder.linear1.weight"])
    for wrong in ("fc1,fc2", "a,a,b,c", "a,b,c,", "file"):
        with pytest.raises(UserError, match="fc1,fc2,fc3,fc4"):
            interop.export_pth(run, path, wrong)
