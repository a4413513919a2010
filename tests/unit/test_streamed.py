"""Images that stay in their file: the same bits as in memory, in little of it."""

from __future__ import annotations

import gc
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from aecore import jobs, memory
from aecore.data import data_set
from aecore.data.streamed import Streamed
from aecore.errors import AecoreError, UserError
from aecore.jobs import estimate
from aecore.metrics.split import describe_split
from aecore.training import feed as feed_module
from aecore.training.feed import Feed
from aecore.training.loop import Images
from tests.helpers.families import SETTINGS, family
from tests.helpers.training import CONV, CPU, MLP, digits, fresh, same, train


@pytest.fixture
def stored(tmp_path):
    """A memory map of 50 random images, and the array itself."""
    images = np.random.default_rng(0).integers(0, 256, (50, 3, 5, 4), dtype=np.uint8)
    np.save(tmp_path / "x_train.npy", images)
    return np.load(tmp_path / "x_train.npy", mmap_mode="r"), images


@pytest.mark.parametrize("rows", [slice(None), slice(40), slice(5, 45, 3), np.array([3, 49, 7, 7, 0])])
def test_rows_are_those_of_the_array(stored, rows):
    mapped, images = stored
    streamed, expected = Streamed(mapped, rows, CPU), images[rows]
    assert streamed.shape == expected.shape
    assert len(streamed) == len(expected)
    assert streamed.nbytes == expected.nbytes
    assert np.array_equal(streamed[:].numpy(), expected)
    assert np.array_equal(streamed[1:4].numpy(), expected[1:4])
    chosen = np.array([len(expected) - 1, 0, 0])
    into = torch.empty((3, 3, 5, 4), dtype=torch.uint8)
    streamed.read(chosen, into)
    assert np.array_equal(into.numpy(), expected[chosen])


def test_a_file_that_became_shorter_is_one_line(stored):
    mapped, _ = stored
    streamed = Streamed(mapped, slice(None), CPU)
    with open(streamed.path, "r+b") as file:
        file.truncate(1000)
    with pytest.raises(AecoreError, match="has become shorter"):
        streamed.read(np.array([49]), torch.empty((1, 3, 5, 4), dtype=torch.uint8))


@given(st.lists(st.lists(st.integers(0, 49), min_size=1, max_size=7), max_size=12), st.integers(0, 12))
def test_batches_come_in_the_order_announced(tmp_path_factory, batches, taken):
    folder = tmp_path_factory.mktemp("images")
    images = np.random.default_rng(1).integers(0, 256, (50, 1, 3, 2), dtype=np.uint8)
    np.save(folder / "x.npy", images)
    feed = Feed(Streamed(np.load(folder / "x.npy", mmap_mode="r"), slice(None), CPU), 7)
    for _ in range(2):  # the second time after some were not taken
        feed.begin([torch.tensor(batch) for batch in batches])
        for batch in batches[:taken]:
            target = torch.empty((len(batch), 1, 3, 2), dtype=torch.uint8)
            feed.take(target)
            assert np.array_equal(target.numpy(), images[batch])
    feed.end()
    assert not [thread for thread in threading.enumerate() if thread.name == "images"]


def test_a_feed_that_nobody_holds_ends(stored):
    feed = Feed(Streamed(stored[0], slice(None), CPU), 1)
    feed.begin(list(torch.arange(50).split(1)))
    feed.take(torch.empty((1, 3, 5, 4), dtype=torch.uint8))
    reader = feed.reader
    assert reader is not None
    del feed
    gc.collect()
    reader.join(timeout=20)
    assert not reader.is_alive()


def test_what_the_reader_meets_ends_the_training(stored, monkeypatch):
    def fails(self, chosen, into):
        raise AecoreError("the disk is gone")

    monkeypatch.setattr(Streamed, "read", fails)
    feed = Feed(Streamed(stored[0], slice(None), CPU), 4)
    feed.begin([torch.arange(4)])
    with pytest.raises(AecoreError, match="the disk is gone"):
        feed.take(torch.empty((4, 3, 5, 4), dtype=torch.uint8))


