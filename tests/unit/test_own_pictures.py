"""One's own images as people have them: a third of the cases of `benchmarks.own_pictures`, and that it finds faults."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import own_pictures
from benchmarks.own_cases import Refused, Truth

CASES = own_pictures.all_cases()


@pytest.mark.parametrize("case", CASES[::3], ids=lambda case: case.name)
def test_what_is_given_is_read_truly_or_refused_in_one_line(case, cache, tmp_path):
    result = own_pictures.run_case(case, tmp_path / "own")
    assert not result.wrong, result


@pytest.mark.parametrize(
    "change",
    [
        lambda truth: replace(truth, train=truth.train ^ 1),
        lambda truth: replace(truth, test=truth.test[:, :, ::-1]),
        lambda truth: replace(truth, test=truth.test[1:]),
        lambda truth: replace(truth, train_classes=["other"] * len(truth.train)),
        lambda truth: replace(truth, said=(*truth.said, "what nobody says")),
        lambda truth: Refused("no such line"),
    ],
)
@pytest.mark.parametrize("name", ["train + test", "channels first, 3", "Kaggle's .csv"])
def test_every_kind_of_fault_is_found(cache, tmp_path, name, change):
    case = next(case for case in CASES if case.name == name)

    def write(folder):
        path, truth = case.write(folder)
        assert isinstance(truth, Truth)
        return path, change(truth)

    assert own_pictures.run_case(replace(case, write=write), tmp_path / "own").wrong


def test_a_refusal_in_other_words_is_a_fault(cache, tmp_path):
    case = next(case for case in CASES if case.name == "HDF5")
    changed = replace(case, write=lambda folder: (case.write(folder)[0], Refused("no such line")))
    assert own_pictures.run_case(changed, tmp_path / "own").wrong
    assert not own_pictures.run_case(case, tmp_path / "again").wrong
