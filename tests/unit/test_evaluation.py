"""Measuring a model: always beside the noisy input, on the [0, 1] scale, with what a black image would score."""

import numpy as np
import pytest
import safetensors.numpy
import torch
from PIL import Image

from aecore import data, jobs
from aecore.config.corruption import Corruption
from aecore.config.model import Bottleneck, Model
from aecore.data.colored_mnist import by_class
from aecore.data.image_set import Arrays
from aecore.inference import open_run
from aecore.metrics.evaluation import BATCH, evaluate, reconstructions
from aecore.models import Autoencoder
from aecore.models.condition import NOTHING
from aecore.presets import preset
from aecore.runs.summary import summarise
from tests.helpers import cli
from tests.helpers.training import mnist_panel

FOUR = {"mse", "psnr_db", "ssim", "snr_db"}


class Fixed(Autoencoder):
    """Says the same for every pixel, or repeats its input where `said` is None."""

    def __init__(self, said: float | None, chosen: str = "unit", shape=(1, 28, 28)) -> None:
        super().__init__(Model(dense=(), bottleneck=Bottleneck(size=1), range=chosen), shape)  # type: ignore[arg-type]
        self.said = said

    def forward(self, images, condition=NOTHING):
        return images.clone() if self.said is None else torch.full_like(images, self.said)


@pytest.fixture(scope="module")
def digits():
    return torch.from_numpy(np.array(data.load("digits-28").x_test))


def test_the_noisy_input_of_known_noise_scores_what_it_must(digits):
    result = evaluate(Fixed(0.0), digits, Corruption.parse("gaussian:0.2"))
    assert set(result) == {"n", "corruption", "metrics", "noisy_input", "black_mse", "remark"}
    assert (result["n"], result["corruption"]) == (297, "gaussian:0.2")
    assert set(result["metrics"]) == set(result["noisy_input"]) == FOUR
    assert result["noisy_input"]["mse"] == pytest.approx(0.04, rel=0.02)
    assert result["noisy_input"]["psnr_db"] == pytest.approx(13.98, abs=0.1)


def test_an_all_black_output_scores_what_is_said_of_it(digits):
    for model in (Fixed(0.0), Fixed(-1.0, "symmetric")):
        result = evaluate(model, digits, Corruption())
        power = np.mean((digits.numpy() / 255) ** 2)
        assert result["black_mse"] == pytest.approx(power, rel=1e-6)
        assert result["metrics"]["mse"] == pytest.approx(power, rel=1e-6)
        assert result["metrics"]["snr_db"] == pytest.approx(0, abs=1e-6)


def test_the_all_black_score_is_the_pictures_own_in_colour_too():
    """The check of report 004, on the twenty images that are at hand."""
    images, labels = mnist_panel()
    arrays = Arrays(images.numpy(), labels, images.numpy(), labels)
    coloured = np.array(by_class(arrays).x_test)
    result = evaluate(Fixed(0.0, shape=(3, 28, 28)), torch.from_numpy(coloured), Corruption())
    assert result["black_mse"] == pytest.approx(np.mean((coloured / 255) ** 2), rel=1e-6)


@pytest.mark.parametrize("text", ["gaussian:0.1", "gaussian-variance:0.01"])
def test_in_the_symmetric_range_noise_counts_a_quarter(digits, text):
    """σ 0.1 on [-1, 1] is σ 0.05 on [0, 1]: a squared error of 0.01 / 4, before any clamping."""
    result = evaluate(Fixed(None, "symmetric"), digits, Corruption.parse(text))
    noisy = result["noisy_input"]
    assert noisy["mse"] == pytest.approx(0.01 / 4, rel=0.01)
    assert noisy["mse_model_scale"] == pytest.approx(4 * noisy["mse"], rel=1e-12)
    assert result["metrics"] == noisy, "a model that repeats its input scores as its input"
    clamped = evaluate(Fixed(None, "symmetric"), digits, Corruption.parse(text + ":clamp"))["noisy_input"]
    assert clamped["mse"] < 0.8 * noisy["mse"]


