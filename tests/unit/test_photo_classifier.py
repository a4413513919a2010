"""The classifier of photographs, on the shipped thumbnails of CIFAR-10's test images."""

import numpy as np
import torch

from aecore.data import thumbnails
from aecore.models.image_features import extractor
from aecore.models.photo_classifier import SETS, accuracy, reads
from aecore.models.photo_classifier.network import PhotoClassifier, features
from tools.train_photo_classifier import folded


def shipped_photos(count: int) -> tuple[torch.Tensor, np.ndarray]:
    """Photographs as they ship, slightly compressed, evenly spread, on the [0, 1] scale, and their labels."""
    known = thumbnails.shipped_set("cifar10")
    assert known is not None
    indices, labels = known[0][::6][:count], known[1][::6][:count]
    images = thumbnails.shipped("cifar10", indices, labels)
    assert images is not None
    return torch.from_numpy(images.astype(np.float32)) / 255, labels


def test_it_reads_photographs_as_well_as_it_says():
    assert set(accuracy()) == set(SETS)
    assert reads("cifar10")
    assert not reads("mnist")
    images, labels = shipped_photos(500)
    found, probabilities = features(images)
    assert found.shape == (500, 96)
    assert (found >= 0).all()
    assert np.allclose(probabilities.sum(1), 1, atol=1e-4)
    assert abs((probabilities.argmax(1) == labels).mean() - accuracy()["cifar10"]) < 0.06


def test_its_features_tell_photographs_from_noise():
    chosen = extractor("cifar10")
    assert chosen is not None
    assert chosen.accuracy == accuracy()["cifar10"]
    photos = chosen.features(shipped_photos(200)[0]).values
    noise = chosen.features(torch.rand(200, 3, 32, 32, generator=torch.Generator().manual_seed(0))).values
    apart = np.linalg.norm(photos.mean(0) - noise.mean(0))
    assert apart > np.linalg.norm(photos[:100].mean(0) - photos[100:].mean(0)) * 3
    assert extractor("fashion-mnist") is None


def test_normalisations_are_folded_into_the_weights():
    torch.manual_seed(0)
    model = PhotoClassifier(normalised=True)
    images = torch.rand(64, 3, 32, 32)
    model.train()(images)  # gives the normalisations something to know
    plain = PhotoClassifier()
    plain.load_state_dict(folded(model.eval()))
    with torch.no_grad():
        assert torch.allclose(plain(images), model(images), atol=1e-4)