def streamed(images: Images, folder) -> Images:
    assert isinstance(images.train, torch.Tensor)
    np.save(folder / "train.npy", images.train.numpy())
    mapped = np.load(folder / "train.npy", mmap_mode="r")
    return Images(Streamed(mapped, slice(None), CPU), images.test, images.test_labels, train_labels=images.train_labels)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_kind_trains_to_the_same_bits(name, tmp_path):
    experiment, images = family(name), digits()
    if experiment.corruption.once:
        pytest.skip("a noisy copy of every image is kept")
    inside, outside = fresh(experiment, images), fresh(experiment, images)
    expected = train(experiment, inside, images).lines()
    assert train(experiment, outside, streamed(images, tmp_path)).lines() == expected
    assert same(inside.model.state_dict(), outside.model.state_dict())


def test_a_noisy_copy_of_every_image_is_refused(tmp_path):
    experiment = CONV.changed({"corruption": "gaussian:0.2+once"})
    images = digits()
    with pytest.raises(UserError, match=r"corruption\.once"):
        train(experiment, fresh(experiment, images), streamed(images, tmp_path))


def test_a_run_whose_images_do_not_fit_is_streamed(store, monkeypatch):
    """The whole job, with images left out, and its resumed rest; bit for bit the run in memory."""
    experiment = MLP.changed({"data.leave_out": [3], "training.epochs": 2, "data.validation_images": 30})
    weights, sliced, plain = [], [], Streamed.__getitem__

    def slices(self, wanted):
        found = plain(self, wanted)
        sliced.append(len(found))
        return found

    monkeypatch.setattr(Streamed, "__getitem__", slices)
    # On a busy machine the first run lasts long enough for its trial to be kept, and the second would look at no image.
    monkeypatch.setattr("aecore.models.known_ways.find", lambda key: None)
    for room in (True, False):
        monkeypatch.setattr("aecore.training.run.fits", lambda size, free, room=room: room)
        run = jobs.submit(experiment, "cpu", store)
        assert jobs.work(run) == "finished"
        weights.append(run.file("weights.safetensors").read_bytes())
    assert weights[0] == weights[1]
    assert max(sliced) <= 4 * experiment.training.batch_size, "a trial sees a few batches, never all images"


def test_what_is_estimated_is_what_will_lie_in_memory(monkeypatch):
    """A set of a terabyte needs no terabyte, its test images need theirs."""
    small, solved = MLP, fresh(MLP, digits()).model.plan
    usual = estimate.estimate(small, solved).bytes
    about = data_set("digits")
    huge = replace(about, train_images=10**12 // 64)
    monkeypatch.setattr(estimate, "data_set", lambda name: huge)
    assert abs(estimate.estimate(small, solved).bytes - usual) < 2**23
    monkeypatch.setattr(estimate, "data_set", lambda name: replace(huge, test_images=10**6))
    assert estimate.estimate(small, solved).bytes > usual + 10**8


def test_what_fits_leaves_room_for_the_training():
    assert memory.fits(350, 1000)
    assert not memory.fits(351, 1000)


def test_describing_a_set_is_the_same_from_a_file(tmp_path):
    images = digits()
    assert isinstance(images.train, torch.Tensor)
    both = [images.train.numpy(), images.test.numpy()]
    both[1] = np.concatenate([both[1], both[0][:3]])  # three duplicates
    for name, array in zip("ab", both, strict=True):
        np.save(tmp_path / f"{name}.npy", array)
    mapped = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "ab"]
    expected = describe_split(*both)
    assert describe_split(*mapped) == expected
    assert expected.duplicates == 3
    mean = both[0].reshape(len(both[0]), -1).astype(np.float64).mean(0)
    plain = ((both[1].reshape(len(both[1]), -1) - mean) ** 2).mean() / 255**2
    assert expected.mean_image_mse == pytest.approx(plain, rel=1e-6)


def test_few_batches_are_read_ahead(stored, monkeypatch):
    read, plain = [], Streamed.read

    def counts(self, chosen, into):
        read.append(len(chosen))
        plain(self, chosen, into)

    monkeypatch.setattr(Streamed, "read", counts)
    feed = Feed(Streamed(stored[0], slice(None), CPU), 1)
    feed.begin(list(torch.arange(50).split(1)))
    target = torch.empty((1, 3, 5, 4), dtype=torch.uint8)
    for _ in range(10):
        feed.take(target)
    feed.end()
    assert 10 <= len(read) <= 10 + feed_module.AHEAD
