"""What happens in the code: units that speak and units that don't."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aecore.config.corruption import Corruption
from aecore.latent.encode import CodeRange, codes_of
from tests.helpers.training import CONV, VAE, digits, fresh


def test_dead_units_are_the_constant_ones_over_all_batches():
    codes = CodeRange()
    for read in (codes.dead_units, codes.std):
        with pytest.raises(ValueError, match="no codes"):
            read()
    codes.add(torch.tensor([[0.0, 1.0, 2.0], [0.0, 1.0, 5.0]]))
    assert codes.dead_units() == 2
    codes.add(torch.tensor([[0.0, 3.0, 2.0]]))
    assert codes.dead_units() == 1


@given(st.floats(-1000, 1000), st.floats(1e-3, 100), st.integers(0, 99))
def test_the_spread_is_numpys_also_far_from_zero(middle, spread, seed):
    values = (middle + spread * np.random.default_rng(seed).standard_normal((500, 3))).astype(np.float32)
    values[:, 2] = middle
    codes = CodeRange()
    for part in np.array_split(values, 4):
        codes.add(torch.from_numpy(part))
    assert codes.std() == pytest.approx(values.std(0, dtype=np.float64), rel=1e-3, abs=1e-9)
    assert codes.std()[2] == 0, "a dead unit has no spread at all"


def test_codes_come_from_one_seed_and_of_a_vae_they_are_the_means():
    images = digits(40)
    corruption = Corruption.parse("gaussian:0.2")
    for experiment in (CONV, VAE.changed({"model.bottleneck.sample": "always"})):
        model = fresh(experiment, images).model
        codes = codes_of(model, images.test, corruption, 1)
        assert codes.shape == (60, model.plan.code_size)
        assert codes.dtype == np.float32
        assert np.array_equal(codes, codes_of(model, images.test, corruption, 1))
        assert not np.array_equal(codes, codes_of(model, images.test, corruption, 2))


def test_active_units_vary_more_than_burdas_threshold():
    """Twice as far as the root of 0.01 and half as far, around a mean that is far from zero."""
    codes = CodeRange()
    for sign in (1.0, -1.0):
        codes.add(torch.tensor([[100 + 0.2 * sign, 0.05 * sign, 3.0]]).repeat(50, 1))
    assert codes.active_units() == 1
