"""Codes kept in a run: what is written is what is read, what is measured is what the model says."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aecore.config.corruption import Corruption
from aecore.data.subset import evenly_spaced
from aecore.errors import DamagedError
from aecore.latent.codes import Codes, read_codes
from aecore.latent.encode import codes_of, measure_codes
from aecore.runs.run import CODES, Run
from tests.helpers.runs import forget_sums
from tests.helpers.training import CONV, MLP, VAE, digits, fresh

NOISE = Corruption.parse("gaussian:0.2+square:6")


def some(codes: np.ndarray) -> Codes:
    count = len(codes)
    return Codes(codes, np.zeros(count, np.uint8), np.arange(count), np.ones(count, np.float32), "none")


def test_a_trained_run_keeps_codes_and_small_images(trained: Run):
    kept = read_codes(trained)
    assert kept is not None
    assert kept.codes is not None
    assert kept.images is not None
    assert kept.codes.shape == (297, trained.status()["code_size"])
    assert kept.images.shape[0] == 297
    assert kept.corruption == str(trained.experiment().corruption)
    evaluated = next(entry for entry in trained.evaluation() if entry["corruption"] == kept.corruption)
    assert kept.errors.mean() == pytest.approx(evaluated["metrics"]["mse"], rel=1e-4)


@pytest.mark.parametrize("experiment", [MLP, CONV, VAE], ids=["mlp", "conv", "vae"])
def test_chosen_rows_are_encoded_as_in_the_whole_set(experiment):
    images = digits(test=60)
    model = fresh(experiment, images).model
    rows = np.array([0, 7, 8, 59])
    found = measure_codes(model, images.test, images.test_labels, NOISE, 5, rows)
    whole = codes_of(model, images.test, NOISE, 5)
    assert found.codes is not None
    assert np.allclose(found.codes, whole[rows], atol=1e-5)
    with torch.inference_mode():
        output = model.to_unit(model.decode(torch.from_numpy(whole[rows]))).numpy()
    clean = images.test[rows].numpy() / 255
    assert np.allclose(found.errors, ((output - clean) ** 2).mean(axis=(1, 2, 3)), rtol=1e-4)
    assert found.labels.tolist() == images.test_labels[rows].tolist()


@settings(max_examples=40, deadline=None)
@given(scale=st.floats(1e-6, 1e7), offset=st.floats(-1e6, 1e6), seed=st.integers(0, 1000))
def test_rounding_never_moves_a_unit_visibly(tmp_path_factory, scale, offset, seed):
    codes = (np.random.default_rng(seed).normal(size=(50, 3)) * [scale, 1, 0] + [0, offset, 1]).astype(np.float32)
    run = Run(tmp_path_factory.mktemp("run"))
    some(codes).save(run)
    back = read_codes(run)
    assert back is not None
    assert back.codes is not None
    assert (np.abs(back.codes - codes).max(axis=0) <= 0.011 * codes.std(axis=0) + 1e-9).all()


def test_without_the_file_there_are_none_and_a_cut_one_is_damaged(tmp_path):
    run = Run(tmp_path)
    assert read_codes(run) is None
    some(np.ones((4, 2), np.float32)).save(run)
    path = run.file(CODES)
    forget_sums(run)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DamagedError, match=r"codes\.safetensors cannot be read"):
        read_codes(run)


@given(count=st.integers(1, 20_000), points=st.integers(1, 12_000))
def test_spread_is_even_and_within_the_set(count, points):
    rows = evenly_spaced(count, points)
    assert len(rows) == min(count, points)
    assert rows[0] == 0
    assert rows[-1] == (count - 1 if len(rows) > 1 else 0)
    assert len(rows) < 2 or np.ptp(np.diff(rows)) <= 1
