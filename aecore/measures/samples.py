"""Measures of new images: decoded from codes that are drawn at random, and held against real ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from aecore.latent.interpolation import COMPONENTS, fitted_codes
from aecore.measures.reconstruction import to_bytes
from aecore.measures.subject import Subject, some
from aecore.metrics import frechet, neighbours
from aecore.metrics.bootstrap import mean_interval

SAMPLES = 10_000
"""At most; as many as there are test images, whose number the distance depends on."""
SHOWN, COMPARED = 16, 500
"""So many are kept to look at; for so many the nearest training image is sought."""
FITTED = 20_000
"""So many training codes the distributions are fitted to."""
WIDEST = 256
"""No covariance is fitted to wider codes: it would have as many numbers as the codes that it is fitted to."""
NEAREST_OF = 60_000
"""Training images among which the nearest are sought."""
COVERED = 0.01
"""A class is covered when this share of the readable samples are of it."""
SURE = 0.9
"""An image reads as a class when the classifier gives it this probability."""
NEAR = 1.0
"""A sample may be a copy when it is nearer to a training image than this many per cent of the test images are."""


def samples(subject: Subject) -> None:
    """Samples from the prior, from a normal distribution and from a mixture of them fitted to training codes."""
    draws = _draws(subject)
    if draws and subject.extractor is None:
        reason = "there is no classifier for these images, whose features the Fréchet distance would compare"
        subject.lacking |= dict.fromkeys(draws, reason)
        return
    for number, (name, draw) in enumerate(draws.items()):
        subject.report("sampling", number, len(draws), name.removeprefix("samples_"))
        _measured(subject, name, draw)


def _draws(subject: Subject) -> dict[str, Callable[[int], np.ndarray]]:
    """How codes are drawn, by measure; float32 (N, n)."""
    found: dict[str, Callable[[int], np.ndarray]] = {}
    if subject.model.gaussian:
        found["samples_prior"] = lambda count: (
            np.random.default_rng(0).standard_normal((count, subject.units)).astype(np.float32)
        )
    else:
        subject.lacking["samples_prior"] = "the code has no prior; only that of a VAE has"
    if subject.experiment.model.quantised:
        reason = "the code is quantised: a normal distribution has none of its codes"
        subject.lacking |= dict.fromkeys(("samples_gaussian", "samples_mixture"), reason)
        return found
    if subject.units > WIDEST:
        reason = f"a code of {subject.units:,} numbers is too wide to fit a covariance to"
        subject.lacking |= dict.fromkeys(("samples_gaussian", "samples_mixture"), reason)
        return found
    chosen = some(len(subject.train_codes), FITTED)
    for name, components in (("samples_gaussian", 1), ("samples_mixture", COMPONENTS)):
        if len(chosen) < 2 * components:
            subject.lacking[name] = "there are too few training images"
            continue
        found[name] = lambda count, components=components: fitted_codes(subject.train_codes[chosen], components, count)
    return found


def _measured(subject: Subject, name: str, draw: Callable[[int], np.ndarray]) -> None:
    extractor = subject.extractor
    assert extractor is not None
    under = extractor.classifier.digest()[:12]

    def kept(what: str, images: Callable[[Subject, int], np.ndarray]) -> float:
        """The distance of such images in the features of these weights."""
        return subject.baselines.kept(f"frechet {what} {under}", lambda: _distance(subject, images(subject, count)))

    count = min(SAMPLES, len(subject.x_test[subject.seen]))
    asked = _asked(subject, count)
    images = np.clip(subject.decoded(draw(count), asked), 0, 1)
    found, test = extractor.features(torch.from_numpy(images)), subject.test_features
    sure = found.probabilities.max(axis=1) >= SURE
    read = np.bincount(found.probabilities.argmax(axis=1)[sure], minlength=found.probabilities.shape[1])
    pca = subject.baselines.pca
    subject.measures[name] = {
        **frechet.distance_interval(test.values, found.values).as_json(),
        "real": kept("real", _real),
        "noise": kept("noise", _noise),
        "pca": kept(f"pca {subject.units}", _linear) if pca is not None and subject.units <= pca.size else None,
        "samples": count,
        "features": extractor.name,
        "accuracy": extractor.accuracy,
        "readable": mean_interval(sure * 1.0).as_json()
        | {"real": float((test.probabilities.max(axis=1) >= SURE).mean())},
        "by_class": [int(number) for number in read],
        "classes_covered": int((read >= COVERED * max(1, sure.sum())).sum()),
        **(
            {"as_asked": mean_interval((found.probabilities.argmax(axis=1) == asked) * 1.0).as_json()}
            if subject.model.conditional
            else {}
        ),
        "copies": mean_interval(_near(subject, images)).as_json() | {"real": NEAR / 100},
    }
    subject.images[name] = to_bytes(images[:SHOWN])


def _asked(subject: Subject, count: int) -> np.ndarray:
    """The classes of which a conditional model is asked for samples: each as often as among the test images."""
    labels = subject.y_test[subject.seen]
    return labels[np.random.default_rng(1).integers(0, len(labels), count)]


def _distance(subject: Subject, images: np.ndarray) -> float:
    """The Fréchet distance of images float (N, C, H, W) from the test images."""
    assert subject.extractor is not None
    found = subject.extractor.features(torch.from_numpy(images.astype(np.float32)))
    return frechet.distance(frechet.moments(subject.test_features.values), frechet.moments(found.values))


def _real(subject: Subject, count: int) -> np.ndarray:
    return np.asarray(subject.x_train[some(len(subject.x_train), count)], np.float32) / 255


def _noise(subject: Subject, count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, *subject.x_test.shape[1:]), np.float32)


def _linear(subject: Subject, count: int) -> np.ndarray:
    """Samples from a normal distribution of the codes of PCA of equal size."""
    pca = subject.baselines.pca
    assert pca is not None
    spread = pca.codes(subject.x_train, subject.units).std(axis=0)
    codes = np.random.default_rng(0).standard_normal((count, subject.units)) * spread
    return np.clip(pca.decoded(codes), 0, 1).reshape(count, *subject.x_test.shape[1:])


def _near(subject: Subject, images: np.ndarray) -> np.ndarray:
    """Whether each of the first images (N, C, H, W) is suspiciously near to a training image, float (n,)."""
    train = _flat(np.asarray(subject.x_train[some(len(subject.x_train), NEAREST_OF)]))
    shown = np.asarray(subject.x_test[some(len(subject.x_test), COMPARED)])
    usual = subject.baselines.kept(
        "nearest test", lambda: float(np.percentile(neighbours.nearest(train, _flat(shown), 1)[0], NEAR))
    )
    distances = neighbours.nearest(train, images[:COMPARED].reshape(len(images[:COMPARED]), -1), 1)[0]
    return (distances[:, 0] < usual) * 1.0


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / 255
