"""The loop: it learns, it is the textbook's, its rates and its logs are what they say."""

import dataclasses

import numpy as np
import pytest
import torch

from aecore import data
from aecore.config.sections import Data
from aecore.training.loop import LoopOptions, epochs
from aecore.training.probe import probe
from aecore.training.run import images_on_device
from tests.helpers.training import CONV, CPU, DROPOUT, MLP, VAE, digits, fresh, same, train

KINDS = {"mlp": MLP, "conv": CONV, "dropout": DROPOUT, "vae": VAE}


@pytest.mark.parametrize("kind", KINDS)
def test_training_learns_and_one_seed_is_one_run(kind):
    images, experiment = digits(), KINDS[kind].changed({"training.lr": 3e-3})
    before = torch.get_rng_state()
    state, again = fresh(experiment, images), fresh(experiment, images)
    course, repeat = train(experiment, state, images), train(experiment, again, images)
    assert [epoch.epoch for epoch in course.epochs] == [1, 2, 3, 4]
    assert course.epochs[-1].train_loss < 0.97 * course.epochs[0].train_loss
    assert course.lines() == repeat.lines()
    assert same(state.model.state_dict(), again.model.state_dict())
    assert torch.equal(before, torch.get_rng_state()), "torch's global generator is nobody's business here"
    other = experiment.changed({"training.seed": 1})
    assert train(other, fresh(other, images), images, 1).epochs[0].train_loss != course.epochs[0].train_loss


