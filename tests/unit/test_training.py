import itertools
import json

import numpy as np
import pytest
import torch

from aecore import data
from aecore.errors import AecoreError
from aecore.evaluation import evaluate
from aecore.experiment import Corruption
from aecore.presets import preset
from aecore.store import DamagedError
from aecore.trained import denoise, load_model, open_run
from aecore.training import epochs, new_state, restore, state_bytes
from aecore.training.snapshots import MOST_EPOCHS, Snapshots, panel_indices

CPU = torch.device("cpu")
QUICK = preset("digits-quick").experiment.changed({"training.epochs": 4, "training.batch_size": 200})


@pytest.fixture(scope="module")
def digits():
    images = data.load("digits-28")
    return torch.from_numpy(np.array(images.x_train)), torch.from_numpy(np.array(images.x_test))


def fresh(experiment, train):
    return new_state(experiment, (1, 28, 28), len(train), CPU)


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first.values(), second.values(), strict=True))


def test_training_learns_and_one_seed_is_one_run(digits):
    train, test = digits
    state, again = fresh(QUICK, train), fresh(QUICK, train)
    course = list(epochs(QUICK, state, train, test))
    repeat = list(epochs(QUICK, again, train, test))
    assert [epoch.epoch for epoch in course] == [1, 2, 3, 4]
    assert course[-1].train_loss < 0.5 * course[0].train_loss
    assert [epoch.train_loss for epoch in course] == [epoch.train_loss for epoch in repeat]
    assert same(state.model.state_dict(), again.model.state_dict())
    other = fresh(QUICK.changed({"training.seed": 1}), train)
    assert next(epochs(QUICK, other, train, test)).train_loss != course[0].train_loss


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"training.optimizer": "sgd", "training.lr": 0.1, "training.schedule": "none"},
        {"training.optimizer": "adamw", "training.weight_decay": 0.01, "training.schedule": "one-cycle"},
        {"training.schedule": "plateau", "training.plateau_patience": 0},
        {"corruption": "salt-pepper:0.2"},
    ],
    ids=["adam cosine", "sgd", "adamw one-cycle", "plateau", "salt and pepper"],
)
def test_a_resumed_run_is_bit_for_bit_the_undisturbed_one(digits, tmp_path, changes):
    train, test = digits
    experiment = QUICK.changed(changes)
    whole = fresh(experiment, train)
    course = list(epochs(experiment, whole, train, test))
    first = fresh(experiment, train)
    begun = list(itertools.islice(epochs(experiment, first, train, test), 2))
    path = tmp_path / "resume.safetensors"
    path.write_bytes(state_bytes(first))
    second = fresh(experiment, train)
    restore(second, path)
    rest = list(epochs(experiment, second, train, test))
    strip = [(e.epoch, e.train_loss, e.test_loss, e.lr, e.dead_units) for e in begun + rest]
    assert strip == [(e.epoch, e.train_loss, e.test_loss, e.lr, e.dead_units) for e in course]
    assert same(second.model.state_dict(), whole.model.state_dict())


