"""The measures' arithmetic against other programs' numbers and closed forms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from aecore.config.sections import Training
from aecore.metrics import anomaly, bootstrap, code_units, frechet, likelihood, linear_probe, neighbours, pca
from aecore.metrics import rate_distortion as rate
from tests.helpers.without_doubles import WithoutDoubles

_DIGITS: Any = load_digits()
DIGITS, LABELS = np.asarray(_DIGITS.data, np.float64), np.asarray(_DIGITS.target)
IMAGES = np.rint(DIGITS * 255 / 16).astype(np.uint8).reshape(-1, 1, 8, 8)


# ---- intervals -----------------------------------------------------------------------------------


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    values = np.random.default_rng(1).normal(3, 2, 4000)
    found = bootstrap.mean_interval(values)
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_intervals_are_the_same_each_time_and_every_resample_is_whole():
    values = np.arange(50.0)
    first = bootstrap.mean_interval(values)
    bootstrap.counts.cache_clear()
    assert bootstrap.mean_interval(values) == first
    assert (bootstrap.counts(50).sum(axis=1) == 50).all()
    with pytest.raises(ValueError, match="at least one"):
        bootstrap.mean_interval(np.array([]))


# ---- units ---------------------------------------------------------------------------------------


def test_active_units_of_a_synthetic_posterior():
    """Six units whose means vary like those of a VAE, eleven below the threshold, three that are constant."""
    rng = np.random.default_rng(0)
    deviations = np.array([1.0] * 6 + [0.09] * 11 + [0.0] * 3)
    found = code_units.units((rng.normal(size=(5000, 20)) * deviations + 7).astype(np.float32))
    assert (found.active, found.constant, found.never_fire) == (6, 3, 0)
    assert found.variance == pytest.approx(deviations**2, rel=0.1, abs=1e-6)
    assert found.active_for_their_scale == 6


def test_a_relu_unit_that_never_fires_and_a_code_of_another_scale():
    codes = np.abs(np.random.default_rng(0).normal(size=(100, 4)))
    codes[:, 2] = 0
    found = code_units.units(codes)
    assert (found.active, found.constant, found.never_fire) == (3, 1, 1)
    small = code_units.units(codes / 1000)
    assert (small.active, small.active_for_their_scale) == (0, 3)


def test_correlations_are_those_of_numpy():
    codes = np.random.default_rng(0).normal(size=(300, 5)) @ np.random.default_rng(1).normal(size=(5, 5))
    found = code_units.correlation(codes)
    assert found == pytest.approx(np.corrcoef(codes, rowvar=False), abs=1e-12)
    assert code_units.mean_correlation(found) == pytest.approx(np.abs(found[np.triu_indices(5, 1)]).mean())
    codes[:, 0] = 3
    assert np.isnan(code_units.correlation(codes)[0]).all()
    assert code_units.mean_correlation(code_units.correlation(codes[:, :2])) is None


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_the_dimension_of_a_flat_sheet_in_a_wide_space(dimensions):
    rng = np.random.default_rng(dimensions)
    turned = np.linalg.qr(rng.normal(size=(20, 20)))[0][:dimensions]
    points = (rng.random((4000, dimensions)) @ turned).astype(np.float32)
    found = code_units.intrinsic_dimension(neighbours.nearest(points, count=2)[0])
    assert found is not None
    assert found.value == pytest.approx(dimensions, rel=0.08)
    assert found.low < found.value < found.high


def test_copies_have_no_dimension():
    assert code_units.intrinsic_dimension(np.zeros((100, 2))) is None


# ---- PCA -----------------------------------------------------------------------------------------


def test_pca_is_that_of_scikit_learn():
    found = pca.fit(IMAGES[:1200])
    flat, test = IMAGES[:1200].reshape(1200, -1) / 255, IMAGES[1200:].reshape(-1, 64) / 255
    by_size = found.errors(IMAGES[1200:])
    for k in (1, 2, 8, 32):
        other = PCA(k, svd_solver="full").fit(flat)
        expected = np.square(other.inverse_transform(other.transform(test)) - test).mean(axis=1)
        assert by_size[k] == pytest.approx(expected.mean(), abs=1e-6)
        assert found.errors_by_image(IMAGES[1200:], k) == pytest.approx(expected, abs=1e-6)
        again = found.decoded(found.codes(IMAGES[1200:], k))
        assert np.square(again - test).mean() == pytest.approx(expected.mean(), abs=1e-6)
    assert by_size[0] == pytest.approx(np.square(test - flat.mean(axis=0)).mean(), abs=1e-6)


def test_few_images_have_few_components_and_large_ones_none():
    assert pca.fit(IMAGES[:5]).size == 4
    with pytest.raises(ValueError, match="too large"):
        pca.fit(np.zeros((3, 3, 64, 64), np.uint8))


# ---- classes -------------------------------------------------------------------------------------


def test_the_probe_is_as_good_as_scikit_learns():
    train, test = DIGITS[:1000].astype(np.float32), DIGITS[1000:].astype(np.float32)
    mine = (linear_probe.fit(train, LABELS[:1000], 10).predict(test) == LABELS[1000:]).mean()
    scaled = StandardScaler().fit(train)
    other = LogisticRegression(max_iter=2000).fit(scaled.transform(train), LABELS[:1000])
    assert mine == pytest.approx(other.score(scaled.transform(test), LABELS[1000:]), abs=0.005)
    one = train.std()
    mine = (linear_probe.fit(train, LABELS[:1000], 10, one_scale=True).predict(test) == LABELS[1000:]).mean()
    other = LogisticRegression(max_iter=2000).fit((train - train.mean(0)) / one, LABELS[:1000])
    assert mine == pytest.approx(other.score((test - train.mean(0)) / one, LABELS[1000:]), abs=0.005)


def test_constant_features_and_missing_classes_do_no_harm():
    train = np.column_stack([DIGITS[:300, 20:40], np.full((300, 2), 1e5)]).astype(np.float32)
    labels = LABELS[:300].copy()
    labels[labels == 4] = 5
    found = linear_probe.fit(train, labels, 10).predict(train)
    assert (found == labels).mean() > 0.9
    assert 4 not in found


def test_few_labels_are_as_many_of_every_class():
    rows = linear_probe.few_labels(LABELS, 10, 0)
    assert rows is not None
    assert np.bincount(LABELS[rows]).tolist() == [10] * 10
    assert len(np.unique(rows)) == 100
    assert linear_probe.few_labels(LABELS, 1000, 0) is None


@pytest.mark.parametrize("k", [1, 10])
def test_neighbours_vote_as_in_scikit_learn(k):
    train, test = DIGITS[:900].astype(np.float32), DIGITS[900:].astype(np.float32)
    distances, rows = neighbours.nearest(train, test, 10)
    mine = neighbours.votes(LABELS[:900], rows[:, :k], 10)
    other = KNeighborsClassifier(k, algorithm="brute").fit(train, LABELS[:900])
    assert (mine == other.predict(test)).mean() > 0.997  # equal distances may be in another order
    assert distances == pytest.approx(other.kneighbors(test, 10)[0], abs=1e-3)


def test_a_point_is_no_neighbour_of_its_own():
    distances, rows = neighbours.nearest(DIGITS[:50].astype(np.float32), count=2)
    assert (rows != np.arange(50)[:, None]).all()
    assert (distances[:, 0] <= distances[:, 1]).all()
    with pytest.raises(ValueError, match="no 10 neighbours"):
        neighbours.nearest(np.zeros((10, 2)), count=10)


# ---- samples -------------------------------------------------------------------------------------


def test_the_frechet_distance_is_that_of_scipys_root():
    rng = np.random.default_rng(0)
    one, other = (rng.normal(size=(500, 12)) @ rng.normal(size=(12, 12)) + rng.normal(size=12) for _ in range(2))
    a, b = frechet.moments(one), frechet.moments(other)
    root = np.real(np.asarray(scipy.linalg.sqrtm(a.covariance @ b.covariance)))
    expected = np.square(a.mean - b.mean).sum() + np.trace(a.covariance + b.covariance - 2 * root)
    assert frechet.distance(a, b) == pytest.approx(expected, rel=1e-6, abs=1e-4)
    assert frechet.distance(a, a) == pytest.approx(0, abs=1e-6)
    found = frechet.distance_interval(one, other)
    assert found.value == pytest.approx(expected, rel=1e-6)
    assert found.low < found.high
    flat = np.zeros((20, 12))
    assert frechet.distance(frechet.moments(flat), frechet.moments(flat + 1)) == pytest.approx(12)


# ---- anomalies -----------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=60))
def test_the_area_counts_pairs(cases):
    scores, bad = np.array([score for score, _ in cases], float), np.array([wrong for _, wrong in cases])
    if bad.all() or not bad.any():
        return
    pairs = scores[bad][:, None] - scores[~bad][None]
    expected = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    assert anomaly.area_under_roc(scores, bad).value == pytest.approx(expected, abs=1e-12)


def test_the_interval_of_the_area_is_that_of_drawing_again():
    rng = np.random.default_rng(3)
    bad = rng.random(400) < 0.2
    scores = np.round(rng.normal(size=400) + 0.8 * bad, 1)
    found = anomaly.area_under_roc(scores, bad)
    drawn = [rng.integers(0, 400, 400) for _ in range(200)]
    areas = [roc_auc_score(bad[rows], scores[rows]) for rows in drawn]
    assert (found.low, found.high) == pytest.approx(np.percentile(areas, [2.5, 97.5]), abs=0.015)


def test_thresholds_are_chosen_on_other_images():
    held, scores = np.arange(1000.0), np.array([995.0, 400, 0, 1, 2, 960])
    found = anomaly.thresholds(held, scores, np.array([True, True, False, False, False, False]))
    assert [part.false_alarms for part in found] == [0.01, 0.05, 0.1]
    assert [part.caught for part in found] == [0.5, 0.5, 0.5]
    assert [part.raised for part in found] == [0, 0.25, 0.25]
    curve = anomaly.roc(np.arange(1000.0), np.arange(1000) % 2 == 0)
    assert curve[0] == [0, 0]
    assert curve[-1] == [1, 1]
    assert len(curve) == 101


# ---- rate ----------------------------------------------------------------------------------------


def test_fewer_bits_cost_what_even_steps_cost():
    codes = np.random.default_rng(0).random((20_000, 3)).astype(np.float32) * [1, 10, 100]
    assert (rate.Quantiser(codes, 32)(codes) == codes.astype(np.float32)).all()
    for bits in (4, 8):
        step = np.array([1, 10, 100]) / (2**bits - 1)
        errors = np.square(rate.Quantiser(codes, bits)(codes) - codes).mean(axis=0)
        assert errors == pytest.approx(step**2 / 12, rel=0.05)  # of a uniform distribution within a step
    assert rate.code_bytes(20, 4) == 10
    outside = rate.Quantiser(codes, 8)(np.array([[-5.0, 5, 500]], np.float32))
    assert outside == pytest.approx(np.array([[codes[:, 0].min(), 5, codes[:, 2].max()]]), abs=0.03)


def test_image_formats_cost_more_and_err_less_at_higher_quality():
    colour = np.repeat(IMAGES[:20], 3, axis=1)
    for images in (IMAGES[:20], colour):
        for name in ("jpeg", "webp"):
            poor, good = (rate.image_format(images, name, quality) for quality in (5, 95))
            assert poor.bytes < good.bytes
            assert poor.mse > good.mse > 0


# ---- likelihood ----------------------------------------------------------------------------------


def test_the_bound_reaches_the_likelihood_of_a_linear_gaussian_model():
    """x = Wz + b + noise has a normal distribution; q(z|x) is the true posterior, but too wide."""
    torch.manual_seed(0)
    values, units, std = 12, 3, 0.4
    weights, offset = torch.randn(values, units, dtype=torch.float64), torch.randn(values, dtype=torch.float64)
    images = (torch.randn(40, units).double() @ weights.T + offset + std * torch.randn(40, values)).float()
    covariance = weights @ weights.T + std**2 * torch.eye(values, dtype=torch.float64)
    exact = torch.distributions.MultivariateNormal(offset, covariance).log_prob(images.double())
    precision = torch.eye(units, dtype=torch.float64) + weights.T @ weights / std**2
    mean = torch.linalg.solve(precision, weights.T @ (images.double() - offset).T / std**2).T
    variance = (1.5 / precision.diagonal()).expand(40, units)
    observation = likelihood.Observation("gaussian", std)
    generator = torch.Generator().manual_seed(0)
    found = likelihood.bounds(
        images,
        (mean, variance.log()),
        lambda z, number: (z.double() @ weights.T + offset).float(),
        observation,
        5000,
        generator,
    )
    assert sorted(found) == [1, 50, 5000]
    assert float(found[5000].mean()) == pytest.approx(float(exact.mean()), abs=0.05)
    assert found[1].mean() < found[50].mean() < found[5000].mean() + 0.01
    # The ELBO in closed form: ln p(x|z) and the KL divergence, both expected under q.
    spread = (weights.square() * variance[0]).sum(1)
    apart = (images.double() - offset - mean @ weights.T).square() + spread
    expected = -apart.sum(1) / (2 * std**2) - values / 2 * math.log(2 * math.pi * std**2)
    kl = 0.5 * (mean.square() + variance - 1 - variance.log()).sum(1)
    assert float(found[1].mean()) == pytest.approx(float((expected - kl).mean()), abs=0.1)


@pytest.mark.parametrize("observation", [likelihood.Observation("gaussian", 0.4), likelihood.Observation("bernoulli")])
def test_the_bound_needs_no_double_precision_of_the_device(observation):
    torch.manual_seed(0)
    weights, images, posterior = torch.randn(6, 3), torch.rand(4, 6), (torch.randn(4, 3), torch.randn(4, 3))

    def found():
        generator = torch.Generator().manual_seed(0)
        return likelihood.bounds(images, posterior, lambda z, _: z @ weights.T, observation, 50, generator)

    expected = found()
    with WithoutDoubles():
        again = found()
    assert all(torch.equal(again[count], expected[count]) for count in (1, 50))


def test_what_the_loss_of_a_vae_says_about_the_pixels():
    """Squared error plus β KL is, up to a factor, the negative ELBO of a normal distribution of variance β / 2."""
    summed = likelihood.observation_of(Training(reduction="sum", beta=2), 100, 10)
    averaged = likelihood.observation_of(Training(reduction="mean", beta=2), 100, 10)
    assert summed is not None
    assert averaged is not None
    assert (summed.std, averaged.std) == pytest.approx((1, math.sqrt(10)))
    error, kl = 30.0, 5.0
    for observation, loss in ((summed, error + 2 * kl), (averaged, error / 100 + 2 * kl / 10)):
        elbo = -error / (2 * observation.std**2) - kl
        assert elbo == pytest.approx(-loss * (1 / (2 * observation.std**2)) / (1 if observation is summed else 1 / 100))
    assert likelihood.observation_of(Training(beta=0), 100, 10) is None
