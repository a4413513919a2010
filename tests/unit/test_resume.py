"""A run that was stopped and resumed ends bit for bit where an undisturbed one does."""

import pytest
import torch

from aecore.errors import DamagedError
from aecore.training import checkpoint as training_state
from aecore.training.checkpoint import restore, state_bytes
from tests.helpers.training import CONV, DROPOUT, MLP, VAE, digits, fresh, same, train

COURSES = {
    "adam cosine": (MLP, {}),
    "sgd": (MLP, {"training.optimizer": "sgd", "training.lr": 0.1, "training.schedule": "none"}),
    "adamw one-cycle": (
        MLP,
        {"training.optimizer": "adamw", "training.weight_decay": 0.01, "training.schedule": "one-cycle"},
    ),
    "plateau": (MLP, {"training.schedule": "plateau", "training.plateau_patience": 0}),
    "salt and pepper": (MLP, {"corruption": "salt-pepper:0.2"}),
    "convolutions": (CONV, {}),
    "convolutions, sgd": (CONV, {"training.optimizer": "sgd", "training.lr": 0.1}),
    "dropout and batch normalisation": (DROPOUT, {}),
    "vae": (VAE, {}),
    "vae that always draws": (VAE, {"model.bottleneck.sample": "always", "training.reduction": "mean"}),
    "noise drawn once": (CONV, {"corruption": "gaussian:0.3:clamp+square:6+once"}),
    "restart at the break": (MLP, {"training.restart_every": 2}),
    "restart elsewhere": (DROPOUT, {"training.restart_every": 3, "training.schedule": "one-cycle"}),
    "log over the break": (MLP, {"training.log_every": 4}),
    "log with validation": (DROPOUT, {"training.log_every": 4, "model.range": "symmetric", "model.output": "tanh"}),
}


SHORT = ("adam cosine", "dropout and batch normalisation", "vae", "noise drawn once")


@pytest.mark.parametrize(
    ("name", "precision"), [(name, "float32") for name in COURSES] + [(name, "bfloat16") for name in SHORT]
)
def test_a_resumed_run_is_bit_for_bit_the_undisturbed_one(tmp_path, name, precision):
    base, changes = COURSES[name]
    experiment = base.changed(changes)
    images = digits(150, 30, validation=30)
    whole = fresh(experiment, images)
    course = train(experiment, whole, images, precision=precision)
    first = fresh(experiment, images)
    begun = train(experiment, first, images, 2, precision)
    path = tmp_path / "resume.safetensors"
    path.write_bytes(state_bytes(first))
    second = fresh(experiment, images)
    restore(second, path)
    rest = train(experiment, second, images, precision=precision)
    begun.epochs += rest.epochs
    begun.steps += rest.steps
    assert begun.lines() == course.lines()
    assert same(second.model.state_dict(), whole.model.state_dict())
    ours, theirs = (state.optimizer.state_dict()["state"] for state in (second, whole))
    assert ours.keys() == theirs.keys()
    assert all(same(ours[number], theirs[number]) for number in ours)


def test_a_file_that_is_no_state_is_told(tmp_path):
    images = digits()
    path = tmp_path / "resume.safetensors"
    content = state_bytes(fresh(MLP, images))
    for damaged in (b"", content[: len(content) // 2], b"\xff" * 100):
        path.write_bytes(damaged)
        with pytest.raises(DamagedError, match="cannot be resumed"):
            restore(fresh(MLP, images), path)
    path.write_bytes(content)
    for other in (MLP.changed({"model.bottleneck.size": 3}), CONV):
        with pytest.raises(DamagedError, match="cannot be resumed") as caught:
            restore(fresh(other, images), path)
        assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["adam cosine", "plateau", "sgd", "restart at the break"])
def test_a_learning_rate_that_lies_on_the_device_changes_and_resumes_alike(tmp_path, name, monkeypatch):
    """As on a GPU, where graphs of steps read it there."""
    base, changes = COURSES[name]
    experiment, images = base.changed(changes), digits(150, 30)
    expected = train(experiment, fresh(experiment, images), images)
    monkeypatch.setattr(training_state, "graphed", lambda training, device: True)
    whole, first, second = (fresh(experiment, images) for _ in range(3))
    rate = second.optimizer.param_groups[0]["lr"]
    assert isinstance(rate, torch.Tensor)
    course = train(experiment, whole, images)
    assert [epoch.lr for epoch in course.epochs] == pytest.approx([epoch.lr for epoch in expected.epochs], rel=1e-6)
    assert [epoch.train_loss for epoch in course.epochs] == pytest.approx(
        [epoch.train_loss for epoch in expected.epochs], rel=1e-4
    )
    begun = train(experiment, first, images, 2)
    path = tmp_path / "resume.safetensors"
    path.write_bytes(state_bytes(first))
    restore(second, path)
    assert second.optimizer.param_groups[0]["lr"] is rate
    rest = train(experiment, second, images)
    begun.epochs += rest.epochs
    assert begun.lines() == course.lines()