def test_the_loop_is_the_textbook_one(digits):
    """The same batches through torch's own pieces, written out plainly, give the same weights."""
    train, test = digits
    experiment = QUICK.changed({"corruption": "none", "training.schedule": "none", "training.epochs": 1})
    state, plain = fresh(experiment, train), fresh(experiment, train)
    measured = next(epochs(experiment, state, train, test))
    optimizer = torch.optim.Adam(plain.model.parameters(), lr=1e-3)
    losses = []
    for chosen in torch.randperm(len(train), generator=plain.order).split(200):
        clean = train[chosen].float() / 255
        loss = ((plain.model(clean) - clean) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert measured.train_loss == pytest.approx(np.mean(losses), rel=1e-5)
    for name, value in plain.model.state_dict().items():
        torch.testing.assert_close(state.model.state_dict()[name], value, rtol=1e-4, atol=1e-6)
    with torch.no_grad():
        clean = test.float() / 255
        expected = ((state.model(clean) - clean) ** 2).mean().item()
    assert measured.test_loss == pytest.approx(expected, rel=1e-5)


def test_schedules_move_the_rate(digits):
    train, test = digits

    def rates(**changes):
        experiment = QUICK.changed({f"training.{key}": value for key, value in changes.items()})
        return [epoch.lr for epoch in epochs(experiment, fresh(experiment, train), train, test)]

    assert rates(schedule="none") == [1e-3] * 4
    assert rates(schedule="cosine") == pytest.approx([1e-3, 8.536e-4, 5e-4, 1.464e-4], rel=1e-3)
    cycle = rates(schedule="one-cycle")
    assert max(cycle) <= 1e-3
    assert cycle[-1] < 1e-5
    stuck = rates(schedule="plateau", plateau_patience=0, lr=1e-7)
    assert stuck[-1] < 1e-7, "nothing improves at such a rate, so it drops"


def test_a_stop_within_an_epoch_yields_nothing(digits):
    train, test = digits
    calls = iter([False, False, True])
    state = fresh(QUICK, train)
    assert list(epochs(QUICK, state, train, test, stop=lambda: next(calls))) == []
    assert state.epoch == 0


def test_a_file_that_is_no_state_is_told(digits, tmp_path):
    train, _ = digits
    path = tmp_path / "resume.safetensors"
    state = fresh(QUICK, train)
    content = state_bytes(state)
    for damaged in (b"", content[: len(content) // 2], b"\xff" * 100):
        path.write_bytes(damaged)
        with pytest.raises(DamagedError, match="cannot be resumed"):
            restore(fresh(QUICK, train), path)
    path.write_bytes(content)
    with pytest.raises(DamagedError, match="cannot be resumed"):
        restore(fresh(QUICK.changed({"model.bottleneck.size": 3}), train), path)


def test_the_panel_holds_two_of_every_class_and_grows_without_bound_on_epochs(digits):
    train, test = digits
    labels = np.array(data.load("digits-28").y_test)
    assert np.bincount(labels[panel_indices(labels)]).tolist() == [2] * 10
    state = fresh(QUICK, train)
    panel = Snapshots(test, labels, Corruption(kind="gaussian", level=0.2))
    for epoch in range(1, 1001):
        panel.add(epoch, state.model)
    panel.finish(1001, state.model)
    assert len(panel.epochs) <= MOST_EPOCHS + 1
    assert (panel.epochs[0], panel.epochs[-1]) == (1, 1001)
    assert len(panel.rows) == len(panel.epochs)
    assert panel.noisy is not None
    assert not np.array_equal(panel.noisy, panel.clean.numpy())


def test_a_finished_run_holds_what_the_format_promises(trained):
    status = trained.status()
    assert (status["state"], status["epoch"], status["process"], status["error"]) == (
        "finished",
        3,
        None,
        None,
    )
    assert not trained.file("resume.safetensors").exists()
    assert [entry["epoch"] for entry in trained.metrics()] == [1, 2, 3]
    panel = trained.snapshots()
    assert panel["epochs"].tolist() == [1, 2, 3]
    assert panel["reconstructions"].shape == (3, 20, 1, 28, 28)
    for entry in trained.evaluation():
        assert set(entry) == {"run", "split", "n", "corruption", "metrics", "noisy_input"}
        assert entry["n"] == 297
        assert set(entry["metrics"]) == set(entry["noisy_input"]) == {"mse", "psnr_db", "ssim", "snr_db"}
    json.dumps(trained.evaluation(), allow_nan=False)


def test_the_saved_weights_make_the_saved_pictures_and_figures(trained):
    opened = open_run(trained, "cpu")
    for entry in trained.evaluation():
        again = opened.evaluate(Corruption.parse(entry["corruption"]))
        for kind in ("metrics", "noisy_input"):
            assert again[kind] == pytest.approx(entry[kind], abs=1e-6, nan_ok=True)
    panel = trained.snapshots()
    with torch.no_grad():
        noisy = torch.from_numpy(panel["noisy"]).float() / 255
        output = load_model(trained)(noisy).numpy() * 255
    # The panel was made from unrounded noise, so the pictures agree but for that rounding and clamping.
    assert np.abs(output - panel["reconstructions"][-1]).mean() < 4


def test_the_noisy_input_of_known_noise_scores_what_it_must(digits):
    train, test = digits
    result = evaluate(fresh(QUICK, train).model, test, Corruption(kind="gaussian", level=0.2))
    assert result["noisy_input"]["mse"] == pytest.approx(0.04, rel=0.02)
    assert result["noisy_input"]["psnr_db"] == pytest.approx(13.98, abs=0.1)


def test_denoising_a_few_images_scores_both_sides(trained):
    images = np.array(data.load("digits-28").x_test[:5])
    corruption = Corruption(kind="gaussian", level=0.2)
    noisy, output, noisy_scores, output_scores = denoise(load_model(trained), images, corruption, 0)
    assert noisy.shape == output.shape == images.shape
    assert noisy_scores["ssim"].shape == output_scores["ssim"].shape == (5,)
    again = denoise(load_model(trained), images, corruption, 0)
    assert np.array_equal(noisy, again[0])
    assert not np.array_equal(noisy, denoise(load_model(trained), images, corruption, 1)[0])


def test_weights_that_are_gone_or_cut_are_one_line(trained):
    path = trained.file("weights.safetensors")
    content = path.read_bytes()
    path.write_bytes(content[:1000])
    with pytest.raises(DamagedError, match="cannot be read"):
        load_model(trained)
    path.unlink()
    with pytest.raises(AecoreError, match="no saved weights"):
        load_model(trained)
