"""The codes that are kept over the epochs: which, how exactly, how few, and that the training does not notice."""

from __future__ import annotations

import errno

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aecore import jobs
from aecore.config.experiment import Experiment
from aecore.data.thumbnails import kept_indices
from aecore.devices import choose
from aecore.errors import DamagedError
from aecore.latent.codes import read_codes
from aecore.latent.encode import codes_of
from aecore.latent.epoch_codes import (
    FEWEST_EPOCHS,
    MOST_BYTES,
    MOST_EPOCHS,
    MOST_IMAGES,
    epoch_row,
    read_epoch_codes,
    room,
)
from aecore.metrics.code_units import units
from aecore.metrics.evaluation import NOISE_SEED
from aecore.runs.run import EPOCH_CODES, Run
from aecore.training.code_keeper import CodeKeeper
from aecore.training.loop import epochs
from aecore.training.run import train_run
from aecore.training.thinned import ThinnedRows
from tests.helpers.families import family
from tests.helpers.runs import forget_sums
from tests.helpers.training import DROPOUT, MLP, VAE, Course, digits, fresh, train

QUICK = MLP.changed({"training.epochs": 2, "training.deterministic": True, "data.train_images": 120})


def keeper_of(experiment, state, images) -> CodeKeeper:
    found = CodeKeeper.of(state.measured, images.test, images.test_labels, experiment)
    assert found is not None
    return found


@pytest.mark.parametrize("base", [MLP.changed({"corruption": "gaussian:0.3"}), DROPOUT, VAE])
def test_a_training_that_is_kept_is_the_same_bit_for_bit(base):
    base, images = base.changed({"training.epochs": 2}), digits(70, 30)
    alone, kept = fresh(base, images), fresh(base, images)
    expected = train(base, alone, images)
    keeper, course = keeper_of(base, kept, images), Course()
    for epoch in epochs(base, kept, images):
        course.epochs.append(epoch)
        keeper.add(epoch.epoch)
    assert keeper.kept.epochs == [1, 2]
    assert course.lines() == expected.lines()
    assert all(torch.equal(a, b) for a, b in zip(kept.model.parameters(), alone.model.parameters(), strict=True))


@pytest.mark.parametrize("corruption", ["none", "gaussian:0.3", "downscale:4"])
def test_rows_are_the_codes_under_the_noise_of_the_whole_set(corruption):
    experiment, images = MLP.changed({"corruption": corruption}), digits(150, 60)
    state = fresh(experiment, images)
    keeper = keeper_of(experiment, state, images)
    keeper.add(1)
    keeper.add(2)
    expected = codes_of(state.model, images.test, experiment.corruption, NOISE_SEED)[keeper.indices]
    one, other = keeper.kept.rows
    assert np.array_equal(one.offsets, other.offsets), "the same noise each time"
    made = one.mean + one.offsets.astype(np.float32)
    assert np.allclose(made, expected, atol=2**-11 * np.abs(expected - expected.mean(0)).max() + 1e-6)
    assert np.allclose(one.variance, units(expected).variance, rtol=1e-4)


def test_a_finished_run_has_them_and_they_end_with_its_codes(trained):
    found, codes = read_epoch_codes(trained), read_codes(trained)
    assert found is not None
    assert codes is not None
    assert codes.codes is not None
    assert found.epochs.tolist() == [1, 2, 3]
    rows = np.searchsorted(codes.indices, found.indices)
    assert np.array_equal(codes.indices[rows], found.indices)
    assert np.array_equal(codes.labels[rows], found.labels)
    last = codes.codes[rows]
    assert np.allclose(found.codes[-1], last, atol=0.02 * last.std())
    assert found.corruption == codes.corruption
    # As another program reads it.
    arrays = safetensors.numpy.load_file(trained.file(EPOCH_CODES))
    assert arrays["offsets"].dtype == np.float16
    assert arrays["offsets"].shape == (3, len(found.indices), trained.status()["code_size"])
    assert np.allclose(arrays["offsets"].astype(float).mean(axis=1), 0, atol=0.01 * last.std())


def test_the_dead_units_of_every_epoch_are_those_of_the_metrics(store):
    wanted = {"corruption": "none", "model.bottleneck.activation": "relu", "model.bottleneck.size": 12}
    run = jobs.submit(QUICK.changed(wanted), "cpu", store)
    assert jobs.work(run) == "finished"
    found = read_epoch_codes(run)
    assert found is not None
    assert len(found.indices) == 297, "all of this set: only then are these the same images"
    counted = [units.constant for units in found.units]
    assert counted == [line["dead_units"] for line in run.metrics()]
    assert counted[-1] > 0


