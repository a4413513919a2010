"""The same checks on a CUDA device; skipped with the reason where there is none."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from aecore import jobs
from aecore.config.corruption import Corruption
from aecore.config.experiment import Experiment
from aecore.data import data_set
from aecore.data.corruption import corrupt, corrupted
from aecore.data.shard import shard_of
from aecore.errors import AecoreError
from aecore.latent.encode import codes_of
from aecore.metrics.evaluation import evaluate
from aecore.models import Autoencoder
from aecore.models.rng import ModelRng
from aecore.presets import preset
from aecore.training import step as step_module
from aecore.training.checkpoint import State, new_state, restore, state_bytes
from aecore.training.loop import Images, LoopOptions, epochs
from aecore.training.snapshots import Snapshots
from tests.helpers.training import MLP

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]

REPORTED = ("mnist-mlp8", "cifar-conv-denoise", "mnist-selu-2-clean", "colored-conv", "colored-dropout", "colored-vae")


OWN = ("mnist-wide-8", "mnist-vae-binary", "mnist-conditional", "colored-unet", "mnist-fsq", "mnist-vq", "mnist-sparse")
"""Of schedules that change what a graph would fix."""


def synthetic(name: str, device: str, train: int = 512, test: int = 100) -> tuple[Experiment, Images]:
    """A preset for a few epochs, and smooth images of its shape: no data set is needed."""
    experiment = preset(name).experiment.changed({"training.epochs": 3, "training.batch_size": 64})
    channels, height, width = data_set(experiment.data.name).image_shape
    draw = np.random.default_rng(0)
    coarse = torch.from_numpy(draw.random((train + test, channels, 5, 5), dtype=np.float32))
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    stored = (255 * smooth).to(torch.uint8).to(device)
    return experiment, Images(stored[:train], stored[train:], draw.integers(0, 10, test).astype(np.uint8))


def start(experiment: Experiment, images: Images) -> State:
    _, channels, height, width = images.train.shape
    return new_state(experiment, (channels, height, width), len(images.train), images.train.device)


@pytest.mark.parametrize("name", REPORTED)
def test_a_preset_starts_alike_and_learns_as_well_as_on_the_cpu(name):
    """Order and noise come from the device's own generator, so the losses agree as two seeds' do, not bit for bit."""
    losses, weights = {}, {}
    for device in ("cpu", "cuda"):
        experiment, images = synthetic(name, device)
        state = start(experiment, images)
        weights[device] = {key: value.cpu().clone() for key, value in state.model.state_dict().items()}
        losses[device] = [epoch.train_loss for epoch in epochs(experiment, state, images)]
    assert all(torch.equal(weights["cpu"][key], weights["cuda"][key]) for key in weights["cpu"])
    assert losses["cuda"][0] == pytest.approx(losses["cpu"][0], rel=0.1)
    assert losses["cuda"][-1] == pytest.approx(losses["cpu"][-1], rel=0.2)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", [*REPORTED, *OWN])
def test_replayed_steps_are_those_written_out(name, precision, monkeypatch):
    experiment, images = synthetic(name, "cuda", train=500)  # the last batch is smaller than the others
    if name in REPORTED:
        experiment = experiment.changed({"training.schedule": "plateau", "training.plateau_patience": 0})
    replayed = [
        epoch.train_loss for epoch in epochs(experiment, start(experiment, images), images, LoopOptions(precision))
    ]
    monkeypatch.setattr(step_module, "recordable", lambda device: False)
    plain = [
        epoch.train_loss for epoch in epochs(experiment, start(experiment, images), images, LoopOptions(precision))
    ]
    assert replayed == pytest.approx(plain, rel=0.02)


def test_recording_a_graph_leaves_the_state_as_it_was():
    experiment, images = synthetic("colored-dropout", "cuda")
    state = start(experiment, images)
    step = step_module.Step(experiment, state, images.train)
    before = {name: value.clone() for name, value in state.model.state_dict().items()}
    noise = state.noise.get_state()
    assert step._recorded(torch.arange(64, device="cuda"))
    assert all(torch.equal(before[name], value) for name, value in state.model.state_dict().items())
    assert torch.equal(noise, state.noise.get_state())
    assert step.sums.tolist() == [0, 0, 0, 0]


def test_where_recording_fails_the_run_goes_on_without_it(monkeypatch):
    """A step that reads from the device while it is recorded, which CUDA forbids."""
    experiment, images = synthetic("colored-dropout", "cuda")
    plain = step_module.Step._differentiate

    def waits(self: step_module.Step, chosen: torch.Tensor) -> None:
        plain(self, chosen)
        self.sums[0].item()

    expected = [epoch.train_loss for epoch in epochs(experiment, start(experiment, images), images)]
    monkeypatch.setattr(step_module.Step, "_differentiate", waits)
    told: list[str] = []
    options = LoopOptions(on_unrecorded=told.append)
    found = [epoch.train_loss for epoch in epochs(experiment, start(experiment, images), images, options)]
    assert found == pytest.approx(expected, rel=0.02)
    assert len(told) == 1
    assert told[0]


def test_a_step_that_does_not_fit_is_one_line(store):
    experiment = MLP.changed({"training.batch_size": 1000, "model.dense": [4096, 4096]})
    torch.cuda.set_per_process_memory_fraction(1e-3)
    run = jobs.submit(experiment, "cuda")
    try:
        with pytest.raises(AecoreError, match=r"out of memory: choose a smaller training\.batch_size"):
            jobs.work(run)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()
    assert "\n" not in run.status()["error"]
    assert jobs.work(jobs.submit(MLP, "cuda")) == "finished"


@pytest.mark.parametrize("name", REPORTED)
def test_the_same_weights_see_the_same_on_both(name):
    experiment, images = synthetic(name, "cpu")
    shape = tuple(images.test.shape[1:])
    model = Autoencoder(experiment.model, shape, seed=1).eval()  # type: ignore[arg-type]
    model.samples_always = False
    clean = model.from_bytes(images.test)
    with torch.no_grad():
        expected_code, expected = model.encode(clean), model(clean)
        model.to("cuda")
        code, output = model.encode(clean.cuda()).cpu(), model(clean.cuda()).cpu()
    torch.testing.assert_close(code, expected_code, rtol=1e-2, atol=2e-3)  # TF32 where the device's default has it
    torch.testing.assert_close(output, expected, rtol=1e-2, atol=2e-3)


@pytest.mark.parametrize("name", ["mnist-mlp8", "colored-dropout", "colored-vae"])
def test_state_goes_to_the_disk_and_back(name, tmp_path):
    experiment, images = synthetic(name, "cuda")
    whole, first, second = (start(experiment, images) for _ in range(3))
    course = [epoch.train_loss for epoch in epochs(experiment, whole, images)]
    begun = [epoch.train_loss for epoch in itertools.islice(epochs(experiment, first, images), 2)]
    path = tmp_path / "resume.safetensors"
    path.write_bytes(state_bytes(first))
    restore(second, path)
    for ours, theirs in zip(first.model.state_dict().values(), second.model.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)
    for weights, slots in second.optimizer.state.items():
        for value in slots.values():
            assert value.dim() == 0 or value.stride() == weights.stride()
    for one, other in ((first.order, second.order), (first.noise, second.noise)):
        assert torch.equal(one.get_state(), other.get_state())
    rest = [epoch.train_loss for epoch in epochs(experiment, second, images)]
    assert begun + rest == pytest.approx(course, rel=1e-3)


@pytest.mark.parametrize(
    "text", ["gaussian:0.2", "gaussian-variance:0.04:clamp", "salt-pepper:0.3", "gaussian:0.2+square:8"]
)
def test_corruption_happens_on_the_device(text):
    generator = torch.Generator("cuda").manual_seed(0)
    images = torch.full((64, 3, 28, 28), 0.5, device="cuda")
    noisy = corrupt(images, Corruption.parse(text), generator)
    assert noisy.device.type == "cuda"
    if "square" in text:
        assert (noisy == 0).sum().item() == 64 * 3 * 64
    elif "gaussian" in text:
        assert (noisy - images).std().item() == pytest.approx(0.2, rel=0.05)
    else:
        assert (noisy != images).float().mean().item() == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("text", ["grey", "blur:1.5", "downscale:4", "jpeg:20", "square:8"])
def test_what_chance_has_no_part_in_is_the_same_on_the_device(text):
    images = torch.rand(16, 3, 30, 28, generator=torch.Generator().manual_seed(0))
    corruption = Corruption.parse(text)
    here = corrupted(images, corruption, torch.Generator().manual_seed(0), -1, 1)
    there = corrupted(images.cuda(), corruption, torch.Generator("cuda").manual_seed(0), -1, 1)
    assert there.images.device.type == there.levels.device.type == "cuda"
    if text == "square:8":
        assert there.lost is not None
        assert there.lost.sum().item() == 16 * 64
    else:
        torch.testing.assert_close(there.images.cpu(), here.images, atol=1e-5, rtol=0)


def test_noise_of_drawn_strength_and_photons_on_the_device():
    images = torch.full((256, 1, 32, 32), 0.5, device="cuda")
    made = corrupted(images, Corruption.parse("gaussian:0.1..0.5"), torch.Generator("cuda").manual_seed(0))
    assert (made.images.flatten(1).std(1) / made.levels).mean().item() == pytest.approx(1, abs=0.02)
    counts = corrupt(images, Corruption.parse("poisson:30"), torch.Generator("cuda").manual_seed(0)) * 30
    assert counts.mean().item() == pytest.approx(15, rel=0.02)
    assert counts.var().item() == pytest.approx(15, rel=0.03)


def test_dropout_keeps_the_asked_share_on_the_device():
    rng = ModelRng()
    rng.seed(0, torch.device("cuda"))
    like = torch.empty(64, 8, 28, 28, device="cuda").to(memory_format=torch.channels_last)
    kept = rng.keep_mask(like, 0.8)
    assert kept.stride() == like.stride()
    assert kept.mean().item() == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("last", [False, True])
def test_the_parts_of_a_draw_are_the_whole_there_too(last):
    order = torch.channels_last if last else torch.contiguous_format
    like = torch.empty(7, 3, 5, 4, device="cuda").to(memory_format=order)

    def drawn(rank: int, world: int) -> list[torch.Tensor]:
        rng, part = ModelRng(), shard_of(7, rank, world)
        rng.seed(1, like.device)
        with rng.for_shard(part):
            return [rng.keep_mask(like[part.rows], 0.7), rng.normal(like[part.rows])]

    for expected, *parts in zip(drawn(0, 1), drawn(0, 2), drawn(1, 2), strict=True):
        assert torch.equal(torch.cat(parts), expected)


@pytest.mark.parametrize("name", ["mnist-selu-2-clean", "colored-vae"])
def test_what_looks_at_a_model_works_there_too(name):
    experiment, images = synthetic(name, "cuda")
    model = start(experiment, images).model
    panel = Snapshots(model, images.test, images.test_labels, experiment.corruption, read=True)
    panel.add(1)
    assert panel.kept.rows[0][0].shape == panel.clean.shape
    codes = codes_of(model, images.test, experiment.corruption, 1)
    assert codes.shape == (100, model.plan.code_size)
    measured = evaluate(model, images.test, experiment.corruption, labels=images.test_labels)
    again = evaluate(model, images.test, experiment.corruption, labels=images.test_labels)
    for part in ("metrics", "noisy_input"):  # sums are added in another order each time
        assert measured[part] == pytest.approx(again[part], rel=1e-6)
    assert 0 <= measured["metrics"]["wrong_digit_rate"] <= 1


def test_a_whole_job_on_cuda(store):
    run = jobs.submit(MLP.changed({"data.validation_images": 50, "training.log_every": 5}), "cuda")
    assert jobs.work(run) == "finished"
    assert run.status()["device"].startswith("cuda")
    assert run.lines("steps.jsonl")
    assert run.lines("layers.jsonl")
