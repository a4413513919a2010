"""bfloat16 steps, and how a run comes to take them."""

import pytest
import torch

from aecore import jobs
from aecore.errors import UserError
from aecore.models.autoencoder import Autoencoder
from aecore.models.fast_paths import keep_freed_memory
from aecore.training import precision as precision_trial
from aecore.training.loss import squared_error
from aecore.training.step import Step
from tests.helpers.training import CONV, DROPOUT, MLP, VAE, digits, fresh, same, train

KINDS = {"mlp": MLP, "conv": CONV, "dropout": DROPOUT, "vae": VAE}


@pytest.mark.parametrize("kind", KINDS)
def test_a_twin_is_the_same_network_with_shorter_numbers(kind):
    model = Autoencoder(KINDS[kind].model, (1, 28, 28), seed=1)
    twin = model.twin(torch.bfloat16)
    assert twin.dtype == torch.bfloat16
    assert twin.rng is model.rng
    own, short = dict(model.named_parameters()), dict(twin.named_parameters())
    assert own.keys() == short.keys()
    for name, weights in own.items():
        assert weights.dtype == torch.float32
        assert (short[name] is weights) == ("_norm" in name)
        assert torch.equal(short[name].float(), weights if "_norm" in name else weights.bfloat16().float())
        assert short[name].stride() == weights.stride()
    images = model.from_bytes(digits().test)
    model.eval()
    twin.eval()
    with torch.no_grad():
        expected, found = model(images), twin(images.bfloat16())
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), expected, rtol=0, atol=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_bfloat16_learns_what_float32_learns(kind):
    images, experiment = digits(), KINDS[kind].changed({"training.lr": 3e-3})
    exact, short = fresh(experiment, images), fresh(experiment, images)
    expected = train(experiment, exact, images).epochs
    found = train(experiment, short, images, precision="bfloat16").epochs
    assert [epoch.train_loss for epoch in found] == pytest.approx([epoch.train_loss for epoch in expected], rel=0.03)
    assert [epoch.test_loss for epoch in found] == pytest.approx([epoch.test_loss for epoch in expected], rel=0.03)
    assert not same(exact.model.state_dict(), short.model.state_dict())
    weights = short.model.state_dict()
    assert all(value.dtype == torch.float32 for name, value in weights.items() if "num_batches" not in name)
    assert any(not torch.equal(value, value.bfloat16().float()) for value in weights.values() if value.dim() > 1)
    assert all(layer["gradient"] > 0 for layer in found[-1].layers.values())


def test_the_loss_of_short_numbers_is_summed_in_long_ones():
    output, target = torch.rand(2, 64, 100, generator=torch.Generator().manual_seed(0)).bfloat16().unbind()
    loss = squared_error(output.requires_grad_(), target)
    assert loss.dtype == torch.float32
    # Each difference is rounded once; their sum is not.
    expected = (output.detach() - target).double().square().mean().item()
    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_noise_is_the_same_in_both_formats():
    images = digits()
    for corruption in ("gaussian:0.3", "salt-pepper:0.2+square:6", "gaussian:0.3:clamp+once"):
        experiment = CONV.changed({"corruption": corruption, "training.batch_size": 50})
        batches = [
            Step(experiment, fresh(experiment, images), images.train, precision).batches.take(torch.arange(40))[:2]
            for precision in ("float32", "bfloat16")
        ]
        for exact, short in zip(*batches, strict=True):
            assert torch.equal(exact.bfloat16(), short)


class Timed:
    """Stands in for a step that was tried."""

    seconds_per_step: dict[str, float]

    def __init__(self, experiment, some, size, precision):
        self.precision = precision

    def seconds(self) -> float:
        return self.seconds_per_step[self.precision]


@pytest.mark.parametrize(
    ("times", "changes", "expected"),
    [
        ({"float32": 2.0, "bfloat16": 1.0}, {}, "bfloat16"),
        ({"float32": 2.1, "bfloat16": 2.0}, {}, "float32"),  # no more than chance
        ({"float32": 2.0, "bfloat16": 4.0}, {}, "float32"),
        ({"float32": 1e-4, "bfloat16": 1e-6}, {}, "float32"),  # over before a trial would pay
        ({"float32": 2.0, "bfloat16": 1.0}, {"training.deterministic": True}, "float32"),
        ({"float32": 2.0, "bfloat16": 1.0}, {"training.precision": "float32"}, "float32"),
        ({"float32": 1.0, "bfloat16": 2.0}, {"training.precision": "bfloat16"}, "bfloat16"),
    ],
)
def test_the_faster_format_is_chosen_where_it_may_be(times, changes, expected, monkeypatch):
    monkeypatch.setattr(Timed, "seconds_per_step", times, raising=False)
    monkeypatch.setattr(precision_trial, "_Trial", Timed)
    monkeypatch.setattr(precision_trial, "has_bfloat16", lambda device: True)
    experiment = MLP.changed(changes)
    choice = precision_trial.choose(experiment, digits().train, experiment.training.epochs)
    assert choice.precision == expected
    tried = not changes and times["float32"] > 1e-3
    assert choice.seconds_per_step == (times if tried else {})


def test_a_processor_without_bfloat16_is_not_asked(monkeypatch):
    monkeypatch.setattr(precision_trial, "has_bfloat16", lambda device: False)
    monkeypatch.setattr(precision_trial, "_Trial", None)
    assert precision_trial.choose(MLP, digits().train, 100).precision == "float32"


@pytest.mark.parametrize("kind", KINDS)
def test_trying_leaves_no_trace(kind, monkeypatch):
    monkeypatch.setattr(precision_trial, "WORTH_S", 0)
    monkeypatch.setattr(precision_trial, "MOST_S", 0)
    monkeypatch.setattr(precision_trial, "has_bfloat16", lambda device: True)
    images, experiment = digits(), KINDS[kind]
    state = fresh(experiment, images)
    train(experiment, state, images, 1)
    weights, drawn = {k: v.clone() for k, v in state.model.state_dict().items()}, torch.get_rng_state()
    stored = images.train.clone()
    choice = precision_trial.choose(experiment, images.train, 4)
    assert set(choice.seconds_per_step) == {"float32", "bfloat16"}
    assert same(weights, state.model.state_dict())
    assert torch.equal(drawn, torch.get_rng_state())
    assert torch.equal(stored, images.train)


def test_a_run_records_its_format_and_goes_on_in_it(store, monkeypatch):
    little = {"training.epochs": 1, "data.train_images": 100, "evaluation.corruptions": []}
    run = jobs.submit(MLP.changed(little | {"training.precision": "bfloat16"}), "cpu", store)
    assert jobs.work(run) == "finished"
    assert run.status()["precision"] == "bfloat16"
    assert "tried_s" not in run.status()

    monkeypatch.setattr(precision_trial, "WORTH_S", 0)
    monkeypatch.setattr(precision_trial, "has_bfloat16", lambda device: True)
    tried = jobs.submit(MLP.changed(little), "cpu", store)
    assert jobs.work(tried) == "finished"
    assert set(tried.status()["tried_s"]) == {"float32", "bfloat16"}
    assert tried.status()["precision"] in ("float32", "bfloat16")


def test_deterministic_and_bfloat16_exclude_each_other():
    with pytest.raises(UserError, match="deterministic means float32"):
        MLP.changed({"training.deterministic": True, "training.precision": "bfloat16"})


def test_freed_memory_is_kept_once_more_and_again():
    keep_freed_memory()
    keep_freed_memory()
    assert torch.ones(4_000_000).sum() == 4_000_000