def test_a_run_that_wants_none_or_has_no_code_keeps_none(store):
    run = jobs.submit(QUICK.changed({"training.keep_codes": False}), "cpu", store)
    assert jobs.work(run) == "finished"
    assert not run.file(EPOCH_CODES).exists()
    assert read_epoch_codes(run) is None
    restorer, images = family("dncnn"), digits(20, 60)
    assert CodeKeeper.of(fresh(restorer, images).model, images.test, images.test_labels, restorer) is None


@pytest.mark.parametrize("begins", [0, 1], ids=["from the start", "at the last save"])
def test_a_full_disk_ends_no_training(store, monkeypatch, begins):
    write = Run.write_files

    def refuse(run, contents):
        if EPOCH_CODES in contents and len(run.metrics()) > begins:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(run, contents)

    monkeypatch.setattr(Run, "write_files", refuse)
    run = jobs.submit(QUICK, "cpu", store)
    assert jobs.work(run) == "finished"
    assert len(run.metrics()) == 2
    (told,) = [remark for remark in run.status()["remarks"] if remark["kind"] == "unkept"]
    assert "No space left on device" in told["text"]


def test_a_gpu_without_room_for_the_images_ends_no_training(store, monkeypatch):
    taken, row = [], CodeKeeper._row

    def refuse(keeper):
        if taken:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        taken.append(keeper)
        return row(keeper)

    monkeypatch.setattr(CodeKeeper, "_row", refuse)
    run = jobs.submit(QUICK.changed({"training.epochs": 3}), "cpu", store)
    assert jobs.work(run) == "finished"
    assert len(run.metrics()) == 3
    found = read_epoch_codes(run)
    assert found is not None
    assert found.epochs.tolist() == [1]
    (told,) = [remark for remark in run.status()["remarks"] if remark["kind"] == "unkept"]
    assert "to the end: CUDA out of memory" in told["text"]


def test_a_stopped_run_goes_on_from_what_it_kept(store):
    experiment = QUICK.changed({"training.epochs": 4})
    whole, broken = (jobs.submit(experiment, "cpu", store) for _ in range(2))
    assert jobs.work(whole) == "finished"

    def stop_after_three() -> bool:
        return len(broken.metrics()) >= 2

    assert train_run(broken, choose("cpu")[0], stop_after_three) == "stopped"
    between = read_epoch_codes(broken)
    assert between is not None
    assert between.epochs.tolist() == [1, 2]
    assert train_run(broken, choose("cpu")[0], lambda: False) == "finished"
    assert broken.file(EPOCH_CODES).read_bytes() == whole.file(EPOCH_CODES).read_bytes()


@pytest.mark.parametrize("content", [b"", b"\xff" * 99, "other"])
def test_a_file_that_does_not_fit_is_left_aside(tmp_path, content):
    images = digits(20, 60)
    if content == "other":
        other = MLP.changed({"model.bottleneck.size": 3})
        keeper = keeper_of(other, fresh(other, images), images)
        keeper.add(1)
        content = keeper.to_bytes()
    (tmp_path / EPOCH_CODES).write_bytes(content)
    keeper = keeper_of(MLP, fresh(MLP, images), images)
    keeper.restore(Run(tmp_path), 1)
    assert keeper.kept.epochs == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"offsets": np.zeros((3, 5), np.float16)}, "'offsets' has the shape 3 × 5"),
        ({"mean": np.zeros((2, 8), np.float32)}, "'mean' has the shape 2 × 8"),
        ({"epochs": np.array([1, 3, 2], np.int32)}, "ascending epochs"),
        ({"variance": np.full((3, 8), np.nan, np.float32)}, "'variance' holds values that are no numbers"),
    ],
)
def test_damage_is_told_in_one_line(trained, changes, words):
    forget_sums(trained)
    tensors = safetensors.numpy.load_file(trained.file(EPOCH_CODES))
    size = tensors["mean"].shape[1]
    changes = {name: value if value.shape != (3, 8) else np.resize(value, (3, size)) for name, value in changes.items()}
    safetensors.numpy.save_file(tensors | changes, trained.file(EPOCH_CODES), {"about": '{"corruption": "none"}'})
    with pytest.raises(DamagedError, match=words) as caught:
        read_epoch_codes(trained)
    assert len(str(caught.value).splitlines()) == 1


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(2, 30), st.integers(1, 5)),
        elements=st.floats(-1e6, 1e6, width=32),
    )
)
def test_what_is_kept_is_exact_to_a_share_of_each_deviation(codes):
    row = epoch_row(codes)
    if row is None:
        assert np.abs(codes - codes.mean(0, dtype=np.float64)).max() > 65_000
        return
    exact = codes.astype(np.float64) - row.mean
    assert np.all(
        np.abs(row.offsets.astype(np.float64) - exact) <= 2.0**-11 * np.abs(exact) + 2.0**-24 + 1e-7 * np.abs(codes)
    )
    assert np.array_equal(row.low, codes.min(0))
    assert np.array_equal(row.high, codes.max(0))


