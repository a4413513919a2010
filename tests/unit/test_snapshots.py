"""The panel: which images, which moments, how it stays small, and how it is taken up again."""

from typing import NamedTuple

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore import data
from aecore.config.corruption import Corruption
from aecore.config.model import Model
from aecore.data.convert import to_uint8
from aecore.models import Autoencoder
from aecore.models.condition import NOTHING
from aecore.runs.run import Run
from aecore.training import snapshots
from aecore.training.snapshots import Snapshots, panel_indices
from tests.helpers.training import CPU, mnist_panel

NOISE = Corruption.parse("gaussian:0.2")


class Panel(NamedTuple):
    images: torch.Tensor
    labels: np.ndarray

    def of(self, model, **more):
        return Snapshots(model, self.images, self.labels, NOISE, **more)


@pytest.fixture(scope="module")
def digits():
    images = data.load("digits")
    return Panel(torch.from_numpy(np.array(images.x_test)), np.array(images.y_test))


@pytest.fixture(scope="module")
def model():
    return Autoencoder(Model(dense=(4,)), (1, 8, 8))


def test_the_panel_holds_the_first_two_of_every_class(digits, model):
    images, labels = digits
    chosen = panel_indices(labels)
    assert np.bincount(labels[chosen]).tolist() == [2] * 10
    assert all(index in np.flatnonzero(labels == labels[index])[:2] for index in chosen)
    assert len(panel_indices(np.arange(200, dtype=np.uint8))) == 20
    panel = Snapshots(model, images, labels, NOISE)
    assert np.array_equal(panel.clean.numpy(), images.numpy()[chosen])
    assert panel.noisy is not None
    assert not np.array_equal(panel.noisy, panel.clean.numpy())
    assert Snapshots(model, images, labels, Corruption()).noisy is None


def test_rows_are_the_models_reconstructions_of_the_noisy_panel(digits, model):
    panel = digits.of(model)
    panel.add(1)
    saved = safetensors.numpy.load(panel.to_bytes())
    with torch.no_grad():
        output = model(panel.input)
    assert np.array_equal(saved["reconstructions"][0], to_uint8(output))
    assert saved["epochs"].dtype == np.int32
    assert set(saved) == {"clean", "labels", "indices", "epochs", "reconstructions", "noisy"}


@pytest.mark.parametrize(("tick", "limits"), [(1, {}), (3 / 7, {}), (1, {"MOST_BYTES": 20 * 64 * 9})])
def test_a_long_run_keeps_as_few_rows_as_a_short_one(digits, model, monkeypatch, tick, limits):
    monkeypatch.setattr(snapshots, "MOST_ROWS", 16)
    for name, value in limits.items():
        monkeypatch.setattr(snapshots, name, value)
    panel = digits.of(model, tick=tick)
    assert panel.kept.most == (9 if limits else 16)
    for number in range(1, 101):
        panel.add(number * tick)
        assert len(panel.kept.rows) == len(panel.kept.epochs) <= panel.kept.most
    panel.finish(101 * tick)
    numbers = [round(epoch / tick) for epoch in panel.kept.epochs]
    step = 16 if limits else 8
    assert numbers == [1, *range(step, 101, step), 101]
    saved = safetensors.numpy.load(panel.to_bytes())["epochs"]
    assert saved.dtype == (np.int32 if tick == 1 else np.float32)
    assert saved == pytest.approx(np.array(numbers) * tick, rel=1e-6)


@settings(max_examples=40)
@given(
    most=st.integers(2, 7),
    cut=st.integers(0, 40),
    beyond=st.integers(0, 9),
    more=st.integers(1, 25),
    tick=st.sampled_from([1, 3 / 7, 100 / 2813]),
)
def test_a_panel_taken_up_again_ends_as_an_undisturbed_one(
    tmp_path_factory, digits, model, most, cut, beyond, more, tick
):
    """Saved after `cut + beyond` ticks, resumed from a state after `cut` of them, then going on to the end."""
    run = Run(tmp_path_factory.mktemp("run"))
    total = cut + beyond + more

    def panel():
        made = digits.of(model, tick=tick)
        made.kept.most = most
        return made

    def fill(into, numbers):
        for number in numbers:
            into.add(number * tick)

    undisturbed, first, second = panel(), panel(), panel()
    fill(undisturbed, range(1, total + 1))
    fill(first, range(1, cut + beyond + 1))
    run.file("snapshots.safetensors").write_bytes(first.to_bytes())
    second.restore(run, cut * tick)
    fill(second, range(cut + 1, total + 1))
    for each in (undisturbed, second):
        each.finish(total * tick)
    assert second.to_bytes() == undisturbed.to_bytes()


def test_the_classifier_reads_every_row_and_its_reading_is_taken_up(tmp_path):
    images, labels = mnist_panel()

    class Copy(Autoencoder):
        def forward(self, images, condition=NOTHING):
            return images.clone()

    model = Copy(Model(dense=()), (1, 28, 28))
    panel = Snapshots(model, images, labels, Corruption(), read=True)
    for epoch in (1, 2, 3):
        panel.add(epoch)
    saved = safetensors.numpy.load(panel.to_bytes())
    assert saved["digits"].shape == (3, 20)
    assert np.mean(saved["digits"] == saved["labels"]) >= 0.95
    (tmp_path / "snapshots.safetensors").write_bytes(panel.to_bytes())
    again = Snapshots(model, images, labels, Corruption(), read=True)
    again.restore(Run(tmp_path), 2)
    again.add(3)
    assert again.to_bytes() == panel.to_bytes()


@pytest.mark.parametrize("content", [None, b"", b"\xff" * 99, "other panel"])
def test_a_panel_that_does_not_fit_is_left_aside(tmp_path, digits, model, content):
    images, labels = digits
    if content == "other panel":
        other = Snapshots(model, images.flip(0), labels[::-1].copy(), NOISE)
        other.add(1)
        content = other.to_bytes()
    if content is not None:
        (tmp_path / "snapshots.safetensors").write_bytes(content)
    panel = Snapshots(model, images, labels, NOISE)
    panel.restore(Run(tmp_path), 1)
    assert panel.kept.epochs == []
    panel.finish(0)
    assert safetensors.numpy.load(panel.to_bytes())["reconstructions"].shape == (0, 20, 1, 8, 8)


def test_a_panel_leaves_the_models_course_alone(digits):
    description = Model.model_validate({"dense": [4], "bottleneck": {"kind": "gaussian", "sample": "always"}})
    made = Autoencoder(description, (1, 8, 8))
    made.rng.seed(1, CPU)
    before = made.rng.generator.get_state()  # type: ignore[union-attr]
    panel = digits.of(made)
    panel.add(1)
    panel.add(2)
    assert torch.equal(before, made.rng.generator.get_state())  # type: ignore[union-attr]
    assert np.array_equal(panel.kept.rows[0][0], panel.kept.rows[1][0]), "the same chance each time"