def test_a_clean_input_is_perfect(digits):
    result = evaluate(Fixed(None), digits, Corruption())
    perfect = {"mse": 0.0, "psnr_db": None, "ssim": 1.0, "snr_db": None}
    assert result["noisy_input"] == perfect
    assert result["metrics"]["mse"] < 1e-12


def test_wrong_digits_are_counted_on_both_sides():
    images, labels = mnist_panel()
    right = evaluate(Fixed(None), images, Corruption(), labels=labels)
    assert right["metrics"]["wrong_digit_rate"] == right["noisy_input"]["wrong_digit_rate"] <= 0.05
    wrong = evaluate(Fixed(None), images, Corruption(), labels=(labels + 1) % 10)
    assert wrong["metrics"]["wrong_digit_rate"] >= 0.95
    covered = evaluate(Fixed(0.0), images, Corruption.parse("square:28"), labels=labels)
    assert covered["noisy_input"]["wrong_digit_rate"] == covered["metrics"]["wrong_digit_rate"] >= 0.8


def test_batches_and_progress_cover_the_whole_set_in_order(digits):
    many = digits.repeat(8, 1, 1, 1)
    seen = []
    result = evaluate(Fixed(None), many, Corruption(), lambda done, total: seen.append((done, total)))
    assert result["n"] == len(many) > 2 * BATCH
    assert seen == [(1000, 2376), (2000, 2376), (2376, 2376)]
    clean = np.concatenate([part[0] for part in reconstructions(Fixed(None), many, Corruption())])
    assert np.array_equal(np.round(clean * 255).astype(np.uint8), many.numpy())


@pytest.mark.parametrize("sample", ["training", "always"])
def test_every_model_is_shown_the_same_noise_and_a_vae_repeats_itself(digits, sample):
    bottleneck = Bottleneck(kind="gaussian", size=4, sample=sample)
    vae = Autoencoder(Model(dense=(8,), bottleneck=bottleneck), (1, 28, 28), seed=1).train()
    corruption = Corruption.parse("gaussian:0.2")
    first, again = (next(reconstructions(vae, digits[:50], corruption)) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one, other)
    _, noisy, _ = next(reconstructions(Fixed(None), digits[:50], corruption))
    assert np.array_equal(noisy, first[1])
    other_seed = next(reconstructions(vae, digits[:50], corruption, seed=5))
    assert not np.array_equal(other_seed[1], first[1])


def test_an_output_that_is_the_same_for_every_image_is_remarked(trained, capsys):
    tensors = safetensors.numpy.load_file(trained.file("weights.safetensors"))
    black = {name: np.zeros_like(value) for name, value in tensors.items()}
    last = max(name for name in black if name.startswith("decoder") and name.endswith("bias"))
    black[last] -= 50  # of the sigmoid
    trained.write_files({"weights.safetensors": safetensors.numpy.save(black)})
    status, _, said = cli.run(capsys, "evaluate", trained.id, "--device", "cpu")
    assert status == 0
    assert "the output is the same image for every input, all black" in said
    found = [open_run(trained, "cpu").evaluate(Corruption())]
    trained.write_json("evaluation.json", {"evaluations": found})
    trained.write_status(remarks=[])
    assert [remark["kind"] for remark in summarise(trained).remarks] == ["constant-output"]
    assert "all black" in cli.run(capsys, "show", trained.id)[1]


def test_pictures_that_cannot_be_used_are_remarked_on_the_run(store, tmp_path):
    (tmp_path / "pictures").mkdir()
    for number in range(12):
        target = tmp_path / "pictures" / f"{number:03}.png"
        Image.fromarray(np.full((8, 8), 20 * number, np.uint8)).save(target)
        if number >= 8:
            target.write_bytes(target.read_bytes()[:40])
    changes = {"data.name": str(tmp_path / "pictures"), "training.epochs": 1}
    run = jobs.submit(preset("digits-quick").experiment.changed(changes), "cpu")
    assert jobs.work(run) == "finished"
    text = "4 of 12 pictures could not be used and were left out: 008.png, 009.png, 010.png, …"
    assert text in [remark["text"] for remark in summarise(run).remarks]