def test_codes_that_are_not_finite_are_no_row():
    codes = np.zeros((30, 3), np.float32)
    for broken in (np.nan, np.inf, 1e9):
        codes[3, 1] = broken
        assert epoch_row(codes) is None


@given(st.integers(0, 10_000), st.integers(0, 60_000), st.sampled_from([0, 4 * 784, 4 * 3072, 4 * 3 * 256 * 256]))
def test_there_is_room_for_what_is_kept(code_size, available, held):
    images, count = room(code_size, available, held)
    assert 2 * images * count * code_size <= MOST_BYTES
    assert images <= min(available, MOST_IMAGES)
    assert count <= MOST_EPOCHS
    assert (images, count) == (0, 0) or count >= FEWEST_EPOCHS
    if 2 <= code_size <= 62 and available >= MOST_IMAGES and not held:
        assert (images, count) == (MOST_IMAGES, MOST_EPOCHS)


@settings(max_examples=60)
@given(most=st.integers(2, 40), total=st.integers(1, 300), cut=st.integers(0, 300), beyond=st.integers(0, 9))
def test_rows_are_few_evenly_spread_and_taken_up_again(most, total, cut, beyond):
    cut = min(cut, total)

    def filled(rows, first, last):
        for epoch in range(first, last + 1):
            rows.add(epoch, lambda epoch=epoch: epoch)
        return rows

    whole = filled(ThinnedRows(most), 1, total)
    assert len(whole.epochs) <= most
    assert whole.epochs[0] == 1
    step = whole.stride
    assert whole.epochs[1:] == [epoch for epoch in range(step, total + 1, step) if epoch > 1]
    assert len(whole.epochs) > most // 2 or step == 1
    early = filled(ThinnedRows(most), 1, min(cut + beyond, total))
    again = ThinnedRows(most)
    again.restore(early.epochs, early.rows, cut)
    filled(again, cut + 1, total)
    for rows in (whole, again):
        rows.finish(total, lambda: total)
        assert rows.epochs == rows.rows
        assert rows.epochs[-1] == total
    assert again.epochs == whole.epochs


@given(st.integers(4, 39), st.integers(1, 30), st.integers(1, 40))
def test_rows_of_a_loop_that_has_time_for_some_epochs_only_stay_spread_over_all(most, every, first):
    """An even number of epochs apart, all but the first had an odd number, and were dropped."""
    rows, taken = ThinnedRows(most), list(range(first, first + 300 * every, every))
    for epoch in taken:
        rows.add(epoch, lambda epoch=epoch: epoch)
    assert rows.epochs == rows.rows
    assert (rows.epochs[0], set(rows.epochs) <= set(taken)) == (first, True)
    assert most // 2 <= len(rows.epochs) <= most
    assert np.diff([*rows.epochs, taken[-1]]).max() <= 2 * max(rows.stride, every)


def test_a_row_that_could_not_be_taken_is_left_out():
    rows = ThinnedRows(4)
    rows.add(1, lambda: None)
    rows.add(2, lambda: "two")
    assert (rows.epochs, rows.rows) == ([2], ["two"])


def test_the_images_are_spread_over_those_that_can_be_shown():
    images = digits(20, 200)
    keeper = CodeKeeper.of(fresh(MLP, images).model, images.test, images.test_labels, MLP)
    assert keeper is not None
    assert set(keeper.indices) <= set(kept_indices("digits-28", (1, 28, 28), 200))
    assert np.diff(keeper.indices).max() - np.diff(keeper.indices).min() <= 1


def test_an_experiment_from_before_is_what_it_was():
    older = MLP.model_dump(mode="json")
    del older["training"]["keep_codes"]
    assert Experiment.parse(older) == MLP