@pytest.mark.parametrize("base", [MLP, CONV], ids=["mlp", "conv"])
def test_the_loop_is_the_textbook_one(base):
    """The same batches through torch's own pieces, written out plainly, give the same weights."""
    images = digits()
    experiment = base.changed({"corruption": "none", "training.schedule": "none", "training.epochs": 1})
    state, plain = fresh(experiment, images), fresh(experiment, images)
    measured = train(experiment, state, images).epochs[0]
    optimizer = torch.optim.Adam(plain.model.parameters(), lr=1e-3)
    losses = []
    for chosen in torch.randperm(300, generator=plain.order).split(64):
        clean = images.train[chosen].float() / 255
        loss = ((plain.model(clean) - clean) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert measured.train_loss == pytest.approx(np.mean(losses), rel=1e-5)
    for name, value in plain.model.state_dict().items():
        torch.testing.assert_close(state.model.state_dict()[name], value, rtol=1e-3, atol=1e-5)
    with torch.no_grad():
        clean = images.test.float() / 255
        expected = ((state.model(clean) - clean) ** 2).mean().item()
    assert measured.test_loss == pytest.approx(expected, rel=1e-5)


def rates(**changes):
    experiment = MLP.changed({f"training.{key}": value for key, value in changes.items()})
    images = digits()
    return [epoch.lr for epoch in train(experiment, fresh(experiment, images), images).epochs]


def test_schedules_move_the_rate():
    assert rates(schedule="none") == [1e-3] * 4
    assert rates(schedule="cosine") == pytest.approx([1e-3, 8.536e-4, 5e-4, 1.464e-4], rel=1e-3)
    cycle = rates(schedule="one-cycle")
    assert max(cycle) <= 1e-3
    assert cycle[-1] < 1e-5
    stuck = rates(schedule="plateau", plateau_patience=0, lr=1e-7)
    assert stuck[-1] < 1e-7, "nothing improves at such a rate, so it drops"


def test_a_restart_starts_the_schedule_afresh_too():
    assert rates(schedule="cosine", restart_every=2) == pytest.approx([1e-3, 5e-4] * 2)
    assert rates(schedule="cosine", restart_every=3) == pytest.approx([1e-3, 7.5e-4, 2.5e-4, 1e-3])
    cycle = rates(schedule="one-cycle", restart_every=2)
    assert cycle[0] == pytest.approx(cycle[2])
    assert cycle[1] == pytest.approx(cycle[3])


@pytest.mark.parametrize("base", [MLP, DROPOUT], ids=["mlp", "dropout"])
def test_restarting_is_training_twice_with_a_fresh_optimizer(base):
    images = digits()
    experiment = base.changed({"training.schedule": "none", "training.weight_decay": 1e-3})
    whole = fresh(experiment, images)
    restarted = train(experiment.changed({"training.restart_every": 2}), whole, images)
    twice = fresh(experiment, images)
    first = train(experiment.changed({"training.epochs": 2}), twice, images)
    twice.optimizer = torch.optim.Adam(twice.model.parameters(), lr=1e-3, weight_decay=1e-3, fused=True)
    second = train(experiment, twice, images)
    losses = [epoch.train_loss for epoch in first.epochs + second.epochs]
    assert [epoch.train_loss for epoch in restarted.epochs] == losses
    assert same(whole.model.state_dict(), twice.model.state_dict())
    plain = fresh(experiment, images)
    assert [epoch.train_loss for epoch in train(experiment, plain, images).epochs] != losses


def test_a_stop_within_an_epoch_yields_nothing():
    calls = iter([False, False, True])
    images = digits()
    state = fresh(MLP, images)
    assert list(epochs(MLP, state, images, LoopOptions(stop=lambda: next(calls)))) == []
    assert state.epoch == 0


@pytest.mark.parametrize("log_every", [2, 3, 5, 7, 20])
def test_the_steps_are_means_of_as_many_losses_also_over_the_end_of_an_epoch(log_every):
    images = digits(validation=40)
    single = MLP.changed({"training.log_every": 1})
    each = train(single, fresh(single, images), images)
    experiment = MLP.changed({"training.log_every": log_every})
    course = train(experiment, fresh(experiment, images), images)
    losses = [step.train_loss for step in each.steps]
    assert len(losses) == 4 * 5
    assert [step.step for step in course.steps] == list(range(log_every, 21, log_every))
    for step in course.steps:
        assert step.train_loss == pytest.approx(np.mean(losses[step.step - log_every : step.step]), rel=1e-5)
        assert step.epoch == pytest.approx(step.step / 5)
    assert [e.train_loss for e in course.epochs] == [e.train_loss for e in each.epochs], "looking changes nothing"


LOOKED_AT = {
    "mlp": MLP,
    "dropout": DROPOUT,
    "vae": VAE,
    "vae that always draws": VAE.changed({"model.bottleneck.sample": "always"}),
}


@pytest.mark.parametrize("kind", LOOKED_AT)
def test_looking_within_an_epoch_changes_nothing_and_tells_the_loss_of_the_held_out_images(kind):
    images = digits(validation=40)
    unwatched = LOOKED_AT[kind].changed({"training.epochs": 2})
    plain = train(unwatched, fresh(unwatched, images), dataclasses.replace(images, validation=None))
    experiment = unwatched.changed({"training.log_every": 2})
    state = fresh(experiment, images)
    course = train(experiment, state, images)
    assert plain.steps == []
    assert plain.lines()[:-1] == course.lines()[:-1]
    assert images.validation is not None
    assert course.steps[-1].step == 10
    assert course.steps[-1].validation_loss == probe(state.model, images.validation, experiment).loss
    unheld = train(experiment, fresh(experiment, images), dataclasses.replace(images, validation=None))
    assert {step.validation_loss for step in unheld.steps} == {None}


def test_steps_of_a_summed_loss_are_logged_an_image():
    images = digits(150)
    experiment = VAE.changed({"training.log_every": 1, "training.epochs": 1})
    course = train(experiment, fresh(experiment, images), images)
    sizes = [64, 64, 22]
    total = sum(size * step.train_loss for size, step in zip(sizes, course.steps, strict=True))
    assert course.epochs[0].train_loss == pytest.approx(total / 150, rel=1e-5)


def test_validation_images_are_the_last_ones_and_never_trained_on():
    images = data.load("digits-28")
    held = images_on_device(images, Data(name="digits-28", validation_images=100), CPU)
    assert held.validation is not None
    assert np.array_equal(held.train[:].numpy(), images.x_train[:1400])
    assert np.array_equal(held.validation.numpy(), images.x_train[1400:])
    few = images_on_device(images, Data(name="digits-28", validation_images=100, train_images=30), CPU)
    assert np.array_equal(few.train[:].numpy(), images.x_train[:30])
    assert images_on_device(images, Data(name="digits-28"), CPU).validation is None


def test_every_layer_tells_how_far_an_epoch_moved_it():
    images = digits()
    state = fresh(VAE, images)
    names = [name.removesuffix(".weight") for name, p in state.model.named_parameters() if p.dim() > 1]
    assert "encoder.linear1.log_variance" in names
    before = {name: state.model.get_parameter(f"{name}.weight").detach().clone() for name in names}
    for epoch in epochs(VAE.changed({"training.epochs": 2}), state, images):
        assert list(epoch.layers) == names
        for name, told in epoch.layers.items():
            weight = state.model.get_parameter(f"{name}.weight")
            assert weight.grad is not None
            now = weight.detach().clone()
            rms = {"weight": now, "gradient": weight.grad, "change": now - before[name]}
            assert told == pytest.approx({key: v.square().mean().sqrt().item() for key, v in rms.items()})
            before[name] = now
        assert len(epoch.code_std) == 5
        assert epoch.dead_units == 0
